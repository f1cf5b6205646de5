"""A case: one sentence of the specification, the operation it is about, and how it is tried.

Cases that differ by values only are rows of a table; a test takes the table with `@cases`. A case that needs code of
its own is a test with `@case`. Either way the case is in the test's id, and the outcome counts for its operation.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.loaders import Loader

Body = dict[str, Any]
Word = str | int | float | bool | None | list[Any] | Body

BEHAVIOUR, EXCEPTION, BOUNDARY = KINDS = ("behaviour", "exception", "boundary")
SERVICES = ("personalize", "personalize-runtime", "personalize-events")
MODELS: dict[str, Body] = {service: Loader().load_service_model(service, "service-2") for service in SERVICES}
SERVICE_OF = {name: service for service in SERVICES for name in MODELS[service]["operations"]}

ABSENT = object()  # among the changes to a request: without this member


@dataclass(frozen=True)
class Case:
    """A sentence and what checks it.

    changes: to the valid request; error: the expected exception, if any; more: what the test needs besides.
    differs: why this server is known to do otherwise. Such a case fails, is counted so, and must be run all the same.
    """

    operation: str
    section: str
    sentence: str
    kind: str = BEHAVIOUR
    changes: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
    more: Any = None
    differs: str = ""

    def __str__(self) -> str:
        return f'{self.operation} | {self.section} | "{self.sentence}"'


def cases(table: Sequence[Case]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The test below is run for each row; it finds the row in its argument `case`."""

    def mark(test: Callable[..., None]) -> Callable[..., None]:
        test.conformance_cases = list(table)  # type: ignore[attr-defined]
        return test

    return mark


def case(
    operation: str, section: str, sentence: str, kind: str = BEHAVIOUR
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The test below checks this one sentence."""
    return cases([Case(operation, section, sentence, kind)])


def refusal(operation: str, section: str, sentence: str, error: str, **changes: Any) -> Case:
    """A row: the valid request of the operation with these changes is refused with this exception."""
    return Case(operation, section, sentence, EXCEPTION, changes, error + "Exception")


def shown(operation: str, section: str, sentence: str, check: Callable[[Any], object]) -> Case:
    """A row: what the operation answers fulfils this."""
    return Case(operation, section, sentence, BEHAVIOUR, more=check)


def model_of(operation: str) -> Body:
    """The operation as the service model has it."""
    found: Body = MODELS[SERVICE_OF[operation]]["operations"][operation]
    return found


def shapes_of(operation: str) -> dict[str, Body]:
    """All shapes of the operation's service."""
    found: dict[str, Body] = MODELS[SERVICE_OF[operation]]["shapes"]
    return found


def errors_of(operation: str) -> set[str]:
    """The exceptions that the operation models."""
    return {each["shape"] for each in model_of(operation).get("errors", [])}


def status_of(operation: str, error: str) -> int:
    """The HTTP status under which the operation's service sends an exception."""
    status: int = shapes_of(operation)[error].get("error", {}).get("httpStatusCode", 400)
    return status
