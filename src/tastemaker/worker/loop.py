"""The worker process: leases jobs, does the short ones itself, gives each long one a process, and watches these."""

import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import structlog

from tastemaker.processes import let_go
from tastemaker.recipes.contract import silent
from tastemaker.resources.kind import Kind
from tastemaker.settings import Settings
from tastemaker.storage import jobs
from tastemaker.storage.changes import Changes
from tastemaker.storage.jobs import Job
from tastemaker.storage.store import Store, collect
from tastemaker.worker.execute import LeaseLost, execute, stop, work_of

log = structlog.get_logger()

POLL_S = 0.05  # how soon a new job is seen; a look costs microseconds
LOOK_ANYWAY_S = 1.0  # leases run out without anybody committing anything
TEND_S = 1.0  # between two looks at what is due by itself
TEND_REST = 20.0  # times what a look took: thousands of solutions are looked at more seldom
JOBS_KEPT = 10_000  # for those who look back
TERM_S = 2.0  # from the polite signal to the other one

Spawn = Callable[[Job], "subprocess.Popen[bytes]"]


@dataclass
class Child:
    """A long job and its process."""

    job: Job
    process: "subprocess.Popen[bytes]"
    sign_s: float = field(default_factory=time.monotonic)


class Worker:
    """Runs jobs until `stopping` is set."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        kinds: Mapping[str, Kind],
        spawn: Spawn,
        tend: Callable[[Store], dict[str, str]],
    ) -> None:
        """tend: begins what is due by itself, and says what it could not begin."""
        self._tend = tend
        self._refused: dict[str, str] = {}
        self._store, self._settings, self._kinds, self._spawn = store, settings, kinds, spawn
        self._owner = store.new_uuid()
        self._children: list[Child] = []
        self._long = [
            (kind.name, verb) for kind in kinds.values() for verb, work in kind.works.items() if work.in_child
        ]
        self._has_litter = False  # files may have lost their row

    def run(self, stopping: threading.Event) -> None:
        """Work. At its start no other worker of this home is alive, so running jobs are nobody's."""
        jobs.requeue_all(self._store.database)
        self._clean()
        changes = Changes(self._store.database)
        looked_s, tend_s = 0.0, 0.0
        while not stopping.is_set():
            self._watch_children()
            if changes.seen() or time.monotonic() - looked_s > LOOK_ANYWAY_S:
                looked_s = time.monotonic()
                while not stopping.is_set() and self._do_next():
                    self._watch_children()
            if time.monotonic() > tend_s:
                began_s = time.monotonic()
                self._tend_once()
                tend_s = time.monotonic() + max(TEND_S, TEND_REST * (time.monotonic() - began_s))
            if self._has_litter and not self._children:
                self._clean()
                self._has_litter = False
            stopping.wait(POLL_S)
        for child in self._children:
            self._end(child)
            jobs.release(self._store.database, child.job)
        changes.close()

    def _tend_once(self) -> None:
        """What is due by itself must not end the work that somebody asked for, whatever happens to it."""
        try:
            refused = self._tend(self._store)
        except Exception as bug:  # a bug of ours in one thing that is due; the rest goes on
            refused = {"": f"{type(bug).__name__}: {bug}"}
            if refused != self._refused:
                log.error("tend.crashed", exc_info=bug)
        for arn, why in refused.items() - self._refused.items():
            log.warning("not_begun_by_itself", arn=arn, reason=why)
        self._refused = refused

    def _clean(self) -> None:
        collect(self._store)
        jobs.prune(self._store.database, JOBS_KEPT)

    def _do_next(self) -> bool:
        """Take up one job. False if none waits that there is room for."""
        full = len(self._children) >= self._settings.job_workers
        but_not = self._long if full else ()
        job = jobs.lease(self._store.database, self._owner, self._store.now_s(), self._settings.lease_s, but_not)
        if job is None:
            return False
        if work_of(self._kinds[job.kind], job.verb).in_child and job.attempts <= self._settings.attempts_max:
            self._children.append(Child(job, self._spawn(job)))
            return True
        self._has_litter = self._has_litter or job.verb == "delete"
        try:
            settings = self._settings
            execute(self._store, self._kinds, job, silent, settings.seed, settings.attempts_max)
        except LeaseLost:
            log.warning("job.lease_lost", job=job.id, arn=job.arn)
        return True

    def _watch_children(self) -> None:
        for child in list(self._children):
            code = child.process.poll()
            if code is not None:
                self._children.remove(child)
                let_go(child.process)
                self._has_litter = True  # a FULL import replaced what was there; a dead one left its own
                self._reap(child, code)
            elif time.monotonic() - child.sign_s > min(self._settings.lease_s / 3, 0.5):
                child.sign_s = time.monotonic()
                if not jobs.keep(self._store.database, child.job, self._store.now_s(), self._settings.lease_s):
                    self._end(child)

    def _reap(self, child: Child, code: int) -> None:
        """A child that ended by itself has written its outcome; one that died has not."""
        job = jobs.by_id(self._store.database, child.job.id)
        if job.state != "running" or job.owner != self._owner:
            return
        if job.stop_asked:
            stop(self._store, self._kinds[job.kind], job)
            return
        log.error("job.process_died", job=job.id, arn=job.arn, exit_code=code, attempts=job.attempts)
        jobs.abandon(self._store.database, job)

    def _end(self, child: Child) -> None:
        child.process.terminate()
        try:
            child.process.wait(TERM_S)
        except subprocess.TimeoutExpired:
            child.process.kill()
            child.process.wait()
