"""The layout that all samples share: three CSV files with the schemas that describe them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl


@dataclass(frozen=True)
class Tables:
    """A sample in memory, columns as in SCHEMAS; users is None where the source has no users."""

    interactions: pl.DataFrame
    items: pl.DataFrame
    users: pl.DataFrame | None


@dataclass(frozen=True)
class Sample:
    """A sample on disk, ready for import.

    schemas: Avro JSON by dataset type, for the files that there are. titles: item id -> title.
    note: what the user should be told about where the data come from; may be empty.
    """

    name: str
    folder: Path
    interactions: Path
    items: Path
    users: Path | None
    schemas: Mapping[str, str]
    titles: Mapping[str, str]
    note: str


def _schema(name: str, *fields: dict[str, Any]) -> str:
    record = {"type": "record", "name": name, "namespace": "com.amazonaws.personalize.schema", "version": "1.0"}
    return json.dumps({**record, "fields": fields})


SCHEMAS: Mapping[str, str] = {
    "Interactions": _schema(
        "Interactions",
        {"name": "USER_ID", "type": "string"},
        {"name": "ITEM_ID", "type": "string"},
        {"name": "EVENT_TYPE", "type": "string"},
        {"name": "EVENT_VALUE", "type": ["null", "float"]},
        {"name": "TIMESTAMP", "type": "long"},
    ),
    "Items": _schema(
        "Items",
        {"name": "ITEM_ID", "type": "string"},
        {"name": "TITLE", "type": "string"},
        {"name": "GENRES", "type": ["null", "string"], "categorical": True},
        {"name": "YEAR", "type": ["null", "int"]},
    ),
    "Users": _schema(
        "Users",
        {"name": "USER_ID", "type": "string"},
        {"name": "AGE", "type": "int"},
        {"name": "GENDER", "type": "string", "categorical": True},
        {"name": "OCCUPATION", "type": "string", "categorical": True},
        {"name": "ZIP_CODE", "type": "string"},
    ),
}


def write(name: str, tables: Tables, into: Path, note: str) -> Sample:
    """Writes interactions.csv, items.csv and users.csv; each appears whole or not at all."""
    into.mkdir(parents=True, exist_ok=True)
    frames = {"Interactions": tables.interactions, "Items": tables.items, "Users": tables.users}
    paths: dict[str, Path] = {}
    for dataset, frame in frames.items():
        path = into / f"{dataset.lower()}.csv"
        if frame is None:
            # Of another sample that was here before.
            path.unlink(missing_ok=True)
            continue
        aside = path.with_name(f"{path.name}.part")
        frame.write_csv(aside)
        aside.replace(path)
        paths[dataset] = path
    return Sample(
        name,
        into,
        paths["Interactions"],
        paths["Items"],
        paths.get("Users"),
        {dataset: SCHEMAS[dataset] for dataset in paths},
        dict(tables.items.select("ITEM_ID", "TITLE").iter_rows()),
        note,
    )
