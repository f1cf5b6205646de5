"""The steps of a recorded walk: read from its file, and filled in with what earlier steps brought."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from string import Template
from typing import Any

import yaml  # type: ignore[import-untyped]  # its types are a package of their own

GONE = "gone"


@dataclass(frozen=True)
class Step:
    """One call. walk.yaml says what each word of it means."""

    call: str
    request: Mapping[str, Any] = field(default_factory=dict)
    keep: Mapping[str, str] = field(default_factory=dict)
    has: Sequence[str] = ()
    needs: Sequence[str] = ()
    pages: bool = False
    refused: str = ""
    until: str = ""
    of: str = ""


@dataclass(frozen=True)
class Walk:
    """All steps. clean: those that delete what the others made."""

    steps: tuple[Step, ...]
    clean: tuple[Step, ...]


class Lacking(Exception):
    """A word that no step has brought."""


class _Words(Template):
    braceidpattern = "[a-z][a-z-]*"


def recorded() -> Walk:
    """The walk that comes with the package."""
    return read((files(__package__) / "walk.yaml").read_text(encoding="utf-8"))


def read(text: str) -> Walk:
    """A walk from the text of its file."""
    told = yaml.safe_load(text)
    return Walk(tuple(map(_step, told["walk"])), tuple(map(_step, told.get("clean", ()))))


def _step(told: Mapping[str, Any]) -> Step:
    return Step(**{("request" if name == "with" else name): value for name, value in told.items()})


def request_of(step: Step, words: Mapping[str, Any]) -> dict[str, Any]:
    """What a step asks for. Raises Lacking with the first word that it needs and that stands for nothing."""
    for word in step.needs:
        if word not in words:
            raise Lacking(word)
    return dict(filled(step.request, words))


def filled(value: Any, words: Mapping[str, Any]) -> Any:
    """A value with what its words stand for. Raises Lacking."""
    if isinstance(value, Mapping):
        return {name: filled(each, words) for name, each in value.items()}
    if isinstance(value, list):
        return [filled(each, words) for each in value]
    if not isinstance(value, str):
        return value
    whole = value.removeprefix("${").removesuffix("}")
    if value == f"${{{whole}}}" and whole in words:
        return words[whole]  # as it is: a time is a number
    try:
        return _Words(value).substitute(words)
    except KeyError as lacking:
        raise Lacking(lacking.args[0]) from None


def at(reply: Any, path: str) -> Any:
    """The member of a reply at a dotted path; None if there is none."""
    for name in path.split("."):
        reply = reply.get(name) if isinstance(reply, Mapping) else None
    return reply
