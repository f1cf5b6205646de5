"""Which events and which columns a solution learns from, as its configuration says; for bulk and streamed data alike.

Rules: guide, "Choosing the interactions data used for training", "Optimizing a solution with events configuration",
"Configuring columns used when training". Event types are compared without regard to case.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tastemaker.data.interactions import Bools, Floats
from tastemaker.data.schemas import key_of


@dataclass(frozen=True)
class Kept:
    """Events of one type that count: those of a value of at least `threshold`, each with this weight."""

    threshold: float | None = None
    weight: float = 1.0


EVERYTHING = Kept()


@dataclass(frozen=True)
class Selection:
    """by_type: event type in lower case -> what is kept of it; None: `others` holds for every type.

    excluded, included: dataset type in upper case -> keys of its columns (`key_of`); a dataset that `included` has
    teaches by those columns alone.
    """

    by_type: Mapping[str, Kept] | None = None
    others: Kept = EVERYTHING
    excluded: Mapping[str, frozenset[str]] = field(default_factory=dict)
    included: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def weight(self, event_type: str, value: float | None) -> float:
        """What one event counts; 0 if it does not."""
        kept = self.others if self.by_type is None else self.by_type.get(event_type.lower())
        if kept is None:
            return 0.0
        # An event without a value does not reach any threshold.
        reaches = kept.threshold is None or (value is not None and value >= kept.threshold)
        return kept.weight if reaches else 0.0

    def weights(self, types: Sequence[str], type_N: Any, value_N: Any) -> Floats:
        """The same for arrays: types by position, values with NaN for none; shape (N,)."""
        kept_T = [self.others if self.by_type is None else self.by_type.get(name.lower()) for name in types]
        weight_T = np.array([kept.weight if kept else 0.0 for kept in kept_T], np.float32)
        floor_T = np.array([-np.inf if kept is None or kept.threshold is None else kept.threshold for kept in kept_T])
        reaches_N: Bools = (value_N >= floor_T[type_N]) | np.isneginf(floor_T[type_N])
        weight_N: Floats = np.where(reaches_N, weight_T[type_N], np.float32(0))
        return weight_N

    def learns_from(self, dataset_type: str, column: str) -> bool:
        """Whether a column of a dataset (ITEMS and the like) takes part in training."""
        key = key_of(column)
        if key in self.excluded.get(dataset_type, ()):
            return False
        return dataset_type not in self.included or key in self.included[dataset_type]


def selection(body: Mapping[str, Any]) -> Selection:
    """What a solution, a solution version or a recommender says in its body.

    `knownColumns`, if there, names the columns that existed when it was created: "new columns are excluded from
    training until you include them".
    """
    config = body.get("solutionConfig") or body.get("recommenderConfig") or {}
    threshold = config.get("eventValueThreshold")
    common = Kept(None if threshold is None else float(threshold))
    event_type = body.get("eventType")
    listed = config.get("eventsConfig", {}).get("eventParametersList")
    by_type = {event_type.lower(): common} if event_type else None
    if listed:
        by_type = {
            each.get("eventType", "").lower(): Kept(each.get("eventValueThreshold"), each.get("weight", 1.0))
            for each in listed
        }
    columns = config.get("trainingDataConfig", {})
    included = _keys(columns.get("includedDatasetColumns", {}))
    known = {name: keys for name, keys in _keys(body.get("knownColumns", {})).items() if name not in included}
    return Selection(by_type, common, _keys(columns.get("excludedDatasetColumns", {})), {**known, **included})


def _keys(columns: Mapping[str, Sequence[str]]) -> dict[str, frozenset[str]]:
    return {name.upper(): frozenset(map(key_of, names)) for name, names in columns.items()}
