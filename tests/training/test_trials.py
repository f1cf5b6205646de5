"""A search that was interrupted finds what it would have found, and gives up trials that others are ahead of."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from tastemaker.data.interactions import Floats, Query, TrainingData, interactions
from tastemaker.recipes.catalogue import recipes
from tastemaker.recipes.contract import Progress, RecipeType, hyperparameter, silent
from tastemaker.resources.kind import WorkFailed
from tastemaker.training.trials import Judge, Trials

EPOCHS = 4
RANGES = {"rate": (0.0, 1.0), "depth": (1, 5)}


@dataclass(frozen=True)
class Guess:
    """Finds what comes next if its parameters are right, here a rate of 0.3 and a depth of 2."""

    error: float
    n_items: int

    def scores(self, query: Query) -> Floats:
        score_I = np.random.default_rng(len(query.history_L)).random(self.n_items).astype(np.float32)
        score_I[(query.history_L[-1] + 1) % self.n_items] = 1.5 - 2 * self.error
        return score_I

    def explain(self, query: Query, item: int) -> Mapping[str, float]:  # noqa: ARG002
        return {"a guess": 1.0}


class Guessing:
    """A recipe with epochs."""

    name = "guessing"
    recipe_type: RecipeType = "USER_PERSONALIZATION"
    description = "For this test."

    @dataclass(frozen=True)
    class Params:
        rate: float = hyperparameter(0.9, low=0.0, high=1.0, is_tunable=True)
        depth: int = hyperparameter(1, low=1, high=5, is_tunable=True)

    def fit(self, data: TrainingData, params: Params, progress: Progress) -> Guess:
        if params.depth == 5:
            raise ValueError("Five is too deep.")
        error = abs(params.rate - 0.3) + 0.1 * abs(params.depth - 2)
        for epoch in range(EPOCHS):
            progress(epoch + 1, EPOCHS, validation_loss=error + 1 / (epoch + 1))
        return Guess(error, data.interactions.n_items)


def trials(made: list[Any], kept: list[int]) -> Trials:
    user_N = np.repeat(np.arange(60), 10)
    item_N = (np.tile(np.arange(10), 60) + user_N) % 40
    data = TrainingData(interactions(user_N, item_N, np.arange(600), 60, 40))
    return Trials(Judge(data, 40, 7, None), Guessing(), {}, RANGES, made, lambda: kept.append(len(made)))


def told(made: list[Any]) -> list[Any]:
    return [{name: value for name, value in trial.items() if name != "took_s"} for trial in made]


@pytest.fixture(scope="module")
def whole() -> list[Any]:
    made: list[Any] = []
    trials(made, []).run(14, silent)
    return made


def test_the_first_trial_has_the_defaults_and_the_best_is_near_what_is_right(whole: list[Any]):
    assert whole[0]["parameters"] == {"rate": "0.9", "depth": "1"}
    best = max((trial for trial in whole if "value" in trial), key=lambda trial: trial["value"])
    assert abs(float(best["parameters"]["rate"]) - 0.3) < 0.25
    assert best["value"] > whole[0]["value"]


def test_a_search_taken_up_after_some_trials_goes_on_as_if_it_had_not_stopped(whole: list[Any]):
    for n_before in (1, 5, 9):
        kept: list[int] = []
        made = [dict(trial) for trial in whole[:n_before]]
        trials(made, kept).run(14, silent)
        assert told(made) == told(whole)
        assert kept == list(range(n_before + 1, 15))


def test_trials_that_others_are_ahead_of_are_given_up_and_say_when(whole: list[Any]):
    given_up = [trial for trial in whole if "given_up" in trial]
    assert given_up
    assert all("value" not in trial and len(trial["steps"]) < EPOCHS for trial in given_up)


def test_parameters_that_do_not_go_with_the_data_say_why_and_stop_nothing(whole: list[Any]):
    for trial in whole:
        assert ("failed" in trial) == (trial["parameters"]["depth"] == "5")


def test_asked_to_finish_it_gives_the_best_so_far():
    made: list[Any] = []

    def watch(done: float, total: float, /, **facts: float) -> bool:  # noqa: ARG001
        return facts.get("trial", 0) < 3 or "best" not in facts

    trials(made, []).run(14, watch)
    assert len(made) == 3


def test_without_a_trial_that_trained_the_work_fails():
    made: list[Any] = []
    search = trials(made, [])
    with pytest.raises(WorkFailed, match="No trial"):
        Trials(search.judge, search.recipe, {}, {"depth": (5, 5)}, made, lambda: None).run(2, silent)


def test_a_recipe_that_predicts_ratings_is_judged_by_their_error():
    rng = np.random.default_rng(0)
    user_N, item_N = np.repeat(np.arange(80), 12), np.concatenate([rng.permutation(30)[:12] for _ in range(80)])
    value_N = np.where(user_N % 2 == item_N % 2, 5, 1).astype(np.float32)
    data = TrainingData(interactions(user_N, item_N, np.arange(len(user_N)), 80, 30, value_N=value_N))
    recipe = recipes()["tastemaker-user-knn"]
    good, bad = (Judge(data, 30, 7, None).value(recipe, {"neighbours": n}, silent) for n in ("20", "1"))
    assert bad < good < 0.0
