"""What has to be known about the bytes of a CSV file before a table is read from it.

A columnar reader neither tells a short record from empty values nor knows the line of a record after a quoted line
break, and it does not understand backslash escapes. So every file is looked over once, in blocks, with arrays: about
0.2 CPU-seconds for a million ratings.
"""

import codecs
import csv
import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

Longs = NDArray[np.int64]

BLOCK_BYTES = 1 << 22
LINE_BYTES_MAX = 1 << 26  # a record is far shorter; a longer line is no CSV file
HEADER_BYTES_MAX = 1 << 16  # 102 columns of 150 characters fit
GZIP_MAGIC = b"\x1f\x8b"
COMMA, NEWLINE, RETURN, QUOTE = b',\n\r"'
# The guide: "If your data includes any double quotes or a backslash, use the backslash character to escape them."
MARK = re.compile(rb'\\["\\]|"')


class ImportFailed(Exception):
    """The file as a whole cannot be imported; the text is meant for the job's failureReason."""


@dataclass(frozen=True)
class Layout:
    """What is unusual about the records of a file; a record's number counts from 0, after the header.

    odd, odd_fields: records with a wrong number of fields, and that number. blank: records that are empty lines.
    long, long_lines: records with line breaks inside quotes, and how many more lines than one each takes.
    """

    n_records: int
    odd: Longs
    odd_fields: Longs
    blank: Longs
    long: Longs
    long_lines: Longs

    def lines(self, record: Longs) -> Longs:
        """The line on which each record starts; the header is line 1."""
        lines_before = np.concatenate([np.zeros(1, np.int64), np.cumsum(self.long_lines)])
        line: Longs = record + 2 + lines_before[np.searchsorted(self.long, record)]
        return line


def standard(name: str, path: Path, folder: Path) -> Path:
    """A plain file in which quotes are doubled: the file itself, or a copy in `folder` where gzip or escapes need one.

    Escapes are understood in the whole file or not at all, so a value's meaning does not depend on other lines.
    Raises ImportFailed if the file cannot be unpacked.
    """
    with path.open("rb") as file:
        is_gzip = file.read(2) == GZIP_MAGIC
    if is_gzip:
        plain = folder / "plain.csv"
        try:
            with gzip.open(path, "rb") as packed, plain.open("wb") as unpacked:
                while block := packed.read(BLOCK_BYTES):
                    unpacked.write(block)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise ImportFailed(f"{name} is a damaged gzip file: {error}. Compress or upload it again.") from error
        path = plain
    with path.open("rb") as file:
        if not _has_escapes(_blocks(file)):
            return path
    doubled = folder / "doubled.csv"
    with path.open("rb") as source, doubled.open("wb") as target:
        target.writelines(_doubled(_blocks(source)))
    return doubled


def header(name: str, path: Path) -> list[str]:
    """The column names on the first line, without byte order mark, quotes and blanks around them."""
    with path.open("rb") as file:
        line = file.readline(HEADER_BYTES_MAX)
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ImportFailed(
            f"{name} is not UTF-8: byte {error.start + 1} of line 1 is 0x{line[error.start]:02x}. Save it as UTF-8."
        ) from error
    names = [column.strip() for column in next(csv.reader([text], skipinitialspace=True), [])]
    if not any(names):
        raise ImportFailed(f"{name} is empty, or its first line is. Write the column names on the first line.")
    return names


def survey(name: str, path: Path, n_fields: int) -> Layout:
    """The layout of the records after the first line, of which each should have n_fields fields.

    Raises ImportFailed, with the line, where no reader could go on: bytes that are not UTF-8, or quotes that do not
    enclose a whole value.
    """
    scan = _Scan(name, n_fields)
    with path.open("rb") as file:
        file.readline()
        for block in _whole_lines(name, file):
            scan.take(block)
    return scan.layout()


class _Scan:
    """Where the look-over of a file has come to: counts so far, and the record that the last block left open."""

    def __init__(self, name: str, n_fields: int) -> None:
        self.name, self.n_fields = name, n_fields
        self.decoder = codecs.getincrementaldecoder("utf-8")()
        self.n_records, self.n_lines, self.n_quotes = 0, 1, 0
        self.open_commas, self.open_lines = 0, 0
        self.odd: list[tuple[Longs, Longs]] = []
        self.long: list[tuple[Longs, Longs]] = []
        self.blank: list[Longs] = []

    def take(self, block: bytes) -> None:
        """Counts the records that end in a block of whole lines."""
        self._check_text(block)
        byte_B = np.frombuffer(block, np.uint8)
        newline, comma = np.flatnonzero(byte_B == NEWLINE), np.flatnonzero(byte_B == COMMA)
        quote = np.flatnonzero(byte_B == QUOTE) if b'"' in block else newline[:0]
        self._check_quotes(byte_B, quote, newline)
        end, comma = _outside(newline, quote, self.n_quotes), _outside(comma, quote, self.n_quotes)
        commas_to = np.searchsorted(comma, end, "right")
        lines_to = np.searchsorted(newline, end, "right")
        commas, lines = np.diff(commas_to, prepend=0), np.diff(lines_to, prepend=0)
        if len(end):
            commas[0] += self.open_commas
            lines[0] += self.open_lines
            self.open_commas, self.open_lines = len(comma) - int(commas_to[-1]), len(newline) - int(lines_to[-1])
        else:
            self.open_commas, self.open_lines = self.open_commas + len(comma), self.open_lines + len(newline)
        length = np.diff(end, prepend=-1)
        blank = (lines == 1) & ((length == 1) | ((length == 2) & (byte_B[end - 1] == RETURN)))
        self._keep_unusual(commas + 1, lines, blank)
        self.n_records += len(end)
        self.n_lines += len(newline)
        self.n_quotes += len(quote)

    def layout(self) -> Layout:
        """What was seen, at the end of the file."""
        if self.n_quotes % 2:
            raise ImportFailed(
                f"{self.name} has a double quote that is never closed, in the record that starts on line "
                f"{self.n_lines - self.open_lines + 1}. Close it, and write quotes inside of values twice."
            )
        odd, odd_fields = _joined(self.odd)
        long, long_lines = _joined(self.long)
        blank = np.concatenate([np.zeros(0, np.int64), *self.blank])
        return Layout(self.n_records, odd, odd_fields, blank, long, long_lines)

    def _keep_unusual(self, fields: Longs, lines: Longs, blank: NDArray[np.bool_]) -> None:
        odd, long = np.flatnonzero((fields != self.n_fields) & ~blank), np.flatnonzero(lines > 1)
        self.odd.append((odd + self.n_records, fields[odd]))
        self.long.append((long + self.n_records, lines[long] - 1))
        self.blank.append(np.flatnonzero(blank) + self.n_records)

    def _check_text(self, block: bytes) -> None:
        try:
            self.decoder.decode(block)
        except UnicodeDecodeError as error:
            line = self.n_lines + 1 + block.count(b"\n", 0, error.start)
            raise ImportFailed(
                f"{self.name} is not UTF-8: line {line} has the byte 0x{block[error.start]:02x}. "
                "Save it as UTF-8, then create a new import job."
            ) from error

    def _check_quotes(self, byte_B: NDArray[np.uint8], quote: Longs, newline: Longs) -> None:
        """Quotes open at the start of a value and close at its end; two in a row are a quote inside."""
        closes = (np.arange(len(quote)) + self.n_quotes) % 2 == 1
        before, after = byte_B[quote - 1], byte_B[np.minimum(quote + 1, len(byte_B) - 1)]
        before[quote == 0] = NEWLINE
        fits = np.where(closes, np.isin(after, [COMMA, NEWLINE, RETURN, QUOTE]), np.isin(before, [COMMA, NEWLINE]))
        fits |= ~closes & (before == QUOTE)
        if not fits.all():
            line = self.n_lines + 1 + int(np.searchsorted(newline, quote[np.argmin(fits)]))
            raise ImportFailed(
                f"{self.name} has a double quote inside of a value on line {line}. Wrap the whole value in double "
                "quotes and write the inner one twice, then create a new import job."
            )


def _outside(place: Longs, quote: Longs, quotes_before: int) -> Longs:
    """The places that are not inside quotes."""
    if not len(quote):
        return place if quotes_before % 2 == 0 else place[:0]
    outside: Longs = place[(np.searchsorted(quote, place) + quotes_before) % 2 == 0]
    return outside


def _joined(pairs: list[tuple[Longs, Longs]]) -> tuple[Longs, Longs]:
    none = np.zeros(0, np.int64)
    return np.concatenate([none, *(pair[0] for pair in pairs)]), np.concatenate([none, *(pair[1] for pair in pairs)])


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    while block := file.read(BLOCK_BYTES):
        yield block


def _whole_lines(name: str, file: BinaryIO) -> Iterator[bytes]:
    """Blocks that end with a line break; the last one gets it if the file lacks it."""
    rest = b""
    for block in _blocks(file):
        cut = block.rfind(b"\n") + 1
        if cut:
            yield rest + block[:cut]
            rest = block[cut:]
        else:
            rest += block
        if len(rest) > LINE_BYTES_MAX:
            raise ImportFailed(f"{name} has a line of more than {LINE_BYTES_MAX} bytes. Is it a CSV file?")
    if rest:
        yield rest + b"\n"


def _has_escapes(blocks: Iterable[bytes]) -> bool:
    last = b""
    for block in blocks:
        if b'\\"' in last + block or b"\\\\" in last + block:
            return True
        last = block[-1:]
    return False


def _doubled(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The same text with \\" inside quotes written as "" and \\\\ as one backslash."""
    inside, held = False, b""

    def replaced(mark: re.Match[bytes]) -> bytes:
        nonlocal inside
        if mark[0] == b'"':
            inside = not inside
            return mark[0]
        if not inside:
            return mark[0]
        return b'""' if mark[0][1] == QUOTE else b"\\"

    for block in blocks:
        text = held + block
        # Of an odd number of backslashes at the border the last belongs to the byte that comes next.
        held = b"\\" if (len(text) - len(text.rstrip(b"\\"))) % 2 else b""
        yield MARK.sub(replaced, text[: len(text) - len(held)])
    yield held
