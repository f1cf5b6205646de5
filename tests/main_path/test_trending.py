"""What is trending follows what happens now, without a training."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from main_path.served import INTERACTIONS, Server, recipe

NOW_S = int(time.time())
HOUR_S = 3600


@pytest.fixture(scope="module")
def lively(start_server: Callable[..., Server]) -> Server:
    """A server on which trends are refreshed every second."""
    return start_server(trend_refresh_s=1.0)


@pytest.fixture(scope="module")
def yesterday(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """30 users; "steady" has most of them, "risen" grew last, and "fallen" shrank."""
    rows = [f"u{user},steady,watch,{NOW_S - 90 * HOUR_S - user}" for user in range(30)]
    rows += [f"u{user},fallen,watch,{NOW_S - 28 * HOUR_S - user}" for user in range(20)]
    rows += [f"u{user},risen,watch,{NOW_S - 26 * HOUR_S - user}" for user in range(10)]
    path = tmp_path_factory.mktemp("trends") / "interactions.csv"
    path.write_text("\n".join(["USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP", *rows]) + "\n")
    return path


def watch(server: Server, tracking_id: str, item: str, users: int) -> None:
    """As many users watch an item now."""
    events = server.client("personalize-events")
    for user in range(users):
        events.put_events(
            trackingId=tracking_id,
            userId=f"u{user}",
            sessionId="s",
            eventList=[{"eventType": "watch", "itemId": item, "sentAt": int(time.time())}],
        )


def becomes(shown: Callable[[], list[str]], wanted: list[str]) -> bool:
    """Whether a list is as wanted within some time; only a list that never changes takes so long."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and shown()[: len(wanted)] != wanted:
        time.sleep(0.05)
    return shown()[: len(wanted)] == wanted


def test_streamed_events_and_new_items_move_the_list_of_a_campaign_by_themselves(
    lively: Server, deploy: Any, yesterday: Path
) -> None:
    client, runtime = lively.client("personalize"), lively.client("personalize-runtime")
    trends = deploy("trends", {"Interactions": (INTERACTIONS, yesterday)}, ("aws-trending-now",), client=client)

    def shown() -> list[str]:
        answer = runtime.get_recommendations(campaignArn=trends.campaigns["aws-trending-now"])
        assert all(set(each) == {"itemId"} for each in answer["itemList"])
        return [each["itemId"] for each in answer["itemList"]]

    assert shown() == ["risen", "steady", "fallen"]
    watch(lively, trends.tracking_id, "fallen", 3)
    assert becomes(shown, ["fallen", "steady", "risen"])  # a day later "risen" is an item of ten users, without growth
    watch(lively, trends.tracking_id, "unheard of", 5)
    assert becomes(shown, ["unheard of", "fallen", "steady"])
    solution = trends.versions["aws-trending-now"].rpartition("/")[0]
    versions = client.list_solution_versions(solutionArn=solution)["solutionVersions"]
    assert len(versions) == 1, "nothing was trained for it"


def test_the_list_of_a_recommender_moves_as_well(
    lively: Server, yesterday: Path, until_active: Callable[..., str]
) -> None:
    client, runtime = lively.client("personalize"), lively.client("personalize-runtime")
    group = client.create_dataset_group(name="videos", domain="VIDEO_ON_DEMAND")["datasetGroupArn"]
    until_active(group, client)
    arn = client.create_schema(name="watched", schema=INTERACTIONS, domain="VIDEO_ON_DEMAND")["schemaArn"]
    dataset = client.create_dataset(name="w", schemaArn=arn, datasetGroupArn=group, datasetType="Interactions")
    until_active(dataset["datasetArn"], client)
    job = client.create_dataset_import_job(
        jobName="watched", datasetArn=dataset["datasetArn"], dataSource={"dataLocation": str(yesterday)}
    )
    until_active(job["datasetImportJobArn"], client)
    made = client.create_recommender(name="t", datasetGroupArn=group, recipeArn=recipe("aws-vod-trending-now"))
    recommender = until_active(made["recommenderArn"], client)
    tracker = client.create_event_tracker(name="videos", datasetGroupArn=group)
    until_active(tracker["eventTrackerArn"], client)

    def shown() -> list[str]:
        answer = runtime.get_recommendations(recommenderArn=recommender)
        return [each["itemId"] for each in answer["itemList"]]

    assert shown() == ["risen", "steady", "fallen"]
    watch(lively, tracker["trackingId"], "fallen", 2)
    assert becomes(shown, ["fallen", "steady", "risen"])
