"""What each dial does to a list, on candidates that are made up."""

import numpy as np
import pytest

from tastemaker.serving.reranking import PLAIN, Candidates, Dials, measures, reordered


def candidates(n: int = 40, n_categories: int = 4, seed: int = 0) -> Candidates:
    """Chances fall from the first to the last; the first ten are all of one category."""
    rng = np.random.default_rng(seed)
    mix_PG = np.zeros((n, n_categories), np.float32)
    mix_PG[np.arange(n), np.where(np.arange(n) < 10, 0, rng.integers(0, n_categories, n))] = 1
    score_P = (0.8 ** np.arange(n) / 5).astype(np.float32)
    history_G = np.array([1, 1, 0, 0], np.float32)
    return Candidates(score_P, rng.integers(1, 1000, n), mix_PG, history_G, np.zeros(n, np.float32))


def test_with_all_dials_at_rest_the_order_stays():
    assert reordered(candidates(), PLAIN, 25).tolist() == list(range(25))
    assert reordered(candidates(5), PLAIN, 25).tolist() == list(range(5))


@pytest.mark.parametrize(
    ("dial", "measure", "grows"),
    [("diversity", "diversity", True), ("popularity", "popularity", True), ("calibration", "divergence", False)],
)
def test_a_dial_moves_its_measure_the_further_the_more_it_is_turned(dial: str, measure: str, grows: bool):
    found = candidates()
    values = []
    for turned in (0.0, 0.3, 0.9):
        values.append(measures(found, reordered(found, Dials(**{dial: turned}), 10))[measure])
    assert values == sorted(values, reverse=not grows)
    assert values[0] != values[-1]


def test_popularity_below_zero_is_for_what_few_know():
    found = candidates()
    few, many = (
        measures(found, reordered(found, Dials(popularity=turned), 10))["popularity"] for turned in (-1.0, 1.0)
    )
    assert few < measures(found, np.arange(10))["popularity"] < many


def test_a_list_calibrated_to_the_full_has_the_mix_of_the_history():
    found = candidates()
    place_K = reordered(found, Dials(calibration=1.0), 10)
    assert found.mix_PG[place_K].sum(axis=0).tolist() == [5, 5, 0, 0]


def test_a_disliked_item_goes_to_the_end_and_its_like_fall():
    found = candidates()
    found.disliked_P[:3] = (1.0, 0.5, 0.25)
    order = reordered(found, Dials(dislikes=("dislike",)), 40).tolist()
    assert order[-1] == 0
    assert order.index(3) < order.index(2) < order.index(1)


def test_nothing_to_choose_from_is_an_empty_list():
    nothing = Candidates(*(np.zeros(0, np.float32),) * 2, np.zeros((0, 1), np.float32), np.zeros(1), np.zeros(0))
    assert reordered(nothing, Dials(diversity=0.5, calibration=0.5), 10).tolist() == []
    assert measures(nothing, np.zeros(0, np.int64)) == {"diversity": 1.0, "popularity": 0.0}
