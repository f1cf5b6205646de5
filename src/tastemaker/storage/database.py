"""The embedded database: one SQLite file, its tables, and how it is read and written.

WAL with synchronous=FULL: a commit that returned is on disk, and readers never wait. Every write transaction begins
as a writer (BEGIN IMMEDIATE), so that two processes queue up instead of failing half-way.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Engine,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
    select,
    update,
)

from tastemaker.storage.commits import Commits

FORMAT = 3  # of the tables below; a home of an older format is brought up to it, one of a newer format is refused
BUSY_S = 60.0  # how long a writer waits for other writers: longer than any transaction of ours

metadata = MetaData()

meta = Table("meta", metadata, Column("key", String, primary_key=True), Column("value", Integer, nullable=False))

resources = Table(
    "resources",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("arn", String, nullable=False, unique=True),
    Column("kind", String, nullable=False),
    Column("name", String, nullable=False),
    Column("region", String, nullable=False),
    Column("status", String),
    Column("failure_reason", Text),
    Column("created_s", Float, nullable=False),
    Column("updated_s", Float, nullable=False),
    Column("body", JSON, nullable=False),  # members of the request, and what work added to them
    Column("change", JSON),  # the latest update: its members and its own status
    Index("resources_by_kind", "kind", "region", "seq"),
    sqlite_autoincrement=True,  # a number is never given twice: events of a deleted group belong to no later one
)

# Who refers to whom: a dataset to its group and its schema. What "in use" means follows from these rows.
links = Table(
    "links",
    metadata,
    Column("source", String, ForeignKey("resources.arn", ondelete="CASCADE"), primary_key=True),
    Column("target", String, primary_key=True),
    Index("links_by_target", "target"),
)

tags = Table(
    "tags",
    metadata,
    Column("arn", String, ForeignKey("resources.arn", ondelete="CASCADE"), primary_key=True),
    Column("key", String, primary_key=True),
    Column("value", String, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("arn", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("verb", String, nullable=False),  # create, update, delete
    Column("state", String, nullable=False),  # queued, running, done, failed, stopped
    Column("owner", String),
    Column("lease_until_s", Float),
    Column("attempts", Integer, nullable=False, default=0),
    Column("stop_asked", Integer, nullable=False, default=0),
    Column("done", Float),
    Column("total", Float),
    Column("finish_asked", Integer, nullable=False, server_default="0"),
    Column("facts", JSON),  # of the way so far, for people: epoch, loss, memory
    Column("queued_s", Float, nullable=False),
    Column("started_s", Float),
    Column("finished_s", Float),
    Index("jobs_by_state", "state", "id"),
    Index("jobs_by_arn", "arn"),
    sqlite_autoincrement=True,
)

# A dataset's current version is the list of its parts; a part is an immutable Parquet file.
parts = Table(
    "parts",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("dataset", String, ForeignKey("resources.arn", ondelete="CASCADE"), nullable=False),
    Column("folder", String, nullable=False, unique=True),
    Column("n_rows", Integer, nullable=False),
    Column("created_s", Float, nullable=False),
    Index("parts_by_dataset", "dataset", "id"),
    sqlite_autoincrement=True,
)

events = Table(
    "events",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("dataset_seq", Integer, nullable=False),  # resources.seq of the Interactions or Action_Interactions dataset
    Column("user_id", String),
    Column("session_id", String, nullable=False),
    Column("item_id", String, nullable=False),  # the action's, in Action_Interactions
    Column("event_type", String, nullable=False),
    Column("event_value", Float),
    Column("time_s", Integer, nullable=False),
    Column("event_id", String),
    Column("details", JSON),  # other columns of the schema, recommendationId, impression, attribution source
    Index("events_by_user", "dataset_seq", "user_id", "seq"),
    Index("events_by_session", "dataset_seq", "session_id", "seq"),
    Index("events_by_id", "dataset_seq", "event_id", unique=True, sqlite_where=Column("event_id").isnot(None)),
    sqlite_autoincrement=True,
)

# Users, items and actions written one by one: every version of a record, the newest last.
records = Table(
    "records",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("dataset_seq", Integer, nullable=False),  # resources.seq of the dataset
    Column("record_id", String, nullable=False),
    Column("body", JSON, nullable=False),  # values by column of the schema
    Column("written_s", Float, nullable=False),
    Index("records_by_id", "dataset_seq", "record_id"),
    sqlite_autoincrement=True,
)

# What servers keep copies of, by the counter that says when the copies went out of date.
CAMPAIGNS, CATALOGUE = "generation", "catalogue"


class FormatError(Exception):
    """The home was written by another version of Tastemaker."""


class Database:
    """The tables under one path. Safe to use from several threads and processes."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.engine = _engine(path)
        self.commits = Commits(path.with_suffix(".commits"))
        with self.write() as connection:
            metadata.create_all(connection)
            found = connection.scalar(select(meta.c.value).where(meta.c.key == "format"))
            if found is None:
                counters = [{"key": key, "value": 0} for key in (CAMPAIGNS, CATALOGUE)]
                connection.execute(meta.insert(), [{"key": "format", "value": FORMAT}, *counters])
            elif found in UPGRADES:
                for older in range(found, FORMAT):
                    UPGRADES[older](connection)
                connection.execute(update(meta).where(meta.c.key == "format").values(value=FORMAT))
            elif found != FORMAT:
                raise FormatError(
                    f"{path} has data of format {found}, this version of Tastemaker reads format {FORMAT}. "
                    "Start with another --home, or with the version that wrote it."
                )

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one unchanging state of all tables."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction: all of it is on disk when the block ends, or none of it."""
        with self.engine.connect() as connection:
            connection.info["writes"] = True
            try:
                with connection.begin():
                    yield connection
                self.commits.announce()
            finally:
                connection.info["writes"] = False

    def close(self) -> None:
        """Give back all connections."""
        self.engine.dispose()


def touch(connection: Connection, copies: str = CAMPAIGNS) -> None:
    """Say that something changed of which servers keep a copy: they look at the counters.

    CAMPAIGNS: campaigns, filters, trackers, schemas, and what datasets hold. CATALOGUE: single users, items, actions.
    """
    connection.execute(update(meta).where(meta.c.key == copies).values(value=meta.c.value + 1))


def generation(connection: Connection, copies: str = CAMPAIGNS) -> int:
    """How often servers' copies went out of date."""
    return int(connection.scalar(select(meta.c.value).where(meta.c.key == copies)) or 0)


def _to_format_2(connection: Connection) -> None:
    """Events belong to a dataset instead of its group, since actions have events of their own."""
    connection.exec_driver_sql("ALTER TABLE events RENAME COLUMN group_seq TO dataset_seq")
    connection.exec_driver_sql(
        """UPDATE events SET dataset_seq = coalesce(
               (SELECT dataset.seq FROM resources AS dataset
                JOIN links ON links.source = dataset.arn JOIN resources AS "group" ON "group".arn = links.target
                WHERE "group".seq = events.dataset_seq AND dataset.kind = 'Dataset'
                AND json_extract(dataset.body, '$.datasetType') = 'INTERACTIONS'),
               -1)"""
    )
    connection.execute(meta.insert(), [{"key": CATALOGUE, "value": 0}])


def _to_format_3(connection: Connection) -> None:
    """Jobs tell more of their way, and can be asked for the best so far."""
    connection.exec_driver_sql("ALTER TABLE jobs ADD COLUMN finish_asked INTEGER NOT NULL DEFAULT 0")
    connection.exec_driver_sql("ALTER TABLE jobs ADD COLUMN facts JSON")


UPGRADES = {1: _to_format_2, 2: _to_format_3}  # what brings a home of a format to the next one


def _engine(path: Path) -> Engine:
    # Errors are logged, and parameters are user data.
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": BUSY_S}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, below
        _write_ahead(connection)
        for pragma in ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON", "cache_size=-16000"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.info.get("writes") else "BEGIN")

    return engine


def _write_ahead(connection: Any) -> None:
    """Switch the file to WAL. SQLite never waits here for others that open the same new file, so we do."""
    deadline_s = time.monotonic() + BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline_s:
                raise
            time.sleep(0.01)
        else:
            return
