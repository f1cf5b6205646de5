"""How often things were shown to users, and how often one was chosen from what was shown.

Dimensions: I things of the catalogue.
"""

from dataclasses import dataclass

from tastemaker.data.interactions import Ints


@dataclass(frozen=True)
class Exposure:
    """shown_I: impressions of each thing. chosen_I: impressions that led to an event that counts. Shape (I,)."""

    shown_I: Ints
    chosen_I: Ints
