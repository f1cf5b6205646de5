"""A filter as text again, in one spelling: parsing it gives the same tree."""

from decimal import Decimal

from tastemaker.filters.tree import Condition, Expression, Field, Filter, Number, Operand, Parameter, Strings, Truth


def text_of(tree: Filter) -> str:
    """The whole filter."""
    return " | ".join(text_of_expression(expression) for expression in tree.expressions)


def text_of_expression(expression: Expression) -> str:
    """One expression, without the | around it."""
    groups = [" AND ".join(map(text_of_condition, group)) for group in expression.any_of]
    only_if = " AND ".join(map(text_of_condition, expression.only_if))
    return f"{expression.action} {expression.target} WHERE {' OR '.join(groups)}{only_if and f' IF {only_if}'}"


def text_of_condition(condition: Condition) -> str:
    """One condition."""
    operand = _operand(condition.operand)
    if condition.operator in ("IN", "NOT IN") and not isinstance(condition.operand, Field):
        operand = f"({operand})"
    within = f" WITHIN {condition.within.count} {condition.within.unit}" if condition.within else ""
    return f"{condition.field} {condition.operator} {operand}{within}"


def _operand(operand: Operand) -> str:
    if isinstance(operand, Strings):
        return ", ".join(_quoted(value) for value in operand.values)
    if isinstance(operand, Number):
        return f"{Decimal(repr(operand.value)):f}".removesuffix(".0")
    if isinstance(operand, Truth):
        return "true" if operand.value else "false"
    if isinstance(operand, Parameter):
        return f"${operand.name}"
    return str(operand) if isinstance(operand, Field) else '"*"'


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
