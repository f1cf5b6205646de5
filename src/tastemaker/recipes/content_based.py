"""tastemaker-content-based: items that are what the user's items are, by their categories and the words of their texts.

An item is a vector of its categories and words, rare ones weighing more (parts/metadata.py). A user's profile is the
sum of the vectors of her items, the newest weighing most. The score is the cosine of profile and item, and popularity,
which decides among the many items that are equally alike. Nothing but that is learned from other users, so an item has
its place from the moment it is described, whether anybody chose it or not.

Source: Pazzani and Billsus, "Content-Based Recommendation Systems", in The Adaptive Web, Springer 2007; the weights are
inverse document frequencies, Spärck Jones, Journal of Documentation 1972.
Dimensions: I items, W values of all items, Z different values, L events.
"""

from dataclasses import dataclass

import numpy as np

from tastemaker.data.interactions import Floats, Ints, Longs, Query, TrainingData
from tastemaker.recipes.contract import Progress, Reasons, Recipe, RecipeType, hyperparameter
from tastemaker.recipes.parts.metadata import vectors
from tastemaker.recipes.parts.popularity import users_per_item
from tastemaker.recipes.parts.tastes import Doubles, spans, total


@dataclass(frozen=True)
class Model:
    """Item i has the values value_W[start_I[i]:start_I[i + 1]], of these weights; an item's weights have length 1.

    names: of the values. decay: what an event weighs relative to the one after it. famous_I: what popularity adds to a
    cosine. popular_I: log of popularity. temperature: scores are divided by it; 1 until training has measured it.
    """

    start_I: Longs
    value_W: Ints
    weight_W: Floats
    names: list[str]
    decay: float
    famous_I: Floats
    popular_I: Floats
    temperature: float

    def scores(self, query: Query) -> Floats:
        """Logits, shape (I,). O(L + W). Without an event whose item is described: log popularity."""
        profile_Z = self._profile(query)
        if not profile_Z.any():
            return self.popular_I
        part_W = profile_Z[self.value_W] * self.weight_W
        item_W = np.repeat(np.arange(len(self.popular_I)), np.diff(self.start_I))
        cosine_I = np.bincount(item_W, part_W, minlength=len(self.popular_I))
        return np.asarray((cosine_I + self.famous_I) / self.temperature, np.float32)

    def explain(self, query: Query, item: int) -> Reasons:
        """What each event adds, what each value of the item adds, and popularity.

        The events are one way to see the cosine, the values another: either sums to the score with popularity.
        """
        if not self._profile(query).any():
            return {"popularity": float(np.exp(self.popular_I[item]))}
        own = slice(self.start_I[item], self.start_I[item + 1])
        wanted_Z = np.zeros(len(self.names))
        wanted_Z[self.value_W[own]] = self.weight_W[own] / self.temperature
        event_L, value_Z = self._shares(query, wanted_Z)
        reasons = {f"event {place}": float(share) for place, share in enumerate(event_L) if share}
        reasons |= {self.names[value]: float(value_Z[value]) for value in np.flatnonzero(value_Z)}
        reasons["popularity"] = float(self.famous_I[item] / self.temperature)
        return dict(sorted(reasons.items(), key=lambda pair: -pair[1]))

    def _shares(self, query: Query, wanted_Z: Doubles) -> tuple[Doubles, Doubles]:
        """The product of the profile with these weights of values, by event and by value; shapes (L,) and (Z,)."""
        place_P, of_P = spans(self.start_I, query.history_L)
        age_L = np.arange(len(query.history_L))[::-1]
        value_P = self.value_W[place_P]
        amount_P = (self.decay**age_L)[of_P] * self.weight_W[place_P]
        length = np.linalg.norm(total(value_P, amount_P, len(self.names)))
        share_P = amount_P * wanted_Z[value_P] / (length or 1.0)
        return total(of_P, share_P, len(age_L)), total(value_P, share_P, len(self.names))

    def _profile(self, query: Query) -> Doubles:
        """What the user's items are, of length 1, shape (Z,); zero if none is described."""
        return self._shares(query, np.ones(len(self.names)))[1]


class ContentBased:
    """Describes items; there is little to learn."""

    name = "tastemaker-content-based"
    recipe_type: RecipeType = "USER_PERSONALIZATION"
    description = "Items that are like the user's items by categories and texts, new ones too."

    @dataclass(frozen=True)
    class Params:
        """Defaults were chosen on ML-100K; docs/recipes/tastemaker-content-based.md says how."""

        decay: float = hyperparameter(0.9, low=0.0, high=1.0, is_tunable=True)
        popularity: float = hyperparameter(1.0, low=0.0, high=10.0, is_tunable=True)

    def fit(self, data: TrainingData, params: Params, progress: Progress) -> Model:
        """O(W log W), and 8 bytes for each value of each item."""
        n_items = data.interactions.n_items
        described = vectors(data.item_categories, data.item_texts, n_items)
        progress(1, 2)
        users_I = users_per_item(data.interactions)
        famous_I = params.popularity * np.log1p(users_I) / np.log(2 + users_I.max(initial=0))
        share_I = (users_I + 1) / (users_I + 1).sum()
        progress(2, 2)
        return Model(
            described.start_I,
            described.value_W,
            described.weight_W,
            list(described.names),
            params.decay,
            famous_I.astype(np.float32),
            np.log(share_I).astype(np.float32),
            1.0,
        )


RECIPES: tuple[Recipe, ...] = (ContentBased(),)
