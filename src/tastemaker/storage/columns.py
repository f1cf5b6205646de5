"""Datasets on disk: a version is a list of parts, a part is an immutable folder with one Parquet file.

A FULL import replaces the list, an INCREMENTAL one adds to it; either happens by rows of one transaction.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl
from sqlalchemy import Connection, delete, insert, select, update

from tastemaker.storage.database import parts
from tastemaker.storage.files import new_file, new_folder

ROWS = "rows.parquet"


@dataclass(frozen=True)
class Part:
    """One immutable piece of a dataset."""

    folder: str
    n_rows: int
    created_s: float


def save(place: Path, rows: pl.DataFrame) -> None:
    """Write a part."""
    with new_folder(place) as folder:
        rows.write_parquet(folder / ROWS, compression="zstd")


def save_rejects(place: Path, rejects: pl.DataFrame) -> None:
    """Write the records that an import set aside, as CSV."""
    with new_file(place) as aside:
        rejects.write_csv(aside)


def load(root: Path, part: Part) -> pl.DataFrame:
    """The rows of a part. Raises FileNotFoundError if it was replaced meanwhile."""
    return pl.read_parquet(root / part.folder / ROWS)


def parts_of(connection: Connection, dataset: str) -> list[Part]:
    """The current version of a dataset."""
    query = (
        select(parts.c.folder, parts.c.n_rows, parts.c.created_s).where(parts.c.dataset == dataset).order_by(parts.c.id)
    )
    return [Part(*row) for row in connection.execute(query)]


def commit(connection: Connection, dataset: str, part: Part, replace: bool) -> None:
    """Make the part belong to the dataset: after all others, or (replace) instead of them."""
    if replace:
        connection.execute(delete(parts).where(parts.c.dataset == dataset))
    connection.execute(insert(parts).values(dataset=dataset, **asdict(part)))


def exchange(connection: Connection, old: Part, new: Part | None) -> None:
    """Put a rewritten part in the place of another one; None: nothing is left of it."""
    mine = parts.c.folder == old.folder
    connection.execute(delete(parts).where(mine) if new is None else update(parts).where(mine).values(asdict(new)))


def folders(connection: Connection) -> set[str]:
    """The folders of all datasets' current versions."""
    return set(connection.scalars(select(parts.c.folder)))
