# %% [markdown]
# # What goes with a film, and in which order
#
# Three versions trained at once: aws-similar-items, aws-sims, aws-personalized-ranking; a campaign for each; what goes
# with a film by either of the first two, and the same 25 films in the order of several people.

# %%
import json
import os
import random
import time
from collections.abc import Callable
from typing import Any

import boto3
from botocore.exceptions import ClientError
from films import films, ratings, write_csv

PAUSE_S = float(os.environ.get("NOTEBOOK_PAUSE_S", "60"))

personalize = boto3.client("personalize")
personalize_runtime = boto3.client("personalize-runtime")

# %% [markdown]
# ## Data: good reviews alone, with their stars as the value of the event

# %%
liked = [each for each in ratings() if each.stars >= 4]
write_csv(
    "interactions.csv",
    ("USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_VALUE", "EVENT_TYPE"),
    [(each.user, each.item, each.time_s, f"{each.stars:.0f}", "reviewed") for each in liked],
)
known_films = films()
write_csv(
    "items.csv",
    ("ITEM_ID", "GENRES", "DESCRIPTION"),
    [(item, film.genres, f"{film.title}. {film.genres}.") for item, film in known_films.items()],
)

# %% [markdown]
# ## Dataset group, schemas, datasets

# %%
dataset_group_arn = personalize.create_dataset_group(name="related-items")["datasetGroupArn"]
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
        {"name": "EVENT_VALUE", "type": ["float", "null"]},
        {"name": "EVENT_TYPE", "type": "string"},
    ],
    "Items": [
        {"name": "ITEM_ID", "type": "string"},
        {"name": "GENRES", "type": ["null", "string"], "categorical": True},
        {"name": "DESCRIPTION", "type": ["null", "string"], "textual": True},
    ],
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
    schema_arns[name] = personalize.create_schema(name=f"related-items-{name.lower()}", schema=json.dumps(schema))[
        "schemaArn"
    ]
for name in fields:
    dataset_arns[name] = personalize.create_dataset(
        name=f"related-items-{name.lower()}",
        datasetType=name.upper(),
        datasetGroupArn=dataset_group_arn,
        schemaArn=schema_arns[name],
    )["datasetArn"]
print(json.dumps(dataset_arns, indent=2))

# %% [markdown]
# ## Bucket, role, imports

# %%
s3 = boto3.client("s3")
region = boto3.Session().region_name
account_id = boto3.client("sts").get_caller_identity().get("Account")
bucket_name = f"{account_id}-{region}-personalize-related-items"
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
for filename in ("interactions.csv", "items.csv"):
    s3.upload_file(filename, bucket_name, filename)

# %%
iam = boto3.client("iam")
role_name = "PersonalizeRoleRelatedItems"
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
        jobName=f"related-items-import-{name.lower()}",
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
# ## Recipes by name over all pages, three versions at once, three campaigns

# %%
recipe_arns = {
    recipe["name"]: recipe["recipeArn"]
    for page in personalize.get_paginator("list_recipes").paginate()
    for recipe in page["recipes"]
}
solution_arns, solution_version_arns, campaign_arns = {}, {}, {}
for recipe_name in ("aws-similar-items", "aws-sims", "aws-personalized-ranking"):
    solution_arns[recipe_name] = personalize.create_solution(
        name=f"related-{recipe_name}", datasetGroupArn=dataset_group_arn, recipeArn=recipe_arns[recipe_name]
    )["solutionArn"]
    solution_version_arns[recipe_name] = personalize.create_solution_version(solutionArn=solution_arns[recipe_name])[
        "solutionVersionArn"
    ]
in_progress_solution_versions = list(solution_version_arns.values())
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

# %%
for recipe_name, solution_version_arn in solution_version_arns.items():
    metrics = personalize.get_solution_metrics(solutionVersionArn=solution_version_arn)["metrics"]
    print(f"{recipe_name} has {len(metrics)} metrics, coverage {metrics['coverage']}")
    campaign_arns[recipe_name] = personalize.create_campaign(
        name=f"related-{recipe_name}", solutionVersionArn=solution_version_arn, minProvisionedTPS=1
    )["campaignArn"]
in_progress_campaigns = list(campaign_arns.values())
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
# ## What goes with three films

# %%
chance = random.Random(7)
for item_id in chance.sample(sorted({each.item for each in liked}), 3):
    for recipe_name in ("aws-similar-items", "aws-sims"):
        reply = personalize_runtime.get_recommendations(
            campaignArn=campaign_arns[recipe_name], itemId=item_id, numResults=10
        )
        names = ", ".join(known_films[item["itemId"]].title for item in reply["itemList"])
        print(f"{len(reply['itemList'])} films with {known_films[item_id].title} by {recipe_name}: {names}")

# %% [markdown]
# ## The same films in the order of three people

# %%
input_list = chance.sample(sorted(known_films), 25)
rankings = []
for user_id in chance.sample(sorted({each.user for each in liked}), 3):
    reply = personalize_runtime.get_personalized_ranking(
        campaignArn=campaign_arns["aws-personalized-ranking"], userId=user_id, inputList=input_list
    )
    rankings.append([item["itemId"] for item in reply["personalizedRanking"]])
    print(f"User {user_id} first:", ", ".join(known_films[item].title for item in rankings[-1][:5]))
same = all(sorted(each) == sorted(input_list) for each in rankings)
print(f"{len(set(map(tuple, rankings)))} orders of {len(input_list)} films, the same films in each: {same}")

# %% [markdown]
# ## Clean up


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


for arn in campaign_arns.values():
    personalize.delete_campaign(campaignArn=arn)
for arn in campaign_arns.values():
    gone(lambda arn=arn: personalize.describe_campaign(campaignArn=arn))  # type: ignore[misc]
for arn in solution_arns.values():
    personalize.delete_solution(solutionArn=arn)
for arn in solution_arns.values():
    gone(lambda arn=arn: personalize.describe_solution(solutionArn=arn))  # type: ignore[misc]
for arn in dataset_arns.values():
    personalize.delete_dataset(datasetArn=arn)
for arn in dataset_arns.values():
    gone(lambda arn=arn: personalize.describe_dataset(datasetArn=arn))  # type: ignore[misc]
for arn in schema_arns.values():
    personalize.delete_schema(schemaArn=arn)
personalize.delete_dataset_group(datasetGroupArn=dataset_group_arn)

# %%
for policy_found in iam.list_attached_role_policies(RoleName=role_name)["AttachedPolicies"]:
    iam.detach_role_policy(RoleName=role_name, PolicyArn=policy_found["PolicyArn"])
iam.delete_role(RoleName=role_name)
bucket = boto3.resource("s3").Bucket(bucket_name)
bucket.objects.all().delete()
bucket.delete()
print("Everything is deleted.")
