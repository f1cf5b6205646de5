"""The expressions of segment jobs: what they say, and what is told of those that cannot be read."""

import numpy as np
import polars as pl
import pytest

from main_path.served import schema
from tastemaker.batch.attributes import Attribute, AttributesError, matching, parse
from tastemaker.data.schemas import parse_schema
from tastemaker.filters import columns_of

ITEMS = parse_schema(
    schema(
        "Items",
        {"name": "ITEM_ID", "type": "string"},
        {"name": "COLOR", "type": ["null", "string"], "categorical": True},
        {"name": "PRICE", "type": ["null", "float"]},
        {"name": "PLOT", "type": ["null", "string"], "textual": True},
        {"name": "SKU", "type": ["null", "string"]},
        {"name": "CREATION_TIMESTAMP", "type": "long"},
    )
)
FRAME = pl.DataFrame(
    {
        "ITEM_ID": ["a", "b", "c"],
        "COLOR": ["red|blue", "red", None],
        "PRICE": [20.0, 5.5, None],
        "PLOT": ["sea", "sea", "sea"],
        "SKU": ["1", "2", "3"],
        "CREATION_TIMESTAMP": [1, 2, 3],
    }
)
COLUMNS = columns_of(FRAME, ITEMS, ["a", "b", "c", "never described"])


@pytest.mark.parametrize(
    ("expression", "conditions"),
    [
        ('ITEMS.COLOR = "red"', (Attribute("COLOR", "red"),)),
        ("items.price=20", (Attribute("price", 20.0),)),
        ("ITEMS.PRICE = -1.5e3 and ITEMS.COLOR='blue'", (Attribute("PRICE", -1500.0), Attribute("COLOR", "blue"))),
        (r'ITEMS.COLOR = "say \"AND\""', (Attribute("COLOR", 'say "AND"'),)),
    ],
)
def test_conditions_are_read(expression: str, conditions: tuple[Attribute, ...]) -> None:
    assert parse(expression) == conditions


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("ITEMS.PRICE = 20 OR ITEMS.COLOR = 'x'", "OR at column 18, expected AND or the end"),
        ("ITEMS.PRICE IN (1)", "IN at column 13, expected ="),
        ("ITEMS.PRICE == 1", "== at column 13, expected ="),
        ('ITEMS.COLOR = "red', "expected a string in double quotes or a number. Is the string closed?"),
        ("ITEMS.PRICE = 1x", "1x at column 15"),
        ("ITEMS.PRICE = 1 AND", "the end at column 20, expected a column"),
        ("USERS.AGE = 1", "USERS.AGE: only columns of ITEMS"),
        ("PRICE = 1", "PRICE at column 1, expected a column such as ITEMS.COLOR"),
        ("", "0 characters"),
        ("x" * 2501, "2501 characters"),
    ],
)
def test_the_first_mistake_is_named_with_its_place(expression: str, message: str) -> None:
    with pytest.raises(AttributesError) as caught:
        parse(expression)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("expression", "items"),
    [
        ('ITEMS.COLOR = "red"', [0, 1]),
        ('ITEMS.color = "red" AND ITEMS.COLOR = "blue"', [0]),
        ('ITEMS.COLOR = "red" AND ITEMS.price = 5.5', [1]),
    ],
)
def test_items_match_that_have_every_value(expression: str, items: list[int]) -> None:
    np.testing.assert_array_equal(matching(parse(expression), ITEMS, COLUMNS), items)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ('ITEMS.COLOR = "Red"', 'No item that the model knows has ITEMS.COLOR = "Red"'),
        ('ITEMS.COLOR = "blue" AND ITEMS.PRICE = 5.5', "all of these values together"),
        ("ITEMS.COLOR = 1", "is a string: write the value in double quotes"),
        ('ITEMS.PRICE = "20"', "is numeric"),
        ('ITEMS.PLOT = "sea"', "categorical and numeric metadata"),
        ('ITEMS.SKU = "1"', "categorical and numeric metadata"),
        ("ITEMS.CREATION_TIMESTAMP = 1", "categorical and numeric metadata"),
        ('ITEMS.ITEM_ID = "a"', "categorical and numeric metadata"),
        ("ITEMS.WEIGHT = 1", "no such column. It has ITEM_ID, COLOR"),
    ],
)
def test_what_no_item_answers_to_is_said(expression: str, message: str) -> None:
    with pytest.raises(AttributesError) as caught:
        matching(parse(expression), ITEMS, COLUMNS)
    assert message in str(caught.value)
