"""Requests that are wrong: the answer is the documented exception, says what to do, and is never our bug.

What the service models demand of each member is in the conformance suite; here is what depends on state, and what is no
request at all.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from main_path.raw import Raw
from main_path.served import INTERACTIONS, Body, Deployed, Server, recipe
from tastemaker.settings import Settings
from tastemaker.wire.service_model import operations

EVENT = {"eventType": "watch", "itemId": "i1", "sentAt": 1_700_000_000}


@pytest.fixture(scope="module")
def raw(server: Server) -> Iterator[Raw]:
    """One connection to the shared server."""
    connection = Raw(server.url)
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def arns(personalize: Any, shop: Deployed) -> dict[str, str]:
    """The ARNs that the words of requests stand for; nothing of the shop can be deleted, all of it is in use."""
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


def refused(answer: tuple[int, Body], *codes: str) -> str:
    """The message of an answer that must be one of these errors."""
    status, found = answer
    assert found.get("__type") in codes, answer
    assert 400 <= status < 500
    return str(found["message"])


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
        {
            "trackingId": "$id",
            "sessionId": "s",
            "eventList": [{**EVENT, "properties": f'{{"eventValue": 1{"0" * 400}}}'}],
        },
        "InvalidInputException",
        "eventValue is '1000",
    ),
    (
        "PutEvents",
        {"trackingId": "$id", "sessionId": "s", "eventList": [{**EVENT, "eventValue": 10**400}]},
        "InvalidInputException",
        "Member must be a number of 64 bits",
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
