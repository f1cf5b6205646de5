"""Cutting lines into chunks: nothing lost, nothing twice, names that follow the content."""

import io

import pytest

from tastemaker.batch import chunks as module
from tastemaker.batch.chunks import LineTooLong, chunks


def test_lines_come_in_chunks_in_their_order_without_blank_ones() -> None:
    text = b"\xef\xbb\xbfa\r\n\n  \nb\nc\nd\n e"
    found = list(chunks(io.BytesIO(text), "0000", 2))
    assert [chunk.lines for chunk in found] == [[b"a", b"b"], [b"c", b"d"], [b"e"]]
    assert found[-1].end == len(text)
    assert [chunk.name[:11] for chunk in found] == ["0000-000000", "0000-000001", "0000-000002"]


def test_blank_lines_alone_are_no_chunk() -> None:
    assert not list(chunks(io.BytesIO(b"\n \n\t\n"), "0000", 2))


def test_a_chunk_of_long_lines_has_fewer_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK_BYTES_MAX", 6)
    assert [len(chunk.lines) for chunk in chunks(io.BytesIO(b"abc\nabc\nabc\n"), "0000", 100)] == [2, 1]


def test_names_change_with_the_lines_that_a_chunk_has() -> None:
    names = [[chunk.name for chunk in chunks(io.BytesIO(text), "0000", 2)] for text in (b"a\nb\nc\n", b"a\nb\nd\n")]
    assert names[0][0] == names[1][0]
    assert names[0][1] != names[1][1]


def test_a_file_without_lines_is_refused_before_it_fills_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LINE_BYTES_MAX", 10)
    with pytest.raises(LineTooLong, match="line 2 has more than 10 bytes"):
        list(chunks(io.BytesIO(b"short\n" + b"x" * 100), "0000", 2))
