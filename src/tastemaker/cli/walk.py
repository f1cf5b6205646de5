"""From CSV files to a campaign, step by step, through the API. A step that was done before is not done again."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tastemaker.arn import service_arn
from tastemaker.cli.client import Server
from tastemaker.cli.waiting import Watch, until_active

FOR_USERS, RELATED = "aws-user-personalization", "aws-sims"
STOPPED = ("CREATE STOPPING", "CREATE STOPPED")
UNSEEN = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("watch")'


@dataclass(frozen=True)
class Deployed:
    """What a walk ends with."""

    group: str
    campaign: str
    unseen: str  # the filter that leaves out what the user watched
    tracking_id: str


def dataset_group(server: Server, name: str) -> str:
    """The ARN of the ACTIVE dataset group of that name."""
    found = _find(server, "list_dataset_groups", "datasetGroups", "datasetGroupArn", name)
    arn = found or server.personalize.create_dataset_group(name=name)["datasetGroupArn"]
    until_active(server, arn)
    return arn


def dataset(server: Server, group: str, name: str, kind: str, schema: str) -> str:
    """The ARN of the group's ACTIVE dataset of a type, with a schema of its own."""
    for each in server.each("list_datasets", "datasets", datasetGroupArn=group):
        if each["datasetType"] == kind.upper():
            until_active(server, each["datasetArn"])
            return str(each["datasetArn"])
    own = f"{name}-{kind.lower()}"
    schema_arn = _find(server, "list_schemas", "schemas", "schemaArn", own)
    schema_arn = schema_arn or server.personalize.create_schema(name=own, schema=schema)["schemaArn"]
    request = {"name": own, "schemaArn": schema_arn, "datasetGroupArn": group, "datasetType": kind}
    arn = str(server.personalize.create_dataset(**request)["datasetArn"])
    until_active(server, arn)
    return arn


def imported(server: Server, dataset_arn: str, name: str, location: str, watch: Watch) -> Mapping[str, Any]:
    """The import report of the dataset: of an earlier job that worked, or of a new one."""
    jobs = list(server.each("list_dataset_import_jobs", "datasetImportJobs", datasetArn=dataset_arn))
    usable = [each["datasetImportJobArn"] for each in jobs if each["status"] != "CREATE FAILED"]
    arn = usable[-1] if usable else None
    if arn is None:
        source = {"dataLocation": location}
        job = f"{name}-{int(time.time())}"
        created = server.personalize.create_dataset_import_job(jobName=job, datasetArn=dataset_arn, dataSource=source)
        arn = created["datasetImportJobArn"]
    report: Mapping[str, Any] = until_active(server, arn, watch)["body"]["report"]
    return report


def solution(server: Server, group: str, name: str, recipe: str) -> str:
    """The ARN of the group's ACTIVE solution of that name."""
    found = _find(server, "list_solutions", "solutions", "solutionArn", name, datasetGroupArn=group)
    request = {"name": name, "datasetGroupArn": group, "recipeArn": service_arn(f"recipe/{recipe}")}
    arn = found or str(server.personalize.create_solution(**request)["solutionArn"])
    until_active(server, arn)
    return arn


def trained(server: Server, solution_arn: str, watch: Watch) -> Mapping[str, Any]:
    """All that is known of an ACTIVE version of the solution: an earlier one, or a new one."""
    versions = list(server.each("list_solution_versions", "solutionVersions", solutionArn=solution_arn))
    usable = [each["solutionVersionArn"] for each in versions if each["status"] not in ("CREATE FAILED", *STOPPED)]
    arn = usable[-1] if usable else None
    if arn is None:
        arn = server.personalize.create_solution_version(solutionArn=solution_arn)["solutionVersionArn"]
    return until_active(server, arn, watch)


def campaign(server: Server, name: str, version: str, recipe: str) -> str:
    """The ARN of the ACTIVE campaign of that name; its answers carry titles, and nothing is left to chance."""
    arn = _find(server, "list_campaigns", "campaigns", "campaignArn", name)
    if arn is None:
        config: dict[str, Any] = {"enableMetadataWithRecommendations": True}
        if recipe == FOR_USERS:
            config["itemExplorationConfig"] = {"explorationWeight": "0"}
        request = {"name": name, "solutionVersionArn": version, "minProvisionedTPS": 1, "campaignConfig": config}
        arn = str(server.personalize.create_campaign(**request)["campaignArn"])
    until_active(server, arn)
    return arn


def unseen_filter(server: Server, group: str, name: str) -> str:
    """The ARN of the filter that leaves out what the user watched."""
    arn = _find(server, "list_filters", "Filters", "filterArn", name, datasetGroupArn=group)
    if arn is None:
        request = {"name": name, "datasetGroupArn": group, "filterExpression": UNSEEN}
        arn = str(server.personalize.create_filter(**request)["filterArn"])
    until_active(server, arn)
    return arn


def tracking_id(server: Server, group: str, name: str) -> str:
    """The id under which the group takes events."""
    arn = _find(server, "list_event_trackers", "eventTrackers", "eventTrackerArn", name, datasetGroupArn=group)
    if arn is None:
        request = {"name": name, "datasetGroupArn": group}
        arn = str(server.personalize.create_event_tracker(**request)["eventTrackerArn"])
    until_active(server, arn)
    return str(server.personalize.describe_event_tracker(eventTrackerArn=arn)["eventTracker"]["trackingId"])


def _find(server: Server, operation: str, member: str, arn_member: str, name: str, **given: str) -> str | None:
    found = (each[arn_member] for each in server.each(operation, member, **given) if each["name"] == name)
    return next(found, None)
