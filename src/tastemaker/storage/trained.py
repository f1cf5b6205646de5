"""What a solution version learned, as an artifact: its model, the ids it speaks of, and everybody's history.

The model comes back as the class it was, filled with arrays that are mapped from disk.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from tastemaker.data.interactions import About, Bools, Floats, Ints, Longs, Query
from tastemaker.recipes.contract import Model
from tastemaker.storage import artifacts

NOTHING: About = {}
OPTIONAL = ("time_s_N", "value_N")


@dataclass(frozen=True)
class Histories:
    """All events up to the training, by user and time: those of user u are start_U[u]:start_U[u + 1].

    type_N: position in `types`. used_N: whether the event is part of what the model is asked about. time_s_N, Unix
    seconds, and value_N, EVENT_VALUE or NaN, are kept where answers depend on them.
    """

    start_U: Longs
    item_N: Ints
    type_N: Ints
    used_N: Bools
    types: list[str]
    time_s_N: Longs | None = None
    value_N: Floats | None = None

    def query(self, user: int, about: About = NOTHING) -> Query:
        """What the model is asked for a user, by the events of the training."""
        events = slice(self.start_U[user], self.start_U[user + 1])
        used_L = self.used_N[events]
        value_L = None if self.value_N is None else self.value_N[events][used_L]
        time_s_L = None if self.time_s_N is None else self.time_s_N[events][used_L]
        return Query(self.item_N[events][used_L], None, value_L, time_s_L, about)


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
    for name in OPTIONAL:
        if (kept_N := getattr(trained.histories, name)) is not None:
            arrays[f"history.{name}"] = kept_N
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
        *(arrays.get(f"history.{name}") for name in OPTIONAL),
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
