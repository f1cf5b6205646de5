"""What a solution version is trained on: bulk and streamed events of a dataset group as arrays, and item metadata."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from tastemaker.data.interactions import Bools, Categories, Interactions, TrainingData, interactions
from tastemaker.data.schemas import Schema
from tastemaker.resources.groups import dataset_of, schema_of
from tastemaker.resources.kind import WorkFailed
from tastemaker.storage import columns, events, rows
from tastemaker.storage.store import Store

NO_TYPE = ""  # of events in datasets without EVENT_TYPE


@dataclass(frozen=True)
class Corpus:
    """Everything known of a dataset group at one moment. Events keep the sort of `Interactions`."""

    events: Interactions
    user_ids: list[str]
    item_ids: list[str]
    types: list[str]
    item_categories: dict[str, Categories]
    through_seq: int

    def used_N(self, event_type: str | None, threshold: float | None) -> Bools:
        """Which events a solution learns from. Event types are compared without regard to case."""
        used_N = np.ones(len(self.events), np.bool_)
        if event_type is not None:
            wanted = [place for place, name in enumerate(self.types) if name.lower() == event_type.lower()]
            assert self.events.type_N is not None
            used_N &= np.isin(self.events.type_N, wanted)
        if threshold is not None:
            assert self.events.value_N is not None
            used_N &= self.events.value_N >= threshold  # an event without a value does not reach any threshold
        return used_N

    def data(self, used_N: Bools) -> TrainingData:
        """What the recipe is given."""
        return TrainingData(self.events.where(used_N), self.item_categories)

    def fingerprint(self) -> str:
        """Sixteen hex digits that are equal for equal data."""
        digest = hashlib.sha256()
        for array in (self.events.user_N, self.events.item_N, self.events.time_s_N):
            digest.update(np.ascontiguousarray(array).data)
        digest.update("\0".join([*self.user_ids, "", *self.item_ids]).encode())
        return digest.hexdigest()[:16]


def read_corpus(store: Store, group: str) -> Corpus:
    """All events of a dataset group, duplicates counted once. Raises WorkFailed if there is nothing to learn from."""
    with store.database.read() as connection:
        dataset = dataset_of(connection, group, "INTERACTIONS")
        group_row = rows.find(connection, group)
        if dataset is None or group_row is None:
            raise WorkFailed(f"Create failed. {group} has no Interactions dataset.")
        schema = schema_of(connection, dataset)
        parts = columns.parts_of(connection, dataset.arn)
        through_seq = events.newest_seq(connection)
        streamed = events.of_group(connection, group_row.seq, through_seq)
        items = dataset_of(connection, group, "ITEMS")
        items_schema = schema_of(connection, items) if items else None
        items_parts = columns.parts_of(connection, items.arn) if items else []
    frames = [_streamed(streamed)]
    bulk = columns.load(store.datasets, parts)
    if bulk is not None:
        frames.insert(0, _bulk(bulk, schema))
    frame = pl.concat(frames).unique(maintain_order=True)
    if not len(frame):
        raise WorkFailed(
            f"Create failed. Dataset has no interactions: import data into {dataset.arn}, then train again."
        )
    metadata = columns.load(store.datasets, items_parts)
    return _corpus(frame, metadata, items_schema, through_seq)


def _bulk(frame: pl.DataFrame, schema: Schema) -> pl.DataFrame:
    """The columns that training knows, under fixed names."""

    def column(name: str, absent: Any, kind: type[pl.DataType]) -> pl.Expr:
        known = schema.column(name)
        return (pl.col(known.name) if known else pl.lit(absent)).cast(kind).alias(name)

    return frame.select(
        column("USER_ID", None, pl.String),
        column("ITEM_ID", None, pl.String),
        column("EVENT_TYPE", NO_TYPE, pl.String).fill_null(NO_TYPE),
        column("EVENT_VALUE", None, pl.Float32),
        column("TIMESTAMP", None, pl.Int64),
    )


def _streamed(found: list[dict[str, Any]]) -> pl.DataFrame:
    """The same of streamed events. "Session events never linked to a user are not used in training"."""
    known = [row for row in found if row["user_id"] is not None]
    data = {
        "USER_ID": [row["user_id"] for row in known],
        "ITEM_ID": [row["item_id"] for row in known],
        "EVENT_TYPE": [row["event_type"] for row in known],
        "EVENT_VALUE": [row["event_value"] for row in known],
        "TIMESTAMP": [row["time_s"] for row in known],
    }
    kinds = {
        "USER_ID": pl.String,
        "ITEM_ID": pl.String,
        "EVENT_TYPE": pl.String,
        "EVENT_VALUE": pl.Float32,
        "TIMESTAMP": pl.Int64,
    }
    return pl.DataFrame(data, schema=kinds)


def _corpus(frame: pl.DataFrame, metadata: pl.DataFrame | None, schema: Schema | None, through_seq: int) -> Corpus:
    users = frame["USER_ID"].unique().sort()
    items = frame["ITEM_ID"].unique()
    id_column = schema.column("ITEM_ID") if schema else None
    if metadata is not None and id_column is not None:
        metadata = metadata.unique(id_column.name, keep="last", maintain_order=True)
        items = pl.concat([items, metadata[id_column.name]]).unique()
    items = items.sort()
    types = frame["EVENT_TYPE"].unique().sort()
    made = interactions(
        _codes(frame["USER_ID"], users),
        _codes(frame["ITEM_ID"], items),
        frame["TIMESTAMP"].to_numpy(),
        len(users),
        len(items),
        _codes(frame["EVENT_TYPE"], types),
        frame["EVENT_VALUE"].fill_null(float("nan")).to_numpy(),
    )
    categories = _categories(metadata, schema, items) if metadata is not None and schema is not None else {}
    return Corpus(made, users.to_list(), items.to_list(), types.to_list(), categories, through_seq)


def _codes(texts: pl.Series, known: pl.Series) -> Any:
    """The position of each text in a sorted list that has them all."""
    return texts.cast(pl.Enum(known)).to_physical().to_numpy().astype(np.int32)


def _categories(metadata: pl.DataFrame, schema: Schema, items: pl.Series) -> dict[str, Categories]:
    """The categorical columns, a row for each item of the catalogue; values are separated by `|`."""
    id_column = schema.column("ITEM_ID")
    assert id_column is not None
    catalogue = items.to_frame(id_column.name).join(metadata, on=id_column.name, how="left", maintain_order="left")
    found = {}
    for column in schema.columns:
        if not column.categorical or column.name not in catalogue.columns:
            continue
        lists = catalogue[column.name].fill_null("").str.split("|").list.eval(pl.element().filter(pl.element() != ""))
        values = lists.explode().drop_nulls()
        names = values.unique().sort()
        start_I = np.concatenate([[0], np.cumsum(lists.list.len().to_numpy())]).astype(np.int64)
        found[column.name] = Categories(names.to_list(), start_I, _codes(values, names))
    return found
