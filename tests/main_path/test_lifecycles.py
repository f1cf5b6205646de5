"""How resources come, change and go: names that are taken, what is in use, trainings that are stopped, updates."""

import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from main_path.served import INTERACTIONS, Body, Deployed, Server, recipe

Group = Callable[..., tuple[str, dict[str, str]]]


def test_a_name_is_taken_across_dataset_groups_and_the_error_gives_the_arn(
    personalize: Any, shop: Deployed, movielens: Deployed
) -> None:
    taken = personalize.exceptions.ResourceAlreadyExistsException
    expression = 'INCLUDE ItemID WHERE Items.GENRES IN ("Drama")'
    arn = personalize.create_filter(name="taken", datasetGroupArn=shop.group, filterExpression=expression)["filterArn"]

    with pytest.raises(taken, match=f"Another resource with Arn {arn} already exists"):
        personalize.create_filter(name="taken", datasetGroupArn=movielens.group, filterExpression=expression)
    with pytest.raises(taken):
        personalize.create_dataset_group(name="shop")
    with pytest.raises(taken):
        personalize.create_schema(name="shop-Interactions", schema=INTERACTIONS)
    with pytest.raises(taken):
        personalize.create_campaign(name="shop-aws-sims", solutionVersionArn=shop.versions["aws-sims"])
    with pytest.raises(taken):
        personalize.create_dataset_import_job(
            jobName="shop-Interactions", datasetArn=shop.interactions, dataSource={"dataLocation": "s3://b/k"}
        )


def test_a_group_has_one_dataset_of_a_type(personalize: Any, group_of: Group) -> None:
    group, _ = group_of("once", Interactions=INTERACTIONS)
    schema = personalize.create_schema(name="once-more", schema=INTERACTIONS)["schemaArn"]
    with pytest.raises(personalize.exceptions.ResourceAlreadyExistsException, match="once/INTERACTIONS"):
        personalize.create_dataset(name="another", schemaArn=schema, datasetGroupArn=group, datasetType="INTERACTIONS")


def test_a_group_has_one_event_tracker(personalize: Any, shop: Deployed) -> None:
    with pytest.raises(personalize.exceptions.LimitExceededException, match="event tracker"):
        personalize.create_event_tracker(name="second", datasetGroupArn=shop.group)


def test_what_is_in_use_is_kept_and_the_error_names_its_user(personalize: Any, shop: Deployed) -> None:
    in_use = personalize.exceptions.ResourceInUseException
    version = shop.versions["aws-sims"]
    schema = personalize.describe_dataset(datasetArn=shop.interactions)["dataset"]["schemaArn"]

    with pytest.raises(in_use, match="dataset/shop/"):
        personalize.delete_dataset_group(datasetGroupArn=shop.group)
    with pytest.raises(in_use, match="dataset/shop/INTERACTIONS"):
        personalize.delete_schema(schemaArn=schema)
    with pytest.raises(in_use, match="campaign/shop"):
        personalize.delete_solution(solutionArn=version.rpartition("/")[0])
    with pytest.raises(in_use, match="campaign/shop"):
        personalize.delete_dataset(datasetArn=shop.interactions)


def test_children_wait_until_their_parent_is_active(personalize: Any) -> None:
    schema = personalize.create_schema(name="impatient", schema=INTERACTIONS)["schemaArn"]
    refusals = []
    for attempt in range(50):  # a dataset group is ready so soon that some attempts come too late
        group = personalize.create_dataset_group(name=f"impatient-{attempt}")["datasetGroupArn"]
        try:
            personalize.create_dataset(
                name=f"impatient-{attempt}", schemaArn=schema, datasetGroupArn=group, datasetType="Interactions"
            )
        except personalize.exceptions.ResourceInUseException as error:
            refusals.append(str(error))
    assert refusals
    assert all("Wait until it is ACTIVE" in refusal for refusal in refusals)


def test_a_solution_is_trained_and_a_tracker_used_in_the_line_after_they_were_made(
    personalize: Any, events: Any, group_of: Group
) -> None:
    group, _ = group_of("hasty", Interactions=INTERACTIONS)
    for attempt in range(10):  # each a chance for the worker to be later than the next request
        solution = personalize.create_solution(
            name=f"hasty-{attempt}", datasetGroupArn=group, recipeArn=recipe("aws-popularity-count")
        )["solutionArn"]
        personalize.create_solution_version(solutionArn=solution)
        tracker = personalize.create_event_tracker(name=f"hasty-{attempt}", datasetGroupArn=group)
        events.put_events(
            trackingId=tracker["trackingId"],
            userId="u1",
            sessionId="s1",
            eventList=[{"eventType": "watch", "itemId": "i1", "sentAt": 1_700_000_000}],
        )
        arn = tracker["eventTrackerArn"]
        gone(personalize, lambda arn=arn: personalize.delete_event_tracker(eventTrackerArn=arn))


def test_deletion_is_asynchronous_and_ends_in_not_found(
    personalize: Any, group_of: Group, described: Callable[..., Body]
) -> None:
    group, datasets = group_of("going", Interactions=INTERACTIONS)
    arn = datasets["Interactions"]
    personalize.delete_dataset(datasetArn=arn)

    seen = []
    while personalize.list_datasets(datasetGroupArn=group)["datasets"]:
        seen += [each["status"] for each in personalize.list_datasets(datasetGroupArn=group)["datasets"]]
    assert set(seen) <= {"DELETE PENDING", "DELETE IN_PROGRESS"}
    with pytest.raises(personalize.exceptions.ResourceNotFoundException):
        described(arn)
    with pytest.raises(personalize.exceptions.ResourceNotFoundException):
        personalize.delete_dataset(datasetArn=arn)


def test_a_deleted_group_frees_its_names_and_forgets_its_events(
    personalize: Any,
    runtime: Any,
    events: Any,
    deploy: Callable[..., Deployed],
    two_tastes: Callable[..., dict[str, tuple[str, Path]]],
) -> None:
    name = "again"
    first = deploy(name, two_tastes(), ("aws-user-personalization",))
    events.put_events(
        trackingId=first.tracking_id,
        userId="me",
        sessionId="s",
        eventList=[{"eventType": "watch", "itemId": "i1", "sentAt": 1_700_000_000 + n} for n in range(5)],
    )
    of_first = runtime.get_recommendations(campaignArn=first.campaigns["aws-user-personalization"], userId="me")
    take_down(personalize, first)

    second = deploy(name, two_tastes(), ("aws-user-personalization",))
    assert second.group == first.group
    assert second.tracking_id != first.tracking_id
    of_second = runtime.get_recommendations(campaignArn=second.campaigns["aws-user-personalization"], userId="me")
    of_nobody = runtime.get_recommendations(campaignArn=second.campaigns["aws-user-personalization"], userId="x")
    assert of_second["itemList"] == of_nobody["itemList"]
    assert of_second["itemList"] != of_first["itemList"]
    with pytest.raises(events.exceptions.InvalidInputException, match="trackingId"):
        events.put_events(
            trackingId=first.tracking_id,
            sessionId="s",
            eventList=[{"eventType": "watch", "itemId": "i1", "sentAt": 1_700_000_000}],
        )


def take_down(personalize: Any, deployed: Deployed) -> None:
    """Delete everything of a group in the documented order."""
    p, group = personalize, deployed.group
    for arn in deployed.campaigns.values():
        gone(p, lambda arn=arn: p.delete_campaign(campaignArn=arn))
    for each in p.list_solutions(datasetGroupArn=group)["solutions"]:
        gone(p, lambda arn=each["solutionArn"]: p.delete_solution(solutionArn=arn))
    for each in p.list_event_trackers(datasetGroupArn=group)["eventTrackers"]:
        gone(p, lambda arn=each["eventTrackerArn"]: p.delete_event_tracker(eventTrackerArn=arn))
    schemas = []
    for each in p.list_datasets(datasetGroupArn=group)["datasets"]:
        schemas.append(p.describe_dataset(datasetArn=each["datasetArn"])["dataset"]["schemaArn"])
        gone(p, lambda arn=each["datasetArn"]: p.delete_dataset(datasetArn=arn))
    gone(p, lambda: p.delete_dataset_group(datasetGroupArn=group))
    for schema in schemas:
        gone(p, lambda schema=schema: p.delete_schema(schemaArn=schema))


def gone(personalize: Any, delete: Callable[[], Any]) -> None:
    """Delete until the answer is that there is nothing to delete."""
    for _ in range(2000):
        try:
            delete()
        except personalize.exceptions.ResourceNotFoundException:
            return
        except personalize.exceptions.ResourceInUseException:
            pass
        time.sleep(0.01)
    pytest.fail("it is still there")


@pytest.fixture
def solution(personalize: Any, shop: Deployed, until_active: Callable[..., str]) -> str:
    """A solution of its own on the shop's data."""
    created = personalize.create_solution(
        name=f"s-{uuid.uuid4()}", datasetGroupArn=shop.group, recipeArn=recipe("aws-popularity-count")
    )
    return until_active(created["solutionArn"])


@pytest.fixture
def big_solution(personalize: Any, movielens: Deployed, until_active: Callable[..., str]) -> str:
    """A solution whose training takes seconds."""
    created = personalize.create_solution(
        name=f"s-{uuid.uuid4()}", datasetGroupArn=movielens.group, recipeArn=recipe("aws-user-personalization")
    )
    return until_active(created["solutionArn"])


def test_a_training_that_runs_can_be_stopped(
    personalize: Any, big_solution: str, until: Callable[..., Body], described: Callable[..., Body]
) -> None:
    version = personalize.create_solution_version(solutionArn=big_solution)["solutionVersionArn"]
    until(version, "CREATE IN_PROGRESS")
    personalize.stop_solution_version_creation(solutionVersionArn=version)

    assert described(version)["status"] in ("CREATE STOPPING", "CREATE STOPPED")
    until(version, "CREATE STOPPED")
    with pytest.raises(personalize.exceptions.InvalidInputException, match="CREATE STOPPED"):
        personalize.stop_solution_version_creation(solutionVersionArn=version)
    with pytest.raises(personalize.exceptions.InvalidInputException, match="CREATE STOPPED"):
        personalize.create_campaign(name="on-nothing", solutionVersionArn=version)
    with pytest.raises(personalize.exceptions.InvalidInputException, match="CREATE STOPPED"):
        personalize.get_solution_metrics(solutionVersionArn=version)


def test_a_training_that_waits_is_stopped_at_once(
    personalize: Any, big_solution: str, until: Callable[..., Body], described: Callable[..., Body]
) -> None:
    running = personalize.create_solution_version(solutionArn=big_solution)["solutionVersionArn"]
    waiting = personalize.create_solution_version(solutionArn=big_solution)["solutionVersionArn"]
    until(running, "CREATE IN_PROGRESS")
    with pytest.raises(personalize.exceptions.ResourceInUseException, match="metrics"):
        personalize.get_solution_metrics(solutionVersionArn=running)
    with pytest.raises(personalize.exceptions.ResourceInUseException, match="Wait"):
        personalize.create_campaign(name="too-soon", solutionVersionArn=running)
    with pytest.raises(personalize.exceptions.ResourceInUseException, match="StopSolutionVersionCreation"):
        personalize.delete_solution(solutionArn=big_solution)

    personalize.stop_solution_version_creation(solutionVersionArn=waiting)
    assert described(waiting)["status"] == "CREATE STOPPED"
    personalize.stop_solution_version_creation(solutionVersionArn=running)
    until(running, "CREATE STOPPED")
    assert described(waiting)["status"] == "CREATE STOPPED"


def test_an_update_swaps_the_version_and_shows_its_own_status(
    personalize: Any,
    runtime: Any,
    solution: str,
    shop: Deployed,
    until_active: Callable[..., str],
    described: Callable[..., Body],
) -> None:
    old = until_active(personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"])
    campaign = until_active(
        personalize.create_campaign(name=f"c-{uuid.uuid4()}", solutionVersionArn=old)["campaignArn"]
    )
    new = shop.versions["aws-user-personalization"]

    assert personalize.update_campaign(campaignArn=campaign, solutionVersionArn=new, minProvisionedTPS=2)[
        "campaignArn"
    ] == (campaign)
    while (shown := described(campaign))["latestCampaignUpdate"]["status"] != "ACTIVE":
        assert shown["status"] == "ACTIVE"
        assert shown["solutionVersionArn"] == old
        assert shown["latestCampaignUpdate"]["solutionVersionArn"] == new
        time.sleep(0.01)
    assert (shown["solutionVersionArn"], shown["minProvisionedTPS"]) == (new, 2)
    while "score" not in runtime.get_recommendations(campaignArn=campaign, userId="u1")["itemList"][0]:
        time.sleep(0.01)  # the old model answers until the new one is in memory
    # The version that is no longer deployed no longer keeps its solution.
    personalize.delete_solution(solutionArn=solution)


def test_latest_deploys_the_newest_active_version(
    personalize: Any, solution: str, until_active: Callable[..., str], described: Callable[..., Body]
) -> None:
    missing = personalize.exceptions.ResourceNotFoundException
    with pytest.raises(missing, match="no ACTIVE version"):
        personalize.create_campaign(name="latest", solutionVersionArn=f"{solution}/$LATEST")
    with pytest.raises(missing):
        personalize.create_campaign(name="latest", solutionVersionArn=solution)
    until_active(personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"])
    newest = until_active(personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"])

    created = personalize.create_campaign(name=f"c-{uuid.uuid4()}", solutionVersionArn=f"{solution}/$LATEST")
    campaign = until_active(created["campaignArn"])
    assert described(campaign)["solutionVersionArn"] == newest
    newer = until_active(personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"])
    personalize.update_campaign(campaignArn=campaign, solutionVersionArn=f"{solution}/$LATEST")
    assert described(campaign)["latestCampaignUpdate"]["solutionVersionArn"] == newer


def test_a_campaign_that_is_deleted_answers_no_more(
    personalize: Any, runtime: Any, shop: Deployed, until_active: Callable[..., str]
) -> None:
    created = personalize.create_campaign(
        name=f"c-{uuid.uuid4()}", solutionVersionArn=shop.versions["aws-popularity-count"]
    )
    campaign = until_active(created["campaignArn"])
    assert runtime.get_recommendations(campaignArn=campaign, userId="u")["itemList"]
    personalize.delete_campaign(campaignArn=campaign)
    with pytest.raises((runtime.exceptions.InvalidInputException, runtime.exceptions.ResourceNotFoundException)):
        runtime.get_recommendations(campaignArn=campaign, userId="u")


def test_training_without_data_fails_and_says_so(
    personalize: Any, group_of: Group, until_active: Callable[..., str], until: Callable[..., Body]
) -> None:
    group, _ = group_of("empty", Interactions=INTERACTIONS)
    solution = until_active(
        personalize.create_solution(name="empty", datasetGroupArn=group, recipeArn=recipe("aws-sims"))["solutionArn"]
    )
    version = personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"]
    assert "interactions" in until(version, "CREATE FAILED")["failureReason"]


def test_streamed_events_are_trained_on_too(
    personalize: Any,
    runtime: Any,
    events: Any,
    deploy: Callable[..., Deployed],
    until_active: Callable[..., str],
    two_tastes: Callable[..., dict[str, tuple[str, Path]]],
) -> None:
    deployed = deploy("streamed", two_tastes(), ("aws-popularity-count",))
    for user in range(150):  # no film of the file has more than a hundred
        events.put_events(
            trackingId=deployed.tracking_id,
            userId=f"u{user}",
            sessionId=f"s{user}",
            eventList=[{"eventType": "watch", "itemId": "hit", "sentAt": 1_800_000_000 + user}],
        )
    solution = deployed.versions["aws-popularity-count"].rpartition("/")[0]
    version = until_active(personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"])
    campaign = until_active(personalize.create_campaign(name="streamed-2", solutionVersionArn=version)["campaignArn"])
    answer = runtime.get_recommendations(campaignArn=campaign, userId="u", numResults=1)
    assert answer["itemList"] == [{"itemId": "hit"}]


def test_what_belongs_to_a_group_is_in_the_region_of_the_group(
    personalize: Any, server: Server, shop: Deployed, group_of: Group
) -> None:
    group, _ = group_of("one-region", Interactions=INTERACTIONS)
    abroad = server.client("personalize", region_name="us-west-2")
    schema = abroad.create_schema(name="abroad", schema=INTERACTIONS)["schemaArn"]
    missing = personalize.exceptions.ResourceNotFoundException

    with pytest.raises(missing, match="is in eu-west-1, the request is for us-west-2"):
        abroad.create_dataset(name="x", schemaArn=schema, datasetGroupArn=group, datasetType="Interactions")
    with pytest.raises(missing, match="is in eu-west-1"):
        abroad.create_campaign(name="x", solutionVersionArn=shop.versions["aws-sims"])
