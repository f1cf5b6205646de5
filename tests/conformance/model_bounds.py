"""What the service models bound: every member of every input, at its bounds and beyond them, as cases.

A case changes one place of a valid request. Argument checks come before existence checks (4.3), so a request at a bound
that names a resource which does not exist is told of the resource alone, and nothing is made.
"""

import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any

from conformance.case import BOUNDARY, EXCEPTION, Body, Case, model_of, shapes_of
from conformance.valid import VALID

Path = tuple[str | int, ...]
Shape = Mapping[str, Any]

# The wrong JSON for each type; whatever else a client sends, none of these is meant.
WRONG: dict[str, tuple[Any, ...]] = {
    "string": (7, True, {}, ["x"]),
    "integer": ("7", 7.5, True, [], 1 << 40),
    "boolean": ("true", 1, []),
    "double": ("1.5", True, {}),
    "float": ("1.5", True, {}),
    "timestamp": ("yesterday", True, [], {}, 1_700_000_000_000),
    "list": ("x", {}, 7),
    "map": ("x", [], 7),
    "structure": ("x", [], 7),
    "jsonvalue": ("x", "[]", "{", "7"),
}
WORDS = {
    "string": "a string",
    "integer": "an integer",
    "boolean": "a boolean",
    "double": "a number",
    "float": "a number",
    "timestamp": "a time in seconds",
    "list": "a list",
    "map": "an object",
    "structure": "an object",
    "jsonvalue": "a string that contains a JSON object",
}

# For each pattern of the models: a text that grows to any length, as what comes before and what is repeated.
GROWING = (
    (r"personalize:.*:.*:.+", "arn:aws:personalize:::recipe/", "a"),
    (":iam::", "arn:aws:iam::000000000000:role/", "a"),
    (":kms:", "arn:aws:kms:eu-west-1:000000000000:key/", "a"),
    ("(s3|http|https)://", "s3://bucket/", "a"),
    (r"rate\(", "rate(", "0"),
)
AGAINST = ("no match!", "é", "-", " ")

# Members that cannot be given together with others of the valid request.
INSTEAD_OF = {"recommenderArn": "campaignArn"}  # of GetRecommendations
# And members that are given with others alone.
TOGETHER: dict[str, Body] = {"themeGenerationConfig": {"batchInferenceJobMode": "THEME_GENERATION"}}
OWN_CASES = ("tags", "tagKeys", "nextToken", "datasetType", "filterExpression")
MADE = ("CreateSchema", "CreateDatasetGroup")  # have no parent, so at a bound they would be made


def places(operation: str) -> Iterator[tuple[Path, Shape, bool]]:
    """Every place of the operation's input: its path (0: the entries of a list), its shape, whether it is required."""
    shapes = shapes_of(operation)

    def below(name: str, path: Path) -> Iterator[tuple[Path, Shape, bool]]:
        shape = shapes[name]
        if shape["type"] == "structure":
            for member, ref in shape["members"].items():
                found = {**shapes[ref["shape"]], **({"type": "jsonvalue"} if ref.get("jsonvalue") else {})}
                yield (*path, member), found, member in shape.get("required", [])
                yield from below(ref["shape"], (*path, member))
        elif shape["type"] == "list":
            yield (*path, 0), shapes[shape["member"]["shape"]], False
            yield from below(shape["member"]["shape"], (*path, 0))
        elif shape["type"] == "map":
            key = sample(shapes[shape["key"]["shape"]], shapes)
            yield (*path, key), shapes[shape["value"]["shape"]], False
            yield from below(shape["value"]["shape"], (*path, key))

    return below(model_of(operation)["input"]["shape"], ())


def sample(shape: Shape, shapes: Mapping[str, Shape]) -> Any:
    """A value that the shape allows; of a structure the required members alone."""
    kind = shape["type"]
    if kind == "structure":
        return {name: sample(shapes[shape["members"][name]["shape"]], shapes) for name in shape.get("required", [])}
    if kind == "list":
        return [sample(shapes[shape["member"]["shape"]], shapes)]
    if kind == "map":
        return {sample(shapes[shape["key"]["shape"]], shapes): sample(shapes[shape["value"]["shape"]], shapes)}
    if kind == "string":
        return shape["enum"][0] if "enum" in shape else text(shape, max(shape.get("min", 0), 1))
    return {"boolean": False, "timestamp": 1_700_000_000, "jsonvalue": "{}"}.get(kind, max(shape.get("min", 1), 1))


def text(shape: Shape, length: int) -> str:
    """A text that the pattern of the shape allows, as long as that, or as short as the pattern lets it be."""
    pattern = shape.get("pattern", "")
    for mark, begin, filler in GROWING:
        if mark in pattern:
            end = "1 days)" if mark == r"rate\(" else ""
            return begin + filler * max(1, length - len(begin + end)) + end
    return "a" * length


def unmatched(shape: Shape) -> str | None:
    """A text of allowed length that the whole pattern does not match."""
    pattern = shape["pattern"].replace(r"\p{ASCII}", r"[\x00-\x7f]")
    pattern = pattern.replace(r"\p{L}", r"\w").replace(r"\p{Z}", " ").replace(r"\p{N}", "")
    return next((each for each in AGAINST if not re.fullmatch(pattern, each)), None)


def with_place(operation: str, path: Path, value: Any = ...) -> Body:
    """The valid request with that value at the path; `...` is what the shape allows, ABSENT takes the place away."""
    request = copy.deepcopy(VALID[operation])
    request.pop(INSTEAD_OF.get(str(path[0]), ""), None)
    request |= TOGETHER.get(str(path[0]), {})
    shapes = shapes_of(operation)
    shape: Shape = shapes[model_of(operation)["input"]["shape"]]
    at: Any = request
    for place, step in enumerate(path):
        ref = shape["members"][step] if shape["type"] == "structure" else shape.get("member") or shape["value"]
        shape = {**shapes[ref["shape"]], **({"type": "jsonvalue"} if ref.get("jsonvalue") else {})}
        is_last = place == len(path) - 1
        if is_last and value is not ...:
            at[step] = value
        elif isinstance(at, list):
            if not at:
                at.append(sample(shape, shapes))
        elif step not in at:
            at[step] = sample(shape, shapes)
        at = at[step]
    return request


def without_place(operation: str, path: Path) -> Body:
    """The valid request without that place."""
    request = with_place(operation, path)
    at: Any = request
    for step in path[:-1]:
        at = at[step]
    del at[path[-1]]
    return request


def longer(shape: Shape, length: int, now: Any) -> Any:
    """A string, list or map of exactly that length. now: what is at the place, whose first entry a list repeats."""
    if shape["type"] == "jsonvalue":
        return '{"a": "' + "x" * (length - 9) + '"}'
    if shape["type"] == "string":
        return text(shape, length)
    if shape["type"] == "list":
        return [now[0]] * length
    (value,) = list(now.values())[:1]
    return {"k" + "a" * place: value for place in range(length)}


def at(request: Any, path: Path) -> Any:
    """What is at the path."""
    for step in path:
        request = request[step]
    return request


def written(path: Path) -> str:
    """The path as a sentence names it: eventList[].itemId."""
    found = ""
    for step in path:
        found += "[]" if step == 0 else f".{step}" if found else str(step)
    return found


def beyond() -> list[Case]:
    """Cases of requests that the service model does not allow; `more`: the path of the member, the requests."""
    return [each for operation in VALID for each in _beyond(operation)]


def _beyond(operation: str) -> Iterator[Case]:
    def case(path: Path, says: str, *requests: Body, kind: str = BOUNDARY) -> Case:
        sentence = f"{written(path)} {says}"
        return Case(operation, "7", sentence, kind, error="InvalidInputException", more=(path, requests))

    for path, shape, is_required in places(operation):
        kind, now = shape["type"], at(with_place(operation, path), path)
        if is_required:
            null = with_place(operation, path, None)
            yield case(path, "is required", without_place(operation, path), null, kind=EXCEPTION)
        wrong = [with_place(operation, path, value) for value in WRONG[kind]]
        yield case(path, f"is {WORDS[kind]}", *wrong, kind=EXCEPTION)
        low, high = shape.get("min"), shape.get("max")
        if kind in ("string", "list", "map", "jsonvalue"):
            unit = {"list": "entries", "map": "entries"}.get(kind, "characters")
            if high is not None:
                over = with_place(operation, path, longer(shape, high + 1, now))
                yield case(path, f"has at most {high} {unit}", over)
            if low:
                under = with_place(operation, path, {"list": [], "map": {}}.get(kind, ""))
                yield case(path, f"has at least {low} {unit}", under)
        elif kind in ("integer", "double", "float"):
            if high is not None:
                yield case(path, f"is at most {high}", with_place(operation, path, high + 1))
            if low is not None:
                yield case(path, f"is at least {low}", with_place(operation, path, low - 1))
        if "enum" in shape:
            other = with_place(operation, path, "NO_SUCH_VALUE")
            yield case(path, f"is one of {', '.join(shape['enum'])}", other)
        elif "pattern" in shape and (value := unmatched(shape)) is not None:
            yield case(path, "matches its pattern as a whole", with_place(operation, path, value))
        if kind == "map":
            yield from _keys(operation, path, shape, case)


def _keys(operation: str, path: Path, shape: Shape, case: Any) -> Iterator[Case]:
    shapes = shapes_of(operation)
    key, value = shapes[shape["key"]["shape"]], sample(shapes[shape["value"]["shape"]], shapes)
    if key.get("max"):
        over = with_place(operation, path, {"a" * (key["max"] + 1): value})
        yield case(path, f"has keys of at most {key['max']} characters", over)
    if "enum" in key:
        yield case(path, f"has the keys {', '.join(key['enum'])}", with_place(operation, path, {"NO_SUCH_KEY": value}))
    elif "pattern" in key:
        yield case(path, "has keys that match their pattern", with_place(operation, path, {"no match!": value}))


def at_the_bound() -> list[Case]:
    """Cases of requests that are just allowed: their answer is about something else, or is none of these exceptions."""
    return [each for operation in VALID if operation not in MADE for each in _at_the_bound(operation)]


def _at_the_bound(operation: str) -> Iterator[Case]:
    shapes = shapes_of(operation)
    for path, shape, _ in places(operation):
        kind, now = shape["type"], at(with_place(operation, path), path)
        low, high = shape.get("min"), shape.get("max")
        bounds: dict[str, Any] = {}
        if kind in ("string", "list", "map", "jsonvalue") and high is not None and "enum" not in shape:
            if not (kind == "map" and "enum" in shapes[shape["key"]["shape"]]):
                unit = "entries" if kind in ("list", "map") else "characters"
                bounds[f"may have {high} {unit}"] = longer(shape, high, now)
        elif kind in ("integer", "double", "float"):
            bounds = {f"may be {bound}": bound for bound in (low, high) if bound is not None}
        for value in shape.get("enum", ()):
            bounds[f"may be {value}"] = value
        for says, value in bounds.items():
            # 50 tags are the most (4.5), a token is one that was given, 0 results and AUTOTRAIN are refused, and a text
            # of any type or expression is none: cases of their own.
            if (path[-1] in OWN_CASES) or value in (0, "AUTOTRAIN"):
                continue
            request = with_place(operation, path, value)
            yield Case(operation, "7", f"{written(path)} {says}", BOUNDARY, more=(path, request))
