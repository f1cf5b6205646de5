"""How campaigns and recommenders answer, besides their models: read from their rows and their recipes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tastemaker.arn import name_of
from tastemaker.data.interactions import NO_INFLUENCE, Influence
from tastemaker.data.selection import EVERYTHING, Selection, selection
from tastemaker.errors import InvalidInputException
from tastemaker.recipes.catalogue import recipes
from tastemaker.recipes.contract import Traits, traits
from tastemaker.recipes.use_cases import use_case
from tastemaker.serving.reranking import PLAIN, Dials
from tastemaker.storage.rows import Resource

LISTS = ("USER_PERSONALIZATION", "RELATED_ITEMS", "POPULAR_ITEMS")
PERSONAL = frozenset({"USER_PERSONALIZATION", "PERSONALIZED_RANKING", "PERSONALIZED_ACTIONS"})  # their scores are shown


@dataclass(frozen=True)
class Exploration:
    """share: of the places of a list that go to items of which little is known. age_days_max: how old these may be."""

    share: float
    age_days_max: float


CAP = ("cap", "capHours")  # what rows call the members of a cap, beside the dials
CAP_HOURS_DEFAULT = 24.0

# "explorationWeight: 0.3", "explorationItemAgeCutOff: 30" where nothing is said. The share of places grows with the
# square of the weight: 4.5 % by default, one item of a usual list, and half of all places at a weight of 1.
WEIGHT_DEFAULT, AGE_DAYS_DEFAULT, SHARE_AT_FULL_WEIGHT = 0.3, 30.0, 0.5
# "About 0.1 % of recommended items are new items", guide of aws-user-personalization-v2, which takes no settings.
AUTOMATIC = Exploration(0.001, 30.0)


@dataclass(frozen=True)
class Cap:
    """How often at most a user is shown an item within so many hours."""

    times: int
    hours: float


@dataclass(frozen=True)
class Manner:
    """How a campaign or a recommender answers, besides its model.

    chosen: which events make a history. hides: items of which the user has such an event are left out. has_metadata:
    metadata may be asked for. plain_scores: answers have the model's own scores, not probabilities. influence: what
    counts beside likeness. exploration: None for recipes without it.
    dials: how lists depart from the plain order. cap: None if an item may be shown to a user any number of times.
    """

    recipe_type: str
    chosen: Selection
    asks_user: bool
    asks_item: bool
    shows_scores: bool
    has_metadata: bool
    promotions: bool
    gives_reasons: bool = False
    hides: str | None = None
    plain_scores: bool = False
    influence: Influence = NO_INFLUENCE
    exploration: Exploration | None = None
    dials: Dials = PLAIN
    cap: Cap | None = None


def manner_of_version(version: Resource, arn: str, config: Mapping[str, Any]) -> Manner:
    """arn, config: what deploys it, and the campaignConfig of that."""
    recipe = recipes().get(name_of(version.body["recipeArn"]))
    if recipe is None:
        raise InvalidInputException(f"{arn}: the recipe {version.body['recipeArn']} is not installed on this server.")
    asks = traits(recipe)
    influence = config.get("rankingInfluence", {})
    return Manner(
        recipe.recipe_type,
        selection(version.body),
        asks_user=recipe.recipe_type in PERSONAL,
        asks_item=recipe.recipe_type == "RELATED_ITEMS",
        shows_scores=recipe.recipe_type in PERSONAL,
        has_metadata=asks.metadata_always or config.get("enableMetadataWithRecommendations", False),
        promotions=asks.promotions,
        gives_reasons=asks.events_config,
        plain_scores=asks.plain_scores,
        influence=Influence(influence.get("POPULARITY", 0.0), influence.get("FRESHNESS", 0.0)),
        exploration=_exploration(asks, config),
    )


def manner_of_recommender(recommender: Resource) -> Manner:
    case = use_case(name_of(recommender.body["recipeArn"]))
    if case is None:
        raise InvalidInputException(f"{recommender.arn}: its use case is not known to this server.")
    by_type = {case.event_type.lower(): EVERYTHING} if case.event_type else None
    return Manner(
        case.recipe_type,
        Selection(by_type),
        asks_user=case.asks_user,
        asks_item=case.asks_item,
        shows_scores=False,
        has_metadata=recommender.body["recommenderConfig"].get("enableMetadataWithRecommendations", False),
        promotions=True,
        hides=case.hides,
        exploration=_exploration(case.traits, recommender.body["recommenderConfig"]),
    )


def _exploration(asks: Traits, config: Mapping[str, Any]) -> Exploration | None:
    """As the itemExplorationConfig of a campaign or recommender says it, where the recipe takes one."""
    if asks.explores_by_itself:
        return AUTOMATIC
    if not asks.item_exploration_config:
        return None
    told = config.get("itemExplorationConfig", {})
    weight = float(told.get("explorationWeight", WEIGHT_DEFAULT))
    return Exploration(SHARE_AT_FULL_WEIGHT * weight**2, float(told.get("explorationItemAgeCutOff", AGE_DAYS_DEFAULT)))


def dials_of(told: Mapping[str, Any]) -> Dials:
    """Dials as the row of a campaign or recommender keeps them, but for the cap, which leaves the order alone."""
    given = {name: value for name, value in told.items() if name not in CAP}
    return Dials(**{**given, "dislikes": tuple(told.get("dislikes", ()))})


def cap_of(told: Mapping[str, Any]) -> Cap | None:
    """The cap among the same dials."""
    times, hours = (told.get(name) for name in CAP)
    return Cap(times, CAP_HOURS_DEFAULT if hours is None else hours) if times else None
