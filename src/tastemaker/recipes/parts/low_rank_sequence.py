"""The linear sequence model of catalogues too large for a matrix over all pairs of items: the exact one for the items
chosen most, and for the others the same regression between vectors of items instead of the items themselves.

The vectors are the leading singular vectors of how often items follow each other closely; those on the left describe
items that came before, those on the right items that come next. The regression then has as many features as vectors
have places. What this costs in accuracy is measured in benchmarks/LOG.md.

Source of the decomposition: Halko, Martinsson and Tropp, "Finding structure with randomness", SIAM Review 2011.
Dimensions: K decays, M modelled items, D places of the vectors, F = K * D features, L events, N events of all users.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tastemaker.data.interactions import Floats, Ints, Longs
from tastemaker.recipes.parts.linear_sequence import LinearSequence
from tastemaker.recipes.parts.next_item_regression import reach

FOLLOWING = 3  # events after one that count as following it closely
EVENTS_MAX = 20_000_000  # of the users that come first: half of ML-1M's million is as good as all (benchmarks/LOG.md)
EXTRA, ROUNDS = 32, 2  # directions beside those wanted, and products with the matrix that sharpen them
USERS_AT_ONCE = 2048

Array = NDArray[np.float32]


@dataclass(frozen=True)
class LowRankSequence:
    """An event of item m, `age` events ago, adds sum_k decay_k**age * before_MD[m] @ across_KDD[k] @ after_MD.T."""

    decay_K: Floats
    before_MD: Array
    across_KDD: Array
    after_MD: Array

    def chances(self, place_L: Ints) -> Floats:
        """How likely each item comes next, shape (M,); an estimate that may be below zero. O(K * reach * D + M D)."""
        state_D = np.zeros(self.after_MD.shape[1], np.float32)
        for decay, across_DD in zip(self.decay_K, np.asarray(self.across_KDD), strict=True):
            place_l = place_L[-reach(float(decay)) :]
            weight_l = decay ** np.arange(len(place_l), dtype=np.float32)[::-1]
            state_D += (weight_l @ np.asarray(self.before_MD)[place_l]) @ across_DD
        return np.asarray(self.after_MD @ state_D)

    def shares(self, place_L: Ints, target: int) -> Floats:
        """What each event adds to the chance of one item, shape (L,)."""
        share_L = np.zeros(len(place_L), np.float32)
        for decay, across_DD in zip(self.decay_K, np.asarray(self.across_KDD), strict=True):
            place_l = place_L[-reach(float(decay)) :]
            weight_l = decay ** np.arange(len(place_l), dtype=np.float32)[::-1]
            wanted_D = across_DD @ np.asarray(self.after_MD)[target]
            share_L[len(share_L) - len(place_l) :] += weight_l * (np.asarray(self.before_MD)[place_l] @ wanted_D)
        return share_L

    def of_items(self, kept_m: Ints) -> "LowRankSequence":
        """The same for some of the modelled items only."""
        before_MD, after_MD = np.asarray(self.before_MD), np.asarray(self.after_MD)
        return replace(self, before_MD=before_MD[kept_m], after_MD=after_MD[kept_m])


@dataclass(frozen=True)
class HeadAndTail:
    """head_M: place of each modelled item among those that the exact model knows, -1 for the others."""

    exact: LinearSequence
    rough: LowRankSequence
    head_M: Ints

    def chances(self, place_L: Ints) -> Floats:
        """How likely each item comes next, shape (M,); of an item of the head, by the events with such items."""
        found_M = self.rough.chances(place_L)
        head_L = self.head_M[place_L]
        head_L = head_L[head_L >= 0]
        if len(head_L):
            found_M[self._of_head] = self.exact.chances(head_L)
        return found_M

    def shares(self, place_L: Ints, target: int) -> Floats:
        """What each event adds to the chance of one item, shape (L,)."""
        is_head_L = self.head_M[place_L] >= 0
        if self.head_M[target] < 0 or not is_head_L.any():
            return self.rough.shares(place_L, target)
        share_L = np.zeros(len(place_L), np.float32)
        share_L[is_head_L] = self.exact.shares(self.head_M[place_L[is_head_L]], int(self.head_M[target]))
        return share_L

    def of_items(self, kept_m: Ints) -> "HeadAndTail":
        """The same for some of the modelled items only."""
        kept_head_m = self.head_M[kept_m]
        in_head = kept_head_m[kept_head_m >= 0]
        head_M = np.full(len(kept_m), -1, np.int32)
        head_M[kept_head_m >= 0] = np.arange(len(in_head))
        return HeadAndTail(self.exact.of_items(in_head), self.rough.of_items(kept_m), head_M)

    @cached_property
    def _of_head(self) -> Ints:
        """The modelled items that the exact model knows, in its order."""
        return np.flatnonzero(self.head_M >= 0).astype(np.int32)


def low_rank(
    item_N: Ints,
    start_U: Longs,
    n_items: int,
    decay_K: Floats,
    l2: float,
    rank: int,
    seed: int,
    report: Callable[[float], object],
    weight_N: Floats | None = None,
) -> LowRankSequence:
    """The regression between the vectors. item_N: items of all users, one user after the other, oldest first.

    start_U: where the events of each user start, and the end. weight_N: what each event counts as a target. report:
    told the share of the work done. Time N * F**2 for at most EVENTS_MAX events, and a few products of `rank` columns
    with the pairs; memory 8 M * rank bytes and the pairs. Raises ValueError if l2 is too small.
    """
    from scipy.linalg import solve  # heavy: only training needs it

    item_N, start_U = of_first_users(item_N, start_U, EVENTS_MAX)
    before_MD, after_MD = vectors_of_followers(item_N, start_U, n_items, rank, seed)
    report(0.3)
    n_features = len(decay_K) * before_MD.shape[1]
    gram_FF = np.zeros((n_features, n_features), np.float64)
    target_FD = np.zeros((n_features, after_MD.shape[1]), np.float64)
    done = 0
    for feature_RF, next_R in _rows(item_N, start_U, before_MD, decay_K):
        wanted_RD = after_MD[item_N[next_R]]
        if weight_N is not None:
            wanted_RD = wanted_RD * weight_N[next_R, None]
        gram_FF += feature_RF.T @ feature_RF
        target_FD += feature_RF.T @ wanted_RD
        done += len(next_R)
        report(0.3 + 0.65 * done / len(item_N))
    # Coefficients of the items would be penalised; these are their projections on orthonormal vectors.
    gram_FF[np.diag_indices(n_features)] += l2
    try:
        across_FD = solve(gram_FF, target_FD, assume_a="pos")
    except np.linalg.LinAlgError:
        raise ValueError(f"Hyperparameter l2 is {l2}, too small for these data. Give ten times as much.") from None
    report(1.0)
    across_KDD = across_FD.reshape(len(decay_K), before_MD.shape[1], after_MD.shape[1]).astype(np.float32)
    return LowRankSequence(decay_K, before_MD, across_KDD, after_MD)


def of_first_users(item_N: Ints, start_U: Longs, events_max: int) -> tuple[Ints, Longs]:
    """The same of as many users as have at most so many events together, in their order; views, not copies."""
    start_U = start_U[: np.searchsorted(start_U, events_max, "right")]
    return item_N[: start_U[-1]], start_U


def vectors_of_followers(item_N: Ints, start_U: Longs, n_items: int, rank: int, seed: int) -> tuple[Array, Array]:
    """Orthonormal vectors of items as those that came before and as those that come next, each of shape (M, D).

    D is `rank`, or less where there are fewer items. Frequent items weigh by the square root of their counts, else a
    few of them would take all places.
    """
    from scipy.linalg import svd  # heavy: only training needs it

    follows = _followers(*of_first_users(item_N, start_U, EVENTS_MAX), n_items)
    rank = min(rank, n_items)
    width = min(n_items, rank + EXTRA)
    basis = np.random.default_rng(seed).standard_normal((n_items, width)).astype(np.float32)
    for _ in range(ROUNDS):
        basis = np.linalg.qr(follows @ basis)[0]
        basis = np.linalg.qr(follows.T @ basis)[0]
    left, _, right = svd(follows @ basis, full_matrices=False, check_finite=False)
    after_MD = basis @ right.T
    return np.ascontiguousarray(left[:, :rank], np.float32), np.ascontiguousarray(after_MD[:, :rank], np.float32)


def _followers(item_N: Ints, start_U: Longs, n_items: int) -> Any:
    """How often an item follows another closely, over the square root of how often both occur; sparse, (M, M)."""
    from scipy.sparse import coo_array  # heavy: only training needs it

    user_N = np.repeat(np.arange(len(start_U) - 1), np.diff(start_U))
    found: Any = coo_array((n_items, n_items), dtype=np.float32).tocsr()
    for lag in range(1, FOLLOWING + 1):
        old = np.flatnonzero(user_N[:-lag] == user_N[lag:])
        pair = (item_N[old], item_N[old + lag])
        found += coo_array((np.ones(len(old), np.float32), pair), shape=(n_items, n_items)).tocsr()
    scale_M = np.bincount(item_N, minlength=n_items).clip(1) ** -0.5
    found = found.tocoo()
    first, second = found.coords
    found.data *= (scale_M[first] * scale_M[second]).astype(np.float32)
    return found.tocsr()


def _rows(item_N: Ints, start_U: Longs, before_MD: Array, decay_K: Floats) -> Iterator[tuple[Array, Longs]]:
    """Decayed histories after each event that has a next one, shape (R, F), and the places of the next ones.

    Users of similar length go together, longest first, so that a step over all of them is one operation.
    """
    order = np.argsort(-np.diff(start_U), kind="stable")
    width = before_MD.shape[1]
    for first in range(0, len(order), USERS_AT_ONCE):
        start_B = start_U[:-1][order[first : first + USERS_AT_ONCE]]
        length_B = start_U[1:][order[first : first + USERS_AT_ONCE]] - start_B
        state_BKD = np.zeros((len(start_B), len(decay_K), width), np.float32)
        for step in range(int(length_B[0]) - 1 if len(length_B) else 0):
            n_left = int(np.searchsorted(-length_B, -(step + 1), "left"))  # those with another event after this one
            now = start_B[:n_left] + step
            state_BKD = state_BKD[:n_left]
            state_BKD *= decay_K[:, None]
            state_BKD += before_MD[item_N[now], None]
            yield state_BKD.reshape(n_left, -1), now + 1
