"""CSV as people write it is imported; what cannot be is named with its file and line."""

import csv
import gzip
import io
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tastemaker.data.schemas import Column, Schema
from tastemaker.transfer import csv_bytes
from tastemaker.transfer.csv_bytes import ImportFailed
from tastemaker.transfer.csv_files import CsvFile, Imported, read_csv

EVENTS = Schema(
    "Interactions",
    (
        Column("USER_ID", "string", nullable=False),
        Column("ITEM_ID", "string", nullable=False),
        Column("EVENT_VALUE", "float", nullable=True),
        Column("TIMESTAMP", "long", nullable=False),
    ),
)
FILMS = Schema(
    "Items",
    (
        Column("ITEM_ID", "string", nullable=False),
        Column("TITLE", "string", nullable=True),
        Column("YEAR", "int", nullable=True),
    ),
)
HEAD = b"USER_ID,ITEM_ID,EVENT_VALUE,TIMESTAMP\n"


def unwatched(done: float, total: float) -> None:
    """Progress that nobody looks at."""


def imported(folder: Path, *contents: bytes, schema: Schema = EVENTS) -> Imported:
    files = []
    for place, content in enumerate(contents):
        path = folder / f"{place}"
        path.write_bytes(content)
        files.append(CsvFile(f"s3://shop/{place}.csv", path))
    return read_csv(files, schema, unwatched)


def films(folder: Path, rows: bytes) -> list[tuple[object, ...]]:
    result = imported(folder, b"ITEM_ID,TITLE,YEAR\n" + rows, schema=FILMS)
    assert result.rejects.is_empty()
    return result.frame.rows()


@pytest.mark.parametrize(
    "head",
    [
        b"USER_ID,ITEM_ID,EVENT_VALUE,TIMESTAMP",
        b"\xef\xbb\xbfuserid, itemId ,event_value,Timestamp\r",
        b'"USER_ID","ITEM_ID","EVENT_VALUE","TIMESTAMP"',
    ],
)
def test_a_header_is_understood_in_any_case_with_marks_blanks_and_quotes(tmp_path: Path, head: bytes) -> None:
    assert imported(tmp_path, head + b"\nu1,i1,0.5,7\n").frame.rows() == [("u1", "i1", 0.5, 7)]


def test_columns_may_be_in_another_order_and_others_between_them(tmp_path: Path) -> None:
    result = imported(tmp_path, b"TIMESTAMP,NOTE,ITEM_ID,,USER_ID,EVENT_VALUE\n7,x,i1,y,u1,\n")

    assert result.frame.rows() == [("u1", "i1", None, 7)]


def test_missing_columns_are_named_together_with_what_the_file_has(tmp_path: Path) -> None:
    with pytest.raises(ImportFailed) as failure:
        imported(tmp_path, b"user,ITEM_ID,EVENT_VALUE\nu1,i1,2\n")

    text = str(failure.value)
    assert text.startswith("Input CSV is missing the following columns:[USER_ID, TIMESTAMP].")
    assert "s3://shop/0.csv has the columns user, ITEM_ID, EVENT_VALUE." in text


def test_a_missing_column_that_may_be_null_is_null(tmp_path: Path) -> None:
    assert imported(tmp_path, b"USER_ID,ITEM_ID,TIMESTAMP\nu1,i1,7\n").frame.rows() == [("u1", "i1", None, 7)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"s3://shop/0.csv is empty"),
        (b"\n\n", r"s3://shop/0.csv is empty"),
        (HEAD, "no record in s3://shop/0.csv"),
        (HEAD + b"\r\n\r\n", "no record"),
        (b"USER_ID,ITEM_ID,EVENT_VALUE,TIMESTAMP,userId\n", "the columns USER_ID and userId"),
        (b"USER_ID,ITEM_ID,EVENT_VALUE,TIMESTAMP,\xff\n", "byte 39 of line 1 is 0xff"),
        (HEAD + b"u1,i1,,7\nu1,\xe9t\xe9,,7\n", "line 3 has the byte 0xe9"),
        (HEAD + b'u1,i1,,7\nu1,12" vinyl,,7\n', "double quote inside of a value on line 3"),
        (HEAD + b'u1,i1,,7\nu1,"12" vinyl",,7\n', "double quote inside of a value on line 3"),
        (HEAD + b'u1,i1,,7\nu1,"i2,,7\nu1,i3,,8\n', "never closed, in the record that starts on line 3"),
        (b"\x1f\x8b\x08\x00damaged", "damaged gzip"),
    ],
)
def test_a_file_that_cannot_be_read_fails_with_the_place(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(ImportFailed, match=message):
        imported(tmp_path, content)


def test_quotes_escapes_line_breaks_and_windows_line_ends_are_understood(tmp_path: Path) -> None:
    text = r'''i1,"Sea, ""rainy""",1999
i2,"A slow, \"rainy\" mystery",2000
i3,"back\\slash",
i4,"two
lines",2001
i5,"Été 🎬",2002
i6,"",2003
'''.replace("\n", "\r\n")

    assert films(tmp_path, text.encode()) == [
        ("i1", 'Sea, "rainy"', 1999),
        ("i2", 'A slow, "rainy" mystery', 2000),
        ("i3", "back\\slash", None),
        ("i4", "two\r\nlines", 2001),
        ("i5", "Été 🎬", 2002),
        ("i6", None, 2003),
    ]


def test_a_backslash_outside_of_quotes_is_a_backslash(tmp_path: Path) -> None:
    assert films(tmp_path, rb"i1,\\server\new,") == [("i1", r"\\server\new", None)]


def test_a_gzip_file_is_known_by_its_first_bytes(tmp_path: Path) -> None:
    assert len(imported(tmp_path, gzip.compress(HEAD + b"u1,i1,,7\n")).frame) == 1


def test_rejects_name_the_file_and_the_line_also_after_quoted_line_breaks_and_empty_lines(tmp_path: Path) -> None:
    second = HEAD + b'u1,"two\nlines",,7\n\nu1,i1,,soon\nu1,i2,,7,8\nu1,i3\nu1,"a,\nb,\nc",,7,9\n,i5,,7\nu1,i6,,9\n'

    result = imported(tmp_path, HEAD + b"u0,i0,1,1", second)

    assert result.rejects.select("file", "line", "column", "value").rows() == [
        ("s3://shop/1.csv", 5, "TIMESTAMP", "soon"),
        ("s3://shop/1.csv", 6, None, "5"),
        ("s3://shop/1.csv", 7, None, "2"),
        ("s3://shop/1.csv", 8, None, "5"),
        ("s3://shop/1.csv", 11, "USER_ID", ""),
    ]
    assert result.frame["ITEM_ID"].to_list() == ["i0", "two\nlines", "i6"]
    assert result.n_records == 8


def test_equal_events_count_once_and_nearly_equal_ones_twice(tmp_path: Path) -> None:
    result = imported(tmp_path, HEAD + b"u1,i1,1,7\nu1,i1,1.0,7\nu1,i1,2,7\n", HEAD + b"u1,i1,1,7\n")

    assert (len(result.frame), result.n_duplicates, result.n_records) == (2, 2, 4)


def test_of_items_with_the_same_id_the_last_is_kept(tmp_path: Path) -> None:
    result = imported(tmp_path, b"ITEM_ID,TITLE,YEAR\ni1,Old,1\ni2,Other,2\ni1,New,3\n", schema=FILMS)

    assert result.frame.rows() == [("i2", "Other", 2), ("i1", "New", 3)]
    assert result.n_duplicates == 1


def test_progress_goes_from_nothing_to_all(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_bytes(HEAD + b"".join(b"u%d,i1,,%d\n" % (n, n) for n in range(500_000)))
    seen: list[tuple[float, float]] = []

    result = read_csv([CsvFile("events.csv", path)], EVENTS, lambda done, total: seen.append((done, total)))

    assert len(result.frame) == 500_000
    assert seen == sorted(seen)
    assert seen[-1] == (path.stat().st_size, path.stat().st_size)
    assert len(seen) > 1


CELLS = st.text(st.sampled_from('ab,"\n\r\\ é'), max_size=5)


@pytest.mark.parametrize("convention", ["doubled", "escaped"])
@given(rows=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=12), block_bytes=st.integers(1, 40))
def test_what_is_written_is_what_is_read_wherever_blocks_end(
    tmp_path_factory: pytest.TempPathFactory, convention: str, rows: list[tuple[str, str]], block_bytes: int
) -> None:
    schema = Schema("Interactions", tuple(Column(name, "string", nullable=True) for name in ("A", "B", "N")))
    text = io.StringIO()
    if convention == "doubled":
        # A backslash would be an escape; only the other convention can write one.
        rows = [(a.replace("\\", "/"), b.replace("\\", "/")) for a, b in rows]
        writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
        writer.writerows([("A", "B", "N"), *((a, b, n) for n, (a, b) in enumerate(rows))])
    else:
        escaped = [[cell.replace("\\", "\\\\").replace('"', '\\"') for cell in row] for row in rows]
        text.write("A,B,N\n" + "".join(f'"{a}","{b}",{n}\n' for n, (a, b) in enumerate(escaped)))
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    path.write_bytes(text.getvalue().encode())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_bytes, "BLOCK_BYTES", block_bytes)
        result = read_csv([CsvFile("a", path)], schema, unwatched)

    assert result.frame.select("A", "B").rows() == [(a or None, b or None) for a, b in rows]
    assert result.rejects.is_empty()


def test_the_layout_agrees_with_a_reader_that_goes_byte_by_byte(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b'h\na,b\n"x\n\ny",2\n\r\n\n"",\na\n1,2,"3,\n4"\n')

    layout = csv_bytes.survey("a", path, 2)

    assert layout.n_records == 7
    assert layout.blank.tolist() == [2, 3]
    assert (layout.odd.tolist(), layout.odd_fields.tolist()) == ([5, 6], [1, 3])
    assert layout.lines(pl.arange(0, 7, eager=True).to_numpy()).tolist() == [2, 3, 6, 7, 8, 9, 10]
