"""Text becomes typed columns, and every record that cannot be is named with its reason.

One pass of vectorised expressions over any number of records, for CSV files and Put operations alike: a record is in
the frame or among the rejects, never lost between the two.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from tastemaker.data.schemas import Column, Kind, Schema

LINE, FIELDS = "__line__", "__fields__"
ID_COLUMNS = ("USER_ID", "ITEM_ID", "ACTION_ID")
ID_CHARS_MAX = 256
STRING_CHARS_MAX = 1000
TEXTUAL_CHARS_MAX = 20_000
REJECT_CHARS_MAX = 100  # of the offending value, enough to find it in the file
# 13 digits: the first is the year 33658 in seconds, and 9 September 2001 in milliseconds.
MILLISECONDS_MIN = 10**12
# Beyond it a double no longer holds every whole number, so "1e16" is not the number that was meant.
EXACT_MAX = 2**53

# "VALUE: 1 to 10. REPEAT_FREQUENCY: the number of days, 30 at most." (guide, "Action metadata")
ACTION_RANGES = {"VALUE": (1, 10), "REPEAT_FREQUENCY": (0, 30)}

TYPES: dict[Kind, pl.DataType] = {
    "string": pl.String(),
    "int": pl.Int32(),
    "long": pl.Int64(),
    "float": pl.Float32(),
    "double": pl.Float64(),
    "boolean": pl.Boolean(),
}
REJECTS = pl.Schema(
    {"line": pl.Int64(), "column": pl.String(), "value": pl.String(), "reason": pl.String(), "fix": pl.String()}
)


@dataclass(frozen=True)
class Parsed:
    """frame: the good records, typed as the schema says. rejects: line, column, value, reason and fix of the others."""

    frame: pl.DataFrame
    rejects: pl.DataFrame


@dataclass(frozen=True)
class Fault:
    """Records for which `broken` is true are refused. column: the column to blame, None for the record as a whole."""

    column: str | None
    broken: pl.Expr
    reason: str
    fix: str


def types_of(schema: Schema) -> pl.Schema:
    """The Polars types of a dataset's typed columns, in the order of the schema."""
    return pl.Schema({column.name: TYPES[column.kind] for column in schema.columns})


def typed(text: pl.DataFrame, schema: Schema) -> Parsed:
    """The records of `text` with the types of the schema; the first fault of a record, in schema order, refuses it.

    text: one String column per column of the schema, "" or null where there is no value; __line__ (Int64), where the
    record starts; optionally __fields__ (Int), how many fields the record has if that is the wrong number, else null.
    """
    faults = list(_faults(schema, FIELDS in text.columns))
    codes: list[pl.Expr] = [pl.when(fault.broken).then(pl.lit(place, pl.UInt16)) for place, fault in enumerate(faults)]
    judged = text.with_columns(pl.coalesce([*codes, pl.lit(None, pl.UInt16)]).alias("__fault__"))
    bad = judged.filter(pl.col("__fault__").is_not_null())
    good = judged if bad.is_empty() else judged.filter(pl.col("__fault__").is_null())
    frame = good.select(_value(column).alias(column.name) for column in schema.columns)
    return Parsed(frame, _rejects(bad, faults))


def no_rejects() -> pl.DataFrame:
    """A table of rejects without a row."""
    return pl.DataFrame(schema=REJECTS)


def _rejects(bad: pl.DataFrame, faults: list[Fault]) -> pl.DataFrame:
    tables = [
        part.select(
            pl.col(LINE).alias("line"),
            pl.lit(faults[place].column, pl.String).alias("column"),
            pl.col(faults[place].column or FIELDS).cast(pl.String).str.slice(0, REJECT_CHARS_MAX).alias("value"),
            pl.lit(faults[place].reason).alias("reason"),
            pl.lit(faults[place].fix).alias("fix"),
        )
        for (place,), part in bad.partition_by("__fault__", as_dict=True).items()
    ]
    return pl.concat([no_rejects(), *tables]).sort("line")


def _faults(schema: Schema, with_fields: bool) -> Iterator[Fault]:
    """Everything that can be wrong with a record, the most telling fault first."""
    if with_fields:
        # A record with a field too many has its values in the wrong columns, so nothing else about it can be believed.
        yield Fault(
            None,
            pl.col(FIELDS).is_not_null(),
            "the record does not have as many fields as the header (value: its number of fields)",
            "Wrap values that contain commas or line breaks in double quotes, and leave absent values empty.",
        )
    for column in schema.columns:
        yield from _column_faults(column)
        if schema.dataset == "Actions" and column.name in ACTION_RANGES and column.is_numeric:
            low, high = ACTION_RANGES[column.name]
            double = _given(column).cast(pl.Float64, strict=False)
            yield Fault(
                column.name,
                (double < low) | (double > high),
                f"{column.name} of an action is a whole number from {low} to {high}",
                "Correct the number, or leave it empty.",
            )


def _column_faults(column: Column) -> Iterator[Fault]:
    name, text = column.name, pl.col(column.name)
    given = _given(column)
    if not column.nullable:
        yield Fault(
            name,
            given.is_null(),
            f"{name} has no value, and the schema does not allow null",
            f'Fill it in, or make {name} nullable in the schema: "type": ["null", "{column.kind}"].',
        )
    if column.kind == "string" and not column.textual:
        chars_max = ID_CHARS_MAX if name in ID_COLUMNS else STRING_CHARS_MAX
        yield Fault(
            name,
            text.str.len_chars() > chars_max,
            f"Length cannot be more than {chars_max} characters for {name}",
            "Shorten the value.",
        )
    elif column.kind == "boolean":
        wrong = given.is_not_null() & ~given.is_in(["true", "false"])
        yield Fault(name, wrong, f"{name} is not a boolean", "Write true or false, in lower case.")
    elif column.is_numeric:
        yield from _number_faults(column, given)


def _number_faults(column: Column, given: pl.Expr) -> Iterator[Fault]:
    name, double = column.name, given.cast(pl.Float64, strict=False)
    yield Fault(
        name,
        given.is_not_null() & (double.is_null() | ~double.is_finite()),
        f"{name} is not a number",
        "Write digits, with a point before decimals and nothing else; leave an absent value empty.",
    )
    if column.kind in ("int", "long"):
        yield Fault(
            name,
            double.is_finite() & (double != double.round()),
            f"{name} is not a whole number, and its type is {column.kind}",
            f"Round it, or give {name} the type double in the schema.",
        )
        bits = 32 if column.kind == "int" else 64
        yield Fault(
            name,
            given.is_not_null() & _whole(given).cast(TYPES[column.kind], strict=False).is_null(),
            f"{name} does not fit into {bits} bits, and its type is {column.kind}",
            f"Correct the number, or give {name} the type {'long' if bits == 32 else 'double'} in the schema.",
        )
    elif column.kind == "float":
        yield Fault(
            name,
            given.cast(pl.Float32, strict=False).is_infinite(),
            f"{name} does not fit into a float",
            f"Correct the number, or give {name} the type double in the schema.",
        )
    if column.kind == "long" and name.endswith("TIMESTAMP"):
        yield Fault(
            name,
            double >= MILLISECONDS_MIN,
            f"{name} looks like milliseconds",
            "Write Unix seconds: divide by 1000.",
        )
    if name == "TIMESTAMP":
        yield Fault(name, double < 0, "TIMESTAMP is negative", "Write Unix seconds since 1970.")


def _given(column: Column) -> pl.Expr:
    """The text of a column, null where nothing is given; blanks around numbers do not count."""
    text = pl.col(column.name)
    text = text if column.kind == "string" else text.str.strip_chars()
    return pl.when(text != "").then(text)


def _whole(given: pl.Expr) -> pl.Expr:
    """The whole number of a text, also of "964982703.0", as pandas writes integers beside missing values."""
    double = given.cast(pl.Float64, strict=False)
    exact = pl.when((double.abs() < EXACT_MAX) & (double == double.round())).then(double)
    return pl.coalesce(given.cast(pl.Int64, strict=False), exact.cast(pl.Int64, strict=False))


def _value(column: Column) -> pl.Expr:
    given = _given(column)
    if column.kind in ("int", "long"):
        return _whole(given).cast(TYPES[column.kind])
    if column.kind == "boolean":
        return given == "true"
    if column.textual:
        return given.str.slice(0, TEXTUAL_CHARS_MAX)
    return given if column.kind == "string" else given.cast(TYPES[column.kind])
