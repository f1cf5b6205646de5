"""The one place where the parts are put together, and the three processes that are made of them.

`python -m tastemaker.app http|worker|job` runs one of them; `tastemaker up` starts and watches the first two.
"""

import asyncio
import gc
import json
import signal
import socket
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path
from typing import Any

import structlog
import uvicorn

from tastemaker import operations
from tastemaker.events.streams import Streams
from tastemaker.http.credentials import secrets_of
from tastemaker.http.edge import Edge
from tastemaker.http.protocol import bounded
from tastemaker.kinds import KINDS
from tastemaker.kinds.background import tend as tend_resources
from tastemaker.kinds.campaign import CAMPAIGN
from tastemaker.kinds.filter import FILTER
from tastemaker.kinds.recommender import RECOMMENDER
from tastemaker.processes import configure_log, end_with_parent, spawn
from tastemaker.rest.native import pages
from tastemaker.serving.answer import Answers
from tastemaker.serving.caps import Caps
from tastemaker.serving.deployments import Deployments
from tastemaker.serving.explaining import Explainer
from tastemaker.serving.tracing import Tracer
from tastemaker.settings import Settings
from tastemaker.storage.events import EventLog
from tastemaker.storage.jobs import Job
from tastemaker.storage.live import Live
from tastemaker.storage.shown import ShownLists
from tastemaker.storage.store import Store, open_store
from tastemaker.worker import child
from tastemaker.worker.loop import Worker

log = structlog.get_logger()

PREPARE_S = 0.1  # how soon a new campaign is loaded, beside the requests
BACKLOG = 2048
COLLECT = (10_000, 20, 100)  # requests leave no cycles behind; looking for old ones stops them for tens of milliseconds

KINDS_BY_NAME = {kind.name: kind for kind in KINDS}


def serve(settings: Settings, listener: socket.socket) -> None:
    """The process that answers requests on an open socket, until SIGTERM."""
    gc.set_threshold(*COLLECT)
    store = _open(settings)
    live = Live(store.database, settings.live_events_per_user_max, settings.users_cached_max)
    deployments = Deployments(store, CAMPAIGN, RECOMMENDER, FILTER)
    event_log = EventLog(store.database)
    shown = ShownLists(store.shown, settings.shown_bytes)
    caps = Caps(shown, settings.users_cached_max)
    answers = Answers(store, live, deployments, shown, caps, settings.users_cached_max)
    table = operations.table(store, answers, Streams(store, live, event_log, shown))

    async def tend() -> None:
        """Load campaigns before the first request for them."""
        prepared, loaded = -1, 0
        while True:
            live.look()
            caps.look(store.now_s())
            if live.generation != prepared:
                prepared = live.generation
                try:
                    await asyncio.to_thread(deployments.prepare, prepared)
                    await asyncio.to_thread(caps.prepare, deployments.present(), store.now_s())
                except Exception as bug:
                    log.error("campaigns.not_prepared", exc_info=bug)
            if deployments.loaded != loaded:
                loaded = deployments.loaded
                _settle_memory()
            await asyncio.sleep(PREPARE_S)

    events_max = settings.live_events_per_user_max
    tracer, explainer = Tracer(store, deployments, shown, events_max), Explainer(store, deployments, shown, events_max)
    native = pages(store, tracer, explainer, {"region": settings.region, "sandbox": settings.sandbox})
    edge = Edge(settings, table, native, secrets_of(settings.home), tend)
    application: Any = edge
    if settings.sandbox:
        from tastemaker.sandbox.mount import Sandbox  # moto, which only the extra `sandbox` has

        application = Sandbox(edge, settings.home, store.buckets, settings.account)
    config = uvicorn.Config(
        application,
        loop="uvloop" if sys.platform != "win32" else "asyncio",
        http=bounded(settings.header_bytes_max),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=int(settings.keep_alive_s),
        timeout_graceful_shutdown=int(settings.stop_s),
    )
    uvicorn.Server(config).run(sockets=[listener])
    event_log.close()
    deployments.close()
    live.close()
    shown.close()
    store.database.close()


def _settle_memory() -> None:
    """Keep the garbage collector away from what stays: visiting all ids of a catalogue stops requests for 80 ms."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def work(settings: Settings) -> None:
    """The process that runs jobs, until SIGTERM."""
    store = _open(settings)
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    Worker(store, settings, KINDS_BY_NAME, partial(_spawn_job, settings), tend_resources).run(stopping)
    store.database.close()


def run_job(settings: Settings, job_id: int, owner: str) -> None:
    """The process of one long job."""
    store: Store = _open(settings)
    child.run(store, settings, KINDS_BY_NAME, job_id, owner)
    store.database.close()


def _open(settings: Settings) -> Store:
    return open_store(
        settings.home,
        settings.reads_local_paths,
        strict=settings.strict,
        asks_s3=not settings.sandbox,
        filter_extensions=settings.filter_extensions,
        auto_training_delay_s=settings.auto_training_delay_s,
        auto_update_s=settings.auto_update_s,
        trend_refresh_s=settings.trend_refresh_s,
        incremental_update_s=settings.incremental_update_s,
    )


def _spawn_job(settings: Settings, job: Job) -> "subprocess.Popen[bytes]":
    assert job.owner is not None
    return spawn(settings, "job", str(job.id), job.owner)


def _main(role: str, pipe: str, settings_json: str, *arguments: str) -> None:
    end_with_parent(int(pipe))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    configure_log()
    given = json.loads(settings_json)
    settings = Settings(**{**given, "home": Path(given["home"])})
    if role == "http":
        serve(settings, socket.socket(fileno=int(arguments[0])))
    elif role == "worker":
        work(settings)
    else:
        run_job(settings, int(arguments[0]), arguments[1])


if __name__ == "__main__":
    _main(*sys.argv[1:])
