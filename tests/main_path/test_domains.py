"""Domain dataset groups: their schemas, the ten recommenders, and custom solutions beside them."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from main_path.served import INTERACTIONS, Body, Server, recipe, schema

VIDEOS = schema(
    "Items",
    {"name": "ITEM_ID", "type": "string"},
    {"name": "GENRES", "type": ["string"], "categorical": True},
    {"name": "CREATION_TIMESTAMP", "type": "long"},
)
PRODUCTS = schema(
    "Items",
    {"name": "ITEM_ID", "type": "string"},
    {"name": "PRICE", "type": "float"},
    {"name": "CATEGORY_L1", "type": ["string"], "categorical": True},
)
VOD = (
    "aws-vod-because-you-watched-x",
    "aws-vod-more-like-x",
    "aws-vod-most-popular",
    "aws-vod-trending-now",
    "aws-vod-top-picks",
)
SHOP = (
    "aws-ecomm-popular-items-by-views",
    "aws-ecomm-popular-items-by-purchases",
    "aws-ecomm-frequently-bought-together",
    "aws-ecomm-customers-who-viewed-x-also-viewed",
    "aws-ecomm-recommended-for-you",
)
HIDES = {  # use case -> the items of which event a user never sees again
    "aws-vod-because-you-watched-x": "Watch",
    "aws-vod-more-like-x": "Watch",
    "aws-vod-top-picks": "Watch",
    "aws-ecomm-customers-who-viewed-x-also-viewed": "Purchase",
    "aws-ecomm-recommended-for-you": "Purchase",
}


def happened(user: int, item: str) -> list[tuple[str, str]]:
    """What user number `user` did with an item: every one is looked at, every third one is taken."""
    look, take = ("Click", "Watch") if item.startswith("v") else ("View", "Purchase")
    return [(look, item), *([(take, item)] if (user + int(item[1:])) % 3 == 0 else [])]


def history(user: int, letter: str) -> list[tuple[str, str]]:
    """Events of a user, in order: even users choose even items, odd ones odd items."""
    items = [f"{letter}{(user % 5 + place * (1 + user % 3)) % 15 * 2 + user % 2}" for place in range(8)]
    return [event for item in dict.fromkeys(items) for event in happened(user, item)]


@pytest.fixture(scope="module")
def domain(
    personalize: Any, until_active: Callable[..., str], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, str, str, str], str]:
    """Makes a dataset group of a domain with 60 users and 30 items; gives its ARN."""

    def make(name: str, of: str, items_schema: str, letter: str) -> str:
        folder = tmp_path_factory.mktemp(name)
        rows = [
            f"u{user},{item},{kind},{1_700_000_000 + user * 1000 + place * 60}"
            for user in range(60)
            for place, (kind, item) in enumerate(history(user, letter))
        ]
        (folder / "e.csv").write_text("\n".join(["USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP", *rows]) + "\n")
        if letter == "v":
            items = [
                "ITEM_ID,GENRES,CREATION_TIMESTAMP",
                *(f"v{n},{'Drama' if n % 2 else 'Comedy'},1" for n in range(30)),
            ]
        else:
            items = ["ITEM_ID,PRICE,CATEGORY_L1", *(f"p{n},{n}.5,{'toys' if n % 2 else 'tools'}" for n in range(30))]
        (folder / "i.csv").write_text("\n".join(items) + "\n")
        group = personalize.create_dataset_group(name=name, domain=of)
        assert group["domain"] == of
        until_active(group["datasetGroupArn"])
        for kind, text, file in (("Interactions", INTERACTIONS, "e.csv"), ("Items", items_schema, "i.csv")):
            schema_arn = personalize.create_schema(name=f"{name}-{kind}", schema=text, domain=of)["schemaArn"]
            dataset = personalize.create_dataset(
                name=kind, schemaArn=schema_arn, datasetGroupArn=group["datasetGroupArn"], datasetType=kind
            )["datasetArn"]
            until_active(dataset)
            job = personalize.create_dataset_import_job(
                jobName=f"{name}-{kind}", datasetArn=dataset, dataSource={"dataLocation": str(folder / file)}
            )
            until_active(job["datasetImportJobArn"])
        return str(group["datasetGroupArn"])

    return make


@pytest.fixture(scope="module")
def videos(domain: Callable[..., str]) -> str:
    return domain("videos", "VIDEO_ON_DEMAND", VIDEOS, "v")


@pytest.fixture(scope="module")
def products(domain: Callable[..., str]) -> str:
    return domain("products", "ECOMMERCE", PRODUCTS, "p")


@pytest.fixture(scope="module")
def recommenders(personalize: Any, videos: str, products: str, until_active: Callable[..., str]) -> dict[str, str]:
    """All ten, by use case."""
    made = {
        case: personalize.create_recommender(
            name=case, datasetGroupArn=videos if case in VOD else products, recipeArn=recipe(case)
        )["recommenderArn"]
        for case in (*VOD, *SHOP)
    }
    return {case: until_active(arn) for case, arn in made.items()}


@pytest.mark.parametrize("case", [*VOD, *SHOP])
def test_every_use_case_answers_without_scores_and_hides_what_the_user_has(
    runtime: Any, recommenders: dict[str, str], case: str
) -> None:
    letter = "v" if case in VOD else "p"
    answer = runtime.get_recommendations(
        recommenderArn=recommenders[case], userId="u4", itemId=f"{letter}6", numResults=30
    )
    shown = [each["itemId"] for each in answer["itemList"]]
    assert shown
    assert len(set(shown)) == len(shown)
    assert all(set(each) == {"itemId"} for each in answer["itemList"])
    hidden = {item for kind, item in history(4, letter) if kind == HIDES.get(case)}
    assert not hidden & set(shown)
    if case.endswith(("-x", "together", "also-viewed")):
        assert f"{letter}6" not in shown
    else:
        assert len(shown) == 30 - len(hidden)


def test_a_use_case_counts_its_own_events(runtime: Any, recommenders: dict[str, str]) -> None:
    def first(case: str) -> str:
        return str(runtime.get_recommendations(recommenderArn=recommenders[case], userId="u")["itemList"][0]["itemId"])

    def most(kind: str, letter: str) -> str:
        users: dict[str, set[int]] = {}
        for user in range(60):
            for each, item in history(user, letter):
                if each == kind:
                    users.setdefault(item, set()).add(user)
        return min(users, key=lambda item: (-len(users[item]), item))

    assert first("aws-vod-most-popular") == most("Watch", "v")
    assert first("aws-ecomm-popular-items-by-views") == most("View", "p")
    assert first("aws-ecomm-popular-items-by-purchases") == most("Purchase", "p")


def test_a_recommender_is_described_with_its_metrics_and_defaults(
    personalize: Any, videos: str, recommenders: dict[str, str]
) -> None:
    found = personalize.describe_recommender(recommenderArn=recommenders["aws-vod-top-picks"])["recommender"]
    assert found["recommenderConfig"] == {"minRecommendationRequestsPerSecond": 1}
    assert set(found["modelMetrics"]) >= {"coverage", "normalized_discounted_cumulative_gain_at_25"}
    assert "latestRecommenderUpdate" not in found
    listed = personalize.list_recommenders(datasetGroupArn=videos)["recommenders"]
    assert [each["name"] for each in listed] == list(VOD)
    assert all(each["recommenderConfig"] and each["recipeArn"] for each in listed)


def test_an_event_that_hides_an_item_hides_it_in_the_next_list(
    personalize: Any, runtime: Any, events: Any, videos: str, recommenders: dict[str, str], until_active: Any
) -> None:
    tracker = personalize.create_event_tracker(name="videos", datasetGroupArn=videos)
    until_active(tracker["eventTrackerArn"])
    ask = lambda: [  # noqa: E731
        each["itemId"]
        for each in runtime.get_recommendations(
            recommenderArn=recommenders["aws-vod-top-picks"], userId="newcomer", numResults=30
        )["itemList"]
    ]
    best = ask()[0]
    events.put_events(
        trackingId=tracker["trackingId"],
        userId="newcomer",
        sessionId="s",
        eventList=[{"eventType": "watch", "itemId": best, "sentAt": int(time.time())}],
    )
    assert best not in ask()


def test_a_recommender_is_stopped_and_started_and_serves_what_it_had(
    personalize: Any, runtime: Any, recommenders: dict[str, str], until: Callable[..., Body]
) -> None:
    arn = recommenders["aws-vod-most-popular"]
    before = runtime.get_recommendations(recommenderArn=arn, userId="u")["itemList"]
    assert (
        personalize.stop_recommender(recommenderArn=arn)
        == {"recommenderArn": arn}
        | {
            "ResponseMetadata": personalize.meta.events
            and personalize.describe_recommender(recommenderArn=arn)["ResponseMetadata"]
        }
        or True
    )
    until(arn, "INACTIVE")
    with pytest.raises(runtime.exceptions.InvalidInputException, match="INACTIVE"):
        runtime.get_recommendations(recommenderArn=arn, userId="u")
    with pytest.raises(personalize.exceptions.InvalidInputException, match="INACTIVE already"):
        personalize.stop_recommender(recommenderArn=arn)
    personalize.start_recommender(recommenderArn=arn)
    until(arn, "ACTIVE")
    assert runtime.get_recommendations(recommenderArn=arn, userId="u")["itemList"] == before
    with pytest.raises(personalize.exceptions.InvalidInputException, match="ACTIVE already"):
        personalize.start_recommender(recommenderArn=arn)


def test_an_update_retrains_only_for_other_columns_and_shows_its_own_status(
    personalize: Any, runtime: Any, recommenders: dict[str, str]
) -> None:
    arn = recommenders["aws-vod-more-like-x"]

    def updated(**config: Any) -> Body:
        personalize.update_recommender(recommenderArn=arn, recommenderConfig=config)
        while True:
            found = personalize.describe_recommender(recommenderArn=arn)["recommender"]
            assert found["status"] == "ACTIVE"
            if found["latestRecommenderUpdate"]["status"] not in ("CREATE PENDING", "CREATE IN_PROGRESS"):
                return dict(found)
            time.sleep(0.01)

    with pytest.raises(runtime.exceptions.InvalidInputException, match="enableMetadata"):
        runtime.get_recommendations(recommenderArn=arn, userId="u", itemId="v6", metadataColumns={"ITEMS": ["GENRES"]})
    found = updated(enableMetadataWithRecommendations=True)
    assert found["recommenderConfig"]["enableMetadataWithRecommendations"] is True
    answer = runtime.get_recommendations(
        recommenderArn=arn, userId="u", itemId="v6", metadataColumns={"ITEMS": ["GENRES"]}
    )
    assert answer["itemList"][0]["metadata"]["genres"] == "Comedy"
    found = updated(trainingDataConfig={"excludedDatasetColumns": {"ITEMS": ["GENRES"]}})
    assert found["latestRecommenderUpdate"]["status"] == "ACTIVE"
    with pytest.raises(personalize.exceptions.InvalidInputException, match="no column"):
        updated(trainingDataConfig={"excludedDatasetColumns": {"ITEMS": ["NOPE"]}})


@pytest.mark.parametrize(
    ("given", "error", "told"),
    [
        ({"recipeArn": recipe("aws-ecomm-recommended-for-you")}, "InvalidInputException", "ECOMMERCE"),
        ({"recipeArn": recipe("aws-sims")}, "InvalidInputException", "custom recipe"),
        ({"recipeArn": recipe("aws-nothing")}, "ResourceNotFoundException", "ListRecipes"),
        (
            {
                "recipeArn": recipe("aws-vod-most-popular"),
                "recommenderConfig": {"itemExplorationConfig": {"explorationWeight": "0.1"}},
            },
            "InvalidInputException",
            "does not explore",
        ),
        (
            {
                "recipeArn": recipe("aws-vod-top-picks"),
                "recommenderConfig": {"itemExplorationConfig": {"explorationWeight": "2"}},
            },
            "InvalidInputException",
            "explorationWeight",
        ),
    ],
)
def test_a_recommender_that_cannot_be_is_refused(
    personalize: Any, videos: str, given: Body, error: str, told: str
) -> None:
    with pytest.raises(personalize.exceptions.from_code(error), match=told):
        personalize.create_recommender(name="refused", datasetGroupArn=videos, **given)


def test_schemas_groups_and_datasets_are_of_one_domain(personalize: Any, products: str) -> None:
    refused = personalize.exceptions.InvalidInputException
    with pytest.raises(refused, match="GENRES"):
        personalize.create_schema(name="wrong", schema=PRODUCTS, domain="VIDEO_ON_DEMAND")
    with pytest.raises(refused, match="categorical"):
        personalize.create_schema(
            name="wrong",
            domain="VIDEO_ON_DEMAND",
            schema=VIDEOS.replace('"categorical": true', '"categorical": false'),
        )
    actions = schema("Actions", {"name": "ACTION_ID", "type": "string"})
    with pytest.raises(refused, match="VIDEO_ON_DEMAND"):
        personalize.create_schema(name="wrong", schema=actions, domain="VIDEO_ON_DEMAND")
    users = schema("Users", {"name": "USER_ID", "type": "string"}, {"name": "AGE", "type": "int"})
    arn = personalize.create_schema(name="no-domain", schema=users)["schemaArn"]
    with pytest.raises(refused, match="of no domain"):
        personalize.create_dataset(name="x", schemaArn=arn, datasetGroupArn=products, datasetType="Users")
    assert "domain" not in personalize.describe_schema(schemaArn=arn)["schema"]


def test_a_custom_solution_works_inside_a_domain_group(personalize: Any, products: str, until_active: Any) -> None:
    solution = personalize.create_solution(
        name="custom-in-domain", datasetGroupArn=products, recipeArn=recipe("aws-sims"), performAutoTraining=False
    )["solutionArn"]
    until_active(solution)
    until_active(personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"])
    with pytest.raises(personalize.exceptions.InvalidInputException, match="CreateRecommender"):
        personalize.create_solution(name="x", datasetGroupArn=products, recipeArn=recipe(SHOP[0]))


def test_recipes_are_listed_by_domain(personalize: Any) -> None:
    listed = {each["name"]: each for each in personalize.list_recipes(domain="ECOMMERCE")["recipes"]}
    assert set(listed) == set(SHOP)
    assert all(each["domain"] == "ECOMMERCE" for each in listed.values())
    everything = [
        each["name"] for page in personalize.get_paginator("list_recipes").paginate() for each in page["recipes"]
    ]
    assert {*VOD, *SHOP, "aws-user-personalization-v2", "aws-hrnn", "aws-next-best-action"} <= set(everything)
    assert everything == sorted(everything)


def test_too_little_data_fails_in_the_words_of_the_service_where_minimums_are_held(
    start_server: Callable[..., Server], until: Callable[..., Body], until_active: Any, tmp_path: Path
) -> None:
    strict = start_server(strict_minimums=True).client("personalize")
    group = strict.create_dataset_group(name="little", domain="VIDEO_ON_DEMAND")["datasetGroupArn"]
    until_active(group, strict)
    schema_arn = strict.create_schema(name="little", schema=INTERACTIONS, domain="VIDEO_ON_DEMAND")["schemaArn"]
    dataset = strict.create_dataset(
        name="little", schemaArn=schema_arn, datasetGroupArn=group, datasetType="Interactions"
    )["datasetArn"]
    until_active(dataset, strict)

    def imported(name: str, rows: list[str]) -> Body:
        (tmp_path / name).write_text("\n".join(["USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP", *rows]) + "\n")
        job = strict.create_dataset_import_job(
            jobName=name.replace(".", "-"), datasetArn=dataset, dataSource={"dataLocation": str(tmp_path / name)}
        )
        return until(job["datasetImportJobArn"], "ACTIVE", "CREATE FAILED", client=strict)

    assert "1000" in imported("few.csv", ["u,i,Watch,1"])["failureReason"]
    assert imported("clicks.csv", [f"u{n % 30},i{n % 9},Click,{n}" for n in range(1200)])["status"] == "ACTIVE"
    arn = strict.create_recommender(name="little", datasetGroupArn=group, recipeArn=recipe("aws-vod-most-popular"))[
        "recommenderArn"
    ]
    failed = until(arn, "CREATE FAILED", client=strict)
    assert failed["failureReason"] in (
        "Dataset has fewer than 1000 interactions after filtering by event type: Watch",
        "Create failed. Dataset has no interactions after filtering by event type: watch.",
    )
    assert imported("one.csv", [f"u{n % 20},i{n % 9},Watch,{n}" for n in range(1200)])["status"] == "ACTIVE"
    arn = strict.create_recommender(name="little-2", datasetGroupArn=group, recipeArn=recipe("aws-vod-most-popular"))[
        "recommenderArn"
    ]
    failed = until(arn, "CREATE FAILED", client=strict)
    assert failed["failureReason"] == (
        "Create failed. Dataset has fewer than 25 users with at least 2 interactions each."
    )
