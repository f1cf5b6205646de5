"""Whom the demo shows, and what that person watches next: decided from the sample alone."""

from dataclasses import dataclass

import polars as pl

from tastemaker.cli.films import Items

LIKED = ("Thriller", "Sci-Fi")
# What is new to the viewer. Documentaries are a sharp turn, but the smaller samples have too few viewers of them for a
# model to learn what goes with one; animated films are watched together there, too.
NEW, NEW_IN_SMALL = "Documentary", "Animation"
SMALL = ("ml-100k", "ml-latest-small")
RECENT, SENT = 10, 3
HISTORY_MIN, HISTORY_MAX = 20, 150  # long enough to show a taste, short enough for three films to matter
CASTING = 50  # people who would do


@dataclass(frozen=True)
class Story:
    """A user, the items watched last (newest first), and those that will be watched, all of one genre."""

    user: str
    recent: list[str]
    genre: str
    sent: list[str]


def new_genre(sample: str) -> str:
    """What the viewer turns to."""
    return NEW_IN_SMALL if sample in SMALL else NEW


def story(events: pl.DataFrame, items: Items, genre: str, told: set[str]) -> Story:
    """Somebody who likes thrillers and science fiction and, if possible, has seen nothing of the genre.

    events: USER_ID, ITEM_ID, TIMESTAMP. told: users of whom stories were told before: their lists have changed already.
    """
    users = cast(events, items, genre)
    user = next((each for each in users if each not in told), users[0])
    mine = events.filter(pl.col("USER_ID") == user).sort("TIMESTAMP", descending=True, maintain_order=True)
    seen = mine["ITEM_ID"].to_list()
    unseen = [item for item in favourites(events, items, genre) if item not in set(seen)]
    return Story(user, seen[:RECENT], genre, unseen[:SENT])


def cast(events: pl.DataFrame, items: Items, genre: str) -> list[str]:
    """Users who would do, best first: a usual number of films, few of the genre, many of the liked ones."""
    genres = pl.col("ITEM_ID").replace_strict({item: each.genres for item, each in items.items()}, default="")
    people = (
        events.with_columns(
            genres.str.contains("|".join(LIKED)).alias("liked"), genres.str.contains(genre, literal=True).alias("new")
        )
        .group_by("USER_ID")
        .agg(pl.len().alias("n"), pl.col("liked").mean(), pl.col("new").sum())
        .with_columns((~pl.col("n").is_between(HISTORY_MIN, HISTORY_MAX)).alias("odd"))
        .sort("odd", "new", "liked", "USER_ID", descending=[False, False, True, False])
    )
    return people["USER_ID"].head(CASTING).to_list()


def favourites(events: pl.DataFrame, items: Items, genre: str) -> list[str]:
    """Items of the genre, the most watched first."""
    counted = events["ITEM_ID"].value_counts().sort("count", "ITEM_ID", descending=[True, False])
    return [item for item in counted["ITEM_ID"].to_list() if item in items and genre in items[item].genres]
