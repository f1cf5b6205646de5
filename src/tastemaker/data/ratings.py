"""What ratings are there, and how much of them the habits of users and the renown of items explain without any taste.

A rating is an event with an EVENT_VALUE; of several of one user for one item the newest holds. The bias model,
mean + user + item, is both what rating recipes build on and the baseline that they have to beat.
Source: Koren, "Factor in the Neighbors: Scalable and Accurate Collaborative Filtering", TKDD 2010, section 2.1.
Dimensions: N ratings, U users, I items, L ratings of one history.
"""

from dataclasses import dataclass

import numpy as np

from tastemaker.data.interactions import Floats, Interactions, Ints, Query, newest

L2 = 3.0  # ratings of a user, or of an item, that weigh as much as knowing nothing; chosen on ML-100K (docs/recipes)
SWEEPS = 10  # users and items in turn; the fifth moves no bias of ML-100K by 0.001


@dataclass(frozen=True)
class Biases:
    """mean: of all ratings. item_I: how far each item is rated above it, 0 for an item that nobody rated.

    l2: how many ratings of a user count as much as knowing nothing of her.
    """

    mean: float
    item_I: Floats
    l2: float

    def left(self, item_L: Ints, value_L: Floats) -> Floats:
        """What mean and item leave of each rating, shape (L,)."""
        return np.asarray(value_L - self.mean - self.item_I[item_L], np.float32)

    def user(self, item_L: Ints, value_L: Floats) -> float:
        """How far a user with these ratings rates above what the items get; 0 without a rating."""
        return float(self.left(item_L, value_L).sum(dtype=np.float64) / (self.l2 + len(item_L)))

    def scores(self, query: Query) -> Floats:
        """The rating of each item by the user of a query, shape (I,)."""
        place_L = rated_places(query)
        user = 0.0
        if query.value_L is not None:
            user = self.user(query.history_L[place_L], query.value_L[place_L])
        return np.asarray(self.mean + user + self.item_I, np.float32)


def rated(events: Interactions) -> Interactions:
    """The ratings: events with a value, of one user and one item the newest alone."""
    if events.value_N is None:
        return events.where(np.zeros(0, np.int64))
    with_value = events.where(~np.isnan(events.value_N))
    return with_value.where(newest(with_value.pair_N))


def rated_places(query: Query) -> Ints:
    """The places in the history that are ratings, increasing: those with a value, of one item the newest alone."""
    if query.value_L is None:
        return np.zeros(0, np.int32)
    place_L = np.flatnonzero(~np.isnan(query.value_L))
    return place_L[newest(query.history_L[place_L])].astype(np.int32)


def biases(ratings: Interactions, l2: float = L2) -> Biases:
    """The bias model of ratings as `rated` gives them: ridge regression, users and items in turn. O(SWEEPS * N)."""
    value_N = np.zeros(0) if ratings.value_N is None else ratings.value_N.astype(np.float64)
    mean = float(value_N.mean()) if len(value_N) else 0.0
    count_U = np.bincount(ratings.user_N, minlength=ratings.n_users)
    count_I = np.bincount(ratings.item_N, minlength=ratings.n_items)
    left_N = value_N - mean
    user_U, item_I = np.zeros(ratings.n_users), np.zeros(ratings.n_items)
    for _ in range(SWEEPS):
        above_N = left_N - user_U[ratings.user_N]
        item_I = np.bincount(ratings.item_N, above_N, ratings.n_items) / (l2 + count_I)
        above_N = left_N - item_I[ratings.item_N]
        user_U = np.bincount(ratings.user_N, above_N, ratings.n_users) / (l2 + count_U)
    return Biases(mean, item_I.astype(np.float32), l2)
