"""Metadata that filters look at: item columns aligned with a model's catalogue, and rows of users."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import polars as pl

from tastemaker.data.interactions import About
from tastemaker.data.schemas import Schema, key_of
from tastemaker.data.vocabulary import Positions
from tastemaker.errors import InvalidInputException
from tastemaker.filters import ItemColumn, columns_of
from tastemaker.recipes.contract import about_columns
from tastemaker.resources.contents import ID_COLUMNS, contents_of, written_after
from tastemaker.resources.groups import dataset_of
from tastemaker.serving.deployments import Deployment
from tastemaker.storage.copies import Copies
from tastemaker.storage.database import generation
from tastemaker.storage.events import newest_put
from tastemaker.storage.store import Store

NO_RECORD = ""  # an id that no item has


@dataclass(frozen=True, eq=False)
class Records:
    """A dataset of Items or Users: the newest record by id."""

    schema: Schema | None
    frame: pl.DataFrame
    position: Mapping[str, int]
    source: object = None  # what it was read from: equal if nothing has changed
    generation: int = 0  # while it stands, records are added one by one, and none is taken away
    through_seq: int = 0  # the newest record put into any dataset

    def row(self, record_id: str) -> Mapping[str, Any] | None:
        """The values by column; None for an id without a record."""
        place = self.position.get(record_id)
        return None if place is None else self.frame.row(place, named=True)

    def texts(self, record_id: str, columns: Sequence[str]) -> dict[str, str]:
        """Values of columns as text, by the column's name in lower case, as the service answers; nulls are left out.

        Raises InvalidInputException for a column that the schema lacks.
        """
        names = [self.schema.column(asked) if self.schema else None for asked in columns]
        for asked, column in zip(columns, names, strict=True):
            if column is None:
                raise InvalidInputException(f"metadataColumns: the Items dataset has no column {asked!r}.")
        row = self.row(record_id) or {}
        return {
            column.name.lower(): _text(row[column.name])
            for column in names
            if column is not None and row.get(column.name) is not None
        }


class Catalogue:
    """Current metadata of dataset groups, read when a filter first asks for it, and again after a change."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known = {name: Copies(partial(self._read, name)) for name in ID_COLUMNS}
        self._columns: WeakKeyDictionary[Deployment, tuple[pl.DataFrame, Mapping[str, ItemColumn]]] = (
            WeakKeyDictionary()
        )

    def candidate_columns(self, deployment: Deployment, as_of: int) -> Mapping[str, ItemColumn]:
        """The filterable columns of items (or actions), for the catalogue and one more without a record."""
        records = self.records(deployment.group, deployment.things, as_of)
        known = self._columns.get(deployment)
        if known is not None and known[0] is records.frame:
            return known[1]
        found: Mapping[str, ItemColumn] = {}
        if records.schema is not None:
            id_name = ID_COLUMNS[deployment.things]
            found = columns_of(records.frame, records.schema, deployment.items, id_name, [NO_RECORD])
        self._columns[deployment] = (records.frame, found)
        return found

    def records(self, group: str, dataset_type: str, as_of: int) -> Records:
        """The records of the group's ITEMS, USERS or ACTIONS. as_of: the counter of the catalogue."""
        return self._known[dataset_type].get(group, as_of)

    def about(self, deployment: Deployment, user_id: str | None, context: Mapping[str, str], as_of: int) -> About:
        """What the model wants to know of a user and of the moment of a request; mostly nothing."""
        wanted = about_columns(deployment.trained.model)
        if not wanted:
            return {}
        records = self.records(deployment.group, "USERS", as_of)
        row = (records.row(user_id) if user_id is not None else None) or {}
        told = {f"USERS.{key_of(name)}": value for name, value in row.items() if isinstance(value, str)}
        told |= {f"CONTEXT.{key_of(name)}": value for name, value in context.items()}
        found = {}
        for column in wanted:
            source, name = column.split(".", 1)
            values = tuple(part for part in told.get(f"{source}.{key_of(name)}", "").split("|") if part)
            if values:
                found[column] = values
        return found

    def _read(self, dataset_type: str, group: str) -> Records:
        """The newest record of each id. What was put since the last look is added to what is known."""
        known, id_column = self._known[dataset_type].last(group), ID_COLUMNS[dataset_type]
        with self._store.database.read() as connection:
            dataset = dataset_of(connection, group, dataset_type)
            if dataset is None:
                return Records(None, pl.DataFrame(), {})
            now, through_seq = generation(connection), newest_put(connection)
            if known is not None and known.schema is not None and known.generation == now:
                new = written_after(connection, dataset, known.schema, known.through_seq)
                known = replace(known, through_seq=through_seq)
                if not len(new):
                    return known
                rest = known.frame.filter(~pl.col(id_column).is_in(new[id_column].to_list()))
                return _indexed(replace(known, frame=pl.concat([rest, new], rechunk=True), source=None), id_column)
            contents = contents_of(connection, dataset, every_version=False)
        if known is not None and known.source is not None and known.source == contents.source:
            return replace(known, generation=now, through_seq=through_seq)
        try:
            frame = contents.newest(self._store)
        except FileNotFoundError:  # an import replaced them between the look at their names and the look into them
            return self._read(dataset_type, group)
        return _indexed(Records(contents.schema, frame, {}, contents.source, now, through_seq), id_column)


def _indexed(records: Records, id_column: str) -> Records:
    return replace(records, position=Positions(records.frame[id_column]))


def _text(value: object) -> str:
    """A value as the files that are imported have it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
