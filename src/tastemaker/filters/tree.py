"""What a filter expression says, as values; names are as written, datasets and operators in one spelling."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

Action = Literal["INCLUDE", "EXCLUDE"]
Target = Literal["ItemID", "UserID", "ActionID"]
Dataset = Literal["Interactions", "Items", "Users", "Actions", "Action_Interactions", "CurrentUser", "CurrentItem"]
Operator = Literal["IN", "NOT IN", "=", "!=", "<", "<=", ">", ">="]
Unit = Literal["MINUTES", "HOURS", "DAYS"]

SECONDS: Mapping[Unit, int] = {"MINUTES": 60, "HOURS": 3_600, "DAYS": 86_400}


class FilterError(ValueError):
    """The client's mistake: an expression that cannot become a filter, or values that do not fit its parameters."""


@dataclass(frozen=True)
class Field:
    """A column of a dataset; CurrentUser is the requesting user's row, CurrentItem the row of the request's item."""

    dataset: Dataset
    column: str

    def __str__(self) -> str:
        return f"{self.dataset}.{self.column}"


@dataclass(frozen=True)
class Strings:
    """The literals of a list; for a comparator, the one literal that stands there."""

    values: tuple[str, ...]


@dataclass(frozen=True)
class Number:
    value: float


@dataclass(frozen=True)
class Truth:
    """true or false, for a boolean column: an extension of the service's language."""

    value: bool


@dataclass(frozen=True)
class Parameter:
    """$name, given a value by each request."""

    name: str


@dataclass(frozen=True)
class Wildcard:
    """ "*": any event type."""


Operand = Strings | Number | Truth | Parameter | Wildcard | Field


@dataclass(frozen=True)
class Window:
    """How far back events count, from the moment of the request: an extension of the service's language."""

    count: int
    unit: Unit

    @property
    def seconds(self) -> int:
        return self.count * SECONDS[self.unit]


@dataclass(frozen=True)
class Condition:
    """within: of a condition on events, only those of that time count; all of them if it is None."""

    field: Field
    operator: Operator
    operand: Operand
    within: Window | None = None

    @property
    def parameter(self) -> Parameter | None:
        return self.operand if isinstance(self.operand, Parameter) else None

    def __str__(self) -> str:
        return f"{self.field} {self.operator}"


@dataclass(frozen=True)
class Expression:
    """any_of: conditions joined by AND, the groups joined by OR. only_if: conditions on CurrentUser, all to hold."""

    action: Action
    target: Target
    any_of: tuple[tuple[Condition, ...], ...]
    only_if: tuple[Condition, ...] = ()

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """The conditions on candidates, in the order written."""
        return tuple(condition for group in self.any_of for condition in group)

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """The names of the parameters that need values, in the order written."""
        asked = [condition.parameter for condition in (*self.conditions, *self.only_if)]
        return tuple(parameter.name for parameter in asked if parameter)


@dataclass(frozen=True)
class Filter:
    """Expressions joined by |."""

    expressions: tuple[Expression, ...]

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """Every condition, those after IF included."""
        return tuple(c for expression in self.expressions for c in (*expression.conditions, *expression.only_if))

    @cached_property
    def fields(self) -> frozenset[tuple[str, str]]:
        """Distinct fields as (dataset, upper-case column); CurrentUser counts as Users, CurrentItem as Items."""
        found = [condition.field for condition in self.conditions]
        found += [condition.operand for condition in self.conditions if isinstance(condition.operand, Field)]
        behind = {"CurrentUser": "Users", "CurrentItem": "Items"}
        return frozenset((behind.get(field.dataset, field.dataset), field.column.upper()) for field in found)

    @cached_property
    def needs_events(self) -> bool:
        """Whether the filter looks at what a user did."""
        return any(condition.field.dataset in ("Interactions", "Action_Interactions") for condition in self.conditions)

    @cached_property
    def needs_user_row(self) -> bool:
        """Whether the filter looks at what is known of a user."""
        return any(condition.field.dataset == "CurrentUser" for condition in self.conditions)

    @cached_property
    def needs_clock(self) -> bool:
        """Whether what it lets through changes as time passes."""
        return any(condition.within is not None for condition in self.conditions)

    @property
    def needs_user(self) -> bool:
        """Whether a request must name a user, because of that user's events or row."""
        return self.needs_events or self.needs_user_row

    @cached_property
    def needs_current_item(self) -> bool:
        """Whether the filter compares with the item of a related-items request."""
        return any(isinstance(condition.operand, Field) for condition in self.conditions)
