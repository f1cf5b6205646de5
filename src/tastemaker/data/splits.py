"""Which events a model may learn from and which it is tested on: whole users held out, or everybody's last choice."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tastemaker.data.interactions import Bools, Floats, Interactions, Ints, Longs, Query, TrainingData


@dataclass(frozen=True)
class Split:
    """train: what to learn from. queries, truths: for each tested user what is asked and the items that followed.

    Users and items keep their positions; every history and every truth has at least one event. A query's item is the
    last of the history, which is what the user was looking at when the truth followed. tested, first_N: the user of
    each query, and the place of its first true event among all. truth_weights: of the truths, where events have some.
    """

    train: Interactions
    queries: list[Query]
    truths: list[Ints]
    tested: Ints
    first_N: Longs
    truth_weights: list[Floats] | None = None

    def some(self, most: int, seed: int) -> "Split":
        """The same with at most so many test users, drawn at random; what is learned from stays."""
        if len(self.queries) <= most:
            return self
        kept = np.sort(np.random.default_rng(seed).permutation(len(self.queries))[:most])
        weights = self.truth_weights
        return replace(
            self,
            queries=[self.queries[place] for place in kept],
            truths=[self.truths[place] for place in kept],
            tested=self.tested[kept],
            first_N=self.first_N[kept],
            truth_weights=None if weights is None else [weights[place] for place in kept],
        )

    def knowing(self, data: TrainingData) -> "Split":
        """The same, the queries with what these data say about the users and about the moments that are asked for."""
        pairs = zip(self.queries, self.tested.tolist(), self.first_N.tolist(), strict=True)
        return replace(self, queries=[replace(query, about=data.about(user, event)) for query, user, event in pairs])


def by_users(interactions: Interactions, share: float = 0.1, *, seed: int) -> Split:
    """Holds out `share` of the users with all their events; the newest `share` of each one's events are the truth.

    "90 % of users train; for each test user the oldest 90 % of interactions are the input, the newest 10 % the truth"
    (guide, Evaluating a solution version). Ours to choose: shares are rounded down, but at least one user is tested and
    at least one event is truth; a user with a single event cannot be tested and trains; and one user is always left to
    train. So a split without a query is possible: of fewer than two users, or of users with single events.
    """
    n_events_U = np.diff(interactions.start_U)
    n_users = int(np.count_nonzero(n_events_U))
    testable = np.flatnonzero(n_events_U >= 2)
    n_tested = min(max(1, _part(n_users, share)), len(testable), max(0, n_users - 1))
    tested = np.sort(np.random.default_rng(seed).permutation(testable)[:n_tested])
    is_tested_U: Bools = np.zeros(interactions.n_users, np.bool_)
    is_tested_U[tested] = True
    train = interactions.where(~is_tested_U[interactions.user_N])
    length = n_events_U[tested]
    cuts = length - np.maximum(1, [_part(count, share) for count in length])
    return _cut(interactions, train, tested, cuts)


def of_each_user(interactions: Interactions, share: float = 0.2) -> Split:
    """The newest `share` of everybody's events, at least one, are the truth; users with one event are not tested.

    "80 % of each user's interactions train, 20 % test" (guide, metrics of user segmentation).
    """
    n_events_U = np.diff(interactions.start_U)
    tested = np.flatnonzero(n_events_U >= 2)
    cut_U = n_events_U.copy()
    cut_U[tested] -= np.maximum(1, [_part(count, share) for count in n_events_U[tested]])
    place_N = np.arange(len(interactions)) - interactions.start_U[interactions.user_N]
    train = interactions.where(place_N < cut_U[interactions.user_N])
    return _cut(interactions, train, tested, cut_U[tested])


def leave_one_out(interactions: Interactions, *, valid: bool = False) -> Split:
    """Everybody's last event is the truth; with `valid` the one before it, which is there to choose parameters by.

    The model learns from neither, so that both tests judge the same model: the validation event joins the history of
    the last one, not the training. Users with fewer than three events train and are not tested.
    """
    n_events_U = np.diff(interactions.start_U)
    left_N = interactions.start_U[interactions.user_N + 1] - np.arange(len(interactions)) - 1
    train = interactions.where((left_N >= 2) | (n_events_U[interactions.user_N] < 3))
    cut = 2 if valid else 1
    tested = np.flatnonzero(n_events_U >= 3)
    split = _cut(interactions, train, tested, n_events_U[tested] - cut)
    return replace(split, truths=[truth[:1] for truth in split.truths], truth_weights=None)


def _cut(interactions: Interactions, train: Interactions, tested: Any, cuts: Any) -> Split:
    """The events of tested users, up to their cut as the query and from it on as the truth."""
    starts, ends = interactions.start_U[tested], interactions.start_U[tested + 1]
    middles = starts + np.asarray(cuts, np.int64)
    item_N, weight_N = interactions.item_N, interactions.weight_N
    spans = list(zip(starts.tolist(), middles.tolist(), ends.tolist(), strict=True))
    return Split(
        train,
        [_query(interactions, start, middle) for start, middle, _ in spans],
        [item_N[middle:end] for _, middle, end in spans],
        np.asarray(tested, np.int32),
        middles,
        None if weight_N is None else [weight_N[middle:end] for _, middle, end in spans],
    )


def _query(events: Interactions, start: int, end: int) -> Query:
    value_L = None if events.value_N is None else events.value_N[start:end]
    return Query(events.item_N[start:end], int(events.item_N[end - 1]), value_L, events.time_s_N[start:end])


def _part(count: int, share: float) -> int:
    """The share of a count, rounded down; a product that misses a whole number by rounding counts as that number."""
    return int(count * share + 1e-9)
