"""The work of a solution version: one lesson as its solution says, or the newest one brought up to date."""

import time
from typing import Any

import structlog
from sqlalchemy import Connection

from tastemaker.arn import name_of
from tastemaker.data.selection import selection
from tastemaker.recipes.catalogue import recipes
from tastemaker.recipes.contract import Recipe, given_in, parse, stage
from tastemaker.resources.kind import Body, Outcome, Task, WorkFailed
from tastemaker.storage import rows
from tastemaker.storage.rows import Resource
from tastemaker.training.learning import Learned, Lesson, learn
from tastemaker.training.refreshing import refresh, refreshed
from tastemaker.training.search import best_of

log = structlog.get_logger()


def train(task: Task) -> Outcome:
    """Fit the recipe, measured on held-out users first. The version is ACTIVE when its artifact is on disk."""
    version = task.resource
    if version.body["trainingMode"] == "UPDATE":
        return _update(task)
    found = best_of(task) if version.body["performHPO"] or version.body["performAutoML"] else None
    lesson = lesson_of(version.body, recipe_of(found.recipe_arn), found.given) if found else lesson_of(version.body)
    watch = stage(task.watch, 0.7, 0.3) if found else task.watch
    learned = learn(task.store, lesson, lesson.corpus(task.store), task.seed, watch)
    log.info("solution_version.trained", arn=version.arn, recipe=lesson.recipe.name, **learned.report)
    more = found.told if found else {}

    def outcome(_: Connection) -> Body:
        return {**more, **trained(learned)}

    return outcome


def trained(learned: Learned) -> Body:
    """What a resource keeps of its training."""
    return {
        "artifact": learned.artifact,
        "trainingHours": learned.hours,
        "metrics": learned.metrics,
        "report": {"evaluation": learned.evaluation, **learned.report},
        "through_seq": learned.through_seq,
    }


def recipe_of(arn: str) -> Recipe:
    """The recipe behind an ARN. Raises WorkFailed if it is not installed any more."""
    recipe = recipes().get(name_of(arn))
    if recipe is None:
        raise WorkFailed(f"Create failed. The recipe {arn} is not installed on this server.")
    return recipe


def lesson_of(body: Any, recipe: Recipe | None = None, given: dict[str, str] | None = None) -> Lesson:
    """What a solution version is to learn: as its configuration says, or with what a search has found."""
    recipe = recipe or recipe_of(body["recipeArn"])
    given = given_in(body["solutionConfig"]) if given is None else given
    return Lesson(
        recipe, parse(recipe.Params, given), body["datasetGroupArn"], selection(body), config=body["solutionConfig"]
    )


def refresh_version(task: Task) -> Outcome:
    """What a deployed version does by itself: new items and events flow into it."""
    return refresh(task, lesson_of(task.resource.body))


def _update(task: Task) -> Outcome:
    """New items and events on top of the newest version that was trained in full; nothing is fitted."""
    began_s, lesson, base = time.monotonic(), lesson_of(task.resource.body), _newest_full(task)
    report = {**base.body["report"], "updates": base.arn}
    found = refreshed(task.store, lesson, base.body["artifact"], report, task.watch)
    hours = round((time.monotonic() - began_s) / 3600, 6)
    return lambda _: trained(Learned(found.artifact, base.body["metrics"], found.facts, hours, found.through_seq))


def _newest_full(task: Task) -> Resource:
    with task.store.database.read() as connection:
        versions = rows.referring(connection, task.resource.body["solutionArn"], ["SolutionVersion"])
    full = [each for each in versions if each.status == "ACTIVE" and each.body["trainingMode"] == "FULL"]
    if not full:
        raise WorkFailed("Create failed. There is no ACTIVE version with trainingMode FULL to update.")
    return full[-1]
