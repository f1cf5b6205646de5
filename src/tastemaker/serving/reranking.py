"""Dials: how a list departs from the plain order of relevance, item by item from the first place to the last.

Each place gets the candidate that is worth most there: relevant, unlike the items above (maximal marginal relevance:
Carbonell and Goldstein, SIGIR 1998), as popular as wished, and such that the list's mix of categories stays close to
that of the user's history (calibration: Steck, RecSys 2018).

Dimensions: P candidates, G categories, K places.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tastemaker.data.interactions import Floats, Ints, Longs
from tastemaker.filters import Texts

CANDIDATES = 200  # best items that are reordered
DISLIKED = 2.0  # what likeness to a disliked item costs, where relevance spans 1: the item itself goes to the end
STEADY = 0.01  # the part of the history's mix that is mixed into the list's (Steck's alpha)


@dataclass(frozen=True)
class Dials:
    """diversity, calibration: 0 to 1; popularity: -1 to 1, below 0 for what few know. dislikes: types of events that
    lower their item and what is like it."""

    diversity: float = 0.0
    popularity: float = 0.0
    calibration: float = 0.0
    dislikes: tuple[str, ...] = ()


PLAIN = Dials()


@dataclass(frozen=True)
class Candidates:
    """score_P: best first. events_P: how often each was met. mix_PG: which categories each has, 1 / n each, zeros for
    none. history_G: the mix of the user's history, zeros for none. disliked_P: likeness to what the user dislikes."""

    score_P: Floats
    events_P: Longs
    mix_PG: Floats
    history_G: Floats
    disliked_P: Floats


def reordered(found: Candidates, dials: Dials, k: int) -> Longs:
    """Places of the k candidates of the list among all, in its order; O(k * P * G)."""
    worth_P = _relevance(found.score_P) + dials.popularity * (_spread(np.log1p(found.events_P)) - 0.5)
    worth_P = worth_P - DISLIKED * found.disliked_P
    direction_PG = _directions(found.mix_PG)
    nearest_P = np.zeros(len(worth_P))
    taken_P = np.zeros(len(worth_P), np.bool_)
    listed_G = np.zeros(found.mix_PG.shape[1], np.float32)
    picked: list[int] = []
    for _ in range(min(k, len(worth_P))):
        value_P = (1 - dials.diversity) * worth_P + dials.diversity * (1 - nearest_P)
        if dials.calibration and found.history_G.any():
            near_P = np.exp(-_divergence(found.history_G, listed_G + found.mix_PG))
            value_P = (1 - dials.calibration) * value_P + dials.calibration * near_P
        best = int(np.argmax(np.where(taken_P, -np.inf, value_P)))
        picked.append(best)
        taken_P[best] = True
        nearest_P = np.maximum(nearest_P, direction_PG @ direction_PG[best])
        listed_G += found.mix_PG[best]
    return np.array(picked, np.int64)


def measures(found: Candidates, place_K: Longs) -> dict[str, float]:
    """What the dials move, of a list: 1 - the mean likeness of two items by categories; the mean popularity among the
    candidates, 0 to 1; how far the mix of categories is from the history's, in nats. Rounded to four digits."""
    direction_KG = _directions(found.mix_PG[place_K])
    n = len(place_K)
    likeness = (direction_KG @ direction_KG.T).sum() - np.square(direction_KG).sum()
    told = {
        "diversity": 1 - likeness / (n * (n - 1)) if n > 1 else 1.0,
        "popularity": float(_spread(np.log1p(found.events_P))[place_K].mean()) if n else 0.0,
    }
    if found.history_G.any() and found.mix_PG[place_K].any():
        told["divergence"] = float(_divergence(found.history_G, found.mix_PG[place_K].sum(axis=0)[None])[0])
    return {name: round(float(value), 4) for name, value in told.items()}


def likeness(mix_PG: Floats, mix_JG: Floats) -> Floats:
    """The cosine of each candidate's categories with those of each other item, shape (P, J)."""
    return np.asarray(_directions(mix_PG) @ _directions(mix_JG).T, np.float32)


def mixes(columns: Sequence[Texts], place_P: Ints) -> Floats:
    """The categories of items by these columns, each row adding up to 1, or to 0 without any; shape (P, G)."""
    blocks = [_mix(column, place_P) for column in columns]
    if not blocks:
        return np.zeros((len(place_P), 1), np.float32)
    mix_PG = np.concatenate(blocks, axis=1)
    return np.asarray(mix_PG / np.maximum(mix_PG.sum(axis=1, keepdims=True), 1e-9), np.float32)


def _mix(column: Texts, place_P: Ints) -> Floats:
    categories = column.categories
    values = [categories.value_V[categories.start_I[place] : categories.start_I[place + 1]] for place in place_P]
    used, code_V = np.unique(np.concatenate([np.zeros(0, np.int32), *values]), return_inverse=True)
    mix_PG = np.zeros((len(place_P), len(used)), np.float32)
    rows = np.repeat(np.arange(len(place_P)), [len(each) for each in values])
    mix_PG[rows, code_V] = 1.0
    return mix_PG


def _relevance(score_P: Floats) -> Floats:
    """Between 0 and 1: chances by their logarithms, other scores as they are."""
    is_chance = len(score_P) and score_P.min() > 0
    return _spread(np.log(score_P) if is_chance else score_P)


def _spread(value_P: NDArray[np.floating[Any]]) -> Floats:
    """Between 0 for the lowest and 1 for the highest."""
    if not len(value_P):
        return value_P.astype(np.float32)
    return np.asarray((value_P - value_P.min()) / max(float(np.ptp(value_P)), 1e-9), np.float32)


def _directions(mix_PG: Floats) -> Floats:
    return np.asarray(mix_PG / np.maximum(np.linalg.norm(mix_PG, axis=1, keepdims=True), 1e-9), np.float32)


def _divergence(wanted_G: Floats, listed_PG: Floats) -> Floats:
    """Kullback-Leibler of the mix of lists from the wanted one, in nats; shape (P,)."""
    wanted_G = wanted_G / wanted_G.sum()
    listed_PG = listed_PG / np.maximum(listed_PG.sum(axis=1, keepdims=True), 1e-9)
    mixed_PG = (1 - STEADY) * listed_PG + STEADY * wanted_G
    has_G = wanted_G > 0
    return np.asarray((wanted_G[has_G] * np.log(wanted_G[has_G] / mixed_PG[:, has_G])).sum(axis=1), np.float32)
