# %% [markdown]
# # What was held back judges a campaign
#
# The last tenth of everybody's films is held back; a campaign that knows the rest is asked for every user, and its
# lists are judged by what was held back, beside the lists of what is popular.

# %%
import json
import os
import random
import time
from collections import Counter
from math import log2

import boto3
from films import ratings, write_csv

PAUSE_S = float(os.environ.get("NOTEBOOK_PAUSE_S", "60"))

suffix = str(random.randint(10_000, 99_999))
bucket = f"demo-temporal-holdout-{suffix}"
filename = "DEMO-temporal-holdout.csv"
s3 = boto3.client("s3")
personalize = boto3.client("personalize")
personalize_runtime = boto3.client("personalize-runtime")
s3.create_bucket(Bucket=bucket)

# %% [markdown]
# ## Data, split in time user by user

# %%
history: dict[str, list[tuple[str, int]]] = {}
for each in ratings():
    history.setdefault(each.user, []).append((each.item, each.time_s))
past = {user: seen[: len(seen) * 9 // 10] for user, seen in history.items()}
future = {user: {item for item, _ in seen[len(past[user]) :]} for user, seen in history.items()}
data = [(user, item, time_s) for user, seen in past.items() for item, time_s in seen]
print(f"unique users {len(past)}; unique items {len({item for _, item, _ in data})}")

write_csv(filename, ("USER_ID", "ITEM_ID", "TIMESTAMP"), data)
boto3.Session().resource("s3").Bucket(bucket).Object(filename).upload_file(filename)

# %% [markdown]
# ## Schema, dataset group, dataset

# %%
schema = {
    "type": "record",
    "name": "Interactions",
    "namespace": "com.amazonaws.personalize.schema",
    "fields": [
        {"name": "USER_ID", "type": "string"},
        {"name": "ITEM_ID", "type": "string"},
        {"name": "TIMESTAMP", "type": "long"},
    ],
    "version": "1.0",
}
schema_arn = personalize.create_schema(name=f"DEMO-temporal-schema-{suffix}", schema=json.dumps(schema))["schemaArn"]
dataset_group_arn = personalize.create_dataset_group(name=f"DEMO-temporal-dataset-group-{suffix}")["datasetGroupArn"]
max_time = time.time() + 3 * 60 * 60
while time.time() < max_time:
    status = personalize.describe_dataset_group(datasetGroupArn=dataset_group_arn)["datasetGroup"]["status"]
    print(f"DatasetGroup: {status}")
    if status in ("ACTIVE", "CREATE FAILED"):
        break
    time.sleep(PAUSE_S)
dataset_arn = personalize.create_dataset(
    datasetType="INTERACTIONS",
    datasetGroupArn=dataset_group_arn,
    schemaArn=schema_arn,
    name=f"DEMO-temporal-dataset-{suffix}",
)["datasetArn"]

# %% [markdown]
# ## Bucket policy and role

# %%
policy = {
    "Version": "2012-10-17",
    "Id": "PersonalizeS3BucketAccessPolicy",
    "Statement": [
        {
            "Sid": "PersonalizeS3BucketAccessPolicy",
            "Effect": "Allow",
            "Principal": {"Service": "personalize.amazonaws.com"},
            "Action": ["s3:GetObject", "s3:ListBucket"],
            "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        }
    ],
}
s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))

iam = boto3.client("iam")
role_name = f"PersonalizeS3Role-{suffix}"
read_only = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
assume_role_policy_document = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "personalize.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
create_role_response = iam.create_role(
    RoleName=role_name, AssumeRolePolicyDocument=json.dumps(assume_role_policy_document)
)
iam.attach_role_policy(RoleName=role_name, PolicyArn=read_only)
role_arn = create_role_response["Role"]["Arn"]
time.sleep(PAUSE_S)
print(role_arn)

# %% [markdown]
# ## Import, train, deploy

# %%
dataset_import_job_arn = personalize.create_dataset_import_job(
    jobName=f"DEMO-temporal-dataset-import-job-{suffix}",
    datasetArn=dataset_arn,
    dataSource={"dataLocation": f"s3://{bucket}/{filename}"},
    roleArn=role_arn,
)["datasetImportJobArn"]
max_time = time.time() + 3 * 60 * 60
while time.time() < max_time:
    found = personalize.describe_dataset_import_job(datasetImportJobArn=dataset_import_job_arn)["datasetImportJob"]
    if "latestDatasetImportJobRun" not in found:
        status = found["status"]
        print(f"DatasetImportJob: {status}")
    else:
        status = found["latestDatasetImportJobRun"]["status"]
        print(f"LatestDatasetImportJobRun: {status}")
    if status in ("ACTIVE", "CREATE FAILED"):
        break
    time.sleep(PAUSE_S)

# %% A legacy recipe.
for recipe in personalize.list_recipes()["recipes"]:
    print(recipe["recipeArn"])
solution_arn = personalize.create_solution(
    name=f"DEMO-temporal-solution-{suffix}",
    datasetGroupArn=dataset_group_arn,
    recipeArn="arn:aws:personalize:::recipe/aws-hrnn",
)["solutionArn"]
solution_version_arn = personalize.create_solution_version(solutionArn=solution_arn)["solutionVersionArn"]
max_time = time.time() + 3 * 60 * 60
while time.time() < max_time:
    found = personalize.describe_solution_version(solutionVersionArn=solution_version_arn)
    status = found["solutionVersion"]["status"]
    print(f"SolutionVersion: {status}")
    if status in ("ACTIVE", "CREATE FAILED"):
        break
    time.sleep(PAUSE_S)
print(json.dumps(personalize.get_solution_metrics(solutionVersionArn=solution_version_arn), indent=2))

# %%
campaign_arn = personalize.create_campaign(
    name=f"DEMO-temporal-campaign-{suffix}", solutionVersionArn=solution_version_arn, minProvisionedTPS=2
)["campaignArn"]
max_time = time.time() + 3 * 60 * 60
while time.time() < max_time:
    status = personalize.describe_campaign(campaignArn=campaign_arn)["campaign"]["status"]
    print(f"Campaign: {status}")
    if status in ("ACTIVE", "CREATE FAILED"):
        break
    time.sleep(PAUSE_S)

# %% [markdown]
# ## One request for every user


# %%
def reciprocal_rank(hits: list[bool]) -> float:
    """Of the first hit."""
    return next((1 / place for place, hit in enumerate(hits, 1) if hit), 0.0)


def precision(hits: list[bool], k: int) -> float:
    """The share of hits among the first k."""
    return sum(hits[:k]) / k


def ndcg(hits: list[bool], k: int) -> float:
    """Hits weighed by place, against the same hits at the top."""
    best = sum(1 / log2(1 + place) for place in range(1, min(sum(hits), k) + 1))
    return sum(1 / log2(1 + place) for place, hit in enumerate(hits[:k], 1) if hit) / best if best else 0.0


def show(heading: str, lists: dict[str, list[str]]) -> None:
    """Means over all users."""
    hits = [[item in future[user] for item in items] for user, items in lists.items()]
    print(f"{heading}, over {len(lists)} users")
    print("  mean_reciprocal_rank", sum(map(reciprocal_rank, hits)) / len(hits))
    for k in (5, 10, 25):
        print(f"  precision_at_{k}", sum(precision(each, k) for each in hits) / len(hits))
    for k in (5, 10, 25):
        print(f"  normalized_discounted_cumulative_gain_at_{k}", sum(ndcg(each, k) for each in hits) / len(hits))


def without_past(user: str, items: list[str]) -> list[str]:
    """What the user did not know first, 25 in all."""
    seen = {item for item, _ in past[user]}
    unseen = [item for item in items if item not in seen]
    return (unseen + [item for item in items if item in seen])[:25]


started = time.time()
recommended = {}
for user in future:
    rec_response = personalize_runtime.get_recommendations(campaignArn=campaign_arn, userId=user)
    recommended[user] = [item["itemId"] for item in rec_response["itemList"]]
print(f"{len(recommended)} requests took {time.time() - started:.1f} s")
popular = [item for item, _ in Counter(item for _, item, _ in data).most_common(100)]

show("The campaign", recommended)
show("The campaign without the past", {user: without_past(user, items) for user, items in recommended.items()})
show("What is popular", dict.fromkeys(future, popular[:25]))
show("What is popular without the past", {user: without_past(user, popular) for user in future})

# %% [markdown]
# ## Clean up

# %%
personalize.delete_campaign(campaignArn=campaign_arn)
while len(personalize.list_campaigns(solutionArn=solution_arn)["campaigns"]):
    time.sleep(PAUSE_S / 12)
personalize.delete_solution(solutionArn=solution_arn)
while len(personalize.list_solutions(datasetGroupArn=dataset_group_arn)["solutions"]):
    time.sleep(PAUSE_S / 12)
for dataset in personalize.list_datasets(datasetGroupArn=dataset_group_arn)["datasets"]:
    personalize.delete_dataset(datasetArn=dataset["datasetArn"])
while len(personalize.list_datasets(datasetGroupArn=dataset_group_arn)["datasets"]):
    time.sleep(PAUSE_S / 12)
personalize.delete_dataset_group(datasetGroupArn=dataset_group_arn)
personalize.delete_schema(schemaArn=schema_arn)

boto3.resource("s3").Bucket(bucket).objects.all().delete()
s3.delete_bucket(Bucket=bucket)
iam.detach_role_policy(RoleName=role_name, PolicyArn=read_only)
iam.delete_role(RoleName=role_name)
print("Everything is deleted.")
