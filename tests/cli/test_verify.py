"""`tastemaker verify`: our own server passes its walk; what a wrong server answers is found out, each at its place."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result

from cli.wrong_server import Answer, Change, wrong
from main_path.served import Server
from tastemaker.cli.main import main
from tastemaker.cli.verify import sentence
from tastemaker.cli.verifying.files import Place, files
from tastemaker.cli.verifying.replies import Finding, Reply, findings
from tastemaker.cli.verifying.steps import recorded
from transfer.s3_server import s3_server

SERVICES = ("personalize", "personalize-runtime", "personalize-events")
OPERATIONS = {
    name: model.operation_model(name)
    for service in SERVICES
    for model in [boto3.client(service, region_name="us-east-1").meta.service_model]
    for name in model.operation_names
}
JSON = {"content-type": "application/x-amz-json-1.1", "x-amzn-requestid": "r"}
REST = {"content-type": "application/json", "x-amzn-requestid": "r"}
GROUP = "arn:aws:personalize:us-east-1:000000000000:dataset-group/g"


@pytest.fixture(scope="module")
def empty(start_server: Callable[..., Server]) -> Server:
    """A server on which nothing is yet."""
    return start_server(job_workers=2)


@pytest.fixture
def verify(empty: Server) -> Callable[..., Result]:
    """Runs the verb against that server, or another address."""

    def run(*arguments: str, endpoint: str = empty.url, home: Path = empty.home) -> Result:
        asked = ["verify", "--endpoint", endpoint, "--home", str(home), *arguments]
        return CliRunner().invoke(main, asked)

    return run


def names(server: Server) -> set[str]:
    """Of all groups and schemas of a server."""
    p = server.client("personalize", region_name="us-east-1")
    listed = [*p.list_dataset_groups()["datasetGroups"], *p.list_schemas()["schemas"]]
    return {each["name"] for each in listed}


# The walk


def test_the_walk_has_every_operation_of_the_three_services() -> None:
    walk = recorded()
    assert {step.call for step in (*walk.steps, *walk.clean)} == set(OPERATIONS)


def test_our_server_passes_the_walk_and_keeps_nothing_of_it(verify: Callable[..., Result], empty: Server) -> None:
    ended = verify("--json")

    told = json.loads(ended.stdout)
    wrong_ones = [(each["operation"], each["findings"]) for each in told["operations"] if each["findings"]]
    assert wrong_ones == []
    assert (told["ok"], told["not_asked"], told["left"], ended.exit_code) == (True, [], [], 0)
    assert [each["operation"] for each in told["operations"] if not each["calls"]] == []
    assert len(told["operations"]) == 79
    assert names(empty) == set()
    assert list((empty.home / "buckets").iterdir()) == []


def drop(*path: str) -> Change:
    """Leaves a member out."""

    def change(answer: Answer) -> None:
        body = answer.body
        for name in path[:-1]:
            body = body[name]
        body.pop(path[-1], None)

    return change


def put(value: Any, *path: Any) -> Change:
    """Gives a member another value, or makes one up; an empty list stays."""

    def change(answer: Answer) -> None:
        body = answer.body
        for name in path[:-1]:
            if body[name] == []:
                return
            body = body[name]
        body[path[-1]] = value

    return change


def whole(**changed: Any) -> Change:
    """Changes status, headers or body."""

    def change(answer: Answer) -> None:
        for name, value in changed.items():
            setattr(answer, name, answer.headers | value if name == "headers" else value)

    return change


MISTAKES: dict[str, tuple[Change, str, str]] = {
    # operation: what is changed; the path that is named, and a part of what is said of it
    "CreateDatasetGroup": (drop("datasetGroupArn"), "datasetGroupArn", "none"),
    "DescribeRecipe": (put("blue", "recipe", "color"), "recipe.color", "Recipe has none"),
    "ListRecipes": (put("MUSIC", "recipes", 0, "domain"), "recipes[0].domain", "one of ECOMMERCE, VIDEO_ON_DEMAND"),
    "DescribeAlgorithm": (drop("algorithm", "name"), "algorithm.name", "always shown"),
    "DescribeFeatureTransformation": (
        whole(headers={"content-type": "text/html"}),
        "content-type",
        "application/x-amz-json-1.1",
    ),
    "DescribeSchema": (put(1_700_000_000_000, "schema", "creationDateTime"), "schema.creationDateTime", "seconds"),
    "ListSchemas": (put("schema", "schemas", 0, "schemaArn"), "schemas[0].schemaArn", "matches arn:"),
    "CreateSchema": (whole(headers={"x-amzn-requestid": ""}), "x-amzn-requestid", "the id of the request"),
    "DeleteSchema": (whole(body={"deleted": True}), "deleted", "no member"),
    "PutEvents": (whole(status=404), "HTTP status", "400 for InvalidInputException"),
    "GetRecommendations": (
        whole(body={"message": "no"}, headers={"x-amzn-errortype": "LimitExceededException"}),
        "__type",
        "one of InvalidInputException, ResourceNotFoundException",
    ),
}


def test_a_wrong_server_is_found_out_each_mistake_at_its_path_and_what_it_made_is_deleted(
    verify: Callable[..., Result], empty: Server
) -> None:
    with wrong(empty.url, {name: change for name, (change, _, _) in MISTAKES.items()}) as endpoint:
        ended = verify("--json", endpoint=endpoint)

    told = json.loads(ended.stdout)
    found = {each["operation"]: each["findings"] for each in told["operations"] if each["findings"]}
    for operation, (_, path, says) in MISTAKES.items():
        at_path = [each for each in found.get(operation, []) if each["path"] == path]
        assert at_path, (operation, found.get(operation))
        assert says in f"{at_path[0]['expected']} {at_path[0]['came']}"
    assert set(found) == set(MISTAKES)
    assert ended.exit_code == 1
    assert {"operation": "CreateDataset", "lacks": "group"} in told["not_asked"]
    # The ARNs of the groups never came: they were found by their names.
    assert told["left"] == []
    assert names(empty) == set()


def test_people_read_path_expectation_and_what_came_and_keep_keeps(
    verify: Callable[..., Result], empty: Server
) -> None:
    with wrong(empty.url, {"CreateDatasetGroup": drop("datasetGroupArn")}) as endpoint:
        ended = verify("--keep", endpoint=endpoint)

    assert ended.exit_code == 1
    assert "datasetGroupArn: expected a member that answers this request, came none" in " ".join(ended.output.split())
    assert "of 1, replies are wrong" in ended.output
    kept = names(empty)
    run = min(kept, key=len)
    assert {run, f"{run}-video", f"{run}-items"} <= kept
    assert (empty.home / "buckets" / run / "items.csv").is_file()
    p = empty.client("personalize", region_name="us-east-1")
    for each in p.list_dataset_groups()["datasetGroups"]:
        p.delete_dataset_group(datasetGroupArn=each["datasetGroupArn"])
    for each in p.list_schemas()["schemas"]:
        p.delete_schema(schemaArn=each["schemaArn"])


# Refused before anything is asked


def test_where_nobody_answers_it_is_said(verify: Callable[..., Result]) -> None:
    ended = verify(endpoint="http://127.0.0.1:9")
    assert ended.exit_code == 1
    assert "No server answers at http://127.0.0.1:9" in ended.output


def test_a_home_that_is_none_needs_a_place_for_the_data(verify: Callable[..., Result], tmp_path: Path) -> None:
    ended = verify(home=tmp_path / "none")
    assert ended.exit_code == 1
    assert "--data-location" in ended.output
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("arguments", "says", "code"),
    [
        ((), "--data-location s3://bucket/prefix", 1),
        (("--data-location", "/data"), "--data-location s3://bucket/prefix", 1),
        (("--data-location", "s3://b/p"), "--role-arn", 1),
        (("--data-location", "s3://b/p", "--role-arn", "r"), "bills", 1),
        (("--data-location", "s3://b/p", "--role-arn", "r", "--json"), "--yes", 2),
    ],
)
def test_aws_is_asked_only_with_a_bucket_a_role_and_a_yes(arguments: tuple[str, ...], says: str, code: int) -> None:
    ended = CliRunner().invoke(main, ["verify", "--aws", *arguments], input="n\n")
    assert says in ended.output
    assert ended.exit_code == code


# One reply


def reply(operation: str, body: Any, status: int = 200, **headers: str) -> list[Finding]:
    """What is wrong with a reply of that body; texts go as they are."""
    usual = REST if OPERATIONS[operation].service_model.service_name != "personalize" else JSON
    text = body if isinstance(body, str) else json.dumps(body)
    return findings(OPERATIONS[operation], Reply(status, usual | headers, text.encode()), "/data")


ITEM = {"itemId": "i1", "score": 0.5}


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("CreateDatasetGroup", {"datasetGroupArn": GROUP}),
        ("DeleteSchema", ""),
        ("DeleteSchema", {}),
        ("GetRecommendations", {"itemList": [ITEM, {"itemId": "i2", "score": None}], "recommendationId": "r"}),
        ("ListTagsForResource", {"tags": [{"tagKey": "k", "tagValue": ""}]}),
    ],
)
def test_right_replies_are_right(operation: str, body: Any) -> None:
    assert reply(operation, body) == []


@pytest.mark.parametrize(
    ("operation", "body", "path", "expected"),
    [
        ("CreateDatasetGroup", "<html>", "", "a JSON body"),
        ("CreateDatasetGroup", [], "", "a JSON object"),
        ("CreateDatasetGroup", {"datasetGroupArn": 1}, "datasetGroupArn", "a JSON text"),
        ("CreateDatasetGroup", {"datasetGroupArn": GROUP + "x" * 256}, "datasetGroupArn", "256 characters or fewer"),
        ("GetRecommendations", {"itemList": {}}, "itemList", "a JSON list"),
        ("GetRecommendations", {"itemList": [{"itemId": "i", "score": "1"}]}, "itemList[0].score", "a number"),
        ("GetRecommendations", {"itemList": [ITEM, {"id": "i"}]}, "itemList[1].id", "PredictedItem has none"),
        ("ListTagsForResource", {"tags": [{"tagKey": "k"}]}, "tags[0].tagValue", "the model requires"),
        ("ListTagsForResource", {"tags": [{"tagKey": "", "tagValue": ""}]}, "tags[0].tagKey", "1 characters or more"),
        ("GetSolutionMetrics", {"metrics": {"coverage": True}}, "metrics[coverage]", "a number"),
        ("DescribeDatasetGroup", {}, "datasetGroup", "what DescribeDatasetGroup is asked for"),
        ("ListDatasetGroups", {"datasetGroups": [{}]}, "datasetGroups[0].status", "always shown"),
    ],
)
def test_what_is_wrong_is_named_with_its_path(operation: str, body: Any, path: str, expected: str) -> None:
    assert any(each.path == path and expected in each.expected for each in reply(operation, body))


def test_a_location_that_the_walk_chose_may_come_back_whatever_its_pattern() -> None:
    def job(location: str) -> list[str]:
        body = {"datasetImportJob": {"dataSource": {"dataLocation": location}}}
        return [each.path for each in reply("DescribeDatasetImportJob", body)]

    assert "datasetImportJob.dataSource.dataLocation" not in job("/data/items.csv")
    assert "datasetImportJob.dataSource.dataLocation" in job("/elsewhere/items.csv")


@pytest.mark.parametrize(
    ("operation", "body", "status", "headers", "paths"),
    [
        ("DescribeCampaign", {"__type": "InvalidInputException", "message": "m"}, 400, {}, []),
        ("DescribeCampaign", {"__type": "com.amazonaws#InvalidInputException", "Message": "m"}, 400, {}, []),
        ("DescribeCampaign", {"__type": "ThrottlingException", "message": "m"}, 400, {}, []),
        ("GetRecommendations", {"message": "m"}, 404, {"x-amzn-errortype": "ResourceNotFoundException:http://x"}, []),
        ("DescribeCampaign", {"message": "m"}, 400, {}, ["__type"]),
        ("DescribeCampaign", {"__type": "InvalidInputException"}, 400, {}, ["message"]),
        ("DescribeCampaign", {"__type": "LimitExceededException", "message": "m"}, 400, {}, ["__type"]),
        ("GetRecommendations", {"__type": "ResourceNotFoundException", "message": "m"}, 400, {}, ["HTTP status"]),
        ("DescribeCampaign", {}, 201, {}, ["HTTP status", "campaign"]),
    ],
)
def test_refusals_have_a_name_a_message_and_their_status(
    operation: str, body: Any, status: int, headers: dict[str, str], paths: list[str]
) -> None:
    assert [each.path for each in reply(operation, body, status, **headers)] == paths


def test_a_finding_reads_as_a_sentence() -> None:
    assert sentence(Finding("a.b", "a number", "x"), 3) == "a.b: expected a number, came x (3 times)"
    assert sentence(Finding("", "a JSON body", "<html>\n<p>"), 1) == "reply: expected a JSON body, came <html> <p>"


# The files


def test_the_files_are_the_same_for_the_same_seed_and_as_many_as_the_service_wants() -> None:
    assert files(1) == files(1) != files(2)
    lines = files()["interactions.csv"].splitlines()[1:]
    assert len(lines) >= 1000
    assert len({line.partition(",")[0] for line in lines}) >= 25


def test_the_files_go_to_a_bucket_of_s3_and_away_with_what_jobs_wrote(monkeypatch: pytest.MonkeyPatch) -> None:
    with s3_server() as url:
        for name, value in {"ENDPOINT_URL_S3": url, "ACCESS_KEY_ID": "k", "SECRET_ACCESS_KEY": "s"}.items():
            monkeypatch.setenv(f"AWS_{name}", value)
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="mine")
        s3.put_object(Bucket="mine", Key="p/verify-12", Body=b"of somebody else")
        place = Place("s3://mine/p/verify-1", None)
        place.write(files())
        s3.put_object(Bucket="mine", Key="p/verify-1/inferred/x.out", Body=b"")
        assert len(s3.list_objects_v2(Bucket="mine")["Contents"]) == len(files()) + 2

        place.remove()

        assert [each["Key"] for each in s3.list_objects_v2(Bucket="mine")["Contents"]] == ["p/verify-12"]
