"""How good predicted ratings are, on the ratings that a training held out, beside what needs no model of taste."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tastemaker.data.interactions import Floats, Interactions
from tastemaker.data.splits import Split
from tastemaker.metrics.bootstrap import Interval, intervals
from tastemaker.metrics.ratings import absolute, baselines, errors, mae, rmse, squared
from tastemaker.metrics.report import Scores
from tastemaker.recipes.contract import Recipe, traits
from tastemaker.resources.kind import Body
from tastemaker.training.evaluation import HeldOut

KEYS = ("rmse", "mae")


def rating_report(recipe: Recipe, model: Any, data: Interactions, found: HeldOut | None, seed: int) -> Body:
    """RMSE and MAE of a recipe that predicts ratings, its baselines', their intervals, and how many ratings there were.

    Empty for other recipes, and where nothing that was held out is rated. found: what was held out of `data`.
    """
    if found is None or not traits(recipe).plain_scores:
        return {}
    plain = baselines(found.split.train)
    judged = judged_ratings({"model": model, **plain}, data, found.split, seed)
    if not judged:
        return {}
    return {**judged["model"], "baselines": {name: {key: judged[name][key] for key in KEYS} for name in plain}}


def judged_ratings(models: Mapping[str, Scores], events: Interactions, split: Split, seed: int) -> dict[str, Body]:
    """RMSE and MAE of each model with their intervals, and the number of ratings; empty if no truth is rated.

    events: what was split. Intervals are drawn over users. Beside a model named "bias" each other one is better, worse
    or unsure, by the interval of the difference of their squared errors for the same users.
    """
    values = truth_values(events, split)
    if not any((~np.isnan(value)).any() for value in values):
        return {}
    found: dict[str, Body] = {}
    errors_by_name = {name: errors(model, split.queries, split.truths, values) for name, model in models.items()}
    bias = {"rmse": squared(errors_by_name["bias"])} if "bias" in models else None
    for name, error_U in errors_by_name.items():
        around, apart = intervals({"rmse": squared(error_U), "mae": absolute(error_U)}, bias, seed=seed)
        found[name] = {
            "rmse": round(rmse(error_U), 6),
            "rmse_interval": [round(end**0.5, 6) for end in (around["rmse"].low, around["rmse"].high)],
            "mae": round(mae(error_U), 6),
            "mae_interval": [round(end, 6) for end in (around["mae"].low, around["mae"].high)],
            "ratings": sum(len(error_R) for error_R in error_U),
            "vs_bias": "" if name == "bias" else compared(apart.get("rmse"), lower_is_better=True),
        }
    return found


def compared(difference: Interval | None, *, lower_is_better: bool = False) -> str:
    """Whether a measure is better or worse than another, or whether that is unsure; empty without another."""
    if difference is None:
        return ""
    if difference.low <= 0 <= difference.high:
        return "unsure"
    return "better" if (difference.low > 0) != lower_is_better else "worse"


def truth_values(events: Interactions, split: Split) -> list[Floats]:
    """EVENT_VALUE of each truth of a split of these events, NaN for none."""
    spans = zip(split.first_N.tolist(), split.truths, strict=True)
    if events.value_N is None:
        return [np.full(len(truth), np.nan, np.float32) for _, truth in spans]
    return [events.value_N[first : first + len(truth)] for first, truth in spans]
