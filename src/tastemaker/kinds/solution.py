"""Solutions: what to train, and how; training itself is a solution version."""

from sqlalchemy import Connection

from tastemaker.arn import kind_of, name_of
from tastemaker.errors import InvalidInputException, ResourceInUseException, ResourceNotFoundException
from tastemaker.kinds.dataset_group import DATASET_GROUP
from tastemaker.recipes.catalogue import recipes
from tastemaker.recipes.contract import parse
from tastemaker.resources.groups import dataset_of, schema_of
from tastemaker.resources.kind import Birth, Body, Kind
from tastemaker.resources.statuses import CHANGING, PROVISIONED
from tastemaker.storage import rows
from tastemaker.storage.rows import Resource

# What a request may ask that this version cannot do: refused, so that nobody believes it was done.
NOT_YET = {
    "performHPO": "hyperparameter optimisation",
    "performAutoML": "AutoML",
    "performIncrementalUpdate": "incremental updates",
}
CONFIG_NOT_YET = ("hpoConfig", "autoMLConfig", "eventsConfig", "optimizationObjective", "trainingDataConfig")


def asks_for_what_there_is(birth: Birth) -> None:
    """Members with an effect that this version does not have are refused, not passed over."""
    config = birth.request.get("solutionConfig", {})
    asked = [f"{member} ({what})" for member, what in NOT_YET.items() if birth.request.get(member)]
    asked += [f"solutionConfig.{member}" for member in CONFIG_NOT_YET if config.get(member)]
    if asked:
        raise InvalidInputException(
            f"{', '.join(asked)}: not supported by this version of Tastemaker. Leave it out; docs/compatibility.md "
            "says what there is."
        )
    birth.body.setdefault("performHPO", False)
    birth.body.setdefault("performAutoML", False)
    birth.body.setdefault("performAutoTraining", True)
    birth.body.setdefault("performIncrementalUpdate", False)


def has_a_recipe(birth: Birth) -> None:
    """The recipe exists, and its hyperparameters are what it takes."""
    arn = birth.request.get("recipeArn")
    if arn is None:
        raise InvalidInputException("recipeArn is missing: ListRecipes shows the recipes there are.")
    if kind_of(arn) != "recipe":
        raise InvalidInputException(f"recipeArn is {arn!r}: give one like arn:aws:personalize:::recipe/aws-sims.")
    recipe = recipes().get(name_of(arn))
    if recipe is None:
        raise ResourceNotFoundException(f"There is no recipe {arn}. There are: {', '.join(recipes())}.")
    config = birth.request.get("solutionConfig", {})
    given = {**config.get("algorithmHyperParameters", {}), **config.get("featureTransformationParameters", {})}
    try:
        parse(recipe.Params, given)
    except ValueError as error:
        raise InvalidInputException(f"solutionConfig: {error}") from None


def has_interactions(birth: Birth) -> None:
    """Every recipe learns from interactions; events are chosen by columns that the dataset has."""
    dataset = dataset_of(birth.connection, birth.request["datasetGroupArn"], "INTERACTIONS")
    if dataset is None:
        raise InvalidInputException(
            f"{birth.request['datasetGroupArn']} has no ACTIVE Interactions dataset: create one and import data first."
        )
    schema = schema_of(birth.connection, dataset)
    threshold = birth.request.get("solutionConfig", {}).get("eventValueThreshold")
    if birth.request.get("eventType") and schema.column("EVENT_TYPE") is None:
        raise InvalidInputException("eventType: the Interactions schema has no column EVENT_TYPE. Leave eventType out.")
    if threshold is not None:
        if schema.column("EVENT_VALUE") is None:
            raise InvalidInputException("eventValueThreshold: the Interactions schema has no column EVENT_VALUE.")
        try:
            float(threshold)
        except ValueError:
            raise InvalidInputException(f"eventValueThreshold is {threshold!r}: give a number.") from None


def versions_are_quiet(solution: Resource, connection: Connection) -> None:
    """No version is in training, and none is deployed."""
    running = [
        each for each in rows.referring(connection, solution.arn, ["SolutionVersion"]) if each.status in CHANGING
    ]
    if running:
        raise ResourceInUseException(
            f"{solution.arn} cannot be deleted: {running[0].arn} is {running[0].status}. Wait, or stop it with "
            "StopSolutionVersionCreation."
        )


def latest_version(solution: Resource, connection: Connection) -> Body:
    """The newest version, in whatever state."""
    versions = rows.referring(connection, solution.arn, ["SolutionVersion"])
    if not versions:
        return {}
    newest = versions[-1]
    return {
        "latestSolutionVersion": {
            "solutionVersionArn": newest.arn,
            "status": newest.status,
            "trainingMode": newest.body["trainingMode"],
            "trainingType": newest.body["trainingType"],
            "creationDateTime": round(newest.created_s, 3),
            "lastUpdatedDateTime": round(newest.updated_s, 3),
            "failureReason": newest.failure_reason,
        }
    }


SOLUTION = Kind(
    "Solution",
    "solution",
    PROVISIONED,
    parents={"datasetGroupArn": DATASET_GROUP},
    listed_by="datasetGroupArn",
    rules=(asks_for_what_there_is, has_a_recipe, has_interactions),
    blocked_by=("Campaign",),
    may_delete=(versions_are_quiet,),
    takes_along=("SolutionVersion",),
    described=latest_version,
)
