# %% [markdown]
# # Recommenders for a shop, filters and promotions
#
# A dataset group of the domain ECOMMERCE; what else was viewed and what is recommended; then a filter with a value from
# the request, the same filter as a promotion of a fifth of the list, and both at once. `clean_up.py` deletes what this
# makes. The films are the products, and their genres are the categories.

# %%
import json
import os
import random
import time
from pathlib import Path
from typing import Any

import boto3
from films import films, ratings, write_csv

PAUSE_S = float(os.environ.get("NOTEBOOK_PAUSE_S", "60"))

personalize = boto3.client("personalize")
personalize_runtime = boto3.client("personalize-runtime")
print(f"{len(personalize.list_dataset_groups()['datasetGroups'])} dataset groups before")

# %% [markdown]
# ## Bucket

# %%
s3 = boto3.client("s3")
region = boto3.Session().region_name
account_id = boto3.client("sts").get_caller_identity().get("Account")
bucket_name = f"{account_id}-{region}-personalizemanagedretailers"
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

# %% [markdown]
# ## Data
#
# As `DataFrame.to_csv(path)` writes them: with the rows' numbers in a first column that has no name.

# %%
products = {item: film.genres.lower().split("|") for item, film in films().items() if film.genres}
chance = random.Random(4)
events = []
for each in ratings():
    if each.item in products:
        events.append((each.item, each.user, "View", each.time_s))
        if each.stars > 3:
            events.append((each.item, each.user, "Purchase", each.time_s + 60))
write_csv(
    "interactions.csv",
    ("", "ITEM_ID", "USER_ID", "EVENT_TYPE", "TIMESTAMP"),
    [(number, *row) for number, row in enumerate(events)],
)
write_csv(
    "items.csv",
    ("", "ITEM_ID", "PRICE", "CATEGORY_L1", "CATEGORY_L2"),
    [
        (number, item, f"{chance.uniform(5, 50):.2f}", genres[0], genres[-1])
        for number, (item, genres) in enumerate(products.items())
    ],
)
for filename in ("interactions.csv", "items.csv"):
    s3.upload_file(filename, bucket_name, filename)

# %% [markdown]
# ## Dataset group, schemas, datasets

# %%
response = personalize.create_dataset_group(name="personalize-retail", domain="ECOMMERCE")
dataset_group_arn = response["datasetGroupArn"]
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
        {"name": "EVENT_TYPE", "type": "string"},
    ],
    "Items": [
        {"name": "ITEM_ID", "type": "string"},
        {"name": "PRICE", "type": "float"},
        {"name": "CATEGORY_L1", "type": ["string"], "categorical": True},
        {"name": "CATEGORY_L2", "type": ["string"], "categorical": True},
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
    schema_arns[name] = personalize.create_schema(
        name=f"retail-{name.lower()}", schema=json.dumps(schema), domain="ECOMMERCE"
    )["schemaArn"]
for name in fields:
    dataset_arns[name] = personalize.create_dataset(
        name=f"retail-{name.lower()}",
        datasetType=name.upper(),
        datasetGroupArn=dataset_group_arn,
        schemaArn=schema_arns[name],
    )["datasetArn"]
print(json.dumps(dataset_arns, indent=2))

# %% [markdown]
# ## Role, imports

# %%
iam = boto3.client("iam")
role_name = "PersonalizeRoleRetail"
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
        jobName=f"retail-import-{name.lower()}",
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
# ## Two recommenders

# %%
for recipe in personalize.list_recipes(domain="ECOMMERCE")["recipes"]:
    print(recipe["recipeArn"])
use_cases = {
    "viewed_x_also_viewed_demo": "aws-ecomm-customers-who-viewed-x-also-viewed",
    "recommended_for_you_demo": "aws-ecomm-recommended-for-you",
}
recommender_arns = {
    name: personalize.create_recommender(
        name=name, recipeArn=f"arn:aws:personalize:::recipe/{recipe}", datasetGroupArn=dataset_group_arn
    )["recommenderArn"]
    for name, recipe in use_cases.items()
}
max_time = time.time() + 10 * 60 * 60
for recommender_arn in recommender_arns.values():
    while time.time() < max_time:
        status = personalize.describe_recommender(recommenderArn=recommender_arn)["recommender"]["status"]
        print(status)
        if status == "ACTIVE":
            print(f"Build succeeded for {recommender_arn}")
            break
        if status == "CREATE FAILED":
            raise SystemExit(f"Build failed for {recommender_arn}")
        time.sleep(PAUSE_S)

# %%
test_user_id, test_item_id = events[0][1], events[-1][0]
also_viewed_arn, for_you_arn = recommender_arns.values()
reply = personalize_runtime.get_recommendations(
    recommenderArn=also_viewed_arn, itemId=test_item_id, userId=test_user_id, numResults=10
)
print(f"{len(reply['itemList'])} products that were viewed after {test_item_id}")


def categories(**asked: Any) -> list[str]:
    """The categories of what is recommended, in the order of the list."""
    reply = personalize_runtime.get_recommendations(
        recommenderArn=for_you_arn, userId=test_user_id, numResults=20, **asked
    )
    return [products[item["itemId"]][-1] for item in reply["itemList"]]


print(f"Recommended for {test_user_id}:", " ".join(categories()))

# %% [markdown]
# ## A filter with a value from the request

# %%
create_filter_response = personalize.create_filter(
    name="category_filter",
    datasetGroupArn=dataset_group_arn,
    filterExpression="INCLUDE ItemID WHERE Items.CATEGORY_L2 IN ($CATEGORY)",
)
filter_arn = create_filter_response["filterArn"]
print("Filter ARN:", filter_arn)
max_time = time.time() + 10 * 60 * 60
while time.time() < max_time:
    status = personalize.describe_filter(filterArn=filter_arn)["filter"]["status"]
    if status in ("ACTIVE", "CREATE FAILED"):
        print(f"Filter: {status}")
        break
    time.sleep(PAUSE_S / 2)

# %%
promoted, rest = "horror", "romance"
promotion = {
    "name": "halloween_promotion",
    "percentPromotedItems": 20,
    "filterArn": filter_arn,
    "filterValues": {"CATEGORY": f'"{promoted}"'},
}
found = categories(filterArn=filter_arn, filterValues={"CATEGORY": f'"{promoted}"'})
print(f"Filtered: {found.count(promoted)} of {len(found)} are {promoted}")
found = categories(promotions=[promotion])
print(f"Promoted: {found.count(promoted)} of {len(found)} are {promoted}")
found = categories(filterArn=filter_arn, filterValues={"CATEGORY": f'"{rest}"'}, promotions=[promotion])
print(f"Both: {found.count(promoted)} of {len(found)} are {promoted}, {found.count(rest)} are {rest}")

# %%
stored = {
    "bucket_name": bucket_name,
    "dataset_group_arn": dataset_group_arn,
    "region": region,
    "role_name": role_name,
}
Path("store.json").write_text(json.dumps(stored))
