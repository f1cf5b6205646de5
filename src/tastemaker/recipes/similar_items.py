"""aws-similar-items: items alike by who chose them and by what they are, so that new items have neighbours, too.

Of an item with n users, and a neighbour with m, the share TRUST / (TRUST + min(n, m)) of the score comes from metadata
and the rest from shared users: with no users metadata decide alone, with 5 they decide half, with many hardly. What is
alike to the letter counts as much as the LEVEL_K-th of those that share users.
Metadata similarity is the cosine of the items' values and words (parts/metadata.py).
"""

from dataclasses import dataclass

import numpy as np

from tastemaker.data.interactions import Floats, Ints, Longs, Query, TrainingData
from tastemaker.recipes.contract import Progress, Reasons, Recipe, RecipeType, Traits, hyperparameter
from tastemaker.recipes.parts.metadata import vectors
from tastemaker.recipes.parts.neighbours import neighbours
from tastemaker.recipes.parts.popularity import below, users_per_item

TRUST = 5.0  # "cold items have fewer than 5 interactions" (guide, Similar-Items recipe)
LEVEL_K = 25  # of a usual list: what is alike by what it is joins it at its end, and rises as it is chosen
NO_LAYERS = "Similarity is counted here, not learned by layers, so there is no hidden dimension to set."


@dataclass(frozen=True)
class Model:
    """Neighbours as in parts/neighbours.py; item i has the values value_W[meta_start_I[i]:meta_start_I[i + 1]].

    weight_W: of the value in its item; the weights of an item have length 1. users_I: users who chose each item.
    discount_I: what popularity takes from an item found by its metadata, 1 for nothing.
    """

    start_I: Longs
    item_V: Ints
    shared_V: Floats
    similarity_V: Floats
    meta_start_I: Longs
    value_W: Ints
    weight_W: Floats
    discount_I: Floats
    users_I: Longs

    def scores(self, query: Query) -> Floats:
        """Similarity, 0 to 1, then the other items by popularity, then the query's item; shape (I,). O(I + W)."""
        if query.item is None:
            return below(np.full(len(self.users_I), -np.inf, np.float32), self.users_I)
        span = slice(self.start_I[query.item], self.start_I[query.item + 1])
        shared_I = np.zeros(len(self.users_I), np.float32)
        shared_I[self.item_V[span]] = self.similarity_V[span]
        by_metadata_I = TRUST / (TRUST + np.minimum(self.users_I, self.users_I[query.item]))
        alike_I = self._alike(query.item) * self.discount_I * self._level(self.similarity_V[span])
        similarity_I = (1 - by_metadata_I) * shared_I + by_metadata_I * alike_I
        score_I = below(np.where(similarity_I > 0, similarity_I, -np.inf).astype(np.float32), self.users_I)
        score_I[query.item] = score_I.min() - 1
        return score_I

    def explain(self, query: Query, item: int) -> Reasons:
        """How many users chose both items and how many metadata values they share, or how many chose this one."""
        reasons: dict[str, float] = {}
        if query.item is not None:
            span = slice(self.start_I[query.item], self.start_I[query.item + 1])
            place_K = np.flatnonzero(self.item_V[span] == item)
            reasons["users who chose both"] = float(self.shared_V[span][place_K].sum())
            reasons["shared metadata values"] = float(len(np.intersect1d(self._values(query.item), self._values(item))))
        found = {reason: amount for reason, amount in reasons.items() if amount}
        return dict(sorted(found.items(), key=lambda pair: -pair[1])) or {"popularity": float(self.users_I[item])}

    def _level(self, similarity_V: Floats) -> float:
        """What an item that is alike to the letter has: as much as the LEVEL_K-th neighbour, 1 where there are fewer.

        Else items that hardly anybody chose, of which many are of the same kind, would take the first places.
        """
        if len(similarity_V) < LEVEL_K:
            return 1.0
        return float(np.partition(similarity_V, -LEVEL_K)[-LEVEL_K])

    def _values(self, item: int) -> Ints:
        return self.value_W[self.meta_start_I[item] : self.meta_start_I[item + 1]]

    def _alike(self, item: int) -> Floats:
        """Cosine of every item's metadata with this one's, shape (I,)."""
        own = slice(self.meta_start_I[item], self.meta_start_I[item + 1])
        wanted = np.zeros(int(self.value_W.max(initial=-1)) + 1, np.float64)
        wanted[self.value_W[own]] = self.weight_W[own]
        sum_W = np.concatenate([[0.0], np.cumsum(wanted[self.value_W] * self.weight_W)])
        alike_I = np.diff(sum_W[self.meta_start_I])
        # Differences of sums leave dust of the size of the rounding where nothing is shared.
        return np.where(alike_I > 1e-9, alike_I, 0).astype(np.float32)


class SimilarItems:
    """Counts which items share users, and which share metadata values."""

    name = "aws-similar-items"
    recipe_type: RecipeType = "RELATED_ITEMS"
    traits = Traits(theme_generation=True)
    description = (
        "Items alike by the users who chose them and by their metadata, so that new items have neighbours too."
    )

    @dataclass(frozen=True)
    class Params:
        """The documented ones, and our own."""

        popularity_discount_factor: float = hyperparameter(0.0, low=0.0, high=1.0)
        item_id_hidden_dim: int = hyperparameter(100, low=30, high=200, is_tunable=True, effect=False, why=NO_LAYERS)
        item_metadata_hidden_dim: int = hyperparameter(
            100, low=30, high=200, is_tunable=True, effect=False, why=NO_LAYERS
        )
        min_cointeraction_count: int = hyperparameter(1, low=0, high=10)
        neighbours_max: int = hyperparameter(500, low=1, high=5000)  # as many as a request may ask for

    def fit(self, data: TrainingData, params: Params, progress: Progress) -> Model:
        """Time as in `neighbours`; the model takes 12 bytes for each neighbour of each item."""
        events = data.interactions
        near = neighbours(
            events,
            np.ones(events.n_items, np.bool_),
            params.popularity_discount_factor,
            params.min_cointeraction_count,
            params.neighbours_max,
            progress,
        )
        users_I = users_per_item(events)
        what = vectors(data.item_categories, data.item_texts, events.n_items)
        return Model(
            near.start_I,
            near.item_V,
            near.shared_V,
            near.similarity_V,
            what.start_I,
            what.value_W,
            what.weight_W,
            ((1.0 + users_I) ** -params.popularity_discount_factor).astype(np.float32),
            users_I,
        )


RECIPES: tuple[Recipe, ...] = (SimilarItems(),)
