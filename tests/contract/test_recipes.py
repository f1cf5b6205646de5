"""What every recipe promises. A new recipe is here by being found; nothing is to be added."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pytest

from tastemaker.data.interactions import Floats, Ints, Query, TrainingData
from tastemaker.recipes.catalogue import recipes
from tastemaker.recipes.contract import Progress, Recipe, RecipeType, hyperparameter
from tastemaker.training.promises import PROMISES, Promise


@pytest.mark.parametrize("recipe", recipes().values(), ids=recipes().keys())
@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
def test_a_recipe_keeps_its_promises(recipe: Recipe, promise: Promise):
    promise(recipe)


@dataclass(frozen=True)
class Rash:
    """A model that breaks what it can."""

    n_items: int

    def scores(self, _: Query) -> Floats:
        return np.random.default_rng().random(self.n_items)[1:].astype(np.float64)  # type: ignore[return-value]

    def scores_of(self, _: Query, item_A: Ints) -> Floats:
        return np.zeros(len(item_A), np.float32)

    def explain(self, _: Query, __: int) -> Mapping[str, float]:
        return {}


class RashRecipe:
    """A recipe of such models, that tells no progress and checks nothing."""

    name = "rash"
    recipe_type: RecipeType = "USER_PERSONALIZATION"
    description = "For this test."

    @dataclass(frozen=True)
    class Params:
        speed: float = hyperparameter(1.0, effect=False)

    def fit(self, data: TrainingData, _: Params, __: Progress) -> Rash:
        return Rash(data.interactions.n_items)


@pytest.mark.parametrize(
    "promise",
    [promise for promise in PROMISES if promise.__name__ != "asking_changes_nothing"],
    ids=lambda promise: promise.__name__,
)
def test_a_promise_that_is_broken_is_seen(promise: Promise):
    with pytest.raises((AssertionError, IndexError)):
        promise(RashRecipe())
