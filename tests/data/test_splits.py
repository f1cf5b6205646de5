"""Splits hide the newest events, and nothing but those."""

import numpy as np

from tastemaker.data.interactions import Interactions, interactions
from tastemaker.data.splits import by_users, leave_one_out


def events(lengths: list[int]) -> Interactions:
    """Users with so many events each; the items of user u are 100 u, 100 u + 1, ..."""
    user_N = np.repeat(np.arange(len(lengths)), lengths)
    item_N = np.concatenate([100 * user + np.arange(length) for user, length in enumerate(lengths)])
    return interactions(user_N, item_N, np.arange(len(user_N)), len(lengths), 100 * len(lengths))


def test_a_tenth_of_the_users_is_held_out_whole_and_their_newest_tenth_is_the_truth():
    split = by_users(events([30] * 50), seed=0)
    assert len(split.queries) == len(split.truths) == 5
    assert len(split.train) == 45 * 30
    for query, truth in zip(split.queries, split.truths, strict=True):
        history = query.history_L
        assert len(history) == 27
        assert len(truth) == 3
        assert np.all(np.diff(np.concatenate([history, truth])) == 1)
        assert not np.isin(history, split.train.item_N).any()


def test_the_same_seed_gives_the_same_users_and_another_seed_others():
    data = events([5] * 100)
    first, second, third = (by_users(data, seed=seed).train.user_N for seed in (3, 3, 4))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, third)


def test_at_least_one_event_is_the_truth_and_single_events_are_never_tested():
    split = by_users(events([1, 1, 1, 2]), seed=0)
    assert [query.history_L.tolist() for query in split.queries] == [[300]]
    assert [truth.tolist() for truth in split.truths] == [[301]]


def test_of_many_test_users_some_are_asked_and_all_are_held_out():
    whole = by_users(events([5] * 100), share=0.5, seed=0)
    some = whole.some(10, seed=1)
    assert len(some.queries) == len(some.truths) == len(some.tested) == len(some.first_N) == 10
    assert some.train is whole.train
    assert set(some.tested) < set(whole.tested)
    assert whole.some(50, seed=1) is whole


def test_somebody_is_always_left_to_train():
    for lengths in ([1], [9], [0, 4], []):
        split = by_users(events([*lengths, 0]), seed=0)
        assert split.queries == []
        assert len(split.train) == sum(lengths)


def test_leave_one_out_trains_on_neither_the_last_nor_the_one_before_it():
    data = events([4, 2])
    test, valid = leave_one_out(data), leave_one_out(data, valid=True)
    assert test.train.item_N.tolist() == valid.train.item_N.tolist() == [0, 1, 100, 101]
    assert (test.queries[0].history_L.tolist(), test.truths[0].tolist()) == ([0, 1, 2], [3])
    assert (valid.queries[0].history_L.tolist(), valid.truths[0].tolist()) == ([0, 1], [2])
    assert len(test.queries) == 1
