"""Lists and probabilities from scores."""

import numpy as np
import pytest

from tastemaker.data.ranking import chances, likeliest, scale, softmax, top


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


@pytest.mark.parametrize("k", [1, 25, 999, 1000, 2000])
@pytest.mark.parametrize("spread", [1e-7, 1e-3, 1.0, 10.0])
def test_the_likeliest_are_the_best_of_the_softmax_to_the_last_bit(k: int, spread: float):
    """Also where scores are so close that probabilities are equal in single precision."""
    score_I = (np.random.default_rng(0).normal(size=1000) * spread).astype(np.float32)
    score_I[::7] = score_I[0]
    chance_I = softmax(score_I)
    expected_K = top(chance_I, None, k)
    best_K, chance_K = likeliest(score_I, scale(score_I), k)
    assert best_K.tolist() == expected_K.tolist()
    assert chance_K.tolist() == chance_I[expected_K].tolist()


def test_a_softmax_of_many_blocks_is_that_of_the_definition():
    score_I = np.random.default_rng(0).normal(size=100_000).astype(np.float32) * 3
    weight_I = np.exp(score_I.astype(np.float64))
    np.testing.assert_allclose(softmax(score_I), weight_I / weight_I.sum(), rtol=1e-6)
    np.testing.assert_allclose(chances(score_I[:9], scale(score_I)), (weight_I / weight_I.sum())[:9], rtol=1e-6)
