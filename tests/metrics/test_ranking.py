"""The measures of ranked lists, against the documentation's own examples."""

import numpy as np
import pytest

from tastemaker.metrics import ranking

HIT_UK = np.array([[False, True, False, False, True]])
TWO = np.array([2])


def test_the_documented_example_of_one_user_is_met():
    assert ranking.reciprocal_rank(HIT_UK, 25) == pytest.approx([0.5])
    assert ranking.precision(HIT_UK, 5) == pytest.approx([0.4])
    assert ranking.ndcg(HIT_UK, TWO, 5) == pytest.approx([0.6241], abs=5e-5)


def test_the_documented_example_of_three_users_is_met():
    hit_UK = np.zeros((3, 25), bool)
    hit_UK[[0, 1, 2], [3, 1, 5]] = True
    assert ranking.reciprocal_rank(hit_UK, 25).mean() == pytest.approx(0.3056, abs=5e-5)


def test_hits_are_places_whose_item_is_true():
    recommended_UK = np.array([[4, 2, 0], [1, 3, 5]], np.int32)
    truths = [np.array([0, 4], np.int32), np.array([9], np.int32)]
    assert ranking.hits(recommended_UK, truths).tolist() == [[True, False, True], [False, False, False]]


def test_a_perfect_list_has_ndcg_1_even_if_there_are_more_true_items_than_places():
    assert ranking.ndcg(np.ones((1, 5), bool), np.array([30]), 5) == pytest.approx([1.0])


def test_a_list_shorter_than_the_cut_is_measured_as_if_the_rest_missed():
    assert ranking.precision(HIT_UK, 10) == pytest.approx([0.2])
    assert ranking.ndcg(HIT_UK, TWO, 10) == ranking.ndcg(HIT_UK, TWO, 5)


def test_a_hit_beyond_the_cut_does_not_count():
    assert ranking.reciprocal_rank(HIT_UK, 1) == [0]
    assert ranking.hit_rate(HIT_UK, 1) == [0]
    assert ranking.hit_rate(HIT_UK, 2) == [1]
    assert ranking.recall(HIT_UK, TWO, 2) == [0.5]


def test_a_user_without_truth_is_an_error_not_a_zero():
    with pytest.raises(ValueError, match=r"User 1 .* no true item"):
        ranking.ndcg(np.zeros((2, 5), bool), np.array([1, 0]), 5)


def test_coverage_counts_different_items_among_those_known():
    assert ranking.coverage(np.array([[0, 1], [1, 2]], np.int32), 6) == 0.5
    with pytest.raises(ValueError, match="no item is known"):
        ranking.coverage(np.zeros((1, 1), np.int32), 0)


def test_f1_is_the_harmonic_mean_of_precision_and_recall():
    # Of five items two are right, and that is all there was: precision 2/5, recall 2/2.
    assert ranking.f1(HIT_UK, TWO, 5) == pytest.approx([2 * 0.4 * 1.0 / (0.4 + 1.0)])
    assert ranking.f1(np.zeros((1, 5), bool), TWO, 5) == [0]


def test_average_precision_is_the_precision_at_each_hit_over_all_that_could_be_hit():
    # Hits at places 2 and 5: precision 1/2 and 2/5 there; two true items.
    assert ranking.average_precision(HIT_UK, TWO, 25) == pytest.approx([(1 / 2 + 2 / 5) / 2])
    assert ranking.average_precision(HIT_UK, TWO, 2) == pytest.approx([(1 / 2) / 2])
    assert ranking.average_precision(np.ones((1, 5), bool), np.array([30]), 5) == pytest.approx([1.0])


def test_what_is_behind_the_end_of_a_short_list_is_no_item():
    recommended_UK = np.array([[0, 1], [1, -1]], np.int32)
    assert ranking.coverage(recommended_UK, 4) == 0.5
    assert ranking.hits(recommended_UK, [np.array([1], np.int32)] * 2).tolist() == [[False, True], [True, False]]
