"""Recipes side by side on one split of one data set: their lists, their ratings, and what they cost.

Each recipe learns with its default hyperparameters from the same events and is asked for the same users. Items of a
user's history are left out of the lists, and of what is to be found, unless `repeats`: mostly one looks for something
new, and a recipe should not be judged by a filter that a request would have.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from tastemaker.data.interactions import Ints, Query, TrainingData
from tastemaker.data.ranking import top
from tastemaker.data.splits import Split
from tastemaker.metrics.bootstrap import Ratio, intervals
from tastemaker.metrics.evaluation import Answered, accuracy
from tastemaker.metrics.ranking import coverage
from tastemaker.metrics.ratings import baselines
from tastemaker.metrics.report import Scores
from tastemaker.recipes.contract import Progress, Recipe, traits
from tastemaker.resources.kind import Body
from tastemaker.training.ratings import compared, judged_ratings

LENGTH = 10
LISTS = ("USER_PERSONALIZATION", "POPULAR_ITEMS", "RELATED_ITEMS")
BASELINE = "aws-popularity-count"
GAIN, PRECISION, HIT_RATE = (
    f"{name}_at_{LENGTH}" for name in ("normalized_discounted_cumulative_gain", "precision", "hit_rate")
)

Measures = dict[str, Ratio]


@dataclass(frozen=True)
class Contest:
    """What every recipe is given. split: of `data`, its queries knowing what `data` say. n_items: for coverage."""

    data: TrainingData
    split: Split
    n_items: int
    seed: int
    repeats: bool = False

    @property
    def asked(self) -> tuple[list[Query], list[Ints]]:
        """The queries that have something to be found, and that."""
        if self.repeats:
            return self.split.queries, self.split.truths
        new = [
            np.setdiff1d(truth, query.history_L)
            for query, truth in zip(self.split.queries, self.split.truths, strict=True)
        ]
        pairs = [(query, truth) for query, truth in zip(self.split.queries, new, strict=True) if len(truth)]
        return [query for query, _ in pairs], [truth for _, truth in pairs]


@dataclass(frozen=True)
class Entry:
    """What one recipe came to. found: figures for people and programs. measures: by user, to compare others with."""

    recipe: str
    found: Body
    measures: Measures = field(default_factory=dict)


def entry(recipe: Recipe, contest: Contest, watch: Progress, baseline: Measures | None = None) -> Entry:
    """Train and judge one recipe. Costs are CPU time of all threads. Raises what the recipe raises.

    baseline: the measures of another entry; the gain then is called better, worse or unsure, by the interval of the
    difference for the same users.
    """
    started_s = time.process_time()
    model = recipe.fit(replace(contest.data, interactions=contest.split.train), recipe.Params(), watch)
    trained_s = time.process_time()
    queries, truths = contest.asked
    list_UK = lists(model, queries, repeats=contest.repeats)
    user_ms = 1000 * (time.process_time() - trained_s) / len(queries)
    measures = accuracy(Answered(list_UK, truths, [query.history_L for query in queries]), LENGTH)
    around, apart = intervals({GAIN: measures[GAIN]}, baseline, seed=contest.seed)
    found: Body = {
        "ndcg": measures[GAIN].value,
        "interval": [around[GAIN].low, around[GAIN].high],
        "vs_popularity": compared(apart.get(GAIN)),
        "precision": measures[PRECISION].value,
        "hit_rate": measures[HIT_RATE].value,
        "coverage": coverage(list_UK[list_UK >= 0], contest.n_items),
        "train_cpu_s": trained_s - started_s,
        "user_ms": user_ms,
        "users": len(queries),
    }
    if traits(recipe).plain_scores:
        models = {**baselines(contest.split.train), "": model}
        found |= judged_ratings(models, contest.data.interactions, contest.split, contest.seed).get("", {})
    return Entry(recipe.name, found, measures)


def rating_baselines(contest: Contest) -> dict[str, Body]:
    """RMSE and MAE of the mean and of the bias model; empty if no truth is rated."""
    return judged_ratings(baselines(contest.split.train), contest.data.interactions, contest.split, contest.seed)


def lists(model: Scores, queries: Sequence[Query], *, repeats: bool) -> NDArray[np.int32]:
    """LENGTH items for each query, best first, shape (U, LENGTH); -1 behind the end of a shorter list."""
    list_UK = np.full((len(queries), LENGTH), -1, np.int32)
    for user, query in enumerate(queries):
        score_I = model.scores(query)
        allowed_I = None
        if not repeats:
            allowed_I = np.ones(len(score_I), np.bool_)
            allowed_I[query.history_L] = False
        best_K = top(score_I, allowed_I, LENGTH)
        list_UK[user, : len(best_K)] = best_K
    return list_UK
