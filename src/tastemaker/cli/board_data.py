"""What `tastemaker board` compares recipes on: a sample, or CSV files, read as an import would read them.

A file that has its schema beside it (FILE.schema.json, as `tastemaker data get` writes it) is read by that. Without
one, a column of items or users is taken for categories if its values repeat (a zip code) or are joined by |, and else
for text, if it is not of numbers.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl

from tastemaker.cli.verb import Failed
from tastemaker.data.interactions import TrainingData
from tastemaker.data.schemas import Column, Schema, SchemaError, key_of, parse_schema
from tastemaker.data.selection import Selection
from tastemaker.recipes.contract import silent
from tastemaker.samples import Sample
from tastemaker.training.corpus import Corpus, Table, corpus_of
from tastemaker.transfer.csv_bytes import ImportFailed, header
from tastemaker.transfer.csv_files import CsvFile, read_csv

EVENTS = (
    Column("USER_ID", "string", nullable=False),
    Column("ITEM_ID", "string", nullable=False),
    Column("EVENT_TYPE", "string", nullable=True),
    Column("EVENT_VALUE", "float", nullable=True),
    Column("TIMESTAMP", "long", nullable=False),
)
IDS = {"Items": "ITEM_ID", "Users": "USER_ID"}

Warn = Callable[[str], None]


def of_sample(sample: Sample, warn: Warn) -> Corpus:
    """A sample, by its own schemas."""
    schemas = {name: parse_schema(text) for name, text in sample.schemas.items()}
    paths = {"Interactions": sample.interactions, "Items": sample.items, "Users": sample.users}
    tables = {name: _read(path, schemas[name], warn) for name, path in paths.items() if path is not None}
    return _corpus(tables)


def of_files(events: Path, items: Path | None, users: Path | None, warn: Warn) -> Corpus:
    """CSV files. Raises Failed for one that cannot be read, saying which, where and why."""
    paths = {"Interactions": events, "Items": items, "Users": users}
    return _corpus({name: _table(name, path, warn) for name, path in paths.items() if path is not None})


def data_of(corpus: Corpus, seed: int) -> TrainingData:
    """All of it."""
    return corpus.data(Selection(), seed)


def _corpus(tables: dict[str, Table]) -> Corpus:
    return corpus_of(tables["Interactions"], tables.get("Items"), tables.get("Users"), Selection())


def _table(dataset: str, path: Path, warn: Warn) -> Table:
    beside = path.with_suffix(".schema.json")
    try:
        if beside.is_file():
            return _read(path, parse_schema(beside.read_text(encoding="utf-8")), warn)
        if dataset == "Interactions":
            known = {key_of(name) for name in header(path.name, path)}
            columns = [each for each in EVENTS if not each.nullable or key_of(each.name) in known]
            return _read(path, Schema(dataset, tuple(columns)), warn)
        return _guessed(_read(path, _texts(dataset, path), warn))
    except SchemaError as problem:
        raise Failed(f"{beside}: {problem}") from None
    except ImportFailed as problem:
        raise Failed(str(problem)) from None
    except OSError as problem:
        raise Failed(f"{path} cannot be read: {problem.strerror or problem}.") from None


def _read(path: Path, schema: Schema, warn: Warn) -> Table:
    """The good records of a file; of bad ones the first is told. Raises Failed if no record is good."""
    found = read_csv([CsvFile(path.name, path)], schema, silent)
    if len(found.rejects):
        first = found.rejects.row(0, named=True)
        told = f"{path}, line {first['line']}: {first['reason']}. {first['fix']}"
        if not len(found.frame):
            raise Failed(f"No record of {path} can be used. {told}")
        warn(f"{len(found.rejects)} of {found.n_records} records of {path} are left out. {told}")
    return Table(found.frame, schema)


def _texts(dataset: str, path: Path) -> Schema:
    """Every column of a file as text, and the id."""
    id_column = IDS[dataset]
    others = [name for name in header(path.name, path) if name and key_of(name) != key_of(id_column)]
    columns = [Column(name, "string", nullable=True, textual=True) for name in others]
    return Schema(dataset, (Column(id_column, "string", nullable=False), *columns))


def _guessed(table: Table) -> Table:
    """The same with its columns marked as what they look like; numbers that do not repeat teach nothing."""
    return replace(
        table, schema=replace(table.schema, columns=tuple(_marked(table.frame, each) for each in table.schema.columns))
    )


def _marked(frame: pl.DataFrame, column: Column) -> Column:
    if not column.textual:
        return column
    values = frame[column.name].drop_nulls()
    is_list = values.str.contains("|", literal=True).any()
    is_category = is_list or values.n_unique() * 2 <= len(values)
    is_number = not values.cast(pl.Float64, strict=False).has_nulls()
    return replace(column, categorical=is_category, textual=not is_category and not is_number)
