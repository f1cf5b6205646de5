"""What a solution version learned, as an artifact: its model, the ids it speaks of, and everybody's history.

The model comes back as the class it was, filled with arrays that are mapped from disk; so do the dataclasses in it.
"""

import hashlib
import importlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tastemaker.data.exposure import Exposure
from tastemaker.data.interactions import About, Bools, Floats, Ints, Longs, Query
from tastemaker.data.vocabulary import Vocabulary
from tastemaker.recipes.contract import Model
from tastemaker.storage import artifacts

Halves = NDArray[np.float16]

NOTHING: About = {}
OPTIONAL = ("time_s_N", "value_N")


@dataclass(frozen=True)
class Histories:
    """All events up to the training, by user and time: those of user u are start_U[u]:start_U[u + 1].

    type_N: position in `types`. used_N: whether the event is part of what the model is asked about. time_s_N: Unix
    seconds; None in artifacts of before 0014 (docs/decisions) whose recipe asked for none. value_N: EVENT_VALUE or NaN,
    kept where answers depend on it.
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
    """The best K items of each user as of the training, best first, and their probabilities.

    cold_C, fit_UC: the youngest cold items where the recipe explores, and how well they suit each user (data/exposure).
    """

    item_UK: Ints
    score_UK: Floats
    cold_C: Ints | None = None
    fit_UC: Halves | None = None


@dataclass(frozen=True)
class Trained:
    """One artifact. through_seq: the newest streamed event that the training saw. facts: for people to read.

    exposure: how often items were shown until then; None in artifacts of before that was counted, and of actions.
    """

    recipe: str
    model: Model
    user_ids: Sequence[str]
    item_ids: Sequence[str]
    histories: Histories
    heads: Heads | None
    through_seq: int
    facts: Mapping[str, Any]
    exposure: Exposure | None = None


def save(place: Path, trained: Trained) -> None:
    """Write the artifact; it is there whole, or not at all."""
    arrays, plain, classes = _taken_apart("model", trained.model)
    for name, ids in (("users", trained.user_ids), ("items", trained.item_ids)):
        known = Vocabulary.of(ids)
        arrays |= {f"{name}.bytes": known.byte_B, f"{name}.ends": known.end_I, f"{name}.slots": known.slot_S}
    for name in ("start_U", "item_N", "type_N", "used_N"):
        arrays[f"history.{name}"] = getattr(trained.histories, name)
    for name in OPTIONAL:
        if (kept_N := getattr(trained.histories, name)) is not None:
            arrays[f"history.{name}"] = kept_N
    if trained.exposure:
        arrays |= {"exposure.shown_I": trained.exposure.shown_I, "exposure.chosen_I": trained.exposure.chosen_I}
    if trained.heads:
        for item in fields(Heads):
            if (kept := getattr(trained.heads, item.name)) is not None:
                arrays[f"heads.{item.name}"] = kept
    manifest = {
        "recipe": trained.recipe,
        "classes": classes,
        "plain": plain,
        "event_types": trained.histories.types,
        "through_seq": trained.through_seq,
        "facts": dict(trained.facts),
    }
    artifacts.save(place, arrays, manifest)


def load(place: Path) -> Trained:
    """Read an artifact. Raises FileNotFoundError if it is not there, ImportError if its recipe is not installed."""
    arrays, manifest = artifacts.load(place)
    if "classes" not in manifest:
        raise ImportError("it was written before models had parts")
    model = _put_together("model", arrays | manifest["plain"], manifest["classes"])
    histories = Histories(
        arrays["history.start_U"],
        arrays["history.item_N"],
        arrays["history.type_N"],
        arrays["history.used_N"],
        manifest["event_types"],
        *(arrays.get(f"history.{name}") for name in OPTIONAL),
    )
    exposure = None
    if "exposure.shown_I" in arrays:
        exposure = Exposure(arrays["exposure.shown_I"], arrays["exposure.chosen_I"])
    heads = None
    if "heads.item_UK" in arrays:
        kept = ("heads.cold_C", "heads.fit_UC")
        heads = Heads(arrays["heads.item_UK"], arrays["heads.score_UK"], *(arrays.get(name) for name in kept))
    return Trained(
        manifest["recipe"],
        model,
        _ids("users", arrays),
        _ids("items", arrays),
        histories,
        heads,
        manifest["through_seq"],
        manifest["facts"],
        exposure,
    )


def fingerprint(model: Model) -> str:
    """Sixteen hex digits that are equal for models that answer everything alike, to the last bit."""
    arrays, plain, classes = _taken_apart("model", model)
    digest = hashlib.sha256(json.dumps([plain, classes], sort_keys=True).encode())
    for place in sorted(arrays):
        array = np.ascontiguousarray(arrays[place])
        digest.update(f"{place} {array.dtype.str} {array.shape}".encode())
        digest.update(array.data)
    return digest.hexdigest()[:16]


def _taken_apart(place: str, value: Any) -> tuple[dict[str, Any], dict[str, Any], dict[str, list[str]]]:
    """The arrays, the plain values and the classes of a dataclass and of those in it, each under its dotted place."""
    kind = type(value)
    arrays: dict[str, Any] = {}
    plain: dict[str, Any] = {}
    classes = {place: [kind.__module__, kind.__qualname__]}
    for item in fields(value):
        member, where = getattr(value, item.name), f"{place}.{item.name}"
        if is_dataclass(member):
            parts = _taken_apart(where, member)
            arrays, plain, classes = arrays | parts[0], plain | parts[1], classes | parts[2]
        elif isinstance(member, np.ndarray):
            arrays[where] = member
        else:
            plain[where] = member
    return arrays, plain, classes


def _ids(name: str, arrays: Mapping[str, Any]) -> Vocabulary:
    # Artifacts of before 0016 (docs/decisions) have no table; then each process makes its own.
    return Vocabulary(arrays[f"{name}.bytes"], arrays[f"{name}.ends"], arrays.get(f"{name}.slots"))


def _put_together(place: str, values: Mapping[str, Any], classes: Mapping[str, list[str]]) -> Any:
    module, name = classes[place]
    kind = getattr(importlib.import_module(module), name)
    members = {}
    for item in fields(kind):
        where = f"{place}.{item.name}"
        if where in classes:
            members[item.name] = _put_together(where, values, classes)
        elif where in values:
            members[item.name] = values[where]
    return kind(**members)
