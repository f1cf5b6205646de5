"""How far a measure would have moved, had chance sent other users into the test.

Users are drawn with replacement, as many as there are, a thousand times; between the quantiles of what comes out lies
the interval (percentile bootstrap: Efron, Annals of Statistics 1979). Two rankings are compared on the same draws, so
that what is hard for both cancels out (Koehn, EMNLP 2004, calls it paired bootstrap resampling).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

LEVEL = 0.95
DRAWS = 1000


@dataclass(frozen=True)
class Ratio:
    """One measure, by user: its value is upper_U.sum() / lower_U.sum().

    So a mean has 1 below for every user, 0 for those whom it is not about; and a ratio of two means has its two parts.
    """

    upper_U: Doubles
    lower_U: Doubles

    @property
    def value(self) -> float | None:
        """None if it is about none of the users: an empty mean is not a zero."""
        below = float(self.lower_U.sum())
        return float(self.upper_U.sum()) / below if below else None


def mean(value_U: Doubles) -> Ratio:
    """A mean over the users who have a value; NaN stands for none."""
    is_there_U = ~np.isnan(value_U)
    return Ratio(np.where(is_there_U, value_U, 0.0), is_there_U.astype(np.float64))


def ratio_of_means(upper_U: Doubles, lower_U: Doubles) -> Ratio:
    """The one mean / the other, both over the users who have both; NaN stands for none."""
    is_there_U = ~(np.isnan(upper_U) | np.isnan(lower_U))
    return Ratio(np.where(is_there_U, upper_U, 0.0), np.where(is_there_U, lower_U, 0.0))


@dataclass(frozen=True)
class Interval:
    """Between which values something lies, with a chance of LEVEL."""

    low: float
    high: float


def intervals(
    measures: Mapping[str, Ratio], others: Mapping[str, Ratio] | None = None, *, seed: int, draws: int = DRAWS
) -> tuple[dict[str, Interval], dict[str, Interval]]:
    """The interval of each measure, and of measure - other where there is another of the same name, on the same draws.

    A measure that is about nobody is left out. Same seed, same users: same intervals. O(draws * users).
    """
    there = [name for name, each in measures.items() if each.value is not None]
    compared = [name for name in there if others and name in others and others[name].value is not None]
    if not there:
        return {}, {}
    ratios = [measures[name] for name in there] + [others[name] for name in compared if others]
    value_DM, other_DM = np.split(_drawn(ratios, seed, draws), [len(there)], axis=1)
    difference_DM = value_DM[:, [there.index(name) for name in compared]] - other_DM
    return _between(there, value_DM), _between(compared, difference_DM)


def _drawn(ratios: list[Ratio], seed: int, draws: int) -> Doubles:
    """The value of each ratio over users drawn with replacement, shape (draws, ratios); NaN if it was about nobody."""
    part_UM = np.stack([each.upper_U for each in ratios] + [each.lower_U for each in ratios], axis=1)
    rng, n_users = np.random.default_rng(seed), len(part_UM)
    sum_DM = np.stack(
        [np.bincount(rng.integers(0, n_users, n_users), minlength=n_users) @ part_UM for _ in range(draws)]
    )
    upper_DM, lower_DM = np.split(sum_DM, 2, axis=1)
    return np.divide(upper_DM, lower_DM, out=np.full_like(upper_DM, np.nan), where=lower_DM > 0)


def _between(names: list[str], value_DM: Doubles) -> dict[str, Interval]:
    tail = (1 - LEVEL) / 2
    if not names:
        return {}
    low_M, high_M = np.nanquantile(value_DM, [tail, 1 - tail], axis=0)
    return {name: Interval(float(low), float(high)) for name, low, high in zip(names, low_M, high_M, strict=True)}
