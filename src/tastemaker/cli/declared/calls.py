"""Steps as calls of the API, in rounds: what is in one round may be done at the same time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal

from tastemaker.cli.account import ORDER
from tastemaker.cli.declared.steps import Request, Step

ONE_BY_ONE = ("filter",)  # AWS allows few that are pending


@dataclass(frozen=True)
class Call:
    """One call for a step. request: without the ARN of what is deleted, updated or tagged."""

    verb: Literal["delete", "create", "update", "tag"]
    step: Step
    request: Request = field(default_factory=dict)


def rounds(steps: Sequence[Step]) -> Iterator[list[Call]]:
    """First what goes, the last made first; then what comes and changes, in the order of creation."""
    going = [Call("delete", step) for step in reversed(steps) if step.action == "replace"]
    calls = [*sorted(going, key=lambda call: -ORDER.index(call.step.kind)), *_coming(steps)]
    for (_, kind), together in groupby(calls, lambda call: (call.verb, call.step.kind)):
        if kind in ONE_BY_ONE:
            yield from ([call] for call in together)
        else:
            yield list(together)


def _coming(steps: Sequence[Step]) -> Iterator[Call]:
    for step in steps:
        if step.action in ("create", "replace"):
            yield Call("create", step, step.create)
        if step.update:
            yield Call("update", step, step.update)
        if step.tags:
            yield Call("tag", step, {"tags": [{"tagKey": key, "tagValue": value} for key, value in step.tags.items()]})
