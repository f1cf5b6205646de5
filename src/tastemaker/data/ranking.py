"""From scores to lists: the k best, and what a score means as a probability."""

import numpy as np

from tastemaker.data.interactions import Bools, Floats, Ints


def top(score_I: Floats, allowed_I: Bools | None, k: int) -> Ints:
    """Positions of the k best allowed items, best first; equal scores in order of position. O(I).

    allowed_I None: all. Fewer than k come back when fewer are allowed.
    """
    if allowed_I is not None:
        place_A = np.flatnonzero(allowed_I).astype(np.int32)
        return place_A[top(score_I[place_A], None, k)]
    if k >= len(score_I):
        return np.argsort(-score_I, kind="stable").astype(np.int32)
    # All items that reach the k-th best score, in order of position, so that a stable sort settles ties the same way.
    bound = np.partition(score_I, len(score_I) - k)[len(score_I) - k]
    place_B = np.flatnonzero(score_I >= bound)
    return place_B[np.argsort(-score_I[place_B], kind="stable")[:k]].astype(np.int32)


def softmax(score_I: Floats) -> Floats:
    """Probabilities that sum to one, shape (I,): exp(s_i) / sum_j exp(s_j)."""
    if len(score_I) == 0:
        return score_I
    weight_I = np.exp(score_I.astype(np.float64) - score_I.max())
    return np.asarray(weight_I / weight_I.sum(), np.float32)
