"""The log of what is streamed, events and single records: appended by group commit, read back by training and `live`.

Callers wait until their rows are on disk. One thread commits whatever has gathered since its last commit, so the
rows of a commit are as many as there are callers, and no timer is needed.
"""

import queue
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import structlog
from sqlalchemy import ColumnElement, Connection, delete, func, or_, select
from sqlalchemy.dialects.sqlite import insert

from tastemaker.storage.database import CATALOGUE, Database, events, records, resources, touch

log = structlog.get_logger()

COMMIT_ROWS_MAX = 5_000  # per transaction: bounds how long other writers wait
USERS_AT_ONCE = 500  # named in one statement; SQLite takes some thousands
RECALLED = "recalledList"  # among the details of an event: what was in the list whose id it sent back
QUEUE_MAX = 10_000  # callers that wait; beyond that the server says it is busy


@dataclass(frozen=True)
class StreamedEvent:
    """One event of PutEvents or PutActionInteractions, checked."""

    dataset_seq: int
    user_id: str | None
    session_id: str
    item_id: str
    event_type: str
    event_value: float | None
    time_s: int
    event_id: str | None
    details: dict[str, Any] | None


@dataclass(frozen=True)
class Record:
    """One user, item or action of PutUsers, PutItems or PutActions, checked. body: its values by column."""

    dataset_seq: int
    record_id: str
    body: dict[str, Any]
    written_s: float


Rows = Sequence[StreamedEvent] | Sequence[Record]


class EventLog:
    """Appends durably. One per server process; give it `close` before the process ends."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: queue.Queue[tuple[Rows, Future[None]] | None] = queue.Queue(QUEUE_MAX)
        self._thread = threading.Thread(target=self._commit_what_gathers, name="event-log", daemon=True)
        self._thread.start()

    def append(self, new: Rows) -> "Future[None]":
        """Done when the rows are on disk. Raises queue.Full when too many callers wait."""
        future: Future[None] = Future()
        self._waiting.put_nowait((new, future))
        return future

    def close(self) -> None:
        """Commit what waits, then end."""
        self._waiting.put(None)
        self._thread.join()

    def _commit_what_gathers(self) -> None:
        while (first := self._waiting.get()) is not None:
            batch = [first]
            n_rows = len(first[0])
            ends = False
            while n_rows < COMMIT_ROWS_MAX and not self._waiting.empty():
                following = self._waiting.get_nowait()
                if following is None:
                    ends = True
                    break
                batch.append(following)
                n_rows += len(following[0])
            self._commit(batch)
            if ends:
                return

    def _commit(self, batch: Sequence[tuple[Rows, "Future[None]"]]) -> None:
        new_events = [asdict(row) for new, _ in batch for row in new if isinstance(row, StreamedEvent)]
        new_records = [asdict(row) for new, _ in batch for row in new if isinstance(row, Record)]
        try:
            with self._database.write() as connection:
                if new_events:
                    # An eventId names an event: sent again, it is the same event.
                    connection.execute(insert(events).on_conflict_do_nothing(), new_events)
                if new_records:
                    connection.execute(insert(records), new_records)
                    touch(connection, CATALOGUE)
        except Exception as error:  # every caller must hear that its rows are not on disk
            log.error("log.not_committed", n_events=len(new_events), n_records=len(new_records), exc_info=error)
            for _, future in batch:
                future.set_exception(error)
        else:
            for _, future in batch:
                future.set_result(None)


def newest_seq(connection: Connection) -> int:
    """The number of the newest event, 0 if there is none."""
    return int(connection.scalar(select(func.max(events.c.seq))) or 0)


def newest_of(connection: Connection, dataset_seq: int) -> int:
    """The number of the newest event of a dataset, 0 if it has none."""
    return int(connection.scalar(select(func.max(events.c.seq)).where(events.c.dataset_seq == dataset_seq)) or 0)


def newest_record(connection: Connection, dataset_seq: int) -> int:
    """The number of the newest record written by itself, 0 if there is none."""
    return int(connection.scalar(select(func.max(records.c.seq)).where(records.c.dataset_seq == dataset_seq)) or 0)


def newest_record_s(connection: Connection, dataset_seq: int) -> float:
    """When the newest record was written by itself, 0.0 if there is none."""
    newest = select(records.c.written_s).where(records.c.seq == newest_record(connection, dataset_seq))
    return float(connection.scalar(newest) or 0)


def newest_put(connection: Connection) -> int:
    """The same of all datasets, which costs nothing to find."""
    return int(connection.scalar(select(func.max(records.c.seq))) or 0)


def of_dataset(connection: Connection, dataset_seq: int, through_seq: int) -> list[dict[str, Any]]:
    """All events of a dataset up to one, in order of arrival; sessions carry the user they were linked to.

    "The session's history is counted as the user's" from the next training on; a session seen with several users
    counts as the latest one's.
    """
    mine = (events.c.dataset_seq == dataset_seq) & (events.c.seq <= through_seq)
    latest = (
        select(events.c.session_id, func.max(events.c.seq).label("seq"))
        .where(mine, events.c.user_id.isnot(None))
        .group_by(events.c.session_id)
        .subquery()
    )
    named = events.alias()
    linked = select(named.c.session_id, named.c.user_id).join(latest, latest.c.seq == named.c.seq).subquery()
    query = (
        select(events, func.coalesce(events.c.user_id, linked.c.user_id).label("who"))
        .outerjoin(linked, linked.c.session_id == events.c.session_id)
        .where(mine)
        .order_by(events.c.seq)
    )
    return [{**row, "user_id": row["who"]} for row in connection.execute(query).mappings()]


def since(connection: Connection, dataset_seq: int, after_seq: int) -> list[dict[str, Any]]:
    """All events of a dataset that came after one, in order of arrival."""
    query = select(events).where(events.c.dataset_seq == dataset_seq, events.c.seq > after_seq).order_by(events.c.seq)
    return [dict(row) for row in connection.execute(query).mappings()]


class Response(NamedTuple):
    """What a user did with a list: of the items in it, one was met with an event."""

    seq: int
    item_id: str
    event_type: str
    event_value: float | None
    shown: list[str]


def responses_of(connection: Connection, dataset_seq: int, after_seq: int, through_seq: int) -> list[Response]:
    """The events of a dataset after one and up to another that tell what their users had seen, oldest first."""
    # A sum takes the index away: the newest rows are found by their number.
    mine = (events.c.dataset_seq + 0 == dataset_seq) & events.c.seq.between(after_seq + 1, through_seq)
    tells = or_(*(func.json_type(events.c.details, f"$.{name}") == "array" for name in ("impression", RECALLED)))
    query = select(events.c.seq, events.c.item_id, events.c.event_type, events.c.event_value, events.c.details)
    responses = []
    for seq, item, kind, value, details in connection.execute(query.where(mine, tells).order_by(events.c.seq)):
        shown = details.get("impression") or details.get(RECALLED)
        if shown:
            responses.append(Response(seq, item, kind, value, shown))
    return responses


def records_of(connection: Connection, dataset_seq: int) -> list[Record]:
    """All versions of all records that were written one by one, oldest first."""
    query = select(records.c.dataset_seq, records.c.record_id, records.c.body, records.c.written_s)
    found = connection.execute(query.where(records.c.dataset_seq == dataset_seq).order_by(records.c.seq))
    return [Record(**row._mapping) for row in found]


def newest_records_of(connection: Connection, dataset_seq: int, after_seq: int = 0) -> list[Record]:
    """The newest version of each record that was written by itself after one, oldest first.

    The cost does not grow with the versions before after_seq; without it, an index alone is read of older versions.
    """
    mine = records.c.dataset_seq == dataset_seq
    if after_seq:
        # A sum takes the index away: the few newest rows are found by their number.
        mine = (records.c.dataset_seq + 0 == dataset_seq) & (records.c.seq > after_seq)
    newest = select(func.max(records.c.seq)).where(mine).group_by(records.c.record_id)
    query = select(records.c.dataset_seq, records.c.record_id, records.c.body, records.c.written_s)
    found = connection.execute(query.where(records.c.seq.in_(newest)).order_by(records.c.seq))
    return [Record(**row._mapping) for row in found]


def forget_users(connection: Connection, dataset_seq: int, users: Sequence[str]) -> tuple[int, set[str]]:
    """Remove what was streamed by or about users, with the unnamed events of their sessions.

    Gives how many rows there were, and the users who had some.
    """
    n_rows, found = 0, set[str]()
    for begin in range(0, len(users), USERS_AT_ONCE):
        some = users[begin : begin + USERS_AT_ONCE]
        theirs = (events.c.dataset_seq == dataset_seq) & events.c.user_id.in_(some)
        put = (records.c.dataset_seq == dataset_seq) & records.c.record_id.in_(some) & _of_users(dataset_seq)
        sessions = select(events.c.session_id).where(theirs)
        unnamed = (events.c.dataset_seq == dataset_seq) & events.c.user_id.is_(None) & events.c.session_id.in_(sessions)
        found |= set(connection.scalars(select(events.c.user_id).where(theirs).distinct()))
        found |= set(connection.scalars(select(records.c.record_id).where(put).distinct()))
        for statement in (delete(events).where(unnamed), delete(events).where(theirs), delete(records).where(put)):
            n_rows += connection.execute(statement).rowcount
    return n_rows, found


def _of_users(dataset_seq: int) -> ColumnElement[bool]:
    """Whether a dataset holds users: an item may have the id of a user."""
    is_users = resources.c.body["datasetType"].as_string() == "USERS"
    return select(resources.c.seq).where(resources.c.seq == dataset_seq, is_users).exists()


def forget_dataset(connection: Connection, dataset_seq: int) -> None:
    """Remove all that was streamed into a dataset: it was deleted."""
    for table in (events, records):
        connection.execute(delete(table).where(table.c.dataset_seq == dataset_seq))
