"""The examples run as they stand, against a real server."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tastemaker import samples
from tastemaker.samples import Sample

REPOSITORY = Path(__file__).parents[1]
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith(("TASTEMAKER_", "AWS_"))}
END_S = 120.0


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """MovieLens 100K where its zip is, else films that do not exist."""
    folder = Path(os.environ.get("TASTEMAKER_SAMPLES") or REPOSITORY.parent / "shared" / "data")
    name = "ml-100k" if (folder / "ml-100k.zip").is_file() else "synthetic"
    return samples.get(name, tmp_path_factory.mktemp("sample"), folder, lambda _, __: None, offline=True)


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server, as `tastemaker up` starts it."""
    home = tmp_path_factory.mktemp("home")
    command = [sys.executable, "-m", "tastemaker", "up", "--home", str(home), "--port", "0"]
    with (
        (home / "server.log").open("wb") as log,
        subprocess.Popen(command, env=CLEAN, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        assert process.stdout is not None
        yield process.stdout.readline().split()[3]
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=END_S)


def test_the_walk_of_a_notebook_goes_from_files_to_clean_up(endpoint: str, sample: Sample) -> None:
    command = [sys.executable, "examples/movielens.py", "--endpoint", endpoint, "--data", str(sample.folder)]
    ended = subprocess.run(
        command, cwd=REPOSITORY, env=CLEAN, capture_output=True, text=True, timeout=END_S, check=False
    )

    assert ended.returncode == 0, ended.stderr
    told = ended.stdout
    assert re.search(r"normalized_discounted_cumulative_gain_at_10: 0\.\d", told)
    changed = re.search(r"(\d+) of 25 were not in the list before", told)
    assert changed is not None
    assert int(changed[1]) > 0
    comedies = told.partition("\nComedies\n")[2].partition("\n\n")[0].splitlines()
    assert len(comedies) == 10
    assert all("Comedy" in line for line in comedies)
    for count in ("2 schemas", "1 dataset groups", "2 datasets", "2 import jobs", "2 solutions", "2 campaigns"):
        assert count in told
    assert told.endswith("Everything is deleted.\n")


def test_the_example_knows_nothing_of_tastemaker() -> None:
    assert "import tastemaker" not in (REPOSITORY / "examples" / "movielens.py").read_text()
    assert "from tastemaker" not in (REPOSITORY / "examples" / "movielens.py").read_text()
