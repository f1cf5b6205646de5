"""Bulk files become a typed table: CSV as people really write it, and every bad record with its line.

Rules: Amazon Personalize developer guide, "Preparing your data files"; what it leaves open is decided in favour of the
reader of the message: nothing is skipped in silence, and nothing is imported under a wrong name.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl

from tastemaker.data.schemas import Schema, key_of
from tastemaker.data.table import FIELDS, LINE, Parsed, no_rejects, typed, types_of
from tastemaker.transfer.csv_bytes import ImportFailed, Layout, header, standard, survey

BATCH_ROWS = 200_000  # about 50 MB of text at a time

Progress = Callable[[float, float], object]


@dataclass(frozen=True)
class CsvFile:
    """name: what the user calls the file; messages and rejects say it. path: where it lies; plain or gzip."""

    name: str
    path: Path


@dataclass(frozen=True)
class Imported:
    """frame: typed records without duplicates. rejects: file, line, column, value, reason, fix.

    n_records counts every record of the files, rejected and duplicate ones too; empty lines are none.
    """

    frame: pl.DataFrame
    rejects: pl.DataFrame
    n_records: int
    n_duplicates: int


def read_csv(files: Sequence[CsvFile], schema: Schema, progress: Progress, spool: Path | None = None) -> Imported:
    """The records of all files in their order; identical events count once, of items and users the last one counts.

    progress: called with bytes done and bytes in all. Memory is bounded by the typed result. spool: where files are
    unpacked if they must be; None: where the system keeps temporary files.
    Raises ImportFailed if a file lacks columns, cannot be read at all, or if there is not one record.
    """
    frames, rejects, n_records = [types_of(schema).to_frame()], [_none_rejected()], 0
    bytes_all, bytes_done = sum(file.path.stat().st_size for file in files), 0
    for file in files:
        bytes_here = file.path.stat().st_size
        with TemporaryDirectory(prefix="tastemaker-import-", dir=spool) as folder:
            path = standard(file.name, file.path, Path(folder))
            names = _columns(file.name, header(file.name, path), schema)
            layout = survey(file.name, path, len(names))
            for parsed, n_done in _batches(path, names, layout, schema):
                frames.append(parsed.frame)
                rejects.append(parsed.rejects.select(pl.lit(file.name).alias("file"), pl.all()))
                progress(bytes_done + bytes_here * n_done / layout.n_records, bytes_all)
        n_records += layout.n_records - len(layout.blank)
        bytes_done += bytes_here
    if not n_records:
        raise ImportFailed(
            f"There is no record in {', '.join(file.name for file in files) or 'an empty list of files'}. "
            "Write one record per line below the column names."
        )
    frame = pl.concat(frames)
    distinct = _distinct(frame, schema)
    return Imported(distinct, pl.concat(rejects), n_records, len(frame) - len(distinct))


def _columns(name: str, given: Sequence[str], schema: Schema) -> list[str | None]:
    """For each column of the file the schema's name for it, None where the schema has no such column."""
    seen: dict[str, str] = {}
    for column in filter(None, given):
        if key_of(column) in seen:
            raise ImportFailed(
                f"{name} has the columns {seen[key_of(column)]} and {column}, which are the same name. "
                "Rename or remove one, then create a new import job."
            )
        seen[key_of(column)] = column
    missing = [c.name for c in schema.columns if not c.nullable and key_of(c.name) not in seen]
    if missing:
        raise ImportFailed(
            f"Input CSV is missing the following columns:[{', '.join(missing)}]. "
            f"{name} has the columns {', '.join(given)[:1000]}. "
            "Add or rename columns in its first line, or create the dataset with a schema that fits the file."
        )
    found = [schema.column(column) for column in given]
    return [column.name if column else None for column in found]


def _batches(path: Path, names: Sequence[str | None], layout: Layout, schema: Schema) -> Iterator[tuple[Parsed, int]]:
    """Typed batches, each with the number of records read by then.

    The reader gives an empty line as a record; the layout says which ones to leave out.
    """
    if not layout.n_records:
        return
    in_file = [name or f"__ignored_{place}__" for place, name in enumerate(names)]
    absent = [column.name for column in schema.columns if column.name not in in_file]
    scan = pl.scan_csv(
        path,
        has_header=False,
        skip_lines=1,
        schema=dict.fromkeys(in_file, pl.String()),
        empty_string_is_null=False,
        truncate_ragged_lines=True,
        missing_columns="insert",
        glob=False,
    ).select(name for name in names if name)
    n_done = 0
    for batch in scan.collect_batches(chunk_size=BATCH_ROWS, maintain_order=True):
        yield (
            typed(_numbered(batch, n_done, layout).with_columns(pl.lit("").alias(name) for name in absent), schema),
            (n_done := n_done + len(batch)),
        )
    if n_done != layout.n_records:
        raise RuntimeError(f"{layout.n_records} records were seen in the bytes, {n_done} were read as a table")


def _numbered(batch: pl.DataFrame, n_before: int, layout: Layout) -> pl.DataFrame:
    """The batch without empty lines, with the line of each record and its number of fields where that is wrong."""
    record = np.arange(n_before, n_before + len(batch), dtype=np.int64)
    fields = np.zeros(len(batch), np.int64)
    here = slice(*np.searchsorted(layout.odd, [n_before, n_before + len(batch)]))
    fields[layout.odd[here] - n_before] = layout.odd_fields[here]
    batch = batch.with_columns(
        pl.Series(LINE, layout.lines(record)),
        pl.Series(FIELDS, fields).replace(0, None),
    )
    blank = np.isin(record, layout.blank, assume_unique=True)
    return batch.filter(~blank) if blank.any() else batch


def _distinct(frame: pl.DataFrame, schema: Schema) -> pl.DataFrame:
    """Events without exact repetitions; of other records the last with each id."""
    if schema.dataset.endswith("Interactions"):
        return frame.unique(keep="first", maintain_order=True)
    ids = {"Items": "ITEM_ID", "Users": "USER_ID", "Actions": "ACTION_ID"}
    return frame.unique(ids[schema.dataset], keep="last", maintain_order=True)


def _none_rejected() -> pl.DataFrame:
    return no_rejects().select(pl.lit("").alias("file"), pl.all())
