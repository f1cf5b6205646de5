"""What recommendations led to, computed by hand beside it."""

import polars as pl
import pytest

from tastemaker.metrics.attribution import attributed, measure

EVENTS = pl.DataFrame(
    {
        "EVENT_TYPE": ["Buy", "buy", "BUY", "view", "buy"],
        "TIMESTAMP": [900, 1799, 1800, 900, 900],
        "ITEM_ID": ["a", "b", "a", "a", "unknown"],
        "COUNT": [2, 3, None, 1, 1],
        "EVENT_ATTRIBUTION_SOURCE": ["mail", None, None, None, None],
        "RECOMMENDATION_ID": ["r1", "r1", "r2", None, None],
    }
)
ITEMS = pl.DataFrame({"ITEM_ID": ["a", "b"], "PRICE": [1.5, 10.0]})
SOURCES = {"r1": "campaign"}


def rows(expression: str) -> list[tuple[object, ...]]:
    found = attributed(EVENTS, ITEMS, [measure("m", "buy", expression)], SOURCES)
    return [(row["TIMESTAMP"], row["EVENT_ATTRIBUTION_SOURCE"], row["VALUE"]) for row in found.to_dicts()]


def test_an_events_own_source_comes_before_who_recommended_and_nobody_is_named_so() -> None:
    assert rows("SAMPLECOUNT()") == [
        (1800, "SOURCE_NAME_UNDEFINED", 1.0),
        (900, "SOURCE_NAME_UNDEFINED", 1.0),
        (900, "campaign", 1.0),
        (900, "mail", 1.0),
    ]


@pytest.mark.parametrize(("expression", "values"), [
    ("SUM(Items.PRICE)", [1.5, 0.0, 10.0, 1.5]),
    (" sum ( interactions.COUNT ) ", [0.0, 1.0, 3.0, 2.0]),
])  # fmt: skip
def test_a_sum_is_over_a_column_of_the_items_or_of_the_events(expression: str, values: list[float]) -> None:
    assert [value for _, _, value in rows(expression)] == values


@pytest.mark.parametrize("expression", ["COUNT()", "SUM(PRICE)", "SUM(Users.AGE)", "SAMPLECOUNT", "SUM(Items.)", ""])
def test_any_other_expression_is_refused_with_the_ones_there_are(expression: str) -> None:
    with pytest.raises(ValueError, match=r"SUM\(Interactions.COLUMN\)"):
        measure("m", "buy", expression)


def test_items_without_the_column_add_nothing() -> None:
    items = pl.DataFrame({"ITEM_ID": ["a"], "YEAR": [1990]})
    clicks = pl.DataFrame({"EVENT_TYPE": ["click"], "TIMESTAMP": [0], "ITEM_ID": ["a"]})
    found = attributed(clicks, items, [measure("worth", "click", "SUM(Items.PRICE)")], {})
    assert found["VALUE"].to_list() == [0.0]
