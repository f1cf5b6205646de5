"""An objective beside relevance: a numeric column of the items, whose high values are wanted in lists.

"Relevance is mixed with the column: LOW, relevance dominates; MEDIUM, equal; HIGH, the objective dominates" (guide,
"Optimizing a solution for an additional objective"). Both are brought to the same spread before they are added.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tastemaker.data.interactions import Floats, Ints, Query
from tastemaker.data.schemas import key_of
from tastemaker.recipes.contract import Model

STRENGTH = {"OFF": 0.0, "LOW": 0.25, "MEDIUM": 1.0, "HIGH": 3.0}
SAMPLE_MAX = 500  # queries by which the spread of relevance is measured


@dataclass(frozen=True)
class Objective:
    """value_I: of the column, NaN where an item has none. strength: its spread relative to that of relevance."""

    value_I: Floats
    strength: float

    def reached_by(self, model: Model, queries: Sequence[Query]) -> Model:
        """The same model with its scores moved towards the objective."""
        if not self.strength or not queries or not any(item.name == "bonus_I" for item in fields(model)):
            return model
        spread = np.mean([model.scores(query).std() for query in queries[:SAMPLE_MAX]])
        bonus_I = np.float32(self.strength * spread) * np.nan_to_num(_standard(self.value_I))
        moved: Any = model
        return replace(moved, bonus_I=bonus_I.astype(np.float32))  # type: ignore[no-any-return]

    def rewards(self, recommended_UK: NDArray[np.int32], truths: Sequence[Ints]) -> float:
        """The mean over users of the reward found in the list / the reward there was to find, 0 to 1.

        Rewards are the values above the smallest one, and a little, so that every true item is worth something.
        """
        reward_I = np.nan_to_num(self.value_I - np.nanmin(self.value_I))
        reward_I += 1e-3 * max(1.0, float(reward_I.max()))
        length = recommended_UK.shape[1]
        found = []
        for list_K, truth in zip(recommended_UK, truths, strict=True):
            there = np.unique(truth)
            best = np.sort(reward_I[there])[::-1][:length].sum()
            found.append(reward_I[np.intersect1d(list_K, there)].sum() / best)
        return float(np.mean(found))


def objective_of(config: Mapping[str, Any], item_numbers: Mapping[str, Floats]) -> Objective | None:
    """What a solution's configuration asks for; None if nothing, or if no item has a value."""
    asked = config.get("optimizationObjective") or {}
    values = {key_of(name): value_I for name, value_I in item_numbers.items()}
    value_I = values.get(key_of(asked.get("itemAttribute", "")))
    if value_I is None or np.isnan(value_I).all():
        return None
    return Objective(value_I, STRENGTH[asked.get("objectiveSensitivity", "OFF")])


def _standard(value_I: Floats) -> Floats:
    spread = float(np.nanstd(value_I))
    return np.asarray((value_I - np.nanmean(value_I)) / (spread or 1.0), np.float32)
