"""Dials of a campaign: set once for all its lists, or for one request, with what they change beside the list."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from main_path.served import Body, Deployed, Server

RECIPE = "aws-user-personalization"


@pytest.fixture
def tell(server: Server) -> Callable[..., Body]:
    """Tells a page something."""

    def send(method: str, path: str, **body: Any) -> Body:
        request = urllib.request.Request(server.url + path, json.dumps(body).encode(), method=method)
        with urllib.request.urlopen(request) as reply:
            return dict(json.loads(reply.read()))

    return send


@pytest.fixture(scope="module")
def campaign(personalize: Any, movielens: Deployed, until_active: Callable[..., str]) -> str:
    """A campaign of its own."""
    created = personalize.create_campaign(
        name="dialed",
        solutionVersionArn=movielens.versions[RECIPE],
        campaignConfig={"itemExplorationConfig": {"explorationWeight": "0"}},
    )
    return until_active(created["campaignArn"])


def test_dials_hold_for_the_next_request_of_the_campaign_and_at_rest_the_list_is_as_before(
    tell: Callable[..., Body], runtime: Any, campaign: str
) -> None:
    def listed() -> list[str]:
        found = runtime.get_recommendations(campaignArn=campaign, userId="405", numResults=10)["itemList"]
        return [item["itemId"] for item in found]

    plain = listed()
    assert tell("PUT", "/dials/dialed", diversity=0.7)["dials"] == {"diversity": 0.7}
    varied = listed()
    assert varied != plain
    assert varied[0] == plain[0]
    assert len(varied) == 10
    assert tell("PUT", f"/dials/{campaign.replace(':', '%3A').replace('/', '%2F')}")["dials"] == {}
    assert listed() == plain


@pytest.mark.parametrize(
    ("dials", "measure", "sign"),
    [
        ({"diversity": 0.6}, "diversity", 1),
        ({"popularity": -0.8}, "popularity", -1),
        ({"calibration": 0.8}, "divergence", -1),
    ],
)
def test_one_request_may_turn_dials_and_is_told_what_they_changed(
    tell: Callable[..., Body], movielens: Deployed, dials: Body, measure: str, sign: int
) -> None:
    moved = 0
    for user in ("1", "405", "500", "655", "900"):
        asked = {"campaignArn": movielens.campaigns[RECIPE], "userId": user, "numResults": 10}
        found = tell("POST", "/why", **asked, dials=dials)
        assert found["dials"] == dials
        change = sign * (found["measures"]["list"][measure] - found["measures"]["plain"][measure])
        assert change >= 0
        moved += change > 0
    assert moved >= 4


def test_what_a_user_dislikes_and_its_like_sink(tell: Callable[..., Body], events: Any, movielens: Deployed) -> None:
    asked = {"campaignArn": movielens.campaigns[RECIPE], "userId": "77", "numResults": 25}
    plain = tell("POST", "/why", **asked)["items"]
    sent = {"eventType": "dislike", "itemId": plain[0]["itemId"], "sentAt": 1_700_000_000}
    events.put_events(trackingId=movielens.tracking_id, userId="77", sessionId="77", eventList=[sent])
    found = tell("POST", "/why", **asked, dials={"dislikes": ["Dislike"]})["items"]
    assert plain[0]["itemId"] not in [item["itemId"] for item in found]


@pytest.mark.parametrize(
    ("path", "body", "status", "says"),
    [
        ("/dials/nobody", {}, 404, "nobody"),
        ("/dials/dialed", {"diversity": 2}, 400, "diversity"),
        ("/dials/dialed", {"spice": 1}, 400, "spice"),
        ("/dials/arn%3Aaws%3Apersonalize%3Aeu-west-1%3A000000000000%3Acampaign%2Fnone", {}, 404, "none"),
    ],
)
def test_dials_that_cannot_be_turned_are_refused(
    tell: Callable[..., Body], campaign: str, path: str, body: Body, status: int, says: str
) -> None:
    assert campaign
    with pytest.raises(urllib.error.HTTPError) as refused:
        tell("PUT", path, **body)
    assert refused.value.code == status
    assert says in json.loads(refused.value.read())["message"]
