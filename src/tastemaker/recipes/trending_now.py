"""aws-trending-now: items by how much their number of interactions grew from one interval of time to the next."""

from dataclasses import dataclass

import numpy as np

from tastemaker.data.interactions import Floats, Interactions, Ints, Query, TrainingData
from tastemaker.recipes.contract import Progress, Reasons, Recipe, RecipeType, Traits, hyperparameter
from tastemaker.recipes.parts.popularity import share_of_best, users_per_item

INTERVALS_S = {"30 minutes": 1800, "1 hour": 3600, "2 hours": 7200, "3 hours": 10_800, "1 day": 86_400}


@dataclass(frozen=True)
class Model:
    """growth_I: interactions in the newest interval minus those of the one before; share_I: popularity, 0 to 1.

    interval_s: how long an interval is.
    """

    growth_I: Floats
    share_I: Floats
    interval_s: int

    def scores(self, query: Query) -> Floats:  # noqa: ARG002  the same for every query
        """Growth, and among equals popularity, shape (I,)."""
        score_I: Floats = (self.growth_I + self.share_I / 2).astype(np.float32)
        return score_I

    def explain(self, query: Query, item: int) -> Reasons:  # noqa: ARG002
        """By how many interactions the item grew."""
        return {"growth": float(self.growth_I[item]), "popularity": float(self.share_I[item])}

    def extended(self, _: Ints, data: TrainingData) -> "Model":
        """The trends of these data: nothing is kept of the old ones, so it does not matter where items were."""
        return trends(data.interactions, self.interval_s)


def trends(events: Interactions, interval_s: int) -> Model:
    """Growth from the last interval but one to the last, which ends with the newest event. O(N).

    "If there are no interactions in the last two intervals, popular items are returned" (guide, Trending-Now): items
    without any there come by popularity, between those that grow and those that shrink.
    """
    ago_N = (int(events.time_s_N.max(initial=0)) - events.time_s_N) // interval_s
    counts = [np.bincount(events.item_N[ago_N == ago], minlength=events.n_items) for ago in (0, 1)]
    growth_I = counts[0] - counts[1]
    users_I = users_per_item(events)
    growth_I[users_I == 0] = growth_I.min(initial=0) - 1  # what nobody chose comes after what shrinks
    return Model(growth_I.astype(np.float32), share_of_best(users_I).astype(np.float32), interval_s)


class TrendingNow:
    """Counts two intervals that end with the newest event; without any growth the most popular items come first."""

    name = "aws-trending-now"
    recipe_type: RecipeType = "POPULAR_ITEMS"
    description = "Items whose interactions grow fastest, the same for everybody."
    traits = Traits(batch_inference=False)

    @dataclass(frozen=True)
    class Params:
        """How long an interval is."""

        trend_discovery_frequency: str = hyperparameter("2 hours", choices=tuple(INTERVALS_S), is_feature=True)

    def fit(self, data: TrainingData, params: Params, progress: Progress) -> Model:
        """O(N)."""
        model = trends(data.interactions, INTERVALS_S[params.trend_discovery_frequency])
        progress(1, 1)
        return model

    def refresh_s(self, params: Params) -> float:
        """One interval."""
        return float(INTERVALS_S[params.trend_discovery_frequency])


RECIPES: tuple[Recipe, ...] = (TrendingNow(),)
