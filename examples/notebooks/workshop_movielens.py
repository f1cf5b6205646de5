# %% [markdown]
# # A workshop: seven solution versions, five campaigns, and a judgement of each
#
#     MOVIELENS=~/ml-1m.zip python workshop_movielens.py
#
# Everybody's newest film is held back. Seven recipes are trained at once; five of them are deployed, with filters by
# genre, by what was watched and by decade; events change a list; all lists are exported as a file; each campaign that
# answers for a user is asked for every user and judged by the film that was held back; and everything is deleted.

# %%
import json
import os
import random
import time
import uuid
from collections.abc import Callable
from datetime import datetime
from math import log2
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError
from films import films, ratings, write_csv, year

PAUSE_S = float(os.environ.get("NOTEBOOK_PAUSE_S", "60"))

personalize = boto3.client("personalize")
personalize_runtime = boto3.client("personalize-runtime")
personalize_events = boto3.client("personalize-events")

# %% [markdown]
# ## Data

# %%
known_films = films()
history: dict[str, list[tuple[str, float, int]]] = {}
for each in ratings():
    history.setdefault(each.user, []).append((each.item, each.stars, each.time_s))
held_back = {user: seen.pop()[0] for user, seen in history.items() if len(seen) > 1}
rows = [
    (user, item, time_s, "watch" if stars > 3 else "click")
    for user, seen in history.items()
    for item, stars, time_s in seen
]
write_csv("interactions.csv", ("USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE"), rows)
write_csv(
    "items.csv",
    ("ITEM_ID", "GENRE", "YEAR"),
    [(item, film.genres, year(film.title)) for item, film in known_films.items()],
)
print(f"{len(rows)} events of {len(history)} users, {len(held_back)} held back")

# %% [markdown]
# ## Dataset group, schemas, datasets

# %%
dataset_group_arn = personalize.create_dataset_group(name="personalize-workshop")["datasetGroupArn"]
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
        {"name": "GENRE", "type": ["string", "null"], "categorical": True},
        {"name": "YEAR", "type": ["int", "null"]},
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
        name=f"personalize-workshop-{name.lower()}", schema=json.dumps(schema)
    )["schemaArn"]
for name in fields:
    dataset_arns[name] = personalize.create_dataset(
        name=f"personalize-workshop-{name.lower()}",
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
bucket_name = f"{account_id}-{region}-personalize-workshop"
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
role_name = "PersonalizeRoleWorkshop"
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
        jobName=f"personalize-workshop-import-{name.lower()}",
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
# ## Seven solution versions at once

# %%
print(f"{len(personalize.list_recipes()['recipes'])} recipes")
RECIPES = (
    "aws-user-personalization",
    "aws-hrnn",
    "aws-hrnn-metadata",
    "aws-hrnn-coldstart",
    "aws-popularity-count",
    "aws-sims",
    "aws-personalized-ranking",
)
solution_arns, solution_version_arns = {}, {}
started = time.time()
for recipe_name in RECIPES:
    solution_arns[recipe_name] = personalize.create_solution(
        name=f"workshop-{recipe_name}",
        datasetGroupArn=dataset_group_arn,
        recipeArn=f"arn:aws:personalize:::recipe/{recipe_name}",
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
print(f"{len(RECIPES)} solution versions took {time.time() - started:.0f} s")

# %%
for recipe_name, solution_version_arn in solution_version_arns.items():
    metrics = personalize.get_solution_metrics(solutionVersionArn=solution_version_arn)["metrics"]
    print(f"{recipe_name:26} NDCG@25 {metrics['normalized_discounted_cumulative_gain_at_25']:.4f}", end="  ")
    print(f"coverage {metrics['coverage']:.4f}")

# %% [markdown]
# ## Five campaigns, and filters

# %%
DEPLOYED = (
    "aws-user-personalization",
    "aws-hrnn",
    "aws-popularity-count",
    "aws-sims",
    "aws-personalized-ranking",
)
campaign_arns = {
    recipe_name: personalize.create_campaign(
        name=f"workshop-{recipe_name}",
        solutionVersionArn=solution_version_arns[recipe_name],
        minProvisionedTPS=1,
    )["campaignArn"]
    for recipe_name in DEPLOYED
}
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

# %%
chance = random.Random(8)
genres = sorted({genre for film in known_films.values() for genre in film.genres.split("|") if genre})
expressions = {
    # A name has no apostrophe, which the genre Children's has.
    **{
        genre.replace("'", ""): f'INCLUDE ItemID WHERE Items.GENRE IN ("{genre}")' for genre in chance.sample(genres, 6)
    },
    "watched": 'INCLUDE ItemID WHERE Interactions.event_type IN ("watch")',
    "unwatched": 'EXCLUDE ItemID WHERE Interactions.event_type IN ("watch")',
    "1970s": "INCLUDE ItemID WHERE Items.YEAR >= 1970 AND Items.YEAR < 1980",
}
filter_arns = {}
for name, expression in expressions.items():
    try:
        filter_arns[name] = personalize.create_filter(
            name=name, datasetGroupArn=dataset_group_arn, filterExpression=expression
        )["filterArn"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "LimitExceededException":
            raise
        time.sleep(2 * PAUSE_S)
        filter_arns[name] = personalize.create_filter(
            name=name, datasetGroupArn=dataset_group_arn, filterExpression=expression
        )["filterArn"]
    print("Creating:", filter_arns[name])
for filter_arn in filter_arns.values():
    while personalize.describe_filter(filterArn=filter_arn)["filter"]["status"] != "ACTIVE":
        time.sleep(PAUSE_S / 12)

# %% [markdown]
# ## Lists

# %%
user_id = chance.choice(sorted(held_back))


def listed(recipe_name: str, **asked: Any) -> list[str]:
    """What a campaign answers."""
    reply = personalize_runtime.get_recommendations(campaignArn=campaign_arns[recipe_name], **asked)
    return [item["itemId"] for item in reply["itemList"]]


for name, filter_arn in filter_arns.items():
    items = listed("aws-user-personalization", userId=user_id, filterArn=filter_arn)
    print(f"{name:12} {len(items):2}  {', '.join(known_films[item].title for item in items[:3])}")
seventies = listed("aws-user-personalization", userId=user_id, filterArn=filter_arns["1970s"])
print(f"All of the 1970s: {all(year(known_films[item].title)[:3] == '197' for item in seventies)}")
item_id = held_back[user_id]
related = [known_films[item].title for item in listed("aws-sims", itemId=item_id)]
print(f"With {known_films[item_id].title}:", related[:3])
popular = listed("aws-popularity-count", userId=user_id)
reply = personalize_runtime.get_personalized_ranking(
    campaignArn=campaign_arns["aws-personalized-ranking"], userId=user_id, inputList=popular
)
moved = sum(item["itemId"] != before for item, before in zip(reply["personalizedRanking"], popular, strict=True))
print(f"{moved} of {len(popular)} popular films stand elsewhere in the user's own order")

# %% [markdown]
# ## Events

# %%
event_tracker = personalize.create_event_tracker(name="WorkshopTracker", datasetGroupArn=dataset_group_arn)
event_tracker_arn = event_tracker["eventTrackerArn"]
session_id = str(uuid.uuid1())
before = listed("aws-hrnn", userId=user_id)
for item_id in chance.sample(sorted(known_films), 3):
    personalize_events.put_events(
        trackingId=event_tracker["trackingId"],
        userId=user_id,
        sessionId=session_id,
        eventList=[
            {
                "sentAt": int(time.time()),
                "eventType": "watch",
                "properties": json.dumps({"itemId": item_id, "eventValue": 4}),
            }
        ],
    )
after = listed("aws-hrnn", userId=user_id)
print(f"{sum(now != then for now, then in zip(after, before, strict=True))} places changed by three events")

# %% [markdown]
# ## All lists as a file

# %%
Path("users.json").write_text("".join(json.dumps({"userId": user}) + "\n" for user in history))
boto3.Session().resource("s3").Bucket(bucket_name).Object("users.json").upload_file("users.json")
batch_inference_job_arn = personalize.create_batch_inference_job(
    solutionVersionArn=solution_version_arns["aws-user-personalization"],
    jobName="workshop-batch",
    roleArn=role_arn,
    jobInput={"s3DataSource": {"path": f"s3://{bucket_name}/users.json"}},
    jobOutput={"s3DataDestination": {"path": f"s3://{bucket_name}/exported/"}},
)["batchInferenceJobArn"]
print("Export Started on:", datetime.now().strftime("%I:%M:%S %p"))
max_time = time.time() + 3 * 60 * 60
while time.time() < max_time:
    found = personalize.describe_batch_inference_job(batchInferenceJobArn=batch_inference_job_arn)
    status = found["batchInferenceJob"]["status"]
    print(f"BatchInferenceJob: {status}")
    if status in ("ACTIVE", "CREATE FAILED"):
        break
    time.sleep(PAUSE_S)
print("Export Completed on:", datetime.now().strftime("%I:%M:%S %p"))
s3.download_file(bucket_name, "exported/users.json.out", "users.json.out")
exported = {}
for line in Path("users.json.out").read_text().splitlines():
    answer = json.loads(line)
    exported[answer["input"]["userId"]] = answer["output"]["recommendedItems"]
print(f"{len(exported)} exported lists of {len(exported[user_id])} films")

# %% [markdown]
# ## Every user is asked for


# %%
def judge(heading: str, lists: dict[str, list[str]]) -> None:
    """How often the film that was held back is among 25, and how high it stands."""
    places = [lists[user][:25].index(item) if item in lists[user][:25] else None for user, item in held_back.items()]
    found = [place for place in places if place is not None]
    hit_rate, ndcg = len(found) / len(places), sum(1 / log2(2 + place) for place in found) / len(places)
    print(f"{heading:26} over {len(places)} users: hit rate {hit_rate:.4f}, NDCG@25 {ndcg:.4f}")


for recipe_name in ("aws-user-personalization", "aws-hrnn", "aws-popularity-count"):
    started = time.time()
    answers = {user: listed(recipe_name, userId=user, numResults=25) for user in held_back}
    judge(recipe_name, answers)
    print(f"{len(answers)} requests took {time.time() - started:.1f} s")
judge("exported", exported)

# %% [markdown]
# ## Clean up: campaigns, tracker, filters, solutions, datasets, schemas, group, role, bucket


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
personalize.delete_event_tracker(eventTrackerArn=event_tracker_arn)
for arn in filter_arns.values():
    personalize.delete_filter(filterArn=arn)
for arn in campaign_arns.values():
    gone(lambda arn=arn: personalize.describe_campaign(campaignArn=arn))  # type: ignore[misc]
for arn in solution_arns.values():
    personalize.delete_solution(solutionArn=arn)
for arn in solution_arns.values():
    gone(lambda arn=arn: personalize.describe_solution(solutionArn=arn))  # type: ignore[misc]
gone(lambda: personalize.describe_event_tracker(eventTrackerArn=event_tracker_arn))
for arn in filter_arns.values():
    gone(lambda arn=arn: personalize.describe_filter(filterArn=arn))  # type: ignore[misc]
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
