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


def test_actions_are_judged_one_by_one_and_the_measures_are_their_means() -> None:
    # Ten of eleven users are tested (share 0.95): each has one old event, and newest ones that are counted by hand.
    #   action 0: taken by users 0-4, declined by 5-9;   action 1: taken by user 0 alone;   action 2: declined by all.
    rows = [(user, 2, 0, 0) for user in range(11)]
    rows += [(user, action, 1, int(user < (5, 1)[action])) for user in range(10) for action in (0, 1)]
    user_N, item_N, day_N, type_N = np.array(rows).T
    events = interactions(user_N, item_N, day_N, 11, 4, type_N)
    data = TrainingData(events, event_types=["Not Taken", "Taken"])
    split = by_users(events, share=0.95, seed=0)
    tested = [user for user in split.tested.tolist() if user < 10]
    assert len(tested) == 10

    @dataclass(frozen=True)
    class Told:
        """Chances of action 0 by the old event alone, which is the same for all; of action 1 always 0.6."""

        def scores(self, query: Query) -> Floats:
            assert query.history_L.tolist() == [2]
            assert query.value_L is not None
            assert query.value_L.tolist() == [0]
            return np.array([0.9, 0.6, 0.1, 0.05], np.float32)

    found = action_measures(Told(), data, split, 86_400)
    assert found["precision"] == pytest.approx((5 / 10 + 1 / 10) / 2)
    assert found["recall"] == 1.0
    assert found["auc"] == 0.5  # the same chance for everybody
    assert found["coverage"] == 1.0  # four actions, and five are listed


def test_an_action_is_taken_if_it_is_within_the_period() -> None:
    # Everybody looks at action 0 and takes it four days later, but user 0; who has seen action 1 before.
    rows = [(user, 1, 0, 0) for user in range(12)] + [(user, 0, 1, 0) for user in range(12)]
    rows += [(user, 0, 5, 1) for user in range(1, 12)]
    user_N, item_N, day_N, type_N = np.array(rows).T
    events = interactions(user_N, item_N, day_N * 86_400, 12, 2, type_N)
    data = TrainingData(events, event_types=["Viewed", "Taken"])
    split = by_users(events, share=0.9, seed=0)
    assert 0 in split.tested
    right = action_measures(Fixed(np.array([0.9, 0.1], np.float32)), data, split, 7 * 86_400)
    assert right["recall"] == 1.0
    assert right["precision"] == pytest.approx(1 - 1 / len(split.tested))
    wrong = action_measures(Fixed(np.array([0.4, 0.1], np.float32)), data, split, 7 * 86_400)
    assert (wrong["precision"], wrong["recall"], wrong["auc"]) == (0.0, 0.0, 0.5)


def test_what_no_user_gets_is_not_covered_and_without_both_outcomes_nothing_is_judged() -> None:
    user_N, item_N = np.repeat(np.arange(20), 2), np.tile([0, 1], 20)
    events = interactions(user_N, item_N, np.arange(40), 20, 10, np.zeros(40))
    data = TrainingData(events, event_types=["Taken"])
    chance_I = np.linspace(1, 0, 10).astype(np.float32)
    assert action_measures(Fixed(chance_I), data, by_users(events, seed=0), 86_400) == {"coverage": 0.5}
