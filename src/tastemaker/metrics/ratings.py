"""How far predicted ratings are from those that were given, beside two predictions that know no taste.

Errors are kept by user, so that intervals can be drawn over users, as for lists.
Dimensions: U tested users, R rated events of one of them.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tastemaker.data.interactions import Floats, Interactions, Ints, Query
from tastemaker.data.ratings import biases, rated
from tastemaker.metrics.bootstrap import Ratio
from tastemaker.metrics.report import Scores

Doubles = NDArray[np.float64]


def errors(model: Scores, queries: Sequence[Query], truths: Sequence[Ints], values: Sequence[Floats]) -> list[Doubles]:
    """Predicted - given rating of every rated event, for each user, shape (R,); empty for users who rated nothing.

    queries: what is asked for each user. truths, values: the items that followed, and their ratings, NaN for none.
    """
    found = []
    for query, truth, value in zip(queries, truths, values, strict=True):
        is_rated = ~np.isnan(value)
        if is_rated.any():
            found.append((model.scores(query)[truth] - value)[is_rated].astype(np.float64))
        else:
            found.append(np.zeros(0))
    return found


def squared(errors_U: Sequence[Doubles]) -> Ratio:
    """The mean squared error over all ratings, by user; the RMSE is the square root of its value."""
    return Ratio(np.array([float(error_R @ error_R) for error_R in errors_U]), _counts(errors_U))


def absolute(errors_U: Sequence[Doubles]) -> Ratio:
    """The mean absolute error over all ratings, by user."""
    return Ratio(np.array([float(np.abs(error_R).sum()) for error_R in errors_U]), _counts(errors_U))


def rmse(errors_U: Sequence[Doubles]) -> float:
    """Root of the mean squared error over all ratings. Raises ValueError without a rating."""
    return math.sqrt(_value(squared(errors_U)))


def mae(errors_U: Sequence[Doubles]) -> float:
    """Mean absolute error over all ratings. Raises ValueError without a rating."""
    return _value(absolute(errors_U))


@dataclass(frozen=True)
class Mean:
    """Predicts the mean of all ratings, whoever asks for whatever."""

    mean: float
    n_items: int

    def scores(self, query: Query) -> Floats:  # noqa: ARG002  the same for every query
        """Shape (I,)."""
        return np.full(self.n_items, self.mean, np.float32)


def baselines(train: Interactions) -> Mapping[str, Scores]:
    """What a model of ratings has to beat: the mean of these ratings, and mean + user + item.

    The bias of a user comes from the history of the query, so that users who are held out have theirs.
    """
    found = biases(rated(train))
    return {"global_mean": Mean(found.mean, train.n_items), "bias": found}


def _counts(errors_U: Sequence[Doubles]) -> Doubles:
    return np.array([len(error_R) for error_R in errors_U], np.float64)


def _value(ratio: Ratio) -> float:
    if ratio.value is None:
        raise ValueError("There is no rating to measure by: no tested event has an EVENT_VALUE.")
    return ratio.value
