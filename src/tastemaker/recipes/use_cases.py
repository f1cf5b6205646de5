"""The ten use cases of domain dataset groups: each a recipe of ours with its choice of events and its own filter.

Source: guide, "Choosing recommender use cases" for VIDEO_ON_DEMAND and ECOMMERCE.
"""

from dataclasses import dataclass

from tastemaker.recipes.contract import PLAIN, Recipe, Traits
from tastemaker.recipes.popularity_count import PopularityCount
from tastemaker.recipes.similar_items import SimilarItems
from tastemaker.recipes.sims import Sims
from tastemaker.recipes.trending_now import TrendingNow
from tastemaker.recipes.user_personalization import RECIPES as PERSONAL

VIDEO, SHOP = "VIDEO_ON_DEMAND", "ECOMMERCE"
PERSONAL_TRAITS = Traits(item_exploration_config=True, auto_update=True)


@dataclass(frozen=True)
class UseCase:
    """What a recommender is made of.

    event_type: what the recipe learns from, None: every event. needs: the type of which there must be enough events.
    hides: items of which the user has such an event are never recommended. asks_user, asks_item: what a request must
    name. datasets: what the group must have.
    """

    name: str
    domain: str
    description: str
    recipe: Recipe
    event_type: str | None = None
    needs: str | None = None
    hides: str | None = None
    asks_user: bool = True
    asks_item: bool = False
    datasets: tuple[str, ...] = ("INTERACTIONS",)
    traits: Traits = PLAIN

    @property
    def recipe_type(self) -> str:
        """As of the recipe that it is made of."""
        return self.recipe.recipe_type


USE_CASES: tuple[UseCase, ...] = (
    UseCase(
        "aws-vod-because-you-watched-x",
        VIDEO,
        "Videos that users who watched X watched, too.",
        Sims(),
        event_type="Watch",
        needs="Watch",
        hides="Watch",
        asks_item=True,
    ),
    UseCase(
        "aws-vod-more-like-x",
        VIDEO,
        "Videos like X, by who chose them and by what they are.",
        SimilarItems(),
        hides="Watch",
        asks_item=True,
        datasets=("INTERACTIONS", "ITEMS"),
    ),
    UseCase(
        "aws-vod-most-popular",
        VIDEO,
        "Videos that most users watched.",
        PopularityCount(),
        event_type="Watch",
        needs="Watch",
    ),
    UseCase(
        "aws-vod-trending-now",
        VIDEO,
        "Videos whose interactions grow fastest.",
        TrendingNow(),
        asks_user=False,
    ),
    UseCase(
        "aws-vod-top-picks",
        VIDEO,
        "Videos that a user is likely to choose next.",
        PERSONAL[0],
        hides="Watch",
        datasets=("INTERACTIONS", "ITEMS"),
        traits=PERSONAL_TRAITS,
    ),
    UseCase(
        "aws-ecomm-popular-items-by-views",
        SHOP,
        "Products that most users viewed.",
        PopularityCount(),
        event_type="View",
        needs="View",
    ),
    UseCase(
        "aws-ecomm-popular-items-by-purchases",
        SHOP,
        "Products that most users purchased.",
        PopularityCount(),
        event_type="Purchase",
        needs="Purchase",
    ),
    UseCase(
        "aws-ecomm-frequently-bought-together",
        SHOP,
        "Products that are purchased by those who purchase X.",
        Sims(),
        event_type="Purchase",
        needs="Purchase",
        asks_user=False,
        asks_item=True,
    ),
    UseCase(
        "aws-ecomm-customers-who-viewed-x-also-viewed",
        SHOP,
        "Products that users who viewed X viewed, too.",
        Sims(),
        event_type="View",
        needs="View",
        hides="Purchase",
        asks_item=True,
    ),
    UseCase(
        "aws-ecomm-recommended-for-you",
        SHOP,
        "Products that a user is likely to choose next.",
        PERSONAL[0],
        hides="Purchase",
        traits=PERSONAL_TRAITS,
    ),
)


def use_case(name: str) -> UseCase | None:
    """The use case of that name."""
    return next((each for each in USE_CASES if each.name == name), None)
