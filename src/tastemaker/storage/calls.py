"""Calls to services whose state is in memory: kept, so that they can be made again by the next process.

Two forms of it: a log of calls in their order, and a file with the latest call of each name.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import structlog

from tastemaker.storage.files import new_file, sync

log = structlog.get_logger()

BYTES_MAX = 1 << 22  # of a log: some ten thousand calls, which take a start 10 to 20 s to make again
PRIVATE = 0o600  # a parameter of SSM may be somebody's password


class Call(msgspec.Struct, frozen=True):
    """A request to a service, without its signature. path, query: as they were sent. seed: of what it draws by lot."""

    service: str
    region: str
    access_key: str
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    seed: int


class LogFull(Exception):
    """Nothing more can be kept; the message says where, and what to do."""


class CallLog:
    """Calls in their order: a file with a line of JSON for each."""

    def __init__(self, place: Path) -> None:
        """place: its file; made at first need, with its folder."""
        self._place = place

    def __iter__(self) -> Iterator[Call]:
        """All calls, oldest first. Cuts off a last one that was not written to its end: nobody was told that it was."""
        if not self._place.exists():
            return
        whole, _, torn = self._place.read_bytes().rpartition(b"\n")
        if torn:
            os.truncate(self._place, len(whole) + 1 if whole else 0)
        for number, line in enumerate(whole.splitlines(), 1):
            try:
                yield msgspec.json.decode(line, type=Call)
            except msgspec.DecodeError as problem:
                log.warning("calls.unreadable", file=str(self._place), line=number, problem=str(problem))

    def append(self, call: Call) -> None:
        """Keep a call, on disk when this returns."""
        is_new = not self._place.exists()
        self._place.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._place, os.O_WRONLY | os.O_CREAT | os.O_APPEND, PRIVATE)
        try:
            with open(descriptor, "ab", closefd=False) as writer:
                writer.write(msgspec.json.encode(call) + b"\n")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if is_new:
            sync(self._place.parent)

    def require_room(self) -> None:
        """Raise LogFull if it has grown so long that making its calls again would delay every start."""
        if self._place.exists() and self._place.stat().st_size > BYTES_MAX:
            raise LogFull(
                f"{self._place} has {BYTES_MAX >> 20} MiB of calls that every start makes again, and takes no more. "
                "Stop the server and remove the file: what these calls made is forgotten."
            )


class LatestCalls:
    """The latest call of each name: a file with all of them, written anew with each."""

    def __init__(self, place: Path) -> None:
        """place: its file; made at first need, with its folder."""
        self._place = place

    def all(self) -> dict[str, Call]:
        """The calls by their names, in the order in which the names came first."""
        try:
            return msgspec.json.decode(self._place.read_bytes(), type=dict[str, Call])
        except FileNotFoundError:
            return {}
        except msgspec.DecodeError as problem:
            log.warning("calls.unreadable", file=str(self._place), problem=str(problem))
            return {}

    def keep(self, name: str, call: Call | None) -> None:
        """Keep the call of this name, or none, on disk when this returns."""
        calls = self.all()
        if call is None:
            calls.pop(name, None)
        else:
            calls[name] = call
        with new_file(self._place, PRIVATE) as aside:
            aside.write_bytes(msgspec.json.encode(calls))
