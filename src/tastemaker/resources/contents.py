"""What a dataset holds: what was imported in bulk, and what was written one by one, as one table.

Bulk rows are parts on disk; users, items and actions that were put are versions in the log of records; interactions
that were streamed are events. `written_s` says when each row came, so that of two records the later one counts,
whichever way it came.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl
from sqlalchemy import Connection

from tastemaker.data.schemas import Schema
from tastemaker.data.table import types_of
from tastemaker.resources.groups import schema_of
from tastemaker.storage import columns, events
from tastemaker.storage.columns import Part
from tastemaker.storage.rows import Resource
from tastemaker.storage.store import Store

WRITTEN = "__written_s__"
# As the export operation names the ways in which rows came.
Mode = Literal["BULK", "PUT", "ALL"]
ID_COLUMNS = {"ITEMS": "ITEM_ID", "USERS": "USER_ID", "ACTIONS": "ACTION_ID"}


@dataclass(frozen=True)
class Contents:
    """Where the rows of a dataset are, as of one moment; `read` brings them into memory.

    through_seq: the newest streamed event, or the newest record written by itself, that is among them.
    """

    dataset: Resource
    schema: Schema
    parts: list[Part]
    written: pl.DataFrame
    through_seq: int

    @property
    def id_column(self) -> str | None:
        """The column that names a record; None for interactions, of which each stands for itself."""
        return ID_COLUMNS.get(self.dataset.body["datasetType"])

    @property
    def source(self) -> object:
        """What the rows of users, items or actions come from: equal as long as nothing changed."""
        return (self.dataset.seq, self.dataset.body["schemaArn"], self.parts, len(self.written), self.through_seq)

    def read(self, store: Store, mode: Mode = "ALL") -> pl.DataFrame:
        """All rows with the columns of the schema and WRITTEN, in the order in which they came.

        Columns that a part lacks are null: the schema was replaced since. Raises FileNotFoundError if an import
        replaced the parts since they were looked up.
        """
        types = {**types_of(self.schema), WRITTEN: pl.Float64()}
        frames = [pl.DataFrame(schema=types)]
        if mode != "PUT":
            for part in self.parts:
                rows = columns.load(store.datasets, part)
                absent = [pl.lit(None, kind).alias(name) for name, kind in types.items() if name not in rows.columns]
                frames.append(rows.with_columns(absent).with_columns(pl.lit(part.created_s).alias(WRITTEN)))
        if mode != "BULK":
            frames.append(self.written)
        found = pl.concat([frame.select(list(types)) for frame in frames])
        return found if self.id_column is None else found.sort(WRITTEN, maintain_order=True)

    def newest(self, store: Store) -> pl.DataFrame:
        """The same with one row for each record: its newest version. Of interactions, every distinct one."""
        found = self.read(store)
        if self.id_column is None:
            return found.drop(WRITTEN).unique(maintain_order=True)
        return found.drop(WRITTEN).unique(self.id_column, keep="last", maintain_order=True)


def contents_of(connection: Connection, dataset: Resource, every_version: bool = True) -> Contents:
    """What a dataset holds at this moment of the connection.

    every_version: of users, items and actions that were put; without it the newest of each, which is much less where
    the same ones are put again and again.
    """
    schema = schema_of(connection, dataset)
    if dataset.body["datasetType"] in ID_COLUMNS:
        through_seq = events.newest_record(connection, dataset.seq)
        put = events.records_of if every_version else events.newest_records_of
        written = _records(put(connection, dataset.seq), schema)
    else:
        through_seq = events.newest_seq(connection)
        written = _interactions(events.of_dataset(connection, dataset.seq, through_seq), schema)
    return Contents(dataset, schema, columns.parts_of(connection, dataset.arn), written, through_seq)


def written_after(connection: Connection, dataset: Resource, schema: Schema, after_seq: int) -> pl.DataFrame:
    """The newest version of each user, item or action that was put after one, with the columns of the schema."""
    return _records(events.newest_records_of(connection, dataset.seq, after_seq), schema).drop(WRITTEN)


def _records(found: list[events.Record], schema: Schema) -> pl.DataFrame:
    types = {**types_of(schema), WRITTEN: pl.Float64()}
    id_column = next(column.name for column in schema.columns if column.name in ID_COLUMNS.values())
    return pl.DataFrame(
        [{**record.body, id_column: record.record_id, WRITTEN: record.written_s} for record in found],
        schema=types,
        strict=False,
    )


def _interactions(found: list[dict[str, Any]], schema: Schema) -> pl.DataFrame:
    """Streamed events under the columns of the schema. "Session events never linked to a user are not used"."""
    known = [event for event in found if event["user_id"] is not None]
    details = [event["details"] or {} for event in known]
    columns_of_the_log = {
        "USER_ID": "user_id",
        "ITEM_ID": "item_id",
        "ACTION_ID": "item_id",
        "EVENT_TYPE": "event_type",
        "EVENT_VALUE": "event_value",
        "TIMESTAMP": "time_s",
    }
    values: dict[str, list[Any]] = {}
    for column in schema.columns:
        if column.name in columns_of_the_log:
            values[column.name] = [event[columns_of_the_log[column.name]] for event in known]
        else:
            values[column.name] = [MEMBERS.get(column.name, dict.get)(detail, column.name) for detail in details]
    values[WRITTEN] = [None] * len(known)
    return pl.DataFrame(values, schema={**types_of(schema), WRITTEN: pl.Float64()}, strict=False)


def _impression(details: dict[str, Any], _: str) -> str | None:
    return "|".join(details["impression"]) if details.get("impression") else None


def _source(details: dict[str, Any], _: str) -> Any:
    return details.get("metricAttribution", {}).get("eventAttributionSource")


# Columns whose values are members of an event, not properties.
MEMBERS: dict[str, Callable[[dict[str, Any], str], Any]] = {
    "IMPRESSION": _impression,
    "RECOMMENDATION_ID": lambda details, _: details.get("recommendationId"),
    "EVENT_ATTRIBUTION_SOURCE": _source,
}
