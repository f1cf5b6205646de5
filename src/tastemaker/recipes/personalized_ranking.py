"""aws-personalized-ranking: a given list in the order in which this user is likely to choose from it.

The same model as aws-user-personalization; the answer path takes the scores of the list's items only.
"""

from tastemaker.data.interactions import TrainingData
from tastemaker.recipes.contract import Progress, Recipe, RecipeType
from tastemaker.recipes.parts import linear_sequence


class PersonalizedRanking:
    """The linear sequence model over a given list."""

    name = "aws-personalized-ranking"
    recipe_type: RecipeType = "PERSONALIZED_RANKING"
    description = "Orders a given list of items for a user, learned from the order of everybody's choices."
    Params = linear_sequence.Params

    def fit(
        self, data: TrainingData, params: linear_sequence.Params, progress: Progress
    ) -> linear_sequence.LinearSequence:
        """Time and memory as in linear_sequence.fit."""
        return linear_sequence.fit(data, params, progress)


RECIPES: tuple[Recipe, ...] = (PersonalizedRanking(),)
