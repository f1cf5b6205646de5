"""What is left of ratings when mean, items and users are taken off: the taste that recipes of neighbours compare.

Where no event has a value, every choice counts as a taste of 1: neighbours then are those who choose the same.
Dimensions: N ratings or choices, L places of one history, P pairs.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tastemaker.data.interactions import Floats, Interactions, Ints, Longs, Query
from tastemaker.data.ratings import Biases, biases, rated, rated_places
from tastemaker.recipes.parts.popularity import first_choices

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Tastes:
    """events: one for each user and item, sorted by user. left_N: the taste of each. is_rated: events have values."""

    events: Interactions
    left_N: Doubles
    biases: Biases
    is_rated: bool


@dataclass(frozen=True)
class Taste:
    """Of one history: the places that count, increasing; the taste of each; and how the user rates in general."""

    place_L: Ints
    left_L: Doubles
    user: float


def tastes(events: Interactions) -> Tastes:
    """Everybody's, from the newest rating of each user and item, or from first choices without any rating. O(N)."""
    ratings = rated(events)
    if not len(ratings):
        chosen = first_choices(events)
        return Tastes(chosen, np.ones(len(chosen)), biases(ratings), is_rated=False)
    assert ratings.value_N is not None, "ratings have values"
    found = biases(ratings)
    left_N = found.left(ratings.item_N, ratings.value_N).astype(np.float64)
    count_U = np.bincount(ratings.user_N, minlength=ratings.n_users)
    user_U = np.bincount(ratings.user_N, left_N, ratings.n_users) / (found.l2 + count_U)
    return Tastes(ratings, left_N - user_U[ratings.user_N], found, is_rated=True)


def taste_of(query: Query, known: Biases, *, is_rated: bool) -> Taste:
    """The same of the history of a query; without its values there are no ratings, and nothing is left."""
    if not is_rated:
        place_L = np.sort(np.unique(query.history_L, return_index=True)[1]).astype(np.int32)
        return Taste(place_L, np.ones(len(place_L)), 0.0)
    place_L = rated_places(query)
    if query.value_L is None or not len(place_L):
        return Taste(place_L, np.zeros(0), 0.0)
    item_L, value_L = query.history_L[place_L], query.value_L[place_L]
    user = known.user(item_L, value_L)
    return Taste(place_L, known.left(item_L, value_L).astype(np.float64) - user, user)


def spans(start_X: Longs, which_L: Ints) -> tuple[Longs, Longs]:
    """The places start_X[x]:start_X[x + 1] of each of these x one after the other, and the l each is of, shape (P,)."""
    first_L = start_X[which_L]
    length_L = start_X[which_L.astype(np.int64) + 1] - first_L
    of_P = np.repeat(np.arange(len(which_L)), length_L)
    before_L = np.cumsum(length_L) - length_L
    place_P = np.arange(len(of_P)) + (first_L - before_L)[of_P]
    return np.asarray(place_P, np.int64), np.asarray(of_P, np.int64)


def total(key_P: Ints | Longs, amount_P: Doubles | Floats, n: int) -> Doubles:
    """Sum of the amounts of each key, shape (n,)."""
    return np.asarray(np.bincount(key_P, amount_P, minlength=n), np.float64)


def shares_of(base: dict[str, float], taste: Taste, share_L: Doubles) -> dict[str, float]:
    """Reasons, largest first: the words of `base`, and what each event of the taste adds, if anything."""
    events = {f"event {place}": float(share) for place, share in zip(taste.place_L, share_L, strict=True) if share}
    return dict(sorted((base | events).items(), key=lambda pair: -abs(pair[1])))
