"""What a solution version is trained on: bulk and streamed events of a dataset group as arrays, and metadata."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl

from tastemaker.data.exposure import Exposure
from tastemaker.data.interactions import Bools, Categories, Floats, Interactions, Longs, TrainingData, interactions
from tastemaker.data.proposals import TAKEN
from tastemaker.data.schemas import Column, Schema
from tastemaker.data.selection import Selection
from tastemaker.resources.contents import contents_of
from tastemaker.resources.groups import dataset_of
from tastemaker.resources.kind import WorkFailed
from tastemaker.storage.events import responses_of
from tastemaker.storage.store import Store
from tastemaker.training.exposures import exposure_of, of_bulk, of_streamed

REQUIRED_COLUMNS = ("user", "item or action", "time")
NO_TYPE = ""  # of events in datasets without EVENT_TYPE


@dataclass(frozen=True)
class Source:
    """The datasets behind a catalogue: its events, its things, and the column that names a thing in both."""

    events: str
    things: str
    id_column: str


ITEMS = Source("INTERACTIONS", "ITEMS", "ITEM_ID")
ACTIONS = Source("ACTION_INTERACTIONS", "ACTIONS", "ACTION_ID")


@dataclass(frozen=True)
class Corpus:
    """Everything known of a dataset group at one moment. Events keep the sort of `Interactions`."""

    events: Interactions
    user_ids: list[str]
    item_ids: list[str]
    types: list[str]
    item_categories: dict[str, Categories]
    item_numbers: dict[str, Floats]
    through_seq: int
    optional_columns: int = 0  # of the events, beyond user, thing and time
    item_texts: dict[str, list[str]] = field(default_factory=dict)
    item_created_s: Longs | None = None
    user_categories: dict[str, Categories] = field(default_factory=dict)
    context_names: dict[str, list[str]] = field(default_factory=dict)
    exposure: Exposure | None = None  # of items alone

    def used_N(self, chosen: Selection) -> Bools:
        """Which events a solution learns from."""
        return np.asarray(self._weight_N(chosen) > 0)

    def data(self, chosen: Selection, seed: int = 0) -> TrainingData:
        """What the recipe is given; events have weights where some count more than others."""
        weight_N = self._weight_N(chosen)
        used_N = weight_N > 0
        events = self.events.where(used_N)
        if used_N.any() and np.ptp(weight_N[used_N]) > 0:
            # "Weights are normalised so that their mean is 1."
            events = replace(events, weight_N=(weight_N[used_N] / weight_N[used_N].mean()).astype(np.float32))
        return TrainingData(
            events,
            self.item_categories,
            self.types,
            self.item_numbers,
            self.item_texts,
            self.item_created_s,
            self.user_categories,
            self.context_names,
            seed,
        )

    def _weight_N(self, chosen: Selection) -> Floats:
        return chosen.weights(self.types, self.events.type_N, self.events.value_N)

    def fingerprint(self) -> str:
        """Sixteen hex digits that are equal for equal data."""
        digest = hashlib.sha256()
        for array in (self.events.user_N, self.events.item_N, self.events.time_s_N):
            digest.update(np.ascontiguousarray(array).data)
        digest.update("\0".join([*self.user_ids, "", *self.item_ids]).encode())
        return digest.hexdigest()[:16]


@dataclass(frozen=True)
class Table:
    """The rows of a dataset, typed as its schema says."""

    frame: pl.DataFrame
    schema: Schema


_NO_EVENTS = {"USER_ID": pl.String(), "ACTION_ID": pl.String(), "EVENT_TYPE": pl.String(), "TIMESTAMP": pl.Int64()}
NOBODY_ACTED = Table(
    pl.DataFrame(schema=_NO_EVENTS),
    Schema("ActionInteractions", tuple(Column(name, "string", False) for name in _NO_EVENTS)),
)


def read_corpus(store: Store, group: str, chosen: Selection, source: Source = ITEMS) -> Corpus:
    """All events of a dataset group, duplicates counted once. Raises WorkFailed if there is nothing to learn from.

    Actions may be recommended before anybody has met one: "Action interactions data is optional".
    """
    with store.database.read() as connection:
        dataset = dataset_of(connection, group, source.events)
        if dataset is None and source is not ACTIONS:
            raise WorkFailed(f"Create failed. {group} has no ACTIVE {source.events.title()} dataset.")
        bulk_and_streamed = contents_of(connection, dataset) if dataset else None
        responses = []
        if dataset is not None and bulk_and_streamed is not None and source is ITEMS:
            responses = responses_of(connection, dataset.seq, 0, bulk_and_streamed.through_seq)
        things, people = (dataset_of(connection, group, name) for name in (source.things, "USERS"))
        metadata = contents_of(connection, things, every_version=False) if things else None
        users = contents_of(connection, people, every_version=False) if people else None
    events = Table(bulk_and_streamed.newest(store), bulk_and_streamed.schema) if bulk_and_streamed else NOBODY_ACTED
    if dataset is not None and not len(events.frame) and source is not ACTIONS:
        raise WorkFailed(
            f"Create failed. Dataset has no interactions: import data into {dataset.arn}, then train again."
        )
    things_table, people_table = (
        Table(each.newest(store), each.schema) if each else None for each in (metadata, users)
    )
    corpus = corpus_of(events, things_table, people_table, chosen, source)
    if bulk_and_streamed is None:
        return corpus
    lists = of_streamed(responses)
    if bulk_and_streamed.schema.column("IMPRESSION") and source is ITEMS:
        lists = pl.concat([of_bulk(bulk_and_streamed.read(store, "BULK"), bulk_and_streamed.schema), lists])
    exposure = exposure_of(lists, chosen, corpus.item_ids)
    return replace(corpus, through_seq=bulk_and_streamed.through_seq, exposure=exposure)


def corpus_of(
    events: Table, things: Table | None, people: Table | None, chosen: Selection, source: Source = ITEMS
) -> Corpus:
    """The same from tables in memory: events, items or actions, and users."""
    context = _learned_from(events.schema, chosen, source.events)
    frame = _events(events.frame, events.schema, source, context)
    corpus = _corpus(frame, things, chosen, source, context)
    if people is not None:
        known = pl.Series("USER_ID", corpus.user_ids, pl.String).to_frame()
        frame = known.join(people.frame, on="USER_ID", how="left", maintain_order="left")
        corpus = replace(corpus, user_categories=_categories(frame, people.schema, chosen, "USERS"))
    return replace(corpus, optional_columns=len(events.schema.columns) - len(REQUIRED_COLUMNS))


def _learned_from(schema: Schema, chosen: Selection, dataset_type: str) -> list[str]:
    """The categorical columns of a dataset that take part in training."""
    return [
        column.name for column in schema.columns if column.categorical and chosen.learns_from(dataset_type, column.name)
    ]


def _events(frame: pl.DataFrame, schema: Schema, source: Source, context: Sequence[str]) -> pl.DataFrame:
    """The columns that training knows, under fixed names, and the contextual ones under their own.

    The value of an action interaction is 1 if the action was taken, else 0.
    """

    def column(name: str, absent: Any, kind: type[pl.DataType]) -> pl.Expr:
        return (pl.col(name) if schema.column(name) else pl.lit(absent)).cast(kind).alias(name)

    is_taken = (pl.col("EVENT_TYPE").str.to_lowercase() == TAKEN).cast(pl.Float32).alias("EVENT_VALUE")
    return frame.select(
        column("USER_ID", None, pl.String),
        column(source.id_column, None, pl.String),
        column("EVENT_TYPE", NO_TYPE, pl.String).fill_null(NO_TYPE),
        is_taken if source is ACTIONS else column("EVENT_VALUE", None, pl.Float32),
        column("TIMESTAMP", None, pl.Int64),
        *context,
    ).unique(maintain_order=True)


def _corpus(
    frame: pl.DataFrame, things: Table | None, chosen: Selection, source: Source, context: Sequence[str]
) -> Corpus:
    users = frame["USER_ID"].unique().sort()
    items = frame[source.id_column].unique()
    if things is not None:
        items = pl.concat([items, things.frame[source.id_column]]).unique()
    items = items.sort()
    types = frame["EVENT_TYPE"].unique().sort()
    context_names = {name: frame[name].drop_nulls().unique().sort() for name in context}
    made = interactions(
        _codes(frame["USER_ID"], users),
        _codes(frame[source.id_column], items),
        frame["TIMESTAMP"].to_numpy(),
        len(users),
        len(items),
        _codes(frame["EVENT_TYPE"], types),
        frame["EVENT_VALUE"].fill_null(float("nan")).to_numpy(),
        {name: _codes(frame[name], known) for name, known in context_names.items()},
    )
    corpus = Corpus(
        made,
        users.to_list(),
        items.to_list(),
        types.to_list(),
        {},
        {},
        through_seq=0,
        context_names={name: known.to_list() for name, known in context_names.items()},
    )
    if things is not None:
        schema = things.schema
        catalogue = items.to_frame(source.id_column).join(
            things.frame, on=source.id_column, how="left", maintain_order="left"
        )
        corpus = replace(
            corpus,
            item_categories=_categories(catalogue, schema, chosen, source.things),
            item_numbers=_numbers(catalogue, schema),
            item_texts={
                column.name: catalogue[column.name].fill_null("").to_list()
                for column in schema.columns
                if (column.textual or column.item_name) and chosen.learns_from(source.things, column.name)
            },
            item_created_s=_created(catalogue, schema),
        )
    return corpus


def _codes(texts: pl.Series, known: pl.Series) -> Any:
    """The position of each text in a sorted list that has them all; -1 for none."""
    return texts.cast(pl.Enum(known)).to_physical().cast(pl.Int32).fill_null(-1).to_numpy()


def _created(catalogue: pl.DataFrame, schema: Schema) -> Longs | None:
    column = schema.column("CREATION_TIMESTAMP")
    return None if column is None else catalogue[column.name].cast(pl.Int64).fill_null(0).to_numpy()


def _numbers(catalogue: pl.DataFrame, schema: Schema) -> dict[str, Floats]:
    """The numeric columns, a value for each item of the catalogue, NaN where there is none."""
    return {
        column.name: catalogue[column.name].cast(pl.Float32).fill_null(float("nan")).to_numpy()
        for column in schema.columns
        if column.is_numeric
    }


def _categories(catalogue: pl.DataFrame, schema: Schema, chosen: Selection, dataset_type: str) -> dict[str, Categories]:
    """The categorical columns, a row for each item or user of the frame; values are separated by `|`."""
    found = {}
    for column in _learned_from(schema, chosen, dataset_type):
        lists = catalogue[column].fill_null("").str.split("|").list.eval(pl.element().filter(pl.element() != ""))
        values = lists.explode().drop_nulls()
        names = values.unique().sort()
        start_I = np.concatenate([[0], np.cumsum(lists.list.len().to_numpy())]).astype(np.int64)
        found[column] = Categories(names.to_list(), start_I, _codes(values, names))
    return found
