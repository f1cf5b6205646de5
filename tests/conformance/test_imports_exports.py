"""Data in and out: import, export and deletion jobs (5; datasets 6, 7, 14, 15)."""

from dataclasses import dataclass
from typing import Any

import pytest

from conformance.case import EXCEPTION, Case, case, cases, refusal
from conformance.world import World

REFUSED = [
    refusal("CreateDatasetImportJob", "5", "dataLocation is needed", "InvalidInput", dataSource={}),
    refusal(
        "CreateDatasetImportJob",
        "5",
        "INCREMENTAL needs earlier bulk data",
        "InvalidInput",
        datasetArn="$dataset.bare",
        importMode="INCREMENTAL",
    ),
    refusal(
        "CreateDatasetImportJob",
        "5",
        "publishAttributionMetricsToS3 needs an S3 destination",
        "InvalidInput",
        publishAttributionMetricsToS3=True,
    ),
    refusal(
        "CreateDatasetImportJob",
        "5",
        "publishAttributionMetricsToS3 needs an Interactions dataset",
        "InvalidInput",
        datasetArn="$dataset.Users",
        publishAttributionMetricsToS3=True,
    ),
    refusal("CreateDataDeletionJob", "5", "dataLocation is needed", "InvalidInput", dataSource={}),
]


@pytest.fixture(scope="module", autouse=True)
def bare(world: World) -> Any:
    """A dataset without any data."""
    arn = world.make(
        "CreateDataset", "$dataset.bare", datasetGroupArn="$empty", schemaArn="$schema.Users", datasetType="Users"
    )
    yield world.active(arn)
    world.call("DeleteDataset", datasetArn=arn)
    world.gone(arn)


@cases(REFUSED)
def test_what_cannot_be_is_refused(world: World, case: Case) -> None:
    world.refuses(case)


FAULTY = [
    ("A location that is not there: CREATE FAILED", None, ""),
    ("Input CSV is missing the following columns:[PLAN].", "USER_ID,AGE\nu1,3\n", "PLAN"),
    ("A missing value in a non-nullable column", "USER_ID,AGE,PLAN\nu1,3,\n", "PLAN"),
    ("Length cannot be more than 256 characters for USER_ID", f"USER_ID,AGE,PLAN\n{'u' * 257},3,gold\n", "256"),
    ("Length cannot be more than 1000 characters for PLAN", f"USER_ID,AGE,PLAN\nu1,3,{'g' * 1001}\n", "1000"),
    ("A number that is none", "USER_ID,AGE,PLAN\nu1,old,gold\n", "AGE"),
    ("A header without records", "USER_ID,AGE,PLAN\n", ""),
]


@cases([Case("CreateDatasetImportJob", "datasets 7", says, more=(text, told)) for says, text, told in FAULTY])
def test_a_data_error_fails_the_job_and_not_the_call(world: World, case: Case) -> None:
    text, told = case.more
    key = f"faulty/{world.name()}.csv"
    place = world.endpoint.write(key, text) if text else f"{world.endpoint.location}/nowhere/{key}"
    arn = world.make("CreateDatasetImportJob", datasetArn="$dataset.bare", dataSource={"dataLocation": place})
    found = world.settled(arn)
    assert found["status"] == "CREATE FAILED"
    assert told in found["failureReason"]
    assert found["failureReason"]


MIXED = [
    Case(
        "CreateDatasetImportJob",
        "datasets 6-7",
        says,
        more=text,
        differs="an import sets bad records aside, says so, and succeeds with the good ones",
    )
    for says, text in (
        ("Rows that cannot be parsed fail the job", "USER_ID,AGE,PLAN\ngood,3,gold\nu1,old,gold\n"),
        ("A missing value in a non-nullable column fails the job", "USER_ID,AGE,PLAN\ngood,3,gold\nu1,3,\n"),
        ("One over-long id fails the whole job", f"USER_ID,AGE,PLAN\ngood,3,gold\n{'u' * 257},3,gold\n"),
    )
]


@cases(MIXED)
def test_one_bad_record_fails_the_job(world: World, case: Case) -> None:
    place = world.endpoint.write(f"mixed/{world.name()}.csv", case.more)
    arn = world.make("CreateDatasetImportJob", datasetArn="$dataset.bare", dataSource={"dataLocation": place})
    assert world.settled(arn)["status"] == "CREATE FAILED"


GOOD = [
    ("Values with commas are quoted", 'USER_ID,AGE,PLAN\nu1,3,"gold, new"\n', "gold, new"),
    ("A backslash escapes a quote", 'USER_ID,AGE,PLAN\nu1,3,"a \\"b\\""\n', 'a \\"b\\"'),
    ("A doubled quote is a quote", 'USER_ID,AGE,PLAN\nu1,3,"a ""b"""\n', 'a \\"b\\"'),
    ("An empty field of a nullable column is null", "USER_ID,AGE,PLAN\nu1,,gold\n", "u1,,gold"),
    ("UTF-8", "USER_ID,AGE,PLAN\nü1,3,gëld\n", "gëld"),
]


def exported(world: World, dataset: str, mode: str | None = None) -> str:
    """The text that an export of a dataset writes; and its files have the header of the schema."""
    key = f"exported/{world.name('x')}"
    place = {"s3DataDestination": {"path": f"{world.endpoint.location}/{key}/"}}
    more = {"ingestionMode": mode} if mode else {}
    arn = world.active(world.make("CreateDatasetExportJob", datasetArn=dataset, jobOutput=place, **more))
    assert world.describe(arn)["ingestionMode"] == (mode or "PUT")
    return "".join(text for name, text in sorted(world.endpoint.read(key).items()) if name.endswith(".csv"))


@cases([Case("CreateDatasetImportJob", "datasets 6", says, more=(text, kept)) for says, text, kept in GOOD])
def test_a_file_is_read_as_documented(world: World, case: Case) -> None:
    text, kept = case.more
    place = world.endpoint.write(f"good/{world.name()}.csv", text)
    world.active(world.make("CreateDatasetImportJob", datasetArn="$dataset.bare", dataSource={"dataLocation": place}))
    assert kept in exported(world, "$dataset.bare", "BULK")


@pytest.fixture(scope="module")
def rows(world: World, bare: str) -> dict[str, str]:
    """What exports have of a dataset with two imports and two records that were put."""
    one = world.endpoint.write("rows/one.csv", "USER_ID,AGE,PLAN\nbulk1,1,gold\nboth,1,gold\n")
    two = world.endpoint.write("rows/two/more.csv", "USER_ID,AGE,PLAN\nbulk2,2,gold\n")
    world.endpoint.write("rows/two/below/deep.csv", "USER_ID,AGE,PLAN\ndeep,2,gold\n")
    for place, mode in ((one, "FULL"), (two.rpartition("/")[0] + "/", "INCREMENTAL")):
        source = {"dataLocation": place}
        world.active(world.make("CreateDatasetImportJob", datasetArn=bare, dataSource=source, importMode=mode))
    for user in ("put1", "both"):
        world.call("PutUsers", datasetArn=bare, users=[{"userId": user, "properties": '{"plan": "put", "age": 9}'}])
    return {mode: exported(world, bare, mode or None) for mode in ("BULK", "PUT", "ALL", "")}


ROWS = [
    (
        "CreateDatasetExportJob",
        "datasets 14",
        "The header is the schema's columns",
        lambda r: r["ALL"].startswith("USER_ID,AGE,PLAN"),
    ),
    (
        "CreateDatasetExportJob",
        "5",
        "PUT: only individually imported records",
        lambda r: "put1" in r["PUT"] and "bulk1" not in r["PUT"],
    ),
    ("CreateDatasetExportJob", "5", "The default is PUT", lambda r: r[""] == r["PUT"]),
    (
        "CreateDatasetExportJob",
        "datasets 14",
        "BULK: import jobs",
        lambda r: "bulk1" in r["BULK"] and "put1" not in r["BULK"],
    ),
    ("CreateDatasetExportJob", "datasets 14", "ALL: both", lambda r: "bulk1" in r["ALL"] and "put1" in r["ALL"]),
    (
        "CreateDatasetExportJob",
        "datasets 14",
        "ALL: the newest record of an id only",
        lambda r: r["ALL"].count("both") == 1 and "both,9,put" in r["ALL"],
    ),
    (
        "CreateDatasetImportJob",
        "datasets 7",
        "INCREMENTAL appends",
        lambda r: "bulk1" in r["BULK"] and "bulk2" in r["BULK"],
    ),
    (
        "CreateDatasetImportJob",
        "datasets 6",
        "A folder is read on its first level only",
        lambda r: "deep" not in r["ALL"],
    ),
]


@cases([Case(name, section, says, more=check) for name, section, says, check in ROWS])
def test_an_export_has_what_was_written(rows: dict[str, str], case: Case) -> None:
    assert case.more(rows), rows


@case("CreateDatasetImportJob", "datasets 7", "FULL replaces earlier bulk data; records that were put stay")
def test_a_full_import_replaces(world: World, bare: str, rows: dict[str, str]) -> None:
    assert "bulk1" in rows["BULK"]
    place = world.endpoint.write("rows/three.csv", "USER_ID,AGE,PLAN\nbulk3,3,gold\n")
    world.active(world.make("CreateDatasetImportJob", datasetArn=bare, dataSource={"dataLocation": place}))
    everything = exported(world, bare, "ALL")
    assert "bulk3" in everything
    assert "bulk1" not in everything
    assert "put1" in everything


JOB = {"jobName", "status", "creationDateTime", "lastUpdatedDateTime"}


@dataclass(frozen=True)
class Job:
    """A job that ended: what Create answered, what Describe shows, and the statuses on the way."""

    arn: str
    shown: dict[str, Any]
    statuses: list[str]
    answer: dict[str, Any]


@pytest.fixture(scope="module")
def jobs(world: World) -> dict[str, Job]:
    """An export job and a deletion job as they are described, and the statuses on the way."""
    found: dict[str, Job] = {}
    for operation in ("CreateDatasetExportJob", "CreateDataDeletionJob"):
        arn = world.make(operation, operation)
        found[operation] = Job(arn, world.settled(arn), world.statuses[arn], world.answers[operation])
    return found


EXPORT, DELETION = "CreateDatasetExportJob", "CreateDataDeletionJob"
ABOUT = [
    (EXPORT, "5", "The answer is datasetExportJobArn", lambda job: job.answer == {"datasetExportJobArn": job.arn}),
    (
        EXPORT,
        "2",
        "dataset-export-job/<jobName>",
        lambda job: job.arn.endswith(f"dataset-export-job/{job.shown['jobName']}"),
    ),
    (
        EXPORT,
        "3",
        "CREATE PENDING, CREATE IN_PROGRESS, ACTIVE",
        lambda job: (
            job.statuses[-1] == "ACTIVE" and set(job.statuses) <= {"CREATE PENDING", "CREATE IN_PROGRESS", "ACTIVE"}
        ),
    ),
    (
        "DescribeDatasetExportJob",
        "7",
        "Echo plus status",
        lambda job: (
            set(job.shown) == JOB | {"datasetExportJobArn", "datasetArn", "ingestionMode", "roleArn", "jobOutput"}
        ),
    ),
    (DELETION, "5", "The answer is dataDeletionJobArn", lambda job: job.answer == {"dataDeletionJobArn": job.arn}),
    (
        DELETION,
        "2",
        "data-deletion-job/<jobName>",
        lambda job: job.arn.endswith(f"data-deletion-job/{job.shown['jobName']}"),
    ),
    (
        DELETION,
        "3",
        "PENDING, IN_PROGRESS, COMPLETED: another vocabulary",
        lambda job: job.statuses[-1] == "COMPLETED" and set(job.statuses) <= {"PENDING", "IN_PROGRESS", "COMPLETED"},
    ),
    (
        DELETION,
        "5",
        "Folders are read recursively, only .csv counts; numDeleted ignores unknown ids",
        lambda job: job.shown["numDeleted"] == 2,
    ),
    (
        "DescribeDataDeletionJob",
        "7",
        "Echo plus status and numDeleted",
        lambda job: (
            set(job.shown) == JOB | {"dataDeletionJobArn", "datasetGroupArn", "dataSource", "roleArn", "numDeleted"}
        ),
    ),
]


@cases([Case(name, section, says, more=check) for name, section, says, check in ABOUT])
def test_a_job_is_as_documented(jobs: dict[str, Job], case: Case) -> None:
    is_export = "Export" in case.operation
    assert case.more(jobs[EXPORT if is_export else DELETION])


@cases(
    [
        Case(name, "2", "Job names cannot be reused", EXCEPTION)
        for name in ("CreateDatasetExportJob", "CreateDataDeletionJob")
    ]
)
def test_a_name_of_a_job_is_taken(world: World, jobs: dict[str, Job], case: Case) -> None:
    name = jobs[case.operation].shown["jobName"]
    world.refuses(refusal(case.operation, "", "", "ResourceAlreadyExists", jobName=name))


SUMMARIES = {
    "ListDatasetExportJobs": ("datasetExportJobs", JOB | {"datasetExportJobArn"}),
    "ListDataDeletionJobs": ("dataDeletionJobs", JOB | {"dataDeletionJobArn", "datasetGroupArn"}),
}


@cases([Case(name, "7", "A summary has its members and no other", more=value) for name, value in SUMMARIES.items()])
def test_a_summary_is_complete(world: World, jobs: dict[str, Job], case: Case) -> None:
    assert jobs
    member, wanted = case.more
    (first, *_) = world.call(case.operation, maxResults=100)[member]
    assert set(first) - {"failureReason"} == wanted


@case("ListDataDeletionJobs", "4.4", "Newest first")
def test_deletions_are_newest_first(world: World, jobs: dict[str, Job]) -> None:
    newer = world.make("CreateDataDeletionJob")
    found = world.call("ListDataDeletionJobs")["dataDeletionJobs"]
    assert [each["dataDeletionJobArn"] for each in found][:2] == [newer, jobs[DELETION].arn]
    world.settled(newer)


@case("CreateDataDeletionJob", "datasets 15", "Exactly one column USER_ID, else FAILED with failureReason")
def test_a_list_without_ids_fails(world: World) -> None:
    place = world.endpoint.write("unforgettable/names.csv", "NAME\nu1\n")
    found = world.settled(world.make("CreateDataDeletionJob", dataSource={"dataLocation": place}))
    assert found["status"] == "FAILED"
    assert "USER_ID" in found["failureReason"]
