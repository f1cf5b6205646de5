"""The closed form equals the regression it stands for."""

import numpy as np
import pytest

from tastemaker.data.interactions import Interactions, Query, TrainingData, interactions
from tastemaker.recipes.contract import silent
from tastemaker.recipes.parts.low_rank_sequence import low_rank, of_first_users
from tastemaker.recipes.parts.next_item_regression import coefficients
from tastemaker.recipes.parts.sequence_model import SequenceModel
from tastemaker.recipes.parts.sequence_recipe import Params, fit

L2, DECAYS = 5.0, (0.5, 0.9)


def some_events(n_items: int = 12, longest: int = 30) -> Interactions:
    """Histories of 1 to `longest` events that tend to go on with the next item, some items twice."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, longest + 1, 60)
    item_N = rng.integers(0, n_items, lengths.sum())
    item_N[1::2] = (item_N[:-1:2] + 1) % n_items
    user_N = np.repeat(np.arange(60), lengths)
    return interactions(user_N, item_N, np.arange(len(user_N)), 60, n_items)


def regression_by_rows(events: Interactions, horizon: float) -> np.ndarray:
    """The same coefficients from a matrix with a row for every event that has a next one, in double precision."""
    feature_rows, target_rows = [], []
    for user in range(events.n_users):
        one_hot_LI = np.eye(events.n_items)[events.history(user)]
        state_KI = np.zeros((len(DECAYS), events.n_items))
        for now in range(len(one_hot_LI) - 1):
            state_KI = state_KI * np.array(DECAYS)[:, None] + one_hot_LI[now]
            ahead_L = horizon ** np.arange(len(one_hot_LI) - now - 1)
            feature_rows.append(state_KI.ravel())
            target_rows.append((1 - horizon) * ahead_L @ one_hot_LI[now + 1 :])
    x_RF, y_RI = np.array(feature_rows), np.array(target_rows)
    return np.linalg.solve(x_RF.T @ x_RF + L2 * np.eye(x_RF.shape[1]), x_RF.T @ y_RI)


@pytest.mark.parametrize("horizon", [0.0, 0.3, 0.5])
def test_sums_over_pairs_give_the_regression_over_rows(horizon: float):
    events = some_events(longest=10)  # within the reach of the shorter decay, so that nothing is cut off
    left_N = events.start_U[events.user_N + 1] - np.arange(len(events)) - 1
    told: list[float] = []
    found_KMM = coefficients(events.item_N, left_N, 12, np.float32(DECAYS), L2, horizon, told.append)
    assert np.abs(found_KMM.reshape(24, 12) - regression_by_rows(events, horizon)).max() < 1e-6
    assert told[-1] == pytest.approx(1)


@pytest.fixture(scope="module", params=[100, 8], ids=["all exact", "eight exact"])
def model(request: pytest.FixtureRequest) -> SequenceModel:
    return fit(TrainingData(some_events()), Params(l2=L2, exact_items_max=request.param), silent)


def test_what_the_events_and_popularity_add_is_the_chance_whose_logarithm_is_the_score(model: SequenceModel):
    query = Query(np.array([3, 1, 4, 1, 5, 9], np.int32))
    score_I = model.scores(query)
    for item in model.modelled_M.tolist():
        reasons = model.explain(query, item)
        events = sum(share for reason, share in reasons.items() if reason != "popularity")
        assert max(events, 0) + reasons["popularity"] == pytest.approx(np.exp(score_I[item]), rel=1e-4)


def test_the_order_of_the_history_matters(model: SequenceModel):
    history_L = model.modelled_M[[2, 6]]
    forwards, backwards = Query(history_L), Query(history_L[::-1])
    assert not np.allclose(model.scores(forwards), model.scores(backwards))


def test_a_user_never_seen_gets_the_distribution_of_popularity():
    events = some_events()
    model = fit(TrainingData(events), Params(l2=L2, recency_mask=False), silent)
    chance_I = np.exp(model.scores(Query()))
    users_I = np.array([len(np.unique(events.user_N[events.item_N == item])) for item in range(12)])
    assert chance_I == pytest.approx((users_I + 1) / (users_I + 1).sum(), rel=1e-4)


def test_a_user_never_seen_gets_more_of_what_was_chosen_lately():
    day_N = np.repeat([0, 300], 50)
    events = interactions(np.arange(100), np.repeat([0, 1], 50), day_N * 86_400, 100, 2)
    lately, ever = (
        np.exp(fit(TrainingData(events), Params(recency_mask=recent), silent).scores(Query()))
        for recent in (True, False)
    )
    assert lately.sum() == pytest.approx(1, abs=1e-5)
    assert ever[1] == pytest.approx(0.5)
    assert lately[1] == pytest.approx(0.75, abs=0.01)


def test_the_most_chosen_items_are_exact_as_if_there_were_no_others():
    events = some_events()
    model = fit(TrainingData(events), Params(l2=L2, exact_items_max=8), silent)
    head = np.sort(np.argsort(-np.bincount(events.item_N), kind="stable")[:8])
    place_I = np.full(12, -1, np.int32)
    place_I[head] = np.arange(8)
    fewer = events.where(place_I[events.item_N] >= 0)
    alone = interactions(fewer.user_N, place_I[fewer.item_N], fewer.time_s_N, 60, 8)
    exact = fit(TrainingData(alone), Params(l2=L2), silent)
    place_L = np.array([3, 1, 4, 1, 5], np.int32)
    assert np.allclose(model.linear.chances(head[place_L])[head], exact.linear.chances(place_L), atol=1e-5)


def test_with_a_place_for_every_item_the_rough_model_is_the_regression():
    events = some_events(longest=10)
    rough = low_rank(events.item_N, events.start_U, 12, np.float32(DECAYS), L2, 12, 0, lambda _: None)
    wanted_KMM = regression_by_rows(events, 0.0).reshape(2, 12, 12)
    found_KMM = rough.before_MD @ rough.across_KDD @ rough.after_MD.T
    assert np.abs(found_KMM - wanted_KMM).max() < 1e-4


@pytest.mark.parametrize(("events_max", "n_users"), [(2, 0), (3, 1), (6, 1), (7, 3), (8, 3), (9, 4), (100, 4)])
def test_of_many_events_the_rough_model_learns_from_whole_users_that_come_first(events_max: int, n_users: int):
    item_N, start_U = np.arange(9, dtype=np.int32), np.array([0, 3, 7, 7, 9])
    kept_N, kept_U = of_first_users(item_N, start_U, events_max)
    assert kept_U.tolist() == start_U[: n_users + 1].tolist()
    assert kept_N.tolist() == item_N[: start_U[n_users]].tolist()


def test_what_each_event_adds_sums_to_the_chance_in_the_rough_model_too():
    events = some_events()
    rough = low_rank(events.item_N, events.start_U, 12, np.float32(DECAYS), L2, 5, 0, lambda _: None)
    place_L = np.array([3, 1, 4, 1, 5], np.int32)
    for item in range(12):
        assert rough.shares(place_L, item).sum() == pytest.approx(rough.chances(place_L)[item], abs=1e-5)
    few = np.array([0, 4, 5], np.int32)
    assert np.allclose(rough.of_items(few).chances(np.array([1], np.int32)), rough.chances(few[[1]])[few], atol=1e-6)


def test_an_l2_too_small_for_the_data_is_an_error_that_says_what_to_do():
    events = interactions(np.repeat([0, 1], 40_000), np.zeros(80_000, int), np.arange(80_000), 2, 1)
    left_N = events.start_U[events.user_N + 1] - np.arange(len(events)) - 1
    told: list[float] = []
    with pytest.raises(ValueError, match="Give ten times as much"):
        coefficients(events.item_N, left_N, 1, np.float32([0.9, 0.9]), 0.0, 0.0, told.append)
