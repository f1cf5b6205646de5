"""Requests that are wrong: the answer is the documented exception, says what to do, and is never our bug.

Missing, mistyped and over-long members are made from the service models, so no member of the walk's operations is left
out; what depends on state is written down case by case.
"""

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from main_path.raw import MODELS, Raw
from main_path.served import INTERACTIONS, Body, Deployed, Server, recipe
from tastemaker.settings import Settings
from tastemaker.wire.service_model import operations

INPUTS = {
    name: MODELS[op.service]["shapes"][MODELS[op.service]["operations"][name]["input"]["shape"]]
    for name, op in operations().items()
}
EVENT = {"eventType": "watch", "itemId": "i1", "sentAt": 1_700_000_000}

# A valid request of each operation of the walk. $words stand for ARNs of the shop.
WALK: dict[str, Body] = {
    "CreateSchema": {"name": "new", "schema": INTERACTIONS},
    "DescribeSchema": {"schemaArn": "$schema"},
    "ListSchemas": {"maxResults": 5},
    "DeleteSchema": {"schemaArn": "$schema"},
    "CreateDatasetGroup": {"name": "new", "roleArn": "arn:aws:iam::000000000000:role/R"},
    "DescribeDatasetGroup": {"datasetGroupArn": "$group"},
    "ListDatasetGroups": {"maxResults": 5},
    "DeleteDatasetGroup": {"datasetGroupArn": "$group"},
    "CreateDataset": {
        "name": "new",
        "schemaArn": "$schema",
        "datasetGroupArn": "$group",
        "datasetType": "Interactions",
    },
    "DescribeDataset": {"datasetArn": "$dataset"},
    "ListDatasets": {"datasetGroupArn": "$group", "maxResults": 5},
    "DeleteDataset": {"datasetArn": "$dataset"},
    "CreateDatasetImportJob": {
        "jobName": "new",
        "datasetArn": "$dataset",
        "dataSource": {"dataLocation": "s3://bucket/key.csv"},
        "roleArn": "arn:aws:iam::000000000000:role/R",
        "importMode": "FULL",
    },
    "DescribeDatasetImportJob": {"datasetImportJobArn": "$job"},
    "ListDatasetImportJobs": {"datasetArn": "$dataset", "maxResults": 5},
    "ListRecipes": {"maxResults": 5},
    "DescribeRecipe": {"recipeArn": "$recipe"},
    "CreateSolution": {
        "name": "new",
        "datasetGroupArn": "$group",
        "recipeArn": "$recipe",
        "eventType": "watch",
        "solutionConfig": {"eventValueThreshold": "0.5", "algorithmHyperParameters": {}},
    },
    "DescribeSolution": {"solutionArn": "$solution"},
    "ListSolutions": {"datasetGroupArn": "$group", "maxResults": 5},
    "DeleteSolution": {"solutionArn": "$solution"},
    "CreateSolutionVersion": {"solutionArn": "$solution", "trainingMode": "FULL", "name": "new"},
    "DescribeSolutionVersion": {"solutionVersionArn": "$version"},
    "ListSolutionVersions": {"solutionArn": "$solution", "maxResults": 5},
    "StopSolutionVersionCreation": {"solutionVersionArn": "$version"},
    "GetSolutionMetrics": {"solutionVersionArn": "$version"},
    "CreateCampaign": {
        "name": "new",
        "solutionVersionArn": "$version",
        "minProvisionedTPS": 1,
        "campaignConfig": {"itemExplorationConfig": {"explorationWeight": "0.3"}},
    },
    "DescribeCampaign": {"campaignArn": "$campaign"},
    "ListCampaigns": {"solutionArn": "$solution", "maxResults": 5},
    "UpdateCampaign": {"campaignArn": "$campaign", "solutionVersionArn": "$version"},
    "DeleteCampaign": {"campaignArn": "$campaign"},
    "CreateEventTracker": {"name": "new", "datasetGroupArn": "$group"},
    "DescribeEventTracker": {"eventTrackerArn": "$tracker"},
    "ListEventTrackers": {"datasetGroupArn": "$group", "maxResults": 5},
    "DeleteEventTracker": {"eventTrackerArn": "$tracker"},
    "CreateFilter": {
        "name": "new",
        "datasetGroupArn": "$group",
        "filterExpression": 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("watch")',
    },
    "DescribeFilter": {"filterArn": "$filter"},
    "ListFilters": {"datasetGroupArn": "$group", "maxResults": 5},
    "DeleteFilter": {"filterArn": "$filter"},
    "TagResource": {"resourceArn": "$group", "tags": [{"tagKey": "k", "tagValue": "v"}]},
    "UntagResource": {"resourceArn": "$group", "tagKeys": ["k"]},
    "ListTagsForResource": {"resourceArn": "$group"},
    "GetRecommendations": {
        "campaignArn": "$campaign",
        "userId": "u1",
        "itemId": "i1",
        "numResults": 5,
        "filterArn": "$filter",
        "filterValues": {"G": '"Drama"'},
        "context": {"DEVICE": "tv"},
    },
    "GetPersonalizedRanking": {"campaignArn": "$ranking", "userId": "u1", "inputList": ["i1", "i2"]},
    "PutEvents": {"trackingId": "t", "sessionId": "s", "userId": "u", "eventList": [EVENT]},
}


@pytest.fixture(scope="module")
def raw(server: Server) -> Iterator[Raw]:
    """One connection to the shared server."""
    connection = Raw(server.url)
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def arns(personalize: Any, shop: Deployed) -> dict[str, str]:
    """The ARNs that the words of WALK stand for; nothing of the shop can be deleted, all of it is in use."""
    dataset = personalize.describe_dataset(datasetArn=shop.interactions)["dataset"]
    personalize.create_filter(
        name="bad-input",
        datasetGroupArn=shop.group,
        filterExpression='EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("watch")',
    )
    jobs = personalize.list_dataset_import_jobs(datasetArn=shop.interactions)["datasetImportJobs"]
    trackers = personalize.list_event_trackers(datasetGroupArn=shop.group)["eventTrackers"]
    version = shop.versions["aws-user-personalization"]
    return {
        "$schema": dataset["schemaArn"],
        "$group": shop.group,
        "$dataset": shop.interactions,
        "$job": jobs[0]["datasetImportJobArn"],
        "$recipe": recipe("aws-user-personalization"),
        "$solution": version.rpartition("/")[0],
        "$version": version,
        "$campaign": shop.campaigns["aws-user-personalization"],
        "$ranking": shop.campaigns["aws-personalized-ranking"],
        "$tracker": trackers[0]["eventTrackerArn"],
        "$filter": shop.group.replace("dataset-group/shop", "filter/bad-input"),
    }


def filled(value: Any, arns: Mapping[str, str]) -> Any:
    """The request, with ARNs for words."""
    if isinstance(value, dict):
        return {name: filled(each, arns) for name, each in value.items()}
    if isinstance(value, list):
        return [filled(each, arns) for each in value]
    return arns.get(value, value) if isinstance(value, str) else value


def places(value: Any, shape: Mapping[str, Any], shapes: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, Any]]:
    """Every place of a request: its path, and the shape that the service model gives it."""
    if path:
        yield path, shape
    if shape["type"] == "structure":
        for name, each in value.items():
            member = shape["members"][name]
            yield from places(each, {**shapes[member["shape"]], "required_by": shape}, shapes, (*path, name))
    elif shape["type"] == "list":
        for index, each in enumerate(value):
            yield from places(each, shapes[shape["member"]["shape"]], shapes, (*path, index))
    elif shape["type"] == "map":
        for name, each in value.items():
            yield from places(each, shapes[shape["value"]["shape"]], shapes, (*path, name))


def changed(request: Body, path: tuple[Any, ...], value: Any = None) -> Body:
    """The request with another value at that path, or without the member if there is none."""
    copied = copy.deepcopy(request)
    at = copied
    for step in path[:-1]:
        at = at[step]
    if value is None:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return copied


def places_of(operation: str) -> list[tuple[tuple[Any, ...], Mapping[str, Any]]]:
    return list(places(WALK[operation], INPUTS[operation], MODELS[operations()[operation].service]["shapes"]))


def refused(answer: tuple[int, Body], *codes: str) -> str:
    """The message of an answer that must be one of these errors."""
    status, found = answer
    assert found.get("__type") in codes, answer
    assert 400 <= status < 500
    return str(found["message"])


@pytest.mark.parametrize("operation", WALK)
def test_a_missing_member_is_named(raw: Raw, arns: dict[str, str], operation: str) -> None:
    request = filled(WALK[operation], arns)
    for path, shape in places_of(operation):
        if path[-1] not in shape.get("required_by", {}).get("required", ()):
            continue
        message = refused(raw(operation, changed(request, path)), "InvalidInputException")
        assert str(path[-1]) in message
        assert "must not be null" in message
        null = json.loads(json.dumps(changed(request, path, "@null@")).replace('"@null@"', "null"))
        assert refused(raw(operation, null), "InvalidInputException") == message


WRONG = {
    "string": (7, True, {}, ["x"]),
    "integer": ("7", 7.5, True, [], 1 << 40),
    "boolean": ("true", 1, []),
    "double": ("1.5", True, {}),
    "float": ("1.5", True, {}),
    "timestamp": ("yesterday", True, [], {}, 1_700_000_000_000),
    "list": ("x", {}, 7),
    "map": ("x", [], 7),
    "structure": ("x", [], 7),
}


@pytest.mark.parametrize("operation", WALK)
def test_a_mistyped_member_is_named_with_its_value(raw: Raw, arns: dict[str, str], operation: str) -> None:
    request = filled(WALK[operation], arns)
    for path, shape in places_of(operation):
        for wrong in WRONG[shape["type"]]:
            message = refused(raw(operation, changed(request, path, wrong)), "InvalidInputException")
            assert "failed to satisfy constraint" in message
            assert [step for step in path if isinstance(step, str)][-1] in message
            assert "Member must" in message


@pytest.mark.parametrize("operation", WALK)
def test_an_over_long_member_is_named_with_its_limit(raw: Raw, arns: dict[str, str], operation: str) -> None:
    request = filled(WALK[operation], arns)
    for path, shape in places_of(operation):
        limit = shape.get("max")
        if limit is None or shape["type"] not in ("string", "list", "map"):
            continue
        at: Any = request
        for step in path:
            at = at[step]
        longer = {
            "string": lambda limit=limit: "a" * (limit + 1),
            "list": lambda limit=limit, at=at: [at[0]] * (limit + 1),
            "map": lambda limit=limit: {f"k{n}": "v" for n in range(limit + 1)},
        }[shape["type"]]
        message = refused(raw(operation, changed(request, path, longer())), "InvalidInputException")
        assert f"length less than or equal to {limit}" in message
        assert len(message) < 2000


@pytest.mark.parametrize("operation", WALK)
def test_an_arn_that_is_wrong_is_named(raw: Raw, arns: dict[str, str], operation: str) -> None:
    request = filled(WALK[operation], arns)
    is_list = operation.startswith("List") and operation != "ListTagsForResource"
    for (member,) in [path for path, _ in places_of(operation) if str(path[-1]).endswith("Arn")]:
        if member == "roleArn":
            continue
        message = refused(raw(operation, changed(request, (member,), "no-arn-at-all")), "InvalidInputException")
        assert member in message
        assert "no-arn-at-all" in message

        elsewhere = request[member].rpartition("/")[0] + "/no-such-name"
        if elsewhere.startswith("arn:aws:personalize:::"):
            elsewhere = recipe("no-such-recipe")
        answer = raw(operation, changed(request, (member,), elsewhere))
        if is_list and operation != "ListSolutionVersions":
            assert answer[0] == 200
        else:
            assert elsewhere in refused(answer, "ResourceNotFoundException")
            assert answer[0] == (404 if operations()[operation].service == "personalize-runtime" else 400)

        if member != "resourceArn" and not is_list:
            other = arns["$group"] if member != "datasetGroupArn" else arns["$campaign"]
            message = refused(raw(operation, changed(request, (member,), other)), "InvalidInputException")
            assert other in message


def test_all_violations_are_told_at_once(raw: Raw) -> None:
    message = refused(
        raw("CreateDatasetGroup", {"name": "ü", "roleArn": "x", "domain": "SHOES"}), "InvalidInputException"
    )
    assert message.startswith("3 validation errors detected: ")
    assert "enum value set: [ECOMMERCE, VIDEO_ON_DEMAND]" in message


# (operation, request, exception, what the message says)
CASES: list[tuple[str, Body, str, str]] = [
    ("CreateSchema", {"name": "bad", "schema": "{"}, "InvalidInputException", "JSON"),
    ("CreateSchema", {"name": "bad", "schema": "[]"}, "InvalidInputException", "JSON object"),
    (
        "CreateSchema",
        {"name": "bad", "schema": INTERACTIONS.replace("TIMESTAMP", "TIME")},
        "InvalidInputException",
        "TIMESTAMP",
    ),
    (
        "CreateSchema",
        {"name": "bad", "schema": INTERACTIONS.replace('"long"', '"date"')},
        "InvalidInputException",
        "date",
    ),
    (
        "CreateSchema",
        {"name": "shop-Interactions", "schema": INTERACTIONS},
        "ResourceAlreadyExistsException",
        "schema/shop-Interactions",
    ),
    ("DeleteSchema", {"schemaArn": "$schema"}, "ResourceInUseException", "dataset/shop/INTERACTIONS"),
    ("CreateDatasetGroup", {"name": "shop"}, "ResourceAlreadyExistsException", "dataset-group/shop"),
    (
        "CreateDatasetGroup",
        {"name": "k", "kmsKeyArn": "arn:aws:kms:x:000000000000:key/k"},
        "InvalidInputException",
        "roleArn",
    ),
    ("DeleteDatasetGroup", {"datasetGroupArn": "$group"}, "ResourceInUseException", "dataset/shop"),
    (
        "CreateDataset",
        {"name": "n", "schemaArn": "$schema", "datasetGroupArn": "$group", "datasetType": "Clicks"},
        "InvalidInputException",
        "Interactions, Items, Users",
    ),
    (
        "CreateDataset",
        {"name": "n", "schemaArn": "$schema", "datasetGroupArn": "$group", "datasetType": "Users"},
        "InvalidInputException",
        "'Users'",
    ),
    (
        "CreateDataset",
        {"name": "n", "schemaArn": "$schema", "datasetGroupArn": "$group", "datasetType": "Interactions"},
        "ResourceAlreadyExistsException",
        "dataset/shop/INTERACTIONS",
    ),
    ("DeleteDataset", {"datasetArn": "$dataset"}, "ResourceInUseException", "campaign/shop"),
    (
        "CreateDatasetImportJob",
        {"jobName": "n", "datasetArn": "$dataset", "dataSource": {}},
        "InvalidInputException",
        "dataLocation",
    ),
    (
        "CreateDatasetImportJob",
        {"jobName": "n", "datasetArn": "$dataset", "dataSource": {"dataLocation": "https://example.org/a.csv"}},
        "InvalidInputException",
        "s3://bucket/key",
    ),
    (
        "CreateDatasetImportJob",
        {"jobName": "n", "datasetArn": "$dataset", "dataSource": {"dataLocation": "ftp://x/y"}},
        "InvalidInputException",
        "dataLocation",
    ),
    (
        "CreateDatasetImportJob",
        {
            "jobName": "n",
            "datasetArn": "$dataset",
            "dataSource": {"dataLocation": "s3://b/k"},
            "publishAttributionMetricsToS3": True,
        },
        "InvalidInputException",
        "metric attribution",
    ),
    ("DescribeRecipe", {"recipeArn": recipe("aws-nothing")}, "ResourceNotFoundException", "ListRecipes"),
    ("CreateSolution", {"name": "n", "datasetGroupArn": "$group"}, "InvalidInputException", "recipeArn"),
    (
        "CreateSolution",
        {
            "name": "n",
            "datasetGroupArn": "$group",
            "recipeArn": "$recipe",
            "solutionConfig": {"hpoConfig": {"hpoResourceConfig": {"maxNumberOfTrainingJobs": "3"}}},
        },
        "InvalidInputException",
        "performHPO",
    ),
    (
        "CreateSolution",
        {"name": "n", "datasetGroupArn": "$group", "performAutoML": True, "recipeArn": "$recipe"},
        "InvalidInputException",
        "performAutoML",
    ),
    (
        "CreateSolution",
        {
            "name": "n",
            "datasetGroupArn": "$group",
            "recipeArn": "$recipe",
            "solutionConfig": {"algorithmHyperParameters": {"no_such_parameter": "1"}},
        },
        "InvalidInputException",
        "no_such_parameter",
    ),
    (
        "CreateSolution",
        {
            "name": "n",
            "datasetGroupArn": "$group",
            "recipeArn": "$recipe",
            "solutionConfig": {"eventValueThreshold": "0.5"},
        },
        "InvalidInputException",
        "EVENT_VALUE",
    ),
    (
        "CreateSolution",
        {"name": "shop-aws-sims", "datasetGroupArn": "$group", "recipeArn": "$recipe"},
        "ResourceAlreadyExistsException",
        "solution/shop-aws-sims",
    ),
    ("DeleteSolution", {"solutionArn": "$solution"}, "ResourceInUseException", "campaign/shop"),
    (
        "CreateSolutionVersion",
        {"solutionArn": "$solution", "trainingMode": "AUTOTRAIN"},
        "InvalidInputException",
        "FULL",
    ),
    ("StopSolutionVersionCreation", {"solutionVersionArn": "$version"}, "InvalidInputException", "ACTIVE"),
    ("CreateCampaign", {"name": "n", "solutionVersionArn": "$solution"}, "ResourceNotFoundException", "$solution"),
    (
        "CreateCampaign",
        {
            "name": "n",
            "solutionVersionArn": "$version",
            "campaignConfig": {"itemExplorationConfig": {"explorationWeight": "2"}},
        },
        "InvalidInputException",
        "0.0 to 1.0",
    ),
    (
        "CreateCampaign",
        {
            "name": "n",
            "solutionVersionArn": "$version",
            "campaignConfig": {"itemExplorationConfig": {"exploration": "2"}},
        },
        "InvalidInputException",
        "explorationWeight",
    ),
    (
        "CreateCampaign",
        {"name": "n", "solutionVersionArn": "$version", "minProvisionedTPS": 0},
        "InvalidInputException",
        "minProvisionedTPS",
    ),
    ("CreateEventTracker", {"name": "n", "datasetGroupArn": "$group"}, "LimitExceededException", "event-tracker/"),
    (
        "CreateFilter",
        {"name": "n", "datasetGroupArn": "$group", "filterExpression": "EXCLUDE ItemID"},
        "InvalidInputException",
        "WHERE",
    ),
    (
        "CreateFilter",
        {
            "name": "n",
            "datasetGroupArn": "$group",
            "filterExpression": 'INCLUDE ItemID WHERE Items.COLOUR IN ("red")',
        },
        "InvalidInputException",
        "COLOUR",
    ),
    (
        "CreateFilter",
        {
            "name": "n",
            "datasetGroupArn": "$group",
            "filterExpression": 'INCLUDE ItemID WHERE Users.AGE IN ("red")',
        },
        "InvalidInputException",
        "Users",
    ),
    ("ListSchemas", {"maxResults": 101}, "InvalidInputException", "less than or equal to 100"),
    ("ListSchemas", {"maxResults": 0}, "InvalidInputException", "greater than or equal to 1"),
    ("ListSchemas", {"nextToken": "made-up"}, "InvalidNextTokenException", "nextToken"),
    (
        "TagResource",
        {"resourceArn": "$schema", "tags": [{"tagKey": "k", "tagValue": "v"}]},
        "InvalidInputException",
        "no tags",
    ),
    (
        "TagResource",
        {"resourceArn": "$group", "tags": [{"tagKey": "k", "tagValue": "v"}, {"tagKey": "k", "tagValue": "w"}]},
        "InvalidInputException",
        "twice",
    ),
    (
        "TagResource",
        {"resourceArn": "$group", "tags": [{"tagKey": "k!", "tagValue": "v"}]},
        "InvalidInputException",
        "pattern",
    ),
    ("GetRecommendations", {}, "InvalidInputException", "campaignArn"),
    ("GetRecommendations", {"campaignArn": "$campaign"}, "InvalidInputException", "userId"),
    ("GetRecommendations", {"campaignArn": "$campaign", "userId": ""}, "InvalidInputException", "userId"),
    (
        "GetRecommendations",
        {"campaignArn": "$campaign", "userId": "u", "numResults": 501},
        "InvalidInputException",
        "500",
    ),
    (
        "GetRecommendations",
        {"campaignArn": "$campaign", "userId": "u", "numResults": 0},
        "InvalidInputException",
        "1 to 500",
    ),
    (
        "GetRecommendations",
        {"campaignArn": "$ranking", "userId": "u"},
        "InvalidInputException",
        "GetPersonalizedRanking",
    ),
    (
        "GetRecommendations",
        {"recommenderArn": "arn:aws:personalize:x:000000000000:recommender/r", "userId": "u"},
        "ResourceNotFoundException",
        "recommender",
    ),
    (
        "GetPersonalizedRanking",
        {"campaignArn": "$ranking", "userId": "u", "inputList": []},
        "InvalidInputException",
        "inputList",
    ),
    (
        "GetPersonalizedRanking",
        {"campaignArn": "$ranking", "userId": "u", "inputList": ["i"] * 501},
        "InvalidInputException",
        "inputList",
    ),
    (
        "GetPersonalizedRanking",
        {"campaignArn": "$campaign", "userId": "u", "inputList": ["i"]},
        "InvalidInputException",
        "GetRecommendations",
    ),
    ("PutEvents", {"trackingId": "t", "sessionId": "s", "eventList": [EVENT]}, "InvalidInputException", "trackingId"),
    ("PutEvents", {"trackingId": "$id", "sessionId": "s", "eventList": []}, "InvalidInputException", "eventList"),
    (
        "PutEvents",
        {"trackingId": "$id", "sessionId": "s", "eventList": [EVENT] * 11},
        "InvalidInputException",
        "eventList",
    ),
    (
        "PutEvents",
        {"trackingId": "$id", "sessionId": "s", "eventList": [{"eventType": "watch", "sentAt": 1}]},
        "InvalidInputException",
        "itemId",
    ),
    (
        "PutEvents",
        {"trackingId": "$id", "sessionId": "s", "eventList": [{**EVENT, "sentAt": 1_700_000_000_000}]},
        "InvalidInputException",
        "milliseconds",
    ),
    (
        "PutEvents",
        {"trackingId": "$id", "sessionId": "s", "eventList": [{**EVENT, "properties": "{"}]},
        "InvalidInputException",
        "JSON object",
    ),
    (
        "PutEvents",
        {"trackingId": "$id", "sessionId": "s", "eventList": [{**EVENT, "properties": '{"userId": "x"}'}]},
        "InvalidInputException",
        "userid",
    ),
    (
        "PutEvents",
        {"trackingId": "$id", "sessionId": "s", "eventList": [{**EVENT, "properties": '{"eventValue": "much"}'}]},
        "InvalidInputException",
        "eventValue",
    ),
    (
        "PutEvents",
        {"trackingId": "$id", "sessionId": "s", "eventList": [EVENT, {**EVENT, "impression": []}]},
        "InvalidInputException",
        "eventList.2.member.impression",
    ),
]


@pytest.mark.parametrize(
    ("operation", "request_body", "code", "says"),
    CASES,
    ids=[f"{operation}-{says}" for operation, _, _, says in CASES],
)
def test_a_request_that_cannot_be_done_is_refused_and_told_why(
    raw: Raw, arns: dict[str, str], shop: Deployed, operation: str, request_body: Body, code: str, says: str
) -> None:
    words = {**arns, "$id": shop.tracking_id}
    message = refused(raw(operation, filled(request_body, words)), code)
    assert words.get(says, says) in message
    assert code in operations()[operation].errors or code == "InvalidInputException"


@pytest.mark.parametrize(
    ("method", "path", "headers", "content", "code"),
    [
        ("POST", "/", {"X-Amz-Target": "AmazonPersonalize.MakeCoffee"}, b"{}", "UnknownOperationException"),
        ("POST", "/", {}, b"{}", "UnknownOperationException"),
        ("GET", "/", {}, b"", "UnknownOperationException"),
        ("POST", "/nowhere", {}, b"{}", "UnknownOperationException"),
        ("DELETE", "/recommendations", {}, b"{}", "UnknownOperationException"),
        ("POST", "/recommendations", {}, b"{", "SerializationException"),
        ("POST", "/recommendations", {}, b"\xff\xfe", "SerializationException"),
        ("POST", "/recommendations", {}, b'{"userId": "\\ud800"}', "SerializationException"),
        ("POST", "/recommendations", {}, b"[" * 100_000, "SerializationException"),
        ("POST", "/recommendations", {}, b'{"a":' * 100_000, "SerializationException"),
        ("POST", "/recommendations", {}, b'{"numResults": 1e999}', "SerializationException"),
        ("POST", "/recommendations", {}, b"NaN", "SerializationException"),
        ("POST", "/recommendations", {}, b"[]", "InvalidInputException"),
        ("POST", "/recommendations", {}, b"null", "InvalidInputException"),
        ("POST", "/events", {}, b"x" * (Settings().body_bytes_max + 1), "RequestTooLargeException"),
    ],
)
def test_what_is_no_request_is_refused(
    raw: Raw, method: str, path: str, headers: dict[str, str], content: bytes, code: str
) -> None:
    status, found = raw.send(method, path, content, headers)
    assert found["__type"] == code
    assert status == (413 if code == "RequestTooLargeException" else 400)
    assert found["message"]
