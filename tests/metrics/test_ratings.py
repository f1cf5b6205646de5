"""Errors of predicted ratings, by hand."""

from dataclasses import dataclass

import numpy as np
import pytest

from tastemaker.data.interactions import Floats, Query, interactions
from tastemaker.metrics.ratings import absolute, baselines, errors, mae, rmse, squared


@dataclass(frozen=True)
class Always:
    """Predicts the same ratings for everybody."""

    rating_I: Floats

    def scores(self, query: Query) -> Floats:  # noqa: ARG002  the same for every query
        return self.rating_I


MODEL = Always(np.array([3.0, 4.0, 5.0], np.float32))
TRUTHS = [np.array([0, 1], np.int32), np.array([2, 2], np.int32), np.array([1], np.int32)]
VALUES = [np.float32([4, 4]), np.float32([2, np.nan]), np.float32([np.nan])]


def test_errors_are_kept_by_user_and_events_without_a_value_are_left_out():
    found = errors(MODEL, [Query()] * 3, TRUTHS, VALUES)
    assert [each.tolist() for each in found] == [[-1, 0], [3], []]
    assert rmse(found) == pytest.approx((10 / 3) ** 0.5)
    assert mae(found) == pytest.approx(4 / 3)
    assert squared(found).upper_U.tolist() == [1, 9, 0]
    assert absolute(found).lower_U.tolist() == [2, 1, 0]


def test_no_rating_is_an_error_not_a_zero():
    with pytest.raises(ValueError, match="no rating to measure by"):
        rmse(errors(MODEL, [Query()], [np.array([1], np.int32)], [np.float32([np.nan])]))


def test_the_baselines_are_the_mean_and_the_habits_of_users_and_items():
    rng = np.random.default_rng(0)
    user_N, item_N = np.divmod(np.arange(100 * 20), 20)
    value_N = 3 + (user_N % 2 - 0.5) + (item_N % 2 - 0.5) + rng.normal(0, 0.01, len(user_N))
    events = interactions(user_N, item_N, np.arange(len(user_N)), 100, 20, value_N=value_N.astype(np.float32))
    found = baselines(events)
    generous = Query(np.arange(20, dtype=np.int32), value_L=events.value_N[20:40])
    assert found["global_mean"].scores(generous) == pytest.approx(np.full(20, 3), abs=0.01)
    assert found["bias"].scores(generous) == pytest.approx(np.tile([3, 4], 10), abs=0.15)
    assert found["bias"].scores(Query()) == pytest.approx(np.tile([2.5, 3.5], 10), abs=0.05)
