"""Lists and probabilities from scores."""

import numpy as np
import pytest

from tastemaker.data.ranking import softmax, top


def test_the_best_are_those_of_a_full_sort_ties_in_order_of_position():
    score_I = np.random.default_rng(0).integers(0, 6, 50).astype(np.float32)
    for k in (1, 7, 50, 80):
        assert top(score_I, None, k).tolist() == np.argsort(-score_I, kind="stable")[:k].tolist()


def test_only_allowed_items_are_listed_and_all_of_them_if_fewer_are_allowed_than_asked_for():
    score_I = np.array([0.1, 0.5, 0.3, 0.4], np.float32)
    allowed_I = np.array([True, False, True, True])
    assert top(score_I, allowed_I, 2).tolist() == [3, 2]
    assert top(score_I, allowed_I, 9).tolist() == [3, 2, 0]
    assert top(score_I, np.zeros(4, np.bool_), 9).tolist() == []


def test_a_softmax_sums_to_one_and_large_scores_do_not_overflow():
    assert softmax(np.array([1000.0, 1000.0], np.float32)).tolist() == [0.5, 0.5]
    assert softmax(np.arange(5, dtype=np.float32)).sum() == pytest.approx(1.0, abs=1e-6)
    assert softmax(np.zeros(0, np.float32)).tolist() == []
