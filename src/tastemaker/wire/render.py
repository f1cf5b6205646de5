"""Answers in the shape of the service model: what the model does not name, and what has no value, is left out."""

from collections.abc import Callable, Mapping
from typing import Any

Render = Callable[[Any], Any]
Shapes = Mapping[str, Mapping[str, Any]]


def compile_render(name: str, shapes: Shapes) -> Render:
    """A function that turns what an operation returned into the named shape, ready for JSON."""
    compiled: dict[str, Render] = {}

    def of(ref: Mapping[str, Any]) -> Render:
        name = ref["shape"]
        if name not in compiled:
            compiled[name] = _build(shapes[name], of)
        return compiled[name]

    return of({"shape": name})


def _build(shape: Mapping[str, Any], of: Callable[[Mapping[str, Any]], Render]) -> Render:
    if shape["type"] == "structure":
        members = {name: of(ref) for name, ref in shape["members"].items()}

        def structure(value: Any) -> Any:
            return {name: render(value[name]) for name, render in members.items() if value.get(name) is not None}

        return structure
    if shape["type"] == "list":
        member = of(shape["member"])
        return lambda value: [member(each) for each in value]
    if shape["type"] == "map":
        below = of(shape["value"])
        return lambda value: {key: below(each) for key, each in value.items()}
    return lambda value: value
