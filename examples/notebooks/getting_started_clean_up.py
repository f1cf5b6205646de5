# %% [markdown]
# # Clean up after the first campaign
#
# Each thing by its ARN out of `store.json`, with a pause after each deletion rather than a look.

# %%
import json
import os
import time
from pathlib import Path

import boto3

PAUSE_S = float(os.environ.get("NOTEBOOK_PAUSE_S", "60"))
stored = json.loads(Path("store.json").read_text())
personalize = boto3.client("personalize")

# %%
personalize.delete_campaign(campaignArn=stored["campaign_arn"])
time.sleep(PAUSE_S)

# %%
personalize.delete_solution(solutionArn=stored["solution_arn"])
time.sleep(PAUSE_S)

# %%
personalize.delete_event_tracker(eventTrackerArn=stored["event_tracker_arn"])
time.sleep(PAUSE_S)

# %%
personalize.delete_dataset(datasetArn=stored["dataset_arn"])
time.sleep(PAUSE_S)

# %% Streamed events were once in a dataset of their own, which the sample deletes by this ARN. That is over.
events_arn = stored["dataset_arn"].replace("INTERACTIONS", "EVENT_INTERACTIONS")
try:
    personalize.delete_dataset(datasetArn=events_arn)
except personalize.exceptions.ResourceNotFoundException:
    print("There is no dataset of events alone.")

# %%
personalize.delete_schema(schemaArn=stored["schema_arn"])
personalize.delete_dataset_group(datasetGroupArn=stored["dataset_group_arn"])
time.sleep(PAUSE_S)

# %% The bucket and the role, which the sample leaves to its CloudFormation stack.
bucket = boto3.resource("s3").Bucket(stored["bucket"])
bucket.objects.all().delete()
bucket.delete()

iam = boto3.client("iam")
for policy in iam.list_attached_role_policies(RoleName=stored["role_name"])["AttachedPolicies"]:
    iam.detach_role_policy(RoleName=stored["role_name"], PolicyArn=policy["PolicyArn"])
iam.delete_role(RoleName=stored["role_name"])

# %%
left = [each["name"] for each in personalize.list_dataset_groups()["datasetGroups"]]
assert "getting-started" not in left, left
Path("store.json").unlink()
print("Everything is deleted.")
