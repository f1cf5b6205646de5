"""aws-user-personalization: what this user is likely to choose next, out of the whole catalogue.

The service documents a recurrent network; ours is the linear sequence model, whose accuracy is in
benchmarks/LEADERBOARD.md. Exploration of new items happens when a campaign answers, not here.
"""

from tastemaker.recipes.contract import Recipe
from tastemaker.recipes.parts.linear_sequence import LinearSequenceRecipe

RECIPES: tuple[Recipe, ...] = (
    LinearSequenceRecipe(
        "aws-user-personalization",
        "USER_PERSONALIZATION",
        "Items that a user is likely to choose next, learned from the order of everybody's choices.",
    ),
)
