"""Processes are killed at any moment: nothing acknowledged is lost, nothing stays half-made, and work is taken up."""

import importlib.util
import os
import signal
import sys
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from main_path.served import INTERACTIONS, Body, Server

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

pytestmark = pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are found in /proc")


@pytest.fixture(scope="module")
def durability() -> ModuleType:
    """The benchmark, which anybody can run for longer."""
    spec = importlib.util.spec_from_file_location("durability", BENCHMARKS / "durability.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["durability"] = module  # dataclasses look their module up by its name
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("rounds", [3, pytest.param(50, marks=pytest.mark.slow)])
def test_killing_every_process_at_random_moments_loses_nothing_and_leaves_nothing_half_made(
    durability: ModuleType, tmp_path: Path, rounds: int
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    tally = durability.run(home, rounds, seed=rounds, report=lambda _: None)

    assert tally.is_clean, tally
    assert tally.rounds == rounds
    assert tally.processes_killed >= 3 * rounds
    assert tally.events_acknowledged > 0
    assert tally.changes_acknowledged > 0


class Reaper:
    """Kills the processes of jobs of a home, as soon as they appear."""

    def __init__(self, home: Path, most: int) -> None:
        self.killed: list[int] = []
        self._home, self._most = os.fsencode(home), most
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> "Reaper":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.is_set() and len(self.killed) < self._most:
            for entry in Path("/proc").iterdir():
                if entry.name.isdigit() and int(entry.name) not in self.killed and self._is_a_job(entry):
                    os.kill(int(entry.name), signal.SIGKILL)
                    self.killed.append(int(entry.name))
                    break
            time.sleep(0.01)

    def _is_a_job(self, process: Path) -> bool:
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            return False  # it ended meanwhile
        return words[1:4] == [b"-m", b"tastemaker.app", b"job"] and any(self._home in word for word in words)


@pytest.fixture
def import_job(
    personalize: Any, group_of: Callable[..., tuple[str, dict[str, str]]], tmp_path: Path
) -> Callable[[], str]:
    """Starts an import into a dataset of its own; gives the ARN of the job."""
    name = f"k-{uuid.uuid4()}"
    _, datasets = group_of(name, Interactions=INTERACTIONS)
    rows = [f"u{n % 50},i{n % 30},watch,{1_700_000_000 + n}" for n in range(1200)]
    (tmp_path / "a.csv").write_text("\n".join(["USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP", *rows]) + "\n")

    def start() -> str:
        created = personalize.create_dataset_import_job(
            jobName=name,
            datasetArn=datasets["Interactions"],
            dataSource={"dataLocation": str(tmp_path / "a.csv")},
        )
        return str(created["datasetImportJobArn"])

    return start


def test_a_job_whose_process_was_killed_is_taken_up_again(
    server: Server, import_job: Callable[[], str], until: Callable[..., Body]
) -> None:
    with Reaper(server.home, most=1) as reaper:
        arn = import_job()
        until(arn, "ACTIVE")
    assert len(reaper.killed) == 1


def test_a_job_whose_process_dies_every_time_fails_and_says_so(
    server: Server, personalize: Any, import_job: Callable[[], str], until: Callable[..., Body]
) -> None:
    with Reaper(server.home, most=100) as reaper:
        arn = import_job()
        shown = until(arn, "CREATE FAILED")
    # One more may have been the process of an earlier job, on its way out.
    assert len(reaper.killed) - server.supervisor.settings.attempts_max in (0, 1)
    assert "died 3 times" in shown["failureReason"]
    assert "memory" in shown["failureReason"]
    # The next job is not kept from running.
    dataset = personalize.describe_dataset_import_job(datasetImportJobArn=arn)["datasetImportJob"]["datasetArn"]
    again = personalize.create_dataset_import_job(
        jobName=f"again-{uuid.uuid4()}", datasetArn=dataset, dataSource=shown["dataSource"]
    )
    until(again["datasetImportJobArn"], "ACTIVE")
