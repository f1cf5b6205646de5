"""How good the lists are: one function for each measure, one value for each user.

The documentation's measures are means over test users; the values of single users are kept apart from their mean
because intervals are made of them. Dimensions: U users, K places of the list, best first.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]
Items = NDArray[np.int32]
Counts = NDArray[np.int64]


def hits(recommended_UK: Items, truths: Sequence[Items]) -> Bools:
    """True where the k-th recommended item is one of the user's true items, shape (U, K)."""
    hit_UK = [np.isin(row_K, truth) for row_K, truth in zip(recommended_UK, truths, strict=True)]
    return np.array(hit_UK, np.bool_).reshape(recommended_UK.shape)


def reciprocal_rank(hit_UK: Bools, cut: int) -> Doubles:
    """1 / rank of the first hit within the cut, 0 without one; shape (U,)."""
    hit_UC = hit_UK[:, :cut]
    return np.asarray(np.where(hit_UC.any(axis=1), 1 / (1 + hit_UC.argmax(axis=1)), 0.0), np.float64)


def ndcg(hit_UK: Bools, n_relevant_U: Counts, cut: int) -> Doubles:
    """NDCG at the cut, shape (U,): place p weighs 1 / log(1 + p), the best list starts with all true items it can hold.

    n_relevant_U: different true items of each user. Raises ValueError if a user has none: that is no zero.
    Source: Järvelin and Kekäläinen, TOIS 2002, with binary gains.
    """
    _each_has_some(n_relevant_U)
    weight_C = 1 / np.log(np.arange(2, cut + 2))
    hit_UC = hit_UK[:, :cut]
    ideal_U = np.cumsum(weight_C)[np.minimum(n_relevant_U, cut) - 1]
    return np.asarray(hit_UC @ weight_C[: hit_UC.shape[1]] / ideal_U, np.float64)


def weighted_ndcg(recommended_UK: Items, truths: Sequence[Items], weights: Sequence[Floats], cut: int) -> Doubles:
    """NDCG at the cut with a gain for each true item: the largest weight among the user's events with it; shape (U,).

    "Gains are the weights of the events, normalised so that the mean weight is 1" (guide, metrics with event weights).
    """
    discount_C = 1 / np.log(np.arange(2, cut + 2))
    found_U = np.zeros(len(truths))
    for user, (list_K, truth, weight) in enumerate(zip(recommended_UK[:, :cut], truths, weights, strict=True)):
        gain: dict[int, float] = {}
        for item, worth in zip(truth.tolist(), weight.tolist(), strict=True):
            gain[item] = max(worth, gain.get(item, 0.0))
        gain_K = np.array([gain.get(item, 0.0) for item in list_K.tolist()])
        ideal = np.sort(np.array(list(gain.values())))[::-1][:cut]
        found_U[user] = gain_K @ discount_C[: len(gain_K)] / (ideal @ discount_C[: len(ideal)])
    return found_U


def precision(hit_UK: Bools, cut: int) -> Doubles:
    """Hits within the cut / cut, also if the list is shorter than the cut; shape (U,)."""
    return np.asarray(hit_UK[:, :cut].sum(axis=1) / cut, np.float64)


def recall(hit_UK: Bools, n_relevant_U: Counts, cut: int) -> Doubles:
    """Hits within the cut / true items, shape (U,). Raises ValueError if a user has no true item."""
    _each_has_some(n_relevant_U)
    return np.asarray(hit_UK[:, :cut].sum(axis=1) / n_relevant_U, np.float64)


def f1(hit_UK: Bools, n_relevant_U: Counts, cut: int) -> Doubles:
    """Harmonic mean of precision and recall at the cut, 0 without a hit; shape (U,).

    That is 2 * hits / (cut + true items). Raises ValueError if a user has no true item.
    Source: van Rijsbergen, Information Retrieval, 1979, with both weighing the same.
    """
    _each_has_some(n_relevant_U)
    return np.asarray(2 * hit_UK[:, :cut].sum(axis=1) / (cut + n_relevant_U), np.float64)


def average_precision(hit_UK: Bools, n_relevant_U: Counts, cut: int) -> Doubles:
    """Precision at the place of each hit within the cut, summed, / true items that the cut can hold; shape (U,).

    A hit comes at most once for each true item, so that a perfect list has 1. The mean over users is MAP at the cut.
    Raises ValueError if a user has no true item.
    Source: Manning, Raghavan and Schütze, Introduction to Information Retrieval, 2008, section 8.4; theirs has no cut.
    """
    _each_has_some(n_relevant_U)
    hit_UC = hit_UK[:, :cut]
    precision_UC = np.cumsum(hit_UC, axis=1) / np.arange(1, hit_UC.shape[1] + 1)
    return np.asarray((precision_UC * hit_UC).sum(axis=1) / np.minimum(n_relevant_U, cut), np.float64)


def hit_rate(hit_UK: Bools, cut: int) -> Doubles:
    """1 for a user with a hit within the cut, 0 for others; shape (U,)."""
    return np.asarray(hit_UK[:, :cut].any(axis=1), np.float64)


def coverage(recommended_UK: Items, n_items_known: int) -> float:
    """Different items recommended to anybody / items known. Raises ValueError if no item is known.

    Negative numbers stand behind the end of a list that is shorter than others, and are no items.
    """
    if n_items_known < 1:
        raise ValueError("Coverage is a share of the items known, and no item is known.")
    return int((np.unique(recommended_UK) >= 0).sum()) / n_items_known


def _each_has_some(n_relevant_U: Counts) -> None:
    if (n_relevant_U < 1).any():
        raise ValueError(f"User {int(np.argmin(n_relevant_U))} of the test has no true item. Leave such users out.")
