"""Filters as clients meet them: the worked examples by what they do, windows, edits and trials, and full lists.

The server has two processes that answer, and each request is on a connection of its own: what is new to one is new to
both.
"""

import csv
import json
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from botocore.config import Config

from filters.example_shop import (
    ACTION_EVENTS,
    ACTIONS,
    DAY_S,
    EVENTS,
    ITEMS,
    SCHEMAS,
    USERS,
)
from filters.worked_examples import INVALID, VALID
from main_path.served import Body, Deployed, Server, recipe, schema
from tastemaker import samples
from tastemaker.data.schemas import Schema
from tastemaker.filters import parse

PERSONAL, RELATED, ACTING, SEGMENTS = (
    "aws-user-personalization",
    "aws-similar-items",
    "aws-next-best-action",
    "aws-item-affinity",
)
ME = "t"  # the user of the worked examples, who is 16 and has the plan gold
OTHERS = {"k": {"watch": "ab"}, "v": {"rating": "abc", "watch": "d"}, "w": {"like": "de"}}
EACH_WORKER = 12  # requests on new connections, which both processes answer some of
NEW_CONNECTION = Config(retries={"total_max_attempts": 1}, max_pool_connections=1)


@dataclass(frozen=True)
class Shop:
    """The worked examples' shop, served."""

    server: Server
    group: str
    datasets: dict[str, str]
    campaigns: dict[str, str]
    segments: str
    tracking_id: str
    until_active: Callable[..., str]
    until: Callable[..., Body]

    @property
    def personalize(self) -> Any:
        return self.server.client("personalize")

    @property
    def runtime(self) -> Any:
        """A client of its own, with a connection of its own."""
        return self.server.client("personalize-runtime", config=NEW_CONNECTION)

    def filter(self, expression: str) -> str:
        """A new filter, which is ACTIVE."""
        client = self.personalize
        created = client.create_filter(
            name=f"f{uuid.uuid4().hex}", datasetGroupArn=self.group, filterExpression=expression
        )
        return self.until_active(created["filterArn"], client)

    def items(self, arn: str | None = None, values: Body | None = None, user: str = ME, n: int = 8) -> list[str]:
        """What the user is recommended."""
        asked = {"filterArn": arn, "filterValues": values or {}} if arn else {}
        answer = self.runtime.get_recommendations(
            campaignArn=self.campaigns[PERSONAL], userId=user, numResults=n, **asked
        )
        return [each["itemId"] for each in answer["itemList"]]

    def watch(self, user: str, item: str, kind: str = "watch", at_s: float | None = None) -> None:
        """Tells of an event."""
        event = {"eventType": kind, "itemId": item, "sentAt": int(at_s or time.time())}
        self.server.client("personalize-events").put_events(
            trackingId=self.tracking_id, userId=user, sessionId="s", eventList=[event]
        )

    def page(self, method: str, path: str, body: Any) -> tuple[int, Body]:
        """Status and answer of one of our own pages."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.server.url}{path}", data, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as refusal:
            return refusal.code, json.loads(refusal.read())

    def tried(self, expression: str, **asked: Any) -> Body:
        """What a trial tells."""
        body = {"filterExpression": expression, "campaignArn": self.campaigns[PERSONAL], "userId": ME} | asked
        status, found = self.page("POST", "/filters/test", body)
        assert status == 200, found
        return found


def avro(name: str, of: Schema) -> str:
    """The text of a schema."""
    columns = []
    for column in of.columns:
        kind = (
            [column.kind]
            if column.name.endswith(("_ID", "EVENT_TYPE")) or not column.nullable
            else ["null", column.kind]
        )
        marks = {mark: True for mark in ("categorical", "textual") if getattr(column, mark)}
        columns.append({"name": column.name, "type": kind if len(kind) > 1 else kind[0], **marks})
    return schema(name, *columns)


def events_of_everybody(now_s: int) -> list[list[Any]]:
    """USER_ID, ITEM_ID, EVENT_TYPE, DEVICE, TIMESTAMP."""
    rows = [
        [ME, item, kind, "tv", now_s - days * DAY_S] for kind, items in EVENTS.items() for item, days in items.items()
    ]
    rows.append([ME, "a", "Click", "tv", now_s - 10 * DAY_S])
    for user, kinds in OTHERS.items():
        rows += [[user, item, kind, "tv", now_s - 3 * DAY_S] for kind, items in kinds.items() for item in items]
    return rows


def files(folder: Path, now_s: int) -> dict[str, Path]:
    """The datasets as CSV files, by type."""
    ITEMS.write_csv(folder / "Items.csv")
    USERS.write_csv(folder / "Users.csv")
    ACTIONS.write_csv(folder / "Actions.csv")
    for name, header, rows in (
        ("Interactions", "USER_ID,ITEM_ID,EVENT_TYPE,DEVICE,TIMESTAMP", events_of_everybody(now_s)),
        (
            "Action_Interactions",
            "USER_ID,ACTION_ID,EVENT_TYPE,TIMESTAMP",
            # Ten days before: next-best-action itself hides an action for its repeat time.
            [
                [ME, action, kind, now_s - (10 + days) * DAY_S]
                for kind, actions in ACTION_EVENTS.items()
                for action, days in actions.items()
            ]
            + [["v", action, "taken", now_s - 50 * DAY_S] for action in "jpox"],
        ),
    ):
        with (folder / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows([header.split(","), *rows])
    return {
        kind: folder / f"{kind}.csv" for kind in ("Interactions", "Items", "Users", "Actions", "Action_Interactions")
    }


@pytest.fixture(scope="module")
def served(start_server: Callable[..., Server]) -> Server:
    """Two processes answer."""
    return start_server(http_workers=2)


@pytest.fixture(scope="module")
def shop_of_examples(
    served: Server,
    tmp_path_factory: pytest.TempPathFactory,
    group_of: Callable[..., tuple[str, dict[str, str]]],
    until_active: Callable[..., str],
    until: Callable[..., Body],
) -> Shop:
    """The worked examples' datasets, four models of them, and three campaigns."""
    client = served.client("personalize")
    texts = {name: avro(of.dataset, of) for name, of in SCHEMAS.items()}
    group, datasets = group_of("examples", client, **texts)
    for kind, path in files(tmp_path_factory.mktemp("examples"), int(time.time())).items():
        job = client.create_dataset_import_job(
            jobName=f"examples-{kind}", datasetArn=datasets[kind], dataSource={"dataLocation": str(path)}
        )
        until_active(job["datasetImportJobArn"], client)
    versions, campaigns = {}, {}
    for name in (PERSONAL, RELATED, ACTING, SEGMENTS):
        solution = client.create_solution(
            name=name, datasetGroupArn=group, recipeArn=recipe(name), performAutoTraining=False
        )["solutionArn"]
        until_active(solution, client)
        versions[name] = client.create_solution_version(solutionArn=solution)["solutionVersionArn"]
    for name, version in versions.items():
        until_active(version, client)
        if name != SEGMENTS:
            campaigns[name] = client.create_campaign(name=name, solutionVersionArn=version)["campaignArn"]
    for arn in campaigns.values():
        until_active(arn, client)
    tracker = client.create_event_tracker(name="examples", datasetGroupArn=group)
    until_active(tracker["eventTrackerArn"], client)
    return Shop(served, group, datasets, campaigns, versions[SEGMENTS], tracker["trackingId"], until_active, until)


# The worked examples


@pytest.mark.parametrize(("expression", "values", "found"), VALID.values(), ids=map(str, VALID))
def test_a_valid_example_does_what_it_says(
    shop_of_examples: Shop, expression: str, values: dict[str, str], found: str
) -> None:
    shop = shop_of_examples
    arn = shop.filter(expression)
    asked = {"userId": ME, "filterArn": arn, "filterValues": values}
    target = parse(expression).expressions[0].target

    if target == "UserID":
        shown = segment(shop, arn, values)
    elif target == "ActionID":
        answer = shop.runtime.get_action_recommendations(campaignArn=shop.campaigns[ACTING], **asked)
        shown = [each["actionId"] for each in answer["actionList"]]
    elif "CurrentItem" in expression:
        answer = shop.runtime.get_recommendations(campaignArn=shop.campaigns[RELATED], itemId="e", **asked)
        shown = [each["itemId"] for each in answer["itemList"]]
        found = found.replace("e", "")  # no item is beside itself
    else:
        shown = shop.items(arn, values)

    assert sorted(shown) == sorted(found)
    shop.personalize.delete_filter(filterArn=arn)


def segment(shop: Shop, arn: str, values: dict[str, str]) -> list[str]:
    """The users of a segment job of one line."""
    place = shop.server.home / "buckets" / "segments" / uuid.uuid4().hex
    place.mkdir(parents=True)
    (place / "in.json").write_text(json.dumps({"itemId": "a", "filterValues": values}) + "\n")
    location = f"s3://segments/{place.name}"
    client = shop.personalize
    job = client.create_batch_segment_job(
        jobName=place.name,
        solutionVersionArn=shop.segments,
        filterArn=arn,
        jobInput={"s3DataSource": {"path": f"{location}/in.json"}},
        jobOutput={"s3DataDestination": {"path": f"{location}/out/"}},
        roleArn="arn:aws:iam::000000000000:role/any",
    )["batchSegmentJobArn"]
    shop.until(job, "ACTIVE", client=client)
    (line,) = (place / "out" / "in.json.out").read_text().splitlines()
    return list(json.loads(line)["output"]["usersList"])


@pytest.mark.parametrize(
    ("expression", "message"),
    [each for number, each in INVALID.items() if number not in (21, 22)],
    ids=[str(number) for number in INVALID if number not in (21, 22)],
)
def test_an_invalid_example_is_refused_by_create_filter(shop_of_examples: Shop, expression: str, message: str) -> None:
    client = shop_of_examples.personalize
    with pytest.raises(client.exceptions.InvalidInputException, match=message):
        client.create_filter(name="invalid", datasetGroupArn=shop_of_examples.group, filterExpression=expression)


def test_21_and_22_too_many_fields_and_too_many_characters(
    start_server: Callable[..., Server], group_of: Callable[..., tuple[str, dict[str, str]]]
) -> None:
    client = start_server(strict_quotas=True).client("personalize")
    columns = [{"name": f"N{place}", "type": ["null", "int"]} for place in range(11)]
    group, _ = group_of("wide", client, Items=schema("Items", {"name": "ITEM_ID", "type": "string"}, *columns))

    def create(n_fields: int) -> None:
        text = "INCLUDE ItemID WHERE " + " OR ".join(f"Items.N{place} = 1" for place in range(n_fields))
        client.create_filter(name=f"wide-{n_fields}", datasetGroupArn=group, filterExpression=text)

    create(10)
    with pytest.raises(client.exceptions.LimitExceededException, match="11 distinct fields"):
        create(11)
    with pytest.raises(client.exceptions.InvalidInputException, match="length less than or equal to 2500"):
        client.create_filter(name="long", datasetGroupArn=group, filterExpression=INVALID[22][0])


def test_23_to_25_requests_without_values_and_without_an_item(shop_of_examples: Shop) -> None:
    shop = shop_of_examples
    refused = shop.runtime.exceptions.ClientError
    with pytest.raises(refused, match=r"\(InvalidInputException\).*no value for EVENTS"):
        shop.items(shop.filter(VALID[5][0]))
    assert len(shop.items(shop.filter(VALID[21][0]))) == 8
    with pytest.raises(refused, match=r"\(InvalidInputException\).*CurrentItem is known where"):
        shop.items(shop.filter(VALID[22][0]))


# What CreateFilter of the service refuses


def test_a_window_and_a_boolean_are_refused_by_default_and_the_message_says_how_to_have_them(
    shop_of_examples: Shop,
) -> None:
    client = shop_of_examples.personalize
    for expression in (
        'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("watch") WITHIN 30 DAYS',
        "INCLUDE ItemID WHERE Items.FREE = true",
    ):
        with pytest.raises(client.exceptions.InvalidInputException, match="--filter-extensions"):
            client.create_filter(name="more", datasetGroupArn=shop_of_examples.group, filterExpression=expression)


def test_a_server_may_take_them(
    start_server: Callable[..., Server], group_of: Callable[..., tuple[str, dict[str, str]]], until_active: Any
) -> None:
    client = start_server(filter_extensions=True).client("personalize")
    group, _ = group_of("more", client, Items=avro("Items", SCHEMAS["Items"]))
    made = client.create_filter(
        name="more", datasetGroupArn=group, filterExpression="INCLUDE ItemID WHERE Items.FREE = true"
    )
    until_active(made["filterArn"], client)


# Edits


def edited(shop: Shop, named: str, expression: str) -> tuple[int, Body]:
    """The answer to an edit."""
    return shop.page("PUT", f"/filters/{urllib.parse.quote(named)}", {"filterExpression": expression})


def test_an_edit_holds_from_the_next_request_on_in_every_process(shop_of_examples: Shop) -> None:
    shop = shop_of_examples
    arn = shop.filter('INCLUDE ItemID WHERE Items.GENRES IN ("Crime")')
    name = arn.rpartition("/")[2]
    before = shop.personalize.describe_filter(filterArn=arn)["filter"]
    for expression, found in (
        ("INCLUDE ItemID WHERE Items.YEAR = 2001", "bg"),
        ("INCLUDE ItemID WHERE Items.FREE = true", "a"),
        ('EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("watch") WITHIN 30 DAYS', "bcdefgn"),
        ('INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*") WITHIN 4 DAYS', "ben"),
    ):
        assert [sorted(shop.items(arn)) for _ in range(EACH_WORKER)]  # both have the former one in memory
        status, answer = edited(shop, name if "YEAR" in expression else arn, expression)
        assert (status, answer["filter"]["filterExpression"]) == (200, expression)
        assert {"".join(sorted(shop.items(arn))) for _ in range(EACH_WORKER)} == {found}
    after = shop.personalize.describe_filter(filterArn=arn)["filter"]
    assert (after["status"], after["name"]) == ("ACTIVE", before["name"])
    assert after["creationDateTime"] == before["creationDateTime"]
    assert after["lastUpdatedDateTime"] > before["lastUpdatedDateTime"]


@pytest.mark.parametrize(
    ("named", "expression", "status", "message"),
    [
        ("none", "INCLUDE ItemID WHERE Items.YEAR = 1", 404, "There is no Filter 'none'"),
        ("$arn-x", "INCLUDE ItemID WHERE Items.YEAR = 1", 404, "There is no Filter arn:"),
        ("$arn", "INCLUDE ItemID WHERE Items.NOPE = 1", 400, "no such column"),
        ("$arn", "INCLUDE ItemID WHERE", 400, "the end at line 1 column 21"),
        ("$arn", "", 400, "has 0 characters"),
        ("$arn", "EXCLUDE UserID WHERE Users.AGE < 18", 400, "Create another filter"),
    ],
)
def test_an_edit_that_cannot_be_is_refused_and_changes_nothing(
    shop_of_examples: Shop, named: str, expression: str, status: int, message: str
) -> None:
    shop = shop_of_examples
    arn = shop.filter("INCLUDE ItemID WHERE Items.YEAR = 2001")
    found, answer = edited(shop, named.replace("$arn", arn), expression)
    assert found == status
    assert message in answer["message"]
    described = shop.personalize.describe_filter(filterArn=arn)["filter"]
    assert described["filterExpression"] == "INCLUDE ItemID WHERE Items.YEAR = 2001"


@pytest.mark.parametrize("body", [b"", b"[]", b'{"filterExpression": 3}', b'{"expression": "x"}', b"\xff"])
def test_a_body_that_cannot_be_read_says_what_to_send(shop_of_examples: Shop, body: bytes) -> None:
    for method, path in (("PUT", "/filters/any"), ("POST", "/filters/test")):
        status, answer = shop_of_examples.page(method, path, body)
        assert status == 400
        assert "filterExpression" in answer["message"]


# Trials


def test_a_trial_tells_what_each_clause_removes_for_this_user(shop_of_examples: Shop) -> None:
    shop = shop_of_examples
    without = shop.items()
    found = shop.tried(
        'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("watch") WITHIN 30 DAYS OR Interactions.EVENT_TYPE IN ("buy")'
        " | EXCLUDE ItemID WHERE Items.GENRES IN ($G) IF CurrentUser.AGE > 18"
        " | EXCLUDE ItemID WHERE Items.YEAR = $Y",
        filterValues={"G": "Drama"},
    )
    assert (found["candidates"], found["hidden"], found["left"]) == (8, 0, 6)
    assert found["listWithout"] == without
    assert found["list"] == [item for item in without if item not in "ab"]
    by_events, by_age, by_year = found["expressions"]
    assert [(each["matched"], each["removed"]) for each in by_events["clauses"]] == [(1, ["a"]), (1, ["b"])]
    assert sorted(by_events["removed"]) == ["a", "b"]
    assert by_age["skipped"] == "IF CurrentUser.AGE > 18 does not hold: the user has 16"
    assert by_year["skipped"] == "filterValues has no value for Y"


def test_a_trial_is_what_the_filter_then_does_with_the_newest_event_too(shop_of_examples: Shop) -> None:
    shop, user = shop_of_examples, f"user-{uuid.uuid4()}"
    expression = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("watch")'
    arn = shop.filter(expression)
    for item in "cf":
        shop.watch(user, item)
        assert shop.tried(expression, userId=user)["list"] == shop.items(arn, user=user)
    (told,) = shop.tried(expression, userId=user)["expressions"]
    assert sorted(told["removed"]) == ["c", "f"]


def test_trials_of_related_items_and_of_actions(shop_of_examples: Shop) -> None:
    shop = shop_of_examples
    related = shop.tried(VALID[22][0], campaignArn=shop.campaigns[RELATED], itemId="e")
    assert (related["hidden"], related["list"]) == (1, ["a"])  # e itself
    actions = shop.tried(VALID[29][0], campaignArn=shop.campaigns[ACTING], filterValues={"V": "2"})
    assert sorted(actions["list"]) == ["j", "o"]


@pytest.mark.parametrize(
    ("asked", "status", "message"),
    [
        ({"userId": None}, 400, "userId is missing"),
        ({"campaignArn": None}, 400, "Give the ARN of an ACTIVE campaign"),
        ({"campaignArn": "$group/campaign"}, 404, "There is no Campaign"),
        ({"filterExpression": "EXCLUDE ItemID WHERE Items.YEAR ="}, 400, "the end at line 1 column 34"),
        ({"filterExpression": VALID[22][0]}, 400, "CurrentItem is known where"),
        ({"filterExpression": VALID[26][0]}, 400, "Use a filter on ItemID"),
        ({"filterExpression": VALID[6][0], "numResults": 501}, 400, "give 1 to 500"),
        ({"filterExpression": VALID[5][0]}, 400, "no value for EVENTS"),
    ],
)
def test_a_trial_that_cannot_be_is_refused(shop_of_examples: Shop, asked: Body, status: int, message: str) -> None:
    shop = shop_of_examples
    body = {"filterExpression": VALID[1][0], "campaignArn": shop.campaigns[PERSONAL], "userId": ME} | asked
    if asked.get("campaignArn"):
        body["campaignArn"] = shop.campaigns[PERSONAL] + "-none"
    found, answer = shop.page(
        "POST", "/filters/test", {name: value for name, value in body.items() if value is not None}
    )
    assert (found, message in answer["message"]) == (status, True), answer
    assert shop.page("POST", "/filters/other", {})[0] == 404


# Events, from the next request on


def test_an_event_is_seen_by_filters_in_the_very_next_request_of_every_process(shop_of_examples: Shop) -> None:
    shop, user = shop_of_examples, f"user-{uuid.uuid4()}"
    arn = shop.filter('EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("watch")')
    seen = ""
    for item in "aceg":
        assert {"".join(sorted(shop.items(arn, user=user))) for _ in range(EACH_WORKER)} == {
            "".join(each for each in "abcdefgn" if each not in seen)
        }
        shop.watch(user, item, kind="WATCH")
        seen += item
        assert not set(seen) & set(shop.items(arn, user=user))


def test_a_window_lets_old_events_go(shop_of_examples: Shop) -> None:
    shop, user, now_s = shop_of_examples, f"user-{uuid.uuid4()}", time.time()
    arn = shop.filter('EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("watch")')
    assert edited(shop, arn, 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("watch") WITHIN 2 HOURS')[0] == 200
    shop.watch(user, "a", at_s=now_s - 7_300)
    shop.watch(user, "b", at_s=now_s - 7_000)
    assert sorted(shop.items(arn, user=user)) == list("acdefgn")
    second = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("watch") WITHIN 1 MINUTE'
    assert edited(shop, arn, second)[0] == 200
    shop.watch(user, "c", at_s=time.time() - 58)
    assert "c" not in shop.items(arn, user=user)
    time.sleep(3)
    assert "c" in shop.items(arn, user=user)


# Full lists


@pytest.fixture(scope="module")
def films(
    served: Server, samples_folder: Path, tmp_path_factory: pytest.TempPathFactory, deploy: Callable[..., Deployed]
) -> tuple[Deployed, dict[str, set[str]]]:
    """MovieLens 100K with a personal campaign, and the films of each genre."""
    sample = samples.get("ml-100k", tmp_path_factory.mktemp("ml-100k"), samples_folder, lambda _, __: None)
    paths = {"Interactions": sample.interactions, "Items": sample.items, "Users": sample.users}
    data = {kind: (sample.schemas[kind], path) for kind, path in paths.items() if path}
    found = deploy("films", data, (PERSONAL,), client=served.client("personalize"))
    assert sample.items is not None
    frame = pl.read_csv(sample.items, infer_schema=False).select("ITEM_ID", pl.col("GENRES").str.split("|"))
    genres = frame.explode("GENRES").group_by("GENRES").agg("ITEM_ID")
    return found, {genre: set(ids) for genre, ids in genres.iter_rows() if genre}


def test_a_filtered_list_is_full_while_candidates_remain(
    served: Server, films: tuple[Deployed, dict[str, set[str]]], until_active: Callable[..., str]
) -> None:
    deployed, of_genre = films
    client, runtime = served.client("personalize"), served.client("personalize-runtime")
    arn = until_active(
        client.create_filter(
            name="genre", datasetGroupArn=deployed.group, filterExpression="INCLUDE ItemID WHERE Items.GENRES IN ($G)"
        )["filterArn"],
        client,
    )

    def ask(user: str, n: int, genre: str) -> list[tuple[str, float]]:
        answer = runtime.get_recommendations(
            campaignArn=deployed.campaigns[PERSONAL],
            userId=user,
            numResults=n,
            filterArn=arn,
            filterValues={"G": f'"{genre}"'},
        )
        return [(each["itemId"], each["score"]) for each in answer["itemList"]]

    # The rarest genres are beyond the two hundred items that are computed ahead for a user of the training.
    for genre in sorted(of_genre, key=lambda name: len(of_genre[name])):
        for user in ("1", "405", "943", "nobody"):
            everything = ask(user, 500, genre)
            assert len(everything) == min(500, len(of_genre[genre])), genre
            assert {item for item, _ in everything} <= of_genre[genre]
            assert [score for _, score in everything] == sorted((score for _, score in everything), reverse=True)
            for n in (1, 25):
                assert ask(user, n, genre) == everything[:n]
