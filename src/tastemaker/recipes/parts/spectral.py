"""Item vectors to start from: the leading eigenvectors of how much more often than by chance items follow each other.

Source: positive pointwise mutual information of co-occurrence, as in Levy and Goldberg, "Neural Word Embedding as
Implicit Matrix Factorization", NeurIPS 2014; co-occurrence here fades with the distance between two events of a user.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tastemaker.data.interactions import Ints, Longs

DECAY = 0.7
REACH = 20  # events between two that still count; 0.7**20 is below a thousandth

Array = NDArray[np.float32]


def spectral_vectors(item_N: Ints, left_N: Longs, n_items: int, width: int) -> Array:
    """Shape (M, D), with a standard deviation of 1 / sqrt(D). Items that nothing goes with are at zero.

    item_N: items of all users, one user after the other, oldest first. left_N: events of the same user that follow.
    Time N * REACH for the pairs, then `width` eigenvectors of a sparse (M, M) matrix. Deterministic.
    """
    from scipy.sparse import coo_array  # heavy: only training needs it
    from scipy.sparse.linalg import eigsh  # heavy, too

    if n_items < 3:
        return np.eye(n_items, width, dtype=np.float32)
    near: Any = coo_array((n_items, n_items), dtype=np.float32).tocsr()  # pairs meet often: fewer than lags * N stay
    for lag in range(1, REACH + 1):
        old = np.flatnonzero(left_N >= lag)
        pair = (item_N[old], item_N[old + lag])
        weight = np.full(len(old), DECAY**lag, np.float32)
        near += coo_array((weight, pair), shape=(n_items, n_items)).tocsr()
    near += near.T
    near.setdiag(0)
    near = near.tocoo()
    total_M = np.asarray(near.sum(axis=0)).ravel() + 1e-9
    first, second = near.coords
    lift = near.data * (total_M.sum() / (total_M[first] * total_M[second]))
    held = lift > 1
    excess = coo_array((np.log(lift[held]), (first[held], second[held])), shape=near.shape).tocsr()
    rank = min(width, n_items - 1)
    value_R, vector_MR = eigsh(excess, k=rank, v0=np.ones(n_items, np.float32))
    found_MD = np.zeros((n_items, width), np.float32)
    found_MD[:, :rank] = _signed(vector_MR) * np.sqrt(np.maximum(value_R, 0))
    spread = float(found_MD.std())
    return found_MD / np.float32(spread * width**0.5) if spread > 0 else found_MD


def _signed(vector_MR: NDArray[np.floating]) -> Array:
    """Each vector with its largest part positive: which of the two a solver finds is chance."""
    largest_R = np.abs(vector_MR).argmax(axis=0)
    sign_R = np.sign(vector_MR[largest_R, np.arange(vector_MR.shape[1])])
    return np.asarray(vector_MR * np.where(sign_R == 0, 1, sign_R), np.float32)
