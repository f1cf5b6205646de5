"""What the file says of a resource, held against what Describe shows. What the file does not say is left as it is."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tastemaker.cli.declared.steps import Ref, Request

SHOWN_CHARS = 80
# No comparison: the first three found the resource, and tags are shown apart.
BY_WHICH_IT_WAS_FOUND = ("name", "jobName", "datasetGroupArn", "tags")
IN_PLACE = {
    "campaign": ("solutionVersionArn", "minProvisionedTPS", "campaignConfig"),
    "recommender": ("recommenderConfig",),
    "solution": (
        "performAutoTraining",
        "performIncrementalUpdate",
        "solutionConfig.autoTrainingConfig",
        "solutionConfig.eventsConfig",
    ),
}


@dataclass(frozen=True)
class Difference:
    """A member that is not as the file says. place: with dots."""

    place: str
    there: Any
    wanted: Any

    def __str__(self) -> str:
        return f"{self.place.rpartition('.')[2]} {_shown(self.there)} → {_shown(self.wanted)}"


def differences(wanted: Any, there: Any, place: str = "") -> list[Difference]:
    """What is said and is not so, member by member."""
    if isinstance(wanted, Mapping):
        members = there if isinstance(there, Mapping) else {}
        found = [
            differences(value, members.get(name), f"{place}.{name}" if place else name)
            for name, value in wanted.items()
            if place or name not in BY_WHICH_IT_WAS_FOUND
        ]
    elif isinstance(wanted, list) and isinstance(there, list) and len(wanted) == len(there):
        found = [differences(*pair, place) for pair in zip(wanted, there, strict=True)]
    else:
        found = [] if _is_same(wanted, there, place) else [[Difference(place, there, wanted)]]
    return [each for group in found for each in group]


def is_in_place(kind: str, difference: Difference) -> bool:
    """Whether an Update operation can make it so."""
    return any(f"{difference.place}.".startswith(f"{member}.") for member in IN_PLACE.get(kind, ()))


def update(kind: str, request: Request, there: Mapping[str, Any], found: Sequence[Difference]) -> dict[str, Any]:
    """The request that makes differences go, without its ARN.

    A structure replaces the old one as a whole, so what it has and the file does not say goes along.
    """
    members = {each.place.partition(".")[0] for each in found}
    if any(each.place.endswith(".syncWithLatestSolutionVersion") for each in found):
        members.add("solutionVersionArn")  # following begins with $LATEST, and ends with one version
    told = {name: merged(there.get(name), request[name]) for name in members}
    if kind == "solution" and "solutionConfig" in told:
        parts = {each.place.split(".")[1] for each in found if each.place.startswith("solutionConfig.")}
        told["solutionUpdateConfig"] = {name: told["solutionConfig"][name] for name in parts}
        del told["solutionConfig"]
    return told


def merged(there: Any, wanted: Any) -> Any:
    if not (isinstance(there, Mapping) and isinstance(wanted, Mapping)):
        return wanted
    return {**there, **{name: merged(there.get(name), value) for name, value in wanted.items()}}


def _is_same(wanted: Any, there: Any, place: str) -> bool:
    if isinstance(wanted, Ref):
        return False  # what it refers to is only made now
    if wanted is False and there is None:
        return True
    if not (isinstance(wanted, str) and isinstance(there, str)):
        return bool(wanted == there)
    if place == "filterExpression":
        return _words(wanted) == _words(there)
    if wanted.endswith("/$LATEST"):
        return there.startswith(wanted.removesuffix("$LATEST"))
    return wanted == there or (_number(wanted) is not None and _number(wanted) == _number(there))


def _words(expression: str) -> list[str]:
    """The expression without regard to blanks and line breaks outside of quotes."""
    return re.findall(r'"[^"]*"|[\w.$-]+|[^\s\w]', expression)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _shown(value: Any) -> str:
    if value is None:
        return "(none)"
    if isinstance(value, Ref):
        return "the new one"
    text = str(value).rpartition("/")[2] if str(value).startswith("arn:") else str(value)
    return text if len(text) <= SHOWN_CHARS else text[:SHOWN_CHARS] + "..."
