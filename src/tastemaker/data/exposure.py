"""What was shown of things, and which of them are so little known that they are worth showing.

Dimensions: N events, I things of the catalogue, C cold ones.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tastemaker.data.interactions import Bools, Floats, Ints, Longs

COLD_EVENTS = 15  # interactions from which on a model knows an item; the default of aws-hrnn-coldstart
FIT = 0.5  # power of the model's chance beside the drawn appeal: users get new items that suit them, and others, too

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Exposure:
    """shown_I: impressions of each thing. chosen_I: impressions that led to an event that counts. Shape (I,)."""

    shown_I: Ints
    chosen_I: Ints


def first_met(item_N: Ints, time_s_N: Longs, n_items: int) -> Doubles:
    """When each thing had its first event, in Unix seconds; inf without one; shape (I,)."""
    first_s_I = np.full(n_items, np.inf)
    np.minimum.at(first_s_I, item_N, time_s_N)
    return first_s_I


def is_cold(item_N: Ints, n_items: int) -> Bools:
    """Which things had few events, shape (I,)."""
    return np.bincount(item_N, minlength=n_items) < COLD_EVENTS


def fit(score_C: Floats) -> Floats:
    """How well cold things suit somebody, by the model's chances: relative to their mean, and dampened."""
    found: Floats = (score_C / max(float(score_C.mean()), 1e-30)) ** np.float32(FIT)
    return found
