"""Which items a request may be given: a filter evaluated over the whole catalogue at once.

allowed = (the union of what INCLUDE selects, or everything) minus the union of what EXCLUDE selects; the order of the
expressions does not matter, and expressions whose IF does not hold are as if not written.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tastemaker.data.interactions import Bools, Ints
from tastemaker.data.schemas import key_of
from tastemaker.filters.columns import ItemColumn, Numbers, Texts
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
    Wildcard,
)
from tastemaker.filters.values import number, parameters

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
class Candidates:
    """What conditions are evaluated on.

    target: what they are. columns: of the catalogue, by column name (see columns_of). events: event type -> positions
    of the candidates with which the request's user has such events (of users: of those who have them); may repeat.
    user: the user's row, by upper-case column name; None if there is none. current_item: position of the request's
    item; None if the catalogue lacks it.
    """

    n_items: int
    columns: Mapping[str, ItemColumn] = field(default_factory=dict)
    events: Mapping[str, Ints] = field(default_factory=dict)
    user: Mapping[str, object] | None = None
    current_item: int | None = None
    target: Target = "ItemID"


def allowed(tree: Filter, candidates: Candidates, values: Mapping[str, str]) -> Bools:
    """True for each item that the filter lets through, of shape (I,).

    values: filterValues as the request has them. A few array operations of O(I) per condition.
    Raises FilterError for values that are missing in INCLUDE or that do not fit, and for another target.
    """
    given = parameters(values)
    included_I: Bools | None = None
    excluded_I = np.zeros(candidates.n_items, np.bool_)
    for expression in tree.expressions:
        if expression.target != candidates.target:
            raise FilterError(
                f"A filter on {expression.target} cannot be used here. Use a filter on {candidates.target}."
            )
        if not _has_values(expression, given) or not _applies(expression, candidates.user, given):
            continue
        selected_I = _selected(expression, candidates, given)
        if expression.action == "EXCLUDE":
            excluded_I |= selected_I
        else:
            included_I = selected_I if included_I is None else included_I | selected_I
    return ~excluded_I if included_I is None else included_I & ~excluded_I


def _has_values(expression: Expression, given: Given) -> bool:
    """Whether all parameters have values. The guide: without them EXCLUDE is ignored, and INCLUDE is an error."""
    asked = [condition.parameter for condition in (*expression.conditions, *expression.only_if)]
    missing = [parameter.name for parameter in asked if parameter and parameter.name not in given]
    if missing and expression.action == "INCLUDE":
        raise FilterError(
            f"filterValues has no value for {', '.join(missing)}, which the filter needs to include items. "
            f'Add it, such as {{"{missing[0]}": "\\"value\\""}}.'
        )
    return not missing


def _applies(expression: Expression, user: Mapping[str, object] | None, given: Given) -> bool:
    """Whether all conditions after IF hold; those on an attribute that is not there do not."""
    row = {key_of(name): value for name, value in (user or {}).items()} if expression.only_if else {}
    return all(_holds(condition, row.get(key_of(condition.field.column)), given) for condition in expression.only_if)


def _holds(condition: Condition, value: object, given: Given) -> bool:
    """One condition on one value of the user's row."""
    if value is None:
        return False
    if isinstance(value, int | float):
        return bool(COMPARE[condition.operator](float(value), _number(condition.operand, given)))
    has = bool({str(value), *str(value).split("|")} & set(_strings(condition, given)))
    return has if condition.operator in ("IN", "=") else not has


def _selected(expression: Expression, candidates: Candidates, given: Given) -> Bools:
    """The items for which the conditions hold; AND binds tighter than OR."""
    selected_I = np.zeros(candidates.n_items, np.bool_)
    for group in expression.any_of:
        holds_I = _mask(group[0], candidates, given)
        for condition in group[1:]:
            holds_I &= _mask(condition, candidates, given)
        selected_I |= holds_I
    return selected_I


def _mask(condition: Condition, candidates: Candidates, given: Given) -> Bools:
    if condition.field.dataset in EVENTS_OF.values():
        return _touched(condition, candidates, given)
    column = _column(condition.field, candidates)
    if isinstance(column, Numbers):
        if isinstance(condition.operand, Field):
            other, item = _column(condition.operand, candidates), candidates.current_item
            right = other.value_I[item] if isinstance(other, Numbers) and item is not None else np.nan
        else:
            right = _number(condition.operand, given)
        holds_I: Bools = COMPARE[condition.operator](column.value_I, right)
        return holds_I
    if isinstance(condition.operand, Field):
        other, item = _column(condition.operand, candidates), candidates.current_item
        wanted = other.of(item) if isinstance(other, Texts) and item is not None else []
    else:
        wanted = list(_strings(condition, given))
    has_I = column.has_any(wanted)
    return has_I if condition.operator in ("IN", "=") else ~has_I


def _touched(condition: Condition, candidates: Candidates, given: Given) -> Bools:
    """The items with which the user has an event of a matching type; the case of types is ignored."""
    touched_I = np.zeros(candidates.n_items, np.bool_)
    if condition.field.dataset != EVENTS_OF[candidates.target]:
        return touched_I  # events with items, asked about actions: no action has any
    if isinstance(condition.operand, Wildcard):
        matching = list(candidates.events.values())
    else:
        types = {_type(name) for name in _strings(condition, given)}
        wanted = condition.operator == "IN"
        matching = [item for name, item in candidates.events.items() if (_type(name) in types) is wanted]
    for item in matching:
        touched_I[item] = True
    return touched_I


def _type(name: str) -> str:
    """Event types are compared without case, and NOT_TAKEN is Not Taken."""
    return name.lower().replace("_", " ")


def _column(asked: Field, candidates: Candidates) -> ItemColumn:
    column = candidates.columns.get(asked.column)
    if column is not None:
        return column
    key = key_of(asked.column)
    for name, column in candidates.columns.items():
        if key_of(name) == key:
            return column
    raise FilterError(f"{asked} is not a column that items have. Create the filter anew with one that they have.")


def _number(operand: Operand, given: Given) -> float:
    """The one number that a condition compares with."""
    if isinstance(operand, Number):
        return operand.value
    if isinstance(operand, Parameter):
        literals = given[operand.name]
        if len(literals) != 1:
            raise FilterError(
                f"filterValues has {len(literals)} values for {operand.name}; the filter needs one number."
            )
        return number(operand.name, literals[0])
    raise FilterError("The filter compares a number with text. Create it anew for the column's present type.")


def _strings(condition: Condition, given: Given) -> tuple[str, ...]:
    """The strings that a condition compares with."""
    if isinstance(condition.operand, Strings):
        return condition.operand.values
    if isinstance(condition.operand, Parameter) and condition.operator in ("IN", "=", "!="):
        literals = given[condition.operand.name]
        if condition.operator != "IN" and len(literals) != 1:
            raise FilterError(
                f"filterValues has {len(literals)} values for {condition.operand.name}; {condition} needs one."
            )
        return literals
    raise FilterError(f"{condition} compares text with a number. Create the filter anew for the column's present type.")
