"""tastemaker-user-knn: the rating a user would give, from the ratings of the users who rate most like her.

rating = mean + item + user + sum of s * taste / (damping + sum of s), over the nearest users who rated the item; taste
is what mean, item and user leave of a rating, and s the similarity of two users, raised to a power. Similarity is the
cosine of two users' tastes, with `shrinkage` added to both squared lengths, so that a few ratings in common make no
close neighbours. Neighbours are found when a query comes, so that a user of whom only events are known has some, too.

Without EVENT_VALUE every choice is a taste of 1: the score then is the sum of s over the nearest users who chose the
item, and what nobody of them chose comes by popularity.
Source: Herlocker, Konstan, Borchers and Riedl, "An Algorithmic Framework for Performing Collaborative Filtering",
SIGIR 1999; the bias model below it as in Koren, TKDD 2010, section 2.1.
Dimensions: I items, R kept ratings, U kept users, L events, P ratings that are looked at.
"""

from dataclasses import dataclass

import numpy as np

from tastemaker.data.interactions import Floats, Interactions, Ints, Longs, Query, TrainingData
from tastemaker.data.ratings import Biases
from tastemaker.recipes.contract import Progress, Reasons, Recipe, RecipeType, Traits, hyperparameter
from tastemaker.recipes.parts.popularity import below, users_per_item
from tastemaker.recipes.parts.tastes import Doubles, Taste, Tastes, shares_of, spans, taste_of, tastes, total


@dataclass(frozen=True)
class Model:
    """The kept users, numbered anew. User u's ratings are start_U[u]:start_U[u + 1] of item_R and left_R, her tastes.

    by_item_R: the same ratings sorted by item, as places; those of item i are start_I[i]:start_I[i + 1]. user_R: whose
    each rating is. length_U: of all tastes of a user together, squared. mean, bias_I, l2: of the bias model.
    """

    start_U: Longs
    item_R: Ints
    left_R: Floats
    start_I: Longs
    by_item_R: Ints
    user_R: Ints
    length_U: Floats
    mean: float
    bias_I: Floats
    l2: float
    neighbours: int
    shrinkage: float
    power: float
    damping: float
    users_I: Longs
    is_rated: bool

    def scores(self, query: Query) -> Floats:
        """Predicted ratings, or sums of similarities if nothing is rated; shape (I,).

        Cost: the ratings of the history's items, and those of the nearest users.
        """
        taste = self._taste(query)
        near_K, weight_K = self._nearest(query, taste)
        rating_P, of_P = spans(self.start_U, near_K)
        item_P, weight_P = self.item_R[rating_P], weight_K[of_P]
        pull_I = total(item_P, weight_P * self.left_R[rating_P], len(self.users_I))
        if not self.is_rated:
            return below(np.where(pull_I > 0, pull_I, -np.inf).astype(np.float32), self.users_I)
        pull_I /= self.damping + total(item_P, weight_P, len(self.users_I))
        return np.asarray(self.mean + taste.user + self.bias_I + pull_I, np.float32)

    def explain(self, query: Query, item: int) -> Reasons:
        """What mean, item, user and similar users add; their sum is the score, except where popularity alone decides.

        What similar users add is shared among the events by what each adds to their similarity.
        """
        taste = self._taste(query)
        near_K, weight_K = self._nearest(query, taste)
        by_item = slice(self.start_I[item], self.start_I[item + 1])
        rating_R = self.by_item_R[by_item]
        _, at_R, at_K = np.intersect1d(self.user_R[rating_R], near_K, assume_unique=True, return_indices=True)
        pull_K = np.zeros(len(near_K))
        pull_K[at_K] = weight_K[at_K] * self.left_R[rating_R[at_R]]
        if self.is_rated:
            pull_K /= self.damping + weight_K[at_K].sum()
        share_L = self._shared_out(query, taste, near_K, pull_K)
        if self.is_rated:
            return shares_of({"mean": self.mean, "item": float(self.bias_I[item]), "user": taste.user}, taste, share_L)
        return shares_of({}, taste, share_L) or {"popularity": float(self.users_I[item])}

    def _taste(self, query: Query) -> Taste:
        return taste_of(query, Biases(self.mean, self.bias_I, self.l2), is_rated=self.is_rated)

    def _products(self, query: Query, taste: Taste) -> tuple[Ints, Longs, Doubles]:
        """User, event and product of the tastes, for every kept rating of an item of the history; shape (P,) each."""
        place_P, of_P = spans(self.start_I, query.history_L[taste.place_L])
        rating_P = self.by_item_R[place_P]
        return self.user_R[rating_P], of_P, self.left_R[rating_P] * taste.left_L[of_P]

    def _nearest(self, query: Query, taste: Taste) -> tuple[Ints, Doubles]:
        """The most similar users, and their similarities raised to the power, shape (K,); ties by number."""
        user_P, _, product_P = self._products(query, taste)
        alike_U = total(user_P, product_P, len(self.length_U))
        fine_U = np.flatnonzero(alike_U > 0)
        own = np.sqrt(self.shrinkage + taste.left_L @ taste.left_L)
        alike_F = alike_U[fine_U] / (own * np.sqrt(self.shrinkage + self.length_U[fine_U]))
        best_K = np.argsort(-alike_F, kind="stable")[: self.neighbours]
        return fine_U[best_K].astype(np.int32), alike_F[best_K] ** self.power

    def _shared_out(self, query: Query, taste: Taste, near_K: Ints, pull_K: Doubles) -> Doubles:
        """The pull of each neighbour, given to the events in proportion to what they add to its similarity."""
        user_P, of_P, product_P = self._products(query, taste)
        per_U = np.zeros(len(self.length_U))
        alike_U = total(user_P, product_P, len(self.length_U))
        per_U[near_K] = pull_K / alike_U[near_K]
        return total(of_P.astype(np.int32), per_U[user_P] * product_P, len(taste.place_L))


class UserKnn:
    """Keeps the tastes of users to compare with; whom a user resembles is found when she asks."""

    name = "tastemaker-user-knn"
    recipe_type: RecipeType = "USER_PERSONALIZATION"
    description = "Predicts ratings from the ratings of the most similar users."
    traits = Traits(history_values=True, plain_scores=True)

    @dataclass(frozen=True)
    class Params:
        """Defaults were chosen on ML-100K; docs/recipes/tastemaker-user-knn.md says how."""

        neighbours: int = hyperparameter(300, low=1, high=10_000, is_tunable=True)
        shrinkage: float = hyperparameter(20.0, low=0.0, high=1000.0, is_tunable=True)
        power: float = hyperparameter(1.0, low=0.5, high=5.0, is_tunable=True)
        damping: float = hyperparameter(0.1, low=0.001, high=10.0, is_tunable=True)
        users_max: int = hyperparameter(20_000, low=1, high=1_000_000)  # kept to compare with, drawn by data.seed
        user_ratings_max: int = hyperparameter(500, low=1, high=10_000)  # of each of them, the newest

    def fit(self, data: TrainingData, params: Params, progress: Progress) -> Model:
        """O(N log N). The model takes 16 bytes for each kept rating: at most users_max * user_ratings_max of them."""
        known = tastes(data.interactions)
        progress(1, 2)
        users, kept_N = _kept(known.events, params, data.seed)
        user_R = np.searchsorted(users, known.events.user_N[kept_N]).astype(np.int32)
        item_R, left_R = known.events.item_N[kept_N], known.left_N[kept_N]
        by_item_R = np.argsort(item_R, kind="stable").astype(np.int32)
        progress(2, 2)
        return Model(
            np.searchsorted(user_R, np.arange(len(users) + 1)).astype(np.int64),
            item_R,
            left_R.astype(np.float32),
            np.searchsorted(item_R[by_item_R], np.arange(data.interactions.n_items + 1)).astype(np.int64),
            by_item_R,
            user_R,
            _squared_lengths(known, users),
            known.biases.mean,
            known.biases.item_I,
            known.biases.l2,
            params.neighbours,
            params.shrinkage,
            params.power,
            params.damping,
            users_per_item(data.interactions),
            known.is_rated,
        )


def _kept(events: Interactions, params: UserKnn.Params, seed: int) -> tuple[Longs, Longs]:
    """Users to compare with, increasing, and the places of their newest ratings, in the order of the events."""
    users = np.unique(events.user_N).astype(np.int64)
    if len(users) > params.users_max:
        users = np.sort(np.random.default_rng(seed).choice(users, params.users_max, replace=False))
    newer_N = events.start_U[events.user_N + 1] - np.arange(len(events)) - 1
    kept_N = np.isin(events.user_N, users) & (newer_N < params.user_ratings_max)
    return users, np.flatnonzero(kept_N).astype(np.int64)


def _squared_lengths(known: Tastes, users: Longs) -> Floats:
    """Of all ratings of a user, also those that are not kept: what is cut off must not make her look closer."""
    return total(known.events.user_N, known.left_N**2, known.events.n_users)[users].astype(np.float32)


RECIPES: tuple[Recipe, ...] = (UserKnn(),)
