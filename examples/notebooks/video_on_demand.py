# %% [markdown]
# # Recommenders for videos
#
# A dataset group of the domain VIDEO_ON_DEMAND with three datasets, and a recommender for each of two use cases.
# `clean_up.py` deletes what this makes.

# %%
import datetime
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
# ## Data: films watched, films, people

# %%
interactions = [(each.user, each.item, each.time_s, "watch") for each in ratings() if each.stars > 3]
write_csv("interactions.csv", ("USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE"), interactions)

known_films = films()
created_s = int(datetime.datetime(2022, 1, 1, tzinfo=datetime.UTC).timestamp())
write_csv(
    "items.csv",
    ("ITEM_ID", "GENRES", "CREATION_TIMESTAMP"),
    [(item, film.genres, created_s) for item, film in known_films.items()],
)

chance = random.Random(0)
genders = {user: chance.choice(("female", "male")) for user in sorted({row[0] for row in interactions})}
write_csv("users.csv", ("USER_ID", "GENDER"), genders.items())

# %% [markdown]
# ## Bucket

# %%
s3 = boto3.client("s3")
region = boto3.Session().region_name
account_id = boto3.client("sts").get_caller_identity().get("Account")
bucket_name = f"{account_id}-{region}-personalizemanagedvideos"
print("bucket_name:", bucket_name)
try:
    if region == "us-east-1":
        s3.create_bucket(Bucket=bucket_name)
    else:
        s3.create_bucket(Bucket=bucket_name, CreateBucketConfiguration={"LocationConstraint": region})
except s3.exceptions.BucketAlreadyOwnedByYou:
    print("Bucket already exists. Using bucket", bucket_name)

for filename in ("interactions.csv", "items.csv", "users.csv"):
    boto3.Session().resource("s3").Bucket(bucket_name).Object(filename).upload_file(filename)

policy = {
    "Version": "2012-10-17",
    "Id": "PersonalizeS3BucketAccessPolicy",
    "Statement": [
        {
            "Sid": "PersonalizeS3BucketAccessPolicy",
            "Effect": "Allow",
            "Principal": {"Service": "personalize.amazonaws.com"},
            "Action": ["s3:GetObject", "s3:ListBucket"],
            "Resource": [f"arn:aws:s3:::{bucket_name}", f"arn:aws:s3:::{bucket_name}/*"],
        }
    ],
}
s3.put_bucket_policy(Bucket=bucket_name, Policy=json.dumps(policy))

# %% [markdown]
# ## Dataset group, schemas, datasets

# %%
response = personalize.create_dataset_group(name="personalize-video-on-demand", domain="VIDEO_ON_DEMAND")
dataset_group_arn = response["datasetGroupArn"]
print(json.dumps(response, indent=2))

max_time = time.time() + 3 * 60 * 60
while time.time() < max_time:
    status = personalize.describe_dataset_group(datasetGroupArn=dataset_group_arn)["datasetGroup"]["status"]
    print(f"DatasetGroup: {status}")
    if status in ("ACTIVE", "CREATE FAILED"):
        break
    time.sleep(PAUSE_S)

# %% A union of one type alone is a type, too.
fields = {
    "Interactions": [
        {"name": "USER_ID", "type": "string"},
        {"name": "ITEM_ID", "type": "string"},
        {"name": "EVENT_TYPE", "type": "string"},
        {"name": "TIMESTAMP", "type": "long"},
    ],
    "Items": [
        {"name": "ITEM_ID", "type": "string"},
        {"name": "GENRES", "type": ["string"], "categorical": True},
        {"name": "CREATION_TIMESTAMP", "type": "long"},
    ],
    "Users": [
        {"name": "USER_ID", "type": "string"},
        {"name": "GENDER", "type": "string", "categorical": True},
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
    response = personalize.create_schema(
        name=f"video-on-demand-{name.lower()}", schema=json.dumps(schema), domain="VIDEO_ON_DEMAND"
    )
    schema_arns[name] = response["schemaArn"]
    print(json.dumps(response, indent=2))
for name in fields:
    response = personalize.create_dataset(
        name=f"video-on-demand-{name.lower()}",
        datasetType=name.upper(),
        datasetGroupArn=dataset_group_arn,
        schemaArn=schema_arns[name],
    )
    dataset_arns[name] = response["datasetArn"]
    print(json.dumps(response, indent=2))

# %% [markdown]
# ## Role

# %%
iam = boto3.client("iam")
role_name = "PersonalizeRoleVideoOnDemand"
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

# %% [markdown]
# ## Three imports at once, waited for one after the other

# %%
job_arns = {}
for name in fields:
    response = personalize.create_dataset_import_job(
        jobName=f"video-on-demand-import-{name.lower()}",
        datasetArn=dataset_arns[name],
        dataSource={"dataLocation": f"s3://{bucket_name}/{name.lower()}.csv"},
        roleArn=role_arn,
    )
    job_arns[name] = response["datasetImportJobArn"]
for name in fields:
    max_time = time.time() + 3 * 60 * 60
    while time.time() < max_time:
        found = personalize.describe_dataset_import_job(datasetImportJobArn=job_arns[name])
        status = found["datasetImportJob"]["status"]
        print(f"DatasetImportJob {name}: {status}")
        if status in ("ACTIVE", "CREATE FAILED"):
            break
        time.sleep(PAUSE_S)

# %% [markdown]
# ## Two recommenders

# %%
for recipe in personalize.list_recipes(domain="VIDEO_ON_DEMAND")["recipes"]:
    print(recipe["recipeArn"], recipe["domain"])

recommender_arns = []
for name, recipe in (("because_you_watched_x", "aws-vod-more-like-x"), ("top_picks_for_you", "aws-vod-top-picks")):
    response = personalize.create_recommender(
        name=name, recipeArn=f"arn:aws:personalize:::recipe/{recipe}", datasetGroupArn=dataset_group_arn
    )
    recommender_arns.append(response["recommenderArn"])
    print(json.dumps(response))

max_time = time.time() + 10 * 60 * 60
for recommender_arn in recommender_arns:
    while time.time() < max_time:
        status = personalize.describe_recommender(recommenderArn=recommender_arn)["recommender"]["status"]
        if status == "ACTIVE":
            print(f"Build succeeded for {recommender_arn}")
            break
        if status == "CREATE FAILED":
            raise SystemExit(f"Build failed for {recommender_arn}")
        print("The build is still in progress")
        time.sleep(PAUSE_S)

# %% [markdown]
# ## Films for somebody

# %%
test_user_id, test_item_id = interactions[0][0], interactions[-1][1]
more_like_x, top_picks = recommender_arns
reply = personalize_runtime.get_recommendations(
    recommenderArn=more_like_x, userId=test_user_id, itemId=test_item_id, numResults=20
)
print(f"{len(reply['itemList'])} films because you watched {known_films[test_item_id].title}:")
for item in reply["itemList"]:
    print(f"  {known_films[item['itemId']].title}")

# %%
reply = personalize_runtime.get_recommendations(recommenderArn=top_picks, userId=test_user_id, numResults=20)
print(f"{len(reply['itemList'])} top picks for user {test_user_id} ({genders[test_user_id]}):")
for item in reply["itemList"]:
    print(f"  {known_films[item['itemId']].title}")

# %%
stored = {
    "bucket_name": bucket_name,
    "dataset_group_arn": dataset_group_arn,
    "region": region,
    "role_name": role_name,
}
Path("store.json").write_text(json.dumps(stored))
