"""The expressions of segment jobs: `ITEMS.COLOR = "red" AND ITEMS.PRICE = 20`.

A language of its own, much smaller than that of filters: `=` and AND alone, columns of Items alone.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tastemaker.data.interactions import Bools, Ints
from tastemaker.data.schemas import Schema
from tastemaker.filters import ItemColumn, Numbers, Texts

EXPRESSION_CHARS_MAX = 2500  # as of filters
RESERVED = ("ITEM_ID", "CREATION_TIMESTAMP")
TOKEN = re.compile(
    r"""\s*(?:(?P<field>[A-Za-z_]\w*\s*\.\s*[A-Za-z_]\w*)|(?P<word>[A-Za-z_]\w*)|(?P<equals>=(?!=))
    |(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)(?![\w.])
    |(?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'))""",
    re.VERBOSE | re.DOTALL,
)
EXAMPLE = 'Write conditions such as ITEMS.COLOR = "red" AND ITEMS.PRICE = 20.'


class AttributesError(ValueError):
    """The client's mistake: an expression that cannot be read, or that no item answers to."""


@dataclass(frozen=True)
class Attribute:
    """A column of Items, as written, and the value that it is to have."""

    column: str
    value: str | float


def parse(expression: str) -> tuple[Attribute, ...]:
    """The conditions, which all are to hold. Raises AttributesError with the place of the first mistake."""
    if not 1 <= len(expression) <= EXPRESSION_CHARS_MAX:
        raise AttributesError(
            f"itemAttributes has {len(expression)} characters: write 1 to {EXPRESSION_CHARS_MAX}. {EXAMPLE}"
        )
    reader = _Reader(expression)
    found = [_condition(reader)]
    while not reader.at_end:
        reader.take("word", "AND or the end", "AND")
        found.append(_condition(reader))
    return tuple(found)


def matching(conditions: Sequence[Attribute], schema: Schema, columns: Mapping[str, ItemColumn]) -> Ints:
    """Positions of the items that have all these values; any part of a multi-valued one counts.

    columns: by name in the schema, as filters have them. Raises AttributesError for a column that cannot be asked for,
    and if no item has the values.
    """
    places: Ints | None = None
    for condition in conditions:
        found = np.flatnonzero(_having(condition, schema, columns)).astype(np.int32)
        if not len(found):
            raise AttributesError(f"No item that the model knows has ITEMS.{condition.column} = {_text(condition)}.")
        places = found if places is None else np.intersect1d(places, found, assume_unique=True)
    assert places is not None, "an expression has a condition"
    if not len(places):
        raise AttributesError("No item that the model knows has all of these values together.")
    return places


def _having(condition: Attribute, schema: Schema, columns: Mapping[str, ItemColumn]) -> Bools:
    column = schema.column(condition.column)
    if column is None:
        names = ", ".join(each.name for each in schema.columns)
        raise AttributesError(f"ITEMS.{condition.column}: the Items dataset has no such column. It has {names}.")
    if column.name in RESERVED or not (column.categorical or column.is_numeric):
        raise AttributesError(
            f"ITEMS.{column.name}: a segment is made for categorical and numeric metadata. Name another column."
        )
    values = columns[column.name]
    if isinstance(values, Numbers):
        if isinstance(condition.value, str):
            raise AttributesError(f"ITEMS.{column.name} is numeric: write the number without quotes.")
        has_I: Bools = values.value_I == condition.value
        return has_I
    assert isinstance(values, Texts)
    if not isinstance(condition.value, str):
        raise AttributesError(f"ITEMS.{column.name} is a string: write the value in double quotes.")
    return values.has_any([condition.value])


def _condition(reader: "_Reader") -> Attribute:
    dataset, _, column = (part.strip() for part in reader.take("field", "a column such as ITEMS.COLOR").partition("."))
    if dataset.upper() != "ITEMS":
        raise AttributesError(f"{dataset}.{column}: only columns of ITEMS can be asked for. {EXAMPLE}")
    reader.take("equals", "=")
    value = reader.take("text|number", "a string in double quotes or a number")
    if value[0] in "\"'":
        return Attribute(column, re.sub(r"""\\(["'\\])""", r"\1", value[1:-1]))
    return Attribute(column, float(value))


class _Reader:
    """The tokens of an expression, one after the other."""

    def __init__(self, text: str) -> None:
        self._text, self._place = text, 0

    @property
    def at_end(self) -> bool:
        return not self._text[self._place :].strip()

    def take(self, kinds: str, expected: str, word: str | None = None) -> str:
        """The next token, which must be of one of these kinds. Raises AttributesError."""
        match = TOKEN.match(self._text, self._place)
        if match is None or match.lastgroup not in kinds.split("|") or (word and match["word"].upper() != word):
            rest = self._text[self._place :]
            column = self._place + len(rest) - len(rest.lstrip()) + 1
            found = re.match(r"""\w+|["'].{0,20}|=+|.""", rest.lstrip(), re.DOTALL)
            hint = " Is the string closed?" if found and found[0][0] in "\"'" and match is None else ""
            raise AttributesError(
                f"itemAttributes: {found[0] if found else 'the end'} at column {column}, expected {expected}.{hint} "
                f"{EXAMPLE}"
            )
        self._place = match.end()
        return match[match.lastgroup]


def _text(condition: Attribute) -> str:
    return f'"{condition.value}"' if isinstance(condition.value, str) else f"{condition.value:g}"
