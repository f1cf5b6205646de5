"""The work of a recommender: the recipe of its use case, trained and deployed in one step."""

from collections.abc import Mapping
from typing import Any

import structlog
from sqlalchemy import Connection

from tastemaker.arn import name_of
from tastemaker.data.selection import EVERYTHING, Selection, selection
from tastemaker.recipes.contract import parse
from tastemaker.recipes.use_cases import use_case
from tastemaker.resources.kind import Body, Outcome, Task, WorkFailed
from tastemaker.storage import rows
from tastemaker.storage.database import touch
from tastemaker.training.learning import Lesson, learn
from tastemaker.training.refreshing import refresh
from tastemaker.training.train import trained

log = structlog.get_logger()


def train_recommender(task: Task, config: Body | None = None) -> Outcome:
    """Learn from the events of the use case; servers load the model when they see its row change.

    config: the recommender's configuration, if it is not that of its body.
    """
    recommender = task.resource
    lesson = _lesson_of(recommender.body if config is None else {**recommender.body, "recommenderConfig": config})
    learned = learn(task.store, lesson, lesson.corpus(task.store), task.seed, task.watch)
    log.info(
        "recommender.trained", arn=recommender.arn, use_case=name_of(recommender.body["recipeArn"]), **learned.report
    )

    def outcome(connection: Connection) -> Body:
        present = rows.find(connection, recommender.arn)
        if config is None and present is not None and _columns(present.body) != _columns(recommender.body):
            return {}  # an update, with a training of its own, came first
        touch(connection)
        return {**trained(learned), "trained_s": task.store.now_s()}

    return outcome


def refresh_recommender(task: Task) -> Outcome:
    """What a recommender does by itself between two trainings: new items and events flow into it."""
    return refresh(task, _lesson_of(task.resource.body))


def _columns(body: Mapping[str, Any]) -> Body:
    found: Body = body["recommenderConfig"].get("trainingDataConfig", {})
    return found


def _lesson_of(body: Mapping[str, Any]) -> Lesson:
    case = use_case(name_of(body["recipeArn"]))
    if case is None:
        raise WorkFailed(f"Create failed. The use case {body['recipeArn']} is not known here.")
    columns = selection(body)
    by_type = {case.event_type.lower(): EVERYTHING} if case.event_type else None
    # "Domain dataset groups ignore EVENT_VALUE"; which events count is built into the use case.
    chosen = Selection(by_type, EVERYTHING, columns.excluded, columns.included)
    return Lesson(case.recipe, parse(case.recipe.Params, {}), body["datasetGroupArn"], chosen, case.needs)
