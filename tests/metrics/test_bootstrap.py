"""Intervals by drawing users again, worked against what statistics knows of means."""

import numpy as np
import pytest

from tastemaker.metrics.bootstrap import intervals, mean, ratio_of_means
from tastemaker.metrics.report import interval

VALUE_U = np.random.default_rng(0).random(400)


def test_the_interval_of_a_mean_is_the_one_of_the_formula_and_of_the_plain_bootstrap():
    found = intervals({"a": mean(VALUE_U)}, seed=1)[0]["a"]
    assert found.high - found.low == pytest.approx(2 * 1.96 * VALUE_U.std() / 400**0.5, rel=0.1)
    assert found.low < VALUE_U.mean() < found.high
    assert (found.low, found.high) == pytest.approx(interval(VALUE_U, seed=1))


def test_users_whom_a_measure_is_not_about_are_left_out_of_its_mean():
    value_U = np.array([1.0, np.nan, 0.0])
    assert mean(value_U).value == 0.5
    assert mean(value_U[1:2]).value is None
    assert intervals({"nobody": mean(value_U[1:2])}, seed=0) == ({}, {})


def test_a_ratio_of_means_is_not_the_mean_of_ratios():
    assert ratio_of_means(np.array([1.0, 3.0]), np.array([1.0, 1.0])).value == 2
    assert ratio_of_means(np.array([1.0, 3.0, np.nan]), np.array([4.0, 1.0, 9.0])).value == 4 / 5


def test_a_difference_that_every_user_sees_is_sure_although_the_values_overlap():
    # Users differ a lot, but each is a little better off: on equal draws the users cancel out.
    better, worse = {"a": mean(VALUE_U + 0.01)}, {"a": mean(VALUE_U)}
    around, apart = intervals(better, worse, seed=0)
    assert around["a"].low < VALUE_U.mean() < around["a"].high
    assert (apart["a"].low, apart["a"].high) == pytest.approx((0.01, 0.01))


def test_equal_seeds_give_equal_intervals_and_others_nearly_equal_ones():
    one, same, other = (intervals({"a": mean(VALUE_U)}, seed=seed)[0]["a"] for seed in (3, 3, 4))
    assert one == same
    assert one != other
    assert one.low == pytest.approx(other.low, abs=0.01)
