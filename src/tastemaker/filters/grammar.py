"""Filter expressions: text becomes a tree, or an error that names the place and what was expected there.

The language is described in the guide's "Filter expressions" pages, and with our extensions (WITHIN, true and false) in
docs/filters.md. Identifiers and keywords are matched in any case, as accepted expressions in public show; strings and
parameter names are not.
"""

import math
import re
from functools import cache
from typing import cast

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from tastemaker.filters.tree import (
    Action,
    Condition,
    Dataset,
    Expression,
    Field,
    Filter,
    FilterError,
    Number,
    Operand,
    Operator,
    Parameter,
    Strings,
    Target,
    Truth,
    Unit,
    Wildcard,
    Window,
)

EXPRESSION_CHARS_MAX = 2500
PARAMETER_CHARS_MAX = 50
WINDOW_MAX = 1_000_000
INVALID = "Could not create filter. Invalid Expression: "

GRAMMAR = r"""
start: expression ("|" expression)*
expression: ACTION TARGET WHERE groups [IF user_conditions]
groups: group (OR group)*
group: condition (AND condition)*
user_conditions: condition (AND condition)*
condition: field IN list [window]
         | field IN PARAMETER [window]
         | field IN field
         | field NOT_IN list [window]
         | field COMPARATOR (NUMBER | STRING | TRUTH | PARAMETER | field)
         | field COMPARATOR "(" PARAMETER ")"
window: WITHIN NUMBER UNIT
field: NAME "." NAME
list: "(" (STRING ("," STRING)* | PARAMETER | STAR) ")"

ACTION: /(INCLUDE|EXCLUDE)(?!\w)/i
TARGET: /(ItemID|UserID|ActionID)(?!\w)/i
WHERE: /WHERE(?!\w)/i
IF: /IF(?!\w)/i
AND: /AND(?!\w)/i
OR: /OR(?!\w)/i
IN: /IN(?!\w)/i
NOT_IN: /NOT(\s+|_)IN(?!\w)/i
COMPARATOR: /!=|<=|>=|=|<|>/
WITHIN: /WITHIN(?!\w)/i
UNIT: /(MINUTE|HOUR|DAY)S?(?!\w)/i
TRUTH.2: /(true|false)(?!\w)/i
NAME: /[A-Za-z_][A-Za-z0-9_]*/
PARAMETER: /\$[A-Za-z0-9_]+/
NUMBER: /-?[0-9]+(\.[0-9]+)?(?![\w.])/
STRING: /"(\\.|[^"\\])*"|'(\\.|[^'\\])*'/s
STAR: "*"
%ignore /\s+/
"""

# What the words of the grammar are called in messages.
WORDS = {
    "ACTION": "INCLUDE or EXCLUDE",
    "TARGET": "ItemID, UserID or ActionID",
    "NOT_IN": "NOT IN",
    "COMPARATOR": "a comparator (=, !=, <, <=, >, >=)",
    "TRUTH": "true or false",
    "UNIT": "MINUTES, HOURS or DAYS",
    "NAME": "a field such as Items.GENRES",
    "PARAMETER": "a parameter such as $GENRE",
    "NUMBER": "a number",
    "STRING": "a string in double quotes",
    "STAR": '"*"',
    "DOT": '"."',
    "COMMA": '","',
    "LPAR": '"("',
    "RPAR": '")"',
    "VBAR": '"|"',
    "$END": "the end",
}
DATASETS: dict[str, Dataset] = {
    "interactions": "Interactions",
    "items": "Items",
    "users": "Users",
    "actions": "Actions",
    "action": "Actions",  # the guide writes both
    "action_interactions": "Action_Interactions",
    "currentuser": "CurrentUser",
    "currentitem": "CurrentItem",
}
TARGETS: dict[str, Target] = {"itemid": "ItemID", "userid": "UserID", "actionid": "ActionID"}
TOKEN = re.compile(r"\$?\w+|[!<>]=|\S")
QUOTED_PARAMETER = re.compile(r"\$[A-Za-z0-9_]+")


def parse(expression: str) -> Filter:
    """The tree of a filter expression. Raises FilterError with the place of the first mistake.

    Takes time linear in the length, which is limited; nothing nests, so nothing recurses.
    """
    if not 1 <= len(expression) <= EXPRESSION_CHARS_MAX:
        raise FilterError(
            f"Could not create filter. The expression has {len(expression)} characters; "
            f"write 1 to {EXPRESSION_CHARS_MAX}."
        )
    try:
        tree = _parser().parse(expression)
    except UnexpectedInput as error:
        raise FilterError(_explained(expression, error)) from error
    return Filter(tuple(_expression(child) for child in _trees(tree)))


@cache
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="lalr", maybe_placeholders=False)


def unquoted(text: str) -> str:
    """The value of a string literal: without its quotes, escapes resolved. A lone backslash is a backslash."""
    return re.sub(r"""\\(["'\\])""", r"\1", text[1:-1])


def _expression(tree: Tree[Token]) -> Expression:
    action, target = (str(token) for token in _tokens(tree)[:2])
    groups, *rest = _trees(tree)
    any_of = tuple(tuple(_candidate_condition(child) for child in _trees(group)) for group in _trees(groups))
    only_if = tuple(_user_condition(child) for conditions in rest for child in _trees(conditions))
    return Expression(cast("Action", action.upper()), TARGETS[target.lower()], any_of, only_if)


def _candidate_condition(tree: Tree[Token]) -> Condition:
    condition = _condition(tree)
    if condition.field.dataset in ("CurrentUser", "CurrentItem"):
        raise FilterError(
            f"{INVALID}{condition.field} at {_start(tree)} stands where a dataset is filtered. "
            + (
                "CurrentUser can only be used after IF."
                if condition.field.dataset == "CurrentUser"
                else "CurrentItem can only be the right side of a condition on Items."
            )
        )
    return condition


def _user_condition(tree: Tree[Token]) -> Condition:
    condition = _condition(tree)
    if condition.field.dataset != "CurrentUser":
        raise FilterError(
            f"{INVALID}{condition.field} at {_start(tree)} stands after IF, where only CurrentUser can be used."
        )
    if isinstance(condition.operand, Field):
        raise FilterError(
            f"{INVALID}{condition.field} at {_start(tree)} is compared with {condition.operand}. Compare with a value."
        )
    return condition


def _condition(tree: Tree[Token]) -> Condition:
    left, *right = _trees(tree)
    field, words = _field(left), _tokens(tree)
    operator = "NOT IN" if words[0].type == "NOT_IN" else str(words[0]).upper()
    window = _window(right.pop()) if right and right[-1].data == "window" else None
    if len(words) > 1:
        operand = _operand([words[1]])
    elif right[0].data == "list":
        operand = _operand(_tokens(right[0]))
    else:
        operand = _field(right[0])
        if operand.dataset != "CurrentItem":
            raise FilterError(
                f"{INVALID}{field} is compared with {operand} at {_start(right[0])}. Compare with values, a parameter "
                "or CurrentItem."
            )
    if isinstance(operand, Parameter) and operator == "NOT IN":
        raise FilterError(
            f"Could not create filter. Invalid input symbol: ${operand.name}. "
            "Placeholders are not allowed with NOT_IN operator."
        )
    if isinstance(operand, Wildcard) and operator not in ("IN", "NOT IN"):
        operand = Strings(("*",))
    return Condition(field, cast("Operator", operator), operand, window)


def _window(tree: Tree[Token]) -> Window:
    _within, count, unit = _tokens(tree)
    if not count.isdigit() or not 1 <= int(count) <= WINDOW_MAX:
        raise FilterError(
            f"{INVALID}WITHIN {count[:20]} {unit} at {_place(count.line, count.column)}: give a whole number from 1 to "
            f"{WINDOW_MAX:,}, as in WITHIN 30 DAYS."
        )
    return Window(int(count), cast("Unit", f"{unit.upper().removesuffix('S')}S"))


def _field(tree: Tree[Token]) -> Field:
    dataset, column = _tokens(tree)
    if dataset.lower() not in DATASETS:
        raise FilterError(
            f"{INVALID}{dataset}.{column} at {_start(tree)} names no dataset. Write Interactions, Items, Users, "
            "Actions or Action_Interactions before the point."
        )
    return Field(DATASETS[dataset.lower()], str(column))


def _operand(tokens: list[Token]) -> Operand:
    first = tokens[0]
    if first.type == "NUMBER":
        return _number(first)
    if first.type == "TRUTH":
        return Truth(first.lower() == "true")
    if first.type == "STAR":
        return Wildcard()
    place = _place(first.line, first.column)
    if first.type == "PARAMETER":
        return _parameter(str(first), place)
    values = tuple(unquoted(str(token)) for token in tokens)
    # "$NAME" in quotes is a parameter too: shells make people write it so.
    quoted = [value for value in values if QUOTED_PARAMETER.fullmatch(value)]
    if quoted and len(values) > 1:
        raise FilterError(
            f"{INVALID}the list at {place} with {quoted[0]} has {len(values)} entries. A list holds strings, or one "
            "parameter, which may be given several values by the request."
        )
    if quoted:
        return _parameter(quoted[0], place)
    return Wildcard() if values == ("*",) else Strings(values)


def _number(token: Token) -> Number:
    value = float(token)
    if math.isinf(value):
        raise FilterError(
            f"{INVALID}the number {token[:20]}... at {_place(token.line, token.column)} is too large. Give at most 308 "
            "digits."
        )
    return Number(value)


def _parameter(text: str, place: str) -> Parameter:
    if len(text) - 1 > PARAMETER_CHARS_MAX:
        raise FilterError(
            f"{INVALID}the parameter {text[:20]}... at {place} has {len(text) - 1} characters; at most "
            f"{PARAMETER_CHARS_MAX}."
        )
    return Parameter(text[1:])


def _start(tree: Tree[Token]) -> str:
    """Where a condition or a field begins."""
    first: Tree[Token] | Token = tree
    while isinstance(first, Tree):
        first = first.children[0]
    return _place(first.line, first.column)


def _explained(text: str, error: UnexpectedInput) -> str:
    """Where reading stopped, at what, and what could have stood there."""
    at_end = isinstance(error, UnexpectedToken) and error.token.type == "$END"
    place = len(text) if at_end else (error.pos_in_stream or 0)
    line, column = text.count("\n", 0, place) + 1, place - text.rfind("\n", 0, place)
    found = TOKEN.search(text, place)
    offending = found[0][:40] if found else "the end"
    allowed = error.allowed if isinstance(error, UnexpectedCharacters) else getattr(error, "expected", None)
    words = " or ".join(WORDS.get(name, name) for name in sorted(allowed or ()))
    return f"{INVALID}{offending} at {_place(line, column)}, expected {words}.{_hint(offending)}"


def _hint(offending: str) -> str:
    """What people usually meant."""
    if offending in ("'", '"'):
        return " Is the string closed?"
    if offending == "(":
        return " Parentheses only enclose the values of IN; conditions cannot be grouped."
    if offending == ",":
        return " A list holds several strings or one parameter."
    if offending.upper() in ("IS", "LIKE", "BETWEEN"):
        return f" {offending.upper()} is not part of the filter language."
    return ""


def _place(line: int | None, column: int | None) -> str:
    return f"line {line} column {column}"


def _trees(tree: Tree[Token]) -> list[Tree[Token]]:
    return [child for child in tree.children if isinstance(child, Tree)]


def _tokens(tree: Tree[Token]) -> list[Token]:
    return [child for child in tree.children if isinstance(child, Token)]
