"""Events as fresh as the last commit of any process, found without reading what belongs to others."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tastemaker.storage import live as queries
from tastemaker.storage.database import Database, touch
from tastemaker.storage.events import EventLog, StreamedEvent
from tastemaker.storage.live import Live


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "home.db")
    yield database
    database.close()


@pytest.fixture
def log(tmp_path: Path, database: Database) -> Iterator[EventLog]:
    """Another process: it has connections of its own."""
    assert database
    other = Database(tmp_path / "home.db")
    log = EventLog(other)
    yield log
    log.close()
    other.close()


@pytest.fixture
def live(database: Database) -> Iterator[Live]:
    live = Live(database, events_per_user_max=5, users_max=100)
    yield live
    live.close()


def event(user: str | None, item: str, session: str = "s", dataset: int = 1, **more: Any) -> StreamedEvent:
    return StreamedEvent(dataset, user, session, item, "watch", None, 1_700_000_000, more.get("event_id"), None)


def items(live: Live, user: str, dataset: int = 1) -> list[str]:
    live.refresh()
    return [each.item_id for each in live.events_of(dataset, user)]


def test_an_event_that_another_process_committed_is_there_at_the_next_look(live: Live, log: EventLog) -> None:
    assert items(live, "u") == []
    for place in range(3):
        log.append([event("u", f"i{place}")]).result()
        assert items(live, "u") == [f"i{n}" for n in range(place + 1)]


def test_what_a_process_committed_that_was_killed_before_it_could_say_so_is_there_at_the_next_closer_look(
    live: Live, log: EventLog, tmp_path: Path
) -> None:
    log.append([event("u", "a")]).result()
    assert items(live, "u") == ["a"]
    with closing(sqlite3.connect(tmp_path / "home.db")) as silent, silent:
        silent.execute(
            "INSERT INTO events SELECT 99, dataset_seq, user_id, session_id, 'b', event_type, event_value, "
            "time_s, event_id, details FROM events"
        )

    live.look()

    assert items(live, "u") == ["a", "b"]


def test_only_the_newest_events_are_kept_oldest_first(live: Live, log: EventLog) -> None:
    log.append([event("u", f"i{place}") for place in range(9)]).result()
    assert items(live, "u") == ["i4", "i5", "i6", "i7", "i8"]


def test_the_same_events_are_the_same_object_until_one_is_added(live: Live, log: EventLog) -> None:
    log.append([event("u", "i1")]).result()
    live.refresh()
    before = live.events_of(1, "u")
    log.append([event("v", "i1", session="other")]).result()
    live.refresh()
    assert live.events_of(1, "u") is before
    log.append([event("u", "i2")]).result()
    live.refresh()
    assert live.events_of(1, "u") is not before


def test_a_session_is_known_by_its_own_id_and_belongs_to_the_user_once_linked(live: Live, log: EventLog) -> None:
    log.append([event(None, "i1", session="s1"), event(None, "j1", session="s2")]).result()
    assert items(live, "s1") == ["i1"]
    assert items(live, "u") == []
    log.append([event("u", "i2", session="s1")]).result()
    assert items(live, "u") == ["i1", "i2"]
    assert items(live, "s1") == ["i1", "i2"]
    log.append([event(None, "i3", session="s1")]).result()
    assert items(live, "u") == ["i1", "i2", "i3"]


def test_a_shared_session_gives_nobody_the_named_events_of_another(live: Live, log: EventLog) -> None:
    log.append(
        [event("u", "i1", session="tv"), event("v", "j1", session="tv"), event(None, "k1", session="tv")]
    ).result()
    assert items(live, "u") == ["i1", "k1"]
    assert items(live, "v") == ["j1", "k1"]


def test_datasets_do_not_see_each_others_events(live: Live, log: EventLog) -> None:
    log.append([event("u", "i1", dataset=1), event("u", "j1", dataset=2)]).result()
    assert items(live, "u", 1) == ["i1"]
    assert items(live, "u", 2) == ["j1"]


def test_an_event_sent_again_is_the_same_event(live: Live, log: EventLog) -> None:
    for _ in range(2):
        log.append([event("u", "i1", event_id="e1"), event("u", "i2", event_id="e2")]).result()
    assert items(live, "u") == ["i1", "i2"]


def test_a_change_of_the_generation_is_seen(live: Live, database: Database) -> None:
    before = live.generation
    with database.write() as connection:
        touch(connection)
    live.refresh()
    assert live.generation == before + 1


def test_more_new_events_than_are_followed_one_by_one_are_seen_all_the_same(
    live: Live, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "TAIL_MAX", 3)
    assert items(live, "u") == []
    log.append([event("u", f"i{place}") for place in range(5)]).result()
    assert len(items(live, "u")) == 5


@pytest.mark.parametrize(
    ("query", "given"),
    [
        (queries.EVENTS_OF, {"dataset": 1, "user": "u", "most": 5}),
        (queries.USERS_OF_SESSION, (1, "s")),
        (queries.TAIL, (0, 5)),
    ],
)
def test_no_query_reads_what_belongs_to_others(database: Database, query: str, given: Any) -> None:
    """Each look into the events goes by a user, a session or a number; none reads a whole dataset."""
    connection = database.engine.raw_connection()
    plan = [row[3] for row in connection.cursor().execute(f"EXPLAIN QUERY PLAN {query}", given)]
    connection.close()
    looks = [step for step in plan if "events" in step or "theirs" in step]
    assert looks
    for step in looks:
        assert any(by in step for by in ("user_id=?", "session_id=?", "rowid>?")), plan
        assert "user_id>?" not in step
