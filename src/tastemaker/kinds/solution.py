"""Solutions: what to train, how, and when; training itself is a solution version."""

from typing import Any

from sqlalchemy import Connection

from tastemaker.arn import Scope, service_arn
from tastemaker.errors import InvalidInputException, ResourceInUseException
from tastemaker.kinds.dataset_group import DATASET_GROUP
from tastemaker.kinds.solution_config import (
    SCHEDULE_DEFAULT,
    check_events,
    check_hyperparameters,
    check_objective,
    check_schedule,
    check_search,
    check_texts,
    check_training_columns,
    recipe_named,
)
from tastemaker.recipes.contract import traits
from tastemaker.resources.engine import begin_update, existing, require_active
from tastemaker.resources.groups import DATASET_NAMES, dataset_of, schema_of, schemas_by_type
from tastemaker.resources.kind import Birth, Body, Kind, Outcome, Task, Work
from tastemaker.resources.quotas import at_most
from tastemaker.resources.statuses import CHANGING, PROVISIONED
from tastemaker.storage import rows
from tastemaker.storage.rows import Resource
from tastemaker.storage.store import Store
from tastemaker.training.search import AUTOML_RECIPES


def asks_for_one_thing(birth: Birth) -> None:
    """A recipe, or AutoML to choose one."""
    body = birth.body
    for member in ("performHPO", "performAutoML", "performIncrementalUpdate"):
        body.setdefault(member, False)
    body.setdefault("performAutoTraining", True)
    if body["performAutoML"] == ("recipeArn" in body):
        raise InvalidInputException(
            "Give either recipeArn (ListRecipes shows the recipes there are) or performAutoML true, and not both."
        )
    config = dict(body.get("solutionConfig", {}))
    if body["performAutoML"]:
        # "All other parameters are ignored when you specify AutoML."
        config = {name: value for name, value in config.items() if name in ("autoMLConfig", "autoTrainingConfig")}
        for arn in config.get("autoMLConfig", {}).get("recipeList", []):
            recipe_named(arn)
    if body["performAutoTraining"]:
        config.setdefault("autoTrainingConfig", {"schedulingExpression": SCHEDULE_DEFAULT})
    check_schedule(config)
    body["solutionConfig"] = config


def fits_its_recipe(birth: Birth) -> None:
    """The recipe exists, the group has the datasets it needs, and the configuration is for it."""
    body, config = birth.body, birth.body["solutionConfig"]
    group = body["datasetGroupArn"]
    schemas = schemas_by_type(birth.connection, group)
    recipe = recipe_named(body.get("recipeArn") or service_arn(f"recipe/{AUTOML_RECIPES[0]}"))
    missing = [DATASET_NAMES[name] for name in traits(recipe).datasets if name not in schemas]
    if missing:
        raise InvalidInputException(
            f"{group} has no ACTIVE {missing[0]} dataset, which {recipe.name} needs: create one and import data first."
        )
    if body["performIncrementalUpdate"] and not traits(recipe).incremental_update:
        raise InvalidInputException(f"performIncrementalUpdate: {recipe.name} cannot be updated so. Leave it out.")
    check_hyperparameters(recipe, config)
    check_search(recipe, config, body["performHPO"])
    check_events(recipe, config, body.get("eventType"), schemas["INTERACTIONS"])
    check_objective(recipe, config, schemas.get("ITEMS"))
    check_training_columns(config, schemas)
    check_texts(recipe, body, schemas.get("ITEMS"))
    # "New columns are excluded from training until you include them."
    body["knownColumns"] = {name: [column.name for column in schema.columns] for name, schema in schemas.items()}


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


def no_update_goes_on(solution: Resource, _: Connection) -> None:
    """A solution is updated beside its status."""
    if solution.change is not None and solution.change["status"] in CHANGING:
        raise ResourceInUseException(f"{solution.arn} is being updated. Wait until that is done, then try again.")


def described(solution: Resource, connection: Connection) -> Body:
    """The newest version, in whatever state; the latest update; the recipe that AutoML chose."""
    shown: Body = {"latestSolutionUpdate": dict(solution.change)} if solution.change else {}
    versions = rows.referring(connection, solution.arn, ["SolutionVersion"])
    if not versions:
        return shown
    newest = versions[-1]
    shown["latestSolutionVersion"] = {
        "solutionVersionArn": newest.arn,
        "status": newest.status,
        "trainingMode": newest.body["trainingMode"],
        "trainingType": newest.body["trainingType"],
        "creationDateTime": round(newest.created_s, 3),
        "lastUpdatedDateTime": round(newest.updated_s, 3),
        "failureReason": newest.failure_reason,
    }
    found = [each.body["autoMLResult"] for each in versions if "autoMLResult" in each.body]
    return {**shown, **({"autoMLResult": found[-1]} if found else {})}


def change_configuration(task: Task) -> Outcome:
    """The new configuration holds from the next training on; a new schedule begins anew."""
    change, body = dict(task.resource.change or {}), task.resource.body
    given = change.get("solutionUpdateConfig", {})
    config = {**body["solutionConfig"], **given}
    if "autoTrainingConfig" in given or (change.get("performAutoTraining") and not body["performAutoTraining"]):
        config.setdefault("autoTrainingConfig", {"schedulingExpression": SCHEDULE_DEFAULT})
        schedule = {"scheduledFrom_s": task.store.now_s()}
    else:
        schedule = {}
    members = {name: change[name] for name in UPDATABLE if name in change}
    return lambda _: {**members, **schedule, "solutionConfig": config}


UPDATABLE = ("performAutoTraining", "performIncrementalUpdate")

SOLUTION = Kind(
    "Solution",
    "solution",
    PROVISIONED,
    parents={"datasetGroupArn": DATASET_GROUP},
    # Public notebooks train in the line after CreateSolution; where they look, it is ACTIVE from its creation on.
    usable_at_once=True,
    listed_by="datasetGroupArn",
    rules=(asks_for_one_thing, fits_its_recipe),
    quotas=(at_most(10, "Solution", "datasetGroupArn"),),
    blocked_by=("Campaign",),
    may_delete=(versions_are_quiet, no_update_goes_on),
    takes_along=("SolutionVersion",),
    update=Work(change_configuration),
    described=described,
)


def update_solution(store: Store, request: dict[str, Any], _: Scope) -> dict[str, Any]:
    """Change when a solution is trained by itself, and what its events count."""
    with store.database.write() as connection:
        found = existing(connection, SOLUTION, request["solutionArn"])
        members = {name: value for name, value in request.items() if name != "solutionArn"}
        if not members:
            raise InvalidInputException("UpdateSolution needs something to change besides solutionArn.")
        given = members.get("solutionUpdateConfig", {})
        check_schedule(given)
        recipe = recipe_named(found.body.get("recipeArn") or service_arn(f"recipe/{AUTOML_RECIPES[0]}"))
        if members.get("performIncrementalUpdate") and not traits(recipe).incremental_update:
            raise InvalidInputException(f"performIncrementalUpdate: {recipe.name} cannot be updated so. Leave it out.")
        dataset = dataset_of(connection, found.body["datasetGroupArn"], "INTERACTIONS")
        if "eventsConfig" in given:
            if dataset is None:
                raise InvalidInputException(f"{found.body['datasetGroupArn']} has no ACTIVE Interactions dataset.")
            config = {**found.body["solutionConfig"], "eventsConfig": given["eventsConfig"]}
            check_events(recipe, config, found.body.get("eventType"), schema_of(connection, dataset))
        require_active(found, "solutionArn")
        begin_update(store, connection, SOLUTION, found, members)
    return {"solutionArn": found.arn}
