# %% [markdown]
# # Clean up a dataset group and all that is in it
#
# What `video_on_demand.py` and `ecommerce.py` kept in `store.json` names a dataset group, a role and a bucket.
# Everything in the group is found by listing, deleted, and described until nobody knows it, kind by kind.

# %%
import json
import logging
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

PAUSE_S = float(os.environ.get("NOTEBOOK_PAUSE_S", "20"))
stored = json.loads(Path("store.json").read_text())
dataset_group_arn, role_name, region = stored["dataset_group_arn"], stored["role_name"], stored["region"]
print("dataset_group_arn:", dataset_group_arn)
print("role_name:", role_name)
print("region:", region)

logging.basicConfig(stream=sys.stdout, format="%(message)s", level=logging.WARNING)
logger = logging.getLogger("clean-up")
logger.setLevel(logging.INFO)
personalize = boto3.client(service_name="personalize", region_name=region)


# %%
def wait_until_gone(kind: str, arns: list[str], describe: Callable[[str], Any]) -> None:
    """Looks at all of them, forgets those that are gone, and pauses, for half an hour at most."""
    max_time = time.time() + 30 * 60
    while time.time() < max_time:
        for arn in list(arns):
            try:
                describe(arn)
            except ClientError as error:
                if error.response["Error"]["Code"] != "ResourceNotFoundException":
                    raise
                arns.remove(arn)
        if not arns:
            logger.info("All %s have been deleted, or there were none", kind)
            return
        logger.info("Waiting for %d %s to be deleted", len(arns), kind)
        time.sleep(PAUSE_S)
    raise SystemExit(f"{arns} are still there.")


def delete_recommenders() -> None:
    """These are listed a hundred at a time, without a paginator."""
    arns = []
    for found in personalize.list_recommenders(datasetGroupArn=dataset_group_arn, maxResults=100)["recommenders"]:
        personalize.delete_recommender(recommenderArn=found["recommenderArn"])
        arns.append(found["recommenderArn"])
    wait_until_gone("recommenders", arns, lambda arn: personalize.describe_recommender(recommenderArn=arn))


def delete_event_trackers() -> None:
    """One whose deletion has begun is waited for as well."""
    arns = []
    for page in personalize.get_paginator("list_event_trackers").paginate(datasetGroupArn=dataset_group_arn):
        for found in page["eventTrackers"]:
            if found["status"] in ("ACTIVE", "CREATE FAILED"):
                personalize.delete_event_tracker(eventTrackerArn=found["eventTrackerArn"])
            elif not found["status"].startswith("DELETE"):
                raise SystemExit(f"{found['eventTrackerArn']} is {found['status']}")
            arns.append(found["eventTrackerArn"])
    wait_until_gone("event trackers", arns, lambda arn: personalize.describe_event_tracker(eventTrackerArn=arn))


def delete_filters() -> None:
    """The only list whose member begins with a capital letter."""
    arns = []
    for found in personalize.list_filters(datasetGroupArn=dataset_group_arn, maxResults=100)["Filters"]:
        personalize.delete_filter(filterArn=found["filterArn"])
        arns.append(found["filterArn"])
    wait_until_gone("filters", arns, lambda arn: personalize.describe_filter(filterArn=arn))


def delete_datasets_and_schemas() -> None:
    """A schema is known from its dataset; it stays if another group uses it."""
    arns, schema_arns = [], []
    for page in personalize.get_paginator("list_datasets").paginate(datasetGroupArn=dataset_group_arn):
        for found in page["datasets"]:
            described = personalize.describe_dataset(datasetArn=found["datasetArn"])
            schema_arns.append(described["dataset"]["schemaArn"])
            if found["status"] in ("ACTIVE", "CREATE FAILED"):
                personalize.delete_dataset(datasetArn=found["datasetArn"])
            arns.append(found["datasetArn"])
    wait_until_gone("datasets", arns, lambda arn: personalize.describe_dataset(datasetArn=arn))
    for schema_arn in schema_arns:
        try:
            personalize.delete_schema(schemaArn=schema_arn)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceInUseException":
                raise
            logger.info("Schema %s is used by another dataset", schema_arn)
    logger.info("%d schemas have been deleted", len(schema_arns))


def delete_dataset_group() -> None:
    """The sample looks once after this and needs an answer: its loop has no end without one."""
    personalize.delete_dataset_group(datasetGroupArn=dataset_group_arn)
    found = personalize.describe_dataset_group(datasetGroupArn=dataset_group_arn)["datasetGroup"]
    logger.info("Dataset group is %s", found["status"])
    wait_until_gone(
        "dataset groups",
        [dataset_group_arn],
        lambda arn: personalize.describe_dataset_group(datasetGroupArn=arn),
    )


# %%
delete_recommenders()
delete_event_trackers()
delete_filters()
delete_datasets_and_schemas()
delete_dataset_group()

# %% A role can be deleted when nothing is attached to it.
iam = boto3.client("iam")
for policy in iam.list_attached_role_policies(RoleName=role_name)["AttachedPolicies"]:
    iam.detach_role_policy(RoleName=role_name, PolicyArn=policy["PolicyArn"])
iam.delete_role(RoleName=role_name)

# %% And a bucket when it is empty.
bucket = boto3.resource("s3").Bucket(stored["bucket_name"])
bucket.objects.all().delete()
bucket.delete()

Path("store.json").unlink()
print("Everything is deleted.")
