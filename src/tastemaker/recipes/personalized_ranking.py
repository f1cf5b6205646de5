"""aws-personalized-ranking: a given list in the order in which this user is likely to choose from it.

The same model as aws-user-personalization; the answer path takes the scores of the list's items only.
"""

from tastemaker.recipes.contract import Recipe, Traits
from tastemaker.recipes.parts.sequence_recipe import SequenceRecipe
from tastemaker.recipes.user_personalization import SecondParams

RECIPES: tuple[Recipe, ...] = (
    SequenceRecipe(
        "aws-personalized-ranking",
        "PERSONALIZED_RANKING",
        "Orders a given list of items for a user, learned from the order of everybody's choices.",
        Traits(optimization_objective=True, promotions=False),
    ),
    SequenceRecipe(
        "aws-personalized-ranking-v2",
        "PERSONALIZED_RANKING",
        "Orders a given list of items for a user, with weights for types of events.",
        Traits(events_config=True, metadata_always=True, promotions=False),
        SecondParams,
    ),
)
