"""aws-sims: items chosen by the same people; not personal, and without item metadata.

"Unknown item or too little data: popular items" (guide, SIMS recipe).
Source: Linden et al., "Amazon.com Recommendations: Item-to-Item Collaborative Filtering", IEEE Internet Computing 2003;
the discount between count, cosine and correlation is described in parts/neighbours.py.
"""

from dataclasses import dataclass

import numpy as np

from tastemaker.data.interactions import Floats, Ints, Longs, Query, TrainingData
from tastemaker.recipes.contract import Progress, Reasons, Recipe, RecipeType, hyperparameter
from tastemaker.recipes.parts.lengths import of_users_within, within_percentiles
from tastemaker.recipes.parts.neighbours import neighbours
from tastemaker.recipes.parts.popularity import below, users_per_item

POPULAR_STAY = (
    "Items above the percentile are the ones most often asked about, and would be answered with what is popular: on "
    "ML-1M that halves NDCG@10 (benchmarks/LOG.md). The discount factor weighs popularity already."
)


@dataclass(frozen=True)
class Model:
    """Neighbours of every item as in parts/neighbours.py; users_I: different users who chose each item."""

    start_I: Longs
    item_V: Ints
    shared_V: Floats
    similarity_V: Floats
    users_I: Longs

    def scores(self, query: Query) -> Floats:
        """Similarity to the query's item, then the other items by popularity, then the query's item; shape (I,)."""
        best_I = np.full(len(self.users_I), -np.inf, np.float32)
        if query.item is not None:
            span = slice(self.start_I[query.item], self.start_I[query.item + 1])
            best_I[self.item_V[span]] = self.similarity_V[span]
        score_I = below(best_I, self.users_I)
        if query.item is not None:
            score_I[query.item] = score_I.min() - 1
        return score_I

    def explain(self, query: Query, item: int) -> Reasons:
        """How many users chose both items; for an item that is no neighbour, how many chose it."""
        if query.item is not None:
            span = slice(self.start_I[query.item], self.start_I[query.item + 1])
            place_K = np.flatnonzero(self.item_V[span] == item)
            if len(place_K):
                return {"users who chose both": float(self.shared_V[span][place_K[0]])}
        return {"popularity": float(self.users_I[item])}


class Sims:
    """Counts which items share users."""

    name = "aws-sims"
    recipe_type: RecipeType = "RELATED_ITEMS"
    description = "Items that were chosen by the users who chose this one."

    @dataclass(frozen=True)
    class Params:
        """The documented ones, and how many neighbours are kept."""

        popularity_discount_factor: float = hyperparameter(0.5, low=0.0, high=1.0, is_tunable=True)
        min_cointeraction_count: int = hyperparameter(3, low=0, high=10, is_tunable=True)
        min_user_history_length_percentile: float = hyperparameter(0.005, low=0.0, high=1.0, is_feature=True)
        max_user_history_length_percentile: float = hyperparameter(0.995, low=0.0, high=1.0, is_feature=True)
        min_item_interaction_count_percentile: float = hyperparameter(0.01, low=0.0, high=1.0, is_feature=True)
        max_item_interaction_count_percentile: float = hyperparameter(
            0.9, low=0.0, high=1.0, is_feature=True, effect=False, why=POPULAR_STAY
        )
        neighbours_max: int = hyperparameter(500, low=1, high=5000)  # as many as a request may ask for

    def fit(self, data: TrainingData, params: Params, progress: Progress) -> Model:
        """Time as in `neighbours`; the model takes 12 bytes for each neighbour of each item."""
        events = data.interactions
        chosen = of_users_within(
            events, params.min_user_history_length_percentile, params.max_user_history_length_percentile
        )
        keep_I = within_percentiles(
            np.bincount(events.item_N, minlength=events.n_items).astype(np.int64),
            params.min_item_interaction_count_percentile,
            1.0,
        )
        near = neighbours(
            chosen,
            keep_I,
            params.popularity_discount_factor,
            params.min_cointeraction_count,
            params.neighbours_max,
            progress,
        )
        return Model(near.start_I, near.item_V, near.shared_V, near.similarity_V, users_per_item(events))


RECIPES: tuple[Recipe, ...] = (Sims(),)
