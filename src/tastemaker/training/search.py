"""Hyperparameter optimisation and AutoML: which parameters, and which recipe, do best on held-out users.

Trials are judged on users held out of the part that the final metrics leave for training, so that what is reported
afterwards was not chosen on.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from tastemaker.arn import name_of, service_arn
from tastemaker.data.interactions import TrainingData
from tastemaker.data.selection import selection
from tastemaker.data.splits import by_users
from tastemaker.recipes.catalogue import recipes
from tastemaker.recipes.contract import Limits, Progress, Recipe, given_in, parse
from tastemaker.resources.kind import Body, Task, WorkFailed
from tastemaker.training.learning import Lesson, Stages, measured

TRIALS_DEFAULT = 10
OBJECTIVE = "normalized_discounted_cumulative_gain_at_25"
# "AutoML considers the HRNN recipes"; what is popular stands in for the case in which nothing can be learned.
AUTOML_RECIPES = ("aws-hrnn", "aws-hrnn-metadata", "aws-user-personalization", "aws-popularity-count")

# By name: lowest and highest value, or the values to choose from.
Ranges = Mapping[str, tuple[float, float] | tuple[int, int] | tuple[str, ...]]


@dataclass(frozen=True)
class Best:
    """told: what the solution version shows of the search."""

    recipe_arn: str
    given: dict[str, str]
    told: Body


def best_of(task: Task) -> Best:
    """Search as the solution version says. Raises WorkFailed without data, Stopped when asked to."""
    body, stages = task.resource.body, Stages(task.watch)
    config = body["solutionConfig"]
    fixed = given_in(config)
    chosen = selection(body)
    if body["performAutoML"]:
        listed = config.get("autoMLConfig", {}).get("recipeList") or [
            service_arn(f"recipe/{name}") for name in AUTOML_RECIPES
        ]
        fixed = {}
    else:
        listed = [body["recipeArn"]]
    first = recipes()[name_of(listed[0])]
    corpus = Lesson(first, parse(first.Params, {}), body["datasetGroupArn"], chosen).corpus(task.store)
    data = corpus.data(chosen)
    learnable = replace(data, interactions=by_users(data.interactions, seed=task.seed).train)
    search = _Search(learnable, len(corpus.item_ids), task.seed, config.get("autoMLConfig", {}).get("metricName"))
    told: Body = {}
    arn = listed[0]
    if len(listed) > 1:
        values = {}
        for place, each in enumerate(listed):
            watch = stages.part(0.3 * place / len(listed), 0.3 / len(listed))
            values[each] = search.value(recipes()[name_of(each)], {}, watch)
        arn = max(values, key=lambda each: values[each])
        told |= {"autoMLResult": {"bestRecipeArn": arn}, "tried": values}
    elif body["performAutoML"]:
        told["autoMLResult"] = {"bestRecipeArn": arn}
    recipe = recipes()[name_of(arn)]
    hpo = config.get("hpoConfig", {})
    n_trials = int(hpo.get("hpoResourceConfig", {}).get("maxNumberOfTrainingJobs", TRIALS_DEFAULT))
    ranges = ranges_of(recipe, hpo.get("algorithmHyperParameterRanges", {}), fixed)
    tuned, trials = search.tune(recipe, fixed, ranges, n_trials, stages.part(0.3, 0.4))
    told |= {"recipeArn": arn, "trials": trials, "tunedHPOParams": {"algorithmHyperParameters": tuned}}
    return Best(arn, {**fixed, **tuned}, told)


def ranges_of(recipe: Recipe, given: Mapping[str, Any], fixed: Mapping[str, str]) -> Ranges:
    """What is searched: the ranges of the request, and the model's own parameters, which have the effect here."""
    found: dict[str, Any] = {
        each["name"]: (each["minValue"], each["maxValue"])
        for member in ("integerHyperParameterRanges", "continuousHyperParameterRanges")
        for each in given.get(member, [])
    }
    found |= {each["name"]: tuple(each["values"]) for each in given.get("categoricalHyperParameterRanges", [])}
    for item in fields(recipe.Params):
        limits: Limits = item.metadata["limits"]
        if item.name in found or item.name in fixed or not limits.is_tunable or not limits.effect:
            continue
        found[item.name] = ("true", "false") if isinstance(item.default, bool) else (limits.low, limits.high)
    return found


@dataclass(frozen=True)
class _Search:
    data: TrainingData
    n_items: int
    seed: int
    metric: str | None

    def value(self, recipe: Recipe, given: Mapping[str, str], watch: Progress) -> float:
        """How well the recipe does with these parameters, on users that are not learned from."""
        params = parse(recipe.Params, given)
        metrics = measured(recipe, params, self.data, self.n_items, self.seed + 1, watch).metrics
        return metrics.get(self.metric or OBJECTIVE, metrics.get(OBJECTIVE, next(iter(metrics.values()), 0.0)))

    def tune(
        self, recipe: Recipe, fixed: Mapping[str, str], ranges: Ranges, n_trials: int, watch: Progress
    ) -> tuple[dict[str, str], list[Body]]:
        """The best parameters as text, and all trials; the first one has the defaults, so that nothing gets worse."""
        import optuna  # heavy: only a training that searches needs it

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=self.seed))
        study.enqueue_trial(_defaults(recipe, ranges))
        trials: list[Body] = []
        for number in range(n_trials):
            began_s = time.monotonic()
            trial = study.ask()
            proposed = {name: _suggest(trial, name, span, recipe) for name, span in ranges.items()}
            try:
                value = self.value(recipe, {**fixed, **proposed}, _share(watch, number, n_trials))
            except WorkFailed as failure:  # these parameters do not go with these data
                study.tell(trial, state=optuna.trial.TrialState.FAIL)
                trials.append({"parameters": proposed, "failed": failure.reason})
                continue
            study.tell(trial, value)
            took_s = round(time.monotonic() - began_s, 3)
            trials.append({"parameters": proposed, "value": round(value, 6), "took_s": took_s})
        finished = [each for each in trials if "value" in each]
        if not finished:
            raise WorkFailed("Create failed. No trial of the hyperparameter optimisation could be trained.")
        return dict(max(finished, key=lambda each: each["value"])["parameters"]), trials


def _share(watch: Progress, number: int, n_trials: int) -> Progress:
    return lambda done, total, /, **facts: watch(number + (done / total if total else 1.0), n_trials, **facts)


def _defaults(recipe: Recipe, ranges: Ranges) -> dict[str, Any]:
    known: dict[str, Any] = {item.name: item.default for item in fields(recipe.Params)}
    found: dict[str, Any] = {}
    for name, span in ranges.items():
        default = known[name]
        if isinstance(span[0], str):
            text = str(default).lower() if isinstance(default, bool) else str(default)
            found[name] = text if text in span else span[0]
        else:
            found[name] = min(max(default, span[0]), span[1])
    return found


def _suggest(trial: Any, name: str, span: tuple[Any, ...], recipe: Recipe) -> str:
    if isinstance(span[0], str):
        return str(trial.suggest_categorical(name, span))
    default = next(item.default for item in fields(recipe.Params) if item.name == name)
    low, high = span
    if isinstance(default, int):
        return str(trial.suggest_int(name, int(low), int(high)))
    return str(trial.suggest_float(name, low, high, log=low > 0 and high / low >= 100))
