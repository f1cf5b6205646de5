"""The demo's films, trained once, and a server on them that the verbs talk to."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tastemaker.cli.main import main

COMMAND = [sys.executable, "-m", "tastemaker"]
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith(("TASTEMAKER_", "AWS_"))}
END_S = 60.0


@dataclass(frozen=True)
class Films:
    """A running server with the demo's resources. shown: what `demo --json` said of them."""

    endpoint: str
    home: Path
    shown: dict[str, Any]


@pytest.fixture(scope="session")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `tastemaker demo --exit --json` says, on a home of its own."""
    home = tmp_path_factory.mktemp("demo")
    asked = ["demo", "--sample", "synthetic", "--home", str(home), "--port", "0", "--exit", "--json"]
    ended = subprocess.run([*COMMAND, *asked], env=CLEAN, capture_output=True, timeout=END_S, check=False)
    assert ended.returncode == 0, ended.stderr.decode()
    return dict(json.loads(ended.stdout))


@pytest.fixture(scope="session")
def films(shown: dict[str, Any]) -> Iterator[Films]:
    """A server on the home that the demo left behind; its requests must be signed."""
    home = Path(shown["home"])
    asked = ["up", "--home", str(home), "--port", "0", "--auth", "--json"]
    with (
        (home / "up.log").open("wb") as log,
        subprocess.Popen([*COMMAND, *asked], env=CLEAN, stdout=subprocess.PIPE, stderr=log) as process,
    ):
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        assert told["auth"] is True
        yield Films(told["endpoint"], home, shown)
        process.send_signal(signal.SIGTERM)
        assert process.wait(END_S) == 0


Run = Callable[..., Result]


@pytest.fixture
def run(films: Films) -> Run:
    """Runs a verb against that server, which its environment names."""

    def invoke(*arguments: str, **given: Any) -> Result:
        environment = {"TASTEMAKER_ENDPOINT": films.endpoint, "TASTEMAKER_HOME": str(films.home)}
        return CliRunner(env=environment).invoke(main, arguments, **given)

    return invoke


@pytest.fixture
def value(run: Run) -> Callable[..., Any]:
    """Runs a verb with --json and gives the one value that it prints."""

    def invoke(*arguments: str) -> Any:
        ended = run(*arguments, "--json")
        assert ended.exit_code == 0, ended.output
        return json.loads(ended.stdout)

    return invoke
