"""The walk-through against a server with --strict-iam: refused with the document that is missing, given, imported."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from main_path.served import INTERACTIONS, Body, Server
from policies.test_walk_through import TRUST_POLICY
from tastemaker.cli.main import main

ROLE = "arn:aws:iam::000000000000:role/PersonalizeRole"
ROWS = "".join(f"u{place % 50},i{place % 30},watch,{1_700_000_000 + place}\n" for place in range(1200))


@pytest.fixture(scope="module")
def strict(start_server: Callable[..., Server]) -> Server:
    """A server that holds policies; it has the bucket `films` and was given no policy yet."""
    server = start_server(strict_iam=True)
    bucket = server.home / "buckets" / "films"
    bucket.mkdir(parents=True)
    (bucket / "interactions.csv").write_text(f"USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP\n{ROWS}")
    return server


@pytest.fixture(scope="module")
def dataset(strict: Server, group_of: Callable[..., tuple[str, dict[str, str]]]) -> str:
    """An empty Interactions dataset."""
    _, datasets = group_of("strict", strict.client("personalize"), Interactions=INTERACTIONS)
    return datasets["Interactions"]


def offered(reason: str, of: str) -> str:
    """The document that a failureReason offers for a bucket or a role."""
    text = reason[reason.index(of) :]
    return json.dumps(json.JSONDecoder().raw_decode(text, text.index("{"))[0])


def test_an_import_is_refused_until_the_policies_that_its_failure_reason_prints_are_given(
    strict: Server, dataset: str, until: Callable[..., Body], tmp_path: Path
) -> None:
    personalize = strict.client("personalize")

    def imported(name: str, ends: str) -> Body:
        job = personalize.create_dataset_import_job(
            jobName=name,
            datasetArn=dataset,
            dataSource={"dataLocation": "s3://films/interactions.csv"},
            roleArn=ROLE,
        )
        return until(job["datasetImportJobArn"], ends, client=personalize)

    def permitted(kind: str, name: str, policy: str) -> int:
        (tmp_path / "policy.json").write_text(policy)
        verb = ["permit", kind, name, str(tmp_path / "policy.json"), "--home", str(strict.home)]
        return CliRunner().invoke(main, verb).exit_code

    reason = imported("first", "CREATE FAILED")["failureReason"]
    assert reason.startswith(
        "Failed to create a data import job for Interactions dataset. Insufficient privileges for accessing data in "
        "Amazon S3. No policy was given for role PersonalizeRole. This one suffices: {"
    )
    assert json.loads(offered(reason, "role PersonalizeRole")) == TRUST_POLICY
    assert permitted("role", "PersonalizeRole", offered(reason, "role PersonalizeRole")) == 0
    listing = json.loads(offered(reason, "bucket films"))
    listing["Statement"][0]["Action"] = "s3:ListBucket"
    assert permitted("bucket", "films", json.dumps(listing)) == 0

    reason = imported("second", "CREATE FAILED")["failureReason"]
    assert (
        "The policy of bucket films does not allow personalize.amazonaws.com s3:GetObject on "
        "arn:aws:s3:::films/interactions.csv (no statement allows it; statement 1 (PersonalizeS3BucketAccessPolicy) "
        "comes nearest, but its Action does not cover it). This one suffices: {"
    ) in reason
    assert permitted("bucket", "films", offered(reason, "bucket films")) == 0

    imported("third", "ACTIVE")


def test_a_job_without_a_role_or_of_a_path_is_refused_at_once(strict: Server, dataset: str) -> None:
    personalize = strict.client("personalize")
    csv = strict.home / "buckets/films/interactions.csv"
    with pytest.raises(personalize.exceptions.InvalidInputException, match=r"roleArn is missing: .* --strict-iam"):
        personalize.create_dataset_import_job(
            jobName="no-role", datasetArn=dataset, dataSource={"dataLocation": "s3://films/interactions.csv"}
        )
    with pytest.raises(personalize.exceptions.InvalidInputException, match="a path is in none"):
        personalize.create_dataset_import_job(
            jobName="path", datasetArn=dataset, dataSource={"dataLocation": str(csv)}, roleArn=ROLE
        )
