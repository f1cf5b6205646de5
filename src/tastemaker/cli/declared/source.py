"""Where the data of a dataset lie, and a fingerprint that says whether they were imported already."""

from dataclasses import dataclass
from hashlib import blake2b, file_digest
from pathlib import Path

from tastemaker.cli.declared.text import Mistake, Place

CSV = (".csv", ".csv.gz")


@dataclass(frozen=True)
class Source:
    """location: as CreateDatasetImportJob wants it. content: what makes these data differ from others."""

    location: str
    content: tuple[str, ...]
    is_local: bool


def source(location: str, version: str | None, folder: Path, place: Place) -> Source:
    """A location of the file. Raises Mistake for a path where nothing is.

    An address stands for itself, because what lies there cannot be seen from here; of a path the name and the bytes
    count and not the folder, so that a copy of the project elsewhere imports nothing again.
    """
    if "://" in location and not location.startswith("file://"):
        return Source(location, (location, version or ""), is_local=False)
    path = folder / location.removeprefix("file://")
    files = sorted(each for each in path.iterdir() if each.name.endswith(CSV)) if path.is_dir() else [path]
    if not files:
        raise Mistake(place, f"{path} has no .csv file directly in it. Name a file, or a folder with files.")
    try:
        digests = [_digest(each) for each in files]
    except OSError as problem:
        reason = f"{problem.filename} cannot be read: {problem.strerror}"
        fix = "Paths begin at the folder of this file; what lies elsewhere is named as s3://bucket/key."
        raise Mistake(place, f"{reason}. {fix}") from None
    return Source(str(path.resolve()), (path.name, version or "", *digests), is_local=True)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, lambda: blake2b(path.name.encode(), digest_size=16)).hexdigest()
