"""Actions put before users, and what became of them: the outcomes that are learned, and by which they are judged.

Dimensions: N events, P proposals among them.
"""

from dataclasses import dataclass

import numpy as np

from tastemaker.data.interactions import Bools, Interactions, Longs

TAKEN = "taken"  # the type of an event with which a user takes an action, in lower case


@dataclass(frozen=True)
class Proposals:
    """place_P: of each proposal among the events, increasing. taken_P: the user took the action within the period.

    delay_s_P: how long after the proposal; 0 where it was not taken. open_P: not taken, and the period is not over yet
    at the newest event.
    """

    place_P: Longs
    taken_P: Bools
    delay_s_P: Longs
    open_P: Bools


def proposals(events: Interactions, taken_N: Bools, period_s: int) -> Proposals:
    """Every event is one, but a Taken that answers an earlier proposal of the same action within the period.

    So a user who looks twice, and takes the action the next day, had two proposals and took it both times; and a Taken
    out of the blue is a proposal that was taken at once. O(N log N).
    """
    if not len(events):
        return Proposals(np.zeros(0, np.int64), taken_N, np.zeros(0, np.int64), taken_N)
    pair_N = events.pair_N
    # Of equal times the answer comes last, in whatever order they were sent.
    order_N = np.lexsort((taken_N, events.time_s_N, pair_N))
    pair_N, time_s_N, is_taken_N = pair_N[order_N], events.time_s_N[order_N], taken_N[order_N]
    answer_N = _next(is_taken_N)
    delay_s_N = time_s_N[answer_N] - time_s_N
    success_N = is_taken_N[answer_N] & (pair_N[answer_N] == pair_N) & (delay_s_N >= 0) & (delay_s_N <= period_s)
    is_answer_N = np.zeros(len(events), np.bool_)
    is_answer_N[1:] = is_taken_N[1:] & (pair_N[1:] == pair_N[:-1]) & ~is_taken_N[:-1] & success_N[:-1]
    age_s_N = time_s_N.max() - time_s_N
    kept = np.flatnonzero(~is_answer_N)
    kept = kept[np.argsort(order_N[kept])]
    return Proposals(
        order_N[kept].astype(np.int64),
        success_N[kept],
        np.where(success_N, delay_s_N, 0)[kept].astype(np.int64),
        (~success_N & (age_s_N < period_s))[kept],
    )


def _next(is_taken_N: Bools) -> Longs:
    """The place of the next event that is taken, from each one on; of the last event where there is none."""
    place_N = np.where(is_taken_N, np.arange(len(is_taken_N)), len(is_taken_N) - 1)
    return np.minimum.accumulate(place_N[::-1])[::-1].astype(np.int64)
