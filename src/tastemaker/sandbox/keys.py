"""The objects of a bucket folder as moto looks at them: a dict of keys, whose bytes are in a buffer like a file."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from moto.s3.models import FakeKey
from moto.s3.utils import _VersionedKeyStore

from tastemaker.storage.bucket_folder import BucketFolder, FileBytes

HELD_MAX = 10_000  # objects of a bucket, at 2.5 KB each; others are loaded again
IN_MEMORY_BYTES_MAX = 1 << 23  # of an object: larger ones are read where they are asked for


class FolderKeys(_VersionedKeyStore):
    """The objects of a bucket as moto looks at them: a dict from key to versions, of which there is one.

    What is in the dict is what was loaded of a file; each look asks whether that file is still there, and the same.
    """

    def __init__(self, folder: BucketFolder, load: Callable[[str], FakeKey]) -> None:
        super().__init__()
        self.folder, self._load = folder, load
        self._stamps: dict[str, tuple[int, ...]] = {}

    def hold(self, key: FakeKey) -> None:
        """Take what is known of an object for what is in its file now."""
        if len(self._stamps) >= HELD_MAX:
            self._stamps.clear()
            dict.clear(self)
        self._stamps[key.name] = stamp_of(self.folder, key.name) or ()
        dict.__setitem__(self, key.name, [key])

    def _let_go(self, name: str) -> None:
        self._stamps.pop(name, None)
        dict.pop(self, name, None)

    def __getitem__(self, name: str) -> FakeKey:
        stamp = stamp_of(self.folder, name)
        if stamp is None:
            self._let_go(name)
            raise KeyError(name)
        if self._stamps.get(name) != stamp:
            self.hold(self._load(name))
            self._stamps[name] = stamp  # as it was before it was loaded: who wrote it meanwhile is seen next time
        key: FakeKey = dict.__getitem__(self, name)[0]
        return key

    def __contains__(self, name: object) -> bool:
        return stamp_of(self.folder, str(name)) is not None

    def __len__(self) -> int:
        return sum(1 for _ in self.folder)

    def __bool__(self) -> bool:
        return next(iter(self.folder), None) is not None

    def getlist(self, name: str, default: Any = None) -> Any:
        """The one version, in a list."""
        try:
            return [self[name]]
        except KeyError:
            return default

    def iterlists(self) -> Iterator[tuple[str, list[FakeKey]]]:
        """Keys with their versions, of files that were there when they were looked for."""
        return iter(self._self_iterable().items())

    def iteritems(self) -> Iterator[tuple[str, FakeKey]]:
        """Keys with their objects."""
        return ((name, found[0]) for name, found in self.iterlists())

    def itervalues(self) -> Iterator[FakeKey]:
        """The objects."""
        return (found[0] for _, found in self.iterlists())

    lists, items, values = iterlists, iteritems, itervalues

    def setlist(self, name: str, versions: Any) -> None:
        """Nothing: an object is held when its file is written."""

    def pop(self, name: str) -> None:  # type: ignore[override]  # as moto's own
        """Delete the file. Raises KeyError if there is none."""
        if name not in self:
            raise KeyError(name)
        self.folder.remove(name)
        self._let_go(name)

    def _self_iterable(self) -> dict[str, list[FakeKey]]:
        return {name: found for name in self.folder if (found := self.getlist(name))}


class FileBuffer:
    """The file of an object in the form of moto's buffer: opened when it is read."""

    def __init__(self, place: Path) -> None:
        self._place, self._at = place, 0

    def seek(self, at: int) -> None:
        """Where the next read begins."""
        self._at = at

    def read(self, most: int = -1) -> bytes | FileBytes:
        """All of it, or the next bytes, `most` at most."""
        found = b"" if self._place.is_dir() else FileBytes(self._place)
        if most < 0:
            return found if len(found) > IN_MEMORY_BYTES_MAX else found[:]
        part = found[self._at : self._at + most]
        self._at += len(part)
        return part

    def close(self) -> None:
        """Nothing is open."""


def attach(key: FakeKey, place: Path) -> None:
    """Make a file the bytes of an object."""
    status = place.stat()
    key._value_buffer.close()
    key._value_buffer = cast("Any", FileBuffer(place))
    key.contentsize = 0 if place.is_dir() else status.st_size
    key.last_modified = datetime.fromtimestamp(status.st_mtime, UTC).replace(tzinfo=None)  # as moto has all times


def stamp_of(folder: BucketFolder, name: str) -> tuple[int, ...] | None:
    """What changes when somebody writes the file of an object; None if there is none."""
    status = folder.status(name)
    if status is None:
        return None
    return (0,) if name.endswith("/") else (status.st_ino, status.st_size, status.st_mtime_ns)
