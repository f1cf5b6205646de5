"""MovieLens 1M as a workshop: seven versions, five campaigns, all users. Run it by page.py, or as a notebook."""

# %% [markdown]
# # MovieLens 1M: the workshop
#
# What workshops of the original service do over an afternoon: seven solution versions on one board, five campaigns, a
# list that changes with three documentaries, everybody's list through the endpoint beside what they took next, the same
# lists by a batch job, and the way out. `tastemaker data get ml-1m` makes the files.

# %%
import json
import math
import os
import time
from collections import Counter
from pathlib import Path
from statistics import mean

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
    runtime,
    s3,
    trained,
    until_active,
    written,
)

FOLDER = Path(os.environ.get("DATA", "ml-1m"))
NAME = "walk-1m"
films = {row["ITEM_ID"]: row for row in rows_of(FOLDER / "items.csv")}
rows = sorted(rows_of(FOLDER / "interactions.csv"), key=lambda row: int(row["TIMESTAMP"]))
by_user = Counter(row["USER_ID"] for row in rows)
train: list[dict[str, str]] = []
truth: dict[str, set[str]] = {user: set() for user in by_user}
seen: Counter[str] = Counter()
for row in rows:
    seen[row["USER_ID"]] += 1
    if seen[row["USER_ID"]] > by_user[row["USER_ID"]] * 9 // 10:
        truth[row["USER_ID"]].add(row["ITEM_ID"])
    else:
        train.append(row)
print(f"{len(rows)} ratings of {len(by_user)} people for {len({row['ITEM_ID'] for row in rows})} films")
print(f"{len(train)} to learn from; the newest tenth of everybody, {len(rows) - len(train)}, to be judged by")

# %% [markdown]
# ## Seven solution versions
#
# The measures are the service's own, of each version by itself: people that it was not trained on, and their newest
# tenth. The three HRNN recipes and the ranking are the same model as user-personalization under their own names, as
# [their pages](../recipes/README.md) say, so that their figures are the same.

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
RECIPES = (
    "aws-user-personalization",
    "aws-hrnn",
    "aws-hrnn-metadata",
    "aws-hrnn-coldstart",
    "aws-popularity-count",
    "aws-sims",
    "aws-personalized-ranking",
)
versions = trained(group, RECIPES, NAME)
GAIN = "normalized_discounted_cumulative_gain_at_25"
SHOWN = (GAIN, "mean_reciprocal_rank_at_25", "precision_at_5", "precision_at_25", "coverage")
print(f"{'':26}   NDCG@25    MRR@25  prec.@5 prec.@25  coverage")
for recipe, version in sorted(versions.items(), key=lambda each: -metrics_of(each[1])[GAIN]):
    found = metrics_of(version)
    print(f"{recipe:26}", *(f"{found[name]:9.3f}" for name in SHOWN))

# %% [markdown]
# ## Five campaigns
#
# One for each question: what next, in which order, what goes with it, what is popular; and an older recipe beside the
# first.

# %%
DEPLOYED = ("aws-user-personalization", "aws-hrnn", "aws-popularity-count", "aws-sims", "aws-personalized-ranking")
EXPLORES = {"itemExplorationConfig": {"explorationWeight": "0"}}  # so that lists are the same each time
campaigns = {
    recipe: deployed(versions[recipe], f"{NAME}-{recipe}", **(EXPLORES if recipe == DEPLOYED[0] else {}))
    for recipe in DEPLOYED
}
favourite = "1196" if "1196" in films else next(iter(films))
print(f"beside {films[favourite]['TITLE']}:")
for film in listed(campaigns["aws-sims"], itemId=favourite, numResults=5):
    print("   ", films[film]["TITLE"])
some = list(films)[:8]
ranking = runtime.get_personalized_ranking(
    campaignArn=campaigns["aws-personalized-ranking"], userId=next(iter(by_user)), inputList=some
)
print("eight films, in the order for one person:")
for item in ranking["personalizedRanking"]:
    print("   ", films[item["itemId"]]["TITLE"])

# %% [markdown]
# ## Three documentaries
#
# Somebody who watches thrillers and science fiction, and no documentary so far, watches three.

# %%
unseen = personalize.create_filter(
    name=f"{NAME}-unseen",
    datasetGroupArn=group,
    filterExpression='EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*")',
)["filterArn"]
until_active(lambda: personalize.describe_filter(filterArn=unseen)["filter"])
tracker = personalize.create_event_tracker(name=NAME, datasetGroupArn=group)
until_active(lambda: personalize.describe_event_tracker(eventTrackerArn=tracker["eventTrackerArn"])["eventTracker"])
histories: dict[str, list[str]] = {}
for row in train:
    histories.setdefault(row["USER_ID"], []).append(row["ITEM_ID"])


def is_of(film: str, *genres: str) -> bool:
    return not set(genres).isdisjoint(films[film]["GENRES"].split("|"))


by_film = Counter(row["ITEM_ID"] for row in train)
documentaries = [film for film, _ in by_film.most_common() if is_of(film, "Documentary")]
viewer = max(
    (user for user, history in histories.items() if not any(is_of(film, "Documentary") for film in history)),
    key=lambda user: sum(is_of(film, "Thriller", "Sci-Fi") for film in histories[user]),
)
best = {"campaign": campaigns["aws-user-personalization"], "filterArn": unseen}


def n_documentaries() -> int:
    return sum(is_of(film, "Documentary") for film in listed(**best, userId=viewer, numResults=10))


print(f"user {viewer}: {n_documentaries()} of the first 10 are documentaries")
for film in documentaries[:3]:
    event = {"eventType": "watch", "itemId": film, "sentAt": int(time.time())}
    events.put_events(trackingId=tracker["trackingId"], userId=viewer, sessionId="evening", eventList=[event])
    print(f"watched {films[film]['TITLE']}: {n_documentaries()}")

# %% [markdown]
# ## Everybody
#
# The list of each person through the endpoint, without what that person has, beside what she took next; and the same
# for what is popular. This is another question than that of the measures above, which ask of people whom the model has
# not seen.


# %%
def gain(ranked: list[str], wanted: set[str]) -> float:
    ideal = sum(1 / math.log2(place + 2) for place in range(min(len(wanted), len(ranked))))
    return (
        sum(1 / math.log2(place + 2) for place, film in enumerate(ranked) if film in wanted) / ideal if ideal else 0.0
    )


people = [user for user in histories if truth[user]]
print(f"{len(people)} people{'':14}NDCG@10 precision@10  with a hit   films")
for recipe in ("aws-user-personalization", "aws-hrnn", "aws-popularity-count"):
    campaign = campaigns[recipe]
    lists = {user: listed(campaign, userId=user, filterArn=unseen, numResults=10) for user in people}
    hits = {user: len(truth[user].intersection(found)) for user, found in lists.items()}
    print(
        f"{recipe:26}{mean(gain(lists[user], truth[user]) for user in people):8.3f}{mean(hits.values()) / 10:13.3f}"
        f"{mean(n > 0 for n in hits.values()):12.0%}{len({film for found in lists.values() for film in found}):8}"
    )
    if recipe == "aws-user-personalization":
        ours = mean(hits.values())
assert ours > mean(hits.values()), "better than what is popular"

# %% [markdown]
# ## The same by a batch job

# %%
lines = "\n".join(json.dumps({"userId": user}) for user in people)
s3.put_object(Bucket=NAME, Key="batch/in/people.json", Body=lines.encode())
job = personalize.create_batch_inference_job(
    jobName=NAME,
    solutionVersionArn=versions["aws-user-personalization"],
    filterArn=unseen,
    numResults=10,
    jobInput={"s3DataSource": {"path": f"s3://{NAME}/batch/in/people.json"}},
    jobOutput={"s3DataDestination": {"path": f"s3://{NAME}/batch/out/"}},
    roleArn=role,
)["batchInferenceJobArn"]
until_active(lambda: personalize.describe_batch_inference_job(batchInferenceJobArn=job)["batchInferenceJob"])
(output,) = [
    each["Key"] for each in s3.list_objects_v2(Bucket=NAME, Prefix="batch/out/")["Contents"] if "people" in each["Key"]
]
answers = [json.loads(line) for line in s3.get_object(Bucket=NAME, Key=output)["Body"].iter_lines()]
same = sum(
    each["output"]["recommendedItems"] == listed(**best, userId=each["input"]["userId"], numResults=10)
    for each in answers[:200]
)
print(f"{len(answers)} lists in s3://{NAME}/{output}; {same} of the first 200 are what the campaign answers")

# %% [markdown]
# ## Everything goes again

# %%
print("deleted:", ", ".join(f"{n} {what}" for what, n in clean_up(group, NAME).items()))
