"""What a training tells of predicted ratings."""

from dataclasses import replace

import numpy as np
import pytest

from tastemaker.data.interactions import Interactions, TrainingData, interactions
from tastemaker.data.splits import by_users
from tastemaker.metrics.report import recommended
from tastemaker.recipes.catalogue import recipes
from tastemaker.recipes.contract import silent
from tastemaker.training.evaluation import HeldOut
from tastemaker.training.ratings import rating_report


def two_camps(n_users: int = 200, n_items: int = 20, each: int = 10) -> Interactions:
    """Half of the users rate even items 4 and odd ones 2, the others the other way round."""
    rng = np.random.default_rng(0)
    user_N = np.repeat(np.arange(n_users), each)
    item_N = np.concatenate([rng.permutation(n_items)[:each] for _ in range(n_users)])
    value_N = np.where((user_N + item_N) % 2 == 0, 4, 2).astype(np.float32)
    return interactions(user_N, item_N, np.arange(len(user_N)), n_users, n_items, value_N=value_N)


def told(name: str, events: Interactions) -> dict:
    recipe, split = recipes()[name], by_users(events, seed=0)
    model = recipe.fit(TrainingData(split.train), recipe.Params(), silent)
    return rating_report(recipe, model, events, HeldOut(split, recommended(model, split.queries)), 0)


def test_errors_stand_beside_those_of_the_mean_and_of_habits():
    found = told("tastemaker-item-knn", two_camps())
    assert found["ratings"] == 20
    assert found["baselines"]["global_mean"] == {"rmse": pytest.approx(1, abs=0.05), "mae": pytest.approx(1, abs=0.05)}
    assert found["baselines"]["bias"]["rmse"] > 0.9
    assert found["rmse"] < 0.5 > found["mae"]
    assert found["vs_bias"] == "better"
    assert found["rmse_interval"][0] <= found["rmse"] <= found["rmse_interval"][1]


def test_a_recipe_of_lists_and_events_without_values_have_no_errors():
    assert told("tastemaker-implicit-als", two_camps()) == {}
    for value_N in (None, np.full(2000, np.nan, np.float32)):
        assert told("tastemaker-item-knn", replace(two_camps(), value_N=value_N)) == {}
