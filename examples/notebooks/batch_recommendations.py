# %% [markdown]
# # Lists for many users at once
#
# A file of users in, a file of lists out, with nothing deployed. Then everything is listed by paginators and deleted by
# ARN.

# %%
import json
import os
import random
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError
from films import films, ratings, write_csv

PAUSE_S = float(os.environ.get("NOTEBOOK_PAUSE_S", "60"))

personalize = boto3.client("personalize")

# %% [markdown]
# ## Data, dataset group, dataset

# %%
watched = ratings()
write_csv("interactions.csv", ("USER_ID", "ITEM_ID", "TIMESTAMP"), [(e.user, e.item, e.time_s) for e in watched])
dataset_group_arn = personalize.create_dataset_group(name="batch-recommendations")["datasetGroupArn"]
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
    schema_arns[name] = personalize.create_schema(
        name=f"batch-recommendations-{name.lower()}", schema=json.dumps(schema)
    )["schemaArn"]
for name in fields:
    dataset_arns[name] = personalize.create_dataset(
        name=f"batch-recommendations-{name.lower()}",
        datasetType=name.upper(),
        datasetGroupArn=dataset_group_arn,
        schemaArn=schema_arns[name],
    )["datasetArn"]
print(json.dumps(dataset_arns, indent=2))

# %% [markdown]
# ## Bucket, role, import

# %%
s3 = boto3.client("s3")
region = boto3.Session().region_name
account_id = boto3.client("sts").get_caller_identity().get("Account")
bucket_name = f"{account_id}-{region}-personalize-batch"
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
boto3.Session().resource("s3").Bucket(bucket_name).Object("interactions.csv").upload_file("interactions.csv")

# %%
iam = boto3.client("iam")
role_name = "PersonalizeRoleBatch"
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
        jobName=f"batch-recommendations-import-{name.lower()}",
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
# ## Solution and version

# %%
solution_arn = personalize.create_solution(
    name="batch-user-personalization",
    datasetGroupArn=dataset_group_arn,
    recipeArn="arn:aws:personalize:::recipe/aws-user-personalization",
)["solutionArn"]
solution_version_arn = personalize.create_solution_version(solutionArn=solution_arn)["solutionVersionArn"]
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

# %% [markdown]
# ## Batch inference

# %%
batch_users = random.Random(6).sample(sorted({each.user for each in watched}), 3)
json_input_filename = "json_input.json"
Path(json_input_filename).write_text("".join(json.dumps({"userId": user}) + "\n" for user in batch_users))
boto3.Session().resource("s3").Bucket(bucket_name).Object(json_input_filename).upload_file(json_input_filename)

batch_inference_job_arn = personalize.create_batch_inference_job(
    solutionVersionArn=solution_version_arn,
    jobName="Batch-Inference-Job",
    roleArn=role_arn,
    jobInput={"s3DataSource": {"path": f"s3://{bucket_name}/{json_input_filename}"}},
    jobOutput={"s3DataDestination": {"path": f"s3://{bucket_name}/"}},
)["batchInferenceJobArn"]
print("Started on:", datetime.now().strftime("%I:%M:%S %p"))
max_time = time.time() + 3 * 60 * 60
while time.time() < max_time:
    found = personalize.describe_batch_inference_job(batchInferenceJobArn=batch_inference_job_arn)
    status = found["batchInferenceJob"]["status"]
    print(f"BatchInferenceJob: {status}")
    if status in ("ACTIVE", "CREATE FAILED"):
        break
    time.sleep(PAUSE_S)
print("Completed on:", datetime.now().strftime("%I:%M:%S %p"))

# %%
titles = {item: film.title for item, film in films().items()}
export_name = f"{json_input_filename}.out"
s3.download_file(bucket_name, export_name, export_name)
for line in Path(export_name).read_text().splitlines():
    answer = json.loads(line)
    items = answer["output"]["recommendedItems"]
    print(f"User {answer['input']['userId']} gets {len(items)} films: {titles[items[0]]}, {titles[items[1]]}, ...")

# %% [markdown]
# ## Clean up by lists


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


for solution in listed("list_solutions", "solutions"):
    print(solution["solutionArn"])
personalize.delete_solution(solutionArn=solution_arn)
gone(lambda: personalize.describe_solution(solutionArn=solution_arn))
for dataset in listed("list_datasets", "datasets"):
    print(dataset["datasetArn"])
personalize.delete_dataset(datasetArn=dataset_arns["Interactions"])
gone(lambda: personalize.describe_dataset(datasetArn=dataset_arns["Interactions"]))
for schema_found in listed("list_schemas", "schemas"):
    print(schema_found["schemaArn"])
personalize.delete_schema(schemaArn=schema_arns["Interactions"])
for group in listed("list_dataset_groups", "datasetGroups"):
    print(group["datasetGroupArn"])
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
