"""What all recipes of a board are given, and what one comes to."""

from dataclasses import dataclass

import numpy as np
import pytest

from tastemaker.data.interactions import Floats, Query, TrainingData, interactions
from tastemaker.data.splits import leave_one_out
from tastemaker.recipes.catalogue import recipes
from tastemaker.recipes.contract import silent
from tastemaker.training.board import BASELINE, LENGTH, Contest, entry, lists

EVENTS = interactions(
    np.repeat([0, 1, 2], 4), np.array([0, 1, 2, 3, 4, 5, 6, 4, 0, 1, 5, 6]), np.tile(np.arange(4), 3), 3, 7
)


def contest(repeats: bool = False) -> Contest:
    return Contest(TrainingData(EVENTS), leave_one_out(EVENTS), 7, 0, repeats)


@dataclass(frozen=True)
class InOrder:
    """The items by their numbers."""

    def scores(self, query: Query) -> Floats:  # noqa: ARG002  the same for every query
        return -np.arange(7, dtype=np.float32)


def test_only_what_is_new_to_a_user_is_to_be_found():
    assert [query.history_L.tolist() for query in contest().asked[0]] == [[0, 1, 2], [0, 1, 5]]
    assert [truth.tolist() for truth in contest(repeats=True).asked[1]] == [[3], [4], [6]]


def test_lists_leave_out_the_history_and_end_where_the_catalogue_does():
    query = Query(np.array([0, 2, 0], np.int32))
    assert lists(InOrder(), [query], repeats=False).tolist() == [[1, 3, 4, 5, 6] + [-1] * (LENGTH - 5)]
    assert lists(InOrder(), [query], repeats=True)[0, :7].tolist() == list(range(7))


def test_an_entry_has_measures_costs_and_how_it_stands_to_the_baseline():
    baseline = entry(recipes()[BASELINE], contest(), silent)
    assert baseline.found["vs_popularity"] == ""
    assert baseline.found["users"] == 2
    assert 0 <= baseline.found["ndcg"] <= 1
    assert baseline.found["coverage"] == pytest.approx(5 / 7)  # both have seen 0 and 1
    again = entry(recipes()[BASELINE], contest(), silent, baseline.measures)
    assert again.found["vs_popularity"] == "unsure"
    assert again.found["ndcg"] == baseline.found["ndcg"]
    assert "rmse" not in entry(recipes()["tastemaker-item-knn"], contest(), silent).found
