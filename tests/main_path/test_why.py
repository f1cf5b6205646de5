"""Why an item is in a list: the events that carried it, what else did, or what gave it its place."""

import json
import math
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from main_path.served import Body, Deployed, Server

PERSONAL, RELATED, POPULAR = "aws-user-personalization", "aws-sims", "aws-popularity-count"


@pytest.fixture
def why(server: Server) -> Callable[..., Body]:
    """Asks why."""

    def ask(**question: Any) -> Body:
        request = urllib.request.Request(f"{server.url}/why", json.dumps(question).encode(), method="POST")
        with urllib.request.urlopen(request) as reply:
            return dict(json.loads(reply.read()))

    return ask


def test_the_list_is_that_of_the_campaign_and_its_reasons_are_the_users_events(
    why: Callable[..., Body], runtime: Any, movielens: Deployed
) -> None:
    request = {"campaignArn": movielens.campaigns[PERSONAL], "userId": "405", "numResults": 5}
    found = why(**request)
    plain = runtime.get_recommendations(**request)["itemList"]
    assert [(item["itemId"], item["score"]) for item in found["items"]] == [(i["itemId"], i["score"]) for i in plain]
    for item in found["items"]:
        assert item["placedBy"] == "relevance"
        carried = [reason["event"] for reason in item["because"] if "event" in reason]
        assert carried
        assert all(event["eventType"] == "watch" and event["timestamp"] > 8e8 for event in carried)
        shares = [reason["share"] for reason in item["because"]]
        assert shares == sorted(shares, reverse=True)
        assert sum(shares) <= 1.001


def test_what_a_user_did_a_moment_ago_is_among_the_reasons(
    why: Callable[..., Body], events: Any, shop: Deployed
) -> None:
    sent = {"eventType": "watch", "itemId": "i6", "sentAt": 1_700_000_100}
    events.put_events(trackingId=shop.tracking_id, userId="newest", sessionId="why", eventList=[sent])
    (first, *_) = why(campaignArn=shop.campaigns[PERSONAL], userId="newest", numResults=3)["items"]
    told = [reason["event"] for reason in first["because"] if "event" in reason]
    assert told == [{"itemId": "i6", "eventType": "watch", "timestamp": 1_700_000_100}]


def test_amounts_of_a_model_without_a_network_sum_to_the_chance(why: Callable[..., Body], shop: Deployed) -> None:
    found = why(campaignArn=shop.campaigns[PERSONAL], userId="u3", numResults=25)["items"]
    # Scores are a softmax over the catalogue, so that their ratios are those of the chances to the same power.
    sums = [math.log(sum(reason["amount"] for reason in item["because"])) for item in found[:5]]
    scores = [math.log(item["score"]) for item in found[:5]]
    power = (scores[0] - scores[4]) / (sums[0] - sums[4])
    expected = [power * (sums[0] - each) for each in sums]
    assert [scores[0] - score for score in scores] == pytest.approx(expected, abs=0.02)


def test_a_user_without_history_gets_what_is_popular_and_is_told_so(why: Callable[..., Body], shop: Deployed) -> None:
    (item, *_) = why(campaignArn=shop.campaigns[PERSONAL], userId="nobody", numResults=2)["items"]
    assert [reason["what"] for reason in item["because"]] == ["popularity"]


def test_related_and_popular_items_say_what_they_count(why: Callable[..., Body], shop: Deployed) -> None:
    (related, *_) = why(campaignArn=shop.campaigns[RELATED], itemId="i2", numResults=2)["items"]
    assert "users who chose both" in [reason["what"] for reason in related["because"]]
    (popular, *_) = why(campaignArn=shop.campaigns[POPULAR], numResults=2)["items"]
    assert [reason["what"] for reason in popular["because"]] == ["popularity"]


def test_promoted_items_have_their_place_by_the_promotion(
    why: Callable[..., Body], personalize: Any, shop: Deployed, until_active: Callable[..., str]
) -> None:
    expression = 'INCLUDE ItemID WHERE Items.GENRES IN ("Comedy")'
    chosen = personalize.create_filter(name="why-comedy", datasetGroupArn=shop.group, filterExpression=expression)
    until_active(chosen["filterArn"])
    promotion = {"name": "laughs", "filterArn": chosen["filterArn"], "percentPromotedItems": 50}
    found = why(campaignArn=shop.campaigns[PERSONAL], userId="u2", numResults=4, promotions=[promotion])["items"]
    assert sorted(item["placedBy"] for item in found) == ["promotion laughs"] * 2 + ["relevance"] * 2


def test_columns_of_items_and_of_events_are_told_where_asked(why: Callable[..., Body], movielens: Deployed) -> None:
    asked = {"campaignArn": movielens.campaigns[PERSONAL], "userId": "405", "numResults": 2}
    (item, *_) = why(**asked, metadata=["TITLE", "GENRES"])["items"]
    assert item["metadata"]["title"] == movielens.titles[item["itemId"]]
    event = next(reason["event"] for reason in item["because"] if "event" in reason)
    assert event["metadata"]["title"] == movielens.titles[event["itemId"]]


@pytest.mark.parametrize(
    ("question", "status", "says"),
    [
        ({}, 400, "campaignArn"),
        ({"campaignArn": "arn:aws:personalize:eu-west-1:000000000000:campaign/none", "userId": "1"}, 404, "none"),
        ({"campaignArn": PERSONAL}, 400, "userId"),
        ({"campaignArn": PERSONAL, "userId": "1", "numResults": 501}, 400, "numResults"),
        ({"campaignArn": "aws-personalized-ranking", "userId": "1"}, 400, "no lists"),
        ({"campaignArn": PERSONAL, "userId": "1", "metadata": ["NOPE"]}, 400, "NOPE"),
        ({"surprise": 1}, 400, "surprise"),
        ({"campaignArn": PERSONAL, "userId": "1", "promotions": [{"name": "x"}]}, 400, "percentPromotedItems"),
        ({"campaignArn": PERSONAL, "userId": ""}, 400, "userId"),
    ],
)
def test_what_cannot_be_explained_is_refused(
    why: Callable[..., Body], shop: Deployed, question: Body, status: int, says: str
) -> None:
    arn = question.get("campaignArn")
    with pytest.raises(urllib.error.HTTPError) as refused:
        why(**question | ({"campaignArn": shop.campaigns.get(arn, arn)} if arn else {}))
    assert refused.value.code == status
    assert says in json.loads(refused.value.read())["message"]
