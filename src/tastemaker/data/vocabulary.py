"""Ids as the outside knows them, and the positions by which arrays know them.

As Python strings in a dict, a million ids take 200 MB in every process that answers. Here they are three arrays of 26
MB together, mapped from the artifact, so that all processes share them; text is made of what is looked at.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any, Protocol, overload
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from tastemaker.data.interactions import Ints, Longs

AT_ONCE = 65_536  # ids made into text together
KEPT_MAX = 16_384  # texts that are kept, those asked for first: all of a small catalogue, 2 MB at most of a large one

Bytes = NDArray[np.uint8]


class Vocabulary(Sequence[str]):
    """A list of distinct ids; an id's place in it is its position in every array.

    Only "" may be there more than once: it stands for users who were forgotten, and has no position.
    """

    def __init__(self, byte_B: Bytes, end_I: Longs, slot_S: Ints | None = None) -> None:
        """byte_B: the UTF-8 bytes of all ids. end_I: where each ends. slot_S: see `slots`; made when first needed."""
        self.byte_B, self.end_I = byte_B, end_I
        self._given_S = slot_S
        self._bytes, self._ends = byte_B.data, end_I.data  # their items are quicker than those of arrays
        self._kept: dict[int, str] = {}

    @classmethod
    def of(cls, ids: Sequence[str]) -> "Vocabulary":
        """The vocabulary of these ids, in their order."""
        if isinstance(ids, Vocabulary):
            return ids
        encoded = [name.encode() for name in ids]
        end_I = np.cumsum([len(name) for name in encoded], dtype=np.int64)
        return cls(np.frombuffer(b"".join(encoded), np.uint8), end_I)

    @property
    def slot_S(self) -> Ints:
        """The table by which `position` finds ids."""
        return self.position.slot_S

    @cached_property
    def position(self) -> "Positions":
        """id -> position."""
        return Positions(self, self._given_S)

    def named(self, places: Sequence[int]) -> list[str]:
        """The ids at these places."""
        kept, look_up = self._kept, self._looked_up
        try:
            return [kept[place] for place in places]
        except KeyError:
            return [kept[place] if place in kept else str(look_up(place)) for place in places]

    def positions(self, ids: Iterable[str]) -> list[int]:
        """Positions of those ids that are known, in the order given."""
        found = (self.position.get(name) for name in ids)
        return [place for place in found if place is not None]

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        name = self._kept.get(place) if type(place) is int else None
        return self._looked_up(place) if name is None else name

    def _looked_up(self, place: int | slice) -> str | list[str]:
        if isinstance(place, slice):
            start, end, step = place.indices(len(self))
            return self._texts(start, end) if step == 1 else [self[each] for each in range(start, end, step)]
        if place < 0:
            place += len(self)
        if not 0 <= place < len(self):
            raise IndexError(f"position {place} of {len(self)}")
        end = self._ends[place]
        name = str(self._bytes[self._ends[place - 1] if place else 0 : end], "utf-8")
        if len(self._kept) < KEPT_MAX:
            self._kept[int(place)] = name
        return name

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self), AT_ONCE):
            yield from self._texts(start, min(len(self), start + AT_ONCE))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and all(map(str.__eq__, self, other))

    __hash__ = None  # type: ignore[assignment]  # equal to lists, which have none

    def _texts(self, start: int, end: int) -> list[str]:
        if start >= end:
            return []
        first = self._ends[start - 1] if start else 0
        data = bytes(self._bytes[first : self._ends[end - 1]])
        edges = [0, *(self.end_I[start:end] - first).tolist()]
        return [data[low:high].decode() for low, high in pairwise(edges)]


class Listed(Protocol):
    """Ids by their places: a list, a vocabulary, a column of a table."""

    def __getitem__(self, place: int, /) -> Any: ...
    def __iter__(self) -> Iterator[Any]: ...


class Positions(Mapping[str, int]):
    """id -> position, by a hash table of positions alone: what stands there is looked up among the ids themselves."""

    def __init__(self, ids: Listed, slot_S: Ints | None = None) -> None:
        """ids: distinct ones, but for "", which is not found. slot_S: what `slots` makes of them, if it is there."""
        self._ids, self._given_S = ids, slot_S

    @cached_property
    def slot_S(self) -> Ints:
        """The table; see `slots`."""
        return slots(self._ids) if self._given_S is None else self._given_S

    @cached_property
    def _slots(self) -> memoryview:
        return self.slot_S.data

    def get(self, name: str, default: Any = None) -> Any:
        """The position, or the default. One or two microseconds."""
        table, ids = self._slots, self._ids
        last = len(table) - 1
        slot = crc32(name.encode("utf-8", "surrogatepass")) & last
        while (place := table[slot]) >= 0:
            if ids[place] == name:
                return place
            slot = (slot + 1) & last
        return default

    def __getitem__(self, name: str) -> int:
        place: int | None = self.get(name)
        if place is None:
            raise KeyError(name)
        return place

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._ids if name)

    def __len__(self) -> int:
        return int(np.count_nonzero(self.slot_S >= 0))


def slots(ids: Listed) -> Ints:
    """A hash table with open addressing: at most half full, of a power of two; -1 where nothing is.

    An id stands in the slot of its CRC-32, or in the next one that was free. "" is left out. A million take a second.
    """
    place_of: list[int] = []
    hash_of: list[int] = []
    for place, name in enumerate(ids):
        if name:
            place_of.append(place)
            hash_of.append(crc32(name.encode("utf-8", "surrogatepass")))
    place_R = np.array(place_of, np.int32)
    slot_S = np.full(1 << (2 * len(place_R)).bit_length(), -1, np.int32)
    slot_R = np.array(hash_of, np.int64) & (len(slot_S) - 1)
    while len(place_R):
        is_free_R = slot_S[slot_R] < 0
        slot_S[slot_R[is_free_R]] = place_R[is_free_R]
        # Where several wanted the same free slot, one has it now, and the others go on to the next.
        is_left_R = slot_S[slot_R] != place_R
        place_R, slot_R = place_R[is_left_R], (slot_R[is_left_R] + 1) & (len(slot_S) - 1)
    return slot_S
