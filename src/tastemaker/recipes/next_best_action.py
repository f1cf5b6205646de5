"""aws-next-best-action: the probability that a user takes an action, were it proposed.

How often an action is taken when it is seen, smoothed towards the mean of all actions, and moved by what the user took
before: naive Bayes over the user's taken actions, each lift shrunken by how few users it rests on.
"""

from dataclasses import dataclass

import numpy as np

from tastemaker.data.interactions import Floats, Query, TrainingData
from tastemaker.recipes.contract import Progress, Reasons, Recipe, RecipeType, Traits, hyperparameter
from tastemaker.recipes.parts.popularity import first_choices

TAKEN = "taken"
RECENT_S = 6 * 7 * 86_400  # "within 6 weeks of the newest timestamp"
SMOOTHING = 10.0  # pretended proposals at the mean rate, so that an action proposed twice is not believed
LIFT_USERS = 20.0  # users a lift must rest on before half of it is believed
ACTIONS_MAX = 1000


@dataclass(frozen=True)
class Model:
    """odds_I: log odds of taking each action; lift_II: what having taken action a adds to the log odds of b."""

    odds_I: Floats
    lift_II: Floats

    def scores(self, query: Query) -> Floats:
        """Probabilities, shape (I,); they need not sum to 1."""
        taken = np.unique(query.history_L)
        odds_I = self.odds_I + self.lift_II[taken].sum(axis=0)
        chance_I: Floats = (1 / (1 + np.exp(-odds_I))).astype(np.float32)
        return chance_I

    def explain(self, query: Query, item: int) -> Reasons:
        """Log odds: of the action itself, and what each action taken before adds."""
        shares = {f"action {taken}": float(self.lift_II[taken, item]) for taken in np.unique(query.history_L)}
        return {"how often it is taken": float(self.odds_I[item]), **shares}


class NextBestAction:
    """Counts what was taken of what was seen; histories are the actions that users took."""

    name = "aws-next-best-action"
    recipe_type: RecipeType = "PERSONALIZED_ACTIONS"
    description = "Actions that a user is likely to take, with the probability of each."
    traits = Traits(datasets=("INTERACTIONS", "ACTIONS"), batch_inference=False, promotions=False)

    @dataclass(frozen=True)
    class Params:
        """How many days ahead are considered."""

        action_optimization_period: int = hyperparameter(
            14, low=7, high=28, effect=False, why="A proposal counts as taken whenever it is taken."
        )

    def fit(self, data: TrainingData, params: Params, progress: Progress) -> Model:  # noqa: ARG002
        """O(N + I**2); I is at most ACTIONS_MAX. Raises ValueError beyond it."""
        events = data.interactions
        if events.n_items > ACTIONS_MAX:
            raise ValueError(f"There are {events.n_items} actions, and at most {ACTIONS_MAX} are possible.")
        taken_N = data.is_of_type(TAKEN)
        recent_N = events.time_s_N >= events.time_s_N.max(initial=0) - RECENT_S
        taken_I = np.bincount(events.item_N[taken_N & recent_N], minlength=events.n_items)
        seen_I = np.bincount(events.item_N[recent_N], minlength=events.n_items)
        mean = (taken_I.sum() + 1) / (seen_I.sum() + 2)
        rate_I = (taken_I + SMOOTHING * mean) / (seen_I + SMOOTHING)
        progress(1, 2)
        takers = first_choices(events.where(taken_N))
        took_UI = np.zeros((events.n_users, events.n_items), np.float32)
        took_UI[takers.user_N, takers.item_N] = 1
        both_II = took_UI.T @ took_UI
        users_I = np.diag(both_II)
        expected_II = np.outer(users_I, users_I) / max(1, events.n_users)
        lift_II = np.log((both_II + 1) / (expected_II + 1)) * (users_I / (users_I + LIFT_USERS))[:, None]
        np.fill_diagonal(lift_II, 0)
        progress(2, 2)
        return Model(np.log(rate_I / (1 - rate_I)).astype(np.float32), lift_II.astype(np.float32))


RECIPES: tuple[Recipe, ...] = (NextBestAction(),)
