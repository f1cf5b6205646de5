"""Metadata that filters look at: item columns aligned with a model's catalogue, and rows of users."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from tastemaker.filters import ItemColumn, columns_of
from tastemaker.resources.groups import dataset_of, schema_of
from tastemaker.serving.deployments import Deployment
from tastemaker.storage import columns
from tastemaker.storage.columns import Part
from tastemaker.storage.copies import Copies
from tastemaker.storage.store import Store

NO_RECORD = ""  # an id that no item has


@dataclass(frozen=True)
class Users:
    """The Users dataset: a row by user id."""

    frame: pl.DataFrame
    position: Mapping[str, int]

    def row(self, user_id: str) -> Mapping[str, Any] | None:
        """The user's attributes by column; None for a user without a record."""
        place = self.position.get(user_id)
        return None if place is None else self.frame.row(place, named=True)


class Catalogue:
    """Current metadata of dataset groups, read when a filter first asks for it, and again after an import."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._parts = Copies(self._parts_of)
        self._users = Copies(self._read_users)
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

    def _parts_of(self, group: str) -> list[Part]:
        with self._store.database.read() as connection:
            items = dataset_of(connection, group, "ITEMS")
            return columns.parts_of(connection, items.arn) if items else []

    def _read_items(self, deployment: Deployment, parts: list[Part]) -> Mapping[str, ItemColumn]:
        with self._store.database.read() as connection:
            items = dataset_of(connection, deployment.group, "ITEMS")
            schema = schema_of(connection, items) if items else None
        frame = columns.load(self._store.datasets, parts)
        if frame is None or schema is None:
            return {}
        id_column = schema.column("ITEM_ID")
        assert id_column is not None, "a schema of Items has it"
        newest = frame.unique(id_column.name, keep="last", maintain_order=True)
        return columns_of(newest, schema, [*deployment.trained.item_ids, NO_RECORD])

    def _read_users(self, group: str) -> Users:
        with self._store.database.read() as connection:
            users = dataset_of(connection, group, "USERS")
            parts = columns.parts_of(connection, users.arn) if users else []
            schema = schema_of(connection, users) if users else None
        frame = columns.load(self._store.datasets, parts)
        id_column = schema.column("USER_ID") if schema else None
        if frame is None or id_column is None:
            return Users(pl.DataFrame(), {})
        newest = frame.unique(id_column.name, keep="last", maintain_order=True)
        return Users(newest, {name: place for place, name in enumerate(newest[id_column.name])})
