"""Requests held against the service model: every violation found, none of them by hand.

A shape of the model is compiled once into a closure; checking a request then costs microseconds. boto3 checks required
members, JSON types and minima only, so maxima, patterns and enums are met here for the first time.
"""

import re
import sys
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import msgspec

Json = Any
Check = Callable[[Json, str, list[str]], Json]
Shapes = Mapping[str, Mapping[str, Any]]

SECONDS_MAX = 1e11  # the year 5138: whatever is larger was given in milliseconds
DOUBLE_MAX = sys.float_info.max
INT32 = 1 << 31
SHOWN_MAX = 200  # characters of an offending value that an answer repeats

# What we allow beyond the service model: files of the server's own disk, where the settings permit them.
WIDER_PATTERNS = {"S3Location": r"((s3|http|https|file)://.+)|(/.+)"}


def compile_shape(name: str, shapes: Shapes) -> Check:
    """A check for the named shape: takes a value, its path, and the list to which violations are added."""
    compiled: dict[str, Check] = {}

    def of(ref: Mapping[str, Any]) -> Check:
        if ref.get("jsonvalue"):
            return _json_text(shapes[ref["shape"]])
        shape_name = ref["shape"]
        if shape_name not in compiled:
            compiled[shape_name] = _BUILDERS[shapes[shape_name]["type"]](shape_name, shapes[shape_name], of)
        return compiled[shape_name]

    return of({"shape": name})


def _violation(value: Json, path: str, constraint: str) -> str:
    shown = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    if len(shown) > SHOWN_MAX:
        shown = shown[:SHOWN_MAX] + "..."
    return f"Value '{shown}' at '{path}' failed to satisfy constraint: {constraint}"


def _structure(_: str, shape: Mapping[str, Any], of: Callable[[Mapping[str, Any]], Check]) -> Check:
    members = {name: of(ref) for name, ref in shape["members"].items()}
    required = shape.get("required", [])

    def check(value: Json, path: str, found: list[str]) -> Json:
        if not isinstance(value, dict):
            found.append(_violation(value, path or "request", "Member must be an object"))
            return {}
        below = path + "." if path else ""
        for name in required:
            if value.get(name) is None:
                found.append(_violation("null", below + name, "Member must not be null"))
        # Unknown members are passed over, as the service does; null means absent.
        return {
            name: members[name](given, below + name, found)
            for name, given in value.items()
            if given is not None and name in members
        }

    return check


def _list(_: str, shape: Mapping[str, Any], of: Callable[[Mapping[str, Any]], Check]) -> Check:
    member = of(shape["member"])
    low, high = shape.get("min"), shape.get("max")

    def check(value: Json, path: str, found: list[str]) -> Json:
        if not isinstance(value, list):
            found.append(_violation(value, path, "Member must be a list"))
            return []
        _length(value, len(value), path, low, high, found)
        if high is not None and len(value) > high:
            return []
        return [member(given, f"{path}.{place}.member", found) for place, given in enumerate(value, 1)]

    return check


def _map(_: str, shape: Mapping[str, Any], of: Callable[[Mapping[str, Any]], Check]) -> Check:
    key, member = of(shape["key"]), of(shape["value"])
    low, high = shape.get("min"), shape.get("max")

    def check(value: Json, path: str, found: list[str]) -> Json:
        if not isinstance(value, dict):
            found.append(_violation(value, path, "Member must be an object"))
            return {}
        _length(value, len(value), path, low, high, found)
        if high is not None and len(value) > high:
            return {}
        return {key(name, path, found): member(given, f"{path}.{name}", found) for name, given in value.items()}

    return check


def _length(value: Json, length: int, path: str, low: int | None, high: int | None, found: list[str]) -> None:
    if low is not None and length < low:
        found.append(_violation(value, path, f"Member must have length greater than or equal to {low}"))
    if high is not None and length > high:
        found.append(_violation(value, path, f"Member must have length less than or equal to {high}"))


def _string(name: str, shape: Mapping[str, Any], _: object) -> Check:
    low, high, enum = shape.get("min"), shape.get("max"), shape.get("enum")
    written = WIDER_PATTERNS.get(name) or shape.get("pattern")
    pattern = _pattern(written) if written else None

    def check(value: Json, path: str, found: list[str]) -> Json:
        if not isinstance(value, str):
            found.append(_violation(value, path, "Member must be a string"))
            return ""
        if (low is not None and len(value) < low) or (high is not None and len(value) > high):
            _length(value, len(value), path, low, high, found)
        elif enum is not None and value not in enum:
            found.append(_violation(value, path, f"Member must satisfy enum value set: [{', '.join(enum)}]"))
        # Only texts of bounded length meet a pattern, so no pattern can be made to run for long.
        elif pattern is not None and not pattern.fullmatch(value):
            found.append(_violation(value, path, f"Member must satisfy regular expression pattern: {written}"))
        return value

    return check


@cache
def _pattern(written: str) -> re.Pattern[str]:
    """The model writes Java's classes; patterns are matched against the whole value although few end in `$`."""
    spaces = r" \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
    python = written.replace(r"\p{ASCII}", r"[\x00-\x7f]").replace(r"\p{L}", r"\w")
    return re.compile(python.replace(r"\p{N}", "").replace(r"\p{Z}", spaces))


def _number(whole: bool) -> Callable[[str, Mapping[str, Any], object], Check]:
    def build(_: str, shape: Mapping[str, Any], __: object) -> Check:
        low, high = shape.get("min"), shape.get("max")

        def check(value: Json, path: str, found: list[str]) -> Json:
            if isinstance(value, bool) or not isinstance(value, int | float):
                found.append(_violation(value, path, f"Member must be {'an integer' if whole else 'a number'}"))
                return 0
            if not whole and abs(value) > DOUBLE_MAX:  # JSON has whole numbers of any length
                found.append(_violation(value, path, "Member must be a number of 64 bits"))
                return 0.0
            if whole and (value != int(value) or not -INT32 <= value < INT32):
                found.append(_violation(value, path, "Member must be an integer of 32 bits"))
                return 0
            if low is not None and value < low:
                found.append(_violation(value, path, f"Member must have value greater than or equal to {low}"))
            if high is not None and value > high:
                found.append(_violation(value, path, f"Member must have value less than or equal to {high}"))
            return int(value) if whole else float(value)

        return check

    return build


def _boolean(_: str, __: Mapping[str, Any], ___: object) -> Check:
    def check(value: Json, path: str, found: list[str]) -> Json:
        if not isinstance(value, bool):
            found.append(_violation(value, path, "Member must be true or false"))
            return False
        return value

    return check


def _timestamp(_: str, __: Mapping[str, Any], ___: object) -> Check:
    def check(value: Json, path: str, found: list[str]) -> Json:
        seconds = value
        if isinstance(value, str):
            try:
                seconds = float(value)
            except ValueError:
                seconds = None
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not abs(seconds) < SECONDS_MAX:
            found.append(_violation(value, path, "Member must be a time in seconds since 1970 (not milliseconds)"))
            return 0.0
        return float(seconds)

    return check


def _json_text(shape: Mapping[str, Any]) -> Check:
    """`properties` travels as a string that contains a JSON object; a bare object is accepted, too."""
    low, high = shape.get("min"), shape.get("max")

    def check(value: Json, path: str, found: list[str]) -> Json:
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        _length(text, len(text), path, low, high, found)
        if not isinstance(value, str):
            parsed = value
        else:
            try:
                parsed = msgspec.json.decode(value)
            except (msgspec.DecodeError, RecursionError, UnicodeError):
                parsed = None
        if not isinstance(parsed, dict):
            found.append(_violation(text, path, "Member must be a string that contains a JSON object"))
            return {}
        return parsed

    return check


_BUILDERS: dict[str, Callable[[str, Mapping[str, Any], Any], Check]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "boolean": _boolean,
    "integer": _number(whole=True),
    "long": _number(whole=True),
    "float": _number(whole=False),
    "double": _number(whole=False),
    "timestamp": _timestamp,
}
