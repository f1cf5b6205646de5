"""An object of lines, cut into chunks: what is worked off, kept and, after an interruption, skipped as a whole."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

CHUNK_BYTES_MAX = 4 << 20  # a chunk ends here if it does not before: it and its answers are in memory
LINE_BYTES_MAX = 1 << 20  # 500 ids of 256 characters, four bytes each, are half of it
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Chunk:
    """Some lines without blank ones. end: bytes of the object up to here. name: differs if anything in it does."""

    name: str
    lines: list[bytes]
    end: int


class LineTooLong(ValueError):
    """The object has no lines of a length that can be meant."""


def chunks(reader: BinaryIO, name: str, lines_max: int) -> Iterator[Chunk]:
    """The lines that are not blank, in chunks of so many at most; name: what the names of chunks begin with.

    Raises LineTooLong with the number of the line.
    """
    lines: list[bytes] = []
    place, end, n_read, n_bytes = 0, 0, 0, 0
    while line := reader.readline(LINE_BYTES_MAX + 1):
        n_read += 1
        if len(line) > LINE_BYTES_MAX:
            raise LineTooLong(f"line {n_read:,} has more than {LINE_BYTES_MAX:,} bytes")
        end += len(line)
        text = (line.removeprefix(BYTE_ORDER_MARK) if n_read == 1 else line).strip()
        if not text:
            continue
        lines.append(text)
        n_bytes += len(text)
        if len(lines) == lines_max or n_bytes >= CHUNK_BYTES_MAX:
            yield _chunk(name, place, lines, end)
            lines, n_bytes, place = [], 0, place + 1
    if lines:
        yield _chunk(name, place, lines, end)


def _chunk(name: str, place: int, lines: list[bytes], end: int) -> Chunk:
    digest = hashlib.blake2b(b"\n".join(lines), digest_size=8).hexdigest()
    return Chunk(f"{name}-{place:06}-{digest}", lines, end)
