"""The queue: a job has one owner at a time, and only that one can finish it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tastemaker.storage import jobs
from tastemaker.storage.database import Database
from tastemaker.storage.jobs import Job

LEASE_S = 10.0


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "home.db")
    with database.write() as connection:
        for arn in ("first", "second"):
            jobs.enqueue(connection, arn, "Dataset", "create", 0.0)
    yield database
    database.close()


def lease(database: Database, owner: str, now_s: float = 0.0) -> Job:
    job = jobs.lease(database, owner, now_s, LEASE_S)
    assert job is not None
    return job


def finish(database: Database, job: Job) -> bool:
    with database.write() as connection:
        return jobs.finish(connection, job, "done", 1.0)


def test_jobs_are_taken_oldest_first_and_by_one_owner_each(database: Database) -> None:
    assert [lease(database, owner).arn for owner in ("a", "b")] == ["first", "second"]
    assert jobs.lease(database, "c", 0.0, LEASE_S) is None


def test_a_job_whose_owner_gives_no_sign_is_taken_up_by_another_and_fenced(database: Database) -> None:
    silent = lease(database, "a")
    again = lease(database, "b", LEASE_S + 1)
    assert (again.id, again.attempts) == (silent.id, 2)
    assert not finish(database, silent)
    assert not jobs.keep(database, silent, 2.0, LEASE_S)
    assert finish(database, again)


def test_signs_of_life_keep_a_job(database: Database) -> None:
    job = lease(database, "a")
    assert jobs.keep(database, job, LEASE_S, LEASE_S)
    assert lease(database, "b", LEASE_S + 1).arn == "second"


def test_a_job_that_was_given_back_does_not_count_and_one_that_died_does(database: Database) -> None:
    job = lease(database, "a")
    jobs.release(database, job)
    job = lease(database, "a")
    assert job.attempts == 1
    jobs.abandon(database, job)
    assert lease(database, "a").attempts == 2


def test_a_job_that_was_asked_to_stop_says_so_at_its_next_sign_of_life(database: Database) -> None:
    job = lease(database, "a")
    with database.write() as connection:
        jobs.ask_to_stop(connection, "first")
    assert not jobs.keep(database, job, 1.0, LEASE_S)
    assert jobs.by_id(database, job.id).stop_asked


def test_an_owner_without_room_for_long_work_takes_the_short(database: Database) -> None:
    with database.write() as connection:
        jobs.enqueue(connection, "short", "Filter", "create", 0.0)
    found = jobs.lease(database, "a", 0.0, LEASE_S, but_not=[("Dataset", "create")])
    assert found is not None
    assert found.arn == "short"


def test_time_left_follows_from_what_is_done(database: Database) -> None:
    job = lease(database, "a", 100.0)
    jobs.report(database, job, 25.0, 100.0, {"epoch": 2})
    assert jobs.by_id(database, job.id).left_s(110.0) == pytest.approx(30.0)
    assert job.left_s(110.0) is None


def test_a_running_job_can_be_asked_to_finish_and_tells_its_way(database: Database) -> None:
    job = lease(database, "a", 0.0)
    jobs.report(database, job, 1.0, 4.0, {"epoch": 2, "loss": 5.5})
    assert jobs.by_id(database, job.id).facts == {"epoch": 2, "loss": 5.5}
    with database.write() as connection:
        assert not jobs.is_to_finish(connection, job)
        assert jobs.ask_to_finish(connection, job.arn)
        assert jobs.is_to_finish(connection, job)
        assert not jobs.ask_to_finish(connection, "nobody")
