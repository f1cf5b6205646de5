"""aws-popularity-count: items by the number of different users who chose them; the same list for everybody.

The baseline that every other recipe must beat.
"""

from dataclasses import dataclass

from tastemaker.data.interactions import Floats, Query, TrainingData
from tastemaker.recipes.contract import Progress, Reasons, Recipe, RecipeType
from tastemaker.recipes.parts.popularity import users_per_item


@dataclass(frozen=True)
class Model:
    """users_I: different users who chose each item."""

    users_I: Floats

    def scores(self, query: Query) -> Floats:  # noqa: ARG002  the same for every query
        """The number of users, shape (I,)."""
        return self.users_I

    def explain(self, query: Query, item: int) -> Reasons:  # noqa: ARG002
        """How many users chose the item."""
        return {"popularity": float(self.users_I[item])}


class PopularityCount:
    """Counts users; a user who chose an item ten times counts once."""

    name = "aws-popularity-count"
    recipe_type: RecipeType = "POPULAR_ITEMS"
    description = "Items by the number of users who interacted with them, the same for everybody."

    @dataclass(frozen=True)
    class Params:
        """None."""

    def fit(self, data: TrainingData, params: Params, progress: Progress) -> Model:  # noqa: ARG002
        """O(N log N)."""
        users_I = users_per_item(data.interactions)
        progress(1, 1)
        return Model(users_I.astype("float32"))


RECIPES: tuple[Recipe, ...] = (PopularityCount(),)
