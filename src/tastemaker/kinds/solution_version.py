"""Solution versions: a recipe, fitted and measured."""

from typing import Any

from tastemaker.arn import Scope, name_of
from tastemaker.errors import InvalidInputException, ResourceAlreadyExistsException, ResourceInUseException
from tastemaker.kinds.solution import SOLUTION
from tastemaker.kinds.solution_config import recipe_named
from tastemaker.recipes.contract import traits
from tastemaker.resources.engine import existing, move
from tastemaker.resources.kind import Birth, Kind, Work
from tastemaker.resources.quotas import at_most_unfinished
from tastemaker.resources.statuses import COMING, FAILED, TRAINED
from tastemaker.storage import jobs, rows
from tastemaker.storage.store import Store
from tastemaker.training.train import refresh_version, train

COPIED = (
    "performHPO",
    "performAutoML",
    "performIncrementalUpdate",
    "recipeArn",
    "eventType",
    "datasetGroupArn",
    "knownColumns",
)


def trains_in_a_mode(birth: Birth) -> None:
    """FULL, or UPDATE on top of a version that was trained in full."""
    mode = birth.body.setdefault("trainingMode", "FULL")
    birth.body.setdefault("trainingType", "MANUAL")  # no request can say otherwise
    if mode == "AUTOTRAIN":
        raise InvalidInputException("trainingMode AUTOTRAIN is for automatic training: give FULL or UPDATE.")
    if mode == "FULL":
        return
    solution = birth.parents["solutionArn"]
    if not traits(recipe_named(solution.body.get("recipeArn", ""))).training_mode_update:
        raise InvalidInputException(
            f"trainingMode UPDATE: {solution.body.get('recipeArn')} cannot be updated so. Give FULL."
        )
    versions = rows.referring(birth.connection, solution.arn, ["SolutionVersion"])
    if not any(each.status == "ACTIVE" and each.body["trainingMode"] == "FULL" for each in versions):
        raise InvalidInputException(
            f"trainingMode UPDATE needs an ACTIVE version of {solution.arn} trained with FULL. Train one first."
        )


def name_is_free(birth: Birth) -> None:
    """A name is optional, and unique within its solution."""
    wanted = birth.request.get("name")
    for other in rows.referring(birth.connection, birth.request["solutionArn"], ["SolutionVersion"]):
        if wanted is not None and other.name == wanted:
            raise ResourceAlreadyExistsException(f"Another resource with Arn {other.arn} already exists.")


def keeps_the_configuration(birth: Birth) -> None:
    """A version shows the configuration as it was when it was trained."""
    solution = birth.parents["solutionArn"]
    birth.body.update({member: solution.body[member] for member in COPIED if member in solution.body})
    birth.body["solutionConfig"] = solution.body.get("solutionConfig", {})
    birth.links.append(solution.body["datasetGroupArn"])


def path(birth: Birth) -> str:
    """The name of the solution, and eight hex digits."""
    return f"{name_of(birth.request['solutionArn'])}/{birth.store.new_hex()}"


SOLUTION_VERSION = Kind(
    "SolutionVersion",
    "solution",
    TRAINED,
    parents={"solutionArn": SOLUTION},
    listed_by="solutionArn",
    listed_by_must_exist=True,
    rules=(trains_in_a_mode, name_is_free, keeps_the_configuration),
    quotas=(at_most_unfinished(20, "SolutionVersion"),),
    suffix=path,
    create=Work(train, in_child=True),
    more={"refresh": Work(refresh_version, in_child=True, unseen=True)},
)


def get_solution_metrics(store: Store, request: dict[str, Any], _: Scope) -> dict[str, Any]:
    """The offline metrics of a trained version, "rounded to 4 decimals"."""
    with store.database.read() as connection:
        found = existing(connection, SOLUTION_VERSION, request["solutionVersionArn"])
    if found.status in FAILED:
        raise InvalidInputException(f"{found.arn} is {found.status}, so it has no metrics: {found.failure_reason}")
    if found.status != "ACTIVE":
        raise ResourceInUseException(f"{found.arn} is {found.status}. Its metrics are there when it is ACTIVE.")
    metrics = {name: round(value, 4) for name, value in found.body["metrics"].items()}
    return {"solutionVersionArn": found.arn, "metrics": metrics}


def stop_solution_version_creation(store: Store, request: dict[str, Any], _: Scope) -> dict[str, Any]:
    """Stop a training; the version stays, and cannot be deployed."""
    with store.database.write() as connection:
        found = existing(connection, SOLUTION_VERSION, request["solutionVersionArn"])
        if found.status not in COMING:
            raise InvalidInputException(f"{found.arn} is {found.status}: only a training that goes on can be stopped.")
        move(connection, SOLUTION_VERSION, found, "stop", store.now_s())
        jobs.ask_to_stop(connection, found.arn)
    return {}
