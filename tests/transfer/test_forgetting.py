"""Users forgotten beside a training: what it learned of them in the meantime is not left behind."""

from pathlib import Path

import pytest

from tastemaker.arn import Scope
from tastemaker.resources.kind import Outcome, Task, WorkFailed
from tastemaker.storage import jobs, rows
from tastemaker.storage.shown import ShownLists
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


def test_what_was_shown_to_a_forgotten_user_is_kept_without_the_user_but_for_other_groups(store: Store) -> None:
    other, ours, theirs = (SCOPE.arn(suffix) for suffix in ("dataset-group/h", "campaign/ours", "campaign/theirs"))
    with store.database.write() as connection:
        rows.add(connection, other, "DatasetGroup", "h", SCOPE.region, "ACTIVE", 1.0, {}, [])
        rows.add(connection, ours, "Campaign", "ours", SCOPE.region, "ACTIVE", 1.0, {}, [GROUP])
        rows.add(connection, theirs, "Campaign", "theirs", SCOPE.region, "ACTIVE", 1.0, {}, [other])
        found = [rows.find(connection, arn) for arn in (ours, theirs)]
    here, there, gone = (*(each.seq for each in found if each), 1_000)
    lists = ShownLists(store.shown, 1 << 16)
    marks = [lists.remember(f"i{n}", n, n, user, 1.0) for n in (here, there, gone) for user in ("u1", "u2")]
    with store.database.write() as connection:
        report = forgetting(store)(connection)["report"]
    assert report["places"] == {"lists shown": 2}
    seen = [[each.user_id for each in lists.impressions({}, n)] for n in (here, there, gone)]
    assert seen == [["u2"], ["u1", "u2"], ["u2"]]
    assert None not in [lists.recall(mark) for mark in marks]
    lists.close()
