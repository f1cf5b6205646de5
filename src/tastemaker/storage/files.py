"""Files that are there whole or not at all: written aside, synced, renamed."""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ASIDE = ".aside-"


@contextmanager
def new_folder(place: Path) -> Iterator[Path]:
    """A folder to fill; it appears at its place, on disk, when the block ends, and leaves no trace if that raises."""
    place.parent.mkdir(parents=True, exist_ok=True)
    aside = place.parent / f"{ASIDE}{place.name}-{uuid.uuid4().hex[:8]}"
    aside.mkdir()
    try:
        yield aside
        for path in aside.iterdir():
            sync(path)
        sync(aside)
        aside.rename(place)
        sync(place.parent)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise


@contextmanager
def new_file(place: Path, mode: int = 0o644) -> Iterator[Path]:
    """A file to write; it replaces the one at its place when the block ends, and leaves no trace if that raises."""
    place.parent.mkdir(parents=True, exist_ok=True)
    aside = place.parent / f"{ASIDE}{place.name}-{uuid.uuid4().hex[:8]}"
    try:
        os.close(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode))
        yield aside
        sync(aside)
        aside.rename(place)
        sync(place.parent)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def sweep(root: Path, wanted: set[str]) -> list[str]:
    """Remove what stands in root and no row names: what killed work left behind. Gives the names."""
    if not root.exists():
        return []
    gone = [path for path in root.iterdir() if path.name not in wanted]
    for path in gone:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return [path.name for path in gone]


def sync(path: Path) -> None:
    """Return when a file, or the names in a folder, are on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
