"""Everything that outlives a call, as one value that is made once and handed down."""

import secrets
import shutil
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tastemaker.storage.database import Database

DATABASE = "tastemaker.db"


@dataclass(frozen=True)
class Store:
    """One home: its database, its folders, its clock and its source of ids."""

    home: Path
    database: Database
    now_s: Callable[[], float] = time.time
    new_hex: Callable[[], str] = field(default=lambda: secrets.token_hex(4))
    new_uuid: Callable[[], str] = field(default=lambda: str(uuid.uuid4()))

    @property
    def buckets(self) -> Path:
        """`s3://bucket/key` is the file bucket/key here, where the folder of the bucket exists."""
        return self.home / "buckets"

    @property
    def datasets(self) -> Path:
        """One folder for each part of a dataset."""
        return self.home / "datasets"

    @property
    def artifacts(self) -> Path:
        """One folder for each trained solution version."""
        return self.home / "artifacts"

    @property
    def spool(self) -> Path:
        """Scratch space of running jobs."""
        return self.home / "spool"


def open_store(home: Path) -> Store:
    """The store of a home, made if it is not there. Raises FormatError for one of another version."""
    home.mkdir(parents=True, exist_ok=True)
    store = Store(home, Database(home / DATABASE))
    store.buckets.mkdir(exist_ok=True)
    return store


def clear_spool(store: Store) -> None:
    """Remove the scratch space of jobs; only when none runs."""
    shutil.rmtree(store.spool, ignore_errors=True)
