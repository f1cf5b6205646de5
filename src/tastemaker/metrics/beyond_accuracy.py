"""What lists are like besides right or wrong: how varied, how well known, how close to what their users are like.

One function for each measure, one value for each user; NaN where a measure is not about the user, whom its mean then
leaves out. Lists and histories are positions of items, one array for each user; an item counts once in a history.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tastemaker.data.interactions import Categories, Interactions, Ints, Longs

if TYPE_CHECKING:
    from scipy import sparse

Doubles = NDArray[np.float64]

USERS_MAX = 20_000  # whose choices say how alike two items are; a cosine over more of them is hardly more certain
LISTS_AT_ONCE = 256  # bounds the memory: 256 * 20 000 numbers, 40 MB
STEADY = 0.01  # the part of the history's distribution that is mixed into the list's (Steck's alpha)


@dataclass(frozen=True)
class Popularity:
    """Who chose what before the test. users_I: different users of each item. n_users: users with any event."""

    users_I: Longs
    n_users: int

    @property
    def share_I(self) -> Doubles:
        """The share of users who chose each item."""
        return self.users_I / max(1, self.n_users)


def popularity(events: Interactions) -> Popularity:
    """How many users chose each item; one who chose it ten times counts once."""
    pair_P = np.unique(events.user_N.astype(np.int64) * max(1, events.n_items) + events.item_N)
    users_I = np.bincount(pair_P % max(1, events.n_items), minlength=events.n_items)
    return Popularity(users_I.astype(np.int64), len(np.unique(events.user_N)))


def novelty(lists: Sequence[Ints], known: Popularity) -> Doubles:
    """The mean surprise of the listed items, in bits: -log2 of the share of users who chose the item; shape (U,).

    An item that nobody chose counts as if one user had. Source: Zhou et al., PNAS 2010 (self-information).
    """
    information_I = -np.log2(np.maximum(known.users_I, 1) / max(1, known.n_users))
    return _mean_over(lists, information_I)


def mean_popularity(lists: Sequence[Ints], known: Popularity) -> Doubles:
    """The mean share of users who chose the items, shape (U,).

    Popularity bias is its mean for what is listed / its mean for what the same users had chosen before: 1 for lists as
    popular as their users' tastes. Source: group average popularity of Abdollahpouri et al., RMSE workshop at RecSys
    2019, whose measure is this ratio - 1.
    """
    return _mean_over(lists, known.share_I)


def diversity(lists: Sequence[Ints], events: Interactions) -> Doubles:
    """1 - the mean cosine between two items of the list, by the users who chose them; shape (U,).

    An item that nobody chose is like none; a list of fewer than two items has no value. Users beyond USERS_MAX are
    thinned out evenly. Equal lists are computed once.
    Source: intra-list similarity of Ziegler et al., WWW 2005; as a distance Vargas and Castells, RecSys 2011.
    """
    vectors = _vectors(events)
    different = {each.tobytes(): each for each in lists}
    values: dict[bytes, float] = {}
    names = list(different)
    for start in range(0, len(names), LISTS_AT_ONCE):
        block = names[start : start + LISTS_AT_ONCE]
        found_B = _diversity([different[name] for name in block], vectors)
        values |= dict(zip(block, found_B.tolist(), strict=True))
    return np.array([values[each.tobytes()] for each in lists], np.float64)


def divergence(lists: Sequence[Ints], histories: Sequence[Ints], column: Categories) -> Doubles:
    """How far the list's mix of categories is from the history's: Kullback-Leibler, in nats, 0 for equal; shape (U,).

    An item with n values gives 1 / n to each. STEADY keeps the value finite where the list lacks a category. Users of
    whose history or list no item has a value have none themselves. Source: Steck, "Calibrated recommendations", RecSys
    2018, equations 2 to 5, all items weighing the same.
    """
    from scipy import sparse  # heavy: servers answer without SciPy

    n_values_I = np.diff(column.start_I)
    share_V = np.repeat(1 / np.maximum(n_values_I, 1), n_values_I)
    mix = sparse.csr_matrix((share_V, column.value_V, column.start_I), (len(n_values_I), len(column.names)))
    found = []
    for start in range(0, len(lists), LISTS_AT_ONCE):
        block = slice(start, start + LISTS_AT_ONCE)
        wanted_BG = _distribution(histories[block], mix)
        given_BG = (1 - STEADY) * _distribution(lists[block], mix) + STEADY * wanted_BG
        ratio_BG = np.divide(wanted_BG, given_BG, out=np.ones_like(wanted_BG), where=wanted_BG > 0)
        found.append((wanted_BG * np.log(ratio_BG)).sum(axis=1))
    return np.concatenate(found) if found else np.zeros(0)


def _distribution(chosen: Sequence[Ints], mix: "sparse.csr_matrix") -> Doubles:
    """The mean mix of the users' items that have a value, shape (U, G); NaN for a user without any."""
    total_UG = np.asarray((_members(chosen, mix.shape[0]) @ mix).toarray(), np.float64)
    size_U = total_UG.sum(axis=1, keepdims=True)
    found_UG = np.full_like(total_UG, np.nan)
    np.divide(total_UG, size_U, out=found_UG, where=size_U > 0)
    return found_UG


def _diversity(lists: Sequence[Ints], vectors: "sparse.csr_matrix") -> Doubles:
    # The squared length of a sum of unit vectors is their number and every pair's cosine twice.
    sums = _members(lists, vectors.shape[0]) @ vectors
    length_B = np.asarray(sums.multiply(sums).sum(axis=1), np.float64).reshape(-1)
    has_users_I = np.diff(vectors.indptr) > 0
    alike_B = length_B - np.array([has_users_I[each].sum() for each in lists])
    pairs_B = np.array([len(each) * (len(each) - 1.0) for each in lists])
    cosine_B = np.full(len(lists), np.nan)
    np.divide(alike_B, pairs_B, out=cosine_B, where=pairs_B > 0)
    return 1 - cosine_B


def _vectors(events: Interactions) -> "sparse.csr_matrix":
    """Of each item a vector of length 1 over the users who chose it, shape (I, U)."""
    from scipy import sparse  # heavy: servers answer without SciPy

    users = np.unique(events.user_N)
    users = users[:: -(-len(users) // USERS_MAX) or 1]
    pair_P = np.unique(events.item_N.astype(np.int64) * max(1, events.n_users) + events.user_N)
    item_P, user_P = pair_P // max(1, events.n_users), pair_P % max(1, events.n_users)
    is_kept_P = np.isin(user_P, users)
    item_P, user_P = item_P[is_kept_P], user_P[is_kept_P]
    length_I = np.sqrt(np.bincount(item_P, minlength=events.n_items))
    return sparse.csr_matrix((1 / length_I[item_P], (item_P, user_P)), (events.n_items, events.n_users))


def _members(chosen: Sequence[Ints], n_items: int) -> "sparse.csr_matrix":
    """1 where the user has the item, shape (U, I)."""
    from scipy import sparse  # heavy: servers answer without SciPy

    start_U = np.concatenate([[0], np.cumsum([len(each) for each in chosen])]).astype(np.int64)
    items = np.concatenate([np.zeros(0, np.int32), *chosen])
    return sparse.csr_matrix((np.ones(len(items)), items, start_U), (len(chosen), n_items))


def _mean_over(lists: Sequence[Ints], value_I: Doubles) -> Doubles:
    return np.array([value_I[each].mean() if len(each) else np.nan for each in lists], np.float64)
