"""Bulk data: where it may lie, how it may look, and what becomes of records that are wrong."""

import gzip
import json
import re
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from main_path.served import INTERACTIONS, ITEMS, Body, Server, schema

HEADER = "USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP"


def rows(n: int, start: int = 0) -> list[str]:
    """Lines of n different interactions."""
    return [f"u{place % 50},i{place % 30},watch,{1_700_000_000 + place}" for place in range(start, start + n)]


def csv(path: Path, lines: list[str], header: str = HEADER) -> str:
    text = "\n".join([header, *lines]) + "\n"
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return str(path)


@pytest.fixture
def dataset(group_of: Callable[..., tuple[str, dict[str, str]]]) -> str:
    """An empty Interactions dataset in a group of its own."""
    _, datasets = group_of(f"g-{uuid.uuid4()}", Interactions=INTERACTIONS)
    return datasets["Interactions"]


@pytest.fixture
def imported(personalize: Any, server: Server, until: Callable[..., Body]) -> Callable[..., Body]:
    """Imports a location, waits for the end, and gives what our own page shows of the job."""

    def run(dataset: str, location: str, mode: str = "FULL", ends: str = "ACTIVE") -> Body:
        arn = personalize.create_dataset_import_job(
            jobName=f"j-{uuid.uuid4()}",
            datasetArn=dataset,
            dataSource={"dataLocation": location},
            importMode=mode,
            roleArn="arn:aws:iam::000000000000:role/R",
        )["datasetImportJobArn"]
        until(arn, ends)
        return shown(server, arn)

    return run


def shown(server: Server, arn: str) -> Body:
    """What GET /resources/<arn> says."""
    with urllib.request.urlopen(f"{server.url}/resources/{urllib.parse.quote(arn, safe='')}") as answer:
        return dict(json.load(answer))


@pytest.mark.parametrize("header", [HEADER, HEADER.lower(), "User_Id,item_id,Event_Type,TimeStamp"])
def test_the_header_may_be_in_any_case(
    imported: Callable[..., Body], dataset: str, tmp_path: Path, header: str
) -> None:
    report = imported(dataset, csv(tmp_path / "a.csv", rows(1200), header))["body"]["report"]
    assert report == {"records": 1200, "imported": 1200, "duplicates": 0, "rejected": 0}


def test_columns_may_be_in_any_order(imported: Callable[..., Body], dataset: str, tmp_path: Path) -> None:
    turned = [",".join(reversed(line.split(","))) for line in rows(1200)]
    path = csv(tmp_path / "a.csv", turned, "TIMESTAMP,EVENT_TYPE,ITEM_ID,USER_ID")
    assert imported(dataset, path)["body"]["report"]["imported"] == 1200


def test_packed_files_are_read_and_a_folder_stands_for_its_files(
    imported: Callable[..., Body], dataset: str, tmp_path: Path
) -> None:
    csv(tmp_path / "one.csv", rows(700))
    csv(tmp_path / "two.csv.gz", rows(700, start=700))
    (tmp_path / "notes.txt").write_text("not data")
    (tmp_path / "below").mkdir()
    csv(tmp_path / "below" / "three.csv", rows(700, start=5000))

    report = imported(dataset, f"{tmp_path}/")["body"]["report"]
    assert report["imported"] == 1400


def test_a_bucket_is_a_folder_of_the_home(
    imported: Callable[..., Body], dataset: str, server: Server, tmp_path: Path
) -> None:
    bucket = server.home / "buckets" / f"bucket-{tmp_path.name}"
    (bucket / "data").mkdir(parents=True)
    csv(bucket / "data" / "a.csv", rows(1200))

    for location in (f"s3://{bucket.name}/data/a.csv", f"s3://{bucket.name}/data/", f"file://{bucket}/data/a.csv"):
        assert imported(dataset, location)["body"]["report"]["imported"] == 1200


def test_identical_records_are_one_event(imported: Callable[..., Body], dataset: str, tmp_path: Path) -> None:
    path = csv(tmp_path / "a.csv", rows(1200) + rows(300))
    report = imported(dataset, path)["body"]["report"]
    assert (report["records"], report["imported"], report["duplicates"]) == (1500, 1200, 300)


def test_incremental_adds_and_full_replaces(
    imported: Callable[..., Body],
    personalize: Any,
    runtime: Any,
    until_active: Callable[..., str],
    dataset: str,
    tmp_path: Path,
) -> None:
    first, more = (
        csv(tmp_path / "a.csv", rows(1200)),
        csv(tmp_path / "b.csv", [f"v{n % 40},j{n % 20},watch,{n}" for n in range(1200)]),
    )
    with pytest.raises(personalize.exceptions.InvalidInputException, match="INCREMENTAL"):
        imported(dataset, more, mode="INCREMENTAL")
    imported(dataset, first)
    imported(dataset, more, mode="INCREMENTAL")
    assert items_trained_on(personalize, runtime, until_active, dataset) == {
        *(f"i{n}" for n in range(30)),
        *(f"j{n}" for n in range(20)),
    }
    imported(dataset, more)
    assert items_trained_on(personalize, runtime, until_active, dataset) == {f"j{n}" for n in range(20)}


def items_trained_on(personalize: Any, runtime: Any, until_active: Callable[..., str], dataset: str) -> set[str]:
    """Train popularity on the dataset's group, deploy it, and ask for everything."""
    group = personalize.describe_dataset(datasetArn=dataset)["dataset"]["datasetGroupArn"]
    name = f"s-{uuid.uuid4()}"
    solution = personalize.create_solution(
        name=name, datasetGroupArn=group, recipeArn="arn:aws:personalize:::recipe/aws-popularity-count"
    )["solutionArn"]
    until_active(solution)
    version = until_active(personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"])
    campaign = until_active(personalize.create_campaign(name=name, solutionVersionArn=version)["campaignArn"])
    answer = runtime.get_recommendations(campaignArn=campaign, userId="u", numResults=500)
    return {each["itemId"] for each in answer["itemList"]}


def test_bad_records_are_set_aside_with_line_column_reason_and_a_fix(
    imported: Callable[..., Body], dataset: str, tmp_path: Path
) -> None:
    lines = rows(1200)
    lines[3] = "u1,i1,watch,yesterday"
    lines[5] = ",i1,watch,1700000000"
    lines[7] = "u1,i1,watch,1700000000000"  # milliseconds
    lines[9] = "u1,i1,watch,1700000000,and more"

    body = imported(dataset, csv(tmp_path / "a.csv", lines))["body"]
    report = body["report"]
    assert (report["records"], report["imported"], report["rejected"]) == (1200, 1196, 4)
    assert "a.csv line 5, column TIMESTAMP" in report["first_reject"]
    rejects = pl.read_csv(report["rejects"], infer_schema=False)
    assert rejects["line"].to_list() == ["5", "7", "9", "11"]
    assert rejects["column"].to_list()[:3] == ["TIMESTAMP", "USER_ID", "TIMESTAMP"]
    assert all(rejects["reason"])
    assert all(rejects["fix"])


def test_an_import_of_bad_records_alone_fails_and_says_why(
    imported: Callable[..., Body], dataset: str, tmp_path: Path
) -> None:
    path = csv(tmp_path / "a.csv", ["u1,i1,watch,yesterday"] * 1200)
    found = imported(dataset, path, ends="CREATE FAILED")
    assert "All 1200 records are bad" in found["failureReason"]
    assert "TIMESTAMP" in found["failureReason"]
    assert found["body"]["report"]["rejected"] == 1200
    assert Path(found["body"]["report"]["rejects"]).exists()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("USER_ID,EVENT_TYPE\nu1,watch\n", r"missing the following columns:\[ITEM_ID, TIMESTAMP\]"),
        ("", "empty|header"),
        (HEADER + "\n", "record"),
        (b"\xff\xfe\x00binary\x00", "UTF-8|columns"),
    ],
)
def test_a_file_that_cannot_be_read_fails_the_job_with_a_reason(
    imported: Callable[..., Body], dataset: str, tmp_path: Path, content: str | bytes, reason: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    found = imported(dataset, str(path), ends="CREATE FAILED")
    assert found["failureReason"].startswith("Failed to create a data import job for Interactions dataset. ")
    assert re.search(reason, found["failureReason"]), found["failureReason"]


@pytest.mark.parametrize(
    "location", ["/no/such/file.csv", "s3://no-such-bucket/a.csv", "file:///no/such/folder/", "{home}/buckets"]
)
def test_a_location_where_nothing_lies_fails_the_job_with_a_reason(
    imported: Callable[..., Body], dataset: str, server: Server, monkeypatch: pytest.MonkeyPatch, location: str
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    found = imported(dataset, location.format(home=server.home), ends="CREATE FAILED")
    assert "Invalid Data location." in found["failureReason"]


def test_a_failed_import_leaves_the_data_as_they_were(
    imported: Callable[..., Body],
    personalize: Any,
    runtime: Any,
    until_active: Callable[..., str],
    dataset: str,
    tmp_path: Path,
) -> None:
    imported(dataset, csv(tmp_path / "a.csv", rows(1200)))
    imported(dataset, csv(tmp_path / "bad.csv", ["u1,i1,watch,never"] * 5), ends="CREATE FAILED")
    assert items_trained_on(personalize, runtime, until_active, dataset) == {f"i{n}" for n in range(30)}


def test_a_key_that_leads_out_of_its_bucket_is_refused(personalize: Any, dataset: str) -> None:
    with pytest.raises(personalize.exceptions.InvalidInputException, match=r"\.\."):
        personalize.create_dataset_import_job(
            jobName="out", datasetArn=dataset, dataSource={"dataLocation": "s3://../../etc/passwd"}
        )


def test_a_newer_record_of_an_item_replaces_the_older_one_in_filters(
    personalize: Any,
    runtime: Any,
    imported: Callable[..., Body],
    group_of: Callable[..., tuple[str, dict[str, str]]],
    until_active: Callable[..., str],
    tmp_path: Path,
) -> None:
    group, datasets = group_of("newer", Interactions=INTERACTIONS, Items=ITEMS)
    imported(datasets["Interactions"], csv(tmp_path / "i.csv", rows(1200)))
    imported(datasets["Items"], csv(tmp_path / "a.csv", ["i1,Drama", "i2,Drama"], "ITEM_ID,GENRES"))
    solution = until_active(
        personalize.create_solution(
            name="newer", datasetGroupArn=group, recipeArn="arn:aws:personalize:::recipe/aws-popularity-count"
        )["solutionArn"]
    )
    version = until_active(personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"])
    campaign = until_active(personalize.create_campaign(name="newer", solutionVersionArn=version)["campaignArn"])
    dramas = until_active(
        personalize.create_filter(
            name="newer", datasetGroupArn=group, filterExpression='INCLUDE ItemID WHERE Items.GENRES IN ("Drama")'
        )["filterArn"]
    )

    def found() -> set[str]:
        answer = runtime.get_recommendations(campaignArn=campaign, userId="u", filterArn=dramas)
        return {each["itemId"] for each in answer["itemList"]}

    assert found() == {"i1", "i2"}
    more = csv(tmp_path / "b.csv", ["i2,Comedy", "i3,Drama|Comedy"], "ITEM_ID,GENRES")
    imported(datasets["Items"], more, mode="INCREMENTAL")
    assert found() == {"i1", "i3"}


def test_values_may_be_quoted_and_null_where_the_schema_allows(
    imported: Callable[..., Body], group_of: Callable[..., tuple[str, dict[str, str]]], tmp_path: Path
) -> None:
    text = schema(
        "Items",
        {"name": "ITEM_ID", "type": "string"},
        {"name": "TITLE", "type": "string"},
        {"name": "PRICE", "type": ["null", "float"]},
    )
    _, datasets = group_of("quoted", Items=text)
    lines = ['i1,"A \\"slow\\" one, by the sea",3.5', 'i2,"two ""old"" lines\nof text",', "i3,Ĝis!,1e3"]
    report = imported(datasets["Items"], csv(tmp_path / "a.csv", lines, "ITEM_ID,TITLE,PRICE"))["body"]["report"]
    assert report == {"records": 3, "imported": 3, "duplicates": 0, "rejected": 0}
