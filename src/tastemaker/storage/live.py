"""The recent events of each user, as fresh as the last commit of any process.

A look costs next to nothing while nothing was committed. When something was, the new tail of the log says whose copies
are out of date; a user who is not in memory costs one indexed query. Raw SQLite here, since every request passes by.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from tastemaker.storage.database import CAMPAIGNS, CATALOGUE, Database

TAIL_MAX = 5_000  # new events after which forgetting everything is cheaper than following them

# Indexes are named: left to itself, SQLite reads all events of the dataset where DISTINCT fits another index's order.
EVENTS_OF = """
    SELECT seq, item_id, event_type, event_value, time_s FROM events INDEXED BY events_by_user
    WHERE dataset_seq = :dataset AND user_id = :user
    UNION SELECT seq, item_id, event_type, event_value, time_s FROM events INDEXED BY events_by_session
    WHERE dataset_seq = :dataset AND session_id = :user
    UNION SELECT seq, item_id, event_type, event_value, time_s FROM
        (SELECT DISTINCT session_id FROM events INDEXED BY events_by_user
         WHERE dataset_seq = :dataset AND user_id = :user) AS mine
        CROSS JOIN events AS theirs INDEXED BY events_by_session
    WHERE theirs.dataset_seq = :dataset AND theirs.session_id = mine.session_id AND theirs.user_id IS NULL
    ORDER BY seq DESC LIMIT :most
"""
USERS_OF_SESSION = """
    SELECT DISTINCT user_id FROM events INDEXED BY events_by_session
    WHERE dataset_seq = ? AND session_id = ? AND user_id IS NOT NULL
"""
COUNTER = "SELECT value FROM meta WHERE key = ?"
TAIL = "SELECT seq, dataset_seq, user_id, session_id FROM events WHERE seq > ? ORDER BY seq LIMIT ?"


@dataclass(frozen=True)
class LiveEvent:
    """One streamed event of a user."""

    seq: int
    item_id: str
    event_type: str
    event_value: float | None
    time_s: int


Events = tuple[LiveEvent, ...]


class Live:
    """Recent events by user, for one server process; used by one thread at a time."""

    def __init__(self, database: Database, events_per_user_max: int, users_max: int) -> None:
        self._connection = database.engine.raw_connection()
        self._cursor = self._connection.cursor()
        self._most = events_per_user_max
        self._users_max = users_max
        self._known: OrderedDict[tuple[int, str], Events] = OrderedDict()
        self._lock = threading.Lock()
        self._commits = database.commits
        self._announced = self._commits.last
        self._version = self._data_version()
        self._seq = self._newest()
        self.generation, self.catalogue = self._counters()

    def refresh(self) -> None:
        """See what was committed since the last look: the counters and the events are as of now.

        generation: moves with campaigns, filters, schemas and whole datasets. catalogue: with single records as well.
        """
        if self._commits.last != self._announced:
            self.look()

    def look(self) -> None:
        """The same for what nobody announced, too: its process was killed, or was none of ours."""
        with self._lock:
            self._announced = self._commits.last
            version = self._data_version()
            if version == self._version:
                return
            self._version = version
            generation, self.catalogue = self._counters()
            if generation != self.generation:
                self._known.clear()  # a dataset may be gone, and its events with it
                self.generation = generation
            tail = self._cursor.execute(TAIL, (self._seq, TAIL_MAX + 1)).fetchall()
            if len(tail) > TAIL_MAX:
                self._known.clear()
                self._seq = self._newest()
                return
            for seq, dataset, user, session in tail:
                self._seq = seq
                self._known.pop((dataset, session), None)
                # An event may link its session to a user, or add to a session that was linked before.
                self._known.pop((dataset, user), None)
                for (linked,) in self._cursor.execute(USERS_OF_SESSION, (dataset, session)).fetchall():
                    self._known.pop((dataset, linked), None)

    def events_of(self, dataset_seq: int, user_id: str) -> Events:
        """The user's (or, by its id, the session's) newest events, oldest first. The same object until one is added."""
        key = (dataset_seq, user_id)
        with self._lock:
            known = self._known.get(key)
            if known is not None:
                self._known.move_to_end(key)
                return known
            rows = self._cursor.execute(
                EVENTS_OF, {"dataset": dataset_seq, "user": user_id, "most": self._most}
            ).fetchall()
            found = tuple(LiveEvent(*row) for row in reversed(rows))
            self._known[key] = found
            if len(self._known) > self._users_max:
                self._known.popitem(last=False)
            return found

    def close(self) -> None:
        """Give back the connection."""
        with self._lock:
            self._connection.close()

    def _data_version(self) -> int:
        """What moves when another connection commits."""
        return int(self._cursor.execute("PRAGMA data_version").fetchone()[0])

    def _newest(self) -> int:
        return int(self._cursor.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()[0])

    def _counters(self) -> tuple[int, int]:
        generation, catalogue = (self._cursor.execute(COUNTER, (key,)).fetchone()[0] for key in (CAMPAIGNS, CATALOGUE))
        return generation, generation + catalogue
