"""tastemaker-factorization-machine: ratings from a second-order factorization machine over histories and attributes.

A row's features are the item, its categories, the items of the user's history, the same items times how far each rating
lies from what the item usually gets, and how the user rates in general. Each feature has a weight and D factors; a pair
of features adds the product of their factors. Pairs of two features of the item, and of two of the user, are left out:
they would shift all ratings of one item, or of one user, as weights do already. So a prediction is one product of an
item's side with a user's side, nothing is stored about users, and each event has an exact share in it.

It is learned beside the bias model: weights and factors explain what that leaves (parts/factorization.py).

Without EVENT_VALUE, choices are rows of target 1, beside rows of target 0 for items drawn at random.
Source: Rendle, "Factorization Machines", ICDM 2010; the user as a set of rated items as in its section V.
Dimensions: N ratings, I items, D factors, E = D + 1 with the weight last, L events.
"""

from dataclasses import dataclass

import numpy as np

from tastemaker.data.interactions import Floats, Ints, Query, TrainingData
from tastemaker.data.ratings import Biases, rated_places
from tastemaker.recipes.contract import Progress, Reasons, Recipe, RecipeType, Traits, hyperparameter
from tastemaker.recipes.parts.factorization import Batch, Machine, category_matrix, table_of, users_of_batches
from tastemaker.recipes.parts.tastes import Doubles


@dataclass(frozen=True)
class Model:
    """item_IE: the item's side, its categories added up. chosen_IE, rated_IE: of each event on the user's side, and of
    its rating's distance from the usual. level_E: of how the user rates. mean, bias_I, l2: of the bias model.
    """

    item_IE: Floats
    chosen_IE: Floats
    rated_IE: Floats
    level_E: Floats
    mean: float
    bias_I: Floats
    l2: float
    is_rated: bool

    def scores(self, query: Query) -> Floats:
        """Predicted ratings, or chances if nothing is rated, which are not bound to 0 and 1; shape (I,). O(I * D)."""
        event_LE, level, _ = self._user(query)
        user_E = event_LE.sum(axis=0) + level * self.level_E
        factors_D, weight = user_E[:-1].astype(np.float32), float(user_E[-1])
        pairs_I = self.item_IE[:, :-1] @ factors_D
        return np.asarray(self.mean + level + weight + self.bias_I + self.item_IE[:, -1] + pairs_I, np.float32)

    def explain(self, query: Query, item: int) -> Reasons:
        """What mean, item, user and each event add; their sum is the score."""
        event_LE, level, place_L = self._user(query)
        side_E = np.append(self.item_IE[item, :-1], np.float32(1))
        shares = {
            "mean": self.mean,
            "item": float(self.bias_I[item] + self.item_IE[item, -1]),
            "user": level * float(1 + self.level_E @ side_E),
        }
        shares |= {f"event {place}": float(share) for place, share in zip(place_L, event_LE @ side_E, strict=True)}
        return dict(sorted(shares.items(), key=lambda pair: -abs(pair[1])))

    def _user(self, query: Query) -> tuple[Doubles, float, Ints]:
        """What each event puts on the user's side, shape (L, E); how she rates in general; the events' places."""
        if not self.is_rated:
            place_L = np.sort(np.unique(query.history_L, return_index=True)[1]).astype(np.int32)
            item_L = query.history_L[place_L]
            return self.chosen_IE[item_L].astype(np.float64) / max(1, len(item_L)) ** 0.5, 0.0, place_L
        place_L = rated_places(query)
        item_L = query.history_L[place_L]
        value_L = np.zeros(0, np.float32) if query.value_L is None else query.value_L[place_L]
        known = Biases(self.mean, self.bias_I, self.l2)
        left_L = known.left(item_L, value_L).astype(np.float64)
        event_LE = (self.chosen_IE[item_L] + left_L[:, None] * self.rated_IE[item_L]) / max(1, len(item_L)) ** 0.5
        return event_LE, known.user(item_L, value_L), place_L


class FactorizationMachine:
    """Learns factors of items and categories by which histories predict ratings."""

    name = "tastemaker-factorization-machine"
    recipe_type: RecipeType = "USER_PERSONALIZATION"
    description = "Predicts ratings from a user's ratings and the categories of items, by a factorization machine."
    traits = Traits(history_values=True, plain_scores=True)

    @dataclass(frozen=True)
    class Params:
        """Defaults were chosen on ML-100K; docs/recipes/tastemaker-factorization-machine.md says how."""

        factors: int = hyperparameter(16, low=1, high=256, is_tunable=True)
        l2: float = hyperparameter(25.0, low=0.01, high=10_000.0, is_tunable=True)
        epochs: int = hyperparameter(20, low=1, high=500, is_tunable=True)
        learning_rate: float = hyperparameter(0.01, low=1e-4, high=1.0, is_tunable=True)

    def fit(self, data: TrainingData, params: Params, progress: Progress) -> Model:
        """O(epochs * N * D). Memory: 100 bytes for each rating, 100 * D for each item and category."""
        table = table_of(data.interactions, data.seed)
        category_IC = category_matrix(data.item_categories, data.interactions.n_items)
        machine = Machine(table, category_IC, params.factors, params.l2, data.seed)
        batches = [Batch(table, users) for users in users_of_batches(table, data.seed)]
        rng = np.random.default_rng(data.seed)
        n_steps = params.epochs * len(batches)
        for step in range(n_steps):
            if step % len(batches) == 0:
                order = rng.permutation(len(batches))
            machine.step(batches[order[step % len(batches)]], params.learning_rate * (1 - step / n_steps))
            if progress(step + 1, n_steps) is False:
                break
        if not n_steps:
            progress(1, 1)
        parts, known = machine.parts, table.biases
        sides = (machine.item_side(), parts["chosen"], parts["rated"], parts["level"][0])
        item_IE, chosen_IE, rated_IE, level_E = (side.astype(np.float32) for side in sides)
        return Model(item_IE, chosen_IE, rated_IE, level_E, known.mean, known.item_I, known.l2, table.is_rated)


RECIPES: tuple[Recipe, ...] = (FactorizationMachine(),)
