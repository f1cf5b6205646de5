"""The notebooks run as they stand: unmodified boto3, a sandbox, and nothing but what `tastemaker env` prints."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.running import OWN, Sandbox, sandbox_in

NOTEBOOKS = Path(__file__).parents[1] / "examples" / "notebooks"
END_S = 240.0
METRIC = r'"normalized_discounted_cumulative_gain_at_10": 0\.\d'

Run = Callable[[str], str]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One that all notebooks share: each leaves it as it was."""
    with sandbox_in(tmp_path_factory.mktemp("notebooks")) as running:
        yield running


@pytest.fixture
def run(sandbox: Sandbox, tmp_path: Path) -> Run:
    """Runs a notebook in a folder of the test's own; what it printed."""
    environment = {**OWN, **sandbox.environment, "NOTEBOOK_PAUSE_S": "0.1"}
    environment.pop("MOVIELENS", None)

    def notebook(name: str) -> str:
        command = [sys.executable, str(NOTEBOOKS / f"{name}.py")]
        ended = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=END_S, check=False
        )
        assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr
        return ended.stdout

    return notebook


@pytest.fixture(autouse=True)
def nothing_is_left(sandbox: Sandbox) -> Iterator[None]:
    """After each test: no resource, no bucket, no role."""
    yield
    personalize = sandbox.client("personalize")
    for operation in (
        "list_dataset_groups",
        "list_datasets",
        "list_schemas",
        "list_solutions",
        "list_campaigns",
        "list_recommenders",
        "list_event_trackers",
        "list_filters",
    ):
        reply = getattr(personalize, operation)()
        listed = next(value for member, value in reply.items() if isinstance(value, list))
        assert listed == [], operation
    assert sandbox.client("s3").list_buckets()["Buckets"] == []
    assert sandbox.client("iam").list_roles()["Roles"] == []
    assert sandbox.client("iam").list_policies(Scope="Local")["Policies"] == []


def test_a_first_campaign_its_events_and_its_end(run: Run) -> None:
    built, clicked, ended = (run(f"getting_started_{part}") for part in ("campaign", "events", "clean_up"))

    assert re.search(METRIC, built)
    assert "25 recommendations for user" in built
    changed = re.search(r"(\d+) of 25 were not recommended before", clicked)
    assert changed is not None
    assert int(changed[1]) > 0
    assert ended.endswith("Everything is deleted.\n")


def test_recommenders_for_videos(run: Run) -> None:
    told, ended = run("video_on_demand"), run("clean_up")

    assert "20 films because you watched" in told
    assert "20 top picks for user" in told
    assert "All recommenders have been deleted" in ended


def test_the_notebooks_know_nothing_of_tastemaker() -> None:
    for notebook in NOTEBOOKS.glob("*.py"):
        text = notebook.read_text(encoding="utf-8")
        assert "tastemaker" not in text, notebook
        assert "endpoint_url" not in text, notebook
