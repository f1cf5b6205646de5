"""aws-next-best-action: chances that hold, by planted odds."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tastemaker.data.interactions import Categories, Query, TrainingData, interactions
from tastemaker.data.proposals import proposals
from tastemaker.recipes.contract import parse, silent
from tastemaker.recipes.next_best_action import Model, NextBestAction

DAY_S = 86_400
TYPES = ("Viewed", "Taken")
Row = tuple[int, int, float, int]  # user, action, day, 1 for taken


def data_of(rows: list[Row], n_actions: int = 2, **more: Any) -> TrainingData:
    user, action, day, taken = (np.array(column) for column in zip(*rows, strict=True))
    time_s = (day * DAY_S).astype(np.int64)
    events = interactions(user, action, time_s, int(user.max()) + 1, n_actions, taken)
    return TrainingData(events, event_types=TYPES, **more)


def model_of(data: TrainingData, **given: str) -> Model:
    return NextBestAction().fit(data, parse(NextBestAction.Params, given), silent)


def told(*events: tuple[int, int], **about: tuple[str, ...]) -> Query:
    """events: action, and 1 if it was taken."""
    return Query(
        np.array([action for action, _ in events], np.int32),
        value_L=np.array([taken for _, taken in events], np.float32),
        about={f"USERS.{name}": values for name, values in about.items()},
    )


def customers(n_users: int = 1000, n_actions: int = 6, each: int = 10, seed: int = 0) -> TrainingData:
    """Each user has a taste that some actions meet and others offend, and a plan; a few days pass before they act."""
    rng = np.random.default_rng(seed)
    base_I, load_I = rng.normal(-0.8, 0.8, n_actions), rng.normal(0, 1, n_actions)
    taste_U, plan_U = rng.normal(0, 1, n_users), rng.integers(0, 2, n_users)
    plan_GI = rng.normal(0, 0.8, (2, n_actions))
    rows: list[Row] = []
    for user in range(n_users):
        day = rng.uniform(0, 120)
        for _ in range(each):
            day, action = day + rng.uniform(1, 8), int(rng.integers(n_actions))
            odds = base_I[action] + load_I[action] * taste_U[user] + plan_GI[plan_U[user], action]
            rows.append((user, action, day, 0))
            if rng.random() < 1 / (1 + np.exp(-odds)):
                rows.append((user, action, day + rng.exponential(3.0), 1))
    plans = Categories(["basic", "gold"], np.arange(n_users + 1), plan_U.astype(np.int32))
    return data_of([row for row in rows if row[2] < 160], n_actions, user_categories={"PLAN": plans})


def test_chances_are_those_that_proposals_of_unseen_users_turn_out_to_have() -> None:
    data = customers()
    events, is_taken_N = data.interactions, data.is_of_type("taken")
    learned = replace(data, interactions=events.where(events.user_N % 2 == 0))
    model = model_of(learned)
    asked = proposals(events, is_taken_N, 14 * DAY_S)
    chances, outcomes, plain = [], [], []
    newest_s = int(events.time_s_N.max())
    for place, outcome in zip(asked.place_P.tolist(), asked.taken_P.tolist(), strict=True):
        user, action = int(events.user_N[place]), int(events.item_N[place])
        if user % 2 == 0 or events.time_s_N[place] > newest_s - 14 * DAY_S:
            continue
        before = slice(events.start_U[user], place)
        value_L = is_taken_N[before].astype(np.float32)
        chances.append(model.scores(Query(events.item_N[before], value_L=value_L, about=data.about(user)))[action])
        plain.append(model.scores(Query())[action])
        outcomes.append(outcome)
    chance_P, taken_P, plain_P = np.array(chances), np.array(outcomes), np.array(plain)
    order_P = np.argsort(chance_P)
    for tenth in np.array_split(order_P, 10):  # about 480 proposals each: two standard errors are 0.045
        assert chance_P[tenth].mean() == pytest.approx(taken_P[tenth].mean(), abs=0.07)
    assert chance_P[order_P[-480:]].mean() - chance_P[order_P[:480]].mean() > 0.4  # and they differ

    def surprise(p: Any) -> float:
        return float(-np.log(np.where(taken_P, p, 1 - p)).mean())

    assert surprise(chance_P) < surprise(plain_P) - 0.02


def test_a_longer_period_counts_later_answers() -> None:
    rows: list[Row] = [(user, 0, 100, 0) for user in range(100)] + [(user, 0, 120, 1) for user in range(60)]
    rows += [(user, 1, 135, 0) for user in range(100)]
    chances = [model_of(data_of(rows), action_optimization_period=days).scores(Query())[0] for days in ("14", "28")]
    # In 28 days 60 of 100 were taken; in 14 days all failed, and what was taken later were users who had seen it.
    assert chances[0] < 0.25
    assert chances[1] == pytest.approx(0.6, abs=0.03)


def test_a_proposal_of_yesterday_is_not_a_failure_yet() -> None:
    # Half of all proposals are taken, ten days later. The newest 100 of action 1 had no time for that.
    rows: list[Row] = []
    for user in range(200):
        rows += [(user, 0, 60, 0), *([(user, 0, 70, 1)] if user % 2 else [])]
        rows += [(user, 1, 60.5, 0), *([(user, 1, 70.5, 1)] if user % 2 else [])]
    rows += [(200 + user, 1, 99, 0) for user in range(100)] + [(300, 0, 100, 0)]
    assert model_of(data_of(rows)).scores(Query()) == pytest.approx([0.5, 0.5], abs=0.05)


def test_what_was_taken_declined_and_is_known_of_the_user_moves_the_chances() -> None:
    rows: list[Row] = []
    for user in range(400):
        rows.append((user, 0, 1, user % 2))
        rows.append((user, 1, 2, int(user % 2 == 1 and user % 10 != 1)))  # who took 0 takes 1
        rows.append((user, 2, 3, int(user % 4 == 0)))  # half of those who did not, by their plan
    plans = Categories(
        ["gold", "none"], np.arange(401), np.array([int(user % 4 != 0) for user in range(400)], np.int32)
    )
    model = model_of(data_of(rows, 3, user_categories={"PLAN": plans}))
    assert model.scores(told((0, 1)))[1] > 0.6 > 0.5 > model.scores(told())[1] > model.scores(told((0, 0)))[1]
    assert model.scores(told(PLAN=("gold",)))[2] > 0.5 > model.scores(told(PLAN=("none",)))[2]
    assert model.about_columns == ("USERS.PLAN",)
    reasons = model.explain(told((0, 1), PLAN=("none",)), 1)
    assert set(reasons) == {"how often it is taken", "event 0", "USERS.PLAN"}
    odds = sum(reasons.values())
    assert 1 / (1 + np.exp(-odds)) == pytest.approx(model.scores(told((0, 1), PLAN=("none",)))[1], abs=1e-4)


def test_value_settles_ties_and_counts_in_the_order_where_that_is_wanted() -> None:
    rows: list[Row] = [(user, action, 1, int(user % 4 < action)) for user in range(400) for action in range(3)]
    value_I = np.array([9, 4, 1, 7, np.nan], np.float32)
    data = data_of(rows, 5, item_numbers={"VALUE": value_I})
    plain, weighed = model_of(data), model_of(data, value_weight="1.0")
    score_I = plain.scores(Query())
    assert np.array_equal(score_I, weighed.scores(Query())), "chances are chances, whatever they are worth"
    assert score_I[3] == score_I[4], "of two new actions nothing is known"
    assert np.argsort(-score_I * plain.worth_I).tolist() == [2, 3, 4, 1, 0]
    assert np.argsort(-score_I * weighed.worth_I).tolist() == [3, 1, 2, 4, 0]


def test_an_action_with_less_data_than_documented_has_no_score_where_minimums_are_held() -> None:
    rows: list[Row] = [(user, action, 50, int(user % 2)) for user in range(100) for action in (0, 1)]
    rows += [(user, 1, 1, 0) for user in range(100, 200)]  # enough of them, but long ago
    rows = [row for row in rows if not (row[1] == 1 and row[2] == 50 and row[0] % 10 == 0)]
    model = model_of(data_of(rows, 3))
    assert model.enough_I.tolist() == [True, False, False]
    strict = replace(model, holds_minimums=True)
    shown = np.round(strict.scores(Query()).astype(np.float64), 7)
    assert shown[0] == pytest.approx(0.5, abs=0.05)
    assert shown[1:].tolist() == [0.0, 0.0]
    hidden = [int(np.argsort(-each.scores(Query())[1:])[0]) for each in (model, strict)]
    assert hidden[0] == hidden[1], "and they keep their order"


def test_a_model_takes_up_new_actions_and_forgets_those_that_are_gone() -> None:
    rows: list[Row] = [(user, action, 1, int(user % 4 < action)) for user in range(400) for action in range(3)]
    old = model_of(data_of(rows, 3))
    moved = {0: 2, 1: 0}  # the third one is gone, and place 1 is a new one
    later: list[Row] = [(user, moved[action], day, taken) for user, action, day, taken in rows if action in moved]
    later += [(user, 1, 2, 1) for user in range(100)]
    new = old.extended(np.array([2, 0, -1], np.int32), data_of(later, 3))
    before, after = old.scores(told((1, 1))), new.scores(told((0, 1)))
    assert after[[2, 0]] == pytest.approx(before[[0, 1]])
    assert after[1] > 0.8
