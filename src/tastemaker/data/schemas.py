"""What the columns of a dataset are: the Avro text of a schema, checked once and then a value.

Imports, Put operations, filters and training all ask a column for its type here, so a schema that got this far can be
relied on. Rules: Amazon Personalize developer guide, "Creating schema JSON files for Amazon Personalize schemas".
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

Kind = Literal["string", "int", "long", "float", "double", "boolean"]

KINDS: tuple[Kind, ...] = get_args(Kind)
NAMESPACE = "com.amazonaws.personalize.schema"
SCHEMA_CHARS_MAX = 20_000
NAME_CHARS_MAX = 150
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
MARKS = ("categorical", "textual", "itemName")


class SchemaError(ValueError):
    """The schema text breaks a rule; the message says which one, where, and what to write instead."""


def key_of(name: str) -> str:
    """The form in which column names are compared: EVENT_TYPE, event_type and eventType are one column."""
    return name.replace("_", "").lower()


@dataclass(frozen=True)
class Column:
    """One field of a schema. A string neither categorical nor textual is kept and filtered, never learnt from."""

    name: str
    kind: Kind
    nullable: bool
    categorical: bool = False
    textual: bool = False
    item_name: bool = False

    @property
    def is_numeric(self) -> bool:
        return self.kind in ("int", "long", "float", "double")

    @property
    def is_string(self) -> bool:
        return self.kind == "string"


@dataclass(frozen=True)
class Schema:
    """The columns of one dataset, in the order of the text.

    dataset: the record name: Interactions, Items, Users, Actions or ActionInteractions.
    """

    dataset: str
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column | None:
        """The column of that name, whatever its case and underscores."""
        wanted = key_of(name)
        return next((column for column in self.columns if key_of(column.name) == wanted), None)


@dataclass(frozen=True)
class Rules:
    """What one dataset asks of its columns.

    fixed: the type that a reserved name must have where it occurs, or several by |. Of the reserved names, those in
    `categorical` and `textual` must be marked so, all others must not. metadata are the columns that are neither
    required nor fixed; metadata_min counts the fixed ones as well.
    """

    required: Mapping[str, str]
    fixed: Mapping[str, str] = field(default_factory=dict)
    categorical: frozenset[str] = frozenset()
    textual: frozenset[str] = frozenset()
    metadata_min: int = 0
    metadata_max: int = 100
    columns_max: int = 102


RULES: Mapping[str, Rules] = {
    "Interactions": Rules(
        {"USER_ID": "string", "ITEM_ID": "string", "TIMESTAMP": "long"},
        {
            "EVENT_TYPE": "string",
            "EVENT_VALUE": "float",
            "IMPRESSION": "string",
            "RECOMMENDATION_ID": "string",
            "EVENT_ATTRIBUTION_SOURCE": "string",
        },
        metadata_max=5,
    ),
    "Items": Rules({"ITEM_ID": "string"}, {"CREATION_TIMESTAMP": "long"}, metadata_min=1),
    "Users": Rules({"USER_ID": "string"}, metadata_min=1, metadata_max=25),
    "Actions": Rules(
        {"ACTION_ID": "string"},
        {
            "CREATION_TIMESTAMP": "long",
            "VALUE": "long",
            "TYPE": "string",
            # The guide's pages disagree on the name of this column.
            "EXPIRATION_TIMESTAMP": "long",
            "ACTION_EXPIRATION_TIMESTAMP": "long",
            "REPEAT_FREQUENCY": "long",
        },
        columns_max=10,
    ),
    "ActionInteractions": Rules(
        {"USER_ID": "string", "ACTION_ID": "string", "EVENT_TYPE": "string", "TIMESTAMP": "long"},
        {"IMPRESSION": "string", "RECOMMENDATION_ID": "string"},
        metadata_max=5,
    ),
}


NEVER_NULL = frozenset({"USER_ID", "ITEM_ID", "ACTION_ID", "TIMESTAMP", "EVENT_TYPE"})

_EVENTS_OF_A_DOMAIN = replace(
    RULES["Interactions"], required={**RULES["Interactions"].required, "EVENT_TYPE": "string"}
)

# What each domain asks besides; of the kinds of datasets that are not here it has none.
DOMAIN_RULES: Mapping[str, Mapping[str, Rules]] = {
    "VIDEO_ON_DEMAND": {
        "Interactions": _EVENTS_OF_A_DOMAIN,
        "Items": Rules(
            {"ITEM_ID": "string", "GENRES": "string", "CREATION_TIMESTAMP": "long"},
            {
                "PRICE": "float",
                "DURATION": "float",
                "GENRE_L2": "string",
                "GENRE_L3": "string",
                "AVERAGE_RATING": "float",
                "PRODUCT_DESCRIPTION": "string",
                "CONTENT_OWNER": "string",
                "CONTENT_CLASSIFICATION": "string",
            },
            categorical=frozenset({"GENRES", "GENRE_L2", "GENRE_L3", "CONTENT_OWNER", "CONTENT_CLASSIFICATION"}),
            textual=frozenset({"PRODUCT_DESCRIPTION"}),
        ),
        "Users": replace(
            RULES["Users"], fixed={"SUBSCRIPTION_MODEL": "string"}, categorical=frozenset({"SUBSCRIPTION_MODEL"})
        ),
    },
    "ECOMMERCE": {
        "Interactions": _EVENTS_OF_A_DOMAIN,
        "Items": Rules(
            {"ITEM_ID": "string", "PRICE": "float", "CATEGORY_L1": "string"},
            {
                "CATEGORY_L2": "string",
                "CATEGORY_L3": "string",
                "PRODUCT_DESCRIPTION": "string",
                "CREATION_TIMESTAMP": "long|float",  # the guide's pages disagree
                "AGE_GROUP": "string",
                "ADULT": "string",
                "GENDER": "string",
            },
            categorical=frozenset({"CATEGORY_L1", "CATEGORY_L2", "CATEGORY_L3", "AGE_GROUP", "ADULT", "GENDER"}),
            textual=frozenset({"PRODUCT_DESCRIPTION"}),
        ),
        "Users": RULES["Users"],
    },
}
# The guide's own default schema for videos writes GENRES_L1 where its rules say GENRES.
ALSO_KNOWN_AS = {"GENRES": "GENRES_L1"}


def parse_schema(text: str, domain: str | None = None) -> Schema:
    """The schema that an Avro record in JSON describes, by the rules of custom dataset groups or of a domain.

    Raises SchemaError for anything else. Length and nesting are bounded, so any text may be given.
    """
    rules = DOMAIN_RULES[domain] if domain else RULES
    record = _record(text)
    dataset = record.get("name")
    if not isinstance(dataset, str) or dataset not in rules:
        where = f" in the domain {domain}" if domain else ""
        raise SchemaError(f"The schema's name is {_shown(dataset)}. Write one of {_listed(rules)}{where}.")
    fields = record.get("fields")
    if not isinstance(fields, list) or not fields:
        raise SchemaError(f"The {dataset} schema has no fields. Write a list of columns in 'fields'.")
    schema = Schema(dataset, tuple(_column(entry, place, dataset) for place, entry in enumerate(fields, 1)))
    _check_names(schema)
    _check_reserved(schema, rules[dataset])
    _check_counts(schema, rules[dataset])
    return schema


def check_replacement(old: Schema, new: Schema) -> None:
    """Returns if a dataset can go on with the new schema; raises SchemaError otherwise.

    "The new schema must contain all old fields with identical types and attributes; additional fields must allow null."
    """
    if new.dataset != old.dataset:
        raise SchemaError(f"The new schema is named {new.dataset}, the dataset's is named {old.dataset}.")
    columns = {column.name: column for column in new.columns}
    for column in old.columns:
        if column.name not in columns:
            raise SchemaError(f"The new schema lacks the column {column.name}, which the dataset has. Add it.")
        if columns[column.name] != column:
            raise SchemaError(
                f"Column {column.name} differs from that of the dataset's present schema in type or marks. "
                "Existing columns stay as they are: copy the old field."
            )
    known = {column.name for column in old.columns}
    for column in new.columns:
        if column.name not in known and not column.nullable:
            raise SchemaError(
                f"The new column {column.name} may not be null, and the records that are there have no value for it. "
                f'Write "type": ["null", "{column.kind}"].'
            )


def _record(text: str) -> dict[str, Any]:
    """The JSON object of the text, and that it is a record of ours."""
    if len(text) > SCHEMA_CHARS_MAX:
        raise SchemaError(f"The schema has {len(text)} characters. At most {SCHEMA_CHARS_MAX} are allowed; shorten it.")
    try:
        record = json.loads(text)
    except json.JSONDecodeError as error:
        raise SchemaError(
            f"The schema is not JSON: {error.msg} at line {error.lineno} column {error.colno}. Correct the text there."
        ) from error
    except (ValueError, RecursionError) as error:
        raise SchemaError(
            "The schema is not JSON that can be read: it nests too deeply, or a number in it is too long. "
            "A schema is flat: an object with a list of fields."
        ) from error
    if not isinstance(record, dict):
        raise SchemaError(f"The schema is {_shown(record)}. Write a JSON object with type, name, namespace and fields.")
    if record.get("type") != "record":
        raise SchemaError(f'The schema\'s type is {_shown(record.get("type"))}. Write "type": "record".')
    if record.get("namespace", NAMESPACE) != NAMESPACE:
        raise SchemaError(f'The schema\'s namespace is {_shown(record["namespace"])}. Write "{NAMESPACE}".')
    return record


def _column(entry: Any, place: int, dataset: str) -> Column:
    """One field; every rule that needs no other field to be seen."""
    where = f"Field {place} of the {dataset} schema"
    if not isinstance(entry, dict):
        raise SchemaError(f"{where} is {_shown(entry)}. Write an object with name and type.")
    name = entry.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name) or len(name) > NAME_CHARS_MAX:
        raise SchemaError(
            f"{where} has the name {_shown(name)}. Write 1 to {NAME_CHARS_MAX} letters, digits and underscores, "
            "the first not a digit."
        )
    where = f"Column {name} of the {dataset} schema"
    kind, nullable = _type(entry.get("type"), where)
    marks = {mark: entry.get(mark, False) for mark in MARKS}
    for mark, value in marks.items():
        if not isinstance(value, bool):
            raise SchemaError(f"{where} has {mark} {_shown(value)}. Write true or false, without quotes.")
        if value and kind != "string":
            raise SchemaError(f"{where} is {mark} and of type {kind}. Only strings can be {mark}: remove the mark.")
        if value and mark != "categorical" and dataset != "Items":
            raise SchemaError(f"{where} is {mark}. Only columns of Items can be {mark}: remove the mark.")
    if marks["categorical"] and marks["textual"]:
        raise SchemaError(f"{where} is both categorical and textual. Keep one of the two marks.")
    return Column(name, kind, nullable, marks["categorical"], marks["textual"], marks["itemName"])


def _type(given: Any, where: str) -> tuple[Kind, bool]:
    """Type and nullability of "float", ["float"], ["float", "null"] or ["null", "float"]."""
    parts: Sequence[Any] = given if isinstance(given, list) else [given]
    kinds = [part for part in parts if part != "null"]
    if len(kinds) != 1 or len(parts) > 2 or not isinstance(kinds[0], str) or kinds[0] not in KINDS:
        raise SchemaError(
            f"{where} has the type {_shown(given)}. Write one of {_listed(KINDS)}, "
            'or a list of one of them and "null"; arrays, maps and records are not possible.'
        )
    return kinds[0], len(parts) == 2


def _check_names(schema: Schema) -> None:
    seen: dict[str, str] = {}
    for column in schema.columns:
        key = key_of(column.name)
        if key in seen:
            raise SchemaError(
                f"The {schema.dataset} schema has the columns {seen[key]} and {column.name}. Names must differ by more "
                "than case and underscores, because Put operations write them as eventValue: rename one."
            )
        seen[key] = column.name
    for mark in ("textual", "item_name"):
        marked = [column.name for column in schema.columns if getattr(column, mark)]
        if len(marked) > 1:
            word = "textual" if mark == "textual" else "itemName"
            raise SchemaError(f"The Items schema marks {_listed(marked)} as {word}. Only one column can be: keep one.")


def _check_reserved(schema: Schema, rules: Rules) -> None:
    """Required columns are there, ids and times never null; reserved names have their types and their spelling."""
    for name, kinds in {**rules.required, **rules.fixed}.items():
        column = schema.column(name) or (schema.column(ALSO_KNOWN_AS[name]) if name in ALSO_KNOWN_AS else None)
        if column is None:
            if name in rules.required:
                mark = ', "categorical": true' if name in rules.categorical else ""
                raise SchemaError(
                    f"The {schema.dataset} schema has no column {name}. "
                    f'Add {{"name": "{name}", "type": "{kinds}"{mark}}} to its fields.'
                )
            continue
        if column.name not in (name, ALSO_KNOWN_AS.get(name)):
            raise SchemaError(
                f"Column {column.name} of the {schema.dataset} schema has the reserved name {name} in another "
                f"spelling. Write {name}, or choose a name of its own."
            )
        if column.kind not in kinds.split("|"):
            raise SchemaError(
                f"Column {name} of the {schema.dataset} schema has the type {column.kind}. "
                f"The name is reserved for the type {kinds}: change the type, or rename the column."
            )
        _check_marks(schema, column, name, rules)
        if column.nullable and name in rules.required and name in NEVER_NULL:
            raise SchemaError(
                f"Column {name} of the {schema.dataset} schema may be null. Every record needs it: "
                f'write "type": "{kinds}".'
            )


def _check_marks(schema: Schema, column: Column, name: str, rules: Rules) -> None:
    """A reserved string is categorical, textual, or plain, as its name says."""
    wanted = {"categorical": name in rules.categorical, "textual": name in rules.textual}
    if (column.categorical, column.textual) == tuple(wanted.values()):
        return
    where = f"Column {name} of the {schema.dataset} schema"
    for mark, is_wanted in wanted.items():
        if is_wanted:
            raise SchemaError(f'{where} is not marked {mark}, as its reserved name asks. Add "{mark}": true.')
    raise SchemaError(
        f"{where} is marked categorical or textual. The name is reserved for a plain string: remove the mark."
    )


def _check_counts(schema: Schema, rules: Rules) -> None:
    optional = [column.name for column in schema.columns if column.name not in rules.required]
    metadata = [name for name in optional if name not in rules.fixed]
    if len(optional) < rules.metadata_min:
        raise SchemaError(
            f"The {schema.dataset} schema has only {_listed(rules.required)}. "
            f"It needs at least {rules.metadata_min} column with metadata: add one."
        )
    if len(metadata) > rules.metadata_max:
        raise SchemaError(
            f"The {schema.dataset} schema has {len(metadata)} metadata columns. "
            f"At most {rules.metadata_max} are allowed: remove {len(metadata) - rules.metadata_max}."
        )
    if len(schema.columns) > rules.columns_max:
        raise SchemaError(
            f"The {schema.dataset} schema has {len(schema.columns)} columns. "
            f"At most {rules.columns_max} are allowed: remove {len(schema.columns) - rules.columns_max}."
        )


def _listed(names: Sequence[str] | Mapping[str, Any]) -> str:
    return ", ".join(names)


def _shown(value: Any) -> str:
    """The offending value as JSON, short enough for a message."""
    text = "missing" if value is None else ascii(value) if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
