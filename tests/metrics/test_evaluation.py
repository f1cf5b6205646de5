"""All measures together: the baseline beside them, the slices, and what is said of better and worse."""

import numpy as np
import pytest

from tastemaker.data.interactions import Categories, Interactions, interactions
from tastemaker.metrics.evaluation import Answered, Known, cuts_of, evaluation, most_popular
from tastemaker.metrics.report import measures as documented

N_ITEMS = 60


def known(categories: dict[str, Categories] | None = None) -> Known:
    """Ten users: all choose items 0 to 7, and each one item of the tail."""
    chosen = [[*range(8), 50 + user] for user in range(10)]
    events: Interactions = interactions(np.repeat(np.arange(10), 9), np.concatenate(chosen), np.arange(90), 10, N_ITEMS)
    return Known(events, N_ITEMS, categories or {})


def lists_of(first: list[int], length: int = 25) -> np.ndarray:
    """For each user a list that begins with an item of theirs and goes on with others."""
    return np.array([[item, *(each for each in range(20, 59) if each != item)][:length] for item in first], np.int32)


def asked(found: list[int], truths: list[list[int]], histories: list[list[int]] | None = None) -> Answered:
    whole = [np.array(truth, np.int32) for truth in truths]
    return Answered(lists_of(found), whole, [np.array(h, np.int32) for h in histories or [[0, 1]] * len(truths)])


# Forty users who take a rare item next, and get it first; popularity never finds it.
RIGHT = asked([50 + user % 10 for user in range(40)], [[50 + user % 10] for user in range(40)])


def test_the_documented_measures_are_the_documented_figures():
    found = evaluation(RIGHT, 25, known(), seed=0)["measures"]
    expected = documented(RIGHT.recommended_UK, RIGHT.truths, N_ITEMS)
    assert {name: found[name]["value"] for name in expected} == pytest.approx(expected, abs=1e-6)


def test_lists_that_are_always_right_are_better_than_popularity_and_so_it_is_said():
    found = evaluation(RIGHT, 25, known(), seed=0)
    first = found["measures"]["hit_rate_at_5"]
    assert (first["value"], first["low"], first["high"], first["baseline"]) == (1, 1, 1, 0)
    assert first["difference"] == {"low": 1, "high": 1}
    assert first["better_than_baseline"] == "yes"
    # Lists of rare items: less popular than what the users had before, where popularity repeats it.
    bias = found["measures"]["popularity_bias_at_25"]
    assert bias["value"] < bias["baseline"]
    assert bias["better_than_baseline"] == "yes"


def test_lists_that_are_the_popular_ones_are_neither_better_nor_worse():
    popular_UK = np.tile(most_popular(known(), 25), (40, 1))
    found = evaluation(Answered(popular_UK, RIGHT.truths, RIGHT.histories), 25, known(), seed=0)["measures"]
    assert {each["better_than_baseline"] for name, each in found.items() if name != "coverage"} == {"unsure"}
    assert all(each["value"] == each["baseline"] for each in found.values())


def test_wrong_lists_are_worse_than_popularity():
    wrong = asked([40] * 40, [[0]] * 40)
    assert evaluation(wrong, 25, known(), seed=0)["measures"]["recall_at_25"]["better_than_baseline"] == "no"


def test_what_few_users_say_is_unsure():
    # Of four users two are served right by us, and one by popularity.
    few = asked([50, 51, 40, 40], [[50], [51], [0], [53]])
    assert evaluation(few, 25, known(), seed=0)["measures"]["hit_rate_at_25"]["better_than_baseline"] == "unsure"


def test_coverage_has_no_interval_because_it_is_no_mean_of_users():
    coverage = evaluation(RIGHT, 25, known(), seed=0)["measures"]["coverage"]
    assert (coverage["low"], coverage["high"]) == (None, None)
    assert coverage["value"] == pytest.approx(len(np.unique(RIGHT.recommended_UK)) / 60, abs=1e-6)
    assert coverage["baseline"] == pytest.approx(25 / 60, abs=1e-6)


def test_users_are_parted_at_the_median_history_and_items_where_the_head_has_four_fifths_of_events():
    histories = [[0]] * 20 + [[0, 1, 2]] * 20
    # New users get what they take; old ones take item 0 instead, which only popularity lists.
    truths = [[50]] * 20 + [[0]] * 20
    found = evaluation(asked([50] * 40, truths, histories), 25, known(), seed=0)["slices"]
    assert {name: each["users"] for name, each in found.items()} == dict.fromkeys(found, 20)
    assert found["users_with_short_histories"]["what"] == "fewer than 2 events before, the median"
    rate = {name: each["measures"]["hit_rate_at_25"] for name, each in found.items()}
    assert (rate["users_with_short_histories"]["value"], rate["users_with_long_histories"]["value"]) == (1, 0)
    assert (rate["tail_items"]["value"], rate["head_items"]["value"]) == (1, 0)
    assert rate["head_items"]["better_than_baseline"] == "no"
    # 8 items have 80 of 90 events: 7 of them fall short of 72, so all 8 are the head.
    assert (found["head_items"]["items"], found["tail_items"]["items"]) == (8, N_ITEMS - 8)


def test_each_categorical_column_has_its_calibration():
    one_each = Categories(["a", "b"], np.arange(N_ITEMS + 1), (np.arange(N_ITEMS) % 2).astype(np.int32))
    found = evaluation(RIGHT, 25, known({"GENRES": one_each}), seed=0)["measures"]
    assert found["calibration_divergence_GENRES_at_25"]["value"] >= 0
    assert not any(name.startswith("calibration") for name in evaluation(RIGHT, 25, known(), seed=0)["measures"])


def test_without_events_there_is_no_baseline_and_no_slice_but_accuracy_stands():
    nothing = Known(interactions(*(np.zeros(0, int),) * 3, 0, N_ITEMS), None)
    found = evaluation(RIGHT, 25, nothing, seed=0, with_baseline=False)
    assert found["slices"] == {}
    assert found["measures"]["hit_rate_at_25"] == {"value": 1, "low": 1, "high": 1}
    assert "coverage" not in found["measures"]


def test_lists_of_another_length_are_cut_at_their_own_end():
    assert (cuts_of(25), cuts_of(10), cuts_of(7), cuts_of(50)) == ((5, 10, 25), (5, 10), (5, 7), (5, 10, 25, 50))
    with pytest.raises(ValueError, match="no test user"):
        evaluation(Answered(np.zeros((0, 25), np.int32), [], []), 25, known(), seed=0)
