"""What was shown is recalled by its mark, from any process, until newer lists have taken its place."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tastemaker.storage.shown import ShownLists

SMALL = 4096


@pytest.fixture
def lists(tmp_path: Path) -> Iterator[Callable[..., ShownLists]]:
    """Opens the rings of a home, as a server process does."""
    made: list[ShownLists] = []

    def open_rings(ring_bytes: int = SMALL) -> ShownLists:
        made.append(ShownLists(tmp_path / "shown", ring_bytes))
        return made[-1]

    yield open_rings
    for each in made:
        each.close()


def test_a_list_is_recalled_by_its_mark(lists: Callable[..., ShownLists]) -> None:
    shown = lists()
    marks = [shown.remember([f"i{n}", "größe", "a b"], chance=n) for n in range(5)]
    assert [shown.recall(mark) for mark in marks] == [[f"i{n}", "größe", "a b"] for n in range(5)]
    assert shown.recall(shown.remember([], chance=7)) == []


def test_the_newest_lists_are_kept_and_the_oldest_are_gone(lists: Callable[..., ShownLists]) -> None:
    rng = np.random.default_rng(0)
    shown = lists()
    kept = [[f"item-{n}-{place}" for place in range(rng.integers(1, 40))] for n in range(400)]
    marks = [shown.remember(each, chance=int(rng.integers(1 << 40))) for each in kept]
    found = [shown.recall(mark) for mark in marks]
    first = next(place for place, each in enumerate(found) if each is not None)
    assert 0 < first < 399
    assert found[:first] == [None] * first, "what is gone is gone from the oldest on"
    assert found[first:] == kept[first:]


def test_another_process_writes_a_ring_of_its_own_and_reads_all(lists: Callable[..., ShownLists]) -> None:
    one, two = lists(), lists()
    marks = [one.remember(["a"], chance=1), two.remember(["b"], chance=1)]
    assert [two.recall(mark) for mark in marks] == [["a"], ["b"]]
    assert [one.recall(mark) for mark in marks] == [["a"], ["b"]]


def test_what_a_killed_process_had_shown_is_still_known_to_the_next_which_goes_on_behind_it(
    lists: Callable[..., ShownLists], tmp_path: Path
) -> None:
    dies = """
import os, pathlib, signal, sys
from tastemaker.storage.shown import ShownLists
shown = ShownLists(pathlib.Path(sys.argv[1]), 4096)
print(*[shown.remember([f"i{n}"], chance=n) for n in range(3)], flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    died = subprocess.run(
        [sys.executable, "-c", dies, str(tmp_path / "shown")], capture_output=True, text=True, check=False
    )
    marks = [int(text) for text in died.stdout.split()]
    shown = lists()
    later = shown.remember(["later"], chance=9)
    assert [shown.recall(mark) for mark in (*marks, later)] == [["i0"], ["i1"], ["i2"], ["later"]]
    assert len(list((tmp_path / "shown").glob("*.ring"))) == 1


@pytest.mark.parametrize("mark", [0, 1, 2**96 - 1, 2**88, 12345 << 40, 255 << 88])
def test_a_mark_that_nobody_gave_recalls_nothing(lists: Callable[..., ShownLists], mark: int) -> None:
    shown = lists()
    shown.remember(["a"], chance=5)
    assert shown.recall(mark) is None


def test_a_ring_of_another_size_is_made_anew(lists: Callable[..., ShownLists]) -> None:
    first = lists()
    mark = first.remember(["a"], chance=5)
    first.close()
    larger = lists(2 * SMALL)
    assert larger.recall(mark) is None
    assert larger.recall(larger.remember(["b"], chance=5)) == ["b"]


def test_a_list_too_long_to_keep_has_a_mark_that_recalls_nothing(lists: Callable[..., ShownLists]) -> None:
    shown = lists()
    assert shown.recall(shown.remember(["x" * 5000], chance=5)) is None
