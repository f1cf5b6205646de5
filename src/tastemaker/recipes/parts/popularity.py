"""How many people chose an item: the baseline, the answer to a user never seen, and the order of what is left over."""

import numpy as np

from tastemaker.data.interactions import Floats, Interactions, Longs, newest

DAY_S = 86_400


def users_per_item(events: Interactions) -> Longs:
    """Number of different users who chose each item, shape (I,)."""
    return np.bincount(first_choices(events).item_N, minlength=events.n_items).astype(np.int64)


def worth_per_item(events: Interactions) -> Floats:
    """The same where events have weights: every user counts as much as their most valued event with the item."""
    if events.weight_N is None:
        return users_per_item(events).astype(np.float32)
    by_worth = np.argsort(-events.weight_N, kind="stable")
    best = by_worth[np.unique(events.pair_N[by_worth], return_index=True)[1]]
    worth_I = np.bincount(events.item_N[best], events.weight_N[best], minlength=events.n_items)
    return np.asarray(worth_I, np.float32)


def lately_per_item(events: Interactions, half_life_days: float) -> Floats:
    """How many users chose each item lately: a choice counts half as much `half_life_days` before the newest event.

    Of every user the newest event with each item counts, by its worth; shape (I,).
    """
    age_days_N = (events.time_s_N.max(initial=0) - events.time_s_N) / DAY_S
    weight_N = np.power(0.5, age_days_N / half_life_days)
    if events.weight_N is not None:
        weight_N = weight_N * events.weight_N
    kept = newest(events.pair_N)
    return np.bincount(events.item_N[kept], weight_N[kept], minlength=events.n_items).astype(np.float32)


def first_choices(events: Interactions) -> Interactions:
    """Of every user the first event with each item: the pairs (user, item) without repetition."""
    return events.where(np.sort(np.unique(events.pair_N, return_index=True)[1]))


def below(best_I: Floats, users_I: Longs) -> Floats:
    """`best_I` with every -inf replaced by a finite score below all others, ordered by popularity, shape (I,)."""
    rest_I = np.isneginf(best_I)
    floor = best_I[~rest_I].min(initial=0.0)
    return np.where(rest_I, floor - 1 + share_of_best(users_I) / 2, best_I).astype(np.float32)


def share_of_best(users_I: Longs) -> Floats:
    """Popularity relative to the most popular item, 0 to 1, shape (I,)."""
    return np.asarray(users_I / max(1, users_I.max(initial=0)), np.float32)
