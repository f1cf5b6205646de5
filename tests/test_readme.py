"""Every command of the README is run, in its order, on a home of its own.

What is changed on the way: the port, which must be free; the sample, where the zip of MovieLens is not at hand; and
`make test`, which is what runs this, is only looked up.
"""

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tastemaker.cli.main import VERBS

REPOSITORY = Path(__file__).parents[1]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
SAMPLES = Path(os.environ.get("TASTEMAKER_SAMPLES") or REPOSITORY.parent / "shared" / "data")
SAMPLE = "ml-100k" if (SAMPLES / "ml-100k.zip").is_file() else "synthetic"
SERVERS = ("make demo", "tastemaker up")  # run until they are stopped
OURS = ("make test", ". .venv/bin/activate")  # this run, and this interpreter
END_S = 180.0

pytestmark = pytest.mark.slow


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def commands() -> list[str]:
    """All lines of all shell blocks."""
    return [line for block in blocks("sh") for line in block.splitlines() if line]


def free_port() -> int:
    """A port that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Place:
    """Where the README is followed."""

    folder: Path
    port: int

    @property
    def environment(self) -> dict[str, str]:
        """A user's, who has the virtual environment active and wants another port and home."""
        rest = {name: value for name, value in os.environ.items() if not name.startswith(("TASTEMAKER_", "AWS_"))}
        own = {"TASTEMAKER_PORT": str(self.port), "TASTEMAKER_HOME": str(self.folder / "home")}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return {**rest, **own, "TASTEMAKER_SAMPLES": str(SAMPLES), "PATH": path}

    def adapted(self, text: str) -> str:
        """The README's text with this port and this sample."""
        return text.replace("8080", str(self.port)).replace("ml-100k", SAMPLE)

    def run(self, command: list[str]) -> str:
        """What a command prints; it must succeed."""
        ended = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=END_S, check=False
        )
        assert ended.returncode == 0, f"{shlex.join(command)}: {ended.stdout}{ended.stderr}"
        return ended.stdout


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The demo, running: what `make demo` runs once all is set up."""
    folder = tmp_path_factory.mktemp("clone")
    (folder / "examples").symlink_to(REPOSITORY / "examples")
    place = Place(folder, free_port())
    made = subprocess.run(
        ["make", "--no-print-directory", "-n", "demo"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    binary, *arguments = shlex.split(made.stdout.splitlines()[-1])
    assert Path(binary).name == "tastemaker"
    command = ["tastemaker", *(place.adapted(argument) for argument in arguments), "--port", str(place.port)]
    with until_next_is_named(command, place):
        yield place


class until_next_is_named:  # noqa: N801  read as a sentence: with until_next_is_named(...)
    """A server in its terminal, as soon as it has said what to do next; stopped by Ctrl-C, cleanly."""

    def __init__(self, command: list[str], place: Place) -> None:
        self.process = subprocess.Popen(
            command, cwd=place.folder, env=place.environment, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> None:
        assert self.process.stdout is not None
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if line.startswith("Next:"):
                return
        pytest.fail("".join(lines))

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=END_S)
        assert self.process.returncode == 0


def test_the_verbs_work_beside_the_demo_and_the_last_one_deletes_its_films(place: Place) -> None:
    lines = [line for line in commands() if line not in (*SERVERS, *OURS) and not line.startswith("export ")]
    assert len(lines) > 8

    told = {line: place.run(shlex.split(place.adapted(line))) for line in lines if "down" not in line}

    assert "probability" in told["tastemaker recs 42"]
    recommend_from_python(place)
    down = next(line for line in lines if "down" in line)
    assert "resources are gone" in place.run(shlex.split(place.adapted(down)))


def recommend_from_python(place: Place) -> None:
    """The Python block prints five items with their scores."""
    (code,) = blocks("python")
    printed = place.run([sys.executable, "-c", place.adapted(code)]).splitlines()
    assert len(printed) == 5
    assert all(0 < float(line.split()[1]) < 1 for line in printed)


def test_code_finds_the_server_by_the_environment_that_the_readme_exports(place: Place) -> None:
    exports = [place.adapted(line) for line in commands() if line.startswith("export ")]
    assert len(exports) == 3
    keys = "export AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any AWS_DEFAULT_REGION=us-east-1"
    code = "import boto3; print(len(boto3.client('personalize').list_recipes()['recipes']))"
    script = "\n".join([*exports, keys, f"{shlex.quote(sys.executable)} -c {shlex.quote(code)}"])

    assert int(place.run(["bash", "-c", script])) >= 5


def test_up_serves_until_ctrl_c(tmp_path: Path) -> None:
    assert "tastemaker up" in commands()
    with until_next_is_named(["tastemaker", "up"], Place(tmp_path, free_port())):
        pass


def test_the_commands_that_are_not_run_here_exist() -> None:
    assert set(OURS) <= set(commands())
    made = subprocess.run(
        ["make", "--no-print-directory", "-n", "test"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert made.stdout.splitlines()[-1].endswith("-m pytest")


def test_links_lead_somewhere() -> None:
    for page in ("README.md", "CONTRIBUTING.md"):
        for link in re.findall(r"\]\(([^)]+)\)", (REPOSITORY / page).read_text(encoding="utf-8")):
            assert (REPOSITORY / link).exists(), f"{page}: {link}"


def test_the_table_of_verbs_is_complete() -> None:
    named = re.findall(r"^\| `tastemaker ([\w-]+)", README, re.MULTILINE)
    assert named == list(VERBS)
