"""A schema text is either a value that the rest can rely on, or a message that says what to write."""

import json
from typing import Any

import pytest

from tastemaker.data.schemas import Column, SchemaError, parse_schema

USER, ITEM = {"name": "USER_ID", "type": "string"}, {"name": "ITEM_ID", "type": "string"}
TIME = {"name": "TIMESTAMP", "type": "long"}


def avro(name: str, *fields: Any, **more: Any) -> str:
    return json.dumps(
        {
            "type": "record",
            "name": name,
            "namespace": "com.amazonaws.personalize.schema",
            "version": "1.0",
            "fields": fields,
            **more,
        }
    )


def column(name: str, kind: Any = "string", **marks: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, **marks}


def test_the_guides_items_schema_keeps_types_marks_and_order() -> None:
    schema = parse_schema(
        avro(
            "Items",
            ITEM,
            column("TITLE", itemName=True),
            column("GENRES", ["null", "string"], categorical=True),
            column("PRICE", ["float"]),
            column("CREATION_TIMESTAMP", "long"),
            column("DESCRIPTION", ["string", "null"], textual=True),
        )
    )

    assert schema.dataset == "Items"
    assert schema.columns == (
        Column("ITEM_ID", "string", nullable=False),
        Column("TITLE", "string", nullable=False, item_name=True),
        Column("GENRES", "string", nullable=True, categorical=True),
        Column("PRICE", "float", nullable=False),
        Column("CREATION_TIMESTAMP", "long", nullable=False),
        Column("DESCRIPTION", "string", nullable=True, textual=True),
    )
    assert [c.is_numeric for c in schema.columns] == [False, False, False, True, True, False]


@pytest.mark.parametrize(
    "text",
    [
        avro(
            "Interactions",
            USER,
            ITEM,
            column("EVENT_TYPE"),
            column("EVENT_VALUE", ["float", "null"]),
            column("DEVICE", ["string", "null"], categorical=True),
            TIME,
            column("IMPRESSION", ["string", "null"]),
        ),
        avro("Users", USER, column("AGE", ["int", "null"]), column("PLAN", categorical=True), version=1),
        avro("Actions", column("ACTION_ID"), column("VALUE", ["null", "long"]), column("REPEAT_FREQUENCY", "long")),
        avro("ActionInteractions", USER, column("ACTION_ID"), column("EVENT_TYPE"), TIME),
        avro("Items", ITEM, column("FREE", "boolean"), column("SCORE", "double", doc="ignored")),
    ],
)
def test_other_schemas_of_the_guide_are_accepted(text: str) -> None:
    assert len(parse_schema(text).columns) == len(json.loads(text)["fields"])


def test_a_column_is_found_in_any_case_and_without_underscores() -> None:
    schema = parse_schema(avro("Users", USER, column("CATEGORY_L1", categorical=True)))

    assert schema.column("categoryL1") == schema.columns[1]
    assert schema.column("nothing") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON: .* line 1 column 2"),
        ("[1]", "JSON object with type"),
        ("[" * 20_000, "nests too deeply"),
        ('{"a":' * 3_000, "nests too deeply"),
        ("1" * 10_000, "not JSON that can be read"),
        ("x" * 20_001, "20001 characters"),
        ('{"type": "enum", "name": "Items"}', '"type": "record"'),
        (avro("Films", ITEM), "'Films'.*Write one of Interactions, Items, Users, Actions, ActionInteractions"),
        (avro("Items", ITEM, namespace="com.example"), "namespace is 'com.example'"),
        (avro("Items"), "no fields"),
        (avro("Items", "ITEM_ID"), "Field 1 of the Items schema is 'ITEM_ID'"),
        (avro("Items", ITEM, column("1ST")), "Field 2 .* '1ST'"),
        (avro("Items", ITEM, column("GRÖSSE")), "letters, digits and underscores"),
        (avro("Items", ITEM, column("A" * 151)), "1 to 150"),
        (avro("Items", ITEM, column("A", "text")), "Column A .* type 'text'. Write one of string, int"),
        (avro("Items", ITEM, column("A", {"type": "array", "items": "string"})), "arrays, maps and records"),
        (avro("Items", ITEM, column("A", ["int", "string"])), "Column A"),
        (avro("Items", ITEM, column("A", ["null"])), "Column A"),
        (avro("Items", ITEM, column("A", ["null", "null", "int"])), "Column A"),
        (avro("Items", ITEM, column("A", None)), "type missing"),
        (avro("Items", ITEM, column("A", "int", categorical=True)), "categorical and of type int"),
        (avro("Items", ITEM, column("A", categorical="true")), "without quotes"),
        (avro("Items", ITEM, column("A", categorical=True, textual=True)), "both categorical and textual"),
        (avro("Items", ITEM, column("A", textual=True), column("B", textual=True)), "A, B as textual"),
        (avro("Items", ITEM, column("A", itemName=True), column("B", itemName=True)), "A, B as itemName"),
        (avro("Users", USER, column("A", textual=True)), "Only columns of Items can be textual"),
        (avro("Items", ITEM, column("FIELD_1"), column("field1")), "FIELD_1 and field1"),
        (avro("Items", ITEM), "only ITEM_ID.*at least 1"),
        (avro("Items", column("TITLE")), "no column ITEM_ID. Add"),
        (avro("Items", column("item_id"), column("TITLE")), "item_id .* Write ITEM_ID"),
        (avro("Items", ITEM, column("CREATION_TIMESTAMP", "int")), "CREATION_TIMESTAMP .* type long"),
        (avro("Items", column("ITEM_ID", ["string", "null"]), column("A")), "ITEM_ID .* may be null"),
        (avro("Interactions", USER, ITEM, column("TIMESTAMP", "string")), "TIMESTAMP .* type long"),
        (avro("Interactions", USER, ITEM, TIME, column("EVENT_TYPE", categorical=True)), "EVENT_TYPE .* plain string"),
        (avro("Interactions", USER, ITEM, TIME, *(column(f"C{i}") for i in range(6))), "6 metadata .* remove 1"),
        (avro("Users", USER, *(column(f"C{i}") for i in range(26))), "At most 25"),
        (avro("Items", ITEM, *(column(f"C{i}") for i in range(101))), "At most 100"),
        (avro("Actions", column("ACTION_ID"), *(column(f"C{i}") for i in range(10))), "At most 10"),
        (avro("ActionInteractions", USER, column("ACTION_ID"), TIME), "no column EVENT_TYPE"),
    ],
)
def test_a_broken_rule_is_named_with_its_place_and_remedy(text: str, message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        parse_schema(text)


VIDEOS = (ITEM, column("GENRES", categorical=True), column("CREATION_TIMESTAMP", "long"))
PRODUCTS = (ITEM, column("PRICE", "float"), column("CATEGORY_L1", categorical=True))
EVENTS = (USER, ITEM, column("EVENT_TYPE"), TIME)


@pytest.mark.parametrize(
    ("domain", "text"),
    [
        ("VIDEO_ON_DEMAND", avro("Interactions", *EVENTS)),
        ("VIDEO_ON_DEMAND", avro("Items", *VIDEOS)),
        ("VIDEO_ON_DEMAND", avro("Items", ITEM, column("GENRES_L1", ["string"], categorical=True), VIDEOS[2])),
        ("VIDEO_ON_DEMAND", avro("Items", *VIDEOS, column("PRODUCT_DESCRIPTION", textual=True), column("MOOD"))),
        ("VIDEO_ON_DEMAND", avro("Users", USER, column("SUBSCRIPTION_MODEL", categorical=True))),
        ("ECOMMERCE", avro("Items", *PRODUCTS)),
        ("ECOMMERCE", avro("Items", *PRODUCTS, column("CREATION_TIMESTAMP", "float"))),
        ("ECOMMERCE", avro("Users", USER, column("AGE", "int"))),
    ],
)
def test_a_schema_of_a_domain_has_what_the_domain_asks(domain: str, text: str) -> None:
    assert parse_schema(text, domain).columns


@pytest.mark.parametrize(
    ("domain", "text", "message"),
    [
        ("VIDEO_ON_DEMAND", avro("Interactions", USER, ITEM, TIME), "no column EVENT_TYPE"),
        ("VIDEO_ON_DEMAND", avro("Items", ITEM, VIDEOS[2]), "no column GENRES.*categorical"),
        ("VIDEO_ON_DEMAND", avro("Items", ITEM, column("GENRES"), VIDEOS[2]), "GENRES .* not marked categorical"),
        ("VIDEO_ON_DEMAND", avro("Items", *VIDEOS, column("DURATION", "int")), "DURATION .* type float"),
        ("VIDEO_ON_DEMAND", avro("Items", *VIDEOS, column("PRODUCT_DESCRIPTION")), "not marked textual"),
        ("ECOMMERCE", avro("Items", ITEM, column("PRICE", "int"), PRODUCTS[2]), "PRICE .* type float"),
        ("ECOMMERCE", avro("Actions", column("ACTION_ID")), "Interactions, Items, Users in the domain ECOMMERCE"),
    ],
)
def test_what_a_domain_asks_is_named_where_it_is_missing(domain: str, text: str, message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        parse_schema(text, domain)
