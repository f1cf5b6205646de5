"""A record is typed or rejected with a reason; none is lost."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tastemaker.data.schemas import Column, Kind, Schema
from tastemaker.data.table import Parsed, typed

EVENTS = Schema(
    "Interactions",
    (
        Column("USER_ID", "string", nullable=False),
        Column("ITEM_ID", "string", nullable=False),
        Column("EVENT_VALUE", "float", nullable=True),
        Column("TIMESTAMP", "long", nullable=False),
    ),
)


def one(kind: Kind, *values: str | None, nullable: bool = True, name: str = "A", textual: bool = False) -> Parsed:
    """The values of one column, in lines 2, 3, 4..."""
    schema = Schema("Items", (Column(name, kind, nullable, textual=textual),))
    lines = pl.Series("__line__", range(2, len(values) + 2), pl.Int64)
    return typed(pl.DataFrame([pl.Series(name, values, pl.String), lines]), schema)


def test_columns_get_the_types_of_the_schema_and_empty_text_is_null() -> None:
    text = pl.DataFrame(
        {
            "__line__": [2, 3],
            "ITEM_ID": ["i1", "i2"],
            "USER_ID": ["u1", "u1"],
            "TIMESTAMP": ["964982703", " 964982704 "],
            "EVENT_VALUE": ["4.5", ""],
        }
    )

    parsed = typed(text, EVENTS)

    assert parsed.rejects.is_empty()
    assert parsed.frame.rows() == [("u1", "i1", 4.5, 964982703), ("u1", "i2", None, 964982704)]
    assert parsed.frame.dtypes == [pl.String, pl.String, pl.Float32, pl.Int64]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("int", "5", 5),
        ("int", "-2147483648", -(2**31)),
        ("int", "5.0", 5),
        ("long", "964982703.0", 964982703),
        ("long", "9223372036854775807", 2**63 - 1),
        ("long", "1e3", 1000),
        ("float", "0.5", 0.5),
        ("double", "1e300", 1e300),
        ("boolean", "true", True),
        ("boolean", "false", False),
        ("string", "Tom & Jerry|Drama", "Tom & Jerry|Drama"),
        ("string", " kept as it is ", " kept as it is "),
        ("string", "", None),
        ("double", None, None),
        ("boolean", "", None),
    ],
)
def test_a_value_is_read(kind: Kind, text: str, value: object) -> None:
    parsed = one(kind, text)

    assert parsed.frame["A"].to_list() == [value]
    assert parsed.rejects.is_empty()


@pytest.mark.parametrize(
    ("kind", "text", "reason"),
    [
        ("int", "five", "A is not a number"),
        ("int", "5.5", "A is not a whole number, and its type is int"),
        ("int", "2147483648", "A does not fit into 32 bits, and its type is int"),
        ("long", "9223372036854775808", "A does not fit into 64 bits, and its type is long"),
        ("long", "1e17", "A does not fit into 64 bits, and its type is long"),
        ("float", "nan", "A is not a number"),
        ("double", "inf", "A is not a number"),
        ("double", "1,5", "A is not a number"),
        ("float", "1e39", "A does not fit into a float"),
        ("boolean", "True", "A is not a boolean"),
        ("boolean", "1", "A is not a boolean"),
        ("string", "é" * 1001, "Length cannot be more than 1000 characters for A"),
    ],
)
def test_a_value_is_refused_with_its_reason(kind: Kind, text: str, reason: str) -> None:
    parsed = one(kind, text)

    assert parsed.frame.is_empty()
    assert parsed.rejects.select("line", "column", "value", "reason").row(0) == (2, "A", text[:100], reason)
    assert parsed.rejects["fix"][0]


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("TIMESTAMP", "1700000000000", "TIMESTAMP looks like milliseconds"),
        ("TIMESTAMP", "-1", "TIMESTAMP is negative"),
        ("CREATION_TIMESTAMP", "1700000000000", "CREATION_TIMESTAMP looks like milliseconds"),
    ],
)
def test_a_time_that_cannot_be_seconds_is_refused(name: str, text: str, reason: str) -> None:
    assert one("long", text, name=name).rejects["reason"].to_list() == [reason]


def test_an_item_may_be_older_than_1970_but_an_event_may_not() -> None:
    assert one("long", "-86400", name="CREATION_TIMESTAMP").frame.item() == -86400


def test_ids_have_256_characters_at_most() -> None:
    parsed = one("string", "ö" * 256, "x" * 257, nullable=False, name="ITEM_ID")

    assert len(parsed.frame) == 1
    assert parsed.rejects["reason"].to_list() == ["Length cannot be more than 256 characters for ITEM_ID"]


def test_textual_values_are_cut_and_not_refused() -> None:
    parsed = one("string", "x" * 20_001, textual=True)

    assert parsed.frame["A"].str.len_chars().to_list() == [20_000]


def test_a_missing_value_names_the_column_and_how_to_allow_it() -> None:
    parsed = one("int", "", None, nullable=False)

    assert parsed.rejects["line"].to_list() == [2, 3]
    assert "nullable" in parsed.rejects["fix"][0]


def test_a_wrong_number_of_fields_is_the_only_fault_reported_of_a_record() -> None:
    text = pl.DataFrame(
        {
            "__line__": [2, 3],
            "__fields__": pl.Series([None, 5], dtype=pl.Int32),
            "USER_ID": ["u1", ""],
            "ITEM_ID": ["i1", "i1"],
            "EVENT_VALUE": ["", "x"],
            "TIMESTAMP": ["1", "soon"],
        }
    )

    parsed = typed(text, EVENTS)

    assert len(parsed.frame) == 1
    assert parsed.rejects.select("line", "column", "value").rows() == [(3, None, "5")]


@given(st.lists(st.tuples(*[st.text(max_size=6) | st.sampled_from(["1", "2.0", "u1"])] * 4), max_size=20))
def test_no_record_is_lost(rows: list[tuple[str, str, str, str]]) -> None:
    names = [column.name for column in EVENTS.columns]
    text = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row").with_row_index("__line__")

    parsed = typed(text.with_columns(pl.col("__line__").cast(pl.Int64)), EVENTS)

    assert len(parsed.frame) + len(parsed.rejects) == len(rows)
    assert parsed.rejects["line"].n_unique() == len(parsed.rejects)
