"""`tastemaker up`: opens the port, starts the processes, starts again what dies, and stops them in order."""

import fcntl
import os
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import IO, Any

import structlog

from tastemaker.http.credentials import credentials
from tastemaker.processes import let_go, spawn
from tastemaker.settings import Settings

log = structlog.get_logger()

LOCK = "lock"
WATCH_S = 0.1
# A server's products are small: waiting for a second BLAS thread costs more than it brings, most of all under load.
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
# What polars is done with goes back to the system at once: by itself it keeps up to 200 MB of freed pages, where a
# catalogue has a million items, in every server process.
SPARING = {"_RJEM_MALLOC_CONF": "dirty_decay_ms:0,muzzy_decay_ms:0"}
# Threads of a training sleep while they wait for each other: on a machine that does something else as well, spinning
# makes an epoch ten times as long.
PATIENT = {"OMP_WAIT_POLICY": "PASSIVE"}
RESTART_S = 1.0  # between two starts of a process that dies at once
START_S = 60.0  # until the first answer; a busy machine imports slowly


class CannotStart(Exception):
    """What keeps the server from starting, and what to do."""


@dataclass
class Process:
    """One of our processes, and how to start it again."""

    start: Callable[[], "subprocess.Popen[bytes]"]
    running: "subprocess.Popen[bytes]"
    started_s: float


class Supervisor:
    """The processes of one home. `start`, then `watch` until stopped, then `stop`."""

    def __init__(self, settings: Settings, log_file: IO[Any] | None = None) -> None:
        """log_file: where the processes log; None: to this one's standard error."""
        self._wanted, self._log_file = settings, log_file
        self._processes: list[Process] = []

    def start(self) -> Settings:
        """Open the port, start all, return when the first request is answered; settings then have the real port.

        Raises CannotStart.
        """
        settings = self._wanted
        if settings.sandbox and find_spec("moto") is None:
            raise CannotStart("The sandbox needs moto, which is not here: pip install 'tastemaker[sandbox]'")
        try:
            settings.home.mkdir(parents=True, exist_ok=True)
            self._lock = (settings.home / LOCK).open("w")
            if settings.demands_signatures:
                credentials(settings.home)
        except OSError as error:
            raise CannotStart(f"{settings.home} cannot be written: {error.strerror}. Give another --home.") from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CannotStart(f"A server runs on {settings.home} already. Stop it, or give another --home.") from None
        self._listener = _listen(settings)
        self.settings = replace(settings, port=self._listener.getsockname()[1])
        options: dict[str, Any] = {"stderr": self._log_file, "stdout": self._log_file}
        descriptor = self._listener.fileno()
        self._add(lambda: spawn(self.settings, "worker", env=PATIENT | os.environ, **options))
        for _ in range(settings.http_workers):
            self._add(
                lambda: spawn(
                    self.settings,
                    "http",
                    str(descriptor),
                    pass_fds=(descriptor,),
                    env=ONE_THREAD | SPARING | os.environ,
                    **options,
                )
            )
        self._await_first_answer()
        return self.settings

    def watch(self, stopping: threading.Event) -> None:
        """Start again what dies, until `stopping` is set."""
        while not stopping.wait(WATCH_S):
            for process in self._processes:
                code = process.running.poll()
                if code is not None and time.monotonic() - process.started_s > RESTART_S:
                    log.error("process.died", pid=process.running.pid, exit_code=code)
                    let_go(process.running)
                    process.running, process.started_s = process.start(), time.monotonic()

    def stop(self) -> None:
        """Stop all: servers finish their requests, the worker puts its jobs back."""
        for process in self._processes:
            process.running.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + self.settings.stop_s + 5
        for process in self._processes:
            try:
                process.running.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.running.kill()
        self._listener.close()
        self._lock.close()

    def _add(self, start: Callable[[], "subprocess.Popen[bytes]"]) -> None:
        self._processes.append(Process(start, start(), time.monotonic()))

    def _await_first_answer(self) -> None:
        deadline = time.monotonic() + START_S
        url = f"{address(self.settings)}/healthz"
        while time.monotonic() < deadline:
            if any(process.running.poll() is not None for process in self._processes):
                self.stop()
                raise CannotStart("A process of the server ended at its start; what it logged says why.")
            try:
                with urllib.request.urlopen(url, timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        self.stop()
        raise CannotStart(f"{url} did not answer within {START_S:.0f} s; the log says more.")


def address(settings: Settings) -> str:
    """The URL under which this machine reaches the server."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def _listen(settings: Settings) -> socket.socket:
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, where = found[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(where)
        listener.listen(2048)
    except OSError as error:
        raise CannotStart(
            f"Port {settings.port} of {settings.host} cannot be opened: {error.strerror}. Give another --port; 0 "
            "takes a free one."
        ) from None
    return listener
