"""Recommenders: use cases, configuration, stopping and starting, updates (5, 3, 4.7; recipes 5)."""

from typing import Any

import pytest

from conformance.case import EXCEPTION, Case, case, cases, refusal
from conformance.world import World


def config(**members: Any) -> dict[str, Any]:
    """The configuration of a recommender."""
    return {"recommenderConfig": members}


def recipe(name: str) -> dict[str, Any]:
    """A recipe by its name."""
    return {"recipeArn": f"$recipe.{name}"}


BOTH = ("CreateRecommender", "UpdateRecommender")
CONFIGS = [
    ("explorationWeight is 1 at most", config(itemExplorationConfig={"explorationWeight": "1.5"})),
    ("explorationWeight is 0 at least", config(itemExplorationConfig={"explorationWeight": "-1"})),
    ("explorationItemAgeCutOff is 1 at least", config(itemExplorationConfig={"explorationItemAgeCutOff": "0"})),
    ("Unknown keys of itemExplorationConfig", config(itemExplorationConfig={"unknown": "1"})),
    ("Excluded columns exist", config(trainingDataConfig={"excludedDatasetColumns": {"ITEMS": ["NOPE"]}})),
    (
        "EVENT_TYPE cannot be excluded",
        config(trainingDataConfig={"excludedDatasetColumns": {"INTERACTIONS": ["EVENT_TYPE"]}}),
    ),
]
REFUSED = [
    *(refusal(name, "5", says, "InvalidInput", **changes) for name in BOTH for says, changes in CONFIGS),
    refusal("CreateRecommender", "5", "Domain groups only", "InvalidInput", datasetGroupArn="$group"),
    refusal(
        "CreateRecommender",
        "5",
        "The recipe is of the group's domain",
        "InvalidInput",
        **recipe("aws-ecomm-recommended-for-you"),
    ),
    refusal("CreateRecommender", "5", "A custom recipe is no use case", "InvalidInput", **recipe("aws-sims")),
    refusal("CreateRecommender", "1.4", "Unknown recipe", "ResourceNotFound", **recipe("aws-nothing")),
    refusal(
        "CreateRecommender",
        "5",
        "Exploration for top picks and recommended for you only",
        "InvalidInput",
        **recipe("aws-vod-most-popular"),
        **config(itemExplorationConfig={"explorationWeight": "0.5"}),
    ),
    refusal("StartRecommender", "5", "Already active: InvalidInput", "InvalidInput"),
]


@cases(REFUSED)
def test_what_cannot_be_is_refused(world: World, case: Case) -> None:
    world.refuses(case)


CASES_OF = {
    "aws-vod-because-you-watched-x": "VIDEO_ON_DEMAND",
    "aws-vod-more-like-x": "VIDEO_ON_DEMAND",
    "aws-vod-most-popular": "VIDEO_ON_DEMAND",
    "aws-vod-trending-now": "VIDEO_ON_DEMAND",
    "aws-vod-top-picks": "VIDEO_ON_DEMAND",
    "aws-ecomm-popular-items-by-views": "ECOMMERCE",
    "aws-ecomm-popular-items-by-purchases": "ECOMMERCE",
    "aws-ecomm-frequently-bought-together": "ECOMMERCE",
    "aws-ecomm-customers-who-viewed-x-also-viewed": "ECOMMERCE",
    "aws-ecomm-recommended-for-you": "ECOMMERCE",
}


@cases(
    [
        Case("ListRecipes", "recipes 5", f"{name} is of {domain}", more=(name, domain))
        for name, domain in CASES_OF.items()
    ]
)
def test_use_cases_are_listed(world: World, case: Case) -> None:
    name, domain = case.more
    listed = world.call("ListRecipes", domain=domain, maxResults=100)["recipes"]
    assert {each["name"]: each["domain"] for each in listed}[name] == domain


@pytest.fixture(scope="module")
def popular(world: World) -> Any:
    """A recommender of its own, of most popular films."""
    arn = world.active(world.make("CreateRecommender", **recipe("aws-vod-most-popular")))
    yield arn
    world.call("DeleteRecommender", recommenderArn=arn)
    seen = world.gone(arn)
    assert set(seen) <= {"DELETE PENDING", "DELETE IN_PROGRESS"}


@pytest.fixture(scope="module")
def inactive(world: World, popular: str) -> dict[str, Any]:
    """What happens to it while it is stopped, and when it is started again."""
    ask = {"recommenderArn": popular, "userId": "u1"}
    found: dict[str, Any] = {"arn": popular, "before": world.send("GetRecommendations", ask)}
    found["stop"] = world.call("StopRecommender", recommenderArn=popular)
    world.statuses[popular] = []
    world.settled(popular)
    found["asked"] = world.send("GetRecommendations", ask)
    found["again"] = world.send("StopRecommender", {"recommenderArn": popular})
    found["start"] = world.call("StartRecommender", recommenderArn=popular)
    world.settled(popular)
    found["seen"] = world.statuses[popular]
    found["after"] = world.eventually(lambda: (now := world.send("GetRecommendations", ask))[0] == 200 and now)
    return found


def items(answer: Any) -> list[str]:
    """The items of an answer."""
    return [each["itemId"] for each in answer[1]["itemList"]]


LIFE = ["STOP PENDING", "STOP IN_PROGRESS", "INACTIVE", "START PENDING", "START IN_PROGRESS", "ACTIVE"]
STOPPED = [
    ("StopRecommender", "5", "The answer is recommenderArn", lambda f: f["stop"] == {"recommenderArn": f["arn"]}),
    ("StartRecommender", "5", "The answer is recommenderArn", lambda f: f["start"] == {"recommenderArn": f["arn"]}),
    (
        "StopRecommender",
        "3",
        "STOP PENDING, STOP IN_PROGRESS, INACTIVE",
        lambda f: f["seen"] == sorted(f["seen"], key=LIFE.index),
    ),
    ("StartRecommender", "3", "START PENDING, START IN_PROGRESS, ACTIVE", lambda f: f["seen"][-1] == "ACTIVE"),
    ("StopRecommender", "5", "Only from ACTIVE", lambda f: f["again"][1]["__type"] == "InvalidInputException"),
    (
        "StopRecommender",
        "5",
        "While stopped it cannot serve requests",
        lambda f: f["asked"][1]["__type"] == "InvalidInputException",
    ),
    (
        "StartRecommender",
        "5",
        "Trains nothing new; serves the last model",
        lambda f: items(f["after"]) == items(f["before"]),
    ),
]


@cases([Case(name, section, says, more=check) for name, section, says, check in STOPPED])
def test_it_is_stopped_and_started(inactive: dict[str, Any], case: Case) -> None:
    assert case.more(inactive)


@case(
    "UpdateRecommender", "4.7", "latestRecommenderUpdate appears after the first update; the top level flips at its end"
)
def test_a_configuration_is_changed(world: World, popular: str) -> None:
    assert "latestRecommenderUpdate" not in world.describe(popular)
    given = config(minRecommendationRequestsPerSecond=3)
    assert world.call("UpdateRecommender", recommenderArn=popular, **given) == {"recommenderArn": popular}
    found = world.settled(popular, "latestRecommenderUpdate")
    assert found["status"] == "ACTIVE"
    assert found["latestRecommenderUpdate"]["recommenderConfig"]["minRecommendationRequestsPerSecond"] == 3
    assert found["recommenderConfig"]["minRecommendationRequestsPerSecond"] == 3


@cases(
    [
        Case("UpdateRecommender", "4.7", "A second update while one runs: ResourceInUse", EXCEPTION, more=["GENRES"]),
        Case("DeleteRecommender", "4.6", "ResourceInUse while an update is in progress", EXCEPTION, more=[]),
        Case("StopRecommender", "1.4", "ResourceInUse while an update is in progress", EXCEPTION, more=["GENRES"]),
    ]
)
def test_what_is_updated_is_in_use(world: World, popular: str, case: Case) -> None:
    columns = {"excludedDatasetColumns": {"ITEMS": case.more}}
    changed = config(trainingDataConfig=columns)  # other columns: a training, so it takes its time
    world.call("UpdateRecommender", recommenderArn=popular, **changed)
    also = changed if case.operation == "UpdateRecommender" else {}
    world.refuses(refusal(case.operation, "", "", "ResourceInUse", recommenderArn=popular, **also))
    assert world.settled(popular, "latestRecommenderUpdate")["recommenderConfig"]["trainingDataConfig"] == columns


@case("DescribeRecommender", "5", "modelMetrics: the same keys as GetSolutionMetrics")
def test_metrics_are_described(world: World) -> None:
    found = world.describe(world.words["$recommender"])["modelMetrics"]
    assert {"coverage", "mean_reciprocal_rank_at_25", "precision_at_5"} <= set(found)
