"""Which items are chosen by the same people: counts of shared users, cut to the best neighbours of every item.

Shared by the recipes that answer "related to this item". Counted in blocks of items, so that the memory needed is
bounded by `PAIRS_AT_ONCE` and by the neighbours kept, not by the square of the catalogue.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from tastemaker.data.interactions import Bools, Floats, Interactions, Ints, Longs
from tastemaker.recipes.contract import Progress
from tastemaker.recipes.parts.popularity import first_choices

if TYPE_CHECKING:
    from scipy import sparse

PAIRS_AT_ONCE = 20_000_000  # pairs of events counted in one block: at most 240 MB
REPORTS = 40  # blocks are made small enough that progress is told at least this often

Numbers = NDArray[np.float32] | NDArray[np.int32]
Kept = TypeVar("Kept", Floats, Ints)


@dataclass(frozen=True)
class Neighbours:
    """Item i has the neighbours item_V[start_I[i]:start_I[i + 1]], best first, with their counts and similarities.

    shared_V: users who chose both. similarity_V: above 0, at most 1.
    """

    start_I: Longs
    item_V: Ints
    shared_V: Floats
    similarity_V: Floats


def neighbours(
    events: Interactions,
    keep_I: Bools,
    popularity_discount: float,
    shared_min: int,
    kept_max: int,
    progress: Progress,
) -> Neighbours:
    """The best `kept_max` neighbours of every item, among the items that keep_I says.

    Similarity is shared / (n_i**(1 - f) * n_j**f), n the users of each item and f the popularity discount: 0 gives the
    share of the item's users who chose the neighbour, so that popular items win; 0.5 the cosine; 1 the share of the
    neighbour's users who chose the item, which popularity does not help. Time: the sum of squared history lengths.
    """
    pairs = first_choices(events)
    pairs = pairs.where(keep_I[pairs.item_N])
    ones_N = np.ones(len(pairs), np.float32)
    from scipy import sparse  # heavy: servers answer without SciPy, only training needs it

    by_user = sparse.csr_matrix((ones_N, (pairs.user_N, pairs.item_N)), (events.n_users, events.n_items))
    by_item = by_user.T.tocsr()
    users_I = np.diff(by_item.indptr)
    source_I = np.maximum(users_I, 1.0) ** (1 - popularity_discount)
    target_I = np.maximum(users_I, 1.0) ** popularity_discount
    n_found_I = np.zeros(events.n_items, np.int64)
    item_blocks: list[Ints] = []
    shared_blocks: list[Floats] = []
    similarity_blocks: list[Floats] = []
    for low, high in blocks(by_user, by_item):
        shared = (by_item[low:high] @ by_user).tocoo()
        source_P, target_P = shared.row + low, shared.col
        fine_P = (shared.data >= max(1, shared_min)) & (source_P != target_P)
        source_P, target_P, shared_P = source_P[fine_P], target_P[fine_P], shared.data[fine_P]
        similarity_P = (shared_P / (source_I[source_P] * target_I[target_P])).astype(np.float32)
        source_V, item_V, shared_V, similarity_V = best(source_P, target_P, shared_P, similarity_P, kept_max)
        n_found_I[low:high] = np.bincount(source_V - low, minlength=high - low)
        item_blocks.append(item_V.astype(np.int32))
        shared_blocks.append(shared_V)
        similarity_blocks.append(similarity_V)
        progress(high, events.n_items)
    start_I = np.concatenate([[0], np.cumsum(n_found_I)]).astype(np.int64)
    return Neighbours(start_I, _joined(item_blocks), _joined(shared_blocks), _joined(similarity_blocks))


def _joined(array_blocks: list[Kept]) -> Kept:
    """One array of all; the list is emptied, so that of a large model only one array is in memory twice."""
    joined = np.concatenate(array_blocks)
    array_blocks.clear()
    return joined


def blocks(by_user: "sparse.csr_matrix", by_item: "sparse.csr_matrix") -> Iterator[tuple[int, int]]:
    """Ranges of items, each with at most PAIRS_AT_ONCE pairs of events unless a single item has more."""
    length_U = np.diff(by_user.indptr)
    work_N = np.concatenate([[0], np.cumsum(length_U[by_item.indices], dtype=np.int64)])
    work_I = work_N[by_item.indptr]  # pairs of all items before this one
    limit = min(PAIRS_AT_ONCE, max(1, int(work_I[-1]) // REPORTS))
    n_items, low = by_item.shape[0], 0
    while low < n_items:
        high = max(low + 1, int(np.searchsorted(work_I, work_I[low] + limit, side="right")) - 1)
        yield low, high
        low = high


def best(
    source_P: Ints, target_P: Ints, shared_P: Floats, similarity_P: Floats, kept_max: int
) -> tuple[Ints, Ints, Floats, Floats]:
    """The kept_max most similar of each source, sorted by source, then best first; equal ones by shared, then place.

    Every pair occurs once, and sources increase. Only those kept are sorted, as an item has many more.
    """
    is_kept_P = np.ones(len(source_P), np.bool_)
    edges = np.concatenate([[0], np.flatnonzero(np.diff(source_P)) + 1, [len(source_P)]])
    for source in np.flatnonzero(np.diff(edges) > kept_max).tolist():
        span = slice(edges[source], edges[source + 1])
        is_kept_P[span] = _are_first(kept_max, -similarity_P[span], -shared_P[span], target_P[span])
    source_V, target_V = source_P[is_kept_P], target_P[is_kept_P]
    shared_V, similarity_V = shared_P[is_kept_P], similarity_P[is_kept_P]
    order_V = np.lexsort((target_V, -shared_V, -similarity_V, source_V))
    return source_V[order_V], target_V[order_V], shared_V[order_V], similarity_V[order_V]


def _are_first(n: int, key_X: Numbers, *keys: Numbers) -> Bools:
    """The n smallest by the first key, equal ones by the next, and so on; no two are equal in all. O(X)."""
    limit = np.partition(key_X, n - 1)[n - 1]
    is_first_X: Bools = key_X < limit
    equal = np.flatnonzero(key_X == limit)
    n_left = n - int(np.count_nonzero(is_first_X))
    if len(equal) > n_left:
        equal = equal[_are_first(n_left, *(key_X[equal] for key_X in keys))]
    is_first_X[equal] = True
    return is_first_X
