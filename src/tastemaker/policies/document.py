"""A policy document, from its text: statements that can all be evaluated, or an error that says where and why not.

Source: the IAM User Guide, "IAM JSON policy elements reference".
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

SERVICE = "personalize.amazonaws.com"
VERSIONS = ("2012-10-17", "2008-10-17")
OPERATORS = ("StringEquals", "StringEqualsIfExists", "StringLike", "ArnEquals", "ArnLike")
SOURCE_ACCOUNT, SOURCE_ARN = "aws:SourceAccount", "aws:SourceArn"
KEYS = {key.lower(): key for key in (SOURCE_ACCOUNT, SOURCE_ARN)}  # the names of keys are case-insensitive
PRINCIPALS = ("Service", "AWS", "Federated", "CanonicalUser")
ACTION = re.compile(r"\*|([a-z0-9*?-]+):[a-z0-9*?]+", re.IGNORECASE)


class PolicyError(Exception):
    """The text is no policy, or none that can be evaluated here. document: its JSON, if it is an object."""

    def __init__(self, message: str, document: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.document = document


@dataclass(frozen=True)
class Rules:
    """What a policy is of, and what differs between the two kinds."""

    of: str  # for messages: "bucket films"
    service: str  # its actions begin with this
    arn: str | None  # of the bucket; None: a trust policy, which has no Resource
    bytes_max: int


def bucket_rules(bucket: str) -> Rules:
    """ "Bucket policies are limited to 20 KB in size." (Amazon S3 User Guide, Bucket policies)"""
    return Rules(f"bucket {bucket}", "s3", f"arn:aws:s3:::{bucket}", 20 * 1024)


def role_rules(name: str) -> Rules:
    """2,048 characters are the quota of a trust policy; this is beyond what it can be raised to."""
    return Rules(f"role {name}", "sts", None, 10 * 1024)


@dataclass(frozen=True)
class Condition:
    """One operator on one key: met if any of the values fits."""

    operator: str
    key: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Statement:
    """One statement; `place` counts from 0."""

    place: int
    sid: str
    allows: bool
    services: tuple[str, ...]
    everyone: bool
    actions: tuple[str, ...]
    but_actions: bool  # it is about all actions but these
    resources: tuple[str, ...]
    but_resources: bool
    conditions: tuple[Condition, ...]

    @property
    def name(self) -> str:
        """How messages name it."""
        return f"statement {self.place + 1}" + (f" ({self.sid})" if self.sid else "")


@dataclass(frozen=True)
class Policy:
    """A document that was understood. document: its JSON, as it was given."""

    rules: Rules
    document: dict[str, Any]
    statements: tuple[Statement, ...]


def parse(data: bytes, rules: Rules) -> Policy:
    """The policy in a file. Raises PolicyError with the place of what is wrong."""
    if len(data) > rules.bytes_max:
        raise PolicyError(f"it is longer than {rules.bytes_max:,} bytes: shorten it.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PolicyError(f"byte {error.start + 1} is no UTF-8: save it as UTF-8.") from None
    try:
        document = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise PolicyError(f"it is no JSON: {error.msg} in line {error.lineno}, column {error.colno}.") from None
    except (RecursionError, ValueError):
        raise PolicyError("it is nested too deeply, or has a number that is too long.") from None
    if not isinstance(document, dict):
        raise PolicyError('it is no JSON object: it must begin with {"Version": "2012-10-17", "Statement": ...')
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise PolicyError("it has half a character: an escape like \\ud800 without its other half.") from None
    return understood(document, rules)


def understood(document: dict[str, Any], rules: Rules) -> Policy:
    """The policy that a JSON object is. Raises PolicyError."""
    try:
        _known(document, "", ("Version", "Id", "Statement"))
        if "Version" in document and document["Version"] not in VERSIONS:
            raise _wrong("Version", f"it is {document['Version']!r}: give {VERSIONS[0]!r}.")
        if "Id" in document:
            _string(document["Id"], "Id")
        if "Statement" not in document:
            raise _wrong("Statement", "it is missing.")
        listed = _listed(document["Statement"], "Statement")
        statements = [_statement(each, place, rules) for place, each in enumerate(listed)]
    except PolicyError as error:
        raise PolicyError(str(error), document) from None
    return Policy(rules, document, tuple(statements))


def _statement(value: Any, place: int, rules: Rules) -> Statement:
    at = f"Statement[{place}]"
    if not isinstance(value, dict):
        raise _wrong(at, "it is no JSON object.")
    if "NotPrincipal" in value:
        raise _wrong(
            f"{at}.NotPrincipal", "this server does not evaluate it: name the principals that are meant in Principal."
        )
    resource = () if rules.arn is None else ("Resource", "NotResource")
    _known(value, at, ("Sid", "Effect", "Principal", "Action", "NotAction", *resource, "Condition"))
    if value.get("Effect", "") not in ("Allow", "Deny"):
        raise _wrong(f"{at}.Effect", "it must be Allow or Deny." if "Effect" in value else "it is missing.")
    services, everyone = _principal(value, at)
    actions, but_actions = _one_of("Action", value, at)
    for number, action in enumerate(actions):
        _check_action(action, f"{at}.{'Not' * but_actions}Action[{number}]", rules)
    resources, but_resources = _one_of("Resource", value, at) if resource else ((), False)
    for number, pattern in enumerate(resources):
        _check_resource(pattern, f"{at}.{'Not' * but_resources}Resource[{number}]", rules)
    return Statement(
        place,
        _string(value.get("Sid", ""), f"{at}.Sid"),
        value["Effect"] == "Allow",
        services,
        everyone,
        actions,
        but_actions,
        resources,
        but_resources,
        tuple(_conditions(value.get("Condition", {}), f"{at}.Condition")),
    )


def _principal(statement: dict[str, Any], at: str) -> tuple[tuple[str, ...], bool]:
    """The services that it names, and whether it names everyone."""
    at += ".Principal"
    if "Principal" not in statement:
        raise _wrong(at, f'it is missing: give {{"Service": "{SERVICE}"}}.')
    value = statement["Principal"]
    if value == "*":
        return (), True
    if not isinstance(value, dict) or not value:
        raise _wrong(at, f'give {{"Service": "{SERVICE}"}}, or "*" for everyone.')
    _known(value, at, PRINCIPALS)
    named = {kind: _strings(given, f"{at}.{kind}") for kind, given in value.items()}
    # The user guide: "Principal": "*" and "Principal": {"AWS": "*"} are equivalent.
    return named.get("Service", ()), "*" in named.get("AWS", ())


def _one_of(name: str, statement: dict[str, Any], at: str) -> tuple[tuple[str, ...], bool]:
    """The strings of an element or of its negation, and whether it is the negation."""
    but = f"Not{name}" in statement
    if but and name in statement:
        raise _wrong(f"{at}.Not{name}", f"{name} is there, too: remove one.")
    if not but and name not in statement:
        raise _wrong(f"{at}.{name}", "it is missing.")
    element = f"Not{name}" if but else name
    return _strings(statement[element], f"{at}.{element}"), but


def _check_action(action: str, at: str, rules: Rules) -> None:
    found = ACTION.fullmatch(action)
    if found is None:
        raise _wrong(at, f"{action!r} is no action: write it like {rules.service}:{_example(rules)}.")
    prefix = (found[1] or "*").lower()
    if "*" not in prefix and "?" not in prefix and prefix != rules.service:
        raise _wrong(at, f"{action!r} is no action on a {rules.of.split()[0]}: those begin with {rules.service}:.")


def _example(rules: Rules) -> str:
    return "GetObject" if rules.arn else "AssumeRole"


def _check_resource(pattern: str, at: str, rules: Rules) -> None:
    """S3 refuses a policy that is about other buckets; a name left as it was in an example is the usual case."""
    assert rules.arn is not None
    fixed = re.split(r"[*?]", pattern, maxsplit=1)[0]
    own = fixed == rules.arn or fixed.startswith(rules.arn + "/")
    if not own and not (fixed != pattern and rules.arn.startswith(fixed)):
        raise _wrong(
            at, f"{pattern!r} is not in {rules.of}: write {rules.arn} for the bucket, {rules.arn}/* for all in it."
        )


def _conditions(value: Any, at: str) -> list[Condition]:
    found = []
    for operator, keys in _object(value, at).items():
        if operator not in OPERATORS:
            raise _wrong(f"{at}.{operator}", f"this server evaluates only {', '.join(OPERATORS)}.")
        for key, values in _object(keys, f"{at}.{operator}").items():
            if key.lower() not in KEYS:
                only = " and ".join(KEYS.values())
                raise _wrong(f"{at}.{operator}.{key}", f"this server evaluates only conditions on {only}.")
            found.append(Condition(operator, KEYS[key.lower()], _strings(values, f"{at}.{operator}.{key}")))
    return found


def _object(value: Any, at: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(at, "it is no JSON object.")
    return value


def _listed(value: Any, at: str) -> Sequence[Any]:
    """The members of a list; one value stands for a list of one."""
    found = value if isinstance(value, list) else [value]
    if not found:
        raise _wrong(at, "it is an empty list.")
    return found


def _strings(value: Any, at: str) -> tuple[str, ...]:
    several = isinstance(value, list)
    return tuple(_string(each, f"{at}[{place}]" if several else at) for place, each in enumerate(_listed(value, at)))


def _string(value: Any, at: str) -> str:
    if not isinstance(value, str):
        raise _wrong(at, f"{json.dumps(value)[:50]} is no string: write it in quotation marks.")
    if "${" in value:
        raise _wrong(at, f"this server does not evaluate policy variables: write out {value!r}.")
    return value


def _known(value: dict[str, Any], at: str, names: Sequence[str]) -> None:
    for name in value:
        if name not in names:
            raise _wrong(f"{at}.{name}".lstrip("."), f"there is no such element here: use {', '.join(names)}.")


def _wrong(at: str, problem: str) -> PolicyError:
    return PolicyError(f"{at}: {problem}")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise PolicyError(f"an object has the element {twice!r} twice: put both into one, or in two statements.")
    return found


def _no_constant(name: str) -> None:
    raise PolicyError(f"it is no JSON: {name}.")
