"""Trends foretold: the split by time, and the share of the growth that was found."""

import numpy as np

from tastemaker.data.interactions import interactions
from tastemaker.metrics.trends import newest_period, trend_prediction_accuracy


def test_the_newest_period_is_held_out_and_growth_is_counted_from_the_one_before():
    item_N, time_s_N = np.array([0, 1, 1, 0, 0, 0, 2]), np.array([5, 85, 86, 89, 91, 95, 100])
    period = newest_period(interactions(np.zeros(7, int), item_N, time_s_N, 1, 4), 10)
    # The newest event is at 100: the period is 91 to 100, the one before 81 to 90.
    assert period.train.time_s_N.tolist() == [5, 85, 86, 89]
    assert period.growth_I.tolist() == [2 - 1, 0 - 2, 1, 0]


def test_accuracy_is_the_growth_that_was_found_of_the_growth_there_was():
    growth_I = np.array([10, 5, -7, 0, 5])
    assert trend_prediction_accuracy(np.array([0, 1, 4], np.int32), growth_I) == 1
    assert trend_prediction_accuracy(np.array([1, 2, 3], np.int32), growth_I) == 5 / 20
    assert trend_prediction_accuracy(np.array([2, 3], np.int32), growth_I) == 0


def test_only_the_25_items_that_grew_most_could_have_been_found():
    growth_I = np.concatenate([np.full(25, 4), np.full(25, 1)])
    assert trend_prediction_accuracy(np.arange(25, 50, dtype=np.int32), growth_I) == 25 / 100
    assert trend_prediction_accuracy(np.arange(50, dtype=np.int32), growth_I) == 1


def test_where_nothing_grew_the_accuracy_is_zero():
    assert trend_prediction_accuracy(np.array([0], np.int32), np.array([-1, 0])) == 0
