"""Actions: their datasets and trackers, and the next best one for a user."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from main_path.served import INTERACTIONS, Deployed, Server, recipe, schema

NBA = "aws-next-best-action"
ACTIONS = schema(
    "Actions",
    {"name": "ACTION_ID", "type": "string"},
    {"name": "VALUE", "type": ["null", "long"]},
    {"name": "EXPIRATION_TIMESTAMP", "type": ["null", "long"]},
    {"name": "REPEAT_FREQUENCY", "type": ["null", "long"]},
)
ACTION_INTERACTIONS = schema(
    "ActionInteractions",
    {"name": "USER_ID", "type": "string"},
    {"name": "ACTION_ID", "type": "string"},
    {"name": "EVENT_TYPE", "type": "string"},
    {"name": "TIMESTAMP", "type": "long"},
)
USERS = schema(
    "Users",
    {"name": "USER_ID", "type": "string"},
    {"name": "PLAN", "type": ["null", "string"], "categorical": True},
)
NOW_S = int(time.time())


@pytest.fixture(scope="module")
def club(
    personalize: Any, group_of: Any, until_active: Any, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, dict[str, str], str]:
    """A group with four actions, "join" taken most often; its datasets and the campaign."""
    group, datasets = group_of(
        "club", Interactions=INTERACTIONS, Actions=ACTIONS, Action_Interactions=ACTION_INTERACTIONS
    )
    folder = tmp_path_factory.mktemp("club")
    rows = []
    for user in range(100):
        for place, (action, share) in enumerate({"join": 80, "app": 30, "offer": 50, "late": 60}.items()):
            kind = "Taken" if user * 37 % 100 < share else "Not Taken"
            rows.append(f"u{user},{action},{kind},{NOW_S - 90 * 86_400 + user * 60 + place}")
    files = {
        "Interactions": ["USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP", "u1,i1,click,1"],
        "Actions": [
            "ACTION_ID,VALUE,EXPIRATION_TIMESTAMP,REPEAT_FREQUENCY",
            "join,5,,",
            "app,2,,7",
            "offer,3,,",
            f"late,1,{NOW_S - 10},",
        ],
        "Action_Interactions": ["USER_ID,ACTION_ID,EVENT_TYPE,TIMESTAMP", *rows],
    }
    for kind, lines in files.items():
        (folder / kind).write_text("\n".join(lines) + "\n")
        job = personalize.create_dataset_import_job(
            jobName=f"club-{kind}", datasetArn=datasets[kind], dataSource={"dataLocation": str(folder / kind)}
        )
        until_active(job["datasetImportJobArn"])
    solution = personalize.create_solution(
        name="club", datasetGroupArn=group, recipeArn=recipe(NBA), performAutoTraining=False
    )["solutionArn"]
    until_active(solution)
    version = until_active(personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"])
    campaign = personalize.create_campaign(name="club", solutionVersionArn=version)["campaignArn"]
    return group, datasets, until_active(campaign)


def test_actions_come_with_their_chances_and_expired_ones_not_at_all(runtime: Any, club: Any) -> None:
    answer = runtime.get_action_recommendations(campaignArn=club[2], userId="stranger")
    assert [each["actionId"] for each in answer["actionList"]] == ["join", "offer", "app"]
    chances = [each["score"] for each in answer["actionList"]]
    assert chances == pytest.approx([0.8, 0.5, 0.3], abs=0.08)
    assert len(runtime.get_action_recommendations(campaignArn=club[2], userId="u", numResults=1)["actionList"]) == 1
    assert answer["recommendationId"].startswith("RID-")


def test_an_action_within_its_repeat_time_is_left_out_with_the_next_request(
    personalize: Any, runtime: Any, events: Any, club: Any
) -> None:
    tracking_id = personalize.describe_dataset(datasetArn=club[1]["Action_Interactions"])["dataset"]["trackingId"]
    events.put_action_interactions(
        trackingId=tracking_id,
        actionInteractions=[
            {"actionId": "app", "userId": "busy", "sessionId": "s", "timestamp": NOW_S, "eventType": "Viewed"}
        ],
    )
    shown = runtime.get_action_recommendations(campaignArn=club[2], userId="busy")["actionList"]
    assert [each["actionId"] for each in shown] == ["join", "offer"]


def test_filters_on_actions_hold(personalize: Any, runtime: Any, events: Any, club: Any, until_active: Any) -> None:
    group, datasets, campaign = club
    valuable = personalize.create_filter(
        name="valuable", datasetGroupArn=group, filterExpression="INCLUDE ActionID WHERE Actions.VALUE > ($V)"
    )["filterArn"]
    declined = personalize.create_filter(
        name="declined",
        datasetGroupArn=group,
        filterExpression='EXCLUDE ActionID WHERE Action_Interactions.EVENT_TYPE IN ("NOT_TAKEN")',
    )["filterArn"]
    for arn in (valuable, declined):
        until_active(arn)

    def shown(user: str, arn: str, **values: str) -> list[str]:
        answer = runtime.get_action_recommendations(
            campaignArn=campaign, userId=user, filterArn=arn, filterValues=values
        )
        return [each["actionId"] for each in answer["actionList"]]

    assert shown("someone", valuable, V="2") == ["join", "offer"]
    tracking_id = personalize.describe_dataset(datasetArn=datasets["Action_Interactions"])["dataset"]["trackingId"]
    events.put_action_interactions(
        trackingId=tracking_id,
        actionInteractions=[
            {"actionId": "join", "userId": "no", "sessionId": "s", "timestamp": NOW_S, "eventType": "not taken"}
        ],
    )
    assert shown("no", declined) == ["offer", "app"]


def test_an_action_that_was_put_is_described_by_what_was_put(runtime: Any, events: Any, club: Any) -> None:
    _group, datasets, campaign = club
    events.put_actions(
        datasetArn=datasets["Actions"],
        actions=[{"actionId": "offer", "properties": f'{{"value": 3, "expirationTimestamp": {NOW_S - 1}}}'}],
    )
    shown = runtime.get_action_recommendations(campaignArn=campaign, userId="stranger")["actionList"]
    assert "offer" not in [each["actionId"] for each in shown]
    events.put_actions(datasetArn=datasets["Actions"], actions=[{"actionId": "offer", "properties": '{"value": 3}'}])
    shown = runtime.get_action_recommendations(campaignArn=campaign, userId="stranger")["actionList"]
    assert "offer" in [each["actionId"] for each in shown]


def test_operations_and_campaigns_must_fit(runtime: Any, club: Any, shop: Deployed) -> None:
    refused = runtime.exceptions.InvalidInputException
    with pytest.raises(refused, match="GetActionRecommendations"):
        runtime.get_recommendations(campaignArn=club[2], userId="u")
    with pytest.raises(refused, match="has no actions"):
        runtime.get_action_recommendations(campaignArn=shop.campaigns["aws-sims"], userId="u")
    with pytest.raises(refused, match="userId"):
        runtime.get_action_recommendations(campaignArn=club[2])
    with pytest.raises(refused, match="1 to 100"):
        runtime.get_action_recommendations(campaignArn=club[2], userId="u", numResults=101)


def test_action_interactions_have_one_of_three_types(personalize: Any, events: Any, club: Any) -> None:
    with pytest.raises(events.exceptions.ResourceNotFoundException, match="DescribeDataset"):
        events.put_action_interactions(
            trackingId="unknown",
            actionInteractions=[{"actionId": "a", "sessionId": "s", "timestamp": 1, "eventType": "Taken"}],
        )
    tracking_id = personalize.describe_dataset(datasetArn=club[1]["Action_Interactions"])["dataset"]["trackingId"]
    with pytest.raises(events.exceptions.InvalidInputException, match="Taken, Not Taken, Viewed"):
        events.put_action_interactions(
            trackingId=tracking_id,
            actionInteractions=[{"actionId": "a", "sessionId": "s", "timestamp": 1, "eventType": "clicked"}],
        )


def test_a_metric_is_measured_for_actions(personalize: Any, club: Any) -> None:
    version = personalize.describe_campaign(campaignArn=club[2])["campaign"]["solutionVersionArn"]
    metrics = personalize.get_solution_metrics(solutionVersionArn=version)["metrics"]
    assert set(metrics) == {"coverage", "precision", "recall", "auc"}


@pytest.fixture(scope="module")
def offers(start_server: Callable[..., Server], group_of: Any, until_active: Any, tmp_path_factory: Any) -> Any:
    """A server that holds the documented minimums, with 300 users: "gold" ones take "upgrade", and others "survey".

    "rare" was proposed to ten. Gives the server, the ARNs of the datasets, and makes campaigns.
    """
    server = start_server(strict_minimums=True, auto_update_s=1.0)
    client, folder = server.client("personalize"), tmp_path_factory.mktemp("offers")
    group, datasets = group_of(
        "offers",
        client,
        Interactions=INTERACTIONS,
        Users=USERS,
        Actions=ACTIONS,
        Action_Interactions=ACTION_INTERACTIONS,
    )
    rows = []
    for user in range(300):
        met = {"upgrade": (0.05, 0.95)[user % 2], "survey": (0.7, 0.1)[user % 2], **({"rare": 1} if user < 10 else {})}
        for place, (action, share) in enumerate(met.items()):
            begun_s = NOW_S - 30 * 86_400 + user * 60 + place * 5 * 86_400
            rows.append(f"u{user},{action},Viewed,{begun_s}")
            if user * 37 % 100 < share * 100:
                rows.append(f"u{user},{action},Taken,{begun_s + 86_400}")
    files = {
        "Interactions": [
            "USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP",
            *(f"u{user},i{item},click,{user + item}" for user in range(300) for item in range(4)),
        ],
        "Users": ["USER_ID,PLAN", *(f"u{user},{'gold' if user % 2 else 'basic'}" for user in range(300)), "new,gold"],
        "Actions": ["ACTION_ID,VALUE,EXPIRATION_TIMESTAMP,REPEAT_FREQUENCY", "upgrade,2,,", "survey,9,,", "rare,5,,"],
        "Action_Interactions": ["USER_ID,ACTION_ID,EVENT_TYPE,TIMESTAMP", *rows],
    }
    for kind, lines in files.items():
        (folder / kind).write_text("\n".join(lines) + "\n")
        job = client.create_dataset_import_job(
            jobName=f"offers-{kind}", datasetArn=datasets[kind], dataSource={"dataLocation": str(folder / kind)}
        )
        until_active(job["datasetImportJobArn"], client)

    def campaign(name: str, **given: str) -> str:
        made = client.create_solution(
            name=name,
            datasetGroupArn=group,
            recipeArn=recipe(NBA),
            performAutoTraining=False,
            solutionConfig={"algorithmHyperParameters": given},
        )
        until_active(made["solutionArn"], client)
        version = client.create_solution_version(solutionArn=made["solutionArn"])["solutionVersionArn"]
        until_active(version, client)
        return str(until_active(client.create_campaign(name=name, solutionVersionArn=version)["campaignArn"], client))

    return server, datasets, campaign


def test_columns_of_users_and_what_they_declined_move_the_chances_and_too_little_data_give_none(offers: Any) -> None:
    server, datasets, campaign = offers
    arn, runtime, events = campaign("offers"), server.client("personalize-runtime"), server.client("personalize-events")

    def shown(user: str) -> dict[str, float]:
        answer = runtime.get_action_recommendations(campaignArn=arn, userId=user)["actionList"]
        assert [each["score"] for each in answer] == sorted((each["score"] for each in answer), reverse=True)
        return {each["actionId"]: each["score"] for each in answer}

    new, stranger = shown("new"), shown("stranger")
    assert list(new) == ["upgrade", "survey", "rare"]
    assert new["upgrade"] > 0.8 > 0.6 > stranger["upgrade"]
    assert new["survey"] < 0.3 < stranger["survey"]
    assert new["rare"] == 0.0, "taken by all of ten users, and that is too little by the documented minimums"
    tracking_id = server.client("personalize").describe_dataset(datasetArn=datasets["Action_Interactions"])["dataset"]
    events.put_action_interactions(
        trackingId=tracking_id["trackingId"],
        actionInteractions=[
            {"actionId": "upgrade", "userId": "late", "sessionId": "s", "timestamp": NOW_S, "eventType": "Taken"}
        ],
    )
    assert shown("late")["survey"] < stranger["survey"] - 0.05, "who upgrades answers no survey"

    events.put_actions(datasetArn=datasets["Actions"], actions=[{"actionId": "brand-new", "properties": "{}"}])
    deadline = time.monotonic() + 60
    while "brand-new" not in shown("new") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert list(shown("new").values())[-2:] == [0.0, 0.0]
    assert shown("new")["upgrade"] == pytest.approx(new["upgrade"]), "nothing was learned anew"


def test_value_counts_in_the_order_where_that_is_wanted_and_chances_stay_chances(offers: Any) -> None:
    server, _datasets, campaign = offers
    arn, runtime = campaign("valuable", value_weight="1.0"), server.client("personalize-runtime")
    answer = runtime.get_action_recommendations(campaignArn=arn, userId="any", numResults=2)["actionList"]
    assert [each["actionId"] for each in answer] == ["survey", "upgrade"]  # 0.4 * 9 beats 0.5 * 2
    assert answer[0]["score"] < answer[1]["score"]


def test_actions_that_nobody_has_met_yet_are_recommended_by_their_value(
    personalize: Any, runtime: Any, group_of: Any, until_active: Any, tmp_path: Path
) -> None:
    group, datasets = group_of("unmet", Interactions=INTERACTIONS, Actions=ACTIONS)
    for kind, lines in {
        "Interactions": ["USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP", "u1,i1,click,1"],
        "Actions": ["ACTION_ID,VALUE,EXPIRATION_TIMESTAMP,REPEAT_FREQUENCY", "a,2,,", "b,8,,", "c,,,"],
    }.items():
        (tmp_path / kind).write_text("\n".join(lines) + "\n")
        job = personalize.create_dataset_import_job(
            jobName=f"unmet-{kind}", datasetArn=datasets[kind], dataSource={"dataLocation": str(tmp_path / kind)}
        )
        until_active(job["datasetImportJobArn"])
    solution = personalize.create_solution(
        name="unmet", datasetGroupArn=group, recipeArn=recipe(NBA), performAutoTraining=False
    )["solutionArn"]
    until_active(solution)
    version = until_active(personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"])
    campaign = until_active(personalize.create_campaign(name="unmet", solutionVersionArn=version)["campaignArn"])
    answer = runtime.get_action_recommendations(campaignArn=campaign, userId="u1")["actionList"]
    assert [each["actionId"] for each in answer] == ["b", "a", "c"]
