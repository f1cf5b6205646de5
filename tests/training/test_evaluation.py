"""What a training says of itself: all measures of held-out users in its report, and trends where it looks for any."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from tastemaker.data.interactions import Interactions, TrainingData, interactions
from tastemaker.data.splits import by_users
from tastemaker.metrics.report import recommended
from tastemaker.recipes.catalogue import recipes
from tastemaker.training import evaluation as told
from tastemaker.training.evaluation import HeldOut, evaluation, trend_measures
from tastemaker.training.learning import Learned, measured
from tastemaker.training.train import trained


def two_tastes(n_users: int = 200, n_items: int = 60, each: int = 12) -> TrainingData:
    """Half of the users choose only even items, the others only odd ones; low numbers are the popular ones."""
    rng = np.random.default_rng(0)
    user_N = np.repeat(np.arange(n_users), each)
    item_N = (rng.integers(0, n_items // 2, len(user_N)) * rng.random(len(user_N))).astype(int) * 2 + user_N % 2
    return TrainingData(interactions(user_N, item_N, np.arange(len(user_N)), n_users, n_items))


def of_recipe(name: str, data: TrainingData) -> Any:
    recipe = recipes()[name]
    return measured(recipe, recipe.Params(), data, data.interactions.n_items, 0, lambda _, __: None)


def test_what_a_recipe_adds_to_popularity_is_said_with_how_sure_it_is():
    data = two_tastes()
    found = evaluation(of_recipe("aws-user-personalization", data).held_out, data, 60, seed=0)
    gain = found["measures"]["normalized_discounted_cumulative_gain_at_25"]
    assert gain["low"] < gain["value"] < gain["high"]
    assert gain["better_than_baseline"] == "yes"
    assert (found["users"], found["test_users"]) == (20, 20)
    assert set(found["slices"]) >= {"users_with_long_histories", "head_items", "tail_items"}


def test_the_documented_metrics_are_the_same_and_have_the_same_keys_as_ever():
    data = two_tastes()
    made = of_recipe("aws-sims", data)
    found = evaluation(made.held_out, data, 60, seed=0)["measures"]
    assert {name: found[name]["value"] for name in made.metrics} == pytest.approx(made.metrics, abs=1e-6)
    assert len(made.metrics) == 8


def test_the_popularity_recipe_is_its_own_baseline():
    data = two_tastes()
    found = evaluation(of_recipe("aws-popularity-count", data).held_out, data, 60, seed=0)["measures"]
    assert all(each["value"] == each["baseline"] for each in found.values())


def test_equal_seeds_give_equal_reports():
    data = two_tastes()
    held_out = of_recipe("aws-popularity-count", data).held_out
    assert evaluation(held_out, data, 60, seed=1) == evaluation(held_out, data, 60, seed=1)


def test_of_very_many_users_a_sample_is_judged(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(told, "USERS_MAX", 7)
    data = two_tastes()
    split = by_users(data.interactions, 0.5, seed=0)
    found = evaluation(HeldOut(split, recommended(Flat(60), split.queries)), data, 60, seed=0)
    assert (found["users"], found["test_users"]) == (7, 100)


@dataclass(frozen=True)
class Flat:
    """Likes all items alike."""

    n_items: int

    def scores(self, _: Any) -> Any:
        return np.zeros(self.n_items, np.float32)


def wave(n_items: int = 40, hours: int = 12) -> Interactions:
    """Ten items are chosen once an hour, and every hour one of four others five times."""
    rows = [(item, hour * 3600 + item) for hour in range(hours) for item in range(10)]
    rows += [(20 + hour % 4, hour * 3600 + 60 + n) for hour in range(hours) for n in range(5)]
    item_N, time_s_N = (np.array(column) for column in zip(*rows, strict=True))
    return interactions(np.arange(len(rows)) % 30, item_N, time_s_N, 30, n_items)


def test_trends_are_measured_by_time_for_recipes_that_look_for_them_and_for_no_others():
    data, trending, popular = TrainingData(wave()), recipes()["aws-trending-now"], recipes()["aws-popularity-count"]
    found = trend_measures(trending, trending.Params("1 hour"), data)
    assert set(found) == {"trend_prediction_accuracy"}
    assert 0 <= found["trend_prediction_accuracy"] <= 1
    assert trend_measures(popular, popular.Params(), data) == {}
    assert trend_measures(trending, trending.Params("1 day"), data) == {}  # all within one day: nothing came before


def test_a_version_keeps_the_evaluation_in_its_report_and_an_update_the_one_it_had():
    body = trained(Learned("a", {}, {"seed": 1}, 0.1, 0, {"users": 3}))
    assert body["report"] == {"evaluation": {"users": 3}, "seed": 1}
    assert trained(Learned("b", {}, body["report"], 0.1, 0))["report"]["evaluation"] == {"users": 3}
