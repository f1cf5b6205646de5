"""Quotas and minimum data, on a server that holds them (quotas 1, 2, 7; datasets 12)."""

from collections.abc import Callable
from typing import Any

import pytest

from conformance.case import EXCEPTION, Case, case, cases, refusal
from conformance.valid import INTERACTIONS, USERS, VIDEO_EVENTS, VIDEOS
from conformance.world import World

LINES = "USER_ID,ITEM_ID,EVENT_TYPE,EVENT_VALUE,DEVICE,TIMESTAMP"
UNFINISHED = "More than 5 resources with PENDING or IN_PROGRESS status."


def events(n: int, users: int, kind: str = "watch") -> str:
    """So many interactions of so many users."""
    rows = [f"u{place % users},i{place % 37},{kind},1,tv,{1_700_000_000 + place}" for place in range(n)]
    return "\n".join([LINES, *rows]) + "\n"


@pytest.fixture(scope="module")
def small(strict: World) -> World:
    """A world with a dataset group of interactions and users, enough of them to train."""
    strict.make("CreateDatasetGroup", "$group")
    strict.active(strict.words["$group"])
    for kind, text in {"Interactions": INTERACTIONS, "Users": USERS}.items():
        strict.make("CreateSchema", f"$schema.{kind}", schema=text)
        strict.make("CreateDataset", f"$dataset.{kind}", schemaArn=f"$schema.{kind}", datasetType=kind)
    for kind in ("Interactions", "Users"):
        strict.active(strict.words[f"$dataset.{kind}"])
    strict.endpoint.write("interactions.csv", events(1200, 60))
    strict.active(strict.make("CreateDatasetImportJob", "$import"))
    strict.active(strict.make("CreateSolution", "$solution.up", recipeArn="$recipe.aws-popularity-count"))
    return strict


@pytest.fixture(scope="module")
def version(small: World) -> str:
    """A trained version."""
    return small.active(small.make("CreateSolutionVersion", "$version.up"))


def until_refused(world: World, most: int, make: Callable[[], Any]) -> str:
    """Makes up to `most`, which must succeed, and gives the message with which the next one is refused."""
    for _ in range(most):
        make()
    with pytest.raises(world.personalize.exceptions.LimitExceededException) as caught:
        make()
    return str(caught.value.response["Error"]["Message"])


def running_until_refused(world: World, operation: str, most: int, **changes: Any) -> str:
    """Starts jobs faster than they end, until one is refused; waits for the others."""
    started = []
    for _ in range(20 * most):
        try:
            started.append(world.make(operation, **changes))
        except world.personalize.exceptions.LimitExceededException as error:
            for arn in started:
                world.settled(arn)
            assert len(started) >= most
            return str(error.response["Error"]["Message"])
    pytest.fail(f"{len(started)} {operation} were never too many")


@case("CreateDatasetGroup", "5", "LimitExceeded: 5 dataset groups per region", EXCEPTION)
def test_dataset_groups_are_limited(small: World) -> None:
    made = []
    assert until_refused(small, 4, lambda: made.append(small.make("CreateDatasetGroup")))
    for group in made:
        small.active(group)
        small.call("DeleteDatasetGroup", datasetGroupArn=group)
        small.gone(group)


@case("CreateSchema", "5", "LimitExceeded: 500 schemas per region", EXCEPTION)
def test_schemas_are_limited(small: World) -> None:
    made = []
    assert until_refused(small, 498, lambda: made.append(small.make("CreateSchema")))
    for arn in made:
        small.call("DeleteSchema", schemaArn=arn)


@case("CreateSolution", "5", "LimitExceeded: 10 solutions per group", EXCEPTION)
def test_solutions_are_limited(small: World) -> None:
    made = []
    recipe = "$recipe.aws-popularity-count"
    assert until_refused(small, 9, lambda: made.append(small.make("CreateSolution", recipeArn=recipe)))
    for arn in made:
        small.active(arn)
        small.call("DeleteSolution", solutionArn=arn)
        small.gone(arn)


@case("CreateCampaign", "5", "LimitExceeded: more than 5 active campaigns in the group, in the known text", EXCEPTION)
def test_campaigns_are_limited(small: World, version: str) -> None:
    made = []

    def make() -> None:
        made.append(small.active(small.make("CreateCampaign", solutionVersionArn=version)))

    message = until_refused(small, 5, make)
    wanted = "Cannot create a campaign. More than 5 resources in ACTIVE state. Please delete some and try again."
    assert message == wanted
    for arn in made:
        small.call("DeleteCampaign", campaignArn=arn)
        small.gone(arn)


@case("CreateDatasetImportJob", "5", f"LimitExceeded: {UNFINISHED}", EXCEPTION)
def test_import_jobs_are_limited(small: World) -> None:
    assert running_until_refused(small, "CreateDatasetImportJob", 5) == UNFINISHED


@case("CreateDatasetExportJob", "quotas 2", "LimitExceeded: 5 pending export jobs", EXCEPTION)
def test_export_jobs_are_limited(small: World) -> None:
    assert running_until_refused(small, "CreateDatasetExportJob", 5)


@case("CreateDataDeletionJob", "5", "LimitExceeded: 5 pending jobs per dataset group", EXCEPTION)
def test_deletion_jobs_are_limited(small: World) -> None:
    small.endpoint.write("forget/users.csv", "USER_ID\nnobody\n")
    assert running_until_refused(small, "CreateDataDeletionJob", 5)


@case("CreateSolutionVersion", "5", "LimitExceeded: 20 pending or in-progress versions per region", EXCEPTION)
def test_versions_are_limited(small: World) -> None:
    started = []
    for _ in range(60):
        try:
            started.append(small.make("CreateSolutionVersion"))
        except small.personalize.exceptions.LimitExceededException:
            break
    assert 20 <= len(started) < 60
    for arn in reversed(started):
        small.send("StopSolutionVersionCreation", {"solutionVersionArn": arn})
    for arn in started:
        small.settled(arn)


@cases(
    [
        Case(name, "quotas 6", "LimitExceeded: 5 jobs pending or in progress", EXCEPTION, more=recipe)
        for name, recipe in {
            "CreateBatchInferenceJob": "aws-popularity-count",
            "CreateBatchSegmentJob": "aws-item-affinity",
        }.items()
    ]
)
def test_batch_jobs_are_limited(small: World, version: str, case: Case) -> None:
    if case.operation == "CreateBatchSegmentJob":
        solution = small.active(small.make("CreateSolution", recipeArn=f"$recipe.{case.more}"))
        version = small.active(small.make("CreateSolutionVersion", solutionArn=solution))
    small.endpoint.write("batch/users.json", '{"userId": "u1"}\n')
    small.endpoint.write("batch/items.json", '{"itemId": "i1"}\n')
    assert running_until_refused(small, case.operation, 5, solutionVersionArn=version)


@case("CreateFilter", "filters 4", "30 filters per group", EXCEPTION)
def test_filters_are_limited(small: World) -> None:
    made = []

    def make() -> None:
        made.append(small.active(small.make("CreateFilter")))

    assert until_refused(small, 30, make)
    for arn in made:
        small.call("DeleteFilter", filterArn=arn)
        small.gone(arn)


@case("CreateRecommender", "5", "LimitExceeded: 5 recommenders per group", EXCEPTION)
def test_recommenders_are_limited(small: World) -> None:
    group = small.active(small.make("CreateDatasetGroup", "$videos", domain="VIDEO_ON_DEMAND"))
    for kind, text in {"Interactions": VIDEO_EVENTS, "Items": VIDEOS}.items():
        schema = small.make("CreateSchema", schema=text, domain="VIDEO_ON_DEMAND")
        small.active(small.make("CreateDataset", datasetGroupArn=group, schemaArn=schema, datasetType=kind))
    made = []
    assert until_refused(small, 5, lambda: made.append(small.make("CreateRecommender")))
    for arn in made:
        assert small.settled(arn)["status"] == "CREATE FAILED"
        small.call("DeleteRecommender", recommenderArn=arn)
        small.gone(arn)


NO_CLICKS = "Dataset has fewer than 1000 interactions after filtering by event type: click"
MINIMUMS = [
    Case(
        "CreateSolutionVersion",
        "datasets 12",
        "Create failed. Dataset has fewer than 25 users with at least 2 interactions each.",
        more=(events(1200, 24), {}),
    ),
    Case(
        "CreateSolutionVersion",
        "datasets 12",
        NO_CLICKS,
        more=(events(700, 60) + events(700, 60, "click").partition("\n")[2], {"eventType": "click"}),
    ),
    Case(
        "CreateSolutionVersion",
        "datasets 12",
        NO_CLICKS.replace("click", "never"),
        more=(events(1200, 60), {"eventType": "never"}),
    ),
]


@cases(MINIMUMS)
def test_too_little_data_fails_in_the_words_of_the_service(small: World, version: str, case: Case) -> None:
    assert version
    rows, more = case.more
    place = small.endpoint.write("little.csv", rows)
    small.active(small.make("CreateDatasetImportJob", dataSource={"dataLocation": place}))
    solution = small.active(small.make("CreateSolution", recipeArn="$recipe.aws-popularity-count", **more))
    found = small.settled(small.make("CreateSolutionVersion", solutionArn=solution))
    assert found["status"] == "CREATE FAILED"
    assert found["failureReason"] == case.sentence
    message = small.refuses(
        refusal("CreateCampaign", "", "", "InvalidInput", solutionVersionArn=found["solutionVersionArn"])
    )
    assert "CREATE FAILED" in message
    small.call("DeleteSolution", solutionArn=solution)
    small.gone(solution)


@case("CreateDatasetImportJob", "datasets 7", "Every import of Interactions needs 1000 records", EXCEPTION)
def test_an_import_needs_a_thousand_records(small: World) -> None:
    place = small.endpoint.write("few.csv", events(999, 60))
    found = small.settled(small.make("CreateDatasetImportJob", dataSource={"dataLocation": place}))
    assert found["status"] == "CREATE FAILED"
    assert "1000" in found["failureReason"].replace(",", "")
