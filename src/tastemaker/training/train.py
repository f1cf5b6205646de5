"""The work of a solution version: load, split, fit, measure, fit again on everything, save."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np
import structlog
from sqlalchemy import Connection

from tastemaker.arn import name_of
from tastemaker.data.interactions import Query, TrainingData
from tastemaker.data.ranking import softmax, top
from tastemaker.data.splits import by_users
from tastemaker.metrics.calibration import temperature
from tastemaker.metrics.report import report
from tastemaker.recipes.catalogue import recipes
from tastemaker.recipes.contract import Model, Recipe, parse
from tastemaker.resources.kind import Body, Outcome, Task, WorkFailed
from tastemaker.storage.trained import Heads, Histories, Trained, save
from tastemaker.training.corpus import Corpus, read_corpus

log = structlog.get_logger()

HEAD_K = 200  # items kept per user: the 25 of a usual request, with room for what a filter removes
HEAD_USERS_MAX = 500_000  # whose heads are computed ahead: 1.6 KB each, mapped from disk
CALIBRATION_USERS_MAX = 2_000  # a temperature is one number; more users do not move it


@dataclass(frozen=True)
class Stages:
    """One progress bar over work that has several stages, each of a known share."""

    watch: Callable[[float, float], None]

    def part(self, start: float, share: float) -> Callable[[float, float], None]:
        """A progress for the stage that fills `share` from `start` on, both of 1."""
        return lambda done, total: self.watch(start + share * (done / total if total else 1.0), 1.0)


def train(task: Task) -> Outcome:
    """Fit the recipe, measured on held-out users first. The version is ACTIVE when its artifact is on disk."""
    began_s = time.monotonic()
    version, store, stages = task.resource, task.store, Stages(task.watch)
    recipe = recipes().get(name_of(version.body["recipeArn"]))
    if recipe is None:
        raise WorkFailed(f"Create failed. The recipe {version.body['recipeArn']} is not installed on this server.")
    config = version.body["solutionConfig"]
    given = {**config.get("algorithmHyperParameters", {}), **config.get("featureTransformationParameters", {})}
    params = parse(recipe.Params, given)
    corpus = read_corpus(store, version.body["datasetGroupArn"])
    threshold = config.get("eventValueThreshold")
    event_type = version.body.get("eventType")
    used_N = corpus.used_N(event_type, None if threshold is None else float(threshold))
    if not used_N.any():
        raise WorkFailed(f"Create failed. Dataset has no interactions after filtering by event type: {event_type}.")
    metrics, heat = _measured(recipe, params, corpus, used_N, task.seed, stages.part(0.05, 0.4))
    model = _fitted(recipe, corpus.data(used_N), params, stages.part(0.45, 0.4))
    if heat is not None and _is_calibrated(model):
        model = replace(model, temperature=heat)
    facts = {
        "seed": task.seed,
        "data_fingerprint": corpus.fingerprint(),
        "params": asdict(params),
        "metrics": metrics,
        "users": len(corpus.user_ids),
        "items": len(corpus.item_ids),
        "interactions": int(used_N.sum()),
        "took_s": round(time.monotonic() - began_s, 3),
    }
    artifact = store.new_uuid()
    histories = Histories(corpus.events.start_U, corpus.events.item_N, _types(corpus), used_N, corpus.types)
    heads = _heads(recipe, model, histories, stages.part(0.85, 0.14))
    save(
        store.artifacts / artifact,
        Trained(recipe.name, model, corpus.user_ids, corpus.item_ids, histories, heads, corpus.through_seq, facts),
    )
    log.info("solution_version.trained", arn=version.arn, recipe=recipe.name, **facts)
    hours = (time.monotonic() - began_s) / 3600

    def outcome(_: Connection) -> Body:
        return {"artifact": artifact, "trainingHours": round(hours, 6), "metrics": metrics, "report": facts}

    return outcome


def _measured(
    recipe: Recipe, params: Any, corpus: Corpus, used_N: Any, seed: int, watch: Callable[[float, float], None]
) -> tuple[dict[str, float], float | None]:
    """Metrics on held-out users, and the temperature that makes their next choices most likely."""
    data = corpus.data(used_N)
    split = by_users(data.interactions, seed=seed)
    model = _fitted(recipe, replace(data, interactions=split.train), params, watch)
    if not split.queries:
        return {}, None  # too few users with two events: nothing can be held out, and an empty mean is not a zero
    metrics = report(model, split.queries, split.truths, len(corpus.item_ids))
    if not _is_calibrated(model):
        return metrics, None
    plain = replace(model, temperature=1.0)
    sample = slice(CALIBRATION_USERS_MAX)
    score_UI = np.stack([plain.scores(Query(history_L)) for history_L in split.queries[sample]])
    return metrics, temperature(score_UI, np.array([truth[0] for truth in split.truths[sample]]))


def _fitted(recipe: Recipe, data: TrainingData, params: Any, watch: Callable[[float, float], None]) -> Model:
    """A recipe says by ValueError that these data and these hyperparameters do not go together."""
    try:
        return recipe.fit(data, params, watch)
    except ValueError as error:
        raise WorkFailed(f"Create failed. {error}") from error


def _is_calibrated(model: Model) -> bool:
    return any(item.name == "temperature" for item in fields(model))


def _types(corpus: Corpus) -> Any:
    assert corpus.events.type_N is not None, "read_corpus gives every event a type"
    return corpus.events.type_N


def _heads(recipe: Recipe, model: Model, histories: Histories, watch: Callable[[float, float], None]) -> Heads | None:
    """Every user's list as of now, so that a request of a user without new events computes nothing."""
    n_users = len(histories.start_U) - 1
    if recipe.recipe_type != "USER_PERSONALIZATION" or not n_users:
        return None
    lists, scores = [], []
    for user in range(min(n_users, HEAD_USERS_MAX)):
        events = slice(histories.start_U[user], histories.start_U[user + 1])
        score_I = softmax(model.scores(Query(histories.item_N[events][histories.used_N[events]])))
        best_K = top(score_I, None, HEAD_K)
        lists.append(best_K)
        scores.append(score_I[best_K])
        if user % 256 == 0:
            watch(user, n_users)
    return Heads(np.stack(lists), np.stack(scores))
