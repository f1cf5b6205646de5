"""Caps: an item that a user was shown so often within a time is left out of the next lists of that user."""

import json
import os
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from main_path.served import Body, Deployed, Server

PERSONAL, RELATED = "aws-user-personalization", "aws-sims"
EXPLORES = {"itemExplorationConfig": {"explorationWeight": "1.0"}}
PLAIN = {"itemExplorationConfig": {"explorationWeight": "0"}}
Files = Callable[..., dict[str, tuple[str, Path]]]


def told(server: Server, method: str, path: str, **body: Any) -> Body:
    """What a page answers."""
    request = urllib.request.Request(server.url + path, json.dumps(body).encode(), method=method)
    with urllib.request.urlopen(request) as reply:
        return dict(json.loads(reply.read()))


def names(reply: Body) -> list[str]:
    return [item["itemId"] for item in reply["itemList"]]


@pytest.fixture(scope="module")
def market(two_tastes: Files, deploy: Callable[..., Deployed]) -> Deployed:
    """Forty items."""
    return deploy("market", two_tastes(), (PERSONAL, RELATED))


@pytest.fixture
def capped(
    personalize: Any, server: Server, market: Deployed, until_active: Callable[..., str], request: Any
) -> Callable[..., str]:
    """A new campaign with these dials."""
    n_made = 0

    def make(recipe: str = PERSONAL, config: Body = PLAIN, **dials: Any) -> str:
        nonlocal n_made
        n_made += 1
        name = f"{request.node.originalname}"[-50:].strip("_").replace("_", "-") + f"-{n_made}"
        given = config if recipe == PERSONAL else {}
        created = personalize.create_campaign(
            name=name, solutionVersionArn=market.versions[recipe], campaignConfig=given
        )
        assert told(server, "PUT", f"/dials/{name}", **dials)["dials"] == dials
        return until_active(created["campaignArn"])

    return make


@pytest.fixture
def ask(runtime: Any) -> Callable[..., list[str]]:
    """The items of a list of ten for a user."""

    def listed(arn: str, user: str = "u1", **more: Any) -> list[str]:
        return names(runtime.get_recommendations(**{"campaignArn": arn, "userId": user, "numResults": 10} | more))

    return listed


def test_an_item_comes_once_under_a_cap_of_one_and_lists_are_full_while_items_are_left(
    capped: Callable[..., str], ask: Callable[..., list[str]], market: Deployed
) -> None:
    arn = capped(cap=1)
    lists = [ask(arn) for _ in range(5)]
    assert lists[0] == ask(market.campaigns[PERSONAL])
    assert [len(each) for each in lists] == [10, 10, 10, 10, 0]
    assert len({item for each in lists for item in each}) == 40


def test_an_item_comes_as_often_as_the_cap_says(capped: Callable[..., str], ask: Callable[..., list[str]]) -> None:
    arn = capped(cap=3)
    lists = [ask(arn) for _ in range(4)]
    assert lists[0] == lists[1] == lists[2]
    assert not set(lists[0]) & set(lists[3])


def test_users_and_campaigns_are_counted_by_themselves(
    capped: Callable[..., str], ask: Callable[..., list[str]]
) -> None:
    one, other = capped(cap=1), capped(cap=1)
    first = ask(one)
    assert ask(one, user="u3") != ask(one)
    assert ask(one, user="u5")[:3] == ask(other, user="u5")[:3]
    assert ask(other) == first


def test_a_shorter_list_counts_for_what_was_in_it(capped: Callable[..., str], ask: Callable[..., list[str]]) -> None:
    arn = capped(cap=1)
    first = ask(arn, numResults=3)
    assert ask(arn, numResults=10)[:3] != first
    assert len(ask(arn, numResults=40)) == 40 - 13


def test_after_the_window_the_items_return(capped: Callable[..., str], ask: Callable[..., list[str]]) -> None:
    arn, window_s = capped(cap=1, capHours=2 / 3600), 2.0
    first = ask(arn)
    assert not set(first) & set(ask(arn))
    time.sleep(window_s + 0.1)
    assert ask(arn) == first


def test_a_cap_counts_what_was_shown_before_it_was_set_and_goes_with_the_dials(
    server: Server, capped: Callable[..., str], ask: Callable[..., list[str]]
) -> None:
    arn = capped()
    first = ask(arn)
    assert ask(arn) == first
    told(server, "PUT", f"/dials/{arn.replace(':', '%3A').replace('/', '%2F')}", cap=2, capHours=1.5)
    assert not set(first) & set(ask(arn))
    told(server, "PUT", f"/dials/{arn.replace(':', '%3A').replace('/', '%2F')}")
    assert ask(arn) == first


def test_to_ask_why_or_to_try_a_filter_shows_nothing_to_the_user(
    server: Server, capped: Callable[..., str], ask: Callable[..., list[str]]
) -> None:
    arn = capped(cap=1)
    first = ask(arn)
    question = {"campaignArn": arn, "userId": "u1", "numResults": 10}
    why = told(server, "POST", "/why", **question)
    assert why["dials"] == {"cap": 1, "capHours": 24.0}
    next_ones = [item["itemId"] for item in why["items"]]
    assert not set(first) & set(next_ones)
    expression = 'EXCLUDE ItemID WHERE Items.GENRES IN ("none")'
    tried = told(server, "POST", "/filters/test", **question, filterExpression=expression)
    assert (tried["list"], tried["hidden"]) == (next_ones, 10)
    assert ask(arn) == next_ones


def test_a_cap_may_be_tried_on_one_list(
    server: Server, capped: Callable[..., str], ask: Callable[..., list[str]]
) -> None:
    arn = capped()
    first = ask(arn)
    question = {"campaignArn": arn, "userId": "u1", "numResults": 10}
    tried = told(server, "POST", "/why", **question, dials={"cap": 1})
    assert not set(first) & {item["itemId"] for item in tried["items"]}
    assert told(server, "POST", "/why", **question, dials={"cap": 2})["dials"] == {"cap": 2, "capHours": 24.0}
    assert ask(arn) == first


def test_a_cap_goes_along_with_other_dials_and_with_a_filter(
    personalize: Any,
    capped: Callable[..., str],
    ask: Callable[..., list[str]],
    market: Deployed,
    until_active: Callable[..., str],
) -> None:
    arn = capped(cap=1, diversity=0.5)
    dramas = until_active(
        personalize.create_filter(
            name="market-dramas",
            datasetGroupArn=market.group,
            filterExpression='INCLUDE ItemID WHERE Items.GENRES IN ("Drama")',
        )["filterArn"]
    )
    lists = [ask(arn, filterArn=dramas) for _ in range(3)]
    assert [len(each) for each in lists] == [10, 10, 0]
    assert {item for each in lists for item in each} == {f"i{item}" for item in range(0, 40, 2)}


def test_promoted_items_are_capped_too(
    personalize: Any,
    capped: Callable[..., str],
    ask: Callable[..., list[str]],
    market: Deployed,
    until_active: Callable[..., str],
) -> None:
    arn = capped(cap=1)
    promoted = until_active(
        personalize.create_filter(
            name="market-promoted",
            datasetGroupArn=market.group,
            filterExpression='INCLUDE ItemID WHERE Items.GENRES IN ("Crime")',
        )["filterArn"]
    )
    promotion = {"name": "crime", "percentPromotedItems": 50, "filterArn": promoted}
    lists = [ask(arn, promotions=[promotion]) for _ in range(4)]
    assert [len(each) for each in lists] == [10, 10, 10, 10]
    assert len({item for each in lists for item in each}) == 40


def test_explored_items_are_capped_too_also_those_that_the_model_does_not_know(
    personalize: Any, events: Any, capped: Callable[..., str], ask: Callable[..., list[str]], market: Deployed
) -> None:
    arn = capped(config=EXPLORES, cap=1)
    (items,) = [
        each["datasetArn"]
        for each in personalize.list_datasets(datasetGroupArn=market.group)["datasets"]
        if each["datasetType"] == "ITEMS"
    ]
    news = [f"new-{n}" for n in range(5)]
    properties = json.dumps({"genres": "Western"})
    events.put_items(datasetArn=items, items=[{"itemId": name, "properties": properties} for name in news])
    shown = [item for _ in range(40) for item in ask(arn, numResults=4)]
    assert set(news) & set(shown), "some are explored"
    assert len(shown) == len(set(shown))


def test_requests_without_a_user_are_not_capped(capped: Callable[..., str], runtime: Any) -> None:
    arn = capped(RELATED, cap=1)
    asked = {"campaignArn": arn, "itemId": "i2", "numResults": 5}
    nobody = [names(runtime.get_recommendations(**asked)) for _ in range(3)]
    assert nobody[0] == nobody[1] == nobody[2]
    known = [names(runtime.get_recommendations(**asked, userId="u2")) for _ in range(2)]
    assert known[0] == nobody[0]
    assert not set(known[0]) & set(known[1])


@pytest.mark.parametrize(
    ("dials", "says"),
    [
        ({"cap": -1}, "cap"),
        ({"cap": 101}, "<= 100"),
        ({"cap": 1.5}, "cap"),
        ({"cap": "1"}, "cap"),
        ({"cap": 1, "capHours": 0}, "> 0"),
        ({"cap": 1, "capHours": 721}, "<= 720"),
        ({"cap": 1, "capHours": None}, "capHours"),
        ({"capHours": 5}, "give cap"),
    ],
)
def test_a_cap_that_cannot_be_is_refused(server: Server, market: Deployed, dials: Body, says: str) -> None:
    asked = {"campaignArn": market.campaigns[PERSONAL], "userId": "u1", "dials": dials}
    for method, path, body in (("PUT", f"/dials/market-{PERSONAL}", dials), ("POST", "/why", asked)):
        with pytest.raises(urllib.error.HTTPError) as refused:
            told(server, method, path, **body)
        assert refused.value.code == 400
        assert says in json.loads(refused.value.read())["message"]


def http_processes(home: Path) -> list[int]:
    """The processes of a server that answer requests."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
        except OSError:
            continue  # it ended meanwhile
        if words[1:4] == [b"-m", b"tastemaker.app", b"http"] and any(os.fsencode(home) in word for word in words):
            found.append(int(entry.name))
    return found


def test_what_another_process_showed_counts_at_once_and_after_both_were_killed(
    start_server: Callable[..., Server], deploy: Callable[..., Deployed], two_tastes: Files
) -> None:
    server = start_server(http_workers=2)
    deployed = deploy("pair-capped", two_tastes(), (PERSONAL,), client=server.client("personalize"))
    told(server, "PUT", f"/dials/pair-capped-{PERSONAL}", cap=1)

    def lists(of: Server, n: int, count: int) -> list[list[str]]:
        # A client keeps its connection, and a connection its process: many clients meet both processes.
        request = {"campaignArn": deployed.campaigns[PERSONAL], "userId": "u1", "numResults": count}
        return [names(of.client("personalize-runtime").get_recommendations(**request)) for _ in range(n)]

    before = lists(server, 16, 2)
    assert len({item for each in before for item in each}) == 32
    assert len(list((server.home / "shown").glob("*.ring"))) == 2
    for process in http_processes(server.home):
        os.kill(process, signal.SIGKILL)

    (left,) = lists(server, 1, 40)
    assert len(left) == 8
    assert not set(left) & {item for each in before for item in each}
