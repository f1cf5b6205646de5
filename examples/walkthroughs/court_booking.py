"""Bookings of courts, of which nothing else is known: no views, no clicks. Run it by page.py, or as a notebook."""

# %% [markdown]
# # Court booking: bookings as the only signal
#
# Four clubs with three courts each, 300 members, a year. A member books a court, comes or cancels, and that is all
# there is: nobody clicks, nobody looks. Is that enough to recommend by? This page makes the bookings up, with a seed,
# checks that they could have been, trains on them, and asks whether the lists are better than what is popular.

# %%
import os
import random
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from steps import bucket_and_role, clean_up, deployed, group_of, imported, listed, metrics_of, trained, written

CLUBS, COURTS, MEMBERS, DAYS = 4, 3, 300, 365
OPENS, CLOSES = 8, 22  # hours
FIRST_DAY_S, DAY_S, HOUR_S = 1_704_067_200, 86_400, 3_600  # 1 January 2024
NAME = "court-booking"
FOLDER = Path(os.environ.get("DATA", "court-booking-data"))

# %% [markdown]
# ## The members, and what they book
#
# Everybody has a club nearby, an hour of the day that suits, and a court that is first choice. Three in ten are
# regulars, who book on their weekday; the others come now and then, more of them in summer. An hour on a court is given
# once.

# %%
chance = random.Random(7)


class Member(NamedTuple):
    name: str
    club: int
    court: int
    hour: int
    weekday: int
    is_regular: bool


class Booking(NamedTuple):
    day: int
    club: int
    court: int
    hour: int
    member: str
    is_cancelled: bool


HOURS_LIKED = [8, 9, 12, 17, 18, 18, 19, 19, 20, 20]
members = [
    Member(
        f"m{number:03}",
        chance.randrange(CLUBS),
        chance.randrange(COURTS),
        chance.choice(HOURS_LIKED),
        chance.randrange(7),
        chance.random() < 0.3,
    )
    for number in range(MEMBERS)
]
taken: set[tuple[int, int, int, int]] = set()
bookings: list[Booking] = []
for day in range(DAYS):
    season = 1.0 if 120 <= day < 270 else 0.67
    for who in chance.sample(members, MEMBERS):
        comes = who.weekday == day % 7 and chance.random() < 0.5 if who.is_regular else chance.random() < 0.015
        if not comes or chance.random() > season:
            continue
        club = who.club if chance.random() < 0.9 else chance.randrange(CLUBS)
        court = who.court if chance.random() < 0.7 else chance.randrange(COURTS)
        hour = min(CLOSES - 1, max(OPENS, who.hour + chance.choice([-1, 0, 0, 0, 0, 0, 1])))
        if (day, club, court, hour) in taken:
            continue
        bookings.append(Booking(day, club, court, hour, who.name, chance.random() < 0.08))
        if not bookings[-1].is_cancelled:
            taken.add((day, club, court, hour))

kept = [booking for booking in bookings if not booking.is_cancelled]
n_members, n_cancelled = len({booking.member for booking in bookings}), len(bookings) - len(kept)
print(f"{len(bookings)} bookings of {n_members} members, {n_cancelled} of them cancelled")

# %% [markdown]
# Could they have been? No court twice at the same hour, nothing outside of opening hours.

# %%
twice = [slot for slot, n in Counter((b.day, b.club, b.court, b.hour) for b in kept).items() if n > 1]
closed = [b for b in kept if not OPENS <= b.hour < CLOSES]
print(f"{len(twice)} double bookings, {len(closed)} outside of opening hours")
assert not twice
assert not closed
print("by hour:", *(f"{hour}:00 {n}" for hour, n in sorted(Counter(b.hour for b in kept).items())), sep="  ")

# %% [markdown]
# ## As interactions
#
# What is recommended is a court at an hour: 168 items, each with its club, its court and its part of the day. A booking
# that was kept is an interaction, the only type there is.


# %%
def item(club: int, court: int, hour: int) -> str:
    return f"club{club}-court{court}-{hour:02}h"


def part_of_day(hour: int) -> str:
    return "morning" if hour < 12 else "afternoon" if hour < 17 else "evening"


interactions = [
    {
        "USER_ID": b.member,
        "ITEM_ID": item(b.club, b.court, b.hour),
        "EVENT_TYPE": "booking",
        "TIMESTAMP": str(FIRST_DAY_S + b.day * DAY_S + b.hour * HOUR_S),
    }
    for b in kept
]
items = [
    {
        "ITEM_ID": item(club, court, hour),
        "CLUB": f"club {club}",
        "COURT": f"court {court}",
        "PART_OF_DAY": part_of_day(hour),
    }
    for club in range(CLUBS)
    for court in range(COURTS)
    for hour in range(OPENS, CLOSES)
]
print(f"{len(interactions)} interactions with {len({row['ITEM_ID'] for row in interactions})} of {len(items)} items")

# %%
role = bucket_and_role(NAME)
group = group_of(NAME)
text, category = {"type": "string"}, {"type": "string", "categorical": True}
imported(
    group,
    "Interactions",
    [{"name": each, **text} for each in ("USER_ID", "ITEM_ID", "EVENT_TYPE")] + [{"name": "TIMESTAMP", "type": "long"}],
    written(FOLDER / "interactions.csv", interactions, ["USER_ID", "ITEM_ID", "EVENT_TYPE", "TIMESTAMP"]),
    NAME,
    role,
)
imported(
    group,
    "Items",
    [{"name": "ITEM_ID", **text}] + [{"name": each, **category} for each in ("CLUB", "COURT", "PART_OF_DAY")],
    written(FOLDER / "items.csv", items, ["ITEM_ID", "CLUB", "COURT", "PART_OF_DAY"]),
    NAME,
    role,
)

# %% [markdown]
# ## Better than what is popular?
#
# Two recipes learn, one only counts. The measures are those that the service gives: each version was judged by members
# whose newest bookings it had not seen.

# %%
RECIPES = ("aws-user-personalization", "aws-similar-items", "aws-popularity-count")
versions = trained(group, RECIPES, NAME)
SHOWN = ("normalized_discounted_cumulative_gain_at_10", "mean_reciprocal_rank_at_25", "precision_at_5", "coverage")
print(f"{'':26}   NDCG@10    MRR@25  prec.@5  coverage")
for recipe, version in versions.items():
    found = metrics_of(version)
    print(f"{recipe:26}", *(f"{found[name]:9.3f}" for name in SHOWN))

gain = {recipe: metrics_of(version)[SHOWN[0]] for recipe, version in versions.items()}
times = gain["aws-user-personalization"] / gain["aws-popularity-count"]
print(f"\nuser-personalization ranks {times:.1f} times as well as popularity")
assert times > 2

# %% [markdown]
# ## One member
#
# The list of a regular, beside what she booked.

# %%
campaign = deployed(versions["aws-user-personalization"], NAME, itemExplorationConfig={"explorationWeight": "0"})
regular = next(who for who in members if who.is_regular and sum(b.member == who.name for b in kept) >= 12)
booked = Counter(item(b.club, b.court, b.hour) for b in kept if b.member == regular.name)
print(f"{regular.name} booked:", *(f"{name} ({n})" for name, n in booked.most_common(5)), sep="\n  ")
her_list = listed(campaign, userId=regular.name, numResults=10)
print("her list:", *(name + (", booked before" if name in booked else "") for name in her_list), sep="\n  ")
of_her_club = sum(name.startswith(f"club{regular.club}") for name in her_list)
print(f"{of_her_club} of 10 are in her club")
assert of_her_club >= 7

# %% [markdown]
# And somebody who never booked gets what most people book.

# %%
print(*listed(campaign, userId="nobody-yet", numResults=5), sep="\n")

# %%
print("deleted:", ", ".join(f"{n} {what}" for what, n in clean_up(group, NAME).items()))
