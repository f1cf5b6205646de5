"""What lists of related items are like: how popular, how fresh, and how close to the item they stand beside.

The service names these three for aws-semantic-similarity and defines none of them; keys and definitions are ours.
One value for each list; NaN where a measure is not about it, which its mean then leaves out.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from tastemaker.data.interactions import Floats, Ints, Longs
from tastemaker.metrics.beyond_accuracy import Popularity, mean_popularity

Doubles = NDArray[np.float64]


def related_measures(
    lists: Sequence[Ints],
    asked: Sequence[int],
    known: Popularity,
    created_s_I: Longs | None,
    similarity_of: Callable[[int], Floats],
) -> dict[str, float]:
    """The three keys -> their means over lists; without a CREATION_TIMESTAMP there is no freshness.

    asked: the item beside which each list stands. similarity_of: how alike all items are to one, shape (I,).
    """
    found = {"item_popularity": mean_popularity(lists, known)}
    if created_s_I is not None:
        found["item_freshness"] = freshness(lists, created_s_I)
    found["item_similarity"] = similarity(lists, asked, similarity_of)
    return {name: float(np.nanmean(value_U)) for name, value_U in found.items() if not np.isnan(value_U).all()}


def freshness(lists: Sequence[Ints], created_s_I: Longs) -> Doubles:
    """The mean share of dated items that are older than the listed ones, equals counting half; shape (U,).

    0.5 is a list as old as the catalogue; one of the newest items alone comes near 1. Items without a date, 0, are
    left out.
    """
    dated_s = np.sort(created_s_I[created_s_I > 0])
    rank_I = (np.searchsorted(dated_s, created_s_I, "left") + np.searchsorted(dated_s, created_s_I, "right")) / 2
    share_I = np.where(created_s_I > 0, rank_I / max(1, len(dated_s)), np.nan)
    return np.array([_mean(share_I[each]) for each in lists], np.float64)


def similarity(lists: Sequence[Ints], asked: Sequence[int], similarity_of: Callable[[int], Floats]) -> Doubles:
    """The mean similarity of the listed items to the one asked for, itself left out; shape (U,)."""
    pairs = zip(lists, asked, strict=True)
    return np.array([_mean(similarity_of(item)[each[each != item]]) for each, item in pairs], np.float64)


def _mean(value_K: NDArray[np.floating]) -> float:
    there_K = value_K[~np.isnan(value_K)]
    return float(there_K.mean()) if len(there_K) else float("nan")
