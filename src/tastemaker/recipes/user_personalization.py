"""aws-user-personalization: what this user is likely to choose next, out of the whole catalogue.

The service documents a recurrent network; ours is the linear sequence model, whose accuracy is in
benchmarks/LEADERBOARD.md. Exploration of new items happens when a campaign answers, not here.
"""

from tastemaker.data.interactions import TrainingData
from tastemaker.recipes.contract import Progress, Recipe, RecipeType
from tastemaker.recipes.parts import linear_sequence


class UserPersonalization:
    """The linear sequence model over the whole catalogue."""

    name = "aws-user-personalization"
    recipe_type: RecipeType = "USER_PERSONALIZATION"
    description = "Items that a user is likely to choose next, learned from the order of everybody's choices."
    Params = linear_sequence.Params

    def fit(
        self, data: TrainingData, params: linear_sequence.Params, progress: Progress
    ) -> linear_sequence.LinearSequence:
        """Time and memory as in linear_sequence.fit."""
        return linear_sequence.fit(data, params, progress)


RECIPES: tuple[Recipe, ...] = (UserPersonalization(),)
