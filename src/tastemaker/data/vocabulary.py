"""Ids as the outside knows them, and the positions by which arrays know them."""

from collections.abc import Iterable, Sequence
from functools import cached_property


class Vocabulary:
    """A list of distinct ids; an id's place in it is its position in every array."""

    def __init__(self, ids: Sequence[str]) -> None:
        self.ids = ids

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def position(self) -> dict[str, int]:
        """id -> position; made at the first look-up."""
        return {name: place for place, name in enumerate(self.ids)}

    def positions(self, ids: Iterable[str]) -> list[int]:
        """Positions of those ids that are known, in the order given."""
        position = self.position
        return [position[name] for name in ids if name in position]
