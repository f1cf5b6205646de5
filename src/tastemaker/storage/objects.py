"""Objects in and out: a location's files to read, and files to write below a location.

A single object or a folder of them, on this machine's disk or in S3 (`storage/s3.py`): who calls does not see which.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tastemaker.policies.evaluate import GET, PUT
from tastemaker.storage import s3
from tastemaker.storage.files import new_file
from tastemaker.storage.locations import (
    INVALID_INPUT,
    INVALID_OUTPUT,
    Access,
    FetchedObject,
    ObjectsFailed,
    Watch,
    check_location,
    check_number,
    key_of,
    local_place,
    split,
)
from tastemaker.storage.permissions import require

__all__ = ["Access", "FetchedObject", "ObjectsFailed", "check_location", "deliver", "fetch", "is_csv"]

CHUNK_BYTES = 1 << 20


def is_csv(name: str) -> bool:
    """Whether an object of a folder is read by an import; `name` is the last part of its key."""
    return name.lower().endswith((".csv", ".csv.gz")) and not name.startswith(".")


def fetch(
    location: str,
    access: Access,
    spool: Path,
    watch: Watch,
    wanted: Callable[[str], bool] = is_csv,
    recursive: bool = False,
    invalid: str = INVALID_INPUT,
) -> list[FetchedObject]:
    """The objects at a location: local files as they lie, others copied into `spool` (an existing folder).

    A folder stands for the objects directly in it whose last part of the name is `wanted`; with `recursive` for those
    in folders below, too. In order of their names. invalid: how the message begins when there is nothing to read.
    Raises ObjectsFailed.
    """
    try:
        place = local_place(location, access)
    except ObjectsFailed as problem:
        raise ObjectsFailed(f"{invalid} {location}: {problem}") from None
    admit = _admit(location, access, invalid)
    if place is None:
        _require_s3(location, access, invalid)
        found = s3.fetch(location, access, spool, watch, wanted, recursive, invalid, admit)
    else:
        found = _local(location, place, wanted, recursive, invalid)
        admit([_key(location, each.name, place.is_dir()) for each in found])
    if not found:
        kind = "any .csv or .csv.gz file" if wanted is is_csv else "any file that this job reads"
        raise ObjectsFailed(f"{invalid} {location} is a folder without {kind} in it.")
    return found


def _admit(location: str, access: Access, invalid: str) -> s3.Admit:
    """What policies say to the keys that are found; asked before that whether anything may be looked for at all."""
    if access.policies is None:
        return lambda _: None
    key = key_of(location, invalid)
    require(location, access, GET, [key if key and not key.endswith("/") else f"{key}*"], invalid, to_list=True)
    return lambda keys: require(location, access, GET, keys, invalid)


def _require_s3(location: str, access: Access, invalid: str) -> None:
    """Raise ObjectsFailed if a bucket that has no folder is nowhere."""
    if not access.asks_s3:
        raise ObjectsFailed(f"{invalid} {location}: there is no such bucket in this sandbox. Create it, and try again.")


def _key(location: str, name: str, in_folder: bool) -> str:
    """The key of an object that was found under this name."""
    key = split(location)[1]
    return f"{key.rstrip('/')}/{name}".lstrip("/") if in_folder else key


def _local(
    location: str, place: Path, wanted: Callable[[str], bool], recursive: bool, invalid: str
) -> list[FetchedObject]:
    try:
        if place.is_dir():
            below = sorted(path for path in _files(place, recursive) if wanted(path.name))
            check_number(len(below), location, invalid)
            return [FetchedObject(path.relative_to(place).as_posix(), path) for path in below]
        if place.is_file():
            with place.open("rb"):
                return [FetchedObject(place.name, place)]
    except PermissionError as error:
        raise ObjectsFailed(f"Insufficient privileges for accessing data at {location}: {error.strerror}.") from None
    except OSError as error:
        raise ObjectsFailed(f"{invalid} {location}: {error.strerror}.") from None
    raise ObjectsFailed(f"{invalid} {location} is not there: no file or folder {place}.")


def _files(folder: Path, recursive: bool) -> Iterator[Path]:
    """Regular files of a folder; links to folders are not followed, they may lead in circles."""
    if not recursive:
        yield from (child for child in folder.iterdir() if child.is_file())
        return
    for above, _, names in os.walk(folder):
        yield from (path for name in names if (path := Path(above, name)).is_file())


def deliver(files: Sequence[tuple[str, Path]], destination: str, access: Access, watch: Watch) -> list[str]:
    """Write each (name, file) as `<destination>/<name>`, a folder with or without its last slash; gives the locations.

    Each object is there whole or not at all, and replaces an earlier one; a name may lead through folders. Raises
    ObjectsFailed.
    """
    for name, _ in files:
        if name.startswith("/") or {"", ".", ".."} & set(name.split("/")):
            raise ObjectsFailed(f"{INVALID_OUTPUT} {name!r} is no name of a file in {destination}. Rename the input.")
    try:
        folder = local_place(destination, access)
    except ObjectsFailed as problem:
        raise ObjectsFailed(f"{INVALID_OUTPUT} {destination}: {problem}") from None
    targets = [(f"{destination.rstrip('/')}/{name}", source) for name, source in files]
    if access.policies is not None:
        keys = [key_of(target, INVALID_OUTPUT) for target, _ in targets]
        require(destination, access, PUT, keys, INVALID_OUTPUT)
    if folder is None:
        _require_s3(destination, access, INVALID_OUTPUT)
        s3.deliver(targets, access, watch)
    else:
        _deliver_locally([(folder / name, source) for name, source in files], destination, watch)
    return [target for target, _ in targets]


def _deliver_locally(files: Sequence[tuple[Path, Path]], destination: str, watch: Watch) -> None:
    total, done = float(sum(source.stat().st_size for _, source in files)), 0.0
    try:
        for place, source in files:
            with new_file(place) as aside, source.open("rb") as reader, aside.open("wb") as writer:
                while chunk := reader.read(CHUNK_BYTES):
                    done += writer.write(chunk)
                    watch(done, total)
    except PermissionError as error:
        raise ObjectsFailed(f"Insufficient privileges for writing data at {destination}: {error.strerror}.") from None
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise ObjectsFailed(
            f"{INVALID_OUTPUT} {destination}: {error.filename} is in the way ({error.strerror}). Name another folder."
        ) from None
    except OSError as error:
        raise ObjectsFailed(f"{INVALID_OUTPUT} {destination}: {error.strerror}.") from None
