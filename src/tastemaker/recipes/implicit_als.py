"""tastemaker-implicit-als: factors of items, learned from who chose what; a user's factors are solved when she asks.

A chosen item should score 1, and every other one 0 with the small weight `unobserved_weight`. With the factors of items
fixed, a user's are a ridge regression, and the other way round: the two are solved in turn. What is kept are the
factors of items, V, and their Gram matrix G = V'V. A user with the events h then has

    u = A^-1 * sum of v_h,   A = sum of v_h v_h' + unobserved_weight * G + l2 * I,

so her score of item i is the sum over her events of v_i' A^-1 v_h: each event has an exact share in it. The l2 of a
user grows with the number of her events, and an item's with that of its users, which matters much for the result.
Source: Hu, Koren and Volinsky, "Collaborative Filtering for Implicit Feedback Datasets", ICDM 2008; weights and the
scaled penalty as in Rendle, Krichene, Zhang and Koren, "Revisiting the Performance of iALS on Item Recommendation
Benchmarks", RecSys 2022.
Dimensions: X and Y are users and items or the other way round, I items, D factors, L different items of a history, B
rows that are solved at once.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tastemaker.data.interactions import Floats, Interactions, Ints, Longs, Query, TrainingData
from tastemaker.recipes.contract import Progress, Reasons, Recipe, RecipeType, hyperparameter
from tastemaker.recipes.parts.popularity import first_choices, users_per_item

NUMBERS_AT_ONCE = 4_000_000  # of the factors that a batch of solves gathers: 16 MB, and as much for its matrices

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Model:
    """factor_ID: zero for items that nobody chose. gram_DD: their Gram matrix. popular_I: log of popularity.

    temperature: scores are divided by it; 1 until training has measured it.
    """

    factor_ID: Floats
    gram_DD: Floats
    unobserved_weight: float
    l2: float
    l2_power: float
    popular_I: Floats
    temperature: float

    def scores(self, query: Query) -> Floats:
        """Logits, shape (I,). O(L * D**2 + D**3 + I * D).

        A history without an item that anybody chose gets log popularity, whatever the temperature.
        """
        user_D = self._user(query)
        return self.popular_I if user_D is None else np.asarray(self.factor_ID @ user_D, np.float32)

    def scores_of(self, query: Query, item_A: Ints) -> Floats:
        """The same of some items, shape (A,), for O(A * D) instead of O(I * D)."""
        user_D = self._user(query)
        if user_D is None:
            return self.popular_I[item_A]
        # `take` brings whole rows, five times as fast as an index does.
        return np.asarray(self.factor_ID.take(item_A, axis=0) @ user_D, np.float32)

    def explain(self, query: Query, item: int) -> Reasons:
        """The share of each event; their sum is the score. Without an event the model knows: the share of users."""
        item_L, place_L = self._known(query)
        if not len(item_L):
            return {"popularity": float(np.exp(self.popular_I[item]))}
        wanted_D = np.linalg.solve(self._matrix(item_L), self.factor_ID[item].astype(np.float64))
        share_L = self.factor_ID[item_L] @ wanted_D / self.temperature
        shares = {f"event {place}": float(share) for place, share in zip(place_L, share_L, strict=True)}
        return dict(sorted(shares.items(), key=lambda pair: -abs(pair[1])))

    def _user(self, query: Query) -> Floats | None:
        """The user's factors over the temperature; None without an item that anybody chose."""
        item_L = self._known(query)[0]
        if not len(item_L):
            return None
        user_D = np.linalg.solve(self._matrix(item_L), self.factor_ID[item_L].sum(axis=0, dtype=np.float64))
        return np.asarray(user_D / self.temperature, np.float32)

    def _known(self, query: Query) -> tuple[Ints, Longs]:
        """The different items of the history that have factors, and the place of the last event with each."""
        item_L, from_end_L = np.unique(query.history_L[::-1], return_index=True)
        is_known_L = self.factor_ID[item_L].any(axis=1)
        place_L = len(query.history_L) - 1 - from_end_L
        return item_L[is_known_L], place_L[is_known_L].astype(np.int64)

    def _matrix(self, item_L: Ints) -> Doubles:
        factor_LD = self.factor_ID[item_L].astype(np.float64)
        scaled = self.l2 * (len(item_L) + self.unobserved_weight * len(self.factor_ID)) ** self.l2_power
        matrix_DD = factor_LD.T @ factor_LD + self.unobserved_weight * self.gram_DD
        matrix_DD[np.diag_indices_from(matrix_DD)] += scaled
        return np.asarray(matrix_DD, np.float64)


class ImplicitAls:
    """Solves users and items in turn."""

    name = "tastemaker-implicit-als"
    recipe_type: RecipeType = "USER_PERSONALIZATION"
    description = "Items that fit a user's choices, by matrix factorisation of who chose what; order does not count."

    @dataclass(frozen=True)
    class Params:
        """Defaults were chosen on ML-100K; docs/recipes/tastemaker-implicit-als.md says how."""

        factors: int = hyperparameter(64, low=1, high=512, is_tunable=True)
        unobserved_weight: float = hyperparameter(0.1, low=1e-4, high=10.0, is_tunable=True)
        l2: float = hyperparameter(0.01, low=1e-6, high=100.0, is_tunable=True)
        l2_power: float = hyperparameter(1.0, low=0.0, high=1.0, is_tunable=True)
        iterations: int = hyperparameter(12, low=1, high=200, is_tunable=True)

    def fit(self, data: TrainingData, params: Params, progress: Progress) -> Model:
        """O(iterations * (N * D**2 + (U + I) * D**3)). The model takes 4 * D bytes for each item."""
        pairs = first_choices(data.interactions)
        users_I = users_per_item(pairs)
        n_users = int(np.count_nonzero(np.diff(pairs.start_U)))
        by_user, by_item = _lists(pairs)
        rng = np.random.default_rng(data.seed)
        spread = 0.1 / params.factors**0.5
        item_ID = (rng.normal(0, spread, (pairs.n_items, params.factors)) * (users_I > 0)[:, None]).astype(np.float32)
        for turn in range(params.iterations):
            user_UD = _solved(by_user, item_ID, params, pairs.n_items)
            progress(2 * turn + 1, 2 * params.iterations)
            item_ID = _solved(by_item, user_UD, params, n_users)
            if progress(2 * turn + 2, 2 * params.iterations) is False:
                break
        share_I = (users_I + 1) / (users_I + 1).sum()
        return Model(
            item_ID,
            item_ID.T @ item_ID,
            params.unobserved_weight,
            params.l2,
            params.l2_power,
            np.log(share_I).astype(np.float32),
            1.0,
        )


@dataclass(frozen=True)
class _Lists:
    """Of each x the different y that go with it: y_V[start_X[x]:start_X[x + 1]]."""

    start_X: Longs
    y_V: Ints

    def batches(self, factors: int) -> Iterator[tuple[Longs, NDArray[np.int64]]]:
        """Some x that have any, of about the same number, and their y, shape (B, L), filled up with -1."""
        length_X = np.diff(self.start_X)
        x_W = np.argsort(length_X, kind="stable")
        x_W = x_W[length_X[x_W] > 0]
        low = 0
        while low < len(x_W):
            # The last of a batch is the longest: as many as fit beside it, by what they gather and by their matrices.
            length_w = length_X[x_W[low : low + 1 + NUMBERS_AT_ONCE // factors**2]]
            numbers_w = np.maximum(length_w, factors) * factors * np.arange(1, len(length_w) + 1)
            high = low + max(1, int(np.searchsorted(numbers_w, NUMBERS_AT_ONCE, side="right")))
            x_B = x_W[low:high]
            place_BL = self.start_X[x_B][:, None] + np.arange(length_X[x_B[-1]])
            is_in_BL = place_BL < self.start_X[x_B + 1][:, None]
            yield x_B, np.where(is_in_BL, self.y_V[np.minimum(place_BL, len(self.y_V) - 1)], -1)
            low = high


def _lists(pairs: Interactions) -> tuple[_Lists, _Lists]:
    """Items by user, and users by item."""
    order_N = np.argsort(pairs.item_N, kind="stable")
    start_I = np.searchsorted(pairs.item_N[order_N], np.arange(pairs.n_items + 1)).astype(np.int64)
    return _Lists(pairs.start_U, pairs.item_N), _Lists(start_I, pairs.user_N[order_N])


def _solved(lists: _Lists, other_YD: Floats, params: ImplicitAls.Params, n_other: int) -> Floats:
    """The factors of every x, those of all y given; zero for an x without any. n_other: different y that there are."""
    n_factors = other_YD.shape[1]
    found_XD = np.zeros((len(lists.start_X) - 1, n_factors), np.float32)
    with_none_YD = np.concatenate([other_YD, np.zeros((1, n_factors), np.float32)])  # what -1 stands for
    gram_DD = params.unobserved_weight * (other_YD.T @ other_YD)
    for x_B, y_BL in lists.batches(n_factors):
        factor_BLD = with_none_YD[y_BL]
        matrix_BDD = factor_BLD.transpose(0, 2, 1) @ factor_BLD + gram_DD
        count_B = lists.start_X[x_B + 1] - lists.start_X[x_B]
        l2_B = params.l2 * (count_B + params.unobserved_weight * n_other) ** params.l2_power
        matrix_BDD[:, np.arange(n_factors), np.arange(n_factors)] += l2_B[:, None].astype(np.float32)
        found_XD[x_B] = np.linalg.solve(matrix_BDD, factor_BLD.sum(axis=1)[:, :, None])[:, :, 0]
    return found_XD


RECIPES: tuple[Recipe, ...] = (ImplicitAls(),)
