"""The documented report, on models whose lists are known beforehand."""

from dataclasses import dataclass

import numpy as np
import pytest

from tastemaker.data.interactions import Floats, Query
from tastemaker.metrics.report import interval, recommended, report


@dataclass(frozen=True)
class Next:
    """Recommends the item after the one asked about, then the others in order."""

    n_items: int

    def scores(self, query: Query) -> Floats:
        score_I = -np.arange(self.n_items, dtype=np.float32)
        score_I[(query.item + 1) % self.n_items] = 1
        return score_I


def test_the_keys_are_the_documented_ones_and_a_perfect_first_place_is_seen():
    queries = [Query(np.array([5, 1], np.int32), 1), Query(np.array([2], np.int32), 2)]
    truths = [np.array([2], np.int32), np.array([3, 3], np.int32)]
    found = report(Next(30), queries, truths, n_items_known=50)
    assert found == {
        "coverage": 25 / 50,
        "mean_reciprocal_rank_at_25": 1.0,
        "normalized_discounted_cumulative_gain_at_5": 1.0,
        "normalized_discounted_cumulative_gain_at_10": 1.0,
        "normalized_discounted_cumulative_gain_at_25": 1.0,
        "precision_at_5": 0.2,
        "precision_at_10": 0.1,
        "precision_at_25": 0.04,
    }


def test_a_catalogue_smaller_than_the_list_is_listed_whole():
    assert recommended(Next(3), [Query(np.array([0], np.int32), 0)]).tolist() == [[1, 0, 2]]


def test_no_test_user_is_an_error_that_says_what_it_takes():
    with pytest.raises(ValueError, match="two users"):
        report(Next(3), [], [], 3)


def test_an_interval_holds_the_mean_and_is_the_same_for_the_same_seed():
    value_U = np.random.default_rng(0).random(400)
    low, high = interval(value_U, seed=1)
    assert low < value_U.mean() < high
    assert high - low == pytest.approx(4 * value_U.std() / 400**0.5, rel=0.1)
    assert interval(value_U, seed=1) == (low, high)
    with pytest.raises(ValueError, match="no users"):
        interval(value_U[:0], seed=1)
