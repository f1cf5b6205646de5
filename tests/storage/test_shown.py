"""What was shown is recalled by its mark, from any process, until newer lists have taken its place."""

import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tastemaker.storage.shown import SEPARATOR, ShownLists, forget

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
    marks = [shown.remember(SEPARATOR.join([f"i{n}", "größe", "a b"]), chance=n) for n in range(5)]
    assert [shown.recall(mark) for mark in marks] == [[f"i{n}", "größe", "a b"] for n in range(5)]
    assert shown.recall(shown.remember("", chance=7)) == []


def test_the_newest_lists_are_kept_and_the_oldest_are_gone(lists: Callable[..., ShownLists]) -> None:
    rng = np.random.default_rng(0)
    shown = lists()
    kept = [[f"item-{n}-{place}" for place in range(rng.integers(1, 40))] for n in range(400)]
    marks = [shown.remember(SEPARATOR.join(each), chance=int(rng.integers(1 << 40))) for each in kept]
    found = [shown.recall(mark) for mark in marks]
    first = next(place for place, each in enumerate(found) if each is not None)
    assert 0 < first < 399
    assert found[:first] == [None] * first, "what is gone is gone from the oldest on"
    assert found[first:] == kept[first:]


def test_another_process_writes_a_ring_of_its_own_and_reads_all(lists: Callable[..., ShownLists]) -> None:
    one, two = lists(), lists()
    marks = [one.remember("a", chance=1), two.remember("b", chance=1)]
    assert [two.recall(mark) for mark in marks] == [["a"], ["b"]]
    assert [one.recall(mark) for mark in marks] == [["a"], ["b"]]


def test_what_a_killed_process_had_shown_is_still_known_to_the_next_which_goes_on_behind_it(
    lists: Callable[..., ShownLists], tmp_path: Path
) -> None:
    dies = """
import os, pathlib, signal, sys
from tastemaker.storage.shown import ShownLists
shown = ShownLists(pathlib.Path(sys.argv[1]), 4096)
print(*[shown.remember(f"i{n}", chance=n) for n in range(3)], flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    died = subprocess.run(
        [sys.executable, "-c", dies, str(tmp_path / "shown")], capture_output=True, text=True, check=False
    )
    marks = [int(text) for text in died.stdout.split()]
    shown = lists()
    later = shown.remember("later", chance=9)
    assert [shown.recall(mark) for mark in (*marks, later)] == [["i0"], ["i1"], ["i2"], ["later"]]
    assert len(list((tmp_path / "shown").glob("*.ring"))) == 1


@pytest.mark.parametrize("mark", [0, 1, 2**96 - 1, 2**88, 12345 << 40, 255 << 88])
def test_a_mark_that_nobody_gave_recalls_nothing(lists: Callable[..., ShownLists], mark: int) -> None:
    shown = lists()
    shown.remember("a", chance=5)
    assert shown.recall(mark) is None


def test_a_ring_of_another_size_is_made_anew(lists: Callable[..., ShownLists]) -> None:
    first = lists()
    mark = first.remember("a", chance=5)
    first.close()
    larger = lists(2 * SMALL)
    assert larger.recall(mark) is None
    assert larger.recall(larger.remember("b", chance=5)) == ["b"]


def test_a_list_too_long_to_keep_has_a_mark_that_recalls_nothing(lists: Callable[..., ShownLists]) -> None:
    shown = lists()
    assert shown.recall(shown.remember("x" * 5000, chance=5)) is None


def test_a_list_shown_to_a_user_is_told_once_with_whom_and_when(lists: Callable[..., ShownLists]) -> None:
    one, two = lists(), lists()
    read: dict[int, int] = {}
    one.remember(SEPARATOR.join(["a", "größe"]), 1, deployment=7, user_id="Ünal", now_s=10.5)
    two.remember("", 2, deployment=7, user_id="u", now_s=11.0)
    one.remember("c", 3, deployment=8, user_id="u", now_s=12.0)
    one.remember("d", 4, deployment=7, user_id=None, now_s=12.0)
    found = [(each.time_s, each.user_id, each.text.decode()) for each in two.impressions(read, 7)]
    assert found == [(10.5, "Ünal", "a\0größe"), (11.0, "u", "")]
    assert list(two.impressions(read, 7)) == []
    late = lists()
    late.remember("e", 5, deployment=7, user_id="u", now_s=13.0)
    one.remember("f", 6, deployment=7, user_id="v", now_s=14.0)
    assert [each.text for each in two.impressions(read, 7)] == [b"f", b"e"], "a ring that was not there before, too"
    assert [each.text for each in one.impressions({}, 7, "u")] == [b"", b"e"]


def test_of_lists_that_were_overwritten_between_two_looks_the_newest_are_told(lists: Callable[..., ShownLists]) -> None:
    shown, read = lists(), dict[int, int]()
    marks = [shown.remember(f"item-{n}", n, 7, "u", float(n)) for n in range(400)]
    kept = [n for n, mark in enumerate(marks) if shown.recall(mark) is not None]
    assert [each.time_s for each in shown.impressions(read, 7)] == kept
    for n in range(400, 410):
        shown.remember(f"item-{n}", n, 7, "u", float(n))
    assert [each.time_s for each in shown.impressions(read, 7)] == list(range(400, 410))


def test_a_record_that_is_being_written_is_told_when_it_is_whole(
    lists: Callable[..., ShownLists], tmp_path: Path
) -> None:
    shown, read = lists(), dict[int, int]()
    shown.remember("whole", 1, 7, "u", 1.0)
    mark = shown.remember("torn", 2, 7, "u", 2.0)
    path = tmp_path / "shown" / "0.ring"
    written = path.read_bytes()
    at = written.index(b"torn")
    with path.open("r+b") as file:
        file.seek(at)
        file.write(b"to??")
    assert shown.recall(mark) is None
    assert list(shown.impressions(read, 7)) == []
    with path.open("r+b") as file:
        file.seek(at)
        file.write(b"torn")
    assert [each.text for each in shown.impressions(read, 7)] == [b"whole", b"torn"]


def test_a_ring_goes_on_behind_a_last_record_that_was_lost(lists: Callable[..., ShownLists], tmp_path: Path) -> None:
    first = lists(1 << 20)
    lost = first.remember("lost", 1, 7, "u", 1.0)
    first.close()
    path = tmp_path / "shown" / "0.ring"
    path.write_bytes(path.read_bytes().replace(b"lost", b"\0\0\0\0"))
    shown = lists(1 << 20)
    mark = shown.remember("later", 1, 7, "u", 2.0)
    assert mark != lost
    assert (shown.recall(lost), shown.recall(mark)) == (None, ["later"])
    assert [each.text for each in shown.impressions({}, 7)] == [b"later"]


def test_a_ring_of_the_format_before_is_made_anew_and_one_that_nobody_writes_is_let_be(
    lists: Callable[..., ShownLists], tmp_path: Path
) -> None:
    (tmp_path / "shown").mkdir()
    for number in (0, 5):
        old = struct.pack("<Q", 60) + struct.pack("<QQII", 8, 5, 1, zlib.crc32(b"a")) + b"a"
        (tmp_path / "shown" / f"{number}.ring").write_bytes(old.ljust(SMALL, b"\0"))
    (tmp_path / "shown" / "notes.ring").write_text("of somebody else")
    shown = lists()
    assert shown.recall(shown.remember("b", 5, 7, "u", 1.0)) == ["b"]
    assert [each.text for each in shown.impressions({}, 7)] == [b"b"]
    assert shown.recall((5 << 48 | 8) << 40 | 5) is None


def test_a_forgotten_user_is_in_no_ring_and_the_lists_stay(lists: Callable[..., ShownLists], tmp_path: Path) -> None:
    one, two = lists(), lists()
    before = two.forgotten()
    marks = [one.remember(f"i{n}", n, 7 + n % 2, f"user-{n % 3}", float(n)) for n in range(12)]
    marks.append(two.remember("other", 1, 7, "user-1", 13.0))
    assert forget(tmp_path / "shown", ["user-1", "nobody"], lambda deployment: deployment == 7) == (3, {"user-1"})
    assert {each.user_id for each in one.impressions({}, 7)} == {"user-0", "user-2"}
    assert {each.user_id for each in one.impressions({}, 8)} == {"user-0", "user-1", "user-2"}
    assert [one.recall(mark) for mark in marks] == [*([f"i{n}"] for n in range(12)), ["other"]]
    assert two.forgotten() != before
