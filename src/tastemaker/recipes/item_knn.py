"""tastemaker-item-knn: the rating a user would give, from her ratings of the items that are rated alike.

rating = mean + item + user + sum of s * taste / (damping + sum of s), over the items of the history that are neighbours
of the one asked about; taste is what mean, item and user leave of a rating, and s its similarity, raised to a power so
that close neighbours outweigh many distant ones. Similarity is the cosine of two items' tastes over their users, with
`shrinkage` added to both squared lengths, so that few ratings make no close neighbours.

Without EVENT_VALUE every choice is a taste of 1: the score then is the sum of s, and what has none comes by popularity.
Source: Koren, "Factor in the Neighbors: Scalable and Accurate Collaborative Filtering", TKDD 2010, section 2.2; the
power is the case amplification of Breese, Heckerman and Kadie, UAI 1998; without ratings Deshpande and Karypis, "Item-
Based Top-N Recommendation Algorithms", TOIS 2004.
Dimensions: I items, V pairs of neighbours, L events, P pairs of an event and one of its neighbours.
"""

from dataclasses import dataclass

import numpy as np

from tastemaker.data.interactions import Floats, Ints, Longs, Query, TrainingData
from tastemaker.data.ratings import Biases
from tastemaker.recipes.contract import Progress, Reasons, Recipe, RecipeType, Traits, hyperparameter
from tastemaker.recipes.parts.neighbours import best, blocks
from tastemaker.recipes.parts.popularity import below, users_per_item
from tastemaker.recipes.parts.tastes import Doubles, Taste, Tastes, shares_of, spans, taste_of, tastes, total


@dataclass(frozen=True)
class Model:
    """Item j is a neighbour of the items item_V[start_I[j]:start_I[j + 1]], with these weights.

    mean, bias_I, l2: of the bias model. users_I: different users who chose each item.
    """

    start_I: Longs
    item_V: Ints
    weight_V: Floats
    mean: float
    bias_I: Floats
    l2: float
    damping: float
    users_I: Longs
    is_rated: bool

    def scores(self, query: Query) -> Floats:
        """Predicted ratings, or sums of similarities if nothing is rated; shape (I,). O(L * neighbours_max + I)."""
        taste = self._taste(query)
        place_P, of_P = spans(self.start_I, query.history_L[taste.place_L])
        item_P, weight_P = self.item_V[place_P], self.weight_V[place_P].astype(np.float64)
        pull_I = total(item_P, weight_P * taste.left_L[of_P], len(self.users_I))
        if not self.is_rated:
            return below(np.where(pull_I > 0, pull_I, -np.inf).astype(np.float32), self.users_I)
        pull_I /= self.damping + total(item_P, weight_P, len(self.users_I))
        return np.asarray(self.mean + taste.user + self.bias_I + pull_I, np.float32)

    def explain(self, query: Query, item: int) -> Reasons:
        """What mean, item, user and each event add; their sum is the score, except where popularity alone decides."""
        taste = self._taste(query)
        place_P, of_P = spans(self.start_I, query.history_L[taste.place_L])
        at_P = self.item_V[place_P] == item
        weight_L = total(of_P[at_P], self.weight_V[place_P[at_P]], len(taste.place_L))
        if not self.is_rated:
            return shares_of({}, taste, weight_L) or {"popularity": float(self.users_I[item])}
        share_L = weight_L * taste.left_L / (self.damping + weight_L.sum())
        return shares_of({"mean": self.mean, "item": float(self.bias_I[item]), "user": taste.user}, taste, share_L)

    def _taste(self, query: Query) -> Taste:
        return taste_of(query, Biases(self.mean, self.bias_I, self.l2), is_rated=self.is_rated)


class ItemKnn:
    """Compares items by what their users left beyond the habits of both."""

    name = "tastemaker-item-knn"
    recipe_type: RecipeType = "USER_PERSONALIZATION"
    description = "Predicts ratings from the user's ratings of the most similar items."
    traits = Traits(history_values=True, plain_scores=True)

    @dataclass(frozen=True)
    class Params:
        """Defaults were chosen on ML-100K; docs/recipes/tastemaker-item-knn.md says how."""

        neighbours_max: int = hyperparameter(200, low=1, high=5000, is_tunable=True)  # 12 bytes each, for each item
        shrinkage: float = hyperparameter(10.0, low=0.0, high=1000.0, is_tunable=True)
        power: float = hyperparameter(2.0, low=0.5, high=5.0, is_tunable=True)
        damping: float = hyperparameter(0.05, low=0.001, high=10.0, is_tunable=True)

    def fit(self, data: TrainingData, params: Params, progress: Progress) -> Model:
        """Time: the sum of squared numbers of ratings of the users. Memory is bounded as in parts/neighbours.py."""
        known = tastes(data.interactions)
        item_V, of_V, weight_V = _neighbours(known, params, progress)
        return Model(
            np.searchsorted(of_V, np.arange(data.interactions.n_items + 1)).astype(np.int64),
            item_V,
            weight_V,
            known.biases.mean,
            known.biases.item_I,
            known.biases.l2,
            params.damping,
            users_per_item(data.interactions),
            known.is_rated,
        )


def _neighbours(known: Tastes, params: ItemKnn.Params, progress: Progress) -> tuple[Ints, Ints, Floats]:
    """The best neighbours of every item as pairs (item, neighbour, weight), sorted by the neighbour."""
    from scipy import sparse  # heavy: servers answer without SciPy, only training needs it

    events = known.events
    shape = (events.n_users, events.n_items)
    by_user = sparse.csr_matrix((known.left_N, (events.user_N, events.item_N)), shape)
    by_item = by_user.T.tocsr()
    length_I = np.sqrt(params.shrinkage + total(events.item_N, known.left_N**2, events.n_items))
    found: list[tuple[Ints, Ints, Floats, Floats]] = []
    for low, high in blocks(by_user, by_item):
        product = (by_item[low:high] @ by_user).tocoo()
        item_P, of_P = product.row + low, product.col
        fine_P = (product.data > 0) & (item_P != of_P)
        item_P, of_P, alike_P = item_P[fine_P], of_P[fine_P], product.data[fine_P]
        weight_P = _weight(alike_P / (length_I[item_P] * length_I[of_P]), params.power)
        found.append(best(item_P, of_P, weight_P, weight_P, params.neighbours_max))
        progress(high, events.n_items)
    item_V, of_V, weight_V = (np.concatenate([block[part] for block in found]) for part in (0, 1, 3))
    order_V = np.lexsort((item_V, of_V))
    return item_V[order_V].astype(np.int32), of_V[order_V].astype(np.int32), weight_V[order_V]


def _weight(similarity_P: Doubles, power: float) -> Floats:
    return np.asarray(similarity_P**power, np.float32)


RECIPES: tuple[Recipe, ...] = (ItemKnn(),)
