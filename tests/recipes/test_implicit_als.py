"""Implicit ALS: the batched solves are the regression that is written down, and a user's shares add up."""

from typing import Any

import numpy as np
import pytest

from tastemaker.data.interactions import Interactions, Query, TrainingData, interactions
from tastemaker.recipes import implicit_als
from tastemaker.recipes.contract import silent
from tastemaker.recipes.implicit_als import ImplicitAls
from tastemaker.recipes.popularity_count import PopularityCount

PARAMS = ImplicitAls.Params(factors=5, unobserved_weight=0.2, l2=0.05, iterations=3)


def some_events(n_users: int = 40, n_items: int = 12) -> Interactions:
    """Histories of 1 to 9 events, half of the users among the first items, the others among the last; some twice."""
    rng = np.random.default_rng(0)
    user_N = np.repeat(np.arange(n_users), rng.integers(1, 10, n_users))
    item_N = rng.integers(0, n_items // 2, len(user_N)) + (user_N % 2) * n_items // 2
    return interactions(user_N, item_N, np.arange(len(user_N)), n_users, n_items)


def weighted_regression(item_ID: np.ndarray[Any, Any], chosen: list[int]) -> np.ndarray[Any, Any]:
    """A user's factors from a row for every item: those chosen count twice, as 1 and, weakly, as 0 like all others."""
    rows = np.concatenate([item_ID[chosen], PARAMS.unobserved_weight**0.5 * item_ID])
    target = np.concatenate([np.ones(len(chosen)), np.zeros(len(item_ID))])
    l2 = PARAMS.l2 * (len(chosen) + PARAMS.unobserved_weight * len(item_ID))
    return np.asarray(np.linalg.solve(rows.T @ rows + l2 * np.eye(item_ID.shape[1]), rows.T @ target))


def test_a_user_is_the_regression_on_all_items():
    model = ImplicitAls().fit(TrainingData(some_events()), PARAMS, silent)
    user_D = weighted_regression(model.factor_ID.astype(np.float64), [2, 7])
    assert model.scores(Query(np.array([7, 2, 7], np.int32))) == pytest.approx(model.factor_ID @ user_D, abs=1e-5)


def test_batches_of_any_size_learn_the_same(monkeypatch: pytest.MonkeyPatch):
    data = TrainingData(some_events())
    whole = ImplicitAls().fit(data, PARAMS, silent)
    monkeypatch.setattr(implicit_als, "NUMBERS_AT_ONCE", 60)
    assert ImplicitAls().fit(data, PARAMS, silent).factor_ID == pytest.approx(whole.factor_ID, abs=1e-5)


def test_the_shares_of_the_events_add_up_to_the_score():
    model = ImplicitAls().fit(TrainingData(some_events()), PARAMS, silent)
    query = Query(np.array([3, 1, 3, 8], np.int32))
    for item, score in enumerate(model.scores(query)):
        reasons = model.explain(query, item)
        assert set(reasons) == {"event 1", "event 2", "event 3"}  # of an item chosen twice, the later event
        assert sum(reasons.values()) == pytest.approx(score, abs=1e-5)


def test_taste_finds_more_than_popularity():
    data = TrainingData(some_events(400))
    asked = [Query(np.array([0, 3], np.int32)), Query(np.array([7, 10], np.int32))]
    model, popular = (recipe.fit(data, recipe.Params(), silent) for recipe in (ImplicitAls(), PopularityCount()))
    for query, taste in zip(asked, (0, 1), strict=True):
        assert (np.argsort(-model.scores(query))[:6] // 6 == taste).all()
        assert not (np.argsort(-popular.scores(query))[:6] // 6 == taste).all()
