"""Datasets on disk: a version is a list of parts, a part is an immutable folder with one Parquet file.

A FULL import replaces the list, an INCREMENTAL one adds to it; either happens by rows of one transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from sqlalchemy import Connection, delete, insert, select

from tastemaker.storage.database import parts
from tastemaker.storage.files import new_file, new_folder

ROWS = "rows.parquet"


@dataclass(frozen=True)
class Part:
    """One immutable piece of a dataset."""

    folder: str
    n_rows: int


def save(place: Path, rows: pl.DataFrame) -> None:
    """Write a part."""
    with new_folder(place) as folder:
        rows.write_parquet(folder / ROWS, compression="zstd")


def save_rejects(place: Path, rejects: pl.DataFrame) -> None:
    """Write the records that an import set aside, as CSV."""
    with new_file(place) as aside:
        rejects.write_csv(aside)


def load(root: Path, found: Sequence[Part]) -> pl.DataFrame | None:
    """All rows of the parts, oldest part first; None if there are none. Columns a part lacks are null."""
    if not found:
        return None
    return pl.concat([pl.read_parquet(root / part.folder / ROWS) for part in found], how="diagonal_relaxed")


def parts_of(connection: Connection, dataset: str) -> list[Part]:
    """The current version of a dataset."""
    query = select(parts.c.folder, parts.c.n_rows).where(parts.c.dataset == dataset).order_by(parts.c.id)
    return [Part(folder, n_rows) for folder, n_rows in connection.execute(query)]


def commit(connection: Connection, dataset: str, part: Part, now_s: float, replace: bool) -> None:
    """Make the part belong to the dataset: after all others, or (replace) instead of them."""
    if replace:
        connection.execute(delete(parts).where(parts.c.dataset == dataset))
    connection.execute(insert(parts).values(dataset=dataset, folder=part.folder, n_rows=part.n_rows, created_s=now_s))


def folders(connection: Connection) -> set[str]:
    """The folders of all datasets' current versions."""
    return set(connection.scalars(select(parts.c.folder)))
