"""Everything that outlives a call, as one value that is made once and handed down."""

import os
import secrets
import shutil
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tastemaker.settings import Strict
from tastemaker.storage import rows
from tastemaker.storage.columns import folders
from tastemaker.storage.database import Database
from tastemaker.storage.files import sweep
from tastemaker.storage.locations import Access
from tastemaker.storage.permissions import policies_in

DATABASE = "tastemaker.db"


@dataclass(frozen=True)
class Store:
    """One home: its database, its folders, its clock and its source of ids."""

    home: Path
    database: Database
    reads_local_paths: bool = True  # whether a dataLocation may be a path of this machine's disk
    strict: Strict = field(default=Strict())
    asks_s3: bool = True  # whether a bucket that is no folder of the home is looked for in S3 itself
    filter_extensions: bool = False  # whether CreateFilter takes what the service's language lacks
    auto_training_delay_s: float = 3600.0  # from an ACTIVE solution to its first automatic training
    auto_update_s: float = 7200.0  # between two updates of a deployed model
    trend_refresh_s: float = 7200.0  # between two refreshes of trends of longer intervals
    incremental_update_s: float = 1800.0  # between two incremental updates
    now_s: Callable[[], float] = time.time
    new_hex: Callable[[], str] = field(default=lambda: secrets.token_hex(4))
    new_chance: Callable[[], int] = field(
        default=lambda: int.from_bytes(os.urandom(5), "big")
    )  # as `secrets`, in half the time
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
    def batches(self) -> Path:
        """One folder for each batch job that goes on: what is done of it, so that it can be taken up again."""
        return self.home / "batches"

    @property
    def shown(self) -> Path:
        """One file for each process that answers requests: the lists that it showed of late."""
        return self.home / "shown"

    @property
    def spool(self) -> Path:
        """Scratch space of running jobs."""
        return self.home / "spool"

    def access(self, role: str | None = None, source: str = "") -> Access:
        """Where objects are read and written, as the role of a job. source: the ARN of that job."""
        policies = policies_in(self.home) if self.strict.iam else None
        return Access(self.buckets, self.reads_local_paths, role, source, policies, self.asks_s3)


def open_store(home: Path, reads_local_paths: bool = True, **options: Any) -> Store:
    """The store of a home, made if it is not there; options: more members of it. Raises FormatError for one of another
    version."""
    home.mkdir(parents=True, exist_ok=True)
    store = Store(home, Database(home / DATABASE), reads_local_paths, **options)
    store.buckets.mkdir(exist_ok=True)
    return store


def collect(store: Store) -> list[str]:
    """Remove files that no row names; only while no job runs, whose files have no row yet. Gives their names."""
    shutil.rmtree(store.spool, ignore_errors=True)
    with store.database.read() as connection:
        parts = folders(connection)
        trained = [found for kind in ("SolutionVersion", "Recommender") for found in rows.all_of(connection, kind)]
        artifacts = {found.body.get("artifact", "") for found in trained}
        batches = {
            str(found.seq)
            for kind in ("BatchInferenceJob", "BatchSegmentJob")
            for found in rows.all_of(connection, kind)
            if found.status in ("CREATE PENDING", "CREATE IN_PROGRESS")
        }
        imports = {found.body.get("rejects", "") for found in rows.all_of(connection, "DatasetImportJob")}
    return [
        *sweep(store.datasets, parts),
        *sweep(store.artifacts, artifacts),
        *sweep(store.rejects, imports),
        *sweep(store.batches, batches),
    ]
