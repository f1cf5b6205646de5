"""One user, item or action written by itself, checked as a line of a CSV file would be."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from tastemaker.data.schemas import Schema, key_of
from tastemaker.data.table import LINE, typed
from tastemaker.errors import InvalidInputException
from tastemaker.storage.events import Record

ID_KEYS = frozenset({"userid", "itemid", "actionid"})


def record(
    dataset_seq: int, schema: Schema, record_id: str, properties: Mapping[str, Any], now_s: float, where: str
) -> Record:
    """The record with the types of its columns. Raises InvalidInputException saying what is wrong, and where.

    properties: values by column name in whatever case ("numRatings" is NUM_RATINGS); numbers may be strings. A column
    that is not given is null.
    """
    text: dict[str, str] = {column.name: "" for column in schema.columns}
    text[next(column.name for column in schema.columns if key_of(column.name) in ID_KEYS)] = record_id
    for name, value in properties.items():
        column = schema.column(name)
        if column is None or key_of(name) in ID_KEYS:
            known = ", ".join(column.name for column in schema.columns if key_of(column.name) not in ID_KEYS)
            raise InvalidInputException(
                f"{where}.properties.{name} is no property: the schema of the dataset has the columns {known}."
            )
        if isinstance(value, dict | list):
            raise InvalidInputException(
                f"{where}.properties.{name} is a list or an object: give one value, several separated by |."
            )
        text[column.name] = _text(value)
    parsed = typed(pl.DataFrame([text]).with_columns(pl.lit(1, pl.Int64).alias(LINE)), schema)
    if len(parsed.rejects):
        fault = parsed.rejects.row(0, named=True)
        raise InvalidInputException(f"{where}: {fault['reason']} (value: {fault['value']!r}). {fault['fix']}")
    body = {name: value for name, value in parsed.frame.row(0, named=True).items() if value is not None}
    return Record(dataset_seq, record_id, body, now_s)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
