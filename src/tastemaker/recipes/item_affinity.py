"""aws-item-affinity and aws-item-attribute-affinity: the users most likely to choose an item, or items of a kind.

The model is that of aws-user-personalization, asked the other way round: for every user, how likely is this item to be
the next one? A batch segment job asks, and sorts the users.
"""

from dataclasses import dataclass

from tastemaker.recipes.contract import Recipe, Traits, hyperparameter
from tastemaker.recipes.parts.sequence_recipe import NO_NETWORK, SequenceRecipe, Solved


@dataclass(frozen=True)
class AffinityParams(Solved):
    """The documented one and those of the model."""

    hidden_dimension: int = hyperparameter(149, low=32, high=256, effect=False, why=NO_NETWORK)


RECIPES: tuple[Recipe, ...] = (
    SequenceRecipe(
        "aws-item-affinity",
        "USER_SEGMENTATION",
        "Segments of users by how likely each is to choose an item.",
        Traits(batch_inference=False, promotions=False),
        AffinityParams,
    ),
    SequenceRecipe(
        "aws-item-attribute-affinity",
        "USER_SEGMENTATION",
        "Segments of users by how likely each is to choose items with given attributes.",
        Traits(datasets=("INTERACTIONS", "ITEMS"), batch_inference=False, promotions=False),
        AffinityParams,
    ),
)
