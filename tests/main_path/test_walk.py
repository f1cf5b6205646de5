"""The walk of a typical notebook, whole: from a CSV to recommendations that change with the next click, and back."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from main_path.served import INTERACTIONS, Body, Deployed, recipe

METRICS = {
    "coverage",
    "mean_reciprocal_rank_at_25",
    "normalized_discounted_cumulative_gain_at_5",
    "normalized_discounted_cumulative_gain_at_10",
    "normalized_discounted_cumulative_gain_at_25",
    "precision_at_5",
    "precision_at_10",
    "precision_at_25",
}


def test_a_csv_becomes_recommendations_that_change_with_the_next_click(
    personalize: Any,
    runtime: Any,
    events: Any,
    until: Callable[..., Body],
    two_tastes: Callable[..., dict[str, tuple[str, Path]]],
) -> None:
    _, csv = two_tastes()["Interactions"]

    schema = personalize.create_schema(name="walk", schema=INTERACTIONS)["schemaArn"]
    group = personalize.create_dataset_group(name="walk")["datasetGroupArn"]
    until(group, "ACTIVE")
    dataset = personalize.create_dataset(
        name="walk", schemaArn=schema, datasetGroupArn=group, datasetType="Interactions"
    )["datasetArn"]
    until(dataset, "ACTIVE")
    job = personalize.create_dataset_import_job(
        jobName="walk",
        datasetArn=dataset,
        dataSource={"dataLocation": str(csv)},
        roleArn="arn:aws:iam::000000000000:role/Ignored",
    )["datasetImportJobArn"]
    until(job, "ACTIVE")
    assert recipe("aws-user-personalization") in [each["recipeArn"] for each in personalize.list_recipes()["recipes"]]
    solution = personalize.create_solution(
        name="walk", datasetGroupArn=group, recipeArn=recipe("aws-user-personalization")
    )["solutionArn"]
    until(solution, "ACTIVE")
    version = personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"]
    until(version, "ACTIVE")
    assert personalize.get_solution_metrics(solutionVersionArn=version)["metrics"].keys() == METRICS
    campaign = personalize.create_campaign(
        name="walk",
        solutionVersionArn=version,
        minProvisionedTPS=1,
        # At the default weight one list of five in five has an item that nobody asked for, of either taste.
        campaignConfig={"itemExplorationConfig": {"explorationWeight": "0", "explorationItemAgeCutOff": "30"}},
    )["campaignArn"]
    until(campaign, "ACTIVE")
    tracker = personalize.create_event_tracker(name="walk", datasetGroupArn=group)
    until(tracker["eventTrackerArn"], "ACTIVE")
    only_new = personalize.create_filter(
        name="walk",
        datasetGroupArn=group,
        filterExpression='EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("watch")',
    )["filterArn"]
    until(only_new, "ACTIVE")

    before = items(runtime.get_recommendations(campaignArn=campaign, userId="newcomer", numResults=5))
    for clicked in ("i1", "i3", "i5"):  # odd, the other taste than the one most popular item would suggest
        events.put_events(
            trackingId=tracker["trackingId"],
            userId="newcomer",
            sessionId="s",
            eventList=[{"eventType": "watch", "itemId": clicked, "sentAt": datetime.now(UTC)}],
        )
    after = items(runtime.get_recommendations(campaignArn=campaign, userId="newcomer", numResults=5))
    assert after != before
    assert all(int(item[1:]) % 2 for item in after)
    new = items(runtime.get_recommendations(campaignArn=campaign, userId="newcomer", filterArn=only_new))
    assert not {"i1", "i3", "i5"} & set(new)

    # What is used cannot go; in the documented order everything does.
    for delete in (
        lambda: personalize.delete_campaign(campaignArn=campaign),
        lambda: personalize.delete_solution(solutionArn=solution),
        lambda: personalize.delete_event_tracker(eventTrackerArn=tracker["eventTrackerArn"]),
        lambda: personalize.delete_filter(filterArn=only_new),
        lambda: personalize.delete_dataset(datasetArn=dataset),
        lambda: personalize.delete_dataset_group(datasetGroupArn=group),
        lambda: personalize.delete_schema(schemaArn=schema),
    ):
        once_it_is_free(personalize, delete)
    for arn, word in ((campaign, "campaign"), (solution, "solution"), (dataset, "dataset"), (schema, "schema")):
        with pytest.raises(personalize.exceptions.ResourceNotFoundException, match=arn):
            getattr(personalize, f"describe_{word}")(**{f"{word}Arn": arn})


def items(answer: Body) -> list[str]:
    """The ids of an answer, best first."""
    return [each["itemId"] for each in answer["itemList"]]


def once_it_is_free(personalize: Any, delete: Callable[[], Any]) -> None:
    """Delete; deletions take a moment, and until then what they free is still in use."""
    for _ in range(1000):
        try:
            delete()
        except personalize.exceptions.ResourceInUseException:
            time.sleep(0.01)
        else:
            return
    delete()


def test_every_status_on_the_way_is_a_documented_one(personalize: Any, described: Callable[..., Body]) -> None:
    group = personalize.create_dataset_group(name="statuses")["datasetGroupArn"]
    seen = []
    while not seen or seen[-1] != "ACTIVE":
        seen.append(described(group)["status"])
    assert list(dict.fromkeys(seen)) in (
        ["CREATE PENDING", "CREATE IN_PROGRESS", "ACTIVE"],
        ["CREATE PENDING", "ACTIVE"],
        ["CREATE IN_PROGRESS", "ACTIVE"],
        ["ACTIVE"],  # who looks late sees the end alone
    )


def test_a_described_group_has_the_members_of_the_service_model_and_no_others(
    personalize: Any, until_active: Callable[..., str]
) -> None:
    role = "arn:aws:iam::000000000000:role/R"
    group = until_active(personalize.create_dataset_group(name="members", roleArn=role)["datasetGroupArn"])

    answer = personalize.describe_dataset_group(datasetGroupArn=group)
    shown = answer["datasetGroup"]
    assert shown.keys() == {
        "name",
        "datasetGroupArn",
        "status",
        "roleArn",
        "creationDateTime",
        "lastUpdatedDateTime",
    }
    assert (shown["name"], shown["datasetGroupArn"], shown["roleArn"]) == ("members", group, role)
    assert group == "arn:aws:personalize:eu-west-1:000000000000:dataset-group/members"
    assert shown["creationDateTime"].tzinfo is not None
    assert shown["creationDateTime"] <= shown["lastUpdatedDateTime"]
    assert len(answer["ResponseMetadata"]["RequestId"]) == 36


def test_a_schema_is_there_at_once_and_its_text_comes_back_verbatim(personalize: Any) -> None:
    text = INTERACTIONS.replace(",", " ,\n")
    arn = personalize.create_schema(name="verbatim", schema=text)["schemaArn"]

    shown = personalize.describe_schema(schemaArn=arn)["schema"]
    assert shown.keys() == {"name", "schemaArn", "schema", "creationDateTime", "lastUpdatedDateTime"}
    assert shown["schema"] == text


def test_a_dataset_shows_its_type_in_upper_case_and_has_it_in_its_arn(
    personalize: Any, group_of: Callable[..., tuple[str, dict[str, str]]], described: Callable[..., Body]
) -> None:
    group, datasets = group_of("typed", interactionS=INTERACTIONS)

    arn = datasets["interactionS"]
    assert arn.endswith(":dataset/typed/INTERACTIONS")
    assert described(arn)["datasetType"] == "INTERACTIONS"
    (summary,) = personalize.list_datasets(datasetGroupArn=group)["datasets"]
    assert summary["datasetType"] == "INTERACTIONS"
    assert summary["status"] == "ACTIVE"


def test_an_import_job_shows_what_was_asked_and_the_defaults(
    personalize: Any, shop: Deployed, described: Callable[..., Body]
) -> None:
    (summary,) = personalize.list_dataset_import_jobs(datasetArn=shop.interactions)["datasetImportJobs"]
    shown = described(summary["datasetImportJobArn"])

    assert shown["jobName"] == "shop-Interactions"
    assert shown["datasetArn"] == shop.interactions
    assert shown["dataSource"]["dataLocation"].endswith("interactions.csv")
    assert shown["importMode"] == "FULL"
    assert shown["publishAttributionMetricsToS3"] is False
    assert summary["importMode"] == "FULL"
    assert "dataSource" not in summary


def test_a_solution_shows_its_defaults_and_its_newest_version(shop: Deployed, described: Callable[..., Body]) -> None:
    version = shop.versions["aws-sims"]
    solution = version.rpartition("/")[0]
    shown = described(solution)

    assert (shown["performHPO"], shown["performAutoML"], shown["performAutoTraining"]) == (False, False, True)
    assert shown["recipeArn"] == recipe("aws-sims")
    assert shown["datasetGroupArn"] == shop.group
    latest = shown["latestSolutionVersion"]
    assert latest["solutionVersionArn"] == version
    assert (latest["status"], latest["trainingMode"], latest["trainingType"]) == ("ACTIVE", "FULL", "MANUAL")


def test_a_version_shows_the_configuration_it_was_trained_with(shop: Deployed, described: Callable[..., Body]) -> None:
    shown = described(shop.versions["aws-user-personalization"])

    assert len(shown["solutionVersionArn"].rpartition("/")[2]) == 8
    assert shown["name"] == "shop-aws-user-personalization/" + shown["solutionVersionArn"].rpartition("/")[2]
    assert shown["recipeArn"] == recipe("aws-user-personalization")
    assert shown["datasetGroupArn"] == shop.group
    assert shown["trainingHours"] >= 0
    assert (shown["trainingMode"], shown["trainingType"]) == ("FULL", "MANUAL")
    assert "failureReason" not in shown


def test_a_campaign_shows_its_version_and_no_update_before_the_first_one(
    shop: Deployed, described: Callable[..., Body]
) -> None:
    shown = described(shop.campaigns["aws-sims"])

    assert shown["solutionVersionArn"] == shop.versions["aws-sims"]
    assert shown["minProvisionedTPS"] == 1
    assert "latestCampaignUpdate" not in shown


def test_a_tracker_shows_the_id_that_its_creation_gave(
    personalize: Any, shop: Deployed, described: Callable[..., Body]
) -> None:
    (summary,) = personalize.list_event_trackers(datasetGroupArn=shop.group)["eventTrackers"]
    shown = described(summary["eventTrackerArn"])

    assert shown["trackingId"] == shop.tracking_id
    assert shown["accountId"] == "000000000000"
    assert shown["datasetGroupArn"] == shop.group
    assert summary["name"] == "shop"


def test_every_recipe_can_be_described_with_its_algorithm_and_feature_transformation(personalize: Any) -> None:
    names = []
    for summary in personalize.list_recipes()["recipes"]:
        shown = personalize.describe_recipe(recipeArn=summary["recipeArn"])["recipe"]
        algorithm = personalize.describe_algorithm(algorithmArn=shown["algorithmArn"])["algorithm"]
        transformation = personalize.describe_feature_transformation(
            featureTransformationArn=shown["featureTransformationArn"]
        )["featureTransformation"]
        assert shown["status"] == transformation["status"] == "ACTIVE"
        ranges = algorithm["defaultHyperParameterRanges"]
        ranged = [each["name"] for kind in ranges.values() for each in kind]
        assert set(ranged) <= algorithm["defaultHyperParameters"].keys()
        names.append(summary["name"])
    assert names == sorted(names)
    assert {"aws-user-personalization", "aws-personalized-ranking", "aws-sims", "aws-popularity-count"} <= set(names)


def test_metrics_are_numbers_from_zero_to_one_with_four_decimals(personalize: Any, movielens: Deployed) -> None:
    for version in movielens.versions.values():
        metrics = personalize.get_solution_metrics(solutionVersionArn=version)["metrics"]
        assert metrics.keys() == METRICS
        assert all(0 <= value <= 1 and round(value, 4) == value for value in metrics.values())


def test_the_personal_recipe_ranks_real_users_better_than_popularity_does(
    personalize: Any, movielens: Deployed
) -> None:
    personal, popular = (
        personalize.get_solution_metrics(solutionVersionArn=movielens.versions[name])["metrics"]
        for name in ("aws-user-personalization", "aws-popularity-count")
    )
    for name in ("normalized_discounted_cumulative_gain_at_25", "mean_reciprocal_rank_at_25", "coverage"):
        assert personal[name] > popular[name]
