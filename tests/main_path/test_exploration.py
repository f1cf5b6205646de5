"""New items get places of lists, by what came of showing them; also items that were put while the campaign runs."""

import json
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from main_path.served import INTERACTIONS, Body, Deployed, schema

ITEMS = schema(
    "Items",
    {"name": "ITEM_ID", "type": "string"},
    {"name": "KIND", "type": "string", "categorical": True},
    {"name": "CREATION_TIMESTAMP", "type": "long"},
)
START_S, DAY_S = 1_700_000_000, 86_400
RECIPE = "aws-user-personalization"
N_KNOWN, LENGTH = 30, 10


@pytest.fixture(scope="module")
def stall(tmp_path_factory: pytest.TempPathFactory, deploy: Callable[..., Deployed]) -> Deployed:
    """Thirty items that everybody knows, one that is young and hardly known, and one that is old and hardly known."""
    folder = tmp_path_factory.mktemp("stall")
    rng = np.random.default_rng(0)
    lines = ["USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP"]
    for user in range(150):
        chosen = rng.permutation(N_KNOWN)[:8]
        lines += [f"u{user},k{item},watch,{START_S + 3600 * place}" for place, item in enumerate(chosen)]
    lines += [f"u0,{item},watch,{START_S}" for item in ("young", "old")]
    (folder / "events.csv").write_text("\n".join(lines) + "\n")
    items = [f"k{item},known,{START_S - 400 * DAY_S}" for item in range(N_KNOWN)]
    items += [f"young,rare,{START_S - DAY_S}", f"old,rare,{START_S - 400 * DAY_S}"]
    (folder / "items.csv").write_text("\n".join(["ITEM_ID,KIND,CREATION_TIMESTAMP", *items]) + "\n")
    files = {"Interactions": (INTERACTIONS, folder / "events.csv"), "Items": (ITEMS, folder / "items.csv")}
    return deploy("stall", files, (RECIPE, "aws-user-personalization-v2"))


@pytest.fixture(scope="module")
def campaign(personalize: Any, stall: Deployed, until_active: Callable[..., str]) -> Callable[[str], str]:
    """The ARN of a campaign with this weight of exploration."""
    made: dict[str, str] = {}

    def of(weight: str) -> str:
        if weight not in made:
            made[weight] = personalize.create_campaign(
                name=f"stall-{weight.replace('.', '-')}",
                solutionVersionArn=stall.versions[RECIPE],
                campaignConfig={"itemExplorationConfig": {"explorationWeight": weight}},
            )["campaignArn"]
            until_active(made[weight])
        return made[weight]

    return of


@pytest.fixture
def ask(runtime: Any) -> Callable[..., Body]:
    """A list of ten for u1."""

    def recommend(arn: str, **more: Any) -> Body:
        request = {"campaignArn": arn, "userId": "u1", "numResults": LENGTH} | more
        return dict(runtime.get_recommendations(**request))

    return recommend


def put(personalize: Any, events: Any, stall: Deployed, *ids: str, kind: str = "new", age_days: float = 0) -> None:
    """Put items of this age."""
    (dataset,) = [
        each["datasetArn"]
        for each in personalize.list_datasets(datasetGroupArn=stall.group)["datasets"]
        if each["datasetType"] == "ITEMS"
    ]
    properties = json.dumps({"kind": kind, "creationTimestamp": int(time.time() - age_days * DAY_S)})
    events.put_items(datasetArn=dataset, items=[{"itemId": name, "properties": properties} for name in ids])


def names(reply: Body) -> list[str]:
    return [item["itemId"] for item in reply["itemList"]]


def times(ask: Callable[..., Body], arn: str, n: int, **more: Any) -> Counter[str]:
    """How often each item is in n lists."""
    return Counter(name for _ in range(n) for name in names(ask(arn, **more)))


def test_young_items_of_few_interactions_are_explored_and_old_ones_are_not(
    ask: Callable[..., Body], campaign: Callable[[str], str]
) -> None:
    found = times(ask, campaign("1.0"), 40)
    assert found["young"] > 8
    assert found["old"] == 0
    assert sum(found.values()) == 40 * LENGTH


def test_without_weight_lists_are_the_same_each_time(ask: Callable[..., Body], campaign: Callable[[str], str]) -> None:
    plain = ask(campaign("0"))
    assert all(names(ask(campaign("0"))) == names(plain) for _ in range(10))
    assert "young" not in names(plain)


def test_scores_fall_from_the_first_item_to_the_last_with_explored_ones_among_them(
    ask: Callable[..., Body], campaign: Callable[[str], str]
) -> None:
    for _ in range(20):
        scores = [item["score"] for item in ask(campaign("1.0"))["itemList"]]
        assert scores == sorted(scores, reverse=True)


def test_an_item_put_a_moment_ago_is_explored_and_filters_hold_for_it(
    personalize: Any,
    events: Any,
    stall: Deployed,
    ask: Callable[..., Body],
    campaign: Callable[[str], str],
    until_active: Callable[..., str],
) -> None:
    arn = campaign("1.0")
    put(personalize, events, stall, "fresh", "aged", kind="new")
    put(personalize, events, stall, "aged", kind="new", age_days=900)
    assert times(ask, arn, 40)["fresh"] > 8

    expression = 'EXCLUDE ItemID WHERE Items.KIND IN ("new") | EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("seen")'
    chosen = personalize.create_filter(name="stall-new", datasetGroupArn=stall.group, filterExpression=expression)
    until_active(chosen["filterArn"])
    assert times(ask, arn, 20, filterArn=chosen["filterArn"])["fresh"] == 0
    assert times(ask, arn, 40, filterArn=chosen["filterArn"])["young"] > 0
    sent = {"eventType": "seen", "itemId": "young", "sentAt": START_S}
    events.put_events(trackingId=stall.tracking_id, userId="u1", sessionId="seen", eventList=[sent])
    assert times(ask, arn, 20, filterArn=chosen["filterArn"])["young"] == 0


def test_good_new_items_rise_and_bad_ones_fall_by_the_lists_that_events_send_back(
    personalize: Any, events: Any, stall: Deployed, ask: Callable[..., Body], campaign: Callable[[str], str]
) -> None:
    arn, rng = campaign("0.8"), np.random.default_rng(1)
    put(personalize, events, stall, "good-1", "good-2", "bad-1", "bad-2", "bad-3")
    chance = {"g": 0.5, "b": 0.01}
    seen: list[Counter[str]] = []
    for _ in range(6):
        counts = Counter[str]()
        for _ in range(60):
            reply = ask(arn, userId=f"visitor-{rng.integers(1000)}")
            counts.update(name[0] for name in names(reply))
            liked = [name for name in names(reply) if rng.random() < chance.get(name[0], 0.05)]
            if liked:
                sent = {"eventType": "watch", "itemId": liked[0], "sentAt": int(time.time())}
                sent["recommendationId"] = reply["recommendationId"]
                events.put_events(trackingId=stall.tracking_id, sessionId="crowd", eventList=[sent])
        seen.append(counts)
        time.sleep(1.1)  # what is counted may be a second old
    assert seen[0]["b"] > 0
    assert seen[-1]["g"] > 3 * seen[-1]["b"]
    assert seen[-1]["b"] < seen[0]["b"]


def test_v2_explores_a_little_and_says_so(
    ask: Callable[..., Body], stall: Deployed, personalize: Any, events: Any
) -> None:
    put(personalize, events, stall, "novel")
    lists = [ask(stall.campaigns["aws-user-personalization-v2"], numResults=25) for _ in range(500)]
    explored = [item for reply in lists for item in reply["itemList"] if item.get("reason") == ["Exploration"]]
    assert 0 < len(explored) < 60
    assert all(item["itemId"] not in {f"k{n}" for n in range(N_KNOWN)} for item in explored)
