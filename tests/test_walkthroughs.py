"""The walk-throughs run as they stand, and their pages are what they say and print."""

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from sandbox.running import OWN, Sandbox, sandbox_in
from tastemaker import samples

REPOSITORY = Path(__file__).parents[1]
SCRIPTS, PAGES = REPOSITORY / "examples" / "walkthroughs", REPOSITORY / "docs" / "walkthroughs"
NAMES = ("court_booking", "movielens_100k", "movielens_1m")
END_S = 300.0


@pytest.fixture(scope="module")
def page() -> ModuleType:
    """What makes pages."""
    spec = importlib.util.spec_from_file_location("page", SCRIPTS / "page.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["page"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox."""
    with sandbox_in(tmp_path_factory.mktemp("walkthroughs")) as sandbox:
        yield sandbox


def walked(sandbox: Sandbox, name: str, data: Path) -> str:
    """The page of a walk-through that runs now, with nothing but the sandbox's environment."""
    command = [sys.executable, str(SCRIPTS / "page.py"), name, "--data", str(data)]
    environment = {**OWN, **sandbox.environment}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=END_S, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def kept(name: str) -> str:
    """The page as it is in docs."""
    return (PAGES / f"{name.replace('_', '-')}.md").read_text(encoding="utf-8")


def in_words(text: str) -> str:
    """A text without its figures, which another machine may have otherwise in their last digits."""
    return re.sub(r"[\d.,%]+", "#", text)


@pytest.mark.parametrize("name", NAMES)
def test_a_page_has_the_prose_and_the_code_of_its_script(page: ModuleType, name: str) -> None:
    text = kept(name)
    for cell in page.cells((SCRIPTS / f"{name}.py").read_text(encoding="utf-8")):
        assert cell.text in text, f"python examples/walkthroughs/page.py {name} --into docs/walkthroughs"


def test_bookings_alone_are_enough_for_lists_that_beat_popularity(running: Sandbox, tmp_path: Path) -> None:
    """The script says so itself, and fails if it is not so; the bookings are made up, so the page is the same."""
    told = walked(running, "court_booking", tmp_path)
    head, tail = "## One member", "## "
    assert in_words(told.partition(head)[0]) == in_words(kept("court_booking").partition(head)[0])
    assert "user-personalization ranks" in told.partition(tail)[2]


@pytest.mark.slow
def test_a_list_of_movielens_100k_changes_with_three_films(running: Sandbox, tmp_path: Path) -> None:
    folder = Path(os.environ.get("TASTEMAKER_SAMPLES") or REPOSITORY.parent / "shared" / "data")
    if not (folder / "ml-100k.zip").is_file():
        pytest.skip("the archive of MovieLens 100K is not here")
    samples.get("ml-100k", tmp_path / "ml-100k", folder, lambda _, __: None, offline=True)

    told = walked(running, "movielens_100k", tmp_path / "ml-100k")

    assert "100000 ratings of 943 people for 1682 films" in told
    counts = [int(n) for n in re.findall(r"^watched .*: (\d+)$", told, re.MULTILINE)]
    assert len(counts) == 3
    assert counts[-1] >= 3


@pytest.mark.slow
def test_the_workshop_goes_from_seven_versions_to_clean_up(running: Sandbox, tmp_path: Path) -> None:
    """On a smaller sample than its page; the calls are the same."""
    samples.get("synthetic", tmp_path / "films", None, lambda _, __: None)

    told = walked(running, "movielens_1m", tmp_path / "films")

    assert "600 lists in s3://walk-1m/batch/out/people.json.out; 200 of the first 200" in told
    assert "deleted: 5 campaigns, 1 filters, 1 event trackers, 7 solutions" in told
    assert running.client("s3").list_buckets()["Buckets"] == []
    assert running.client("personalize").list_dataset_groups()["datasetGroups"] == []
