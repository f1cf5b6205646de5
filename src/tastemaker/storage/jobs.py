"""The queue of work, in the same database as what the work changes.

A job is leased, its worker gives signs of life, and whoever finishes it must still hold the lease: so a job whose
worker was killed is taken up again, and the work of a worker that was only thought dead is refused.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, func, insert, or_, select, tuple_, update

from tastemaker.storage.database import Database, jobs

OPEN = ("queued", "running")


@dataclass(frozen=True)
class Job:
    """One piece of work: the verb to carry out on a resource."""

    id: int
    arn: str
    kind: str
    verb: str
    state: str
    owner: str | None
    lease_until_s: float | None
    attempts: int
    stop_asked: int
    done: float | None
    total: float | None
    finish_asked: int
    facts: Mapping[str, float] | None
    queued_s: float
    started_s: float | None
    finished_s: float | None

    def left_s(self, now_s: float) -> float | None:
        """Seconds left if the work goes on as it went so far; None while nothing can be said."""
        if self.state != "running" or not self.done or not self.total or self.started_s is None:
            return None
        return max(0.0, (now_s - self.started_s) * (self.total - self.done) / self.done)


def _job(row: Row[Any]) -> Job:
    return Job(**row._mapping)


def enqueue(connection: Connection, arn: str, kind: str, verb: str, now_s: float) -> None:
    """Add a job, in the transaction that made it necessary."""
    connection.execute(insert(jobs).values(arn=arn, kind=kind, verb=verb, state="queued", queued_s=now_s))


def lease(
    database: Database, owner: str, now_s: float, lease_s: float, but_not: Collection[tuple[str, str]] = ()
) -> Job | None:
    """The oldest job that waits, or whose worker gave no sign for too long; from now on the owner's.

    but_not: pairs of kind and verb that the owner has no room for.
    """
    waiting = or_(jobs.c.state == "queued", and_(jobs.c.state == "running", jobs.c.lease_until_s < now_s))
    if but_not:
        waiting = and_(waiting, tuple_(jobs.c.kind, jobs.c.verb).not_in(but_not))
    with database.read() as connection:  # most looks find nothing, and a look must not queue up with writers
        if connection.execute(select(jobs.c.id).where(waiting).limit(1)).first() is None:
            return None
    with database.write() as connection:
        row = connection.execute(select(jobs).where(waiting).order_by(jobs.c.id).limit(1)).first()
        if row is None:
            return None
        taken = {
            "state": "running",
            "owner": owner,
            "lease_until_s": now_s + lease_s,
            "attempts": row.attempts + 1,
            "started_s": now_s,
            "done": None,
            "total": None,
            "facts": None,
        }
        connection.execute(update(jobs).where(jobs.c.id == row.id).values(taken))
        return _job(connection.execute(select(jobs).where(jobs.c.id == row.id)).one())


def by_id(database: Database, job_id: int) -> Job:
    """The job of that number."""
    with database.read() as connection:
        return _job(connection.execute(select(jobs).where(jobs.c.id == job_id)).one())


def requeue_all(database: Database) -> None:
    """Put every running job back: no worker of this home is alive."""
    with database.write() as connection:
        connection.execute(update(jobs).where(jobs.c.state == "running").values(state="queued", owner=None))


def prune(database: Database, kept: int) -> None:
    """Forget all but the newest jobs that have ended."""
    with database.write() as connection:
        newest = connection.scalar(select(func.max(jobs.c.id))) or 0
        connection.execute(delete(jobs).where(jobs.c.id <= newest - kept, jobs.c.state.not_in(OPEN)))


def abandon(database: Database, job: Job) -> None:
    """Back into the queue, counted: the process that ran it died."""
    with database.write() as connection:
        held = and_(jobs.c.id == job.id, jobs.c.owner == job.owner, jobs.c.state == "running")
        connection.execute(update(jobs).where(held).values(state="queued", owner=None))


def keep(database: Database, job: Job, now_s: float, lease_s: float) -> bool:
    """A sign of life. False if the lease was lost, or somebody asked the job to stop."""
    with database.write() as connection:
        held = and_(jobs.c.id == job.id, jobs.c.owner == job.owner, jobs.c.state == "running", jobs.c.stop_asked == 0)
        return connection.execute(update(jobs).where(held).values(lease_until_s=now_s + lease_s)).rowcount == 1


def report(database: Database, job: Job, done: float, total: float, facts: Mapping[str, float]) -> None:
    """How far the job is, and facts of the way, for those who look at it."""
    with database.write() as connection:
        mine = and_(jobs.c.id == job.id, jobs.c.owner == job.owner)
        connection.execute(update(jobs).where(mine).values(done=done, total=total, facts=dict(facts)))


def finish(connection: Connection, job: Job, state: str, now_s: float) -> bool:
    """Close the job in the transaction of its outcome. False if it is no longer the owner's: then roll back."""
    held = and_(jobs.c.id == job.id, jobs.c.owner == job.owner, jobs.c.state == "running")
    return connection.execute(update(jobs).where(held).values(state=state, finished_s=now_s)).rowcount == 1


def release(database: Database, job: Job) -> None:
    """Back into the queue, uncounted: the worker stops, the job did nothing wrong."""
    with database.write() as connection:
        held = and_(jobs.c.id == job.id, jobs.c.owner == job.owner, jobs.c.state == "running")
        connection.execute(update(jobs).where(held).values(state="queued", owner=None, attempts=job.attempts - 1))


def restart(connection: Connection, arns: Collection[str]) -> None:
    """Take running jobs of these resources away from their owners: what they did is not committed, and done anew."""
    running = and_(jobs.c.arn.in_(arns), jobs.c.state == "running")
    connection.execute(update(jobs).where(running).values(state="queued", owner=None, attempts=jobs.c.attempts - 1))


def ask_to_stop(connection: Connection, arn: str) -> None:
    """Stop the open jobs of a resource: a waiting one at its lease, a running one at its next sign of life."""
    connection.execute(update(jobs).where(jobs.c.arn == arn, jobs.c.state.in_(OPEN)).values(stop_asked=1))


def ask_to_finish(connection: Connection, arn: str) -> bool:
    """Ask the running job of a resource to end with the best it has. False if there is none."""
    running = and_(jobs.c.arn == arn, jobs.c.state == "running")
    return connection.execute(update(jobs).where(running).values(finish_asked=1)).rowcount > 0


def listed(connection: Connection, limit: int) -> list[Job]:
    """The newest jobs first."""
    return [_job(row) for row in connection.execute(select(jobs).order_by(jobs.c.id.desc()).limit(limit))]


def latest_of(connection: Connection, arn: str) -> Job | None:
    """The newest job of a resource."""
    row = connection.execute(select(jobs).where(jobs.c.arn == arn).order_by(jobs.c.id.desc()).limit(1)).first()
    return _job(row) if row else None


def is_to_finish(connection: Connection, job: Job) -> bool:
    """Whether somebody has asked this job for the best it has."""
    return connection.scalar(select(jobs.c.finish_asked).where(jobs.c.id == job.id)) == 1


def is_open(connection: Connection, job: Job) -> bool:
    """Whether nobody has asked this job to stop."""
    return connection.scalar(select(jobs.c.stop_asked).where(jobs.c.id == job.id)) == 0
