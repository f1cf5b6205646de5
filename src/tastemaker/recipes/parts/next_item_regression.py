"""The closed form behind the linear sequence model: from histories to coefficients by one positive definite solve.

At event t of a user the features are x_k(t) = sum_{a <= t} decay_k**(t - a) e_{item(a)}, one block of features for each
decay k, and the target is the item that comes next. Ridge regression of the targets on the features needs two sums
over all events, the Gram matrix and its right-hand side. Both are sums over pairs of events of one user whose weight
depends on their distance and on how many events follow, so nothing of size events x items is ever built.

Dimensions: K decays, M modelled items, N events.
"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tastemaker.data.interactions import Floats, Ints, Longs

WEIGHT_MIN = 1e-3  # an event that counts less than this is as good as forgotten
EVENTS_AT_ONCE = 4096  # times the reach of the longest decay: about 20 MB of pairs
SOLVE_STEPS = 16  # the solve is most of the work; between its steps the job can be stopped

Doubles = NDArray[np.float64]
Array = NDArray[np.float32]


def reach(decay: float, horizon: float = 0.0) -> int:
    """How many events back the larger of the two still weighs WEIGHT_MIN; at least 1."""
    return max(1, int(np.log(WEIGHT_MIN) / np.log(max(decay, horizon, 1e-6))) + 1)


def coefficients(
    item_N: Ints,
    left_N: Longs,
    n_items: int,
    decay_K: Floats,
    l2: float,
    horizon: float,
    report: Callable[[float], object],
    weight_N: Floats | None = None,
) -> Array:
    """Coefficients of shape (K, M, M): how much item m in the history, by its decayed weight, speaks for each item.

    item_N: items of all users, one user after the other, oldest first, below n_items. left_N: events of the same user
    that follow. horizon: in [0, 1); the j-th item after the next one is a target, too, with weight horizon**j.
    weight_N: what each event counts as a target, 1 if not given: the coefficients then predict expected weight.
    report: told the share of the work done, 0 to 1. Cost: N * reach pairs, then (K M)**3 for the solve and twice
    4 (K M)**2 bytes. Raises ValueError if l2 is too small for the data.
    """
    from scipy.linalg import cho_factor, cho_solve  # heavy: servers answer without SciPy, only training needs it

    wanted_N = np.broadcast_to(np.float64(1), len(item_N)) if weight_N is None else weight_N.astype(np.float64)
    gram_FF, target_FM = _sums(item_N, left_N, wanted_N, n_items, decay_K, horizon, lambda share: report(0.3 * share))
    gram_FF[np.diag_indices_from(gram_FF)] += np.float32(l2)
    try:
        factor = cho_factor(gram_FF, lower=True, overwrite_a=True, check_finite=False)
    except np.linalg.LinAlgError:
        raise ValueError(f"Hyperparameter l2 is {l2}, too small for these data. Give ten times as much.") from None
    report(0.55)
    n_decays = len(decay_K)
    coefficient_KMM = np.empty((n_decays, n_items, n_items), np.float32)
    edges = np.linspace(0, n_items, min(SOLVE_STEPS, n_items) + 1).astype(int)
    for low, high in pairwise(edges):
        solved = cho_solve(factor, target_FM[:, low:high], overwrite_b=True, check_finite=False)
        coefficient_KMM[:, :, low:high] = solved.reshape(n_decays, n_items, high - low)
        report(0.55 + 0.45 * high / n_items)
    return coefficient_KMM


def _sums(
    item_N: Ints,
    left_N: Longs,
    wanted_N: Doubles,
    n: int,
    decay_K: Floats,
    horizon: float,
    report: Callable[[float], object],
) -> tuple[Array, Array]:
    """The lower triangle of the Gram matrix and the right-hand side, F = K * M features, both in Fortran order.

    One newer item at a time: its column then fits into the processor's cache, which makes adding up the pairs several
    times faster than one pass over all pairs for each distance.
    """
    decays = [float(decay) for decay in decay_K]
    gram_FF = np.zeros((len(decays) * n, len(decays) * n), np.float32, order="F")
    target_FM = np.zeros((len(decays) * n, n), np.float32, order="F")
    product_XY = {(x, y): decays[x] * decays[y] for x in range(len(decays)) for y in range(x + 1)}
    # The pairs of two different decays fall into two blocks, one the transpose of the other; only the lower is kept.
    upper_XYMM = {(y, x): np.zeros((n, n), np.float32) for x, y in product_XY if x != y}
    at_N = np.argsort(item_N, kind="stable")
    start_M = np.searchsorted(item_N[at_N], np.arange(n + 1))
    before_N = _before(left_N)
    reaches = [reach(decay, horizon) for decay in decays]
    lag_L = np.arange(1, max(reaches) + 1)
    feature_XL = [np.power(decay, lag_L[:r]) for decay, r in zip(decays, reaches, strict=True)]
    wanted_XL = [_target_weight(decay, horizon, lag_L[:r]) for decay, r in zip(decays, reaches, strict=True)]
    for new in range(n):
        for first in range(start_M[new], start_M[new + 1], EVENTS_AT_ONCE):
            at_B = at_N[first : min(first + EVENTS_AT_ONCE, start_M[new + 1])]
            lag_l = lag_L[: before_N[at_B].max()]
            follow_XYB = {pair: _still_counted(left_N[at_B], product) for pair, product in product_XY.items()}
            old_BL = np.where(lag_l <= before_N[at_B, None], item_N[at_B[:, None] - lag_l], n)  # n: before the first
            for x, r in enumerate(reaches):
                span = slice(x * n, (x + 1) * n)
                old_P = old_BL[:, :r].ravel()
                width = min(r, len(lag_l))
                target_FM[span, new] += _count(old_P, wanted_N[at_B], wanted_XL[x][:width], n)
                for y in range(len(decays)):  # feature x carries the older event, y the newer one
                    follow_B = follow_XYB[max(x, y), min(x, y)]
                    column_M = _count(old_P, follow_B, feature_XL[x][:width], n)
                    if x >= y:
                        gram_FF[span, y * n + new] += column_M
                    else:
                        upper_XYMM[x, y][new] += column_M
        if new % 64 == 0:
            report(new / n)
    _fold(gram_FF, upper_XYMM, item_N, left_N, product_XY, n)
    return gram_FF, target_FM


def _count(old_P: NDArray[np.int64], weight_B: Doubles, weight_L: Doubles, n: int) -> Doubles:
    """Sum of weight_B * weight_L over the pairs of each older item, shape (M,)."""
    return np.asarray(np.bincount(old_P, (weight_B[:, None] * weight_L).ravel(), minlength=n + 1)[:n], np.float64)


def _fold(
    gram_FF: Array,
    upper_XYMM: dict[tuple[int, int], Array],
    item_N: Ints,
    left_N: Longs,
    product_XY: dict[tuple[int, int], float],
    n: int,
) -> None:
    """Add to the sums over pairs (older, newer) what the mirrored pairs and each event with itself contribute."""
    for (x, y), product in product_XY.items():
        block = gram_FF[x * n : (x + 1) * n, y * n : (y + 1) * n]
        if x == y:
            block += block.T.copy()
        else:
            block += upper_XYMM[y, x]  # stored by newer item, which is already the transpose
        alone_M = np.bincount(item_N, _still_counted(left_N, product), minlength=n)
        block[np.diag_indices(n)] += alone_M.astype(np.float32)


def _before(left_N: Longs) -> Longs:
    """Events of the same user that come before each event."""
    place_N = np.arange(len(left_N))
    is_first_N = np.concatenate([[True], left_N[:-1] == 0])
    return place_N - np.maximum.accumulate(np.where(is_first_N, place_N, 0))


def _still_counted(left_N: Longs, product: float) -> Doubles:
    """sum of product**j for j below left_N: how much a pair of features weighs in all rows from the newer event on.

    The last event of a user starts no row: nothing follows that could be a target.
    """
    return np.asarray((1 - product**left_N) / (1 - product), np.float64)


def _target_weight(decay: float, horizon: float, lag_L: NDArray[np.int64]) -> Doubles:
    """How much an event speaks for the one lag_L later, over all rows between them; a row's targets sum to 1."""
    if abs(decay - horizon) < 1e-6:
        weight_L = lag_L * decay ** (lag_L - 1.0)
    else:
        weight_L = (decay**lag_L - horizon**lag_L) / (decay - horizon)
    return np.asarray((1 - horizon) * weight_L, np.float64)
