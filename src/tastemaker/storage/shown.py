"""The lists that were shown of late: what the user of an event that sends a reply's id back had seen, and who saw what.

Every server process writes a ring of its own, a file of a fixed size, and reads all of them; the oldest lists are
overwritten. What is written outlives the process however it ends, since its pages are the system's. It does not outlive
a loss of power: a list is a hint for exploration and for caps, and becomes a record when the event that names it is on
disk. The format, and why it is so: docs/decisions/0017-rings-know-to-whom-a-list-was-shown.md.
"""

import fcntl
import mmap
import os
import struct
import zlib
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import NamedTuple

FORMAT = b"shown 2\0"
START = struct.Struct("<8sQ")  # of a ring: its format, and where its newest record is; 0 before the first
NEWEST = struct.Struct("<Q")  # the latter alone: eight aligned bytes, which are written and read at once
NEWEST_AT = len(FORMAT)
# Where the record is, counted on and on; its tag; the length and the checksum of the rest.
RECORD = struct.Struct("<QQII")
SHOWN = struct.Struct("<QdIH")  # where the record before is; when, by which deployment, the length of the user's id
RINGS_MAX = 255  # and one number that stands for no ring
PLACE_BITS, TAG_BITS = 48, 40
TAG_MASK = (1 << TAG_BITS) - 1
LIST_BYTES_MAX = 1 << 16  # more than 25 ids of 256 characters; of a longer list nothing is kept
NOBODY = 0  # the number of no deployment
SEPARATOR = "\0"
RING, FORGOTTEN = ".ring", "forgotten"


class Impression(NamedTuple):
    """A list that was shown to a user, and where it is kept.

    text: the ids with SEPARATOR between them, in UTF-8: most lists are never asked for.
    """

    ring: int
    place: int
    time_s: float
    user_id: str
    text: bytes


class ShownLists:
    """The rings of a home. Used by one thread, except `recall` and `impressions`."""

    def __init__(self, folder: Path, ring_bytes: int) -> None:
        """Takes the first ring that no living process writes. Raises OSError if there are RINGS_MAX of those."""
        folder.mkdir(exist_ok=True)
        self._folder, self._bytes = folder, ring_bytes
        self._list_bytes_max = min(LIST_BYTES_MAX, ring_bytes - START.size)
        self._rings: dict[int, tuple[int, mmap.mmap]] = {}  # with the inode of each
        self._number, self._lock = self._free_ring()
        self._own = self._own_ring()
        self._newest: int = NEWEST.unpack_from(self._own, NEWEST_AT)[0]
        self._next = self._newest or START.size
        if self._newest:
            rest = _rest(self._own, self._newest)
            # What cannot be read, after a loss of power, was no longer than that: no place is given out twice.
            self._next += LIST_BYTES_MAX if rest is None else RECORD.size + len(rest)

    def remember(
        self, ids: str, chance: int, deployment: int = NOBODY, user_id: str | None = None, now_s: float = 0.0
    ) -> int:
        """Keep a list; gives the mark that recalls it, a number of 96 bits. chance: as many random bits or more.

        ids: with SEPARATOR between them. deployment, user_id, now_s: which number's list it is, to whom and when it is
        shown, where that counts.
        """
        tag = chance & TAG_MASK
        user = user_id.encode() if user_id else b""
        text = SHOWN.pack(self._newest, now_s, deployment, len(user)) + user + ids.encode()
        length, place = RECORD.size + len(text), self._next
        if length > self._list_bytes_max:
            return (RINGS_MAX << PLACE_BITS | place) << TAG_BITS | tag
        at = place % self._bytes
        if at + length > self._bytes or at < START.size:  # a record is never cut in two
            place += self._bytes - at + START.size
            at = START.size
        self._own[at : at + length] = RECORD.pack(place, tag, len(text), zlib.crc32(text)) + text
        self._newest, self._next = place, place + length
        NEWEST.pack_into(self._own, NEWEST_AT, place)
        return (self._number << PLACE_BITS | place) << TAG_BITS | tag

    def recall(self, mark: int) -> list[str] | None:
        """The list of a mark; None if it was overwritten, or never shown here."""
        tag, place = mark & TAG_MASK, mark >> TAG_BITS & ((1 << PLACE_BITS) - 1)
        ring = self._ring(mark >> TAG_BITS + PLACE_BITS)
        if ring is None or (rest := _rest(ring, place, tag)) is None:
            return None
        text = rest[SHOWN.size + SHOWN.unpack_from(rest)[3] :]
        return text.decode().split(SEPARATOR) if text else []

    def impressions(self, read: dict[int, int], deployment: int, user_id: str | None = None) -> Iterator[Impression]:
        """What the deployment of a number showed to users, or to one, since the last look; of each ring oldest first.

        read: by ring the newest place that was looked at; it is moved on. What was overwritten since then is missed.
        """
        wanted = None if user_id is None else user_id.encode()
        for number, ring in self._present():
            newest: int = NEWEST.unpack_from(ring, NEWEST_AT)[0]
            if newest == read.get(number, 0) or _rest(ring, newest) is None:
                continue  # nothing new, or nothing that can be read yet: it is looked at again
            for place in reversed(_places(ring, newest, read.get(number, 0), deployment)):
                rest = _rest(ring, place)
                if rest is None:
                    continue  # overwritten a moment ago
                _, time_s, _, n_user = SHOWN.unpack_from(rest)
                user, text = rest[SHOWN.size : SHOWN.size + n_user], rest[SHOWN.size + n_user :]
                if user and (wanted is None or user == wanted):
                    yield Impression(number, place, time_s, user.decode(), text)
            read[number] = newest

    def forgotten(self) -> int:
        """A number that is another one when users were forgotten: what was read before is to be read anew."""
        try:
            return (self._folder / FORGOTTEN).stat().st_mtime_ns
        except FileNotFoundError:
            return 0

    def close(self) -> None:
        """Let go of the ring."""
        for _, ring in self._rings.values():
            ring.close()
        self._lock.close()

    def _free_ring(self) -> tuple[int, "_Lock"]:
        for number in range(RINGS_MAX):
            lock = _Lock(self._folder / f"{number}.lock")
            if lock.is_held:
                return number, lock
        raise OSError(f"{self._folder}: {RINGS_MAX} processes write lists already.")

    def _present(self) -> list[tuple[int, mmap.mmap]]:
        """All rings, those of processes that began a moment ago too. A few microseconds."""
        with os.scandir(self._folder) as entries:
            for entry in entries:
                name = entry.name.removesuffix(RING)
                if name != entry.name and name.isdecimal():
                    number = int(name)
                    known = self._rings.get(number)
                    if known is None or known[0] != entry.inode():
                        self._map(number)
        return [(number, ring) for number, (_, ring) in sorted(self._rings.items())]

    def _ring(self, number: int) -> mmap.mmap | None:
        if number not in self._rings:
            self._map(number)
        found = self._rings.get(number)
        return found and found[1]

    def _own_ring(self) -> mmap.mmap:
        """The ring that this process writes; one of another size or format is made anew."""
        self._map(self._number)
        _, ring = self._rings.get(self._number, (0, None))
        if ring is None or len(ring) != self._bytes:
            aside = self._folder / f"{self._number}.new"
            with aside.open("wb") as file:
                file.write(START.pack(FORMAT, 0))
                file.truncate(self._bytes)
            aside.rename(self._path(self._number))  # whoever has mapped the old one keeps it until the next look
            self._map(self._number)
            _, ring = self._rings[self._number]
        return ring

    def _map(self, number: int) -> None:
        """Map a ring, if it is there and of our format."""
        try:
            with self._path(number).open("r+b") as file:
                state = os.fstat(file.fileno())
                if state.st_size > START.size and file.read(len(FORMAT)) == FORMAT:
                    self._rings[number] = state.st_ino, mmap.mmap(file.fileno(), state.st_size)
        except FileNotFoundError:
            return

    def _path(self, number: int) -> Path:
        return self._folder / f"{number}{RING}"


def forget(folder: Path, users: Collection[str], is_theirs: Callable[[int], bool]) -> tuple[int, set[str]]:
    """Take the users out of the lists that were shown to them by some deployments; how many lists, and which users.

    The lists stay, for events that name them. is_theirs: whether the deployment of a number is one of them. Servers may
    write meanwhile: a list that just then comes to lie where one of these was may be lost.
    """
    wanted = {name.encode() for name in users}
    n_lists, found = 0, set[str]()
    for path in sorted(folder.glob(f"*{RING}")):
        with path.open("r+b") as file:
            if file.read(len(FORMAT)) != FORMAT:
                continue
            with mmap.mmap(file.fileno(), 0) as ring:
                for place in _places(ring, NEWEST.unpack_from(ring, NEWEST_AT)[0], 0):
                    rest = _rest(ring, place)
                    if rest is None:
                        continue
                    before, time_s, deployment, n_user = SHOWN.unpack_from(rest)
                    user = rest[SHOWN.size : SHOWN.size + n_user]
                    if user not in wanted or not is_theirs(deployment):
                        continue
                    rest = SHOWN.pack(before, time_s, NOBODY, n_user) + bytes(n_user) + rest[SHOWN.size + n_user :]
                    at = place % len(ring)
                    _, tag, length, _ = RECORD.unpack_from(ring, at)
                    RECORD.pack_into(ring, at, place, tag, length, zlib.crc32(rest))
                    ring[at + RECORD.size : at + RECORD.size + len(rest)] = rest
                    n_lists, found = n_lists + 1, found | {user.decode()}
    if n_lists:
        (folder / FORGOTTEN).touch()
    return n_lists, found


def _places(ring: mmap.mmap, newest: int, until: int, of: int | None = None) -> list[int]:
    """The places of the records from the newest back to one that was read, or overwritten; those of one deployment.

    Of the others only the heads are looked at, which is sooner done.
    """
    found, place, end = [], newest, len(ring) - RECORD.size - SHOWN.size
    while place > until and (at := place % len(ring)) <= end and RECORD.unpack_from(ring, at)[0] == place:
        before, _, deployment, _ = SHOWN.unpack_from(ring, at + RECORD.size)
        if of is None or deployment == of:
            found.append(place)
        place = min(before, place - 1)  # what is read goes back, whatever is written there
    return found


def _rest(ring: mmap.mmap, place: int, tag: int | None = None) -> bytes | None:
    """What follows the head of the record at a place, whole; None if another one is there, or none."""
    at = place % len(ring)
    if at + RECORD.size > len(ring):
        return None
    found_place, found_tag, length, checksum = RECORD.unpack_from(ring, at)
    if found_place != place or tag not in (None, found_tag) or not SHOWN.size <= length <= LIST_BYTES_MAX:
        return None
    rest = ring[at + RECORD.size : at + RECORD.size + length]
    return rest if zlib.crc32(rest) == checksum else None


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
