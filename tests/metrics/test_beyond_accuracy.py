"""Diversity, novelty, popularity and calibration, each against numbers worked by hand."""

import numpy as np
import pytest

from tastemaker.data.interactions import Categories, Interactions, interactions
from tastemaker.metrics.beyond_accuracy import divergence, diversity, mean_popularity, novelty, popularity


def events(*chosen: tuple[int, ...], n_items: int = 5) -> Interactions:
    """One tuple of items for each user."""
    user_N = np.repeat(np.arange(len(chosen)), [len(each) for each in chosen])
    item_N = np.concatenate([np.array(each, int) for each in chosen])
    return interactions(user_N, item_N, np.arange(len(user_N)), len(chosen), n_items)


def items(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int32)


# Item 0: four users of four; item 1: two; item 2: one, who also chose 1; items 3 and 4: nobody.
FOUR = events((0, 1, 2), (0, 1), (0, 0, 0), (0,))


def test_popularity_counts_a_user_once():
    assert popularity(FOUR).users_I.tolist() == [4, 2, 1, 0, 0]
    assert popularity(FOUR).n_users == 4


def test_novelty_is_the_surprise_in_bits_and_an_item_nobody_chose_is_as_rare_as_one_user():
    lists = [items(0), items(0, 1, 2), items(3), items()]
    assert novelty(lists, popularity(FOUR)) == pytest.approx([0, (0 + 1 + 2) / 3, 2, np.nan], nan_ok=True)


def test_popularity_of_a_list_is_the_mean_share_of_users_who_chose_its_items():
    assert mean_popularity([items(0, 1), items(3)], popularity(FOUR)) == pytest.approx([(1 + 0.5) / 2, 0])


def test_diversity_is_one_less_the_mean_cosine_of_the_pairs():
    # Users of item 0: all four, of 1: two, of 2: one. Cosines: 2/sqrt(4*2), 1/sqrt(4*1), 1/sqrt(2*1).
    cosines = [2 / 8**0.5, 1 / 2, 1 / 2**0.5]
    lists = [items(0, 1), items(0, 1, 2), items(0, 3), items(3, 4), items(0), items()]
    expected = [1 - cosines[0], 1 - sum(cosines) / 3, 1, 1, np.nan, np.nan]
    assert diversity(lists, FOUR) == pytest.approx(expected, nan_ok=True)


def test_the_order_of_a_list_and_its_neighbours_do_not_change_its_diversity():
    one, other, again = diversity([items(0, 1, 2), items(2, 1, 0), items(0, 1, 2)], FOUR)
    assert one == pytest.approx(other)
    assert one == again


def test_calibration_is_the_divergence_of_the_lists_mix_from_the_histories():
    # Items 0 and 1 are dramas, 2 a comedy, 3 both, 4 nothing.
    genres = Categories(["Comedy", "Drama"], np.array([0, 1, 2, 3, 5, 5]), items(1, 1, 0, 0, 1))
    history = items(0, 1, 2, 4)  # drama 2/3, comedy 1/3; the item without a genre is left out

    def by_hand(drama: float) -> float:
        mixed = 0.99 * np.array([drama, 1 - drama]) + 0.01 * np.array([2 / 3, 1 / 3])
        return float((np.array([2 / 3, 1 / 3]) * np.log(np.array([2 / 3, 1 / 3]) / mixed)).sum())

    lists = [items(0, 1, 2), items(3), items(0, 1), items(4)]
    found = divergence(lists, [history] * 4, genres)
    assert found == pytest.approx([0, by_hand(1 / 2), by_hand(1), np.nan], abs=1e-12, nan_ok=True)
    assert found[2] > found[1] > 0
    assert np.isnan(divergence([items(0)], [items()], genres)).all()
