"""What a solution version learned, as an artifact: its model, the ids it speaks of, and everybody's history.

The model comes back as the class it was, filled with arrays that are mapped from disk.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from tastemaker.data.interactions import Bools, Floats, Ints, Longs
from tastemaker.recipes.contract import Model
from tastemaker.storage import artifacts


@dataclass(frozen=True)
class Histories:
    """All events up to the training, by user and time: those of user u are start_U[u]:start_U[u + 1].

    type_N: position in `types`. used_N: whether the event is part of what the model is asked about. time_s_N: Unix
    seconds, kept where answers depend on how long ago something was.
    """

    start_U: Longs
    item_N: Ints
    type_N: Ints
    used_N: Bools
    types: list[str]
    time_s_N: Longs | None = None


@dataclass(frozen=True)
class Heads:
    """The best K items of each user as of the training, best first, and their probabilities."""

    item_UK: Ints
    score_UK: Floats


@dataclass(frozen=True)
class Trained:
    """One artifact. through_seq: the newest streamed event that the training saw. facts: for people to read."""

    recipe: str
    model: Model
    user_ids: list[str]
    item_ids: list[str]
    histories: Histories
    heads: Heads | None
    through_seq: int
    facts: Mapping[str, Any]


def save(place: Path, trained: Trained) -> None:
    """Write the artifact; it is there whole, or not at all."""
    arrays: dict[str, Any] = {}
    plain: dict[str, Any] = {}
    for name, value in _members(trained.model).items():
        (arrays if isinstance(value, np.ndarray) else plain)[f"model.{name}"] = value
    for name, texts in (("users", trained.user_ids), ("items", trained.item_ids)):
        arrays |= {f"{name}.{part}": array for part, array in artifacts.pack(texts).items()}
    for name in ("start_U", "item_N", "type_N", "used_N"):
        arrays[f"history.{name}"] = getattr(trained.histories, name)
    if trained.histories.time_s_N is not None:
        arrays["history.time_s_N"] = trained.histories.time_s_N
    if trained.heads:
        arrays |= {"heads.item_UK": trained.heads.item_UK, "heads.score_UK": trained.heads.score_UK}
    kind = type(trained.model)
    manifest = {
        "recipe": trained.recipe,
        "model_class": [kind.__module__, kind.__qualname__],
        "plain": plain,
        "event_types": trained.histories.types,
        "through_seq": trained.through_seq,
        "facts": dict(trained.facts),
    }
    artifacts.save(place, arrays, manifest)


def load(place: Path) -> Trained:
    """Read an artifact. Raises FileNotFoundError if it is not there, ImportError if its recipe is not installed."""
    arrays, manifest = artifacts.load(place)
    module, name = manifest["model_class"]
    kind = getattr(importlib.import_module(module), name)
    own = {key.removeprefix("model."): value for key, value in (arrays | manifest["plain"]).items() if "model." in key}
    histories = Histories(
        arrays["history.start_U"],
        arrays["history.item_N"],
        arrays["history.type_N"],
        arrays["history.used_N"],
        manifest["event_types"],
        arrays.get("history.time_s_N"),
    )
    heads = Heads(arrays["heads.item_UK"], arrays["heads.score_UK"]) if "heads.item_UK" in arrays else None
    return Trained(
        manifest["recipe"],
        kind(**own),
        artifacts.unpack(arrays["users.bytes"], arrays["users.ends"]),
        artifacts.unpack(arrays["items.bytes"], arrays["items.ends"]),
        histories,
        heads,
        manifest["through_seq"],
        manifest["facts"],
    )


def _members(model: Model) -> dict[str, Any]:
    return {item.name: getattr(model, item.name) for item in fields(model)}
