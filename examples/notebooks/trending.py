# %% [markdown]
# # What is trending
#
# A solution that looks for trends every 30 minutes, a campaign that is asked without a user, a tracker and events at
# once. The list follows the events when the interval is over; the sample waits for that, this notebook does not.

# %%
import json
import os
import random
import time
import uuid
from collections.abc import Callable
from typing import Any

import boto3
from botocore.exceptions import ClientError
from films import films, ratings, write_csv

PAUSE_S = float(os.environ.get("NOTEBOOK_PAUSE_S", "60"))

# %% [markdown]
# ## Bucket

# %%
s3 = boto3.client("s3")
region = boto3.Session().region_name
account_id = boto3.client("sts").get_caller_identity().get("Account")
bucket_name = f"{account_id}-{region}-personalize-trending-now"
print("bucket_name:", bucket_name)
try:
    if region == "us-east-1":
        s3.create_bucket(Bucket=bucket_name)
    else:
        s3.create_bucket(Bucket=bucket_name, CreateBucketConfiguration={"LocationConstraint": region})
except s3.exceptions.BucketAlreadyOwnedByYou:
    print("Bucket already exists. Using bucket", bucket_name)
policy = {
    "Version": "2012-10-17",
    "Id": "PersonalizeS3BucketAccessPolicy",
    "Statement": [
        {
            "Sid": "PersonalizeS3BucketAccessPolicy",
            "Effect": "Allow",
            "Principal": {"Service": "personalize.amazonaws.com"},
            "Action": ["s3:GetObject", "s3:ListBucket", "s3:PutObject"],
            "Resource": [f"arn:aws:s3:::{bucket_name}", f"arn:aws:s3:::{bucket_name}/*"],
        }
    ],
}
s3.put_bucket_policy(Bucket=bucket_name, Policy=json.dumps(policy))

session = boto3.Session(region_name=region)
personalize = session.client("personalize")
personalize_events = session.client("personalize-events")
personalize_runtime = session.client("personalize-runtime")

# %%
watched = ratings()
write_csv(
    "interactions.csv",
    ("", "USER_ID", "ITEM_ID", "TIMESTAMP"),
    [(number, each.user, each.item, each.time_s) for number, each in enumerate(watched)],
)
boto3.Session().resource("s3").Bucket(bucket_name).Object("interactions.csv").upload_file("interactions.csv")

# %% [markdown]
# ## Dataset group, schema, dataset

# %%
dataset_group_arn = personalize.create_dataset_group(name="trending-now")["datasetGroupArn"]
max_time = time.time() + 3 * 60 * 60
while time.time() < max_time:
    status = personalize.describe_dataset_group(datasetGroupArn=dataset_group_arn)["datasetGroup"]["status"]
    print(f"DatasetGroup: {status}")
    if status in ("ACTIVE", "CREATE FAILED"):
        break
    time.sleep(PAUSE_S)

# %%
fields = {
    "Interactions": [
        {"name": "USER_ID", "type": "string"},
        {"name": "ITEM_ID", "type": "string"},
        {"name": "TIMESTAMP", "type": "long"},
    ]
}
schema_arns, dataset_arns = {}, {}
for name in fields:
    schema = {
        "type": "record",
        "name": name,
        "namespace": "com.amazonaws.personalize.schema",
        "fields": fields[name],
        "version": "1.0",
    }
    schema_arns[name] = personalize.create_schema(name=f"trending-now-{name.lower()}", schema=json.dumps(schema))[
        "schemaArn"
    ]
for name in fields:
    dataset_arns[name] = personalize.create_dataset(
        name=f"trending-now-{name.lower()}",
        datasetType=name.upper(),
        datasetGroupArn=dataset_group_arn,
        schemaArn=schema_arns[name],
    )["datasetArn"]
print(json.dumps(dataset_arns, indent=2))

# %% [markdown]
# ## Role, import

# %%
iam = boto3.client("iam")
role_name = "PersonalizeRoleTrending"
assume_role_policy_document = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "personalize.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
create_role_response = iam.create_role(
    RoleName=role_name, AssumeRolePolicyDocument=json.dumps(assume_role_policy_document)
)
iam.attach_role_policy(RoleName=role_name, PolicyArn="arn:aws:iam::aws:policy/service-role/AmazonPersonalizeFullAccess")
iam.attach_role_policy(RoleName=role_name, PolicyArn="arn:aws:iam::aws:policy/AmazonS3FullAccess")
time.sleep(PAUSE_S)
role_arn = create_role_response["Role"]["Arn"]
print(role_arn)

# %%
job_arns = {}
for name in fields:
    job_arns[name] = personalize.create_dataset_import_job(
        jobName=f"trending-now-import-{name.lower()}",
        datasetArn=dataset_arns[name],
        dataSource={"dataLocation": f"s3://{bucket_name}/{name.lower()}.csv"},
        roleArn=role_arn,
    )["datasetImportJobArn"]
for name, job_arn in job_arns.items():
    max_time = time.time() + 3 * 60 * 60
    while time.time() < max_time:
        found = personalize.describe_dataset_import_job(datasetImportJobArn=job_arn)["datasetImportJob"]
        print(f"DatasetImportJob {name}: {found['status']}")
        if found["status"] in ("ACTIVE", "CREATE FAILED"):
            break
        time.sleep(PAUSE_S)

# %% [markdown]
# ## Solution, version, campaign

# %%
solution_arn = personalize.create_solution(
    name="trending-now-solution",
    recipeArn="arn:aws:personalize:::recipe/aws-trending-now",
    datasetGroupArn=dataset_group_arn,
    solutionConfig={"featureTransformationParameters": {"trend_discovery_frequency": "30 minutes"}},
)["solutionArn"]
solution_version_response = personalize.create_solution_version(solutionArn=solution_arn, trainingMode="FULL")
solution_version_arn = solution_version_response["solutionVersionArn"]
print(json.dumps(solution_version_response, indent=4, default=str))
in_progress_solution_versions = [solution_version_arn]
max_time = time.time() + 10 * 60 * 60
while time.time() < max_time:
    for arn in in_progress_solution_versions:
        status = personalize.describe_solution_version(solutionVersionArn=arn)["solutionVersion"]["status"]
        if status == "ACTIVE":
            print(f"Build succeeded for {arn}")
            in_progress_solution_versions.remove(arn)  # the sample's loop, which so passes over the next one
        elif status == "CREATE FAILED":
            raise SystemExit(f"Build failed for {arn}")
    if not in_progress_solution_versions:
        break
    print("At least one solution build is still in progress")
    time.sleep(PAUSE_S)

described = personalize.describe_solution_version(solutionVersionArn=solution_version_arn)["solutionVersion"]
print(json.dumps(described, indent=4, default=str))

# %%
campaign_arn = personalize.create_campaign(
    name="trending-now-campaign", solutionVersionArn=solution_version_arn, minProvisionedTPS=1
)["campaignArn"]
in_progress_campaigns = [campaign_arn]
max_time = time.time() + 3 * 60 * 60
while time.time() < max_time:
    for arn in in_progress_campaigns:
        status = personalize.describe_campaign(campaignArn=arn)["campaign"]["status"]
        if status == "ACTIVE":
            print(f"Build succeeded for {arn}")
            in_progress_campaigns.remove(arn)
        elif status == "CREATE FAILED":
            raise SystemExit(f"Build failed for {arn}")
    if not in_progress_campaigns:
        break
    print("At least one campaign build is still in progress")
    time.sleep(PAUSE_S)

# %% [markdown]
# ## The list, events, the list

# %%
titles = {item: film.title for item, film in films().items()}
reply = personalize_runtime.get_recommendations(campaignArn=campaign_arn, numResults=25)
print(f"{len(reply['itemList'])} films are trending:")
for item in reply["itemList"]:
    print(f"  {titles[item['itemId']]}")

# %% The sample names no type of event; today's boto3 wants one.
tracking_id = personalize.create_event_tracker(name="trending-now-event-tracker", datasetGroupArn=dataset_group_arn)[
    "trackingId"
]
chance = random.Random(5)
users, items = (chance.sample(sorted({getattr(each, of) for each in watched}), 10) for of in ("user", "item"))
for user in users:
    session_id = str(uuid.uuid4())
    for item_id in items:
        personalize_events.put_events(
            trackingId=tracking_id,
            userId=user,
            sessionId=session_id,
            eventList=[{"itemId": item_id, "sentAt": int(time.time()), "eventType": "watch"}],
        )
print(f"{len(users) * len(items)} events are put")

# %%
reply = personalize_runtime.get_recommendations(campaignArn=campaign_arn, numResults=25)
print(f"{sum(each['itemId'] in items for each in reply['itemList'])} of {len(items)} films with new events are listed")

# %% [markdown]
# ## Clean up, by paginators: campaigns, solutions, trackers, datasets with their schemas, the group


# %%
def gone(describe: Callable[[], Any]) -> None:
    """When nobody knows it any more."""
    while True:
        try:
            describe()
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return
            raise
        time.sleep(PAUSE_S / 3)


def listed(operation: str, member: str, **of: str) -> list[dict[str, Any]]:
    """Everything on all pages."""
    return [each for page in personalize.get_paginator(operation).paginate(**of) for each in page[member]]


for solution in listed("list_solutions", "solutions", datasetGroupArn=dataset_group_arn):
    for campaign in listed("list_campaigns", "campaigns", solutionArn=solution["solutionArn"]):
        arn = campaign["campaignArn"]
        personalize.delete_campaign(campaignArn=arn)
        gone(lambda arn=arn: personalize.describe_campaign(campaignArn=arn))  # type: ignore[misc]
    arn = solution["solutionArn"]
    personalize.delete_solution(solutionArn=arn)
    gone(lambda arn=arn: personalize.describe_solution(solutionArn=arn))  # type: ignore[misc]
for tracker in listed("list_event_trackers", "eventTrackers", datasetGroupArn=dataset_group_arn):
    arn = tracker["eventTrackerArn"]
    personalize.delete_event_tracker(eventTrackerArn=arn)
    gone(lambda arn=arn: personalize.describe_event_tracker(eventTrackerArn=arn))  # type: ignore[misc]
for dataset in listed("list_datasets", "datasets", datasetGroupArn=dataset_group_arn):
    arn = dataset["datasetArn"]
    schema_arn = personalize.describe_dataset(datasetArn=arn)["dataset"]["schemaArn"]
    personalize.delete_dataset(datasetArn=arn)
    gone(lambda arn=arn: personalize.describe_dataset(datasetArn=arn))  # type: ignore[misc]
    personalize.delete_schema(schemaArn=schema_arn)
personalize.delete_dataset_group(datasetGroupArn=dataset_group_arn)
gone(lambda: personalize.describe_dataset_group(datasetGroupArn=dataset_group_arn))

# %%
for policy_found in iam.list_attached_role_policies(RoleName=role_name)["AttachedPolicies"]:
    iam.detach_role_policy(RoleName=role_name, PolicyArn=policy_found["PolicyArn"])
iam.delete_role(RoleName=role_name)
bucket = boto3.resource("s3").Bucket(bucket_name)
bucket.objects.all().delete()
bucket.delete()
print("Everything is deleted.")
