"""The linear sequence model: next item from the history, each event's say decaying with its age, all in closed form.

Trained in seconds, it is far above item-to-item models on data in which order matters, and every chance is a sum over
the events of the history, so that it can be explained exactly.

The regression's targets are 1 for the item that came next and 0 for the others, so it estimates chances.

Source: ridge regression on items as in Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019, carried
from sets to sequences: features are decayed histories at two speeds, targets the items that follow.
Dimensions: K decays, M modelled items, L events.
"""

from dataclasses import dataclass, replace

import numpy as np

from tastemaker.data.interactions import Floats, Ints
from tastemaker.recipes.parts.next_item_regression import reach


@dataclass(frozen=True)
class LinearSequence:
    """coefficient_KMM: what an event of item m, `age` events ago, adds: sum_k decay_k**age * coefficient_k[m]."""

    decay_K: Floats
    coefficient_KMM: Floats

    def chances(self, place_L: Ints) -> Floats:
        """How likely each item comes next, shape (M,); an estimate that may be below zero. O(K * reach * M)."""
        found_M = sum(
            weight_l @ coefficient_MM[place_l] for weight_l, place_l, coefficient_MM in self._windows(place_L)
        )
        return np.asarray(found_M)

    def shares(self, place_L: Ints, target: int) -> Floats:
        """What each event adds to the chance of one item, shape (L,)."""
        share_L = np.zeros(len(place_L), np.float32)
        for weight_l, place_l, coefficient_MM in self._windows(place_L):
            share_L[len(share_L) - len(place_l) :] += weight_l * coefficient_MM[place_l, target]
        return share_L

    def of_items(self, kept_m: Ints) -> "LinearSequence":
        """The same for some of the modelled items only."""
        coefficient_KMM = np.asarray(self.coefficient_KMM)
        if len(kept_m) == coefficient_KMM.shape[1]:
            return self
        return replace(self, coefficient_KMM=coefficient_KMM[:, kept_m][:, :, kept_m])

    def _windows(self, place_L: Ints) -> list[tuple[Floats, Ints, Floats]]:
        """For each decay: the weights of the events that still count, their places, and the coefficients."""
        windows = []
        for decay, coefficient_MM in zip(self.decay_K, np.asarray(self.coefficient_KMM), strict=True):
            place_l = place_L[-reach(float(decay)) :]
            windows.append((decay ** np.arange(len(place_l), dtype=np.float32)[::-1], place_l, coefficient_MM))
        return windows
