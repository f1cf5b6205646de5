"""How good a solution version is, for people: its lists for held-out users judged from all sides.

GetSolutionMetrics keeps the documented figures; this is what `tastemaker metrics` shows beside them.
"""

from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np

from tastemaker.data.interactions import Floats, Query, TrainingData
from tastemaker.data.ranking import top
from tastemaker.data.splits import Split
from tastemaker.metrics import evaluation as judged
from tastemaker.metrics.beyond_accuracy import popularity
from tastemaker.metrics.evaluation import Answered, Known, Lists
from tastemaker.metrics.related import related_measures
from tastemaker.metrics.report import LIST_LENGTH
from tastemaker.metrics.trends import newest_period, trend_prediction_accuracy
from tastemaker.recipes.contract import Model, Recipe, silent
from tastemaker.recipes.trending_now import INTERVALS_S
from tastemaker.resources.kind import Body

USERS_MAX = 5_000  # judged; with as many, intervals are narrower than what matters


@dataclass(frozen=True)
class HeldOut:
    """What the test of a training leaves for a closer look. list_UK: of each test user, best first."""

    split: Split
    list_UK: Lists


def evaluation(found: HeldOut, data: TrainingData, n_items_known: int, seed: int) -> Body:
    """All measures of the lists beside the popularity baseline, which knows the training users alone, as the model did.

    Of more than USERS_MAX test users a sample is judged; coverage is then of the sample, too.
    """
    split = found.split
    n_tested = len(split.queries)
    users = list(range(n_tested))
    if n_tested > USERS_MAX:
        users = np.sort(np.random.default_rng(seed).permutation(n_tested)[:USERS_MAX]).tolist()
    test = Answered(found.list_UK, split.truths, [query.history_L for query in split.queries]).of(users)
    known = Known(split.train, n_items_known, data.item_categories)
    return {"test_users": n_tested, **judged.evaluation(test, LIST_LENGTH, known, seed=seed)}


def period_s_of(params: Any) -> int:
    """In which time a proposed action is to be taken, by the parameters of its recipe, or by the documented default."""
    return 86_400 * int(getattr(params, "action_optimization_period", 14))


@runtime_checkable
class Compares(Protocol):
    """A model that can say how alike items are, whoever asks."""

    def similarity(self, item: int) -> Floats:
        """Of all items to this one, shape (I,)."""
        ...


def likeness_measures(model: Model, found: HeldOut, data: TrainingData) -> dict[str, float]:
    """The documented measures of a recipe that compares items; {} for others."""
    if not isinstance(model, Compares):
        return {}
    split = found.split
    asked = [(row, query.item) for row, query in enumerate(split.queries) if query.item is not None]
    lists = [found.list_UK[row] for row, _ in asked]
    known = popularity(split.train)
    return related_measures(lists, [item for _, item in asked], known, data.item_created_s, model.similarity)


def trend_measures(recipe: Recipe, params: Any, data: TrainingData) -> dict[str, float]:
    """The documented measure of a recipe that looks for trends; {} for others, and for data of a single period.

    Its split is by time: the recipe learns from what came before the newest interval, and is held against that.
    """
    frequency = getattr(params, "trend_discovery_frequency", None)
    if frequency is None:
        return {}
    period = newest_period(data.interactions, INTERVALS_S[frequency])
    if not len(period.train):
        return {}
    model = recipe.fit(replace(data, interactions=period.train), params, silent)
    foretold_K = top(model.scores(Query()), None, LIST_LENGTH)
    return {"trend_prediction_accuracy": trend_prediction_accuracy(foretold_K, period.growth_I)}
