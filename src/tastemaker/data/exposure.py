"""How often things were shown to users, and how often one was chosen from what was shown.

Dimensions: I things of the catalogue.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tastemaker.data.interactions import Ints


@dataclass(frozen=True)
class Exposure:
    """shown_I: impressions of each thing. chosen_I: impressions that led to an event that counts. Shape (I,)."""

    shown_I: Ints
    chosen_I: Ints

    def and_then(self, lists: Sequence[tuple[str, Sequence[str], bool]], place: Mapping[str, int]) -> "Exposure":
        """With more lists: what was met with an event, what was shown, whether the event counts. Unknown ids pass."""
        shown_I, chosen_I = self.shown_I.copy(), self.chosen_I.copy()
        for met, shown, counts in lists:
            for name in dict.fromkeys(shown):
                at = place.get(name)
                if at is not None:
                    shown_I[at] += 1
                    chosen_I[at] += counts and name == met
        return Exposure(shown_I, chosen_I)


def nothing_shown(n_items: int) -> Exposure:
    """Before anything was shown."""
    return Exposure(np.zeros(n_items, np.int32), np.zeros(n_items, np.int32))
