"""Requests made by chance from the service models, valid-ish and not: whatever comes, the answer is no bug of ours.

Ids, names and ARNs of what exists are mixed in, so that many requests get past the first check and do something.
"""

import json
import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from main_path.raw import MODELS, Raw
from main_path.served import INTERACTIONS, ITEMS, REGION, Deployed, Server, recipe
from tastemaker import errors
from tastemaker.kinds import KINDS
from tastemaker.resources.statuses import CHANGING, EVOLVING, UPDATED
from tastemaker.wire.service_model import operations

N_REQUESTS, N_REQUESTS_SLOW = 1_000, int(os.environ.get("TASTEMAKER_FUZZ", "10_000"))
SETTLE_S = 60.0  # in which some of the work that was asked for must end; only work that hangs takes so long

# Errors that every operation may answer, whatever it declares; constraint violations are InvalidInputException.
GENERAL = {
    "InvalidInputException",
    *(
        kind.__name__
        for kind in vars(errors).values()
        if isinstance(kind, type)
        and issubclass(kind, errors.ApiError)
        and kind.__name__ not in {name for op in operations().values() for name in op.errors}
    ),
}


@pytest.fixture(scope="module")
def target(start_server: Callable[..., Server]) -> Server:
    """A server of its own: generated requests create and delete."""
    return start_server(job_workers=2)


@pytest.fixture(scope="module")
def deployed(
    target: Server,
    deploy: Callable[..., Deployed],
    two_tastes: Callable[..., dict[str, tuple[str, Path]]],
) -> Deployed:
    """What generated requests find; the campaign `kept`, of which they do not know, keeps most of it from deletion."""
    client = target.client("personalize")
    found = deploy("found", two_tastes(), ("aws-user-personalization", "aws-personalized-ranking"), client=client)
    client.create_campaign(name="kept", solutionVersionArn=found.versions["aws-user-personalization"])
    expression = "INCLUDE ItemID WHERE Items.GENRES IN ($G)"
    client.create_filter(name="found", datasetGroupArn=found.group, filterExpression=expression)
    return found


@pytest.fixture(scope="module")
def videos(target: Server, until_active: Callable[..., str]) -> dict[str, str]:
    """A dataset group of a domain, with a recommender that failed for want of data, as its ARNs."""
    client = target.client("personalize")
    (target.home / "buckets" / "found" / "in").mkdir(parents=True)
    (target.home / "buckets" / "found" / "in" / "lines.json").write_text('{"userId": "u1"}\n{"itemId": "i1"}\n')
    domain = "VIDEO_ON_DEMAND"
    group = until_active(client.create_dataset_group(name="videos", domain=domain)["datasetGroupArn"], client)
    schema = client.create_schema(name="videos", schema=INTERACTIONS, domain=domain)["schemaArn"]
    dataset = client.create_dataset(name="videos", schemaArn=schema, datasetGroupArn=group, datasetType="Interactions")[
        "datasetArn"
    ]
    until_active(dataset, client)
    made = client.create_recommender(name="videos", datasetGroupArn=group, recipeArn=recipe("aws-vod-most-popular"))[
        "recommenderArn"
    ]
    return {"group": group, "schema": schema, "dataset": dataset, "recommender": made}


@pytest.fixture(scope="module")
def raw(target: Server) -> Iterator[Raw]:
    connection = Raw(target.url)
    yield connection
    connection.close()


NASTY = [
    *("", " ", "\0", "a\0b", "\ud800", "\udfff\ud800", "é", "𝒳" * 70, "x" * 300, "null", "-1", "../..", "$LATEST"),
    *("'", "%s%n", "\u202e", "\r\n"),
]
NUMBERS = [
    *(0, 1, -1, 0.5, 25, 100, 101, 500, 501, 2**31 - 1, 2**31, 2**53 + 1, 2**63, 2**64, 10**30, -(10**19)),
    *(1e308, -1e-308, 7, 599),
]
NAMES = ["found", "other", "a-1", "x" * 63, "x" * 64, "-", "a b", "INTERACTIONS"]
WRONG, MANGLED = 1 / 30, 1 / 15  # shares of values and of bodies that are not what they should be
WORDS = [*dict.fromkeys(kind.word for kind in KINDS), "recipe", "algorithm", "feature-transformation"]
# By the end of a shape's or a member's name: values that make sense there.
SENSIBLE: dict[str, list[Any]] = {
    "schema": [INTERACTIONS, ITEMS, "{}", "[]", INTERACTIONS[:-1], INTERACTIONS.replace("string", "null")],
    "datasettype": ["Interactions", "items", "USERS", "Actions", "Action_Interactions", "x"],
    "filterexpression": [
        'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("watch")',
        "INCLUDE ItemID WHERE Items.GENRES IN ($G)",
        "INCLUDE ItemID WHERE " + " AND ".join(['Items.GENRES IN ("a")'] * 90),
        'INCLUDE ItemID WHERE Items.GENRES = "a',
        "INCLUDE UserID WHERE Users.AGE > 3",
    ],
    "datalocation": ["s3://bucket/key", "/", "/dev/null", "/proc/self/mem", "file:///etc/hostname", "s3://../x", "/\0"],
    "path": ["s3://found/out", "s3://found/in/", "s3://bucket/key", "s3://found/../x", "/"],
    "expression": ["SAMPLECOUNT()", "SUM(Interactions.EVENT_VALUE)", "SUM(Items.GENRES)", "AVG(x)"],
    "schedulingexpression": ["rate(1 day)", "rate(7 days)", "rate(0 days)", "rate(99 days)"],
    "itemid": ["i1", "i2", "unknown"],
    "userid": ["u1", "u2", "unknown"],
    "inputlist": [["i1", "i2", "i3"], [], ["i1"] * 501],
    "eventtype": ["watch", "click"],
    "sentat": [1_700_000_000, 0, -1, 1.5, "1700000000", 1e12, 10**30, "nan", "inf"],
    "timestamp": [1_700_000_000],
    "properties": [
        '{"itemId": "i1"}',
        "{}",
        "[]",
        '{"a": {"b": []}}',
        '{"eventValue": 1e400}',
        "{" * 500,
        {"itemId": "i1"},
    ],
    "filtervalues": [{"G": '"Drama"'}, {"G": "Drama"}, {"G": '"'}, {"g": "1"}, {"G": "1" * 1001}],
    "nexttoken": ["", "x", "WzEsMl0="],
    "eventvaluethreshold": ["0.5", "nan", "inf", "x", "1e999"],
    "parametervalue": ["1", "0.5", "nan", "true"],
    "recipearn": [
        recipe(name)
        for name in (
            "aws-user-personalization",
            "aws-user-personalization-v2",
            "aws-popularity-count",
            "aws-item-affinity",
            "aws-similar-items",
            "aws-next-best-action",
            "aws-vod-most-popular",
            "aws-nothing",
        )
    ],
    "rolearn": ["arn:aws:iam::000000000000:role/R"],
}


@dataclass(frozen=True)
class Maker:
    """Values for shapes: mostly what they allow, now and then what they do not."""

    rng: random.Random
    known: dict[str, list[str]]  # by the end of a member's name

    def request(self) -> tuple[str, bytes]:
        """Name of an operation, and the body of a request."""
        name = self.rng.choice(sorted(operations()))
        service = operations()[name].service
        shape = MODELS[service]["operations"][name]["input"]["shape"]
        content = json.dumps(self.value(service, shape, "")).encode()
        return name, self._mangled(content) if self.rng.random() < MANGLED else content

    def value(self, service: str, shape_name: str, member: str) -> Any:
        """A value for a shape, where a member of that name wants it."""
        if self.rng.random() < WRONG:
            return self._wrong(3)
        shape, name = MODELS[service]["shapes"][shape_name], member.lower()
        if name in SENSIBLE:
            return self.rng.choice(SENSIBLE[name])
        if name in self.known:
            return self.rng.choice(self.known[name])
        if name.endswith("arn"):
            return self.rng.choice(self.known["arn"])
        return getattr(self, f"_{shape['type']}", self._number)(service, shape_name, shape, member)

    def _structure(self, service: str, shape_name: str, shape: Any, _: str) -> Any:
        needed = shape.get("required", [])
        members = [
            (name, ref["shape"])
            for name, ref in shape["members"].items()
            if ref["shape"] != shape_name and (name in needed or self.rng.random() < 0.5)
        ]
        return {name: self.value(service, ref, name) for name, ref in members}

    def _list(self, service: str, _: str, shape: Any, member: str) -> Any:
        n = self.rng.randint(min(shape.get("min", 0), 2), 3)
        return [self.value(service, shape["member"]["shape"], member) for _ in range(n)]

    def _map(self, service: str, _: str, shape: Any, __: str) -> Any:
        keys = [self.value(service, shape["key"]["shape"], "") for _ in range(self.rng.randint(0, 2))]
        return {str(key): self.value(service, shape["value"]["shape"], "") for key in keys}

    def _string(self, _: str, __: str, shape: Any, member: str) -> Any:
        if "enum" in shape:
            return self.rng.choice(shape["enum"])
        if "ame" in member:
            return self.rng.choice(NAMES)
        return "".join(
            self.rng.choices("abc019", k=self.rng.randint(shape.get("min", 0), min(shape.get("max", 20), 20)))
        )

    def _boolean(self, *_: Any) -> Any:
        return self.rng.random() < 0.5

    def _timestamp(self, *_: Any) -> Any:
        return self.rng.choice(SENSIBLE["sentat"])

    def _number(self, _: str, __: str, shape: Any, ___: str) -> Any:
        if shape["type"] in ("float", "double"):
            return self.rng.random()
        return self.rng.randint(shape.get("min", 0), min(shape.get("max", 600), 600))

    def _wrong(self, depth: int) -> Any:
        kind = self.rng.randint(0, 5 if depth else 3)
        if kind == 4:
            return [self._wrong(depth - 1) for _ in range(self.rng.randint(0, 3))]
        if kind == 5:
            return {self.rng.choice(NASTY): self._wrong(depth - 1) for _ in range(self.rng.randint(0, 3))}
        return [None, self.rng.random() < 0.5, self.rng.choice(NUMBERS), self.rng.choice(NASTY)][kind]

    def _mangled(self, content: bytes) -> bytes:
        """Bytes that are no longer what they were."""
        place = self.rng.randint(0, len(content))
        new = self.rng.choice([b"", b"\0", b"\xff", b"[" * 5000, b'{"a":' * 3000, b"1e999", b"-", b'"\\ud800"', b","])
        kept = self.rng.choice([0, place, min(place + 3, len(content))])
        return content[:place] + new + content[kept:]


@pytest.fixture(scope="module")
def known(deployed: Deployed, target: Server, videos: dict[str, str]) -> dict[str, list[str]]:
    """ARNs and ids that are there, and some that are not, by the member that takes them."""
    account = f"arn:aws:personalize:{REGION}:000000000000:"
    client = target.client("personalize")
    trackers = client.list_event_trackers()["eventTrackers"]
    versions = list(deployed.versions.values())
    schema = client.list_schemas()["schemas"][0]["schemaArn"]
    known = {
        "datasetgrouparn": [deployed.group, videos["group"]],
        "datasetarn": [
            deployed.interactions,
            deployed.interactions.replace("INTERACTIONS", "ITEMS"),
            videos["dataset"],
            *(f"{account}dataset/found/{kind}" for kind in ("USERS", "ACTIONS", "ACTION_INTERACTIONS")),
        ],
        "schemaarn": [schema, videos["schema"]],
        "recommenderarn": [videos["recommender"]],
        "metricattributionarn": [account + "metric-attribution/found"],
        **{f"{word.replace('-', '')}arn": [account + f"{word}/found"] for word in WORDS if word.endswith("-job")},
        "solutionarn": [each.rpartition("/")[0] for each in versions],
        "solutionversionarn": [*versions, versions[0].rpartition("/")[0] + "/$LATEST"],
        "campaignarn": list(deployed.campaigns.values()),
        "eventtrackerarn": [trackers[0]["eventTrackerArn"]],
        "filterarn": [account + "filter/found"],
        "trackingid": [deployed.tracking_id],
        "resourcearn": [deployed.group, *versions, schema],
    }
    known["arn"] = [
        *(arn for arns in known.values() for arn in arns if arn.startswith("arn:")),
        *(f"{account}{kind}/{name}" for kind in WORDS for name in ("found", "other", "x/y/z")),
        recipe("aws-sims"),
        "arn:aws:personalize:::" + "x" * 300,
    ]
    return known


@pytest.mark.parametrize("n", [N_REQUESTS, pytest.param(N_REQUESTS_SLOW, marks=pytest.mark.slow)])
def test_no_request_makes_the_server_fail_or_lie(
    target: Server, deployed: Deployed, raw: Raw, known: dict[str, list[str]], n: int
) -> None:
    answered: dict[str, int] = {}

    make = Maker(random.Random(n), known)
    for _ in range(n):
        name, body = make.request()
        status, found = raw(name, body)
        answered[found.get("__type", "")] = answered.get(found.get("__type", ""), 0) + 1
        assert status < 500, (name, body, found)
        if status != 200:
            assert found["__type"] in operations()[name].errors | GENERAL, (name, body, found)
            assert found["message"]

    # Not all of them stopped at the first check.
    assert answered[""] > n / 20
    assert answered["InvalidInputException"] < 0.9 * n
    assert raw.send("GET", "/healthz")[0] == 200
    kept = deployed.group.replace("dataset-group/found", "campaign/kept")
    answer = target.client("personalize-runtime").get_recommendations(campaignArn=kept, userId="u1")
    assert len(answer["itemList"]) == 25
    everything_settles_in_a_status_of_its_table(target)
    # `crashed` is the word for a bug of ours, in a request or in the work that one asked for.
    crashes = [line for line in (target.home / "server.log").read_text().splitlines() if "crashed" in line]
    assert crashes == []


def everything_settles_in_a_status_of_its_table(target: Server) -> None:
    """Every resource of every kind is in a status that its life cycle knows, and its work comes to an end."""
    client = target.client("personalize")
    deadline_s, fewest = time.monotonic() + SETTLE_S, None
    while changing := [arn for arn, status in statuses(client) if status in CHANGING]:
        if fewest is None or len(changing) < fewest:  # the queue may be long, as long as it gets shorter
            deadline_s, fewest = time.monotonic() + SETTLE_S, len(changing)
        assert time.monotonic() < deadline_s, changing
        time.sleep(0.2)


def statuses(client: Any) -> Iterator[tuple[str, str]]:
    """What every resource that has one shows as its status, and as that of its latest update."""
    for kind in KINDS:
        if kind.statuses is None:
            continue
        plural = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in kind.plural_name)
        token: dict[str, str] = {}
        while True:  # one list has no paginator
            page = getattr(client, f"list{plural}")(**token)
            for each in page[kind.summaries]:
                assert each["status"] in kind.statuses, each
                yield each[kind.arn_member], each["status"]
            if "nextToken" not in page:
                break
            token = {"nextToken": page["nextToken"]}
    for campaign in client.list_campaigns()["campaigns"]:
        try:
            shown = client.describe_campaign(campaignArn=campaign["campaignArn"])["campaign"]
        except client.exceptions.ResourceNotFoundException:
            continue
        assert shown.get("latestCampaignUpdate", {"status": "ACTIVE"})["status"] in UPDATED
    for dataset in client.list_datasets()["datasets"]:
        assert dataset["status"] in EVOLVING
