"""Processes that were spawned leave nothing open when they are let go."""

from pathlib import Path

from tastemaker.processes import let_go, spawn
from tastemaker.settings import Settings


def open_descriptors() -> set[str]:
    """The numbers of this process's open files."""
    return {path.name for path in Path("/dev/fd").iterdir()}


def test_a_process_that_has_ended_leaves_no_descriptor_behind(tmp_path: Path) -> None:
    before = open_descriptors()
    with (tmp_path / "log").open("wb") as log:
        process = spawn(Settings(home=tmp_path), "job", "1", "nobody", stderr=log)
        process.wait(60)
    let_go(process)
    assert open_descriptors() == before


def test_a_process_ends_when_it_is_let_go(tmp_path: Path) -> None:
    process = spawn(Settings(home=tmp_path), "worker")
    assert process.poll() is None
    let_go(process)
    assert process.wait(60) == 1
