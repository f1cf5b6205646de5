"""New and rare items, which no history says anything of: each has the mean chance of the items it is most like.

Like by metadata (parts/metadata.py), so that a new item has its place in the lists of those who choose such items from
its first second.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tastemaker.data.interactions import Floats, Ints
from tastemaker.recipes.parts.metadata import Vectors

NEIGHBOURS = 10
NEW = 0.5  # how often a new item is taken to be chosen, relative to those it is like: most of these were chosen a lot
CELLS_AT_ONCE = 2_000_000  # similarities held at a time; with their order, 32 MB


@dataclass(frozen=True)
class Alike:
    """item_J: items that are not modelled and like some that are. place_JV, weight_JV: those, and the weight of each,
    which sum to 1 or less."""

    item_J: Ints = field(default_factory=lambda: np.zeros(0, np.int32))
    place_JV: NDArray[np.int32] = field(default_factory=lambda: np.zeros((0, 0), np.int32))
    weight_JV: Floats = field(default_factory=lambda: np.zeros((0, 0), np.float32))

    def chances(self, chance_M: Floats) -> Floats:
        """Of the items J, from those of the modelled ones, shape (J,)."""
        return np.asarray((chance_M[self.place_JV] * self.weight_JV).sum(axis=1), np.float32)


def alike(vectors: Vectors, modelled_M: Ints) -> Alike:
    """The neighbours of all items that are not modelled. O(values shared by pairs), in blocks."""
    from scipy.sparse import csr_array  # heavy: only training needs it

    n_items = len(vectors.start_I) - 1
    is_other_I = np.diff(vectors.start_I) > 0
    is_other_I[modelled_M] = False
    other_J = np.flatnonzero(is_other_I).astype(np.int32)
    if not len(other_J) or not len(modelled_M):
        return Alike()
    shape = (n_items, vectors.n_values)
    value_IV = csr_array((vectors.weight_W, vectors.value_W, vectors.start_I), shape=shape)
    modelled_VM = value_IV[modelled_M].T.tocsr()
    n_near = min(NEIGHBOURS, len(modelled_M))
    place_JV = np.zeros((len(other_J), n_near), np.int32)
    weight_JV = np.zeros((len(other_J), n_near), np.float32)
    block = max(1, CELLS_AT_ONCE // len(modelled_M))
    for first in range(0, len(other_J), block):
        rows = slice(first, first + block)
        near_BM = (value_IV[other_J[rows]] @ modelled_VM).toarray()
        place_JV[rows] = np.argpartition(-near_BM, n_near - 1, axis=1)[:, :n_near]
        weight_JV[rows] = np.take_along_axis(near_BM, place_JV[rows].astype(np.int64), axis=1)
    total_J = weight_JV.sum(axis=1, keepdims=True)
    weight_JV *= NEW / np.where(total_J > 0, total_J, 1)
    found = total_J[:, 0] > 0
    return Alike(other_J[found], place_JV[found], weight_JV[found])
