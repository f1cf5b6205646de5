"""The fast mask equals a slow reader of the specification, on catalogues and filters made at random."""

from typing import Any

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from filters.example_shop import SCHEMAS
from tastemaker.data.schemas import Column, Schema
from tastemaker.data.table import types_of
from tastemaker.filters import Candidates, Filter, allowed, check, columns_of, parse

PLAIN = Schema(
    "Items",
    (
        Column("ITEM_ID", "string", nullable=False),
        Column("G", "string", nullable=True, categorical=True),
        Column("N", "int", nullable=True),
    ),
)
LETTER, COUNT = st.sampled_from("abc"), st.integers(0, 3)
COMPARATOR = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
LIST = st.lists(LETTER, min_size=1, max_size=2).map(lambda values: "(" + ", ".join(f'"{v}"' for v in values) + ")")
ITEM_CONDITION = (
    st.tuples(st.just("Items.G"), st.sampled_from(["IN", "NOT IN"]), LIST)
    | st.tuples(st.just("Items.N"), COMPARATOR, COUNT.map(str) | st.just("CurrentItem.N"))
    | st.just(("Items.G", "IN", "CurrentItem.G"))
).map(" ".join)
EVENT_CONDITION = st.tuples(
    st.just("Interactions.EVENT_TYPE"), st.sampled_from(["IN", "NOT IN"]), LIST.map(str.upper)
).map(" ".join)


def joined(condition: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    more = st.lists(st.tuples(st.sampled_from([" AND ", " OR "]), condition).map("".join), max_size=3)
    return st.tuples(condition, more.map("".join)).map("".join)


IF = st.just("") | st.tuples(COMPARATOR, COUNT).map(lambda pair: f" IF CurrentUser.AGE {pair[0]} {pair[1]}")
EXPRESSION = st.tuples(
    st.sampled_from(["INCLUDE ItemID WHERE ", "EXCLUDE ItemID WHERE "]),
    joined(ITEM_CONDITION) | joined(EVENT_CONDITION),
    IF,
).map("".join)
ROW = st.none() | st.tuples(st.none() | st.lists(LETTER, min_size=1, max_size=3).map("|".join), st.none() | COUNT)


def compare(left: float | None, operator: str, right: float | None) -> bool:
    if left is None or right is None:
        return operator == "!="
    results = {
        "=": left == right,
        "!=": left != right,
        "<": left < right,
        "<=": left <= right,
        ">": left > right,
        ">=": left >= right,
    }
    return results[operator]


def slow(
    tree: Filter, rows: list[Any], events: dict[str, list[int]], age: int | None, current: int | None
) -> list[bool]:
    """The same decision, item by item and condition by condition, as the specification words it."""

    def holds(condition: Any, item: int) -> bool:
        genres, number = rows[item] or (None, None)
        other_genres, other_number = (rows[current] or (None, None)) if current is not None else (None, None)
        operand, operator = condition.operand, condition.operator
        if condition.field.dataset == "Interactions":
            listed = [value.lower() for value in operand.values]
            return any(item in touched and ((name in listed) == (operator == "IN")) for name, touched in events.items())
        if condition.field.column == "N":
            return compare(number, operator, operand.value if hasattr(operand, "value") else other_number)
        wanted = operand.values if hasattr(operand, "values") else (other_genres or "").split("|")
        has = any(genre in wanted for genre in (genres.split("|") if genres else []))
        return has is (operator == "IN")

    sets: dict[str, list[set[int]]] = {"INCLUDE": [], "EXCLUDE": []}
    for expression in tree.expressions:
        conditions: Any = expression.only_if
        if all(age is not None and compare(age, c.operator, c.operand.value) for c in conditions):
            chosen = {
                i for i in range(len(rows)) if any(all(holds(c, i) for c in group) for group in expression.any_of)
            }
            sets[expression.action].append(chosen)
    included = set.union(*sets["INCLUDE"]) if sets["INCLUDE"] else set(range(len(rows)))
    return [item in included.difference(*sets["EXCLUDE"]) for item in range(len(rows))]


@given(
    expressions=st.lists(EXPRESSION, min_size=1, max_size=3),
    rows=st.lists(ROW, min_size=1, max_size=8),
    touched=st.dictionaries(LETTER, st.lists(st.integers(0, 7), max_size=4)),
    age=st.none() | COUNT,
    current=st.none() | st.integers(0, 7),
)
def test_the_mask_is_what_a_slow_reader_of_the_specification_decides(
    expressions: list[str], rows: list[Any], touched: dict[str, list[int]], age: int | None, current: int | None
) -> None:
    tree = parse(" | ".join(expressions))
    check(tree, {**SCHEMAS, "Items": PLAIN})
    ids = [f"i{place}" for place in range(len(rows))]
    events = {name: [item % len(rows) for item in places] for name, places in touched.items()}
    current = None if current is None else current % len(rows)
    records = [(name, *row) for name, row in zip(ids, rows, strict=True) if row is not None]
    frame = pl.DataFrame(records[::-1], schema=types_of(PLAIN), orient="row")

    mask_I = allowed(
        tree,
        Candidates(
            n_items=len(rows),
            columns=columns_of(frame, PLAIN, ids),
            events={name: np.array(places, np.int32) for name, places in events.items()},
            user=None if age is None else {"AGE": age},
            current_item=current,
        ),
        {},
    )

    assert mask_I.tolist() == slow(tree, rows, events, age, current)
    assert mask_I.dtype == np.bool_
