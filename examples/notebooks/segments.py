# %% [markdown]
# # Users for an item
#
# Users that would take an item, for files of items, through aws-item-affinity: judged by what was held back, beside the
# most active users. Then ten users each for a few items, with what they watched last.

# %%
import json
import os
import time
from collections import Counter
from datetime import datetime
from pathlib import Path

import boto3
from films import films, ratings, write_csv

PAUSE_S = float(os.environ.get("NOTEBOOK_PAUSE_S", "60"))

personalize = boto3.client("personalize")

# %% [markdown]
# ## Data: the last tenth is held back

# %%
events = ratings()
train, test = events[: len(events) * 9 // 10], events[len(events) * 9 // 10 :]
write_csv("interactions.csv", ("USER_ID", "ITEM_ID", "TIMESTAMP"), [(e.user, e.item, e.time_s) for e in train])
known_films = films()
write_csv(
    "items.csv",
    ("ITEM_ID", "DESCRIPTION"),
    [(item, f"{film.title}, {film.genres}") for item, film in known_films.items()],
)
takers: dict[str, set[str]] = {}
for each in test:
    takers.setdefault(each.item, set()).add(each.user)

# %% [markdown]
# ## Dataset group, schemas, datasets
#
# The version of a schema may be a number.

# %%
dataset_group_arn = personalize.create_dataset_group(name="notebook-segmentation")["datasetGroupArn"]
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
    ],
    "Items": [
        {"name": "ITEM_ID", "type": "string"},
        {"name": "DESCRIPTION", "type": ["string", "null"], "textual": True},
    ],
}
schema_arns, dataset_arns = {}, {}
for name in fields:
    schema = {
        "type": "record",
        "name": name,
        "namespace": "com.amazonaws.personalize.schema",
        "fields": fields[name],
        "version": 1,
    }
    schema_arns[name] = personalize.create_schema(
        name=f"notebook-segmentation-{name.lower()}", schema=json.dumps(schema)
    )["schemaArn"]
for name in fields:
    dataset_arns[name] = personalize.create_dataset(
        name=f"notebook-segmentation-{name.lower()}",
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
bucket_name = f"{account_id}-{region}-personalize-user-segmentation-demo"
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
    boto3.Session().resource("s3").Bucket(bucket_name).Object(filename).upload_file(filename)

# %%
iam = boto3.client("iam")
role_name = "PersonalizeRoleSegments"
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
        jobName=f"notebook-segmentation-import-{name.lower()}",
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
    name="item-affinity-demo",
    datasetGroupArn=dataset_group_arn,
    recipeArn="arn:aws:personalize:::recipe/aws-item-affinity",
)["solutionArn"]
print(personalize.describe_solution(solutionArn=solution_arn)["solution"]["status"])
solution_version_arn = personalize.create_solution_version(solutionArn=solution_arn)["solutionVersionArn"]
started = datetime.now()
while True:
    found = personalize.describe_solution_version(solutionVersionArn=solution_version_arn)["solutionVersion"]
    print("SolutionVersion:", found["status"])
    if found["status"] in ("ACTIVE", "CREATE FAILED"):
        break
    time.sleep(PAUSE_S)
print("Time took:", datetime.now() - started)
print(personalize.get_solution_metrics(solutionVersionArn=solution_version_arn)["metrics"])

# %% [markdown]
# ## Segments


# %%
def segments(job_name: str, items: list[str], most: int) -> dict[str, list[str]]:
    """The users of each item, by a batch segment job whose output is read back from the bucket."""
    filename = f"{job_name}.json"
    Path(filename).write_text("".join(json.dumps({"itemId": item}) + "\n" for item in items))
    boto3.Session().resource("s3").Bucket(bucket_name).Object(filename).upload_file(filename)
    arn = personalize.create_batch_segment_job(
        jobName=job_name,
        solutionVersionArn=solution_version_arn,
        numResults=most,
        jobInput={"s3DataSource": {"path": f"s3://{bucket_name}/{filename}"}},
        jobOutput={"s3DataDestination": {"path": f"s3://{bucket_name}/output/"}},
        roleArn=role_arn,
    )["batchSegmentJobArn"]
    started = datetime.now()
    while True:
        status = personalize.describe_batch_segment_job(batchSegmentJobArn=arn)["batchSegmentJob"]["status"]
        print("Batch Segment Job:", status)
        if status in ("ACTIVE", "CREATE FAILED"):
            break
        time.sleep(PAUSE_S)
    print("Time took:", datetime.now() - started)
    body = s3.get_object(Bucket=bucket_name, Key=f"output/{filename}.out")["Body"]
    lines = [json.loads(line) for line in body.iter_lines()]
    return {line["input"]["itemId"]: line["output"]["usersList"] for line in lines if line["output"]}


activity = Counter(each.user for each in train)
topk = max(len(activity) // 10, 1)
predicted = segments("notebook-query-demo", sorted(takers), topk)
most_active = [user for user, _ in activity.most_common(topk)]


def recall(users_of: dict[str, list[str]]) -> float:
    """The mean share of those who took an item that are in its segment."""
    shares = [len(takers[item] & set(users)) / min(len(takers[item]), topk) for item, users in users_of.items()]
    return sum(shares) / len(shares)


print(f"{len(predicted)} segments of {topk} users")
print(f"recall of item affinity: {recall(predicted):.3f}")
print(f"recall of the most active users: {recall(dict.fromkeys(predicted, most_active)):.3f}")

# %%
for item, users in segments("notebook-query-editorial-demo", sorted(known_films)[:10], 10).items():
    print(known_films[item].title, "for", ", ".join(users))

# %% [markdown]
# ## Clean up

# %%
personalize.delete_solution(solutionArn=solution_arn)
while personalize.list_solutions(datasetGroupArn=dataset_group_arn)["solutions"]:
    time.sleep(PAUSE_S / 12)
for dataset in personalize.list_datasets(datasetGroupArn=dataset_group_arn)["datasets"]:
    personalize.delete_dataset(datasetArn=dataset["datasetArn"])
while personalize.list_datasets(datasetGroupArn=dataset_group_arn)["datasets"]:
    time.sleep(PAUSE_S / 12)
for schema_arn in schema_arns.values():
    personalize.delete_schema(schemaArn=schema_arn)
personalize.delete_dataset_group(datasetGroupArn=dataset_group_arn)

# %%
for policy_found in iam.list_attached_role_policies(RoleName=role_name)["AttachedPolicies"]:
    iam.detach_role_policy(RoleName=role_name, PolicyArn=policy_found["PolicyArn"])
iam.delete_role(RoleName=role_name)
bucket = boto3.resource("s3").Bucket(bucket_name)
bucket.objects.all().delete()
bucket.delete()
print("Everything is deleted.")
