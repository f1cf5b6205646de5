"""The walk of a typical Amazon Personalize notebook, in plain boto3: nothing here knows Tastemaker.

    tastemaker data get ml-100k
    tastemaker up
    python examples/movielens.py --data ml-100k

From CSV files to recommendations that change with the next event, then everything is deleted. Against the real service
the same calls work; data then lie in S3, imports need a role, and each wait takes minutes instead of seconds.
"""

import argparse
import csv
import json
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

POLL_S = 0.2  # against the real service: 60
ROLE = "arn:aws:iam::000000000000:role/personalize"  # who may read the bucket; Tastemaker reads its own disk


def schema(name: str, *fields: dict[str, Any]) -> str:
    """A schema is an Avro record whose name is the type of the dataset."""
    namespace = "com.amazonaws.personalize.schema"
    record = {"type": "record", "name": name, "namespace": namespace, "fields": fields, "version": "1.0"}
    return json.dumps(record)


INTERACTIONS = schema(
    "Interactions",
    {"name": "USER_ID", "type": "string"},
    {"name": "ITEM_ID", "type": "string"},
    {"name": "EVENT_TYPE", "type": "string"},
    {"name": "TIMESTAMP", "type": "long"},
)
ITEMS = schema(
    "Items",
    {"name": "ITEM_ID", "type": "string"},
    {"name": "TITLE", "type": "string"},
    {"name": "GENRES", "type": ["null", "string"], "categorical": True},
)


def wait_until_active(describe: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Everything is created in the background: ask until it is there."""
    while True:
        found = describe()
        if found["status"] == "ACTIVE":
            return found
        if "FAILED" in found["status"]:
            raise SystemExit(f"It failed: {found['failureReason']}")
        time.sleep(POLL_S)


def wait_until_gone(describe: Callable[[], Any]) -> None:
    """Deletion goes on in the background, too: ask until the service knows nothing of it."""
    while True:
        try:
            describe()
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return
            raise
        time.sleep(POLL_S)


def import_csv(personalize: Any, group: str, kind: str, schema_json: str, path: Path, suffix: str) -> tuple[str, str]:
    """Schema, dataset and import job of one CSV file: the ARNs of schema and dataset."""
    schema_arn = personalize.create_schema(name=f"movielens-{kind}-{suffix}", schema=schema_json)["schemaArn"]
    dataset = personalize.create_dataset(
        name=f"movielens-{kind}-{suffix}", datasetGroupArn=group, datasetType=kind, schemaArn=schema_arn
    )["datasetArn"]
    wait_until_active(lambda: personalize.describe_dataset(datasetArn=dataset)["dataset"])
    job = personalize.create_dataset_import_job(
        jobName=f"movielens-{kind}-{suffix}",
        datasetArn=dataset,
        dataSource={"dataLocation": str(path)},
        roleArn=ROLE,
    )["datasetImportJobArn"]
    wait_until_active(lambda: personalize.describe_dataset_import_job(datasetImportJobArn=job)["datasetImportJob"])
    print(f"imported {path}")
    return schema_arn, dataset


def train(personalize: Any, group: str, recipe: str, suffix: str) -> tuple[str, str]:
    """A solution says what to train, a solution version is one training: the ARNs of both."""
    solution = personalize.create_solution(
        name=f"{recipe}-{suffix}", datasetGroupArn=group, recipeArn=f"arn:aws:personalize:::recipe/{recipe}"
    )["solutionArn"]
    wait_until_active(lambda: personalize.describe_solution(solutionArn=solution)["solution"])
    version = personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"]
    wait_until_active(lambda: personalize.describe_solution_version(solutionVersionArn=version)["solutionVersion"])
    print(f"trained {recipe}")
    for metric, value in personalize.get_solution_metrics(solutionVersionArn=version)["metrics"].items():
        print(f"  {metric}: {value}")
    return solution, version


def deploy(personalize: Any, recipe: str, version: str, suffix: str) -> str:
    """A campaign answers requests with one solution version: its ARN."""
    campaign = personalize.create_campaign(name=f"{recipe}-{suffix}", solutionVersionArn=version, minProvisionedTPS=1)[
        "campaignArn"
    ]
    wait_until_active(lambda: personalize.describe_campaign(campaignArn=campaign)["campaign"])
    return str(campaign)


def create_filter(personalize: Any, group: str, name: str, expression: str) -> str:
    """A filter limits what a request may be answered with: its ARN."""
    arn = personalize.create_filter(name=name, datasetGroupArn=group, filterExpression=expression)["filterArn"]
    wait_until_active(lambda: personalize.describe_filter(filterArn=arn)["filter"])
    return str(arn)


def usual_user(interactions: Path) -> str:
    """Somebody with as many events as half of the users have; the API knows users by the ids of the data."""
    with interactions.open(newline="", encoding="utf-8") as file:
        by_activity = Counter(row["USER_ID"] for row in csv.DictReader(file)).most_common()
    return by_activity[len(by_activity) // 2][0]


def films(items: Path) -> dict[str, tuple[str, str]]:
    """Item id -> title and genres."""
    with items.open(newline="", encoding="utf-8") as file:
        return {row["ITEM_ID"]: (row["TITLE"], row["GENRES"]) for row in csv.DictReader(file)}


def show(heading: str, item_list: list[dict[str, Any]], names: dict[str, tuple[str, str]]) -> None:
    """A list by title; a score is the probability that the item is the next one."""
    print(f"\n{heading}")
    for place, item in enumerate(item_list[:10], 1):
        title, genres = names.get(item["itemId"], ("", ""))
        print(f"{place:3}. {item.get('score', 0):.4f}  {title}  ({genres})")


def recommend(runtime: Any, campaign: str, user: str, names: dict[str, tuple[str, str]]) -> list[dict[str, Any]]:
    """What the user would watch next."""
    items: list[dict[str, Any]] = runtime.get_recommendations(campaignArn=campaign, userId=user)["itemList"]
    show(f"For user {user}", items, names)
    return items


def watch(events: Any, tracking_id: str, user: str, item: str) -> None:
    """Tell the service what the user does, while it happens."""
    events.put_events(
        trackingId=tracking_id,
        userId=user,
        sessionId="session-1",
        eventList=[{"eventType": "watch", "itemId": item, "sentAt": int(time.time())}],
    )


def list_everything(personalize: Any, group: str, solution: str) -> None:
    """Every kind of resource can be listed."""
    found = {
        "schemas": personalize.list_schemas()["schemas"],
        "dataset groups": personalize.list_dataset_groups()["datasetGroups"],
        "datasets": personalize.list_datasets(datasetGroupArn=group)["datasets"],
        "import jobs": personalize.list_dataset_import_jobs()["datasetImportJobs"],
        "solutions": personalize.list_solutions(datasetGroupArn=group)["solutions"],
        "solution versions": personalize.list_solution_versions(solutionArn=solution)["solutionVersions"],
        "campaigns": personalize.list_campaigns()["campaigns"],
        "event trackers": personalize.list_event_trackers(datasetGroupArn=group)["eventTrackers"],
        "filters": personalize.list_filters(datasetGroupArn=group)["Filters"],
    }
    print()
    for kind, summaries in found.items():
        print(f"{len(summaries)} {kind}")


def delete_everything(personalize: Any, group: str, schemas: list[str]) -> None:
    """In order of dependency: what is used by something else is refused, and goes only after it."""
    p = personalize
    solutions = [each["solutionArn"] for each in p.list_solutions(datasetGroupArn=group)["solutions"]]
    for solution in solutions:
        for campaign in [each["campaignArn"] for each in p.list_campaigns(solutionArn=solution)["campaigns"]]:
            p.delete_campaign(campaignArn=campaign)
            wait_until_gone(partial(p.describe_campaign, campaignArn=campaign))
        p.delete_solution(solutionArn=solution)
        wait_until_gone(partial(p.describe_solution, solutionArn=solution))
    for each in p.list_event_trackers(datasetGroupArn=group)["eventTrackers"]:
        arn = each["eventTrackerArn"]
        p.delete_event_tracker(eventTrackerArn=arn)
        wait_until_gone(partial(p.describe_event_tracker, eventTrackerArn=arn))
    for each in p.list_filters(datasetGroupArn=group)["Filters"]:
        arn = each["filterArn"]
        p.delete_filter(filterArn=arn)
        wait_until_gone(partial(p.describe_filter, filterArn=arn))
    for each in p.list_datasets(datasetGroupArn=group)["datasets"]:
        arn = each["datasetArn"]
        p.delete_dataset(datasetArn=arn)
        wait_until_gone(partial(p.describe_dataset, datasetArn=arn))
    for arn in schemas:
        p.delete_schema(schemaArn=arn)
    p.delete_dataset_group(datasetGroupArn=group)
    wait_until_gone(partial(p.describe_dataset_group, datasetGroupArn=group))
    print("\nEverything is deleted.")


def main() -> None:
    """The walk, in its order."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--endpoint", default="http://127.0.0.1:8080", help="where the server is")
    parser.add_argument("--data", type=Path, default=Path("ml-100k"), help="folder with interactions.csv and items.csv")
    options = parser.parse_args()
    # A server without --auth takes any keys. Leave endpoint_url out, and all this runs against the cloud.
    access = {"aws_access_key_id": "any", "aws_secret_access_key": "any", "region_name": "us-east-1"}
    client: Any = boto3.client
    personalize = client("personalize", endpoint_url=options.endpoint, **access)
    runtime = client("personalize-runtime", endpoint_url=options.endpoint, **access)
    events = client("personalize-events", endpoint_url=options.endpoint, **access)

    # Names are unique per account and region: a suffix lets the walk be repeated.
    suffix = str(int(time.time()))
    interactions, items = options.data.absolute() / "interactions.csv", options.data.absolute() / "items.csv"
    names = films(items)

    group = personalize.create_dataset_group(name=f"movielens-{suffix}")["datasetGroupArn"]
    wait_until_active(lambda: personalize.describe_dataset_group(datasetGroupArn=group)["datasetGroup"])
    schema_1, _ = import_csv(personalize, group, "Interactions", INTERACTIONS, interactions, suffix)
    schema_2, _ = import_csv(personalize, group, "Items", ITEMS, items, suffix)

    print("recipes:", ", ".join(recipe["name"] for recipe in personalize.list_recipes()["recipes"]))
    solution, version = train(personalize, group, "aws-user-personalization", suffix)
    campaign = deploy(personalize, "aws-user-personalization", version, suffix)
    _, ranking_version = train(personalize, group, "aws-personalized-ranking", suffix)
    ranking = deploy(personalize, "aws-personalized-ranking", ranking_version, suffix)

    # Which films would this user watch next?
    user = usual_user(interactions)
    before = recommend(runtime, campaign, user, names)

    # In which order should this user see these?
    shelf = sorted(names)[:20]
    ranked = runtime.get_personalized_ranking(campaignArn=ranking, userId=user, inputList=shelf)["personalizedRanking"]
    show(f"20 films as user {user} should see them", ranked, names)

    # Events count at once: the next list knows of three documentaries.
    tracker = personalize.create_event_tracker(name=f"movielens-{suffix}", datasetGroupArn=group)
    wait_until_active(
        lambda: personalize.describe_event_tracker(eventTrackerArn=tracker["eventTrackerArn"])["eventTracker"]
    )
    for item in [item for item, (_, genres) in names.items() if "Documentary" in genres][:3]:
        print(f"\nUser {user} watches {names[item][0]}.")
        watch(events, tracker["trackingId"], user, item)
    after = recommend(runtime, campaign, user, names)
    known = {item["itemId"] for item in before}
    print(f"{sum(item['itemId'] not in known for item in after)} of {len(after)} were not in the list before.")

    # Without what was watched already.
    unseen = create_filter(
        personalize, group, f"unseen-{suffix}", 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("watch")'
    )
    fresh = runtime.get_recommendations(campaignArn=campaign, userId=user, filterArn=unseen)["itemList"]
    show("Not watched yet", fresh, names)

    # Only some genre, chosen with each request; a value is quoted inside its text, several are separated by commas.
    genre = create_filter(personalize, group, f"genre-{suffix}", "INCLUDE ItemID WHERE Items.GENRES IN ($G)")
    comedies = runtime.get_recommendations(
        campaignArn=campaign, userId=user, filterArn=genre, filterValues={"G": '"Comedy"'}
    )["itemList"]
    show("Comedies", comedies, names)

    list_everything(personalize, group, solution)
    delete_everything(personalize, group, [schema_1, schema_2])


if __name__ == "__main__":
    main()
