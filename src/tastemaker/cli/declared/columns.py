"""Schemas: columns in a line each become Avro, and two Avro texts are compared by what they say."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tastemaker.cli.declared.text import Mistake, Place
from tastemaker.data.schemas import KINDS, MARKS, NAMESPACE, SchemaError, parse_schema

RECORDS = {
    "interactions": "Interactions",
    "items": "Items",
    "users": "Users",
    "actions": "Actions",
    "action_interactions": "ActionInteractions",
}
Column = tuple[frozenset[str], frozenset[str]]  # types, and marks that are set


@dataclass(frozen=True)
class Change:
    """How one schema differs from another. is_growth: only by columns that may be null, so that old records fit."""

    text: str
    is_growth: bool


def avro(dataset: str, columns: Mapping[str, str], place: Place) -> str:
    """The Avro text for columns in compact notation, `GENRES: string? categorical`. Raises Mistake."""
    fields = [_field(name, notation, (*place, name)) for name, notation in columns.items()]
    record = {"type": "record", "name": RECORDS[dataset], "namespace": NAMESPACE, "fields": fields, "version": "1.0"}
    return json.dumps(record)


def check(text: str, dataset: str, domain: str | None, place: Place) -> None:
    """Raise Mistake for a text that cannot be the schema of this dataset."""
    try:
        record = json.loads(text)
        name = record["name"]
        _columns(text)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        reason = "This is no Avro schema. `tastemaker data get NAME` writes some that are, beside its CSV files."
        raise Mistake(place, reason) from None
    if name != RECORDS[dataset]:
        raise Mistake(place, f"The schema is of {name}. That of {dataset} has the name {RECORDS[dataset]}.")
    try:
        parse_schema(text, domain)
    except SchemaError as problem:
        raise Mistake(place, str(problem)) from None


def change(old: str, new: str) -> Change | None:
    """How the new schema differs from the old one; None if both say the same, in whatever layout and order."""
    before, after = _columns(old), _columns(new)
    told = {
        "adds": [name for name in after if name not in before],
        "changes": [name for name in after if name in before and after[name] != before[name]],
        "removes": [name for name in before if name not in after],
    }
    if not any(told.values()):
        return None
    is_growth = not told["changes"] and not told["removes"] and all("null" in after[name][0] for name in told["adds"])
    return Change("; ".join(f"{verb} {', '.join(names)}" for verb, names in told.items() if names), is_growth)


def dataset_of(text: str) -> str:
    """The dataset that an Avro text is for: the name of its record."""
    name = json.loads(text)["name"]
    return next(dataset for dataset, record in RECORDS.items() if record == name)


def _field(name: str, notation: str, place: Place) -> dict[str, Any]:
    written, *marks = notation.split() or [""]
    kind = written.removesuffix("?")
    if kind not in KINDS or not set(marks) <= set(MARKS):
        raise Mistake(
            place,
            f"{notation!r} says no type of a column. Give one of {', '.join(KINDS)}, with ? if it may be empty, then "
            f"what it is of {', '.join(MARKS)}: for example `string? categorical`.",
        )
    return {"name": name, "type": ["null", kind] if written.endswith("?") else kind, **dict.fromkeys(marks, True)}


def _columns(text: str) -> dict[str, Column]:
    found = {}
    for field in json.loads(text)["fields"]:
        kinds = field["type"] if isinstance(field["type"], list) else [field["type"]]
        found[field["name"]] = frozenset(kinds), frozenset(mark for mark in MARKS if field.get(mark))
    return found
