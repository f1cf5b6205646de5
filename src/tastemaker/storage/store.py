"""Everything that outlives a call, as one value that is made once and handed down."""

import secrets
import shutil
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tastemaker.storage import rows
from tastemaker.storage.columns import folders
from tastemaker.storage.database import Database
from tastemaker.storage.files import sweep
from tastemaker.storage.locations import Access

DATABASE = "tastemaker.db"


@dataclass(frozen=True)
class Store:
    """One home: its database, its folders, its clock and its source of ids."""

    home: Path
    database: Database
    reads_local_paths: bool = True  # whether a dataLocation may be a path of this machine's disk
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
    def rejects(self) -> Path:
        """One file for each import job that set records aside."""
        return self.home / "rejects"

    @property
    def artifacts(self) -> Path:
        """One folder for each trained solution version."""
        return self.home / "artifacts"

    @property
    def spool(self) -> Path:
        """Scratch space of running jobs."""
        return self.home / "spool"

    def access(self, role: str | None = None, source: str = "") -> Access:
        """Where objects are read and written, as the role of a job. source: the ARN of that job."""
        return Access(self.buckets, self.reads_local_paths, role, source)


def open_store(home: Path, reads_local_paths: bool = True) -> Store:
    """The store of a home, made if it is not there. Raises FormatError for one of another version."""
    home.mkdir(parents=True, exist_ok=True)
    store = Store(home, Database(home / DATABASE), reads_local_paths)
    store.buckets.mkdir(exist_ok=True)
    return store


def collect(store: Store) -> list[str]:
    """Remove files that no row names; only while no job runs, whose files have no row yet. Gives their names."""
    shutil.rmtree(store.spool, ignore_errors=True)
    with store.database.read() as connection:
        parts = folders(connection)
        artifacts = {found.body.get("artifact", "") for found in rows.all_of(connection, "SolutionVersion")}
        imports = {found.body.get("rejects", "") for found in rows.all_of(connection, "DatasetImportJob")}
    return [
        *sweep(store.datasets, parts),
        *sweep(store.artifacts, artifacts),
        *sweep(store.rejects, imports),
    ]
