"""Requests made by chance from the service models, valid-ish and not: whatever comes, the answer is no bug of ours.

Ids, names and ARNs of what exists are mixed in, so that many requests get past the first check and do something.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from main_path.raw import MODELS, Raw
from main_path.served import INTERACTIONS, ITEMS, REGION, Deployed, Server, recipe
from tastemaker import errors
from tastemaker.resources.statuses import JOB, PROVISIONED, TRAINED, UPDATED
from tastemaker.wire.service_model import operations

N_REQUESTS, N_REQUESTS_SLOW = 1_000, 10_000
UNLIKELY = 11  # hypothesis likes zeros and ends of ranges; this number comes as often as its share says

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
    return start_server()


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
def raw(target: Server) -> Iterator[Raw]:
    connection = Raw(target.url)
    yield connection
    connection.close()


NASTY = st.sampled_from(
    [
        "",
        " ",
        "\0",
        "a\0b",
        "\ud800",
        "\udfff\ud800",
        "é",
        "𝒳" * 70,
        "x" * 300,
        "null",
        "-1",
        "../..",
        "$LATEST",
        "'",
        "%s%n",
    ]
)
TEXT = NASTY | st.text(max_size=20)
NUMBERS = st.sampled_from(
    [
        0,
        1,
        -1,
        0.5,
        25,
        100,
        101,
        500,
        501,
        2**31 - 1,
        2**31,
        2**53 + 1,
        2**63,
        2**64,
        10**30,
        -(10**19),
        1e308,
        -1e-308,
    ]
) | st.integers(-5, 600)
JUNK = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(TEXT, below, max_size=4),
    max_leaves=8,
)
NAMES = st.sampled_from(["found", "other", "a-1", "x" * 63, "x" * 64, "-", "a b", "INTERACTIONS"])
KINDS = [
    "schema",
    "dataset-group",
    "dataset",
    "dataset-import-job",
    "event-tracker",
    "filter",
    "solution",
    "campaign",
    "recommender",
    "batch-inference-job",
    "recipe",
    "algorithm",
]
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
    "path": ["s3://bucket/key"],
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
    "recipearn": [recipe(name) for name in ("aws-user-personalization", "aws-popularity-count", "aws-nothing")],
    "rolearn": ["arn:aws:iam::000000000000:role/R"],
}


def strategy_of(service: str, shape_name: str, member: str, known: dict[str, list[str]]) -> st.SearchStrategy[Any]:
    """Values for a shape: mostly what it allows, now and then what it does not."""
    shape = MODELS[service]["shapes"][shape_name]
    kind = shape["type"]
    low, high = shape.get("min", 0), shape.get("max")
    if member.lower() in SENSIBLE:
        usual: st.SearchStrategy[Any] = st.sampled_from(SENSIBLE[member.lower()])
    elif member.lower() in known:
        usual = st.sampled_from(known[member.lower()])
    elif member.lower().endswith("arn"):
        usual = st.sampled_from(known["arn"])
    elif kind == "structure":
        required = shape.get("required", [])
        members = {
            name: strategy_of(service, ref["shape"], name, known)
            for name, ref in shape["members"].items()
            if ref["shape"] != shape_name
        }
        always = {name: each for name, each in members.items() if name in required}
        sometimes = {name: each for name, each in members.items() if name not in required}
        usual = st.fixed_dictionaries(always, optional=sometimes)
    elif kind == "list":
        usual = st.lists(
            strategy_of(service, shape["member"]["shape"], member, known), min_size=min(low, 2), max_size=3
        )
    elif kind == "map":
        keys = strategy_of(service, shape["key"]["shape"], "", known).filter(lambda key: isinstance(key, str))
        usual = st.dictionaries(keys, strategy_of(service, shape["value"]["shape"], "", known), max_size=2)
    elif "enum" in shape:
        usual = st.sampled_from(shape["enum"])
    elif kind == "string":
        usual = NAMES if "ame" in member else st.text("abc019", min_size=low, max_size=min(high or 20, 20))
    elif kind == "boolean":
        usual = st.booleans()
    elif kind == "timestamp":
        usual = st.sampled_from(SENSIBLE["sentat"])
    else:
        usual = st.integers(low, min(high or 600, 600)) if kind in ("integer", "long") else st.floats(0, 1)
    wrong = JUNK | NUMBERS | TEXT
    return st.integers(0, 29).flatmap(lambda chance: wrong if chance == UNLIKELY else usual)


@st.composite
def mangled(draw: st.DrawFn, content: bytes) -> bytes:
    """Bytes that are no longer what they were."""
    place = draw(st.integers(0, len(content)))
    new = draw(st.sampled_from([b"", b"\0", b"\xff", b"[" * 5000, b'{"a":' * 3000, b"1e999", b"-", b'"\\ud800"', b","]))
    kept = draw(st.sampled_from([0, place, min(place + 3, len(content))]))
    return content[:place] + new + content[kept:]


@pytest.fixture(scope="module")
def requests(deployed: Deployed, target: Server) -> st.SearchStrategy[tuple[str, bytes]]:
    """Name of an operation, and the body of a request."""
    account = f"arn:aws:personalize:{REGION}:000000000000:"
    client = target.client("personalize")
    trackers = client.list_event_trackers()["eventTrackers"]
    versions = list(deployed.versions.values())
    schema = client.list_schemas()["schemas"][0]["schemaArn"]
    known = {
        "datasetgrouparn": [deployed.group],
        "datasetarn": [deployed.interactions, deployed.interactions.replace("INTERACTIONS", "ITEMS")],
        "schemaarn": [schema],
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
        *(f"{account}{kind}/{name}" for kind in KINDS for name in ("found", "other", "x/y/z")),
        recipe("aws-sims"),
        "arn:aws:personalize:::" + "x" * 300,
    ]
    bodies = []
    for name, operation in sorted(operations().items()):
        shape = MODELS[operation.service]["operations"][name]["input"]["shape"]
        values = strategy_of(operation.service, shape, "", known)
        bodies.append(values.map(lambda value, name=name: (name, json.dumps(value).encode())))
    plain = st.one_of(bodies)

    def sometimes_mangled(request: tuple[str, bytes]) -> st.SearchStrategy[tuple[str, bytes]]:
        name, content = request
        return st.integers(0, 14).flatmap(
            lambda chance: mangled(content).map(lambda new: (name, new)) if chance == UNLIKELY else st.just(request)
        )

    return plain.flatmap(sometimes_mangled)


@pytest.mark.parametrize("n", [N_REQUESTS, pytest.param(N_REQUESTS_SLOW, marks=pytest.mark.slow)])
def test_no_request_makes_the_server_fail_or_lie(
    target: Server, deployed: Deployed, raw: Raw, requests: st.SearchStrategy[tuple[str, bytes]], n: int
) -> None:
    answered: dict[str, int] = {}

    @seed(n)
    @settings(max_examples=n, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(requests)
    def answers_properly(request: tuple[str, bytes]) -> None:
        name, body = request
        status, found = raw(name, body)
        answered[found.get("__type", "")] = answered.get(found.get("__type", ""), 0) + 1
        assert status < 500, found
        if status != 200:
            assert found["__type"] in operations()[name].errors | GENERAL, found
            assert found["message"]

    answers_properly()

    # Not all of them stopped at the first check.
    assert answered[""] > n / 20
    assert answered["InvalidInputException"] < 0.9 * n
    assert raw.send("GET", "/healthz")[0] == 200
    kept = deployed.group.replace("dataset-group/found", "campaign/kept")
    answer = target.client("personalize-runtime").get_recommendations(campaignArn=kept, userId="u1")
    assert len(answer["itemList"]) == 25
    assert_statuses_are_in_their_tables(target)
    # `crashed` is the word for a bug of ours, in a request or in the work that one asked for.
    crashes = [line for line in (target.home / "server.log").read_text().splitlines() if "crashed" in line]
    assert crashes == []


def assert_statuses_are_in_their_tables(target: Server) -> None:
    """Every resource of every kind is in a status that its life cycle knows."""
    client = target.client("personalize")
    for operation, member, table in (
        ("list_dataset_groups", "datasetGroups", PROVISIONED),
        ("list_datasets", "datasets", PROVISIONED),
        ("list_dataset_import_jobs", "datasetImportJobs", JOB),
        ("list_event_trackers", "eventTrackers", PROVISIONED),
        ("list_filters", "Filters", PROVISIONED),
        ("list_solutions", "solutions", PROVISIONED),
        ("list_solution_versions", "solutionVersions", TRAINED),
        ("list_campaigns", "campaigns", PROVISIONED),
    ):
        for page in client.get_paginator(operation).paginate():
            for each in page[member]:
                assert each["status"] in table
                if member == "campaigns":
                    shown = client.describe_campaign(campaignArn=each["campaignArn"])["campaign"]
                    assert shown.get("latestCampaignUpdate", {"status": "ACTIVE"})["status"] in UPDATED
