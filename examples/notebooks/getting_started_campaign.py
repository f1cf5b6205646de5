# %% [markdown]
# # A first campaign
#
# From a CSV file in S3 to films for one viewer, with nothing in the account before: a bucket and its policy, a role,
# schema, dataset group, dataset, import, solution, version, campaign. What the next notebooks need is kept in
# `store.json`, as `%store` would do.

# %%
import json
import os
import random
import time
from pathlib import Path

import boto3
from films import films, ratings, write_csv

PAUSE_S = float(os.environ.get("NOTEBOOK_PAUSE_S", "60"))

personalize = boto3.client("personalize")
personalize_runtime = boto3.client("personalize-runtime")

# %% [markdown]
# ## Data: what people thought well of

# %%
account_id = boto3.client("sts").get_caller_identity()["Account"]
bucket = f"personalize-getting-started-{account_id}"
filename = "movie-lens.csv"

boto3.client("s3").create_bucket(Bucket=bucket)
liked = [(each.user, each.item, each.time_s) for each in ratings() if each.stars > 3]
write_csv(filename, ("USER_ID", "ITEM_ID", "TIMESTAMP"), liked)
boto3.Session().resource("s3").Bucket(bucket).Object(filename).upload_file(filename)
print(f"{len(liked)} ratings above 3 are in s3://{bucket}/{filename}")

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
create_schema_response = personalize.create_schema(name="getting-started-schema", schema=json.dumps(schema))
schema_arn = create_schema_response["schemaArn"]
print(json.dumps(create_schema_response, indent=2))

# %%
create_dataset_group_response = personalize.create_dataset_group(name="getting-started")
dataset_group_arn = create_dataset_group_response["datasetGroupArn"]
print(json.dumps(create_dataset_group_response, indent=2))

# %%
max_time = time.time() + 3 * 60 * 60
while time.time() < max_time:
    status = personalize.describe_dataset_group(datasetGroupArn=dataset_group_arn)["datasetGroup"]["status"]
    print(f"DatasetGroup: {status}")
    if status in ("ACTIVE", "CREATE FAILED"):
        break
    time.sleep(PAUSE_S)

# %% Nobody waits for the dataset before importing into it.
create_dataset_response = personalize.create_dataset(
    name="getting-started-interactions",
    datasetType="INTERACTIONS",
    datasetGroupArn=dataset_group_arn,
    schemaArn=schema_arn,
)
dataset_arn = create_dataset_response["datasetArn"]
print(json.dumps(create_dataset_response, indent=2))

# %% [markdown]
# ## Who may read the bucket

# %%
s3 = boto3.client("s3")
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

# %%
iam = boto3.client("iam")
role_name = "PersonalizeRoleGettingStarted"
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
time.sleep(PAUSE_S)  # in AWS, a role is known everywhere after a while
role_arn = create_role_response["Role"]["Arn"]
print(role_arn)

# %% [markdown]
# ## Import

# %%
create_dataset_import_job_response = personalize.create_dataset_import_job(
    jobName="getting-started-import",
    datasetArn=dataset_arn,
    dataSource={"dataLocation": f"s3://{bucket}/{filename}"},
    roleArn=role_arn,
)
dataset_import_job_arn = create_dataset_import_job_response["datasetImportJobArn"]
print(json.dumps(create_dataset_import_job_response, indent=2))

# %%
max_time = time.time() + 3 * 60 * 60
while time.time() < max_time:
    found = personalize.describe_dataset_import_job(datasetImportJobArn=dataset_import_job_arn)
    status = found["datasetImportJob"]["status"]
    print(f"DatasetImportJob: {status}")
    if status in ("ACTIVE", "CREATE FAILED"):
        break
    time.sleep(PAUSE_S)

# %% [markdown]
# ## Solution, version, metrics

# %%
for recipe in personalize.list_recipes()["recipes"]:
    print(recipe["recipeArn"])

# %% Nor for the solution before training it.
create_solution_response = personalize.create_solution(
    name="getting-started-user-personalization",
    datasetGroupArn=dataset_group_arn,
    recipeArn="arn:aws:personalize:::recipe/aws-user-personalization",
)
solution_arn = create_solution_response["solutionArn"]
print(json.dumps(create_solution_response, indent=2))

create_solution_version_response = personalize.create_solution_version(solutionArn=solution_arn)
solution_version_arn = create_solution_version_response["solutionVersionArn"]
print(json.dumps(create_solution_version_response, indent=2))

# %%
max_time = time.time() + 3 * 60 * 60
while time.time() < max_time:
    found = personalize.describe_solution_version(solutionVersionArn=solution_version_arn)
    status = found["solutionVersion"]["status"]
    print(f"SolutionVersion: {status}")
    if status in ("ACTIVE", "CREATE FAILED"):
        break
    time.sleep(PAUSE_S)

# %%
get_solution_metrics_response = personalize.get_solution_metrics(solutionVersionArn=solution_version_arn)
print(json.dumps(get_solution_metrics_response, indent=2))

# %% [markdown]
# ## Campaign

# %%
create_campaign_response = personalize.create_campaign(
    name="getting-started",
    solutionVersionArn=solution_version_arn,
    minProvisionedTPS=1,
    campaignConfig={"itemExplorationConfig": {"explorationWeight": "0.5"}},
)
campaign_arn = create_campaign_response["campaignArn"]
print(json.dumps(create_campaign_response, indent=2))

# %%
max_time = time.time() + 3 * 60 * 60
while time.time() < max_time:
    status = personalize.describe_campaign(campaignArn=campaign_arn)["campaign"]["status"]
    print(f"Campaign: {status}")
    if status in ("ACTIVE", "CREATE FAILED"):
        break
    time.sleep(PAUSE_S)

# %% [markdown]
# ## Films for somebody

# %%
user_id, item_id, _ = random.Random(1).choice(liked)
titles = {item: film.title for item, film in films().items()}
get_recommendations_response = personalize_runtime.get_recommendations(campaignArn=campaign_arn, userId=str(user_id))
recommendations = [titles[item["itemId"]] for item in get_recommendations_response["itemList"]]
print(f"{len(recommendations)} recommendations for user {user_id}:")
for title in recommendations:
    print(f"  {title}")

# %% [markdown]
# ## For the next notebooks

# %%
stored = {
    "bucket": bucket,
    "campaign_arn": campaign_arn,
    "dataset_arn": dataset_arn,
    "dataset_group_arn": dataset_group_arn,
    "recommendations": recommendations,
    "role_name": role_name,
    "schema_arn": schema_arn,
    "solution_arn": solution_arn,
    "user_id": user_id,
}
Path("store.json").write_text(json.dumps(stored))
