"""The log of streamed events: appended by group commit, never changed, read back by training and by `live`.

Callers wait until their events are on disk. One thread commits whatever has gathered since its last commit, so the
rows of a commit are as many as there are callers, and no timer is needed.
"""

import queue
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from typing import Any

import structlog
from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects.sqlite import insert

from tastemaker.storage.database import Database, events

log = structlog.get_logger()

COMMIT_EVENTS_MAX = 5_000  # per transaction: bounds how long other writers wait
QUEUE_MAX = 10_000  # callers that wait; beyond that the server says it is busy


@dataclass(frozen=True)
class StreamedEvent:
    """One event of PutEvents, checked."""

    group_seq: int
    user_id: str | None
    session_id: str
    item_id: str
    event_type: str
    event_value: float | None
    time_s: int
    event_id: str | None
    details: dict[str, Any] | None


class EventLog:
    """Appends events durably. One per server process; give it `close` before the process ends."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: queue.Queue[tuple[Sequence[StreamedEvent], Future[None]] | None] = queue.Queue(QUEUE_MAX)
        self._thread = threading.Thread(target=self._commit_what_gathers, name="event-log", daemon=True)
        self._thread.start()

    def append(self, new: Sequence[StreamedEvent]) -> "Future[None]":
        """Done when the events are on disk. Raises queue.Full when too many callers wait."""
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
            n_events = len(first[0])
            ends = False
            while n_events < COMMIT_EVENTS_MAX and not self._waiting.empty():
                following = self._waiting.get_nowait()
                if following is None:
                    ends = True
                    break
                batch.append(following)
                n_events += len(following[0])
            self._commit(batch)
            if ends:
                return

    def _commit(self, batch: Sequence[tuple[Sequence[StreamedEvent], "Future[None]"]]) -> None:
        rows = [asdict(event) for new, _ in batch for event in new]
        try:
            with self._database.write() as connection:
                # An eventId names an event: sent again, it is the same event.
                connection.execute(insert(events).on_conflict_do_nothing(), rows)
        except Exception as error:  # every caller must hear that its events are not on disk
            log.error("events.not_committed", n_events=len(rows), exc_info=error)
            for _, future in batch:
                future.set_exception(error)
        else:
            for _, future in batch:
                future.set_result(None)


def newest_seq(connection: Connection) -> int:
    """The number of the newest event, 0 if there is none."""
    return int(connection.scalar(select(func.max(events.c.seq))) or 0)


def of_group(connection: Connection, group_seq: int, through_seq: int) -> list[dict[str, Any]]:
    """All events of a dataset group up to one, in order of arrival; sessions carry the user they were linked to.

    "The session's history is counted as the user's" from the next training on; a session seen with several users
    counts as the latest one's.
    """
    mine = (events.c.group_seq == group_seq) & (events.c.seq <= through_seq)
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


def forget_group(connection: Connection, group_seq: int) -> None:
    """Remove all events of a dataset group: its Interactions dataset was deleted."""
    connection.execute(delete(events).where(events.c.group_seq == group_seq))
