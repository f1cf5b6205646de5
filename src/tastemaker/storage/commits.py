"""Whether anything was committed, told from process to process without asking SQLite.

Its PRAGMA data_version takes and gives back a lock of the file, 3 us, which every request would pay. Here whoever has
committed writes a new number into a few bytes that all processes map, before anybody is told that it is done. A process
that is killed between the two has told nobody; what it committed is seen at the next look at the PRAGMA.
"""

import mmap
from pathlib import Path
from random import getrandbits


class Commits:
    """The mapped bytes of a home."""

    def __init__(self, path: Path) -> None:
        with path.open("a+b") as file:
            file.truncate(mmap.PAGESIZE)
            self._number = memoryview(mmap.mmap(file.fileno(), mmap.PAGESIZE)).cast("Q")

    def announce(self) -> None:
        """Say that something was committed. A number by chance, so that of two at the same time none is missed."""
        self._number[0] = getrandbits(64)

    @property
    def last(self) -> int:
        """What the last one said: the same number, no commit."""
        return self._number[0]
