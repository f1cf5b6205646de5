"""Hyperparameter optimisation and AutoML: which parameters, and which recipe, do best on held-out users.

Trials are judged on users held out of the part that the final metrics leave for training, so that what is reported
afterwards was not chosen on. What was tried is kept as it goes: a search that was killed goes on where it was.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from tastemaker.arn import name_of, service_arn
from tastemaker.data.selection import selection
from tastemaker.data.splits import by_users
from tastemaker.recipes.catalogue import recipes
from tastemaker.recipes.contract import Limits, Recipe, given_in, parse, stage
from tastemaker.resources.kind import Body, Task
from tastemaker.storage import rows
from tastemaker.training.learning import Lesson
from tastemaker.training.trials import Judge, Ranges, Trials

TRIALS_DEFAULT = 10
# "AutoML considers the HRNN recipes"; what is popular stands in for the case in which nothing can be learned.
AUTOML_RECIPES = ("aws-hrnn", "aws-hrnn-metadata", "aws-user-personalization", "aws-popularity-count")


@dataclass(frozen=True)
class Best:
    """told: what the solution version shows of the search."""

    recipe_arn: str
    given: dict[str, str]
    told: Body


def best_of(task: Task) -> Best:
    """Search as the solution version says. Raises WorkFailed without data, Stopped when asked to."""
    body = task.resource.body
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
    judge = Judge(learnable, len(corpus.item_ids), task.seed, config.get("autoMLConfig", {}).get("metricName"))
    told: Body = {}
    arn = listed[0]
    if len(listed) > 1:
        values = dict(body.get("tried", {}))
        for place, each in enumerate(listed):
            if each not in values:
                watch = stage(task.watch, 0.3 * place / len(listed), 0.3 / len(listed))
                values[each] = judge.value(recipes()[name_of(each)], {}, watch)
                _keep(task, {"tried": values})
        arn = max(listed, key=lambda each: values[each])
        told |= {"autoMLResult": {"bestRecipeArn": arn}, "tried": values}
    elif body["performAutoML"]:
        told["autoMLResult"] = {"bestRecipeArn": arn}
    recipe = recipes()[name_of(arn)]
    hpo = config.get("hpoConfig", {})
    n_trials = int(hpo.get("hpoResourceConfig", {}).get("maxNumberOfTrainingJobs", TRIALS_DEFAULT))
    ranges = ranges_of(recipe, hpo.get("algorithmHyperParameterRanges", {}), fixed)
    made = list(body.get("trials", []))
    trials = Trials(judge, recipe, fixed, ranges, made, lambda: _keep(task, {"trials": made}))
    tuned = trials.run(n_trials, stage(task.watch, 0.3, 0.4))
    told |= {"recipeArn": arn, "trials": made, "tunedHPOParams": {"algorithmHyperParameters": tuned}}
    return Best(arn, {**fixed, **tuned}, told)


def _keep(task: Task, told: Body) -> None:
    """What the search has found so far, where everybody sees it, and where it goes on if it is killed."""
    with task.store.database.write() as connection:
        found = rows.find(connection, task.resource.arn)
        if found is not None:
            rows.change(connection, found.arn, found.updated_s, body={**found.body, **told})


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
