"""`tastemaker hold-out`: everybody's newest events apart from all others."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tastemaker.cli.main import main

Hold = Callable[..., Result]
HEADER = "USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP"


@pytest.fixture
def hold(tmp_path: Path) -> Hold:
    """Writes these records, holds out, and gives what came of it."""

    def run(*records: str, share: str = "0.25", header: str = HEADER) -> Result:
        (tmp_path / "all.csv").write_text("\n".join([header, *records]) + "\n")
        files = ["--train", str(tmp_path / "train.csv"), "--truth", str(tmp_path / "truth.csv")]
        asked = ["hold-out", str(tmp_path / "all.csv"), "--share", share, *files, "--json"]
        return CliRunner().invoke(main, asked)

    return run


def lines(tmp_path: Path, name: str) -> list[str]:
    return (tmp_path / name).read_text().splitlines()


def test_the_newest_share_of_each_user_is_the_truth_and_at_least_one_event(hold: Hold, tmp_path: Path) -> None:
    # u has eight events, in no order: two are held out. v has three: one. w has a single event, which stays.
    times = [30, 80, 10, 20, 70, 60, 50, 40]
    u = [f"u,i{time},watch,{time}" for time in times]
    v = [f"v,i{time},watch,{time}" for time in (3, 1, 2)]
    told = json.loads(hold(*u, *v, "w,i1,watch,5").stdout)

    assert lines(tmp_path, "truth.csv") == [HEADER, "u,i80,watch,80", "u,i70,watch,70", "v,i3,watch,3"]
    assert sorted(lines(tmp_path, "train.csv")[1:]) == sorted(
        {*u, *v, "w,i1,watch,5"} - set(lines(tmp_path, "truth.csv"))
    )
    assert told["truth"] == {"file": str(tmp_path / "truth.csv"), "events": 3, "users": 2}
    assert told["train"]["users"] == 3


def test_of_events_at_the_same_time_the_later_records_are_the_newer_ones(hold: Hold, tmp_path: Path) -> None:
    hold("u,a,watch,5", "u,b,watch,5", "u,c,watch,5", "u,d,watch,5", share="0.5")
    assert lines(tmp_path, "truth.csv")[1:] == ["u,c,watch,5", "u,d,watch,5"]


def test_a_share_that_is_nearly_all_leaves_every_user_one_event(hold: Hold, tmp_path: Path) -> None:
    hold("u,a,watch,1", "u,b,watch,2", "u,c,watch,3", share="0.9999999999")
    assert lines(tmp_path, "train.csv")[1:] == ["u,a,watch,1"]


@pytest.mark.parametrize(
    ("records", "header", "words"),
    [
        (("u,a,watch,soon",), HEADER, "record 1: TIMESTAMP is 'soon'; give Unix seconds"),
        (("u,a,watch,1", ",b,watch,2"), HEADER, "record 2: USER_ID is None; give an id"),
        (("u,a,1",), "USER,ITEM_ID,TIMESTAMP", "has no column USER_ID; it has USER, ITEM_ID, TIMESTAMP"),
        ((), HEADER, "has a header and no records"),
    ],
)
def test_what_is_no_event_is_named_with_its_place(
    hold: Hold, records: tuple[str, ...], header: str, words: str
) -> None:
    ended = hold(*records, header=header)
    assert ended.exit_code == 1
    assert words in json.loads(ended.stdout)["error"]


def test_files_that_are_the_same_or_not_there_are_refused(tmp_path: Path) -> None:
    here = str(tmp_path / "all.csv")
    same = CliRunner().invoke(main, ["hold-out", here, "--train", here, "--truth", str(tmp_path / "b.csv")])
    absent = CliRunner().invoke(
        main, ["hold-out", here, "--train", str(tmp_path / "a.csv"), "--truth", str(tmp_path / "b.csv")]
    )
    assert (same.exit_code, absent.exit_code) == (2, 1)
    assert "not three different files" in same.stderr
    assert f"{here} cannot be read" in absent.stderr
