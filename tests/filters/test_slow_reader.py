"""The fast mask equals a slow reader of the specification, on catalogues, users, events and filters made at random."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters.generated import FILTER, ITEMS, SCHEMAS, Maker
from tastemaker.data.table import types_of
from tastemaker.filters import Candidates, Filter, FilterError, Touched, allowed, check, columns_of, parse, trace

NOW_S = 1_700_000_000
AGES_S = (-5, 0, 59, 60, 61, 7_199, 7_200, 7_201, 86_400, 86_401, 10**8)
LETTERS, SOME_LETTERS = (None, "a", "b", "c"), (None, "a", "b", "c", "a|b", "b|c", "a|b|c")
NUMBERS, TRUTHS = (None, 0, 1, 2, 3), (None, True, False)

Row = Mapping[str, Any]


@dataclass(frozen=True)
class World:
    """What a request meets. rows: of the items, None for one without a record. events: type, item and time."""

    rows: list[Row | None]
    events: list[tuple[str, int, int]]
    user: Row | None
    current: int | None
    given: dict[str, list[str]]

    @property
    def candidates(self) -> Candidates:
        """As the filters want it."""
        ids = [f"i{place}" for place in range(len(self.rows))]
        records = [(name, *row.values()) for name, row in zip(ids, self.rows, strict=True) if row is not None]
        frame = pl.DataFrame(records[::-1], schema=types_of(ITEMS), orient="row")
        return Candidates(
            n_items=len(self.rows),
            now_s=NOW_S,
            columns=columns_of(frame, ITEMS, ids),
            events={kind: self._touched(kind) for kind, _, _ in self.events},
            user=self.user,
            current_item=self.current,
        )

    @property
    def values(self) -> dict[str, str]:
        """As a request has them."""
        return {name: ",".join(f'"{text}"' for text in texts) for name, texts in self.given.items()}

    def _touched(self, wanted: str) -> Touched:
        found = [(item, time_s) for kind, item, time_s in self.events if kind == wanted]
        item_N, time_s_N = zip(*found, strict=True)
        return Touched(np.array(item_N, np.int32), np.array(time_s_N, np.int64))


def made(choices: bytes) -> World:
    """A world of up to eight items, by the bytes."""
    one = Maker(choices).one
    n_items = one(range(1, 9))
    rows = [
        {"G": one(SOME_LETTERS), "T": one((*LETTERS, "a|b")), "N": one(NUMBERS), "B": one(TRUTHS)}
        if one((1, 1, 0))
        else None
        for _ in range(n_items)
    ]
    events = [(one("abAB"), one(range(n_items)), NOW_S - one(AGES_S)) for _ in range(one(range(7)))]
    user = {"AGE": one(NUMBERS), "PLAN": one(SOME_LETTERS), "VIP": one(TRUTHS)} if one((1, 1, 0)) else None
    given = {"SOME": one((["a"], ["b", "c"], [])), "ONE": one((["a"], ["b"], []))}
    given |= {"NUMBER": one((["1"], ["2.0"], [])), "TRUTH": one((["true"], ["FALSE"], []))}
    current = one((None, *range(n_items)))
    return World(rows, events, user, current, {name: texts for name, texts in given.items() if texts})


def compare(left: Any, operator: str, right: Any) -> bool:
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


class SlowReader:
    """The decision item by item and condition by condition, as the specification words it."""

    def __init__(self, world: World) -> None:
        self.world = world

    def allowed(self, tree: Filter) -> list[bool]:
        sets: dict[str, list[set[int]]] = {"INCLUDE": [], "EXCLUDE": []}
        everything = range(len(self.world.rows))
        for expression in tree.expressions:
            if self.counts(expression):
                holds = {
                    item
                    for item in everything
                    if any(all(self.holds(condition, item) for condition in group) for group in expression.any_of)
                }
                sets[expression.action].append(holds)
        included = set.union(*sets["INCLUDE"]) if sets["INCLUDE"] else set(everything)
        return [item in included.difference(*sets["EXCLUDE"]) for item in everything]

    def counts(self, expression: Any) -> bool:
        """Whether the expression is not skipped: it has its values, and what follows IF is so."""
        return not self.missing(expression) and all(
            (self.world.user or {}).get(each.field.column) is not None
            and self.is_so(each, self.world.user[each.field.column])  # type: ignore[index]
            for each in expression.only_if
        )

    def missing(self, expression: Any) -> list[str]:
        """Parameters without a value."""
        conditions = [*expression.conditions, *expression.only_if]
        names = [each.operand.name for each in conditions if hasattr(each.operand, "name")]
        return [name for name in names if name not in self.world.given]

    def holds(self, condition: Any, item: int) -> bool:
        if condition.field.dataset == "Interactions":
            return any(self.is_event(condition, *event) for event in self.world.events if event[1] == item)
        return self.is_so(condition, (self.world.rows[item] or {}).get(condition.field.column))

    def is_event(self, condition: Any, kind: str, _: int, time_s: int) -> bool:
        listed = [text.lower() for text in self.texts(condition.operand)]
        right_kind = listed == ["*"] or (kind.lower() in listed) is (condition.operator == "IN")
        if condition.within is None:
            return right_kind
        unit_s = {"MINUTES": 60, "HOURS": 3_600, "DAYS": 86_400}[condition.within.unit]
        return right_kind and NOW_S - time_s <= condition.within.count * unit_s

    def is_so(self, condition: Any, value: Any) -> bool:
        """One condition on one value."""
        operator, column = condition.operator, condition.field.column
        if column in ("G", "T", "PLAN"):
            # What is not marked categorical is one value, whatever is in it; of users every text is split.
            parts = [value] if column == "T" and value is not None else (value or "").split("|") if value else []
            if column == "PLAN" and value is not None:
                parts = [value, *value.split("|")]
            has = any(part in self.texts(condition.operand) for part in parts)
            return has is (operator in ("IN", "="))
        right = (
            self.texts(condition.operand)[0]
            if not hasattr(condition.operand, "dataset")
            else self.of_current(condition)
        )
        if isinstance(right, str):
            right = {"true": True, "false": False}[right.lower()] if column in ("B", "VIP") else float(right)
        return compare(value, operator, right)

    def of_current(self, condition: Any) -> Any:
        current = self.world.current
        row = (self.world.rows[current] if current is not None else None) or {}
        return row.get(condition.operand.column)

    def texts(self, operand: Any) -> list[Any]:
        """What a condition compares with."""
        if hasattr(operand, "dataset"):
            current = self.world.current
            row = (self.world.rows[current] if current is not None else None) or {}
            found = row.get(operand.column)
            return found.split("|") if found else []
        if hasattr(operand, "name"):
            return list(self.world.given[operand.name])
        if hasattr(operand, "values"):
            return list(operand.values)
        return [operand.value] if hasattr(operand, "value") else ["*"]


def same(text: str, world: World) -> None:
    """Fails where the mask is not what the slow reader decides."""
    tree, reader = parse(text), SlowReader(world)
    check(tree, SCHEMAS, extended=True)
    if any(each.action == "INCLUDE" and reader.missing(each) for each in tree.expressions):
        with pytest.raises(FilterError, match="filterValues has no value for"):
            allowed(tree, world.candidates, world.values)
        return
    mask_I = allowed(tree, world.candidates, world.values)
    assert mask_I.tolist() == reader.allowed(tree)
    assert mask_I.dtype == np.bool_
    traced = trace(tree, world.candidates, world.values, np.arange(len(world.rows), dtype=np.int32))
    assert traced.allowed_I.tolist() == mask_I.tolist()
    assert traced.n_left == mask_I.sum()
    assert [not each.skipped for each in traced.expressions] == [reader.counts(each) for each in tree.expressions]
    # What is removed from a list of everything is what is not let through.
    removed = {item for each in traced.expressions for item in each.removed_K.tolist()}
    assert removed == set(np.flatnonzero(~mask_I).tolist())
    for each in traced.expressions:
        assert {item for clause in each.clauses for item in clause.removed_K.tolist()} == set(each.removed_K.tolist())


@settings(deadline=None)
@given(text=FILTER, choices=st.binary(min_size=70, max_size=70))
def test_the_mask_is_what_a_slow_reader_of_the_specification_decides(text: str, choices: bytes) -> None:
    same(text, made(choices))


def test_so_it_is_with_filters_and_catalogues_of_any_kind() -> None:
    """Plain chance beside hypothesis, which likes small numbers."""
    rng = random.Random(0)
    for _ in range(1_000):
        same(Maker(rng.randbytes(60)).filter(), made(rng.randbytes(90)))
