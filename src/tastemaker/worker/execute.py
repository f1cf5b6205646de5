"""One job, from its lease to its outcome. Every way in which work can end has its place here.

The outcome, the status and the end of the job are one transaction, refused if the lease was lost meanwhile: so work
may be killed at any instant, and may be run twice.
"""

from collections.abc import Mapping

import structlog
from sqlalchemy import Connection

from tastemaker.recipes.contract import Progress
from tastemaker.resources.engine import move, move_update
from tastemaker.resources.kind import Kind, Outcome, Stopped, Task, Work, WorkFailed
from tastemaker.storage import jobs, rows
from tastemaker.storage.jobs import Job
from tastemaker.storage.rows import Resource
from tastemaker.storage.store import Store

log = structlog.get_logger()


class LeaseLost(Exception):
    """Another worker has the job; what was done here is not committed."""


def work_of(kind: Kind, verb: str) -> Work:
    """What carries out a verb on a kind."""
    return kind.works[verb]


def execute(store: Store, kinds: Mapping[str, Kind], job: Job, watch: Progress, seed: int, attempts_max: int) -> None:
    """Carry out a leased job. Raises LeaseLost if it was taken away; all else ends in the resource's status."""
    kind = kinds[job.kind]
    try:
        resource = _begin(store, kind, job)
        if resource is None:
            return
        if job.attempts > attempts_max:
            raise WorkFailed(
                f"The process that did the work died {attempts_max} times (killed, or out of memory). The server's log "
                "has more; free memory or reduce the data, then create it again."
            )
        outcome = work_of(kind, job.verb).run(Task(resource, store, watch, seed))
        _end(store, kind, job, "done", "done", outcome=outcome)
    except Stopped:
        stop(store, kind, job)
    except WorkFailed as failure:
        log.warning("job.failed", job=job.id, arn=job.arn, reason=failure.reason)
        kept = failure.body
        _end(store, kind, job, "fail", "failed", reason=failure.reason, outcome=lambda _: kept)
    except LeaseLost:
        raise
    except Exception as bug:
        log.error("job.crashed", job=job.id, arn=job.arn, exc_info=bug)
        reason = f"Internal failure ({type(bug).__name__}) in job {job.id}. The server's log has the details."
        _end(store, kind, job, "fail", "failed", reason=reason)


def stop(store: Store, kind: Kind, job: Job) -> None:
    """End a job that was asked to stop."""
    _end(store, kind, job, "stopped", "stopped")


def _begin(store: Store, kind: Kind, job: Job) -> Resource | None:
    """Move to IN_PROGRESS. None if there is nothing left to do: the resource is gone, or was stopped before."""
    with store.database.write() as connection:
        found = rows.find(connection, job.arn)
        status = None
        is_seen = not work_of(kind, job.verb).unseen
        if found is not None and jobs.is_open(connection, job):
            status = _move(connection, kind, found, job.verb, "start", store.now_s()) if is_seen else found.status
        elif found is not None and is_seen:
            # Whoever ran it was killed between the request to stop and the stop.
            _move(connection, kind, found, job.verb, "stopped", store.now_s())
        if status is None:
            jobs.finish(connection, job, "stopped", store.now_s())
            return None
        return rows.find(connection, job.arn)


def _end(
    store: Store, kind: Kind, job: Job, verb: str, state: str, reason: str | None = None, outcome: Outcome | None = None
) -> None:
    with store.database.write() as connection:
        if not jobs.finish(connection, job, state, store.now_s()):
            raise LeaseLost(f"job {job.id}")
        found = rows.find(connection, job.arn)
        if found is None:
            return
        added = outcome(connection) if outcome else {}
        values = {"body": {**found.body, **added}} if added else {}
        if reason is not None:
            values["failure_reason"] = reason  # type: ignore[assignment]
        if not work_of(kind, job.verb).unseen:
            _move(connection, kind, found, job.verb, verb, store.now_s(), **values)
        elif added:
            rows.change(connection, found.arn, found.updated_s, **values)


def _move(
    connection: Connection, kind: Kind, found: Resource, job_verb: str, verb: str, now_s: float, **values: object
) -> str | None:
    if job_verb == "update":
        return move_update(connection, kind, found, verb, now_s, **values)
    return move(connection, kind, found, verb, now_s, **values)
