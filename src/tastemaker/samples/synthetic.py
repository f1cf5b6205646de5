"""Films that do not exist and people who like them: a sample for machines without a network, and for tests.

Two things are planted, so that a recipe can be seen to find them: every user has a few favourite genres, and every film
belongs to a series whose next part many watch at once.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tastemaker.data.interactions import Bools
from tastemaker.samples.tables import Tables

Doubles = NDArray[np.float64]

N_USERS, N_SERIES, PARTS, N_EVENTS = 600, 100, 4, 30_000
EVENTS_MIN = 12  # per user, so that everyone has a past and a future
NEXT_PART = 0.4  # how often the next part of the series is watched at once
TASTE = 12.0  # how much more often a film of a favourite genre is chosen
START_S, DAYS = 1_577_836_800, 730  # from 1 January 2020
GENRES = (
    "Action",
    "Adventure",
    "Animation",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Fantasy",
    "Horror",
    "Romance",
    "Sci-Fi",
    "Thriller",
)
FIRST = (
    "Silent",
    "Crimson",
    "Second",
    "Paper",
    "Winter",
    "Hollow",
    "Golden",
    "Borrowed",
    "Northern",
    "Electric",
)
SECOND = (
    "Harbour",
    "Orchard",
    "Promise",
    "Machine",
    "Lantern",
    "Frontier",
    "Garden",
    "Signal",
    "Kingdom",
    "Letter",
)
NUMERALS = ("", " II", " III", " IV")
JOBS = ("artist", "doctor", "educator", "engineer", "farmer", "lawyer", "programmer", "retired", "student", "writer")


def synthetic(seed: int = 0) -> Tables:
    """600 users, 400 films and 30 000 events; the same seed gives the same tables."""
    rng = np.random.default_rng(seed)
    genre_SG = _genres(rng)
    genre_IG = np.repeat(genre_SG, PARTS, axis=0)
    # Series differ in fame, and first parts are better known than later ones.
    fame_S = 1.0 / np.arange(5, N_SERIES + 5)
    fame_I = np.repeat(rng.permutation(fame_S), PARTS) * np.tile(0.8 ** np.arange(PARTS), N_SERIES)
    favourite_UG = np.zeros((N_USERS, len(GENRES)), np.bool_)
    for user in range(N_USERS):
        favourite_UG[user, rng.choice(len(GENRES), rng.integers(1, 4), replace=False)] = True
    likes_UI: Bools = favourite_UG @ genre_IG.T
    activity_U = rng.lognormal(0.0, 0.6, N_USERS)
    count_U = EVENTS_MIN + rng.multinomial(N_EVENTS - EVENTS_MIN * N_USERS, activity_U / activity_U.sum())
    events = [_events(rng, user, int(count_U[user]), fame_I, likes_UI[user]) for user in range(N_USERS)]
    interactions = pl.concat(events).sort("TIMESTAMP", maintain_order=True)
    return Tables(interactions, _films(rng, genre_SG), _people(rng))


def _genres(rng: np.random.Generator) -> Bools:
    """One genre per series in turn, and for half of them a second one."""
    genre_SG = np.zeros((N_SERIES, len(GENRES)), np.bool_)
    first_S = rng.permutation(np.arange(N_SERIES) % len(GENRES))
    genre_SG[np.arange(N_SERIES), first_S] = True
    second_S = rng.integers(0, len(GENRES), N_SERIES)
    both_S = rng.random(N_SERIES) < 0.5
    genre_SG[np.flatnonzero(both_S), second_S[both_S]] = True
    return genre_SG


def _events(
    rng: np.random.Generator,
    user: int,
    n_events: int,
    fame_I: Doubles,
    likes_I: Bools,
) -> pl.DataFrame:
    """What one user watches: films by fame and taste without repetition, and often the next part right after."""
    weight_I = fame_I * np.where(likes_I, TASTE, 1.0)
    # Sorting by weight plus Gumbel noise draws without replacement.
    drawn = iter(np.argsort(-(np.log(weight_I) + rng.gumbel(size=len(weight_I)))).tolist())
    follows_L = rng.random(n_events) < NEXT_PART
    watched: dict[int, None] = {}
    last = PARTS - 1
    for follows in follows_L.tolist():
        following = last + 1
        if not follows or following % PARTS == 0 or following in watched:
            following = next(item for item in drawn if item not in watched)
        watched[following] = None
        last = following
    # Evenings: a few films hours apart, then days without any.
    gap_s = np.where(rng.random(n_events) < 0.6, rng.integers(5_400, 14_400, n_events), 0)
    gap_s = np.where(gap_s == 0, rng.integers(86_400, 6 * 86_400, n_events), gap_s)
    start_s = START_S + int(rng.integers(0, DAYS // 2)) * 86_400 + int(rng.integers(0, 86_400))
    items = np.array(list(watched))
    rating = np.clip(np.round(rng.normal(np.where(likes_I[items], 4.2, 3.0), 0.7)), 1, 5)
    return pl.DataFrame(
        {
            "USER_ID": [str(user + 1)] * n_events,
            "ITEM_ID": [str(item + 1) for item in items],
            "EVENT_TYPE": ["watch"] * n_events,
            "EVENT_VALUE": pl.Series(rating, dtype=pl.Float32),
            "TIMESTAMP": start_s + np.cumsum(gap_s),
        }
    )


def _films(rng: np.random.Generator, genre_SG: Bools) -> pl.DataFrame:
    """Every series has a name of two words; its parts come two or three years apart."""
    names = rng.permutation([f"{first} {second}" for first in FIRST for second in SECOND]).tolist()
    rows = []
    for series, name in enumerate(names):
        genres = "|".join(genre for genre, has in zip(GENRES, genre_SG[series], strict=True) if has)
        year = int(rng.integers(1970, 2011))
        for part, numeral in enumerate(NUMERALS):
            rows.append((str(series * PARTS + part + 1), f"{name}{numeral} ({year})", genres, year))
            year += int(rng.integers(2, 4))
    return pl.DataFrame(rows, schema=["ITEM_ID", "TITLE", "GENRES", "YEAR"], orient="row")


def _people(rng: np.random.Generator) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "USER_ID": [str(user + 1) for user in range(N_USERS)],
            "AGE": rng.integers(16, 80, N_USERS),
            "GENDER": rng.choice(["F", "M"], N_USERS),
            "OCCUPATION": rng.choice(JOBS, N_USERS),
            "ZIP_CODE": [f"{code:05d}" for code in rng.integers(0, 100_000, N_USERS)],
        }
    )
