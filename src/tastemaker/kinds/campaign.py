"""Campaigns: a solution version that answers requests."""

from typing import Any

from sqlalchemy import Connection

from tastemaker.arn import Scope
from tastemaker.errors import InvalidInputException, ResourceNotFoundException
from tastemaker.kinds.solution import SOLUTION
from tastemaker.kinds.solution_version import SOLUTION_VERSION
from tastemaker.resources.engine import begin_update, existing, require_active, require_region
from tastemaker.resources.kind import Birth, Body, Kind, Outcome, Task, Work, WorkFailed
from tastemaker.resources.statuses import PROVISIONED
from tastemaker.storage import rows
from tastemaker.storage.artifacts import MANIFEST
from tastemaker.storage.database import touch
from tastemaker.storage.rows import Resource
from tastemaker.storage.store import Store

LATEST = "/$LATEST"


def version_of(connection: Connection, arn: str) -> Resource:
    """The ACTIVE solution version that an ARN names: a version's own, or `<solutionArn>/$LATEST`."""
    if not arn.endswith(LATEST):
        found = existing(connection, SOLUTION_VERSION, arn, "solutionVersionArn")
        require_active(found, "solutionVersionArn")
        return found
    solution = existing(connection, SOLUTION, arn.removesuffix(LATEST), "solutionVersionArn")
    trained = [
        each for each in rows.referring(connection, solution.arn, ["SolutionVersion"]) if each.status == "ACTIVE"
    ]
    if not trained:
        raise ResourceNotFoundException(
            f"{solution.arn} has no ACTIVE version: create one, and wait until it is ACTIVE."
        )
    return trained[-1]


def deploys_a_version(birth: Birth) -> None:
    """The version is trained; the campaign refers to it, to its solution and to its dataset group."""
    found = version_of(birth.connection, birth.request["solutionVersionArn"])
    require_region(found, birth.scope, "solutionVersionArn")
    birth.body["solutionVersionArn"] = found.arn
    birth.links.extend(targets(found))
    birth.body.setdefault("minProvisionedTPS", 1)


def targets(version: Resource) -> list[str]:
    """What a campaign of this version refers to."""
    return [version.arn, version.body["solutionArn"], version.body["datasetGroupArn"]]


def is_configured(birth: Birth) -> None:
    """The configuration has known keys, and values in their range."""
    check_config(birth.body.get("campaignConfig", {}))


def check_config(config: Body) -> None:
    """Raise InvalidInputException for what a campaign cannot be told."""
    if config.get("syncWithLatestSolutionVersion"):
        raise InvalidInputException(
            "campaignConfig.syncWithLatestSolutionVersion is not supported by this version of Tastemaker: leave it out "
            "and deploy a newer version with UpdateCampaign."
        )
    if config.get("rankingInfluence"):
        raise InvalidInputException("campaignConfig.rankingInfluence: only aws-semantic-similarity takes it.")
    ranges = {"explorationWeight": (0.0, 1.0), "explorationItemAgeCutOff": (1.0, float("inf"))}
    for name, text in config.get("itemExplorationConfig", {}).items():
        if name not in ranges:
            raise InvalidInputException(f"itemExplorationConfig.{name} is unknown. Known: {', '.join(ranges)}.")
        low, high = ranges[name]
        try:
            is_allowed = low <= float(text) <= high
        except ValueError:
            is_allowed = False
        if not is_allowed:
            raise InvalidInputException(
                f"itemExplorationConfig.{name} is {text!r}: give a number from {low} to {high}."
            )


def deploy(task: Task) -> Outcome:
    """Servers load a campaign when they see its row; here it is made sure that there is something to load."""
    body = task.resource.change or task.resource.body
    with task.store.database.read() as connection:
        version = rows.find(connection, body["solutionVersionArn"])
    if version is None or not (task.store.artifacts / version.body["artifact"] / MANIFEST).exists():
        raise WorkFailed(f"The model of {body['solutionVersionArn']} is not there: train a new version.")

    def outcome(connection: Connection) -> Body:
        touch(connection)
        rows.relink(connection, task.resource.arn, targets(version))
        return {
            name: body[name] for name in ("solutionVersionArn", "minProvisionedTPS", "campaignConfig") if name in body
        }

    return outcome


def update(campaign: Resource, _: Connection) -> Body:
    """The latest update, after the first one."""
    return {"latestCampaignUpdate": dict(campaign.change)} if campaign.change else {}


CAMPAIGN = Kind(
    "Campaign",
    "campaign",
    PROVISIONED,
    listed_by="solutionArn",
    rules=(deploys_a_version, is_configured),
    create=Work(deploy),
    update=Work(deploy),
    described=update,
    on_servers=True,
)


def update_campaign(store: Store, request: dict[str, Any], _: Scope) -> dict[str, Any]:
    """Change version or configuration; the old ones answer until the update is ACTIVE."""
    with store.database.write() as connection:
        found = existing(connection, CAMPAIGN, request["campaignArn"])
        members = {name: value for name, value in request.items() if name != "campaignArn"}
        arn = members.get("solutionVersionArn", found.body["solutionVersionArn"])
        version = version_of(connection, arn)
        deployed = rows.find(connection, found.body["solutionVersionArn"])
        if deployed is not None and version.body["datasetGroupArn"] != deployed.body["datasetGroupArn"]:
            raise InvalidInputException(f"{version.arn} belongs to another dataset group than {found.arn}.")
        check_config(members.get("campaignConfig", {}))
        kept = {name: found.body[name] for name in ("minProvisionedTPS", "campaignConfig") if name in found.body}
        begin_update(store, connection, CAMPAIGN, found, {**kept, **members, "solutionVersionArn": version.arn})
        # The new version is in use from now on, although the old one still answers.
        rows.relink(connection, found.arn, [*targets(version), *(targets(deployed) if deployed else [])])
    return {"campaignArn": found.arn}
