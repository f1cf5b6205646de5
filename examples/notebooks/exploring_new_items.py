# %% [markdown]
# # New films get their chance
#
# Impressions in the history, a campaign that explores much, events with `recommendationId` and impressions, events with
# films that nobody knew, a version trained by UPDATE, the campaign moved to it and then told to explore little.

# %%
import json
import os
import random
import time
from datetime import datetime

import boto3
from botocore.exceptions import ClientError
from films import DAY_S, films, ratings, write_csv

PAUSE_S = float(os.environ.get("NOTEBOOK_PAUSE_S", "60"))

suffix = str(random.randint(10_000, 99_999))
prefix = "user-personalization-"
name = prefix + suffix
region_name = boto3.Session().region_name
s3_client = boto3.client("s3")
personalize = boto3.client("personalize")
personalize_runtime = boto3.client("personalize-runtime")
personalize_events = boto3.client("personalize-events")

# %% [markdown]
# ## Data that end eight days ago
#
# An event's impression names what was shown, what was chosen among it, joined by bars.

# %%
watched = [each for each in ratings() if each.stars > 3]
known_films = films()
chance = random.Random(3)
shift_s = int(time.time()) - 8 * DAY_S - max(each.time_s for each in watched)
items = list(known_films)
old_items = items[: len(items) * 9 // 10]
rows = []
for each in watched:
    if each.item in old_items:
        shown = [each.item, *chance.sample(old_items, 4)]
        rows.append(("click", "|".join(shown), each.item, each.time_s + shift_s, each.user))
write_csv("interaction.csv", ("EVENT_TYPE", "IMPRESSION", "ITEM_ID", "TIMESTAMP", "USER_ID"), rows)

# The last tenth of the films is two days old and was watched by nobody.
now_s = int(time.time())
created_s = {item: now_s - (400 if item in old_items else 2) * DAY_S for item in items}
catalogue = [(item, known_films[item].genres, created_s[item]) for item in items]
write_csv("items.csv", ("ITEM_ID", "genres", "creation_timestamp"), catalogue)

# %% [markdown]
# ## Dataset group, schemas, datasets

# %%
dataset_group_arn = personalize.create_dataset_group(name=name)["datasetGroupArn"]
print("dataset_group_arn :", dataset_group_arn)
max_time = time.time() + 3 * 60 * 60
while time.time() < max_time:
    status = personalize.describe_dataset_group(datasetGroupArn=dataset_group_arn)["datasetGroup"]["status"]
    print(f"DatasetGroup: {status}")
    if status in ("ACTIVE", "CREATE FAILED"):
        break
    time.sleep(PAUSE_S)

# %%
interaction_schema = {
    "type": "record",
    "name": "Interactions",
    "namespace": "com.amazonaws.personalize.schema",
    "fields": [
        {"name": "EVENT_TYPE", "type": "string"},
        {"name": "IMPRESSION", "type": "string"},
        {"name": "ITEM_ID", "type": "string"},
        {"name": "TIMESTAMP", "type": "long"},
        {"name": "USER_ID", "type": "string"},
    ],
    "version": "1.0",
}
interaction_schema_arn = personalize.create_schema(
    name=f"{prefix}interaction-{suffix}", schema=json.dumps(interaction_schema)
)["schemaArn"]
item_metadata_schema = {
    "type": "record",
    "name": "Items",
    "namespace": "com.amazonaws.personalize.schema",
    "fields": [
        {"name": "ITEM_ID", "type": "string"},
        {"name": "GENRES", "type": "string", "categorical": True},
        {"name": "CREATION_TIMESTAMP", "type": "long"},
    ],
    "version": "1.0",
}
item_metadata_schema_arn = personalize.create_schema(
    name=f"{prefix}items-{suffix}", schema=json.dumps(item_metadata_schema)
)["schemaArn"]

# %%
interaction_dataset_arn = personalize.create_dataset(
    datasetType="INTERACTIONS",
    datasetGroupArn=dataset_group_arn,
    schemaArn=interaction_schema_arn,
    name=f"{prefix}interactions-{suffix}",
)["datasetArn"]
item_metadata_dataset_arn = personalize.create_dataset(
    datasetType="ITEMS",
    datasetGroupArn=dataset_group_arn,
    schemaArn=item_metadata_schema_arn,
    name=f"{prefix}items-{suffix}",
)["datasetArn"]
print("datasets:", interaction_dataset_arn, item_metadata_dataset_arn)

# %% [markdown]
# ## Bucket and role

# %%
if region_name == "us-east-1":
    s3_client.create_bucket(Bucket=name)
else:
    s3_client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region_name})
for filename in ("interaction.csv", "items.csv"):
    s3_client.upload_file(Filename=filename, Bucket=name, Key=filename)
policy = {
    "Version": "2012-10-17",
    "Id": "PersonalizeS3BucketAccessPolicy",
    "Statement": [
        {
            "Sid": "PersonalizeS3BucketAccessPolicy",
            "Effect": "Allow",
            "Principal": {"Service": "personalize.amazonaws.com"},
            "Action": ["s3:GetObject", "s3:ListBucket"],
            "Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"],
        }
    ],
}
s3_client.put_bucket_policy(Bucket=name, Policy=json.dumps(policy))

# %% The role may be there from the last time.
iam = boto3.client("iam")
role_name = f"PersonalizeS3Role-{suffix}"
read_only = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
assume_role_policy_document = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "personalize.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
for _ in range(2):  # the second time it is
    try:
        role_arn = iam.create_role(
            RoleName=role_name, AssumeRolePolicyDocument=json.dumps(assume_role_policy_document)
        )["Role"]["Arn"]
        iam.attach_role_policy(RoleName=role_name, PolicyArn=read_only)
    except ClientError as error:
        if error.response["Error"]["Code"] != "EntityAlreadyExists":
            raise
        role_arn = iam.get_role(RoleName=role_name)["Role"]["Arn"]
print("role_arn:", role_arn)

# %% [markdown]
# ## Two imports, in a loop that sleeps before its first look

# %%
time.sleep(PAUSE_S)
dataset_job_arns = [
    personalize.create_dataset_import_job(
        jobName=f"{prefix}{kind}-dij-{suffix}",
        datasetArn=dataset_arn,
        dataSource={"dataLocation": f"s3://{name}/{filename}"},
        roleArn=role_arn,
    )["datasetImportJobArn"]
    for kind, dataset_arn, filename in (
        ("interactions", interaction_dataset_arn, "interaction.csv"),
        ("items", item_metadata_dataset_arn, "items.csv"),
    )
]
max_time = time.time() + 3 * 60 * 60
while time.time() < max_time and dataset_job_arns:
    time.sleep(PAUSE_S)
    for job_arn in list(dataset_job_arns):
        job = personalize.describe_dataset_import_job(datasetImportJobArn=job_arn)["datasetImportJob"]
        status = job.get("latestDatasetImportJobRun", job)["status"]
        print(f"{job_arn} : {status}")
        if status in ("ACTIVE", "CREATE FAILED"):
            dataset_job_arns.remove(job_arn)

# %% [markdown]
# ## Solution, version, campaign

# %%
solution_arn = personalize.create_solution(
    name=name,
    recipeArn="arn:aws:personalize:::recipe/aws-user-personalization",
    datasetGroupArn=dataset_group_arn,
)["solutionArn"]


def trained(**how: str) -> str:
    """A new version of the solution, when it is there."""
    arn = str(personalize.create_solution_version(solutionArn=solution_arn, **how)["solutionVersionArn"])
    max_time = time.time() + 3 * 60 * 60
    while time.time() < max_time:
        status = personalize.describe_solution_version(solutionVersionArn=arn)["solutionVersion"]["status"]
        print(f"SolutionVersion: {status}")
        if status in ("ACTIVE", "CREATE FAILED"):
            break
        time.sleep(PAUSE_S)
    return arn


solution_version_arn = trained()

# %%
campaign_arn = personalize.create_campaign(
    name=name,
    solutionVersionArn=solution_version_arn,
    minProvisionedTPS=1,
    campaignConfig={"itemExplorationConfig": {"explorationWeight": "0.9", "explorationItemAgeCutOff": "7"}},
)["campaignArn"]
max_time = time.time() + 3 * 60 * 60
while time.time() < max_time:
    status = personalize.describe_campaign(campaignArn=campaign_arn)["campaign"]["status"]
    print(f"Campaign: {status}")
    if status in ("ACTIVE", "CREATE FAILED"):
        break
    time.sleep(PAUSE_S)

# %% [markdown]
# ## Recommendations, and what came of them

# %%
user_id = watched[0].user


def new_films(recommended: list[dict[str, str]]) -> int:
    """How many of a list nobody had watched when it was trained."""
    return sum(item["itemId"] not in old_items for item in recommended)


rec_response = personalize_runtime.get_recommendations(campaignArn=campaign_arn, userId=user_id)
print(rec_response["recommendationId"])
print(f"{new_films(rec_response['itemList'])} of {len(rec_response['itemList'])} are new at weight 0.9")

# %% Events at once after the tracker was made.
even_tracker_response = personalize.create_event_tracker(name=name, datasetGroupArn=dataset_group_arn)
event_tracker_arn, event_tracking_id = even_tracker_response["eventTrackerArn"], even_tracker_response["trackingId"]
personalize_events.put_events(
    trackingId=event_tracking_id,
    userId=user_id,
    sessionId="1",
    eventList=[
        {
            "sentAt": datetime.now().timestamp(),
            "eventType": "click",
            "itemId": rec_response["itemList"][0]["itemId"],
            "recommendationId": rec_response["recommendationId"],
            "impression": [item["itemId"] for item in rec_response["itemList"]],
        }
    ],
)

# %% Ten films that are in no dataset.
personalize_events.put_events(
    trackingId=event_tracking_id,
    userId=user_id,
    sessionId="1",
    eventList=[
        {"sentAt": datetime.now().timestamp(), "eventType": "click", "itemId": f"24{number}-new"}
        for number in range(10)
    ],
)

# %% [markdown]
# ## A version by UPDATE, and the campaign with it

# %%
solution_version_after_update = trained(trainingMode="UPDATE")
personalize.update_campaign(campaignArn=campaign_arn, solutionVersionArn=solution_version_after_update)
max_time = time.time() + 3 * 60 * 60
while time.time() < max_time:
    campaign = personalize.describe_campaign(campaignArn=campaign_arn)["campaign"]
    print("Campaign solution version:", campaign["solutionVersionArn"], campaign["latestCampaignUpdate"]["status"])
    if campaign["solutionVersionArn"] == solution_version_after_update:
        break
    time.sleep(PAUSE_S)
time.sleep(PAUSE_S)
rec_response = personalize_runtime.get_recommendations(campaignArn=campaign_arn, userId=user_id)
print(f"{len(rec_response['itemList'])} recommendations after the update")

# %% [markdown]
# ## Explore little

# %%
personalize.update_campaign(
    campaignArn=campaign_arn,
    campaignConfig={"itemExplorationConfig": {"explorationWeight": "0.1", "explorationItemAgeCutOff": "7"}},
)
max_time = time.time() + 3 * 60 * 60
while time.time() < max_time:
    campaign = personalize.describe_campaign(campaignArn=campaign_arn)["campaign"]
    weight = campaign["campaignConfig"]["itemExplorationConfig"]["explorationWeight"]
    print("Current Campaign explorationWeight:", weight)
    if weight == "0.1":
        break
    time.sleep(PAUSE_S)
time.sleep(PAUSE_S)
rec_response = personalize_runtime.get_recommendations(campaignArn=campaign_arn, userId=user_id)
print(f"{new_films(rec_response['itemList'])} of {len(rec_response['itemList'])} are new at weight 0.1")

# %% [markdown]
# ## Clean up, by lists that become empty
#
# The sample deletes the tracker last. A dataset of interactions is kept while a tracker writes into it, so here the
# tracker comes first.

# %%
personalize.delete_campaign(campaignArn=campaign_arn)
while len(personalize.list_campaigns(solutionArn=solution_arn)["campaigns"]):
    time.sleep(PAUSE_S / 12)
personalize.delete_solution(solutionArn=solution_arn)
while len(personalize.list_solutions(datasetGroupArn=dataset_group_arn)["solutions"]):
    time.sleep(PAUSE_S / 12)
personalize.delete_event_tracker(eventTrackerArn=event_tracker_arn)
while len(personalize.list_event_trackers(datasetGroupArn=dataset_group_arn)["eventTrackers"]):
    time.sleep(PAUSE_S / 12)
for dataset in personalize.list_datasets(datasetGroupArn=dataset_group_arn)["datasets"]:
    personalize.delete_dataset(datasetArn=dataset["datasetArn"])
while len(personalize.list_datasets(datasetGroupArn=dataset_group_arn)["datasets"]):
    time.sleep(PAUSE_S / 12)
personalize.delete_dataset_group(datasetGroupArn=dataset_group_arn)
for schema_arn in (interaction_schema_arn, item_metadata_schema_arn):
    personalize.delete_schema(schemaArn=schema_arn)

iam.detach_role_policy(RoleName=role_name, PolicyArn=read_only)
iam.delete_role(RoleName=role_name)
bucket = boto3.resource("s3").Bucket(name)
bucket.objects.all().delete()
bucket.delete()
print("Everything is deleted.")
