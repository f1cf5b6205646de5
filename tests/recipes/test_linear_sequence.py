"""The closed form equals the regression it stands for."""

import numpy as np
import pytest

from tastemaker.data.interactions import Interactions, Query, TrainingData, interactions
from tastemaker.recipes.contract import silent
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


@pytest.fixture(scope="module", params=[100, 8], ids=["all modelled", "eight modelled"])
def model(request: pytest.FixtureRequest) -> SequenceModel:
    return fit(TrainingData(some_events()), Params(l2=L2, catalogue_items_max=request.param), silent)


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


def test_a_user_never_seen_gets_the_distribution_of_popularity(model: SequenceModel):
    chance_I = np.exp(model.scores(Query()))
    events = some_events()
    users_I = np.array([len(np.unique(events.user_N[events.item_N == item])) for item in range(12)])
    assert chance_I == pytest.approx((users_I + 1) / (users_I + 1).sum(), rel=1e-4)


def test_items_beyond_the_modelled_ones_come_last():
    few = fit(TrainingData(some_events()), Params(catalogue_items_max=8), silent)
    score_I = few.scores(Query(np.array([2, 3, 7], np.int32)))
    modelled = few.modelled_M
    assert len(modelled) == 8
    assert score_I[modelled].min() > np.delete(score_I, modelled).max()


def test_an_l2_too_small_for_the_data_is_an_error_that_says_what_to_do():
    events = interactions(np.repeat([0, 1], 40_000), np.zeros(80_000, int), np.arange(80_000), 2, 1)
    left_N = events.start_U[events.user_N + 1] - np.arange(len(events)) - 1
    told: list[float] = []
    with pytest.raises(ValueError, match="Give ten times as much"):
        coefficients(events.item_N, left_N, 1, np.float32([0.9, 0.9]), 0.0, 0.0, told.append)
