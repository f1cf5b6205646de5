"""Recommenders: a use case of a domain dataset group, trained and deployed in one step."""

from typing import Any

from sqlalchemy import Connection

from tastemaker.arn import Scope, kind_of, name_of
from tastemaker.errors import InvalidInputException, ResourceNotFoundException
from tastemaker.kinds.campaign import check_answering, require_items
from tastemaker.kinds.dataset_group import DATASET_GROUP
from tastemaker.kinds.solution_config import check_training_columns
from tastemaker.recipes.catalogue import recipes
from tastemaker.recipes.use_cases import UseCase, use_case
from tastemaker.resources.engine import begin, begin_update, existing, require_active
from tastemaker.resources.groups import DATASET_NAMES, dataset_of, schemas_by_type
from tastemaker.resources.kind import Birth, Body, Kind, Outcome, Task, Work
from tastemaker.resources.quotas import at_most
from tastemaker.resources.statuses import COMING, SUSPENDABLE
from tastemaker.storage.database import touch
from tastemaker.storage.rows import Resource
from tastemaker.storage.store import Store
from tastemaker.training.train_recommender import refresh_recommender, train_recommender

CONFIG = "recommenderConfig"


def is_of_a_use_case(birth: Birth) -> None:
    """The recipe is a use case of the group's domain, and the group has the datasets that it needs."""
    case = case_of(birth.request["recipeArn"])
    group = birth.parents["datasetGroupArn"]
    if group.body.get("domain") != case.domain:
        raise InvalidInputException(
            f"recipeArn {birth.request['recipeArn']} is for the domain {case.domain}, and {group.arn} is of "
            f"{group.body.get('domain') or 'none'}. ListRecipes with its domain shows what fits."
        )
    missing = [name for name in case.datasets if dataset_of(birth.connection, group.arn, name) is None]
    if missing:
        raise InvalidInputException(
            f"{group.arn} has no ACTIVE {DATASET_NAMES[missing[0]]} dataset, which {case.name} needs: create one and "
            "import data first."
        )


def is_configured(birth: Birth) -> None:
    """The configuration is complete: what was not given has its default."""
    config = {"minRecommendationRequestsPerSecond": 1, **birth.body.get(CONFIG, {})}
    check_config(birth.connection, birth.request["datasetGroupArn"], case_of(birth.request["recipeArn"]), config)
    birth.body[CONFIG] = config


def case_of(arn: str) -> UseCase:
    """The use case of an ARN. Raises InvalidInputException for another recipe, ResourceNotFoundException for none."""
    if kind_of(arn) != "recipe":
        raise ResourceNotFoundException(
            f"recipeArn is {arn!r}: give one like arn:aws:personalize:::recipe/aws-vod-top-picks."
        )
    case = use_case(name_of(arn))
    if case is None and name_of(arn) in recipes():
        raise InvalidInputException(
            f"recipeArn {arn} is a custom recipe: create a solution with it, or give the recipe of a use case."
        )
    if case is None:
        raise ResourceNotFoundException(f"There is no recipe {arn}. ListRecipes shows those there are.")
    return case


def check_config(connection: Connection, group: str, case: UseCase, config: Body) -> None:
    """Raise InvalidInputException for what a recommender of this use case cannot be told."""
    check_answering(CONFIG, config, case.name, case.traits)
    if config.get("enableMetadataWithRecommendations"):
        require_items(connection, group)
    check_training_columns(config, schemas_by_type(connection, group))


def change_configuration(task: Task) -> Outcome:
    """Other training columns need another training; all else only another deployment."""
    config = (task.resource.change or {})[CONFIG]
    before = task.resource.body[CONFIG].get("trainingDataConfig", {})
    retrained = train_recommender(task, config) if config.get("trainingDataConfig", {}) != before else None

    def outcome(connection: Connection) -> Body:
        touch(connection)
        return {CONFIG: config, **(retrained(connection) if retrained else {})}

    return outcome


def announce(_: Task) -> Outcome:
    """Servers look at the row again."""

    def outcome(connection: Connection) -> Body:
        touch(connection)
        return {}

    return outcome


def described(recommender: Resource, _: Connection) -> Body:
    """The metrics of its model; the latest update, after the first one."""
    shown: Body = {"latestRecommenderUpdate": dict(recommender.change)} if recommender.change else {}
    if recommender.status in {*COMING, "DELETE PENDING", "DELETE IN_PROGRESS"}:
        return shown
    metrics = recommender.body.get("metrics")
    return {
        **shown,
        **({"modelMetrics": {name: round(value, 4) for name, value in metrics.items()}} if metrics else {}),
    }


RECOMMENDER = Kind(
    "Recommender",
    "recommender",
    SUSPENDABLE,
    parents={"datasetGroupArn": DATASET_GROUP},
    listed_by="datasetGroupArn",
    rules=(is_of_a_use_case, is_configured),
    quotas=(at_most(5, "Recommender", "datasetGroupArn"), at_most(15, "Recommender")),
    create=Work(train_recommender, in_child=True),
    update=Work(change_configuration, in_child=True),
    more={
        "suspend": Work(announce),
        "resume": Work(announce),
        "retrain": Work(train_recommender, in_child=True, unseen=True),
        "refresh": Work(refresh_recommender, in_child=True, unseen=True),
    },
    described=described,
    on_servers=True,
)


def update_recommender(store: Store, request: dict[str, Any], _: Scope) -> dict[str, Any]:
    """Change the configuration; the old one answers until the update is ACTIVE."""
    with store.database.write() as connection:
        found = existing(connection, RECOMMENDER, request["recommenderArn"])
        config = {"minRecommendationRequestsPerSecond": 1, **request[CONFIG]}
        check_config(connection, found.body["datasetGroupArn"], case_of(found.body["recipeArn"]), config)
        if found.status != "INACTIVE":
            require_active(found, "recommenderArn")
        begin_update(store, connection, RECOMMENDER, found, {CONFIG: config})
    return {"recommenderArn": found.arn}


def stop_recommender(store: Store, request: dict[str, Any], _: Scope) -> dict[str, Any]:
    """Take it out of service; its model is kept."""
    return _switch(store, request, "ACTIVE", "suspend")


def start_recommender(store: Store, request: dict[str, Any], _: Scope) -> dict[str, Any]:
    """Put it back into service with the model that it has."""
    return _switch(store, request, "INACTIVE", "resume")


def _switch(store: Store, request: dict[str, Any], wanted: str, verb: str) -> dict[str, Any]:
    with store.database.write() as connection:
        found = existing(connection, RECOMMENDER, request["recommenderArn"])
        other = "INACTIVE" if wanted == "ACTIVE" else "ACTIVE"
        if found.status == other:
            raise InvalidInputException(f"{found.arn} is {other} already: only one that is {wanted} can be changed so.")
        if found.status != wanted:
            require_active(found, "recommenderArn")
        begin(store, connection, RECOMMENDER, found, verb)
    return {"recommenderArn": found.arn}
