"""Calls that are kept are there after any end of the process, in their order."""

from pathlib import Path

import pytest

from tastemaker.storage import calls
from tastemaker.storage.calls import Call, CallLog, LatestCalls, LogFull


def call(name: str) -> Call:
    """A call whose body is no text."""
    return Call("iam", "us-east-1", "any", "POST", "/", "", {"content-type": "x"}, f"{name}\xff".encode("latin-1"), 7)


def test_calls_come_back_in_their_order(tmp_path: Path) -> None:
    place = tmp_path / "new" / "calls.jsonl"
    assert list(CallLog(place)) == []
    for name in "abc":
        CallLog(place).append(call(name))

    assert list(CallLog(place)) == [call("a"), call("b"), call("c")]


def test_what_was_cut_off_while_it_was_written_is_gone_and_the_rest_goes_on(tmp_path: Path) -> None:
    place = tmp_path / "calls.jsonl"
    CallLog(place).append(call("a"))
    whole = place.read_bytes()
    for end in range(1, len(whole)):
        place.write_bytes(whole + whole[:end])
        assert list(CallLog(place)) == [call("a")]
        assert place.read_bytes() == whole
    CallLog(place).append(call("b"))
    assert list(CallLog(place)) == [call("a"), call("b")]


def test_a_line_that_cannot_be_read_is_passed_over_and_stays(tmp_path: Path) -> None:
    place = tmp_path / "calls.jsonl"
    place.write_bytes(b'{"of": "another version"}\n')
    CallLog(place).append(call("a"))

    assert list(CallLog(place)) == [call("a")]
    assert place.read_bytes().startswith(b'{"of"')


def test_a_log_that_is_long_takes_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "BYTES_MAX", 10)
    log = CallLog(tmp_path / "calls.jsonl")
    log.require_room()
    log.append(call("a"))
    with pytest.raises(LogFull, match="Stop the server and remove the file"):
        log.require_room()


def test_the_latest_call_of_a_name_counts(tmp_path: Path) -> None:
    kept = LatestCalls(tmp_path / "new" / "calls.json")
    assert kept.all() == {}
    kept.keep("policy", call("a"))
    kept.keep("tagging", call("b"))
    kept.keep("policy", call("c"))
    kept.keep("tagging", None)

    assert LatestCalls(tmp_path / "new" / "calls.json").all() == {"policy": call("c")}
