"""Which events a model may learn from and which it is tested on: whole users held out, or everybody's last choice."""

from dataclasses import dataclass

import numpy as np

from tastemaker.data.interactions import Bools, Interactions, Ints


@dataclass(frozen=True)
class Split:
    """train: what to learn from. queries, truths: for each tested user the history given and the items that followed.

    Users and items keep their positions; every history and every truth has at least one event.
    """

    train: Interactions
    queries: list[Ints]
    truths: list[Ints]


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
    histories = [interactions.history(user) for user in tested]
    cuts = [len(history) - max(1, _part(len(history), share)) for history in histories]
    return Split(
        interactions.where(~is_tested_U[interactions.user_N]),
        [history[:cut] for history, cut in zip(histories, cuts, strict=True)],
        [history[cut:] for history, cut in zip(histories, cuts, strict=True)],
    )


def leave_one_out(interactions: Interactions, *, valid: bool = False) -> Split:
    """Everybody's last event is the truth; with `valid` the one before it, which is there to choose parameters by.

    The model learns from neither, so that both tests judge the same model: the validation event joins the history of
    the last one, not the training. Users with fewer than three events train and are not tested.
    """
    n_events_U = np.diff(interactions.start_U)
    left_N = interactions.start_U[interactions.user_N + 1] - np.arange(len(interactions)) - 1
    train = interactions.where((left_N >= 2) | (n_events_U[interactions.user_N] < 3))
    cut = 2 if valid else 1
    histories = [interactions.history(user) for user in np.flatnonzero(n_events_U >= 3).tolist()]
    return Split(
        train,
        [history[: len(history) - cut] for history in histories],
        [history[len(history) - cut : len(history) - cut + 1] for history in histories],
    )


def _part(count: int, share: float) -> int:
    """The share of a count, rounded down; a product that misses a whole number by rounding counts as that number."""
    return int(count * share + 1e-9)
