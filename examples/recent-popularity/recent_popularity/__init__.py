"""recent-popularity: what was chosen most lately, each choice counting half as much after some days."""

from dataclasses import dataclass

import numpy as np
from tastemaker.data.interactions import Floats, Query, TrainingData
from tastemaker.recipes.contract import Progress, Reasons, RecipeType, hyperparameter

DAY_S = 86_400


@dataclass(frozen=True)
class Model:
    """What was learned: arrays and plain numbers, so that saving and loading follow from it."""

    weight_I: Floats

    def scores(self, query: Query) -> Floats:
        """One score for each item of the catalogue, higher is better. query.history_L has the user's items."""
        return self.weight_I

    def explain(self, query: Query, item: int) -> Reasons:
        """What carried an item, largest share first; "event 3" is a place in the history."""
        return {"recent popularity": float(self.weight_I[item])}


class RecentPopularity:
    """The name that clients know it by, what it is for, its hyperparameters, and how it learns."""

    name = "recent-popularity"
    recipe_type: RecipeType = "POPULAR_ITEMS"
    description = "Items that were chosen most lately."

    @dataclass(frozen=True)
    class Params:
        """Each is stated once: training, DescribeAlgorithm and hyperparameter search read it here."""

        half_life_days: float = hyperparameter(30.0, low=1.0, high=365.0, is_tunable=True)

    def fit(self, data: TrainingData, params: Params, progress: Progress) -> Model:
        """A pure function of the data; no files, no clock, no network. Time: one pass over the events."""
        events = data.interactions
        age_days_N = (events.time_s_N.max(initial=0) - events.time_s_N) / DAY_S
        weight_N = 0.5 ** (age_days_N / params.half_life_days)
        weight_I = np.bincount(events.item_N, weight_N, minlength=events.n_items)
        progress(1, 1)
        return Model(weight_I.astype(np.float32))
