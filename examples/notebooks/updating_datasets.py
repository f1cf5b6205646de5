# %% [markdown]
# # New data and a new column
#
# A policy of one's own for the role. Batch lists from half of the catalogue; then the other half is put and imported,
# and the same batch is asked of a version trained by UPDATE, which keeps what was learned, and of one trained in FULL.
# Then the items get another schema with one more column (UpdateDataset), another import, and users are found by that
# column.

# %%
import json
import os
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError
from films import films, ratings, write_csv, year

PAUSE_S = float(os.environ.get("NOTEBOOK_PAUSE_S", "60"))

token = str(round(time.time() * 1000))[-5:]
personalize = boto3.client("personalize")
personalize_events = boto3.client("personalize-events")
s3 = boto3.Session().client("s3")

# %% [markdown]
# ## Bucket, and a role with a policy of its own

# %%
bucket_name = f"personalize-update-datasets-example-{token}"
print("Bucket:", s3.create_bucket(Bucket=bucket_name)["Location"])
statement = {
    "Sid": "PersonalizeS3BucketAccessPolicy",
    "Effect": "Allow",
    "Action": ["s3:GetObject", "s3:ListBucket", "s3:PutObject"],
    "Resource": [f"arn:aws:s3:::{bucket_name}", f"arn:aws:s3:::{bucket_name}/*"],
}
bucket_policy = {
    "Version": "2012-10-17",
    "Id": "PersonalizeS3BucketAccessPolicy",
    "Statement": [{**statement, "Principal": {"Service": "personalize.amazonaws.com"}}],
}
s3.put_bucket_policy(Bucket=bucket_name, Policy=json.dumps(bucket_policy))

iam = boto3.client("iam")
role_name = f"PersonalizeRole-{token}"
assume_role_policy_document = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "personalize.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
role_arn = iam.create_role(RoleName=role_name, AssumeRolePolicyDocument=json.dumps(assume_role_policy_document))[
    "Role"
]["Arn"]
policy_arn = iam.create_policy(
    PolicyName=f"PersonalizePolicy-{token}",
    PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    Description="Lets Personalize use one bucket",
)["Policy"]["Arn"]
iam.attach_role_policy(RoleName=role_name, PolicyArn=policy_arn)
time.sleep(PAUSE_S)
print(role_arn, policy_arn)

# %% [markdown]
# ## Data: half of the films at first

# %%
known_films = films()
known = list(known_films)[::2]
added = list(known_films)[1::2]
events = ratings()
shown = [(each.user, each.item, "View", each.time_s) for each in events if each.item in set(known)]
columns = ("USER_ID", "ITEM_ID", "EVENT_TYPE", "TIMESTAMP")
write_csv("interactions_trimmed.csv", columns, shown)
write_csv("items_trimmed.csv", ("ITEM_ID", "GENRES"), [(item, known_films[item].genres) for item in known])
for filename in ("interactions_trimmed.csv", "items_trimmed.csv"):
    s3.upload_file(filename, bucket_name, filename)
print(f"{len(shown)} of {len(events)} events, {len(known)} of {len(known_films)} films at first")

# %% [markdown]
# ## Schemas, dataset group, datasets
#
# Each may be there from the last time.

# %%
FIELDS: dict[str, list[dict[str, Any]]] = {
    "Interactions": [
        {"name": "USER_ID", "type": "string"},
        {"name": "ITEM_ID", "type": "string"},
        {"name": "EVENT_TYPE", "type": "string"},
        {"name": "TIMESTAMP", "type": "long"},
    ],
    "Items": [
        {"name": "ITEM_ID", "type": "string"},
        {"name": "GENRES", "type": ["string", "null"], "categorical": True},
    ],
}


def schema(name: str, kind: str, fields: list[dict[str, Any]], version: str = "1.0") -> str:
    """The ARN of a schema that is made, or found on the pages of all schemas."""
    record = {
        "type": "record",
        "name": kind,
        "namespace": "com.amazonaws.personalize.schema",
        "fields": fields,
        "version": version,
    }
    try:
        return str(personalize.create_schema(name=name, schema=json.dumps(record))["schemaArn"])
    except personalize.exceptions.ResourceAlreadyExistsException:
        print("You have this schema already")
        pages = personalize.get_paginator("list_schemas").paginate()
        return next(str(each["schemaArn"]) for page in pages for each in page["schemas"] if each["name"] == name)


schema_arns = {kind: schema(f"updates-{kind}-{token}", kind, fields) for kind, fields in FIELDS.items()}
assert schema(f"updates-Items-{token}", "Items", FIELDS["Items"]) == schema_arns["Items"]

dataset_group_arn = personalize.create_dataset_group(name=f"updates-{token}")["datasetGroupArn"]
max_time = time.time() + 3 * 60 * 60
while time.time() < max_time:
    status = personalize.describe_dataset_group(datasetGroupArn=dataset_group_arn)["datasetGroup"]["status"]
    print(f"DatasetGroup: {status}")
    if status in ("ACTIVE", "CREATE FAILED"):
        break
    time.sleep(PAUSE_S)

dataset_arns = {
    kind: personalize.create_dataset(
        name=f"updates-{kind}-{token}",
        datasetType=kind,
        datasetGroupArn=dataset_group_arn,
        schemaArn=schema_arns[kind],
    )["datasetArn"]
    for kind in FIELDS
}
while any(
    personalize.describe_dataset(datasetArn=arn)["dataset"]["status"] != "ACTIVE" for arn in dataset_arns.values()
):
    time.sleep(PAUSE_S / 4)


# %%
def imported(kind: str, filename: str, mode: str) -> None:
    """A file of the bucket is in the dataset, instead of what was there (FULL) or beside it (INCREMENTAL)."""
    arn = personalize.create_dataset_import_job(
        jobName=f"{Path(filename).stem}-{mode.lower()}-{token}",
        datasetArn=dataset_arns[kind],
        dataSource={"dataLocation": f"s3://{bucket_name}/{filename}"},
        roleArn=role_arn,
        importMode=mode,
    )["datasetImportJobArn"]
    max_time = time.time() + 60 * 60
    while time.time() < max_time:
        job = personalize.describe_dataset_import_job(datasetImportJobArn=arn)["datasetImportJob"]
        if job["status"] == "ACTIVE":
            print(f"{filename} is imported, {mode}")
            return
        if job["status"] == "CREATE FAILED":
            raise SystemExit(job["failureReason"])
        print("Dataset import job:", job["status"])
        time.sleep(PAUSE_S)


imported("Interactions", "interactions_trimmed.csv", "FULL")
imported("Items", "items_trimmed.csv", "FULL")


# %%
def trained(solution_arn: str, mode: str = "FULL") -> str:
    """A new version of a solution."""
    arn = str(personalize.create_solution_version(solutionArn=solution_arn, trainingMode=mode)["solutionVersionArn"])
    while True:
        version = personalize.describe_solution_version(solutionVersionArn=arn)["solutionVersion"]
        print("SolutionVersion:", version["status"], version["trainingMode"])
        if version["status"] == "ACTIVE":
            return arn
        if version["status"] == "CREATE FAILED":
            raise SystemExit(version["failureReason"])
        time.sleep(PAUSE_S)


solution_arn = personalize.create_solution(
    name=f"updates-user-personalization-{token}",
    datasetGroupArn=dataset_group_arn,
    recipeArn="arn:aws:personalize:::recipe/aws-user-personalization",
)["solutionArn"]
solution_version_arn = trained(solution_arn)

# %% [markdown]
# ## A batch job


# %%
def recommended(name: str, version_arn: str) -> dict[str, list[str]]:
    """What a version recommends to the first hundred users."""
    key, filename = f"batch-job-input/{name}.json", f"{name}.json"
    users = sorted({each.user for each in events})[:100]
    Path(filename).write_text("".join(json.dumps({"userId": user}) + "\n" for user in users))
    s3.upload_file(filename, bucket_name, key)
    assert key in [each["Key"] for each in s3.list_objects(Bucket=bucket_name)["Contents"]]
    arn = personalize.create_batch_inference_job(
        solutionVersionArn=version_arn,
        jobName=f"updates-{name}-{token}",
        roleArn=role_arn,
        jobInput={"s3DataSource": {"path": f"s3://{bucket_name}/{key}"}},
        jobOutput={"s3DataDestination": {"path": f"s3://{bucket_name}/batch-job-outputs/{name}/"}},
        numResults=10,
    )["batchInferenceJobArn"]
    print("Inference Job Started on:", datetime.now().strftime("%I:%M:%S %p"))
    while True:
        job = personalize.describe_batch_inference_job(batchInferenceJobArn=arn)["batchInferenceJob"]
        print("BatchInferenceJob:", job["status"])
        if job["status"] == "ACTIVE":
            break
        if job["status"] == "CREATE FAILED":
            raise SystemExit(job["failureReason"])
        time.sleep(PAUSE_S)
    s3.download_file(bucket_name, f"batch-job-outputs/{name}/{filename}.out", f"{filename}.out")
    lines = [json.loads(line) for line in Path(f"{filename}.out").read_text().splitlines()]
    return {line["input"]["userId"]: line["output"]["recommendedItems"] for line in lines}


lists = recommended("original", solution_version_arn)
print(f"{sum(item in added for items in lists.values() for item in items)} added films in {len(lists)} lists before")

# %% [markdown]
# ## The other films: one is put, the others are imported, and two versions are trained

# %%
personalize_events.put_items(
    datasetArn=dataset_arns["Items"],
    items=[{"itemId": added[0], "properties": json.dumps({"genres": known_films[added[0]].genres})}],
)
write_csv("items_new.csv", ("ITEM_ID", "GENRES"), [(item, known_films[item].genres) for item in added[1:]])
fresh = [(each.user, each.item, "View", each.time_s) for each in events if each.item in set(added)]
write_csv("interactions_new.csv", columns, fresh)
for kind, filename in (("Items", "items_new.csv"), ("Interactions", "interactions_new.csv")):
    s3.upload_file(filename, bucket_name, filename)
    imported(kind, filename, "INCREMENTAL")
for name, mode in (("update", "UPDATE"), ("full", "FULL")):
    lists = recommended(name, trained(solution_arn, mode))
    print(f"{sum(item in added for items in lists.values() for item in items)} added films after {mode}")

# %% [markdown]
# ## One more column
#
# New columns must allow nothing to be there.

# %%
schema_arns["Items again"] = schema(
    f"updates-items-again-{token}",
    "Items",
    [*FIELDS["Items"], {"name": "DECADE", "type": ["string", "null"], "categorical": True}],
    "1.1",
)
personalize.update_dataset(datasetArn=dataset_arns["Items"], schemaArn=schema_arns["Items again"])
print("Update Started on:", datetime.now().strftime("%I:%M:%S %p"))
while True:
    found = personalize.describe_dataset(datasetArn=dataset_arns["Items"])["dataset"]
    print("Dataset:", found["status"], found["latestDatasetUpdate"]["status"])
    if found["status"] in ("ACTIVE", "CREATE FAILED"):
        break
    time.sleep(PAUSE_S / 4)
print(json.dumps(found, indent=2, default=str))
decades = [(item, film.genres, f"{year(film.title)[:3]}0s") for item, film in known_films.items()]
write_csv("items_with_decades.csv", ("ITEM_ID", "GENRES", "DECADE"), decades)
s3.upload_file("items_with_decades.csv", bucket_name, "items_with_decades.csv")
imported("Items", "items_with_decades.csv", "FULL")

# %% [markdown]
# ## Users by the new column

# %%
affinity_arn = personalize.create_solution(
    name=f"updates-item-attribute-affinity-{token}",
    datasetGroupArn=dataset_group_arn,
    recipeArn="arn:aws:personalize:::recipe/aws-item-attribute-affinity",
)["solutionArn"]
affinity_version_arn = trained(affinity_arn)
print(personalize.get_solution_metrics(solutionVersionArn=affinity_version_arn)["metrics"])
wanted = sorted({decade for _, _, decade in decades})
queries = [{"itemAttributes": f'ITEMS.decade = "{decade}"'} for decade in wanted]
Path("decades.json").write_text("".join(json.dumps(query) + "\n" for query in queries))
s3.upload_file("decades.json", bucket_name, "decades.json")
segment_job_arn = personalize.create_batch_segment_job(
    jobName=f"updates-segments-{token}",
    solutionVersionArn=affinity_version_arn,
    numResults=10,
    jobInput={"s3DataSource": {"path": f"s3://{bucket_name}/decades.json"}},
    jobOutput={"s3DataDestination": {"path": f"s3://{bucket_name}/segments/"}},
    roleArn=role_arn,
)["batchSegmentJobArn"]
while True:
    job = personalize.describe_batch_segment_job(batchSegmentJobArn=segment_job_arn)["batchSegmentJob"]
    print("BatchSegmentJob:", job["status"])
    if job["status"] in ("ACTIVE", "CREATE FAILED"):
        break
    time.sleep(PAUSE_S)
for line in s3.get_object(Bucket=bucket_name, Key="segments/decades.json.out")["Body"].iter_lines():
    answer = json.loads(line)
    print(len(answer["output"]["usersList"]), "users for", answer["input"]["itemAttributes"])

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


for arn in (solution_arn, affinity_arn):
    personalize.delete_solution(solutionArn=arn)
    gone(lambda arn=arn: personalize.describe_solution(solutionArn=arn))  # type: ignore[misc]
for arn in dataset_arns.values():
    personalize.delete_dataset(datasetArn=arn)
    gone(lambda arn=arn: personalize.describe_dataset(datasetArn=arn))  # type: ignore[misc]
for arn in schema_arns.values():
    personalize.delete_schema(schemaArn=arn)
personalize.delete_dataset_group(datasetGroupArn=dataset_group_arn)

iam.detach_role_policy(RoleName=role_name, PolicyArn=policy_arn)
iam.delete_policy(PolicyArn=policy_arn)
iam.delete_role(RoleName=role_name)
bucket = boto3.resource("s3").Bucket(bucket_name)
bucket.objects.all().delete()
bucket.delete()
print("Everything is deleted.")
