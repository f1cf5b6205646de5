"""The recipe keeps what every recipe promises, and does what it is for."""

import numpy as np
import pytest
from tastemaker.data.interactions import Query, TrainingData, interactions
from tastemaker.recipes.contract import parse, silent
from tastemaker.training.promises import PROMISES, Promise

from recent_popularity import RecentPopularity

RECIPE = RecentPopularity()


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
def test_the_recipe_keeps_its_promises(promise: Promise) -> None:
    promise(RECIPE)


def test_a_recent_choice_counts_more_than_an_old_one() -> None:
    day_N = np.array([0, 0, 100])
    user_N, item_N = np.array([[0, 1, 2], [0, 0, 1]], np.int32)
    events = interactions(user_N, item_N, day_N * 86_400, n_users=3, n_items=2)
    model = RECIPE.fit(TrainingData(events), parse(RECIPE.Params, {"half_life_days": "10"}), silent)
    assert model.scores(Query())[1] > model.scores(Query())[0]
