"""Users forgotten beside a training: what it learned of them in the meantime is not left behind."""

from pathlib import Path

import pytest

from tastemaker.arn import Scope
from tastemaker.resources.kind import Outcome, Task, WorkFailed
from tastemaker.storage import jobs, rows
from tastemaker.storage.store import Store, open_store
from tastemaker.transfer.forgetting import forget_users

SCOPE = Scope("eu-west-1", "123456789012")
GROUP, JOB, VERSION = (
    SCOPE.arn(suffix) for suffix in ("dataset-group/g", "data-deletion-job/j", "solution/s/0000abcd")
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A home with a dataset group and a list of users to be forgotten."""
    made = open_store(tmp_path)
    (made.buckets / "lists").mkdir()
    (made.buckets / "lists" / "users.csv").write_text("USER_ID\nu1\n")
    body = {
        "datasetGroupArn": GROUP,
        "dataSource": {"dataLocation": "s3://lists/users.csv"},
        "roleArn": "arn:aws:iam::123456789012:role/any",
    }
    with made.database.write() as connection:
        rows.add(connection, GROUP, "DatasetGroup", "g", SCOPE.region, "ACTIVE", 1.0, {}, [])
        rows.add(connection, JOB, "DataDeletionJob", "j", SCOPE.region, "IN_PROGRESS", 1.0, body, [GROUP])
    return made


def begin_training(store: Store) -> None:
    """A version that a worker is training."""
    with store.database.write() as connection:
        rows.add(connection, VERSION, "SolutionVersion", "v", SCOPE.region, "CREATE IN_PROGRESS", 1.0, {}, [GROUP])
        jobs.enqueue(connection, VERSION, "SolutionVersion", "create", 1.0)
    jobs.lease(store.database, "worker", store.now_s(), 60)


def forgetting(store: Store) -> Outcome:
    """The work up to its outcome."""
    with store.database.read() as connection:
        job = rows.find(connection, JOB)
    assert job is not None
    return forget_users(Task(job, store, lambda _, __: None))


def test_a_training_that_ended_while_users_were_forgotten_fails_the_job(store: Store) -> None:
    begin_training(store)
    outcome = forgetting(store)
    with store.database.write() as connection:
        rows.change(connection, VERSION, 2.0, status="ACTIVE", body={"artifact": "of-everybody"})

    with store.database.write() as connection, pytest.raises(WorkFailed, match="was trained meanwhile"):
        outcome(connection)


def test_a_training_that_began_while_users_were_forgotten_begins_again(store: Store) -> None:
    outcome = forgetting(store)
    begin_training(store)

    with store.database.write() as connection:
        assert outcome(connection)["numDeleted"] == 0
        training = jobs.latest_of(connection, VERSION)
    assert training is not None
    assert training.state == "queued"
