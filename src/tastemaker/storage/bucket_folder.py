"""A bucket that is a folder: objects by key, each of them a file, and facts of an object that a file has no room for.

`s3://bucket/key` is the file `buckets/bucket/key` of the home for whoever reads or writes it: import and batch jobs, a
person with a shell, and the S3 of the sandbox. Whoever wrote a file, it is listed; the facts (media type, ETag, tags)
count for the very file that they were written for, and are forgotten when somebody replaces it.
"""

import hashlib
import os
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from tastemaker.storage.files import ASIDE, new_file, sync

CHUNK_BYTES = 1 << 20
PART_BYTES_MAX = 255 - len(ASIDE) - 9  # a file's name, with what is put around it while it is written


class KeyRefused(Exception):
    """No file can stand for this key, or something is in its way; the message says what, and what to do."""


class Facts(msgspec.Struct, frozen=True):
    """What is kept of an object beside its file. size, time_ns: of the file that this is about."""

    key: str
    size: int
    time_ns: int
    facts: dict[str, Any]


class BucketFolder:
    """One bucket. A key that ends with a slash is a folder that somebody made on purpose: an object without bytes."""

    def __init__(self, folder: Path, facts: Path) -> None:
        """folder: where the objects are; it exists. facts: where theirs are kept; made at first need."""
        self.folder, self._facts = folder, facts

    def __iter__(self) -> Iterator[str]:
        """The keys of all objects, in no order. Links are left out: they may lead anywhere, and in circles."""
        for above, folders, names in os.walk(self.folder):
            below = Path(above).relative_to(self.folder).as_posix()
            start = "" if below == "." else f"{below}/"
            made = [f"{start}{name}/" for name in folders]
            yield from (key for key in made if _is_text(key) and self._facts_of(key).exists())
            for name in names:
                path = Path(above, name)
                if not name.startswith(ASIDE) and _is_text(name) and path.is_file() and not path.is_symlink():
                    yield start + name

    def status(self, key: str) -> os.stat_result | None:
        """Size and time of an object; None if it is not there."""
        try:
            place = self.place(key)
            found = place.lstat()
        except (KeyRefused, OSError):
            return None
        if key.endswith("/"):
            return found if stat.S_ISDIR(found.st_mode) and self._facts_of(key).exists() else None
        return found if stat.S_ISREG(found.st_mode) else None

    def place(self, key: str) -> Path:
        """The file of a key. Raises KeyRefused where there can be none."""
        parts = key.removesuffix("/").split("/")
        if {"", ".", ".."} & set(parts) or "\0" in key or any(part.startswith(ASIDE) for part in parts):
            raise KeyRefused(
                f"The key {key!r} names no file: a part of it is empty, '.', '..' or begins with {ASIDE}, and the "
                "buckets of this server are folders. Rename the object."
            )
        if any(len(part.encode()) > PART_BYTES_MAX for part in parts):
            raise KeyRefused(f"A part of the key {key!r} is too long for the name of a file. Shorten it.")
        place = self.folder
        for part in parts[:-1]:
            place /= part
            if place.is_symlink():
                raise KeyRefused(f"The key {key!r} leads through a link, {place}. Put the files themselves there.")
        return place / parts[-1]

    def write(self, key: str, chunks: Iterable[bytes]) -> str:
        """Make or replace an object, on disk when this returns; gives the MD5 of its bytes in hex.

        Raises KeyRefused, and OSError where the disk is full and the like.
        """
        place = self.place(key)
        digest = hashlib.md5(usedforsecurity=False)
        try:
            self._make(place if key.endswith("/") else place.parent)
            if key.endswith("/"):
                if any(chunks):
                    raise KeyRefused(f"The key {key!r} ends with a slash and its object has bytes. Name a file.")
                return digest.hexdigest()
            if place.is_dir():
                raise KeyRefused(f"{key!r} is a folder: there are objects below {key}/. Choose another name.")
            with new_file(place) as aside, aside.open("wb") as writer:
                for chunk in chunks:
                    digest.update(chunk)
                    writer.write(chunk)
                writer.flush()
        except (FileExistsError, NotADirectoryError) as error:
            above = Path(error.filename).relative_to(self.folder).as_posix()
            raise KeyRefused(f"{key!r} cannot be: {above!r} is an object, and no folder. Rename one of them.") from None
        return digest.hexdigest()

    def remove(self, key: str) -> None:
        """Delete an object, and the folders above that hold nothing more; nothing happens if it is not there."""
        place = self.place(key)
        self._facts_of(key).unlink(missing_ok=True)
        if not key.endswith("/"):
            place.unlink(missing_ok=True)
            place = place.parent
        while place != self.folder and not self._facts_of(f"{place.relative_to(self.folder).as_posix()}/").exists():
            try:
                place.rmdir()
            except OSError:  # something is in it, or somebody else removed it
                break
            place = place.parent

    def remove_all(self) -> None:
        """Remove the bucket itself, with what is left in it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self._facts, ignore_errors=True)

    def facts(self, key: str, status: os.stat_result) -> dict[str, Any] | None:
        """What was kept of an object; None if nothing was, or if its file is another one by now."""
        try:
            found = msgspec.json.decode(self._facts_of(key).read_bytes(), type=Facts)
        except (OSError, msgspec.DecodeError):
            return None
        is_same = key.endswith("/") or (found.size, found.time_ns) == (status.st_size, status.st_mtime_ns)
        return found.facts if is_same else None

    def keep(self, key: str, facts: Mapping[str, Any]) -> None:
        """Keep facts of an object as its file is now, on disk when this returns."""
        status = self.place(key).stat()
        with new_file(self._facts_of(key)) as aside:
            aside.write_bytes(msgspec.json.encode(Facts(key, status.st_size, status.st_mtime_ns, dict(facts))))

    def _facts_of(self, key: str) -> Path:
        # By a digest: two keys of which one is a folder of the other, or whose names are long, are both there.
        return self._facts / hashlib.sha256(os.fsencode(key)).hexdigest()

    def _make(self, folder: Path) -> None:
        """The folder and those above it, each on disk: what is in a folder that is lost is lost, too."""
        if not folder.is_dir():
            self._make(folder.parent)
            folder.mkdir(exist_ok=True)
            sync(folder.parent)


def _is_text(name: str) -> bool:
    """Whether a name can be said in an answer: file names may be any bytes, keys are UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


class FileBytes:
    """The bytes of a file as they were when it was opened, read where they are asked for; closed when let go.

    It has a length and is cut like bytes. A file that is cut short meanwhile gives fewer.
    """

    def __init__(self, place: Path) -> None:
        """Raises OSError if there is no such file."""
        self._descriptor = -1
        self._descriptor = os.open(place, os.O_RDONLY)
        self._size = os.fstat(self._descriptor).st_size

    def __del__(self) -> None:
        """Close it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)

    def __len__(self) -> int:
        """Its size in bytes."""
        return self._size

    def __getitem__(self, part: slice) -> bytes:
        """A part of it, in memory."""
        start, end, _ = part.indices(self._size)
        found = b""
        while start + len(found) < end:
            chunk = os.pread(self._descriptor, end - start - len(found), start + len(found))
            if not chunk:
                break
            found += chunk
        return found

    def __iter__(self) -> Iterator[bytes]:
        """All of it, a chunk at a time."""
        for start in range(0, self._size, CHUNK_BYTES):
            yield self[start : start + CHUNK_BYTES]

    def __copy__(self) -> "FileBytes":
        """Itself: nothing changes it."""
        return self
