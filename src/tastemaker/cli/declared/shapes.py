"""Parts of the file that are the API's own, `config` and its like, held against the service model.

The texts of the file become what the model says: a number, a boolean, or the text of a number, which is how the API
takes hyperparameters. A member that does not exist is found here, before anything is created.
"""

from difflib import get_close_matches
from functools import cache
from typing import Any

import botocore.session

from tastemaker.cli.declared.text import Mistake, Place, Tree

SHOWN_CHARS = 80
WORDS = {"true": True, "false": False}


def fitted(tree: Tree, shape_name: str, place: Place) -> dict[str, Any]:
    """The value of that structure of the API. Raises Mistake naming the member that does not fit."""
    found: dict[str, Any] = _fitted(tree, _model().shape_for(shape_name), place)
    return found


@cache
def _model() -> Any:
    return botocore.session.Session().get_service_model("personalize")


def _fitted(tree: Tree, shape: Any, place: Place) -> Any:
    if shape.type_name in ("structure", "map"):
        if not isinstance(tree, dict):
            raise Mistake(place, f"Members are wanted here, as `name: value`, not {shown(tree)}.")
        return {name: _fitted(value, _member(shape, name, place), (*place, name)) for name, value in tree.items()}
    if shape.type_name == "list":
        if not isinstance(tree, list):
            raise Mistake(place, f"A list is wanted here, each entry after `- `, not {shown(tree)}.")
        return [_fitted(value, shape.member, (*place, index)) for index, value in enumerate(tree)]
    if not isinstance(tree, str):
        raise Mistake(place, f"One value is wanted here, not {shown(tree)}.")
    if shape.type_name == "string":
        if shape.enum and tree not in shape.enum:
            raise Mistake(place, f"{tree!r} is none of {', '.join(shape.enum)}. Give one of these.")
        return tree
    if shape.type_name == "boolean":
        if tree not in WORDS:
            raise Mistake(place, f"{tree!r} is neither true nor false. Give one of the two.")
        return WORDS[tree]
    return _number(tree, shape, place)


def _member(shape: Any, name: str, place: Place) -> Any:
    if shape.type_name == "map":
        return shape.value
    if name not in shape.members:
        raise Mistake((*place, name), unknown(name, list(shape.members)))
    return shape.members[name]


def unknown(name: str, known: list[str]) -> str:
    """What to say of a name that nothing has."""
    near = get_close_matches(name, known, 1)
    fix = f"Did you mean {near[0]}?" if near else f"Known here: {', '.join(known)}."
    return f"{name} is not known. {fix}"


def _number(text: str, shape: Any, place: Place) -> int | float:
    whole = shape.type_name in ("integer", "long")
    low, high = shape.metadata.get("min", float("-inf")), shape.metadata.get("max", float("inf"))
    try:
        value = int(text) if whole else float(text)
    except ValueError:
        raise Mistake(place, f"{text!r} is not {'a whole number' if whole else 'a number'}. Give one.") from None
    if not low <= value <= high:
        raise Mistake(place, f"{text} is out of range. Give a number from {low} to {high}.")
    return value


def shown(tree: Tree) -> str:
    """A value as messages repeat it."""
    if isinstance(tree, str):
        return repr(tree) if len(tree) <= SHOWN_CHARS else repr(tree[:SHOWN_CHARS]) + "..."
    return "what has members" if isinstance(tree, dict) else "a list" if isinstance(tree, list) else "nothing"
