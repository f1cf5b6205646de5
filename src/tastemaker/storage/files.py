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
            _sync(path)
        _sync(aside)
        aside.rename(place)
        _sync(place.parent)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise


def write_text(place: Path, text: str, mode: int = 0o644) -> None:
    """A small file, replaced as a whole."""
    place.parent.mkdir(parents=True, exist_ok=True)
    aside = place.parent / f"{ASIDE}{place.name}-{uuid.uuid4().hex[:8]}"
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    aside.rename(place)
    _sync(place.parent)


def sweep(root: Path, wanted: set[str]) -> list[str]:
    """Remove the folders under root that no row names: what killed work left behind. Gives their names."""
    if not root.exists():
        return []
    gone = [path.name for path in root.iterdir() if path.name not in wanted]
    for name in gone:
        shutil.rmtree(root / name, ignore_errors=True)
    return gone


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
