"""A server in this terminal: started, watched, and stopped in order by Ctrl-C or SIGTERM."""

import signal
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any

from tastemaker.cli.verb import Failed
from tastemaker.processes import configure_log
from tastemaker.settings import Settings
from tastemaker.supervisor import CannotStart, Supervisor

SERVICES = ("PERSONALIZE", "PERSONALIZE_RUNTIME", "PERSONALIZE_EVENTS")


@contextmanager
def interruptible() -> Iterator[None]:
    """Ctrl-C and SIGTERM end the block, wherever it is, and nothing is heard of it."""

    def interrupt(*_: object) -> None:
        # Only the first one counts: what stops in order must not be interrupted by an impatient second.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    is_interrupted = False
    try:
        yield
    except KeyboardInterrupt:
        is_interrupted = True  # and stays deaf: the verb only has its last words to say
    finally:
        if not is_interrupted:
            for number, handler in before.items():
                signal.signal(number, handler)


@contextmanager
def running(settings: Settings, log_file: IO[Any] | None = None) -> Iterator[Settings]:
    """A server that runs during the block; the settings have its real port. Raises Failed if it cannot start."""
    configure_log()
    supervisor = Supervisor(settings, log_file)
    try:
        started = supervisor.start()
    except CannotStart as problem:
        raise Failed(f"{problem}{_where(log_file)}") from None
    stopping = threading.Event()
    watching = threading.Thread(target=supervisor.watch, args=(stopping,))
    watching.start()
    try:
        yield started
    finally:
        stopping.set()
        watching.join()
        supervisor.stop()


def forever() -> None:
    """Wait until the block is interrupted."""
    threading.Event().wait()


def environment(url: str, is_sandbox: bool) -> Mapping[str, str]:
    """What points every boto3 client and the AWS CLI at the server of this address, for all that it answers."""
    if is_sandbox:
        return {"AWS_ENDPOINT_URL": url}
    return {f"AWS_ENDPOINT_URL_{service}": url for service in SERVICES}


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there."""
    try:
        family, kind, _, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
    except OSError:
        return False
    return True


def _where(log_file: IO[Any] | None) -> str:
    return f" It logs to {log_file.name}." if log_file else ""
