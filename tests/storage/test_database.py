"""One file, many threads and processes: opened together, written in turn, read without waiting."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import StatementError

from tastemaker.storage import events, jobs, rows
from tastemaker.storage.database import CATALOGUE, Database, FormatError, generation, meta, tags, touch
from tastemaker.storage.database import events as events_table


def test_a_new_home_may_be_opened_by_many_at_the_same_instant(tmp_path: Path) -> None:
    for attempt in range(20):
        together = threading.Barrier(8)

        def open_it(path: Path = tmp_path / f"{attempt}.db", together: threading.Barrier = together) -> int:
            together.wait()
            database = Database(path)
            with database.read() as connection:
                found = generation(connection)
            database.close()
            return found

        with ThreadPoolExecutor(8) as threads:
            assert list(threads.map(lambda _: open_it(), range(8))) == [0] * 8


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "home.db")
    yield database
    database.close()


def test_a_home_of_another_format_is_refused_with_a_way_out(tmp_path: Path, database: Database) -> None:
    with database.write() as connection:
        connection.execute(update(meta).where(meta.c.key == "format").values(value=99))
    with pytest.raises(FormatError, match="format 99"):
        Database(tmp_path / "home.db")


def test_a_transaction_that_raises_leaves_nothing(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.write() as connection:  # noqa: PT012  the block is what is tested
        touch(connection)
        raise ZeroDivisionError
    with database.read() as connection:
        assert generation(connection) == 0


def test_a_reader_sees_one_state_and_does_not_keep_a_writer_waiting(tmp_path: Path, database: Database) -> None:
    other = Database(tmp_path / "home.db")
    with database.read() as reading:
        before = generation(reading)
        with other.write() as writing:
            touch(writing)
        assert generation(reading) == before
    with database.read() as reading:
        assert generation(reading) == before + 1
    other.close()


def test_writers_queue_up_and_none_is_lost(tmp_path: Path) -> None:
    def count(_: int) -> None:
        database = Database(tmp_path / "home.db")
        for _ in range(25):
            with database.write() as connection:
                touch(connection)
        database.close()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(count, range(4)))
    database = Database(tmp_path / "home.db")
    with database.read() as connection:
        assert generation(connection) == 100
    database.close()


def test_tags_and_links_go_with_their_resource(database: Database) -> None:
    with database.write() as connection:
        for arn in ("a", "b"):
            rows.add(connection, arn, "Kind", arn, "eu-west-1", "ACTIVE", 0.0, {}, ["a"] if arn == "b" else [])
            rows.set_tags(connection, arn, {"key": arn})
        assert [each.arn for each in rows.referring(connection, "a")] == ["b"]
        rows.remove(connection, ["b"])
        assert rows.referring(connection, "a") == []
        assert connection.scalar(select(func.count()).select_from(tags)) == 1


def test_every_commit_is_synced_and_references_are_kept(database: Database) -> None:
    with database.read() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}  # 2 is FULL


def test_a_home_of_format_1_is_brought_up_to_date_and_its_events_belong_to_their_dataset(tmp_path: Path) -> None:
    old = Database(tmp_path / "home.db")
    with old.write() as connection:
        rows.add(connection, "group", "DatasetGroup", "g", "eu-west-1", "ACTIVE", 0.0, {}, [])
        for kind in ("ITEMS", "INTERACTIONS"):
            rows.add(connection, kind, "Dataset", kind, "eu-west-1", "ACTIVE", 0.0, {"datasetType": kind}, ["group"])
        group, dataset = rows.find(connection, "group"), rows.find(connection, "INTERACTIONS")
        assert group is not None
        assert dataset is not None
        # As format 1 had it.
        connection.exec_driver_sql("ALTER TABLE events RENAME COLUMN dataset_seq TO group_seq")
        connection.exec_driver_sql("DROP TABLE records")
        for column in ("finish_asked", "facts"):
            connection.exec_driver_sql(f"ALTER TABLE jobs DROP COLUMN {column}")
        connection.execute(delete(meta).where(meta.c.key == "catalogue"))
        connection.execute(update(meta).where(meta.c.key == "format").values(value=1))
        connection.exec_driver_sql(
            "INSERT INTO events (group_seq, user_id, session_id, item_id, event_type, time_s) "
            f"VALUES ({group.seq}, 'u', 's', 'i', 'watch', 5)"
        )
    old.close()
    for _ in range(2):  # a second start finds nothing to do
        database = Database(tmp_path / "home.db")
        with database.read() as connection:
            (event,) = events.of_dataset(connection, dataset.seq, 10)
            assert (event["user_id"], event["item_id"]) == ("u", "i")
            assert generation(connection, CATALOGUE) == 0
            assert events.records_of(connection, dataset.seq) == []
            assert not jobs.ask_to_finish(connection, "nobody")
        database.close()


def test_what_was_written_is_in_no_error(tmp_path: Path) -> None:
    database = Database(tmp_path / "home.db")
    with pytest.raises(StatementError) as raised, database.write() as connection:
        connection.execute(insert(events_table).values(dataset_seq=1, user_id="somebody@example.org"))
    assert "somebody" not in str(raised.value)
    database.close()
