"""One line in, one line out: JSON objects, and what is written for a line that cannot be answered."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from tastemaker.errors import InvalidInputException

ID_CHARS_MAX = 256
SHOWN_CHARS_MAX = 60

Line = dict[str, Any]


class Answered(msgspec.Struct):
    """What is written for a line; the order of the members is that of the service."""

    input: Any
    output: Mapping[str, Any] | None = None
    error: str | None = None


class NoAnswer(ValueError):
    """This line cannot be answered; the message is written beside it, and the others go on."""


encode = msgspec.json.Encoder().encode


def read(text: bytes) -> Line:
    """The object that a line is. Raises NoAnswer."""
    try:
        line = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise NoAnswer(
            f'The line is not JSON: {problem}. Write one object a line, such as {{"userId": "1"}}.'
        ) from None
    if not isinstance(line, dict):
        raise NoAnswer('The line is not a JSON object. Write one object a line, such as {"userId": "1"}.')
    return line


def answer(text: bytes, output_of: Callable[[Line], Mapping[str, Any]]) -> Answered:
    """What is written for a line, whatever it is. output_of: raises NoAnswer or InvalidInputException."""
    line: Any = text.decode(errors="replace")
    try:
        line = read(text)
        return Answered(line, output_of(line))
    except NoAnswer as problem:
        return Answered(line, error=str(problem))
    except InvalidInputException as problem:
        return Answered(line, error=problem.message)


def id_of(line: Line, member: str) -> str:
    """An id that the line must have."""
    value = line.get(member)
    if not isinstance(value, str) or not 1 <= len(value) <= ID_CHARS_MAX:
        what = "is missing" if value is None else f"is {shown(value)}"
        raise NoAnswer(f"{member} {what}: give a string of 1 to {ID_CHARS_MAX} characters.")
    return value


def ids_of(line: Line, member: str, most: int) -> list[str]:
    """A list of ids that the line must have."""
    value = line.get(member)
    if not isinstance(value, list) or not 1 <= len(value) <= most:
        what = "is missing" if value is None else f"is {shown(value)}"
        raise NoAnswer(f"{member} {what}: give a list of 1 to {most} ids.")
    return [id_of({member: each}, member) for each in value]


def filter_values(line: Line) -> dict[str, str]:
    """The values of the filter's parameters, if the line has any."""
    values = line.get("filterValues")
    if values is None:
        return {}
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise NoAnswer(
            f'filterValues is {shown(values)}: give an object of strings, such as {{"GENRE": "\\"Drama\\""}}.'
        )
    return values


def shown(value: object) -> str:
    """A value for a message."""
    text = encode(value).decode()
    return text if len(text) <= SHOWN_CHARS_MAX else f"{text[:SHOWN_CHARS_MAX]}..."
