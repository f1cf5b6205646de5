"""The measures of segments and of actions, on examples that can be counted by hand."""

from dataclasses import dataclass

import numpy as np
import pytest

from tastemaker.data.interactions import Floats, Query, TrainingData, interactions
from tastemaker.data.splits import by_users, of_each_user
from tastemaker.metrics.actions import action_measures
from tastemaker.metrics.segments import segment_measures


@dataclass(frozen=True)
class Repeats:
    """A model that expects everybody to choose again what they chose."""

    n_items: int

    def scores(self, query: Query) -> Floats:
        return np.bincount(query.history_L, minlength=self.n_items).astype(np.float32)


@dataclass(frozen=True)
class Fixed:
    chance_I: Floats

    def scores(self, query: Query) -> Floats:  # noqa: ARG002
        return self.chance_I


def test_hits_are_users_among_the_best_hundredth_who_really_chose_the_item() -> None:
    # 200 users with five events each: the first ten always choose item 0, the others item 1; best hundredth: two users.
    user_N = np.repeat(np.arange(200), 5)
    item_N = np.where(user_N < 10, 0, 1)
    split = of_each_user(interactions(user_N, item_N, np.arange(1000), 200, 3))
    assert [len(truth) for truth in split.truths] == [1] * 200
    found = segment_measures(Repeats(3), split, 3)
    assert found["hits_at_1_percent"] == 2.0  # for either item both users of its best hundredth
    assert found["recall_at_1_percent"] == pytest.approx((2 / 10 + 2 / 190) / 2)
    assert found["coverage"] == pytest.approx(2 / 3)


def test_actions_are_judged_by_their_chances_of_being_taken() -> None:
    # Everybody takes action 0 and declines action 1, in turns.
    user_N = np.repeat(np.arange(20), 10)
    item_N = np.tile([0, 1], 100)
    events = interactions(user_N, item_N, np.arange(200), 20, 2, item_N, np.full(200, np.nan))
    data = TrainingData(events, event_types=["Taken", "Not Taken"])
    split = by_users(events, share=0.2, seed=0)
    right = action_measures(Fixed(np.array([0.9, 0.1], np.float32)), data, split)
    assert (right["precision"], right["recall"], right["auc"]) == (1.0, 1.0, 1.0)
    wrong = action_measures(Fixed(np.array([0.1, 0.9], np.float32)), data, split)
    assert (wrong["precision"], wrong["recall"], wrong["auc"]) == (0.0, 0.0, 0.0)
    undecided = action_measures(Fixed(np.array([0.5, 0.5], np.float32)), data, split)
    assert undecided["auc"] == 0.5
