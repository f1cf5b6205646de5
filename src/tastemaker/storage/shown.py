"""The lists that were shown of late: an event that sends a reply's id back says by it what its user had seen.

Every server process writes a ring of its own, a file of a fixed size, and reads all of them; the oldest lists are
overwritten. What is written outlives the process however it ends, since its pages are the system's. It does not outlive
a loss of power: a list is a hint for exploration, and becomes a record when the event that names it is on disk.
"""

import fcntl
import mmap
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

START = struct.Struct("<Q")  # of a ring: where its next record goes, counted on and on
RECORD = struct.Struct("<QQII")  # where the record is, its tag, the length and the checksum of its text
RINGS_MAX = 255  # and one number that stands for no ring
PLACE_BITS, TAG_BITS = 48, 40
LIST_BYTES_MAX = 1 << 16  # more than 25 ids of 256 characters; of a longer list nothing is kept
SEPARATOR = "\0"


class ShownLists:
    """The rings of a home. Used by one thread, except `recall`."""

    def __init__(self, folder: Path, ring_bytes: int) -> None:
        """Takes the first ring that no living process writes. Raises OSError if there are RINGS_MAX of those."""
        folder.mkdir(exist_ok=True)
        self._folder, self._bytes = folder, ring_bytes
        self._rings: dict[int, mmap.mmap] = {}
        self._number, self._lock = self._free_ring()
        self._own = self._open(self._number, ring_bytes)
        self._next: int = max(START.unpack_from(self._own)[0], START.size)

    def remember(self, ids: Sequence[str], chance: int) -> int:
        """Keep a list; gives the mark that recalls it, a number of 96 bits. chance: as many random bits or more."""
        tag = chance & ((1 << TAG_BITS) - 1)
        text = SEPARATOR.join(ids).encode()
        length = RECORD.size + len(text)
        if length > min(LIST_BYTES_MAX, self._bytes - START.size):
            return (RINGS_MAX << PLACE_BITS | self._next) << TAG_BITS | tag
        place = self._next
        if place % self._bytes + length > self._bytes or place % self._bytes < START.size:
            place += self._bytes - place % self._bytes + START.size  # a record is never cut in two
        at = place % self._bytes
        RECORD.pack_into(self._own, at, place, tag, len(text), zlib.crc32(text))
        self._own[at + RECORD.size : at + length] = text
        self._next = place + length
        START.pack_into(self._own, 0, self._next)
        return (self._number << PLACE_BITS | place) << TAG_BITS | tag

    def recall(self, mark: int) -> list[str] | None:
        """The list of a mark; None if it was overwritten, or never shown here."""
        tag, place = mark & ((1 << TAG_BITS) - 1), mark >> TAG_BITS & ((1 << PLACE_BITS) - 1)
        ring = self._ring(mark >> TAG_BITS + PLACE_BITS)
        if ring is None or place % len(ring) + RECORD.size > len(ring):
            return None
        at = place % len(ring)
        found_place, found_tag, length, checksum = RECORD.unpack_from(ring, at)
        if (found_place, found_tag) != (place, tag) or length > LIST_BYTES_MAX:
            return None
        text = ring[at + RECORD.size : at + RECORD.size + length]
        if zlib.crc32(text) != checksum:
            return None
        return text.decode().split(SEPARATOR) if text else []

    def close(self) -> None:
        """Let go of the ring."""
        for ring in self._rings.values():
            ring.close()
        self._lock.close()

    def _free_ring(self) -> tuple[int, "_Lock"]:
        for number in range(RINGS_MAX):
            lock = _Lock(self._folder / f"{number}.lock")
            if lock.is_held:
                return number, lock
        raise OSError(f"{self._folder}: {RINGS_MAX} processes write lists already.")

    def _ring(self, number: int) -> mmap.mmap | None:
        found = self._rings.get(number)
        if found is None:
            path = self._path(number)
            # A ring that is being made may be empty still.
            if not path.exists() or (size := path.stat().st_size) <= START.size:
                return None
            found = self._open(number, size)
        return found

    def _open(self, number: int, size: int) -> mmap.mmap:
        """A ring of this size; one of another size is made anew."""
        path = self._path(number)
        if path.exists() and path.stat().st_size != size:
            path.unlink()  # whoever has mapped the old one keeps it
        with path.open("a+b") as file:
            file.truncate(size)
            self._rings[number] = mmap.mmap(file.fileno(), size)
        return self._rings[number]

    def _path(self, number: int) -> Path:
        return self._folder / f"{number}.ring"


class _Lock:
    """A file that one process holds until it ends."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.is_held = True
        except BlockingIOError:
            self._file.close()
            self.is_held = False

    def close(self) -> None:
        self._file.close()
