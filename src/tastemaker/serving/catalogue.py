"""Metadata that filters look at: item columns aligned with a model's catalogue, and rows of users."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from tastemaker.data.schemas import Schema
from tastemaker.errors import InvalidInputException
from tastemaker.filters import ItemColumn, columns_of
from tastemaker.resources.groups import dataset_of, schema_of
from tastemaker.serving.deployments import Deployment
from tastemaker.storage import columns
from tastemaker.storage.columns import Part
from tastemaker.storage.copies import Copies
from tastemaker.storage.store import Store

NO_RECORD = ""  # an id that no item has


@dataclass(frozen=True)
class Records:
    """A dataset of Items or Users: the newest record by id."""

    schema: Schema | None
    frame: pl.DataFrame
    position: Mapping[str, int]

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
            column.name.lower(): str(row[column.name])
            for column in names
            if column is not None and row.get(column.name) is not None
        }


class Catalogue:
    """Current metadata of dataset groups, read when a filter first asks for it, and again after an import."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._parts = Copies(self._parts_of)
        self._users = Copies(lambda group: self._read(group, "USERS", "USER_ID"))
        self._items = Copies(lambda group: self._read(group, "ITEMS", "ITEM_ID"))
        self._columns: dict[str, tuple[object, list[Part], Mapping[str, ItemColumn]]] = {}

    def item_columns(self, deployment: Deployment, generation: int) -> Mapping[str, ItemColumn]:
        """The filterable columns of the group's Items dataset, for the catalogue and one more item without a record."""
        parts = self._parts.get(deployment.group, generation)
        known = self._columns.get(deployment.arn)
        # Aligning takes milliseconds, and most changes of the generation are about something else.
        if known is not None and known[0] is deployment.trained and known[1] == parts:
            return known[2]
        found = self._read_items(deployment, parts)
        self._columns[deployment.arn] = (deployment.trained, parts, found)
        return found

    def user_row(self, group: str, user_id: str, generation: int) -> Mapping[str, Any] | None:
        """The user's record in the group's Users dataset."""
        return self._users.get(group, generation).row(user_id)

    def items(self, group: str, generation: int) -> Records:
        """The records of the group's Items dataset."""
        return self._items.get(group, generation)

    def _parts_of(self, group: str) -> list[Part]:
        with self._store.database.read() as connection:
            items = dataset_of(connection, group, "ITEMS")
            return columns.parts_of(connection, items.arn) if items else []

    def _read_items(self, deployment: Deployment, parts: list[Part]) -> Mapping[str, ItemColumn]:
        records = self._read(deployment.group, "ITEMS", "ITEM_ID", parts)
        if records.schema is None:
            return {}
        return columns_of(records.frame, records.schema, [*deployment.trained.item_ids, NO_RECORD])

    def _read(self, group: str, dataset_type: str, id_name: str, parts: list[Part] | None = None) -> Records:
        """The newest record of each id; of the current parts, if none are given, or if those are gone meanwhile."""
        with self._store.database.read() as connection:
            dataset = dataset_of(connection, group, dataset_type)
            schema = schema_of(connection, dataset) if dataset else None
            if parts is None:
                parts = columns.parts_of(connection, dataset.arn) if dataset else []
        try:
            frame = columns.load(self._store.datasets, parts)
        except FileNotFoundError:  # an import replaced them between the look at their names and the look into them
            with self._store.database.read() as connection:
                parts = columns.parts_of(connection, dataset.arn) if dataset else []
            frame = columns.load(self._store.datasets, parts)
        id_column = schema.column(id_name) if schema else None
        if frame is None or id_column is None:
            return Records(None, pl.DataFrame(), {})
        newest = frame.unique(id_column.name, keep="last", maintain_order=True)
        return Records(schema, newest, {name: place for place, name in enumerate(newest[id_column.name])})
