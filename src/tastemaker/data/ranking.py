"""From scores to lists: the k best, and what a score means as a probability."""

from dataclasses import dataclass

import numpy as np

from tastemaker.data.interactions import Bools, Floats, Ints

AT_ONCE = 16_384  # scores: 128 KB in double precision
CLOSE = np.float32(1e-6)  # ten times the difference of scores whose probabilities differ in single precision


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
    return chances(score_I, scale(score_I))


@dataclass(frozen=True)
class Scale:
    """What makes a score s of a catalogue a probability: exp(s - best) / total."""

    best: float
    total: float


def scale(score_I: Floats) -> Scale:
    """The scale of the softmax over these scores, which needs no probability of each. O(I)."""
    best = float(score_I.max(initial=-np.inf))
    # In double precision, of as many as stay in the cache: whole arrays of a million go through memory four times.
    blocks = (score_I[start : start + AT_ONCE] for start in range(0, len(score_I), AT_ONCE))
    return Scale(best, float(sum(np.exp(block_B.astype(np.float64) - best).sum() for block_B in blocks)))


def chances(score_K: Floats, of: Scale) -> Floats:
    """Probabilities of some scores, by the scale of the whole catalogue."""
    return np.asarray(np.exp(score_K.astype(np.float64) - of.best) / of.total, np.float32)


def likeliest(score_I: Floats, of: Scale, k: int) -> tuple[Ints, Floats]:
    """The k best of the whole catalogue and their probabilities: `top` of the softmax, without that of every item."""
    if k >= len(score_I):
        chance_I = chances(score_I, of)
        best_K = top(chance_I, None, k)
        return best_K, chance_I[best_K]
    bound = np.partition(score_I, len(score_I) - k)[len(score_I) - k]
    # Probabilities of scores so close to each other may be equal, and then the order is that of positions.
    place_B = np.flatnonzero(score_I >= bound - CLOSE).astype(np.int32)
    chance_B = chances(score_I[place_B], of)
    best_K = top(chance_B, None, k)
    return place_B[best_K], chance_B[best_K]
