"""Which items a request may be given: a filter evaluated over the whole catalogue at once.

allowed = (the union of what INCLUDE selects, or everything) minus the union of what EXCLUDE selects; the order of the
expressions does not matter, and expressions whose IF does not hold are as if not written.
"""

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from msgspec import Struct

from tastemaker.data.interactions import Bools, Ints, Longs
from tastemaker.data.schemas import key_of
from tastemaker.filters.columns import Ids, ItemColumn, Numbers, Texts, Truths
from tastemaker.filters.text import text_of_condition
from tastemaker.filters.tree import (
    Condition,
    Dataset,
    Expression,
    Field,
    Filter,
    FilterError,
    Number,
    Operand,
    Parameter,
    Strings,
    Target,
    Truth,
    Wildcard,
    Window,
)
from tastemaker.filters.values import number, parameters, truth

NOTHING = np.zeros(0, np.bool_)

Given = Mapping[str, tuple[str, ...]]

COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

EVENTS_OF: Mapping[Target, Dataset] = {
    "ItemID": "Interactions",
    "ActionID": "Action_Interactions",
    "UserID": "Interactions",
}


@dataclass(frozen=True)
class Touched:
    """The candidates of some events, which may repeat, and when these were, in Unix seconds; None: nobody knows."""

    item_N: Ints
    time_s_N: Longs | None = None


class Candidates(Struct, frozen=True, eq=False):
    """What conditions are evaluated on.

    now_s: the moment of the request, in Unix seconds. target: what the candidates are. columns: of the catalogue, by
    column name (see columns_of). events: by event type, those of the request's user with candidates (of users: those
    that they had). user: the user's row, by column name; None if there is none. current_item: position of the
    request's item; None if the catalogue lacks it.
    """

    n_items: int
    now_s: float
    columns: Mapping[str, ItemColumn] = {}
    events: Mapping[str, Touched] = {}
    user: Mapping[str, object] | None = None
    current_item: int | None = None
    target: Target = "ItemID"


class Evaluated(Struct, frozen=True, eq=False):
    """What one expression came to.

    skipped: why it is as if it were not written, "" if it counts. groups: for each condition, in the groups of the
    expression, the candidates for which it holds. selected_I: those for which all conditions of a group hold.
    """

    expression: Expression
    skipped: str
    groups: tuple[tuple[Bools, ...], ...]
    selected_I: Bools


def allowed(tree: Filter, candidates: Candidates, values: Mapping[str, str]) -> Bools:
    """True for each item that the filter lets through, of shape (I,).

    values: filterValues as the request has them. A few array operations of O(I) per condition.
    Raises FilterError for values that are missing in INCLUDE or that do not fit, and for another target.
    """
    return let_through(evaluated(tree, candidates, values), candidates.n_items)


def evaluated(tree: Filter, candidates: Candidates, values: Mapping[str, str]) -> list[Evaluated]:
    """Each expression of the filter by itself. Raises as `allowed`."""
    given = parameters(values)
    return [_evaluated(expression, candidates, given) for expression in tree.expressions]


def let_through(found: Sequence[Evaluated], n_items: int) -> Bools:
    """The union of what INCLUDE selects, or everything, minus the union of what EXCLUDE selects; shape (I,)."""
    counting = [each for each in found if not each.skipped]
    included = [each.selected_I for each in counting if each.expression.action == "INCLUDE"]
    excluded = [each.selected_I for each in counting if each.expression.action == "EXCLUDE"]
    if not excluded:
        return reduce(operator.or_, included) if included else np.ones(n_items, np.bool_)
    others_I: Bools = ~reduce(operator.or_, excluded)
    return reduce(operator.or_, included) & others_I if included else others_I


def _evaluated(expression: Expression, candidates: Candidates, given: Given) -> Evaluated:
    if expression.target != candidates.target:
        raise FilterError(f"A filter on {expression.target} cannot be used here. Use a filter on {candidates.target}.")
    skipped = _without_values(expression, given) or _not_for(expression, candidates.user, given)
    if skipped:
        return Evaluated(expression, skipped, (), NOTHING)
    groups = tuple(tuple(_mask(each, candidates, given) for each in group) for group in expression.any_of)
    selected_I = reduce(operator.or_, (reduce(operator.and_, group) for group in groups))
    return Evaluated(expression, "", groups, selected_I)


def _without_values(expression: Expression, given: Given) -> str:
    """Which parameters have no value. The guide: without them EXCLUDE is ignored, and INCLUDE is an error."""
    missing = [name for name in expression.parameters if name not in given]
    if missing and expression.action == "INCLUDE":
        raise FilterError(
            f"filterValues has no value for {', '.join(missing)}, which the filter needs to include items. "
            f'Add it, such as {{"{missing[0]}": "\\"value\\""}}.'
        )
    return f"filterValues has no value for {', '.join(dict.fromkeys(missing))}" if missing else ""


def _not_for(expression: Expression, user: Mapping[str, object] | None, given: Given) -> str:
    """Which condition after IF does not hold; one on an attribute that is not there never does."""
    row = {key_of(name): value for name, value in (user or {}).items()} if expression.only_if else {}
    for condition in expression.only_if:
        value = row.get(key_of(condition.field.column))
        if not _holds(condition, value, given):
            is_there = "has none" if value is None else f"has {value!r}"
            return f"IF {text_of_condition(condition)} does not hold: the user {is_there}"
    return ""


def _holds(condition: Condition, value: object, given: Given) -> bool:
    """One condition on one value of the user's row."""
    if value is None:
        return False
    if isinstance(value, bool):
        return bool(COMPARE[condition.operator](value, _truth(condition.operand, given)))
    if isinstance(value, int | float):
        return bool(COMPARE[condition.operator](float(value), _number(condition.operand, given)))
    has = bool({str(value), *str(value).split("|")} & set(_strings(condition, given)))
    return has if condition.operator in ("IN", "=") else not has


def _mask(condition: Condition, candidates: Candidates, given: Given) -> Bools:
    """The candidates for which one condition holds."""
    if condition.field.dataset in EVENTS_OF.values():
        return _touched(condition, candidates, given)
    column = _column(condition.field, candidates)
    if isinstance(column, Texts | Ids):
        has_I = column.has_any(_wanted(condition, candidates, given))
        return has_I if condition.operator in ("IN", "=") else ~has_I
    holds_I: Bools = COMPARE[condition.operator](column.value_I, _right(condition, column, candidates, given))
    return holds_I


def _wanted(condition: Condition, candidates: Candidates, given: Given) -> Sequence[str]:
    """The texts that a condition compares with."""
    if not isinstance(condition.operand, Field):
        return _strings(condition, given)
    other, item = _column(condition.operand, candidates), candidates.current_item
    return other.of(item) if isinstance(other, Texts | Ids) and item is not None else ()


def _right(condition: Condition, column: Numbers | Truths, candidates: Candidates, given: Given) -> float:
    """The number that a condition compares with, a truth being 1 or 0; NaN for that of an item without it."""
    if not isinstance(condition.operand, Field):
        take = _truth if isinstance(column, Truths) else _number
        return take(condition.operand, given)
    other, item = _column(condition.operand, candidates), candidates.current_item
    return float(other.value_I[item]) if isinstance(other, type(column)) and item is not None else math.nan


def _touched(condition: Condition, candidates: Candidates, given: Given) -> Bools:
    """The items with which the user has an event of a matching type; the case of types is ignored."""
    touched_I = np.zeros(candidates.n_items, np.bool_)
    if condition.field.dataset != EVENTS_OF[candidates.target]:
        return touched_I  # events with items, asked about actions: no action has any
    if isinstance(condition.operand, Wildcard):
        matching = list(candidates.events.values())
    else:
        types, wanted = {_type(name) for name in _strings(condition, given)}, condition.operator == "IN"
        matching = [events for name, events in candidates.events.items() if (_type(name) in types) is wanted]
    for events in matching:
        touched_I[events.item_N if condition.within is None else _lately(events, condition.within, candidates)] = True
    return touched_I


def _lately(events: Touched, window: Window, candidates: Candidates) -> Ints:
    """The candidates of the events within a window; what the clock of a client puts after now is within it."""
    if events.time_s_N is None:
        raise FilterError(
            "WITHIN looks at the times of events, and this model was trained before these were kept. Train a new "
            "version, and deploy it."
        )
    return events.item_N[events.time_s_N >= candidates.now_s - window.seconds]


def _type(name: str) -> str:
    """Event types are compared without case, and NOT_TAKEN is Not Taken."""
    return name.lower().replace("_", " ")


def _column(asked: Field, candidates: Candidates) -> ItemColumn:
    column = candidates.columns.get(asked.column)
    if column is not None:
        return column
    key = key_of(asked.column)
    for name in candidates.columns:
        if key_of(name) == key:
            return candidates.columns[name]
    raise FilterError(f"{asked} is not a column that items have. Create the filter anew with one that they have.")


def _number(operand: Operand, given: Given) -> float:
    """The one number that a condition compares with."""
    if isinstance(operand, Number):
        return operand.value
    if isinstance(operand, Parameter):
        return number(operand.name, _only(operand, given, "number"))
    raise FilterError("The filter compares a number with text. Create it anew for the column's present type.")


def _truth(operand: Operand, given: Given) -> bool:
    """The one truth that a condition compares with."""
    if isinstance(operand, Truth):
        return operand.value
    if isinstance(operand, Parameter):
        return truth(operand.name, _only(operand, given, "true or false"))
    raise FilterError("The filter compares a boolean with text. Create it anew for the column's present type.")


def _only(parameter: Parameter, given: Given, what: str) -> str:
    literals = given[parameter.name]
    if len(literals) != 1:
        raise FilterError(f"filterValues has {len(literals)} values for {parameter.name}; the filter needs one {what}.")
    return literals[0]


def _strings(condition: Condition, given: Given) -> tuple[str, ...]:
    """The strings that a condition compares with."""
    if isinstance(condition.operand, Strings):
        return condition.operand.values
    if isinstance(condition.operand, Parameter) and condition.operator in ("IN", "=", "!="):
        parameter = condition.operand
        return given[parameter.name] if condition.operator == "IN" else (_only(parameter, given, "text"),)
    raise FilterError(f"{condition} compares text with a number. Create the filter anew for the column's present type.")
