"""A reply as it came over the wire, held against the service model as botocore reads it.

Nothing here is shared with the server, whose renderer reads the same model with code of its own: a mistake in the one
is not repeated by the other. To look at what botocore parsed is not enough: it passes over members that the model
lacks.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

CONTENT_TYPES = {"json": "application/x-amz-json-{}", "rest-json": "application/json"}  # by protocol
REQUEST_ID = "x-amzn-requestid"
ERROR_STATUS = 400  # of errors for which the model names no other
# "Common Errors" of the service: every operation may answer with them, none declares them.
COMMON_ERRORS = frozenset(
    {
        *("AccessDeniedException", "ExpiredTokenException", "IncompleteSignature", "IncompleteSignatureException"),
        *("InternalFailure", "InvalidClientTokenId", "InvalidSignatureException", "MissingAuthenticationToken"),
        *("OptInRequired", "RequestExpired", "ServiceUnavailable", "SignatureDoesNotMatch", "ThrottlingException"),
        *("UnrecognizedClientException", "ValidationError", "ValidationException"),
    }
)
# The model says of hardly any member of a reply that it must be there. Of these the documentation shows each time that
# Describe and List have them; those are asked for that the shape has.
ALWAYS = ("name", "jobName", "status", "creationDateTime", "lastUpdatedDateTime")
# Where the model contradicts what the service is documented, or was seen, to answer: these patterns are not held.
CONTRADICTED = frozenset(
    {
        ("SolutionVersion", "name"),  # <solution>/<id> where nobody named it, and the pattern has no slash
        (
            "DatasetImportJob",
            "roleArn",
        ),  # the role of the request, and the pattern is that of a resource of Personalize
        ("DatasetExportJob", "roleArn"),
    }
)
TIME_S = (0.0, 1e11)  # to the year 5138: what is beyond was given in milliseconds
SHOWN_MAX = 80  # characters of a value that a finding repeats


@dataclass(frozen=True)
class Finding:
    """What is wrong with a reply. path: of the member, empty for the reply as a whole."""

    path: str
    expected: str
    came: str


@dataclass(frozen=True)
class Reply:
    """A reply before anybody parsed it; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def findings(operation: Any, reply: Reply, location: str = "") -> list[Finding]:
    """All that is wrong with a reply. operation: botocore's model of it.

    location: where the data are, which the walk chose; a reply may repeat what lies there whatever its pattern says.
    """
    found = list(_envelope(operation.service_model, reply))
    try:
        body = json.loads(reply.body) if reply.body else {}
    except ValueError:
        return [*found, Finding("", "a JSON body", shown(reply.body.decode(errors="replace")))]
    if not isinstance(body, dict):
        return [*found, Finding("", "a JSON object", shown(body))]
    if reply.status >= 300:
        found += _error(operation, reply, body)
    elif operation.output_shape is None:
        found += [Finding(name, "no member: this operation answers nothing", shown(body[name])) for name in body]
    else:
        _Checker(location, found).value(operation.output_shape, body, "")
        found += _always(operation, body)
    return found


def shown(value: Any, length_max: int = SHOWN_MAX) -> str:
    """A value in a finding."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= length_max else f"{text[:length_max]}..."


def _envelope(service: Any, reply: Reply) -> Iterator[Finding]:
    """What is wrong around the body."""
    if reply.status < 300 and reply.status != 200:
        yield Finding("HTTP status", "200", str(reply.status))
    wanted = CONTENT_TYPES[service.metadata["protocol"]].format(service.metadata["jsonVersion"])
    came = reply.headers.get("content-type", "")
    # A reply without a body needs to say nothing of its type.
    if came.partition(";")[0].strip() != wanted and (came or reply.body):
        yield Finding("content-type", wanted, came or "none")
    if not reply.headers.get(REQUEST_ID):
        yield Finding(REQUEST_ID, "the id of the request", "none")


def _error(operation: Any, reply: Reply, body: Mapping[str, Any]) -> Iterator[Finding]:
    """What is wrong with a refusal: its name, its message, and the status under which it came."""
    is_rest = operation.service_model.metadata["protocol"] == "rest-json"
    header = reply.headers.get("x-amzn-errortype", "")
    written = header if is_rest and header else body.get("__type")
    if not isinstance(written, str) or not written:
        yield Finding("__type", "the name of the error", shown(written) if written is not None else "none")
        return
    name = written.partition(":")[0].rpartition("#")[2]  # with its namespace, or with an address, in older replies
    modelled = {shape.name: shape for shape in operation.error_shapes}
    if name in modelled:
        status = modelled[name].metadata.get("error", {}).get("httpStatusCode", ERROR_STATUS)
        if reply.status != status:
            yield Finding("HTTP status", f"{status} for {name}", str(reply.status))
    elif name not in COMMON_ERRORS:
        yield Finding("__type", f"one of {', '.join(sorted(modelled))}", name)
    message = body.get("message", body.get("Message"))
    if not isinstance(message, str) or not message:
        yield Finding("message", "a text that says what was wrong", shown(message) if message is not None else "none")


class _Checker:
    """Walks a shape and a value side by side. found: gets what is wrong."""

    def __init__(self, location: str, found: list[Finding]) -> None:
        self._location, self._found = location, found

    def value(self, shape: Any, value: Any, path: str, has_pattern: bool = True) -> None:
        """Hold a value against its shape. has_pattern: whether its pattern counts."""
        kind = shape.type_name
        if not _IS[kind](value):
            self._say(path, _KINDS.get(kind, f"a {kind}"), value)
        elif kind == "structure":
            self._structure(shape, value, path)
        elif kind in ("list", "map"):
            self._bounds(shape, len(value), value, path, "entries")
            below = value.items() if kind == "map" else enumerate(value)
            for key, each in below:
                self.value(shape.value if kind == "map" else shape.member, each, f"{path}[{key}]")
        elif kind == "string":
            self._string(shape, value, path, has_pattern)
        elif kind in ("integer", "long", "float", "double"):
            self._bounds(shape, value, value, path, "")

    def _structure(self, shape: Any, value: Mapping[str, Any], path: str) -> None:
        below = f"{path}." if path else ""
        for name in shape.required_members:
            if value.get(name) is None:
                self._found.append(Finding(below + name, "a member that the model requires", "none"))
        for name, each in value.items():
            if name not in shape.members:
                self._say(below + name, f"no member of this name: {shape.name} has none", each)
            elif each is not None:  # null is absent, to every client
                self.value(shape.members[name], each, below + name, (shape.name, name) not in CONTRADICTED)

    def _string(self, shape: Any, value: str, path: str, has_pattern: bool) -> None:
        self._bounds(shape, len(value), value, path, "characters")
        if shape.enum and value not in shape.enum:
            self._say(path, f"one of {', '.join(shape.enum)}", value)
        pattern = shape.metadata.get("pattern")
        is_ours = self._location and value.startswith(self._location)
        if pattern and has_pattern and not is_ours and not _compiled(pattern).fullmatch(value):
            self._say(path, f"a text that matches {pattern}", value)

    def _bounds(self, shape: Any, size: float, value: Any, path: str, of: str) -> None:
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        if low is not None and size < low:
            self._say(path, f"{low} {of} or more".replace("  ", " "), value)
        if high is not None and size > high:
            self._say(path, f"{high} {of} or fewer".replace("  ", " "), value)

    def _say(self, path: str, expected: str, came: Any) -> None:
        self._found.append(Finding(path, expected, shown(came)))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(bits: int) -> Callable[[Any], bool]:
    def check(value: Any) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and -(1 << bits - 1) <= value < 1 << bits - 1

    return check


# What JSON has for each type of the model.
_IS: Mapping[str, Callable[[Any], bool]] = {
    "structure": lambda value: isinstance(value, dict),
    "map": lambda value: isinstance(value, dict),
    "list": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": _is_whole(32),
    "long": _is_whole(64),
    "float": _is_number,
    "double": _is_number,
    "timestamp": lambda value: _is_number(value) and TIME_S[0] < value < TIME_S[1],
}
_KINDS = {
    "structure": "a JSON object",
    "map": "a JSON object",
    "list": "a JSON list",
    "string": "a JSON text",
    "boolean": "true or false",
    "integer": "a whole number of 32 bits",
    "long": "a whole number of 64 bits",
    "float": "a number",
    "double": "a number",
    "timestamp": "seconds since 1970, as a number",
}


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of the model, which is written as Java does it."""
    spaces = r" \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
    python = pattern.replace(r"\p{ASCII}", r"[\x00-\x7f]").replace(r"\p{L}", r"\w")
    return re.compile(python.replace(r"\p{N}", "").replace(r"\p{Z}", spaces))


def _always(operation: Any, body: Mapping[str, Any]) -> Iterator[Finding]:
    """The members that Describe and List lack although the documentation has them in every example."""
    verb = next((verb for verb in ("Describe", "List") if operation.name.startswith(verb)), "")
    if not verb:
        return
    what = operation.name.removeprefix(verb).removesuffix("s" if verb == "List" else "")
    arn = f"{what[0].lower()}{what[1:]}Arn"
    for name, shape in operation.output_shape.members.items():
        is_list = shape.type_name == "list"
        described = shape.member if is_list else shape
        if described.type_name != "structure" or arn not in described.members:
            continue
        if body.get(name) is None:
            yield Finding(name, f"what {operation.name} is asked for", "none")
            continue
        values = body[name] if is_list else [body[name]]
        for place, value in enumerate(values if isinstance(values, list) else []):
            at = f"{name}[{place}]" if is_list else name
            wanted = [member for member in (arn, *ALWAYS) if member in described.members]
            lacking = [member for member in wanted if isinstance(value, dict) and value.get(member) is None]
            yield from (Finding(f"{at}.{member}", "a member that is always shown", "none") for member in lacking)
