"""How our processes are started, how they end with their parent, and how they log. Imports little: all need it."""

import json
import os
import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

import structlog

from tastemaker.settings import Settings


def spawn(settings: Settings, role: str, *arguments: str, **options: Any) -> "subprocess.Popen[bytes]":
    """A process of ours. It ends when this one does, however that ends: it reads a pipe that only we hold open."""
    pipe_read, pipe_write = os.pipe()
    plain = {name: str(value) if isinstance(value, Path) else value for name, value in asdict(settings).items()}
    command = [sys.executable, "-m", "tastemaker.app", role, str(pipe_read), json.dumps(plain), *arguments]
    inherited = (pipe_read, *options.pop("pass_fds", ()))
    try:
        # A session of its own: Ctrl-C in a terminal goes to the first process alone, which stops the others in order.
        process = subprocess.Popen(command, pass_fds=inherited, start_new_session=True, **options)
    except BaseException:
        os.close(pipe_write)
        raise
    finally:
        os.close(pipe_read)
    process.held_open = pipe_write  # type: ignore[attr-defined]  # closed with this process
    return process


def let_go(process: "subprocess.Popen[bytes]") -> None:
    """Close our end of the pipe of a process that has ended, or that is to end now."""
    os.close(process.held_open)  # type: ignore[attr-defined]


def end_with_parent(pipe: int) -> None:
    """End this process as soon as the one that spawned it is gone; pipe: the first argument that `spawn` gave."""

    def wait() -> None:
        os.read(pipe, 1)  # returns at the end of file: nobody holds the other end any more
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def configure_log() -> None:
    """Events with facts on standard error: for people in a terminal, else one JSON object a line."""
    people = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            *([] if people else [structlog.processors.format_exc_info]),
            structlog.dev.ConsoleRenderer() if people else structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
