"""The work of a solution version: one lesson as its solution says, or the newest one brought up to date."""

import time
from typing import Any

import numpy as np
import structlog
from sqlalchemy import Connection

from tastemaker.arn import name_of
from tastemaker.data.selection import selection
from tastemaker.recipes.catalogue import recipes
from tastemaker.recipes.contract import Recipe, parse
from tastemaker.resources.kind import Body, Outcome, Task, WorkFailed
from tastemaker.storage import rows
from tastemaker.storage.rows import Resource
from tastemaker.storage.trained import load
from tastemaker.training.learning import Learned, Lesson, Stages, keep, learn
from tastemaker.training.search import best_of

log = structlog.get_logger()


def train(task: Task) -> Outcome:
    """Fit the recipe, measured on held-out users first. The version is ACTIVE when its artifact is on disk."""
    version = task.resource
    if version.body["trainingMode"] == "UPDATE":
        return _update(task)
    config = version.body["solutionConfig"]
    found = best_of(task) if version.body["performHPO"] or version.body["performAutoML"] else None
    recipe = recipe_of(found.recipe_arn if found else version.body["recipeArn"])
    lesson = lesson_of(version.body, recipe, found.given if found else given_in(config))
    stages = Stages(task.watch)
    watch = stages.part(0.7, 0.3) if found else task.watch
    learned = learn(task.store, lesson, lesson.corpus(task.store), task.seed, watch)
    log.info("solution_version.trained", arn=version.arn, recipe=recipe.name, **learned.report)
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
        "report": learned.report,
        "through_seq": learned.through_seq,
    }


def recipe_of(arn: str) -> Recipe:
    """The recipe behind an ARN. Raises WorkFailed if it is not installed any more."""
    recipe = recipes().get(name_of(arn))
    if recipe is None:
        raise WorkFailed(f"Create failed. The recipe {arn} is not installed on this server.")
    return recipe


def given_in(config: Body) -> dict[str, str]:
    """The hyperparameters of a solution's configuration, of both kinds."""
    return {**config.get("algorithmHyperParameters", {}), **config.get("featureTransformationParameters", {})}


def lesson_of(body: Any, recipe: Recipe, given: dict[str, str]) -> Lesson:
    """What a solution version is to learn."""
    return Lesson(
        recipe, parse(recipe.Params, given), body["datasetGroupArn"], selection(body), config=body["solutionConfig"]
    )


def _update(task: Task) -> Outcome:
    """New items and events on top of the newest version that was trained in full; nothing is fitted."""
    began_s, version, store = time.monotonic(), task.resource, task.store
    base = _newest_full(task)
    recipe = recipe_of(version.body["recipeArn"])
    lesson = lesson_of(version.body, recipe, given_in(version.body["solutionConfig"]))
    old = load(store.artifacts / base.body["artifact"])
    corpus = lesson.corpus(store)
    position = {name: place for place, name in enumerate(corpus.item_ids)}
    place_J = np.array([position.get(name, -1) for name in old.item_ids], np.int32)
    model: Any = old.model
    updated = model.extended(place_J, corpus.data(lesson.chosen))
    known = set(old.item_ids)
    report = {
        **base.body["report"],
        "updates": base.arn,
        "new_items": sum(name not in known for name in corpus.item_ids),
        "data_fingerprint": corpus.fingerprint(),
        "users": len(corpus.user_ids),
        "items": len(corpus.item_ids),
    }
    artifact = keep(store, lesson, corpus, updated, report, task.watch)
    hours = round((time.monotonic() - began_s) / 3600, 6)
    return lambda _: trained(Learned(artifact, base.body["metrics"], report, hours, corpus.through_seq))


def _newest_full(task: Task) -> Resource:
    with task.store.database.read() as connection:
        versions = rows.referring(connection, task.resource.body["solutionArn"], ["SolutionVersion"])
    full = [each for each in versions if each.status == "ACTIVE" and each.body["trainingMode"] == "FULL"]
    if not full:
        raise WorkFailed("Create failed. There is no ACTIVE version with trainingMode FULL to update.")
    return full[-1]
