"""The steps that every walk-through takes, in plain boto3: bucket, role, data, models, and the way out.

Nothing here knows Tastemaker. The clients find it by the environment: `tastemaker sandbox`, then
`eval $(tastemaker env)`.
"""

import csv
import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

POLL_S = 0.2  # against the real service: 60

personalize = boto3.client("personalize")
runtime = boto3.client("personalize-runtime")
events = boto3.client("personalize-events")
s3 = boto3.client("s3")
iam = boto3.client("iam")

Describe = Callable[[], dict[str, Any]]


def until_active(describe: Describe) -> dict[str, Any]:
    """Everything is made in the background: ask until it is there."""
    while (found := describe())["status"] != "ACTIVE":
        if "FAILED" in found["status"]:
            raise SystemExit(f"It failed: {found['failureReason']}")
        time.sleep(POLL_S)
    return found


def until_gone(describe: Describe) -> None:
    """Deletion goes on in the background, too: ask until nothing is known of it."""
    while True:
        try:
            describe()
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return
            raise
        time.sleep(POLL_S)


def bucket_and_role(name: str) -> str:
    """A bucket that the service may read and write, and a role for it: the ARN of the role."""
    s3.create_bucket(Bucket=name)
    service = {"Service": "personalize.amazonaws.com"}
    what = {"Action": ["s3:GetObject", "s3:PutObject", "s3:ListBucket"], "Effect": "Allow", "Principal": service}
    resources = [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]
    policy = {"Version": "2012-10-17", "Statement": [{**what, "Resource": resources}]}
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps(policy))
    trust = {"Effect": "Allow", "Principal": service, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    iam.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/service-role/AmazonPersonalizeFullAccess")
    return str(role)


def group_of(name: str, **more: Any) -> str:
    """A dataset group: its ARN."""
    arn = personalize.create_dataset_group(name=name, **more)["datasetGroupArn"]
    until_active(lambda: personalize.describe_dataset_group(datasetGroupArn=arn)["datasetGroup"])
    return str(arn)


def imported(group: str, kind: str, columns: list[dict[str, Any]], path: Path, name: str, role: str) -> None:
    """A CSV file in the bucket `name`, and the dataset of that kind with its rows."""
    record = {"type": "record", "name": kind, "namespace": "com.amazonaws.personalize.schema", "fields": columns}
    schema = personalize.create_schema(name=f"{name}-{kind}", schema=json.dumps({**record, "version": "1.0"}))
    dataset = personalize.create_dataset(
        name=f"{name}-{kind}", datasetGroupArn=group, datasetType=kind, schemaArn=schema["schemaArn"]
    )["datasetArn"]
    until_active(lambda: personalize.describe_dataset(datasetArn=dataset)["dataset"])
    s3.upload_file(str(path), name, path.name)
    job = personalize.create_dataset_import_job(
        jobName=f"{name}-{kind}",
        datasetArn=dataset,
        dataSource={"dataLocation": f"s3://{name}/{path.name}"},
        roleArn=role,
    )["datasetImportJobArn"]
    until_active(lambda: personalize.describe_dataset_import_job(datasetImportJobArn=job)["datasetImportJob"])


def trained(group: str, recipes: Iterable[str], name: str) -> dict[str, str]:
    """A solution and a solution version for each recipe, trained one after the other: their ARNs by recipe."""
    versions = {}
    for recipe in recipes:
        arn = f"arn:aws:personalize:::recipe/{recipe}"
        created = personalize.create_solution(name=f"{name}-{recipe}", datasetGroupArn=group, recipeArn=arn)
        versions[recipe] = version_of(created["solutionArn"])
    return versions


def version_of(solution: str) -> str:
    """One training of a solution: the ARN of the version."""
    until_active(lambda: personalize.describe_solution(solutionArn=solution)["solution"])
    arn = personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"]
    until_active(lambda: personalize.describe_solution_version(solutionVersionArn=arn)["solutionVersion"])
    return str(arn)


def deployed(version: str, name: str, **config: Any) -> str:
    """A campaign that answers with a solution version: its ARN."""
    arn = personalize.create_campaign(
        name=name, solutionVersionArn=version, minProvisionedTPS=1, campaignConfig=config
    )["campaignArn"]
    until_active(lambda: personalize.describe_campaign(campaignArn=arn)["campaign"])
    return str(arn)


def metrics_of(version: str) -> dict[str, float]:
    """How good a version is, by the service's names of the measures."""
    found: dict[str, float] = personalize.get_solution_metrics(solutionVersionArn=version)["metrics"]
    return found


def listed(campaign: str, **asked: Any) -> list[str]:
    """The ids of a list."""
    return [item["itemId"] for item in runtime.get_recommendations(campaignArn=campaign, **asked)["itemList"]]


def rows_of(path: Path) -> list[dict[str, str]]:
    """The records of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def written(path: Path, rows: list[dict[str, str]], columns: list[str]) -> Path:
    """A CSV file with these columns of the records."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path


def clean_up(group: str, name: str) -> dict[str, int]:
    """Delete everything, each kind before what it needs; how many of each there were."""
    p, gone = personalize, {}

    def remove(what: str, arns: list[str], delete: Callable[[str], Any], describe: Callable[[str], Any]) -> None:
        for arn in arns:
            delete(arn)
        for arn in arns:
            until_gone(lambda: describe(arn))  # noqa: B023  used before the next turn
        gone[what] = len(arns)

    def arns(operation: str, key: str, member: str, **asked: Any) -> list[str]:
        pages = p.get_paginator(operation).paginate(**asked)
        return [each[member] for page in pages for each in page[key]]

    solutions = arns("list_solutions", "solutions", "solutionArn", datasetGroupArn=group)
    campaigns = [
        arn for each in solutions for arn in arns("list_campaigns", "campaigns", "campaignArn", solutionArn=each)
    ]
    datasets = arns("list_datasets", "datasets", "datasetArn", datasetGroupArn=group)
    schemas = [p.describe_dataset(datasetArn=each)["dataset"]["schemaArn"] for each in datasets]
    filters = arns("list_filters", "Filters", "filterArn", datasetGroupArn=group)
    trackers = arns("list_event_trackers", "eventTrackers", "eventTrackerArn", datasetGroupArn=group)
    remove(
        "campaigns",
        campaigns,
        lambda arn: p.delete_campaign(campaignArn=arn),
        lambda arn: p.describe_campaign(campaignArn=arn),
    )
    remove("filters", filters, lambda arn: p.delete_filter(filterArn=arn), lambda arn: p.describe_filter(filterArn=arn))
    remove(
        "event trackers",
        trackers,
        lambda arn: p.delete_event_tracker(eventTrackerArn=arn),
        lambda arn: p.describe_event_tracker(eventTrackerArn=arn),
    )
    remove(
        "solutions",
        solutions,
        lambda arn: p.delete_solution(solutionArn=arn),
        lambda arn: p.describe_solution(solutionArn=arn),
    )
    remove(
        "datasets",
        datasets,
        lambda arn: p.delete_dataset(datasetArn=arn),
        lambda arn: p.describe_dataset(datasetArn=arn),
    )
    for arn in schemas:
        p.delete_schema(schemaArn=arn)
    gone["schemas"] = len(schemas)
    p.delete_dataset_group(datasetGroupArn=group)
    until_gone(lambda: p.describe_dataset_group(datasetGroupArn=group))
    objects = [
        {"Key": each["Key"]}
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=name)
        for each in page.get("Contents", [])
    ]
    for start in range(0, len(objects), 1000):
        s3.delete_objects(Bucket=name, Delete={"Objects": objects[start : start + 1000]})
    gone["objects"] = len(objects)
    s3.delete_bucket(Bucket=name)
    for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
    iam.delete_role(RoleName=name)
    return gone
