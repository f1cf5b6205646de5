"""MovieLens 100K, from the files to a list that changes while one watches. Run it by page.py, or as a notebook."""

# %% [markdown]
# # MovieLens 100K
#
# A thousand people and the films they rated: what the data are, a model, a list for one person beside what that person
# took next, and what happens to a list while somebody watches three animated films. `tastemaker data get ml-100k` makes
# the files.

# %%
import os
import time
from collections import Counter
from pathlib import Path
from statistics import quantiles

from steps import (
    bucket_and_role,
    clean_up,
    deployed,
    events,
    group_of,
    imported,
    listed,
    metrics_of,
    personalize,
    rows_of,
    trained,
    until_active,
    written,
)

FOLDER = Path(os.environ.get("DATA", "ml-100k"))
NAME = "walk-100k"
films = {row["ITEM_ID"]: row for row in rows_of(FOLDER / "items.csv")}
rows = sorted(rows_of(FOLDER / "interactions.csv"), key=lambda row: int(row["TIMESTAMP"]))


def genres(film: str) -> list[str]:
    return films[film]["GENRES"].split("|")


# %% [markdown]
# ## What the data are

# %%
by_user = Counter(row["USER_ID"] for row in rows)
by_film = Counter(row["ITEM_ID"] for row in rows)
print(f"{len(rows)} ratings of {len(by_user)} people for {len(by_film)} films")
print(f"{len(rows) / len(by_user) / len(by_film):.1%} of all that could be")
for what, counts in (("ratings of a person", by_user), ("ratings of a film", by_film)):
    low, middle, high = quantiles(counts.values(), n=4)
    print(
        f"{what}: from {min(counts.values())} to {max(counts.values())}, quartiles {low:.0f}, {middle:.0f}, {high:.0f}"
    )
most = sorted(by_film.values(), reverse=True)
print(f"the first tenth of the films has {sum(most[: len(most) // 10]) / len(rows):.0%} of the ratings")
of_genres = Counter(genre for film in films for genre in genres(film))
print("genres:", ", ".join(f"{genre} {n}" for genre, n in of_genres.most_common(8)))

# %% [markdown]
# ## What is kept back
#
# The newest tenth of everybody's ratings is not imported: by that the lists are judged later.

# %%
train: list[dict[str, str]] = []
truth: dict[str, set[str]] = {}
seen: Counter[str] = Counter()
for row in rows:
    seen[row["USER_ID"]] += 1
    if seen[row["USER_ID"]] > by_user[row["USER_ID"]] * 9 // 10:
        truth.setdefault(row["USER_ID"], set()).add(row["ITEM_ID"])
    else:
        train.append(row)
print(f"{len(train)} ratings to learn from, {len(rows) - len(train)} to be judged by")

# %% [markdown]
# ## Import and training

# %%
role = bucket_and_role(NAME)
group = group_of(NAME)
text = {"type": "string"}
imported(
    group,
    "Interactions",
    [{"name": each, **text} for each in ("USER_ID", "ITEM_ID", "EVENT_TYPE")] + [{"name": "TIMESTAMP", "type": "long"}],
    written(FOLDER / "train" / "interactions.csv", train, ["USER_ID", "ITEM_ID", "EVENT_TYPE", "TIMESTAMP"]),
    NAME,
    role,
)
imported(
    group,
    "Items",
    [{"name": "ITEM_ID", **text}, {"name": "GENRES", "type": ["null", "string"], "categorical": True}],
    written(FOLDER / "train" / "items.csv", list(films.values()), ["ITEM_ID", "GENRES"]),
    NAME,
    role,
)
versions = trained(group, ("aws-user-personalization", "aws-popularity-count"), NAME)
SHOWN = ("normalized_discounted_cumulative_gain_at_10", "mean_reciprocal_rank_at_25", "precision_at_10", "coverage")
print(f"{'':26}   NDCG@10    MRR@25 prec.@10  coverage")
for recipe, version in versions.items():
    found = metrics_of(version)
    print(f"{recipe:26}", *(f"{found[name]:9.3f}" for name in SHOWN))

# %% [markdown]
# ## One person under the lens
#
# What she rated, what the list is, and what she really took next, which the model never saw. The filter leaves out what
# she has.

# %%
campaign = deployed(versions["aws-user-personalization"], NAME, itemExplorationConfig={"explorationWeight": "0"})
unseen = personalize.create_filter(
    name=f"{NAME}-unseen",
    datasetGroupArn=group,
    filterExpression='EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*")',
)["filterArn"]
until_active(lambda: personalize.describe_filter(filterArn=unseen)["filter"])

histories: dict[str, list[str]] = {}
for row in train:
    histories.setdefault(row["USER_ID"], []).append(row["ITEM_ID"])
hits = {
    user: [
        film for film in listed(campaign, userId=user, filterArn=unseen, numResults=20) if film in truth.get(user, ())
    ]
    for user in sorted(histories, key=lambda user: -len(truth.get(user, ())))[:50]
}
user = max(hits, key=lambda user: len(hits[user]) / len(truth[user]))
her_list = listed(campaign, userId=user, filterArn=unseen, numResults=20)
mean = sum(map(len, hits.values())) / len(hits)
print(f"{mean:.1f} of 20 on average over the {len(hits)} people with the most kept back; here is the one served best")


def bars(chosen: list[str]) -> dict[str, float]:
    counted = Counter(genre for film in chosen for genre in genres(film))
    return {genre: n / counted.total() for genre, n in counted.most_common()}


print(
    f"user {user}: {len(histories[user])} films to learn from, {len(truth[user])} kept back, "
    f"{len(hits[user])} of these in the list of 20"
)
for film in her_list:
    print("  *" if film in truth[user] else "   ", films[film]["TITLE"])
of_history, of_list = bars(histories[user]), bars(her_list)
print(f"{'':14}history  list")
for genre in list(of_history)[:6]:
    print(f"{genre:14}{of_history[genre]:7.0%}{of_list.get(genre, 0):6.0%}")

# %% [markdown]
# ## Three animated films
#
# Somebody who watches thrillers and science fiction, and no animated film so far, watches three. Each event is on disk
# when the call returns, and the next list knows of it. (Documentaries, with which this is shown on
# [MovieLens 1M](movielens-1m.md), have too few ratings here for a model to find that they belong together.)

# %%
tracker = personalize.create_event_tracker(name=NAME, datasetGroupArn=group)
until_active(lambda: personalize.describe_event_tracker(eventTrackerArn=tracker["eventTrackerArn"])["eventTracker"])
animated = [film for film, _ in by_film.most_common() if "Animation" in genres(film)]
viewer = max(
    (user for user, history in histories.items() if not any("Animation" in genres(film) for film in history)),
    key=lambda user: sum({"Thriller", "Sci-Fi"} & set(genres(film)) != set() for film in histories[user]),
)


def n_animated() -> int:
    return sum("Animation" in genres(film) for film in listed(campaign, userId=viewer, filterArn=unseen, numResults=50))


numbers = [n_animated()]
print(f"user {viewer}: {numbers[0]} of the first 50 are animated")
for film in animated[:3]:
    event = {"eventType": "watch", "itemId": film, "sentAt": int(time.time())}
    events.put_events(trackingId=tracker["trackingId"], userId=viewer, sessionId="evening", eventList=[event])
    numbers.append(n_animated())
    print(f"watched {films[film]['TITLE']}: {numbers[-1]}")
assert numbers[-1] > numbers[0]

# %% [markdown]
# ## Everything goes again

# %%
print("deleted:", ", ".join(f"{n} {what}" for what, n in clean_up(group, NAME).items()))
