"""The eight measures that GetSolutionMetrics shows, and the intervals around a mean.

Keys and definitions: guide, "Evaluating a solution version with metrics". Values are not rounded here.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tastemaker.data.interactions import Floats, Ints, Query
from tastemaker.data.ranking import top
from tastemaker.metrics import ranking

LIST_LENGTH = 25
CUTS = (5, 10, 25)


class Scores(Protocol):
    """What is measured: every model of a recipe, and anything else that scores the catalogue."""

    def scores(self, query: Query) -> Floats:
        """Shape (I,), higher is better."""
        ...


def report(
    model: Scores,
    queries: Sequence[Query],
    truths: Sequence[Ints],
    n_items_known: int,
    truth_weights: Sequence[Floats] | None = None,
) -> dict[str, float]:
    """The documented keys -> their values over test users.

    queries: what is asked for each user. truths: the items that followed, not empty.
    n_items_known: different items in Interactions and Items, for coverage. truth_weights: what finding each of the
    true items is worth, with a mean of 1; adds the measure with event weights.
    Items seen before stay in the lists, as the service leaves them. Raises ValueError without a test user.
    """
    return measures(recommended(model, queries), truths, n_items_known, truth_weights)


def recommended(model: Scores, queries: Sequence[Query], length: int = LIST_LENGTH) -> NDArray[np.int32]:
    """The list that each user would get, best first, shape (U, min(length, I)). Raises ValueError without a user."""
    if not queries:
        raise ValueError("There is no test user: it takes two users, one of them with two interactions.")
    return np.array([top(model.scores(query), None, length) for query in queries], np.int32)


def measures(
    recommended_UK: NDArray[np.int32],
    truths: Sequence[Ints],
    n_items_known: int,
    truth_weights: Sequence[Floats] | None = None,
) -> dict[str, float]:
    """The documented keys -> their values for these lists; arguments as in `report`."""
    hit_UK = ranking.hits(recommended_UK, truths)
    n_relevant_U = np.array([len(np.unique(truth)) for truth in truths], np.int64)
    found = {
        "coverage": ranking.coverage(recommended_UK, n_items_known),
        "mean_reciprocal_rank_at_25": float(ranking.reciprocal_rank(hit_UK, 25).mean()),
    }
    for cut in CUTS:
        gain = float(ranking.ndcg(hit_UK, n_relevant_U, cut).mean())
        found[f"normalized_discounted_cumulative_gain_at_{cut}"] = gain
    for cut in CUTS:
        found[f"precision_at_{cut}"] = float(ranking.precision(hit_UK, cut).mean())
    if truth_weights is not None:
        gain_U = ranking.weighted_ndcg(recommended_UK, truths, truth_weights, LIST_LENGTH)
        found["normalized_discounted_cumulative_gain_with_event_weights_at_k"] = float(gain_U.mean())
    return found


def interval(value_U: NDArray[np.float64], *, seed: int, level: float = 0.95, draws: int = 1000) -> tuple[float, float]:
    """Between which values the mean of such users lies, by drawing users with replacement (percentile bootstrap).

    Raises ValueError without a user. Source: Efron, Annals of Statistics 1979.
    """
    if len(value_U) == 0:
        raise ValueError("There is no interval around the mean of no users.")
    rng = np.random.default_rng(seed)
    mean_D = np.array([value_U[rng.integers(0, len(value_U), len(value_U))].mean() for _ in range(draws)])
    low, high = np.quantile(mean_D, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
