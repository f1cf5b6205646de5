"""A sandbox as a user starts it: a process of its own, found by what `tastemaker env` prints and nothing else."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

COMMAND = [sys.executable, "-m", "tastemaker"]
OWN = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TASTEMAKER_"))}
STOP_S = 30.0


class Sandbox:
    """One `tastemaker sandbox`, or another verb that serves."""

    def __init__(self, home: Path, verb: str = "sandbox", *options: str) -> None:
        self.home = home
        command = [*COMMAND, verb, "--json", "--port", "0", "--home", str(home), *options]
        with (home / "server.log").open("ab") as log:
            self.process = subprocess.Popen(command, env=OWN, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self.process.stdout is not None
        self.url = json.loads(self.process.stdout.readline())["endpoint"]
        self.environment: dict[str, str] = json.loads(self.tells("env", "--json"))

    def tells(self, *words: str) -> str:
        """What a verb prints that asks this server."""
        command = [*COMMAND, *words, "--endpoint", self.url, "--home", str(self.home)]
        return subprocess.run(command, env=OWN, capture_output=True, text=True, check=True).stdout

    def client(self, service: str, **config: Any) -> Any:
        """An unmodified boto3 client that knows the environment alone; config: of botocore."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environment.items():
                patch.setenv(name, value)
            return boto3.Session().client(service, config=Config(**config))  # type: ignore[call-overload]

    def end(self, kills: bool = False) -> None:
        """Stop it, by Ctrl-C or as hard as can be."""
        if kills:
            self.process.kill()
        else:
            self.process.terminate()
        self.process.communicate(timeout=STOP_S)


@contextmanager
def sandbox_in(home: Path, verb: str = "sandbox", *options: str) -> Iterator[Sandbox]:
    """A sandbox during a block."""
    home.mkdir(exist_ok=True)
    sandbox = Sandbox(home, verb, *options)
    try:
        yield sandbox
    finally:
        sandbox.end()
