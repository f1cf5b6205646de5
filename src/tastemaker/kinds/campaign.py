"""Campaigns: a solution version that answers requests."""

from typing import Any

from sqlalchemy import Connection

from tastemaker.arn import Scope
from tastemaker.errors import InvalidInputException, ResourceNotFoundException
from tastemaker.kinds.solution import SOLUTION
from tastemaker.kinds.solution_config import recipe_named
from tastemaker.kinds.solution_version import SOLUTION_VERSION
from tastemaker.recipes.contract import Traits, traits
from tastemaker.resources.engine import begin_update, existing, require_active, require_region
from tastemaker.resources.groups import dataset_of, schemas_by_type
from tastemaker.resources.kind import Birth, Body, Kind, Outcome, Task, Work, WorkFailed
from tastemaker.resources.quotas import at_most_active
from tastemaker.resources.statuses import MENDABLE
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
    config = birth.body.get("campaignConfig", {})
    check_config(birth.connection, config, found, birth.request["solutionVersionArn"])


def targets(version: Resource) -> list[str]:
    """What a campaign of this version refers to."""
    return [version.arn, version.body["solutionArn"], version.body["datasetGroupArn"]]


def check_config(connection: Connection, config: Body, version: Resource, given_arn: str) -> None:
    """Raise InvalidInputException for what a campaign of this version cannot be told.

    given_arn: the version as the request names it.
    """
    recipe = recipe_named(version.body["recipeArn"])
    if recipe.recipe_type == "USER_SEGMENTATION":
        raise InvalidInputException(
            f"solutionVersionArn {version.arn} makes segments of users: use it in CreateBatchSegmentJob, not in a "
            "campaign."
        )
    if config.get("syncWithLatestSolutionVersion") and not given_arn.endswith(LATEST):
        raise InvalidInputException(
            "campaignConfig.syncWithLatestSolutionVersion needs a solutionVersionArn that ends in /$LATEST: give "
            f"{version.body['solutionArn']}{LATEST}."
        )
    check_answering("campaignConfig", config, recipe.name, traits(recipe))
    check_freshness(connection, "campaignConfig", config, version.body["datasetGroupArn"])
    if config.get("enableMetadataWithRecommendations"):
        require_items(connection, version.body["datasetGroupArn"])


def check_answering(member: str, config: Body, name: str, asks: Traits) -> None:
    """What campaigns, recommenders and batch jobs can be told alike of how they answer. member: what holds the config.

    Raises InvalidInputException for what the recipe does not take, and for settings of exploration that are no numbers
    in their ranges.
    """
    if config.get("rankingInfluence") and not asks.ranking_influence:
        raise InvalidInputException(f"{member}.rankingInfluence: only aws-semantic-similarity takes it.")
    exploration = config.get("itemExplorationConfig", {})
    if exploration and not asks.item_exploration_config:
        raise InvalidInputException(f"{member}.itemExplorationConfig: {name} does not explore.")
    ranges = {"explorationWeight": (0.0, 1.0), "explorationItemAgeCutOff": (1.0, float("inf"))}
    for setting, text in exploration.items():
        if setting not in ranges:
            raise InvalidInputException(f"itemExplorationConfig.{setting} is unknown. Known: {', '.join(ranges)}.")
        low, high = ranges[setting]
        try:
            is_allowed = low <= float(text) <= high
        except ValueError:
            is_allowed = False
        if not is_allowed:
            raise InvalidInputException(
                f"itemExplorationConfig.{setting} is {text!r}: give a number from {low} to {high}."
            )


def check_freshness(connection: Connection, member: str, config: Body, group: str) -> None:
    """Raise InvalidInputException for an influence of freshness where nothing says when items came."""
    items = schemas_by_type(connection, group).get("ITEMS")
    is_dated = items is not None and items.column("CREATION_TIMESTAMP") is not None
    if config.get("rankingInfluence", {}).get("FRESHNESS") and not is_dated:
        raise InvalidInputException(
            f"{member}.rankingInfluence.FRESHNESS needs a column CREATION_TIMESTAMP in the Items dataset of {group}: "
            "give the dataset a schema that has it with UpdateDataset, import the items and train again, or leave "
            "FRESHNESS out."
        )


def require_items(connection: Connection, group: str) -> None:
    """Metadata in replies comes from an Items dataset."""
    if dataset_of(connection, group, "ITEMS") is None:
        raise InvalidInputException(
            f"enableMetadataWithRecommendations: {group} has no ACTIVE Items dataset with metadata. Create one first."
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
    MENDABLE,
    listed_by="solutionArn",
    rules=(deploys_a_version,),
    quotas=(at_most_active(5, "Campaign", lambda birth: birth.links[-1], "campaign"),),
    create=Work(deploy),
    update=Work(deploy),
    described=update,
    on_servers=True,
)


def update_campaign(store: Store, request: dict[str, Any], _: Scope) -> dict[str, Any]:
    """Change version or configuration; the old ones answer until the update is ACTIVE."""
    with store.database.write() as connection:
        found = existing(connection, CAMPAIGN, request["campaignArn"])
        given_arn = request.get("solutionVersionArn", found.body["solutionVersionArn"])
        version = version_of(connection, given_arn)
        deployed = rows.find(connection, found.body["solutionVersionArn"])
        if deployed is not None and version.body["datasetGroupArn"] != deployed.body["datasetGroupArn"]:
            raise InvalidInputException(f"{version.arn} belongs to another dataset group than {found.arn}.")
        check_config(connection, request.get("campaignConfig", {}), version, given_arn)
        if found.status != "CREATE FAILED":  # an update is how to mend it
            require_active(found, "campaignArn")
        members: Body = {name: request[name] for name in ("minProvisionedTPS", "campaignConfig") if name in request}
        redeploy(store, connection, found, version, members)
    return {"campaignArn": found.arn}


def redeploy(store: Store, connection: Connection, found: Resource, version: Resource, members: Body) -> None:
    """Begin to deploy a version, with what is to be changed besides."""
    kept = {name: found.body[name] for name in ("minProvisionedTPS", "campaignConfig") if name in found.body}
    begin_update(store, connection, CAMPAIGN, found, {**kept, **members, "solutionVersionArn": version.arn})
    deployed = rows.find(connection, found.body["solutionVersionArn"])
    # The new version is in use from now on, although the old one still answers.
    rows.relink(connection, found.arn, [*targets(version), *(targets(deployed) if deployed else [])])
