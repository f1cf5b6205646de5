"""Whether a filter that can be read also makes sense for the datasets of its group; asked once, at CreateFilter."""

from collections.abc import Mapping

from tastemaker.data.schemas import Column, Schema
from tastemaker.filters.grammar import INVALID
from tastemaker.filters.text import text_of_condition
from tastemaker.filters.tree import (
    Condition,
    Dataset,
    Expression,
    Field,
    Filter,
    FilterError,
    Number,
    Strings,
    Target,
    Truth,
    Wildcard,
)

DATASETS_OF: Mapping[Target, tuple[Dataset, ...]] = {
    "ItemID": ("Items", "Interactions"),
    "ActionID": ("Actions", "Action_Interactions", "Interactions"),
    "UserID": ("Users", "Interactions"),
}
EVENTS = ("Interactions", "Action_Interactions")
# The guide: these "can't be used in filters"; next-best-action applies them by itself.
RESERVED = ("EXPIRATION_TIMESTAMP", "ACTION_EXPIRATION_TIMESTAMP", "REPEAT_FREQUENCY")
ORDERING = ("<", "<=", ">", ">=")
EXTENSION = (
    "That is an extension of the service's language: CreateFilter takes it from a server started with "
    "--filter-extensions, and `tastemaker filter edit` always."
)


def check(
    tree: Filter, schemas: Mapping[str, Schema], fields_max: int | None = None, *, extended: bool = False
) -> None:
    """Returns if the filter can be used with datasets of these schemas; raises FilterError otherwise.

    schemas: by the dataset names of the filter language; a name that is absent is a dataset that does not exist.
    fields_max: how many distinct fields a filter may have; not looked at when None. extended: whether it may use what
    the service's language lacks: windows of time and booleans.
    """
    first = tree.expressions[0]
    for expression in tree.expressions:
        if expression.target != first.target:
            raise FilterError(
                f"{INVALID}one expression is about {first.target}, another about {expression.target}. "
                "Use the same in all expressions of a filter."
            )
        _check_datasets(expression)
        for condition in (*expression.conditions, *expression.only_if):
            _check_condition(condition, schemas, extended)
    if fields_max is not None and (n_fields := len(tree.fields)) > fields_max:
        raise FilterError(
            f"Could not create filter. It uses {n_fields} distinct fields, at most {fields_max} are allowed. "
            "Use fewer fields, or two filters."
        )


def _check_datasets(expression: Expression) -> None:
    """Target, datasets and CurrentItem agree; the dataset of the first condition is that of all."""
    dataset = expression.conditions[0].field.dataset
    fitting = DATASETS_OF[expression.target]
    if dataset not in fitting:
        raise FilterError(
            f"{INVALID}{expression.conditions[0].field} cannot be used for {expression.target}. "
            f"Use fields of {' or '.join(fitting)}."
        )
    for condition in expression.conditions:
        if condition.field.dataset != dataset:
            raise FilterError(
                f"{INVALID}{condition.field} is in one expression with {expression.conditions[0].field}. "
                "An expression uses one dataset: join another expression with |."
            )
        if isinstance(condition.operand, Field) and dataset != "Items":
            raise FilterError(f"{INVALID}{condition} {condition.operand}: CurrentItem only compares with Items.")
    if expression.only_if and expression.target == "UserID":
        raise FilterError(f"{INVALID}IF cannot be used for UserID: a segment has no current user. Remove the clause.")


def _check_condition(condition: Condition, schemas: Mapping[str, Schema], extended: bool) -> None:
    column = _column(condition.field, schemas, extended)
    if condition.field.dataset in EVENTS:
        _check_event_type(condition, extended)
        return
    if condition.within is not None:
        raise FilterError(f"{INVALID}{text_of_condition(condition)}: only events have a time. Remove WITHIN.")
    if isinstance(condition.operand, Wildcard):
        raise FilterError(f'{INVALID}{condition} ("*"): only EVENT_TYPE can be compared with "*". List the values.')
    _check_operator(condition, column)
    if isinstance(condition.operand, Field):
        other = _column(condition.operand, schemas, extended)
        by_list, kinds = condition.operator in ("IN", "NOT IN"), {column.kind, other.kind}
        if other.is_string if by_list else kinds == {"boolean"} or (column.is_numeric and other.is_numeric):
            return
        raise FilterError(
            f"{INVALID}{condition} {condition.operand}: IN compares strings with strings, other comparators "
            f"numbers with numbers; {column.name} is {column.kind}, {other.name} is {other.kind}."
        )
    _check_literal(condition, column)


def _check_operator(condition: Condition, column: Column) -> None:
    """Lists go with strings, order with numbers."""
    if condition.operator in ("IN", "NOT IN") and not column.is_string:
        instead = "true or false with =" if column.kind == "boolean" else "numbers with =, !=, <, <=, > and >="
        raise FilterError(
            f"{INVALID}{condition} needs a string column, and the type of {column.name} is {column.kind}. "
            f"Compare {instead}."
        )
    if condition.operator in ORDERING and not column.is_numeric:
        instead = "=" if column.kind == "boolean" else "IN"
        raise FilterError(
            f"{INVALID}{condition} needs a numeric column, and the type of {column.name} is {column.kind}. "
            f"Use {instead}."
        )


def _check_literal(condition: Condition, column: Column) -> None:
    """The literal is of the column's type."""
    is_string, is_number, is_truth = (isinstance(condition.operand, kind) for kind in (Strings, Number, Truth))
    if column.kind == "boolean" and (is_string or is_number):
        raise FilterError(f"{INVALID}{condition} compares a boolean column. Write true or false, unquoted.")
    if column.is_string and (is_number or is_truth):
        what = "a number" if is_number else "true or false"
        raise FilterError(f"{INVALID}{condition} compares a string column with {what}. Write it in double quotes.")
    if column.is_numeric and (is_string or is_truth):
        what = "a string. Write the number unquoted" if is_string else "true or false. Write a number"
        raise FilterError(f"{INVALID}{condition} compares a numeric column with {what}.")


def _check_event_type(condition: Condition, extended: bool) -> None:
    if condition.within is not None and not extended:
        raise FilterError(f"{INVALID}{text_of_condition(condition)} has a window of time. {EXTENSION}")
    if condition.field.column.upper() != "EVENT_TYPE":
        raise FilterError(f"{INVALID}{condition.field} cannot be filtered. Only EVENT_TYPE of events can be.")
    if condition.operator not in ("IN", "NOT IN"):
        raise FilterError(f"{INVALID}{condition}: EVENT_TYPE is compared with IN or NOT IN. Write a list of types.")
    if isinstance(condition.operand, Wildcard) and condition.operator == "NOT IN":
        raise FilterError(f'{INVALID}{condition} ("*"): "*" is every event type. Use IN, or list types.')
    if isinstance(condition.operand, Strings) and "*" in condition.operand.values:
        raise FilterError(f'{INVALID}{condition}: "*" is every event type and stands alone. Remove the other types.')


def _column(field: Field, schemas: Mapping[str, Schema], extended: bool) -> Column:
    """The column behind a field, if its dataset exists and it may be filtered."""
    dataset = {"CurrentUser": "Users", "CurrentItem": "Items"}.get(field.dataset, field.dataset)
    if dataset not in schemas:
        raise FilterError(
            f"{INVALID}{field}: the dataset group has no {dataset} dataset. Create and import it before the filter."
        )
    column = schemas[dataset].column(field.column)
    if column is None:
        names = ", ".join(column.name for column in schemas[dataset].columns)
        raise FilterError(f"{INVALID}{field}: the schema of {dataset} has no such column. It has {names}.")
    if column.textual or column.name.upper() in RESERVED:
        what = "textual" if column.textual else "reserved"
        raise FilterError(f"{INVALID}{field} is a {what} column, which cannot be filtered. Use another column.")
    if column.kind == "boolean" and not extended:
        raise FilterError(f"{INVALID}{field} is a boolean column, and the filter compares it. {EXTENSION}")
    return column
