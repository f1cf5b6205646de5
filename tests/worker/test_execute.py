"""One job, from its lease to its outcome."""

from pathlib import Path

from tastemaker.arn import Scope
from tastemaker.kinds.solution_version import SOLUTION_VERSION, stop_solution_version_creation
from tastemaker.storage import jobs, rows
from tastemaker.storage.store import open_store
from tastemaker.worker.execute import execute

SCOPE = Scope("eu-west-1", "123456789012")
VERSION = SCOPE.arn("solution/films/0000abcd")


def test_a_training_whose_process_was_killed_while_it_should_stop_is_stopped(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    with store.database.write() as connection:
        rows.add(connection, VERSION, "SolutionVersion", "films", SCOPE.region, "CREATE IN_PROGRESS", 1.0, {}, [])
        jobs.enqueue(connection, VERSION, "SolutionVersion", "create", 1.0)
    jobs.lease(store.database, "killed", store.now_s(), 60)
    stop_solution_version_creation(store, {"solutionVersionArn": VERSION}, SCOPE)
    jobs.requeue_all(store.database)  # as a worker does that starts

    job = jobs.lease(store.database, "next", store.now_s(), 60)
    assert job is not None
    execute(store, {"SolutionVersion": SOLUTION_VERSION}, job, lambda _, __: None, seed=0, attempts_max=3)

    with store.database.read() as connection:
        version = rows.find(connection, VERSION)
    assert version is not None
    assert version.status == "CREATE STOPPED"
    assert jobs.by_id(store.database, job.id).state == "stopped"
