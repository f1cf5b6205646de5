"""How well coming trends are told: the documented measure of the trending recipe, and its split, which is by time."""

from dataclasses import dataclass

import numpy as np

from tastemaker.data.interactions import Interactions, Ints, Longs

LIST_LENGTH = 25  # "the total growth of the top 25 trending items" (guide, Evaluating a solution version)


@dataclass(frozen=True)
class Period:
    """train: what came before the test period. growth_I: interactions in it - those in the equally long one before."""

    train: Interactions
    growth_I: Longs


def newest_period(events: Interactions, length_s: int) -> Period:
    """Holds out the newest `length_s` seconds of everybody, up to and with the newest event.

    How long the service's test period is, the documentation does not say; one interval of the recipe is ours to choose.
    """
    ago_N = (int(events.time_s_N.max(initial=0)) - events.time_s_N) // length_s
    now_I, before_I = (np.bincount(events.item_N[ago_N == ago], minlength=events.n_items) for ago in (0, 1))
    return Period(events.where(ago_N > 0), (now_I - before_I).astype(np.int64))


def trend_prediction_accuracy(recommended_K: Ints, growth_I: Longs) -> float:
    """The growth of the recommended items in the test period / that of the 25 items that grew most; 0 to 1.

    An item that shrank adds nothing, and takes nothing away; where nothing grew the accuracy is 0, as the
    documentation has it for data without trends.
    Source: guide, "Evaluating a solution version with metrics".
    """
    grown_I = np.maximum(growth_I, 0)
    best = int(np.sort(grown_I)[::-1][:LIST_LENGTH].sum())
    return float(grown_I[recommended_K[:LIST_LENGTH]].sum() / best) if best else 0.0
