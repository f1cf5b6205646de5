"""The process of one long job: carries it out, and tells how far it is."""

import resource
import time
from collections.abc import Mapping

import structlog

from tastemaker.resources.kind import Kind, Stopped
from tastemaker.settings import Settings
from tastemaker.storage import jobs
from tastemaker.storage.jobs import Job
from tastemaker.storage.store import Store
from tastemaker.worker.execute import LeaseLost, execute

log = structlog.get_logger()

REPORT_S = 0.5  # between two reports: each is a commit


class Reporter:
    """A progress that is written where others can see it."""

    def __init__(self, store: Store, job: Job) -> None:
        self._store, self._job = store, job
        self._next_s = 0.0
        self._facts: dict[str, float] = {}
        self._goes_on = True

    def __call__(self, done: float, total: float, /, **facts: float) -> bool:
        """Report, at most twice a second. Raises Stopped when the job was asked to stop; False: asked to finish."""
        self._facts |= facts
        if time.monotonic() < self._next_s:
            return self._goes_on
        self._next_s = time.monotonic() + REPORT_S
        memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        jobs.report(self._store.database, self._job, done, total, {**self._facts, "memory_mb": round(memory_mb)})
        with self._store.database.read() as connection:
            if not jobs.is_open(connection, self._job):
                raise Stopped
            self._goes_on = not jobs.is_to_finish(connection, self._job)
        return self._goes_on


def run(store: Store, settings: Settings, kinds: Mapping[str, Kind], job_id: int, owner: str) -> None:
    """Carry out a job that this owner has leased."""
    job = jobs.by_id(store.database, job_id)
    if job.owner != owner or job.state != "running":
        log.warning("job.lease_lost", job=job.id, arn=job.arn)
        return
    try:
        execute(store, kinds, job, Reporter(store, job), settings.seed, settings.attempts_max)
    except LeaseLost:
        log.warning("job.lease_lost", job=job.id, arn=job.arn)
