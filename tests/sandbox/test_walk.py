"""What a notebook does before, around and after Personalize, by unmodified boto3."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from sandbox.running import Sandbox

COLUMNS = {"USER_ID": "string", "ITEM_ID": "string", "TIMESTAMP": "long"}
SCHEMA = {
    "type": "record",
    "name": "Interactions",
    "namespace": "com.amazonaws.personalize.schema",
    "fields": [{"name": name, "type": kind} for name, kind in COLUMNS.items()],
    "version": "1.0",
}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "personalize.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
MANAGED = "arn:aws:iam::aws:policy/service-role/AmazonPersonalizeFullAccess"
ROWS = 100
LARGE_ROWS = 400_000  # 9 MB: upload_file sends it in parts
WAIT_S = 60.0


def allowing(bucket: str) -> str:
    """The policy that Personalize's guide gives for a bucket, and for its output."""
    resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "personalize.amazonaws.com"},
                    "Action": ["s3:GetObject", "s3:ListBucket", "s3:PutObject"],
                    "Resource": resources,
                }
            ],
        }
    )


def interactions(n: int, place: Path) -> Path:
    """A file with that many interactions, of users of its own."""
    rows = (f"{place.stem}{i},i{i % 97},{1_700_000_000 + i}\n" for i in range(n))
    place.write_text("USER_ID,ITEM_ID,TIMESTAMP\n" + "".join(rows))
    return place


def until_active(describe: Any, member: str, **arn: str) -> dict[str, Any]:
    """Polls as notebooks do."""
    deadline = time.monotonic() + WAIT_S
    while (found := describe(**arn)[member])["status"] != "ACTIVE":
        if found["status"] == "CREATE FAILED" or time.monotonic() > deadline:
            pytest.fail(f"{found['status']}: {found.get('failureReason')}")
        time.sleep(0.05)
    return dict(found)


def dataset(personalize: Any, name: str) -> str:
    """A schema, a group, and an empty dataset of interactions in it."""
    schema = personalize.create_schema(name=name, schema=json.dumps(SCHEMA))["schemaArn"]
    group = personalize.create_dataset_group(name=name)["datasetGroupArn"]
    until_active(personalize.describe_dataset_group, "datasetGroup", datasetGroupArn=group)
    arn = personalize.create_dataset(name=name, schemaArn=schema, datasetGroupArn=group, datasetType="Interactions")
    until_active(personalize.describe_dataset, "dataset", datasetArn=arn["datasetArn"])
    return str(arn["datasetArn"])


def test_a_notebook_walks_from_a_bucket_to_an_export_and_cleans_up(sandbox: Sandbox, tmp_path: Path) -> None:
    s3, iam, personalize = sandbox.client("s3"), sandbox.client("iam"), sandbox.client("personalize")
    account = sandbox.client("sts").get_caller_identity()["Account"]
    bucket, role = f"{account}-walk", "WalkRole"

    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=allowing(bucket))
    role_arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    iam.attach_role_policy(RoleName=role, PolicyArn=MANAGED)
    iam.get_waiter("role_exists").wait(RoleName=role)
    s3.upload_file(str(interactions(ROWS, tmp_path / "small.csv")), bucket, "in/small.csv")
    s3.upload_file(str(interactions(LARGE_ROWS, tmp_path / "large.csv")), bucket, "in/large.csv")
    s3.get_waiter("object_exists").wait(Bucket=bucket, Key="in/large.csv")
    arn = dataset(personalize, "walk")
    job = personalize.create_dataset_import_job(
        jobName="walk", datasetArn=arn, dataSource={"dataLocation": f"s3://{bucket}/in"}, roleArn=role_arn
    )["datasetImportJobArn"]
    until_active(personalize.describe_dataset_import_job, "datasetImportJob", datasetImportJobArn=job)
    export = personalize.create_dataset_export_job(
        jobName="walk",
        datasetArn=arn,
        ingestionMode="ALL",
        jobOutput={"s3DataDestination": {"path": f"s3://{bucket}/out/"}},
        roleArn=role_arn,
    )["datasetExportJobArn"]
    until_active(personalize.describe_dataset_export_job, "datasetExportJob", datasetExportJobArn=export)

    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="out/")
    written = [each["Key"] for page in pages for each in page["Contents"]]
    rows = 0
    for number, key in enumerate(key for key in written if key.endswith(".csv")):
        s3.download_file(bucket, key, str(tmp_path / f"{number}.csv"))
        rows += len((tmp_path / f"{number}.csv").read_text().splitlines()) - 1
    assert rows == ROWS + LARGE_ROWS
    assert role_arn == f"arn:aws:iam::{account}:role/{role}"

    # In an order of its own: the bucket first, the group last.
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": each["Key"]} for each in page["Contents"]]})
    s3.delete_bucket_policy(Bucket=bucket)
    s3.delete_bucket(Bucket=bucket)
    iam.detach_role_policy(RoleName=role, PolicyArn=MANAGED)
    iam.delete_role(RoleName=role)
    personalize.delete_dataset(datasetArn=arn)
    assert bucket not in [each["Name"] for each in s3.list_buckets()["Buckets"]]
    assert not (sandbox.home / "buckets" / bucket).exists()


def test_a_job_that_names_no_bucket_of_the_sandbox_fails_and_asks_no_other_s3(sandbox: Sandbox) -> None:
    personalize = sandbox.client("personalize")
    arn = dataset(personalize, "nowhere")

    job = personalize.create_dataset_import_job(
        jobName="nowhere", datasetArn=arn, dataSource={"dataLocation": "s3://nowhere/a.csv"}
    )["datasetImportJobArn"]

    with pytest.raises(pytest.fail.Exception, match="there is no such bucket in this sandbox"):
        until_active(personalize.describe_dataset_import_job, "datasetImportJob", datasetImportJobArn=job)


def test_parameters_metrics_and_alarms_are_answered(sandbox: Sandbox) -> None:
    ssm, cloudwatch = sandbox.client("ssm"), sandbox.client("cloudwatch")

    ssm.put_parameter(Name="/shop/campaign", Value="arn", Type="String")
    cloudwatch.put_metric_data(Namespace="Shop", MetricData=[{"MetricName": "Clicks", "Value": 3.0}])
    cloudwatch.put_metric_alarm(
        AlarmName="quiet",
        Namespace="Shop",
        MetricName="Clicks",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="LessThanThreshold",
    )

    assert ssm.get_parameter(Name="/shop/campaign")["Parameter"]["Value"] == "arn"
    assert [each["MetricName"] for each in cloudwatch.list_metrics(Namespace="Shop")["Metrics"]] == ["Clicks"]
    assert [each["AlarmName"] for each in cloudwatch.describe_alarms()["MetricAlarms"]] == ["quiet"]


def test_a_role_can_be_assumed(sandbox: Sandbox) -> None:
    role = sandbox.client("iam").create_role(RoleName="Assumed", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]

    found = sandbox.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="me")

    assert found["AssumedRoleUser"]["Arn"].endswith(":assumed-role/Assumed/me")
    assert found["Credentials"]["SessionToken"]
