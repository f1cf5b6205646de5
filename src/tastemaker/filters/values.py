"""filterValues: what a request writes for the parameters of a filter.

The guide: "enter the value in quotation marks; separate several values by commas". Words without quotation marks are
accepted as well, because many applications send them.
"""

import re
from collections.abc import Mapping

from tastemaker.filters.grammar import PARAMETER_CHARS_MAX, unquoted
from tastemaker.filters.tree import FilterError

VALUES_MAX = 25
VALUE_CHARS_MAX = 1000
KEY = re.compile(r"[A-Za-z0-9_]+")
# One literal and the comma after it: in double quotes, in single quotes up to a comma, or bare.
LITERAL = re.compile(
    r"""\s*(?:("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'(?=\s*(?:,|$)))|([^\s",][^,]*?))\s*(?:,|$)""", re.DOTALL
)
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")


def parameters(values: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """The literals of each parameter. A parameter with an empty text is left out: it has no value.

    Raises FilterError for names and lengths beyond the limits, and for quotation marks that are not closed.
    """
    if len(values) > VALUES_MAX:
        raise FilterError(f"filterValues has {len(values)} entries; at most {VALUES_MAX} are allowed.")
    for name, text in values.items():
        if len(name) > PARAMETER_CHARS_MAX or not KEY.fullmatch(name):
            raise FilterError(
                f"filterValues has the key {name[:60]!r}. Write the parameter's name without $: at most "
                f"{PARAMETER_CHARS_MAX} letters, digits and underscores."
            )
        if len(text) > VALUE_CHARS_MAX:
            raise FilterError(
                f"The value of {name} in filterValues has {len(text)} characters; at most {VALUE_CHARS_MAX}."
            )
    return {name: _literals(name, text) for name, text in values.items() if text.strip()}


def number(name: str, literal: str) -> float:
    """The number that a literal is; raises FilterError if it is none."""
    if not NUMBER.fullmatch(literal.strip()):
        raise FilterError(f"The value of {name} in filterValues is {literal[:60]!r}, where the filter needs a number.")
    return float(literal)


def truth(name: str, literal: str) -> bool:
    """The truth that a literal is; raises FilterError if it is none."""
    if literal.strip().lower() not in ("true", "false"):
        raise FilterError(
            f"The value of {name} in filterValues is {literal[:60]!r}, where the filter needs true or false."
        )
    return literal.strip().lower() == "true"


def _literals(name: str, text: str) -> tuple[str, ...]:
    found, place = [], 0
    while place < len(text):
        match = LITERAL.match(text, place)
        if match is None:
            raise FilterError(
                f"The value of {name} in filterValues cannot be read from character {place + 1} on: "
                f'{text[place : place + 40]!r}. Write literals in double quotes, separated by commas: "Drama","Crime".'
            )
        found.append(unquoted(match[1]) if match[1] else match[2])
        place = match.end()
    return tuple(found)
