"""Learning: load, split, fit, measure, fit again on everything, save. A solution version is one lesson, so is a
recommender."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

import numpy as np

from tastemaker.data.exposure import first_met, fit, is_cold
from tastemaker.data.interactions import Ints, Query, TrainingData
from tastemaker.data.ranking import softmax, top
from tastemaker.data.selection import Selection
from tastemaker.data.splits import by_users, of_each_user
from tastemaker.metrics.actions import action_measures
from tastemaker.metrics.calibration import temperature
from tastemaker.metrics.report import measures, recommended
from tastemaker.metrics.segments import segment_measures
from tastemaker.recipes.contract import Model, Progress, Recipe, Refittable, stage, traits
from tastemaker.resources.kind import Body, WorkFailed
from tastemaker.storage.store import Store
from tastemaker.storage.trained import Heads, Histories, Trained, fingerprint, save
from tastemaker.training.corpus import ACTIONS, ITEMS, Corpus, read_corpus
from tastemaker.training.evaluation import HeldOut, evaluation, likeness_measures, period_s_of, trend_measures
from tastemaker.training.minimums import require_enough, require_few_types, require_texts
from tastemaker.training.objective import SAMPLE_MAX, Objective, objective_of
from tastemaker.training.ratings import KEYS, rating_report

HEAD_K = 200  # items kept per user: the 25 of a usual request, with room for what a filter removes
HEAD_USERS_MAX = 500_000  # whose heads are computed ahead: 1.6 KB each, mapped from disk
HEAD_CELLS_MAX = 4_000_000_000  # users times items: about an hour of one core; who is beyond it is computed when asked
COLD_KEPT = 256  # cold items whose fit is kept for every user: 512 bytes each
TESTED_USERS_MAX = 20_000  # of those held out, asked to measure: more would not move the fourth digit
CALIBRATION_USERS_MAX = 2_000  # a temperature is one number; more users do not move it


@dataclass(frozen=True)
class Lesson:
    """What is to be learned, from the data of a dataset group.

    needs: an event type of which there must be enough. config: what else the solution was told.
    """

    recipe: Recipe
    params: Any
    group: str
    chosen: Selection
    needs: str | None = None
    config: Mapping[str, Any] = field(default_factory=dict)

    def corpus(self, store: Store) -> Corpus:
        """All that is known of the group. Raises WorkFailed if it is too little."""
        source = ACTIONS if self.recipe.recipe_type == "PERSONALIZED_ACTIONS" else ITEMS
        corpus = read_corpus(store, self.group, self.chosen, source)
        if store.strict.minimums:
            # Of actions, too, it is the item interactions of which there must be enough.
            counted = corpus if source is ITEMS else read_corpus(store, self.group, self.chosen)
            require_enough(counted, self.chosen, self.recipe.recipe_type, self.needs)
        if source is ITEMS and not corpus.used_N(self.chosen).any():
            types = ", ".join(self.chosen.by_type or ())
            what = f"type: {types}" if types else f"value: none reaches {self.chosen.others.threshold}"
            raise WorkFailed(f"Create failed. Dataset has no interactions after filtering by event {what}.")
        if store.strict.quotas:
            require_few_types(corpus)
        if traits(self.recipe).item_texts:
            require_texts(corpus)
        return corpus


@dataclass(frozen=True)
class Learned:
    """An artifact on disk, and what was measured. report: for people to read; evaluation: too long for the log."""

    artifact: str
    metrics: dict[str, float]
    report: Body
    hours: float
    through_seq: int  # the newest streamed event that was seen
    evaluation: Body | None = None


@dataclass(frozen=True)
class Measured:
    """Metrics on held-out data, and the temperature that makes the next choices of held-out users most likely."""

    metrics: dict[str, float]
    temperature: float | None = None
    held_out: HeldOut | None = None  # of recipes that make lists of items
    model: Model | None = None  # what was measured


def learn(store: Store, lesson: Lesson, corpus: Corpus, seed: int, watch: Progress) -> Learned:
    """Fit the recipe, measured on held-out users first; the artifact is on disk when this returns."""
    began_s, recipe = time.monotonic(), lesson.recipe
    data = corpus.data(lesson.chosen, seed)
    objective, n_items = objective_of(lesson.config, corpus.item_numbers), len(corpus.item_ids)
    found = measured(recipe, lesson.params, data, n_items, seed, stage(watch, 0.05, 0.4), objective)
    told = evaluation(found.held_out, data, n_items, seed) if found.held_out else None
    ratings = rating_report(recipe, found.model, data.interactions, found.held_out, seed)
    metrics = found.metrics | {name: ratings[name] for name in KEYS if ratings}
    model = fitted(recipe, data, lesson.params, stage(watch, 0.45, 0.4), found.model)
    if found.temperature is not None and _is_calibrated(model):
        model = replace(model, temperature=found.temperature)
    if store.strict.minimums and _has(model, "holds_minimums"):
        model = replace(model, holds_minimums=True)
    if objective is not None:
        events = data.interactions
        sample = range(min(events.n_users, SAMPLE_MAX))
        model = objective.reached_by(model, [Query(events.history(user), about=data.about(user)) for user in sample])
    facts = {
        "seed": seed,
        "data_fingerprint": corpus.fingerprint(),
        "model_fingerprint": fingerprint(model),
        "params": asdict(lesson.params),
        "metrics": metrics,
        "users": len(corpus.user_ids),
        "items": len(corpus.item_ids),
        "interactions": len(data.interactions),
        "took_s": round(time.monotonic() - began_s, 3),
        **({"ratings": ratings} if ratings else {}),
    }
    artifact = keep(store, lesson, corpus, data, model, facts, stage(watch, 0.85, 0.14))
    hours = round((time.monotonic() - began_s) / 3600, 6)
    return Learned(artifact, metrics, facts, hours, corpus.through_seq, told)


def keep(
    store: Store, lesson: Lesson, corpus: Corpus, data: TrainingData, model: Model, facts: Body, watch: Progress
) -> str:
    """Write the artifact of a model of the lesson: what it learned, everybody's history, everybody's list.

    data: what the lesson takes of the corpus. Gives the name of the artifact.
    """
    artifact = store.new_uuid()
    used_N = corpus.used_N(lesson.chosen)
    events = corpus.events
    assert events.type_N is not None, "read_corpus gives every event a type"
    asks = traits(lesson.recipe)
    # Of actions it matters which were taken.
    has_values = asks.history_values or lesson.recipe.recipe_type == "PERSONALIZED_ACTIONS"
    values = events.value_N if has_values else None
    histories = Histories(events.start_U, events.item_N, events.type_N, used_N, corpus.types, events.time_s_N, values)
    heads = _heads(lesson.recipe, model, histories, data, watch)
    name, ids = lesson.recipe.name, (corpus.user_ids, corpus.item_ids)
    trained = Trained(name, model, *ids, histories, heads, corpus.through_seq, facts, corpus.exposure)
    save(store.artifacts / artifact, trained)
    return artifact


def measured(
    recipe: Recipe,
    params: Any,
    data: TrainingData,
    n_items_known: int,
    seed: int,
    watch: Progress,
    objective: Objective | None = None,
) -> Measured:
    """How well the recipe does on what it does not learn from."""
    if recipe.recipe_type == "USER_SEGMENTATION":
        early = of_each_user(data.interactions).knowing(data)
        model = fitted(recipe, replace(data, interactions=early.train), params, watch)
        return Measured(segment_measures(model, early, n_items_known))
    split = by_users(data.interactions, seed=seed).some(TESTED_USERS_MAX, seed).knowing(data)
    model = fitted(recipe, replace(data, interactions=split.train), params, watch)
    if recipe.recipe_type == "PERSONALIZED_ACTIONS":
        return Measured(action_measures(model, data, split, period_s_of(params)))
    if not split.queries:
        return Measured({})  # too few users with two events: nothing can be held out, and an empty mean is not a zero
    wanted = model if objective is None else objective.reached_by(model, split.queries)
    held_out = HeldOut(split, recommended(wanted, split.queries))
    metrics = measures(held_out.list_UK, split.truths, n_items_known, split.truth_weights)
    metrics |= trend_measures(recipe, params, data) | likeness_measures(model, held_out, data)
    if objective is not None:
        metrics["average_rewards_at_k"] = objective.rewards(held_out.list_UK, split.truths)
    if not _is_calibrated(model):
        return Measured(metrics, held_out=held_out, model=model)
    plain = replace(model, temperature=1.0)
    sample = slice(CALIBRATION_USERS_MAX)
    score_UI = np.stack([plain.scores(query) for query in split.queries[sample]])
    heat = temperature(score_UI, np.array([truth[0] for truth in split.truths[sample]]))
    return Measured(metrics, heat, held_out, model)


def fitted(recipe: Recipe, data: TrainingData, params: Any, watch: Progress, before: Model | None = None) -> Model:
    """The model of these data; one of most of them saves the work of a recipe that can go on from it.

    A recipe says by ValueError that these data and these hyperparameters do not go together.
    """
    try:
        if before is not None and isinstance(recipe, Refittable):
            return recipe.refit(before, data, params, watch)
        return recipe.fit(data, params, watch)
    except ValueError as error:
        raise WorkFailed(f"Create failed. {error}") from error


def _is_calibrated(model: Model) -> bool:
    return _has(model, "temperature")


def _has(model: Model, member: str) -> bool:
    return any(item.name == member for item in fields(model))


def _heads(recipe: Recipe, model: Model, histories: Histories, data: TrainingData, watch: Progress) -> Heads | None:
    """Every user's list as of now, so that a request of a user without new events computes nothing."""
    n_users = len(histories.start_U) - 1
    if recipe.recipe_type != "USER_PERSONALIZATION" or not n_users:
        return None
    asks = traits(recipe)
    cold_C = _coldest(histories, data) if asks.item_exploration_config or asks.explores_by_itself else None
    lists, scores, fits = [], [], []
    for user in range(min(n_users, HEAD_USERS_MAX, HEAD_CELLS_MAX // max(1, data.interactions.n_items))):
        score_I = model.scores(histories.query(user, data.about(user)))
        if not asks.plain_scores:
            score_I = softmax(score_I)
        best_K = top(score_I, None, HEAD_K)
        lists.append(best_K)
        scores.append(score_I[best_K])
        if cold_C is not None:
            fits.append(fit(score_I[cold_C]).astype(np.float16))
        if user % 256 == 0:
            watch(user, n_users)
    return Heads(np.stack(lists), np.stack(scores), cold_C, np.stack(fits) if fits else None)


def _coldest(histories: Histories, data: TrainingData) -> Ints | None:
    """Places of the youngest items of which little is known, increasing; None if there is none."""
    n_items, created_s_I = data.interactions.n_items, data.item_created_s
    assert histories.time_s_N is not None, "every artifact keeps them"
    born_s_I = first_met(histories.item_N, histories.time_s_N, n_items)
    if created_s_I is not None:
        born_s_I = np.where(created_s_I > 0, created_s_I, born_s_I)
    cold_C = np.flatnonzero(is_cold(histories.item_N, n_items))
    youngest = cold_C[np.argsort(-born_s_I[cold_C], kind="stable")[:COLD_KEPT]]
    return np.sort(youngest).astype(np.int32) if len(youngest) else None
