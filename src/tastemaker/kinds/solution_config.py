"""What a solution may be told: each member of its configuration against the recipe and the data it is for."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from tastemaker.arn import kind_of, name_of
from tastemaker.data.schemas import Schema
from tastemaker.data.selection import selection
from tastemaker.errors import InvalidInputException, ResourceNotFoundException
from tastemaker.recipes.catalogue import recipes
from tastemaker.recipes.contract import Limits, Recipe, given_in, parse, traits
from tastemaker.recipes.use_cases import use_case

SCHEDULE = re.compile(r"rate\((\d+) days?\)")
DAYS_MAX = 30
TRAINING_JOBS_MAX, PARALLEL_JOBS_MAX = 40, 10
TRAINED_TYPES = ("INTERACTIONS", "ITEMS", "USERS")
SCHEDULE_DEFAULT = "rate(7 days)"


def recipe_named(arn: str) -> Recipe:
    """The recipe of an ARN. Raises InvalidInputException for a use case, ResourceNotFoundException for no recipe."""
    if kind_of(arn) != "recipe":
        raise ResourceNotFoundException(f"recipeArn is {arn!r}: give one like arn:aws:personalize:::recipe/aws-sims.")
    name = name_of(arn)
    if use_case(name) is not None:
        raise InvalidInputException(
            f"recipeArn {arn} is the use case of a recommender: create it with CreateRecommender, or give a custom "
            "recipe."
        )
    recipe = recipes().get(name)
    if recipe is None:
        raise ResourceNotFoundException(f"There is no recipe {arn}. There are: {', '.join(recipes())}.")
    return recipe


def check_hyperparameters(recipe: Recipe, config: Mapping[str, Any]) -> None:
    """They are the recipe's own, and in their ranges."""
    try:
        parse(recipe.Params, given_in(config))
    except ValueError as error:
        raise InvalidInputException(f"solutionConfig: {error}") from None


def check_search(recipe: Recipe, config: Mapping[str, Any], wants_search: bool) -> None:
    """The ranges of a search name tunable parameters, and lie inside their ranges."""
    hpo = config.get("hpoConfig")
    if hpo is None:
        return
    if not wants_search:
        raise InvalidInputException("solutionConfig.hpoConfig needs performHPO true.")
    if hpo.get("hpoObjective"):
        raise InvalidInputException("solutionConfig.hpoConfig.hpoObjective cannot be configured: leave it out.")
    for member, most in (
        ("maxNumberOfTrainingJobs", TRAINING_JOBS_MAX),
        ("maxParallelTrainingJobs", PARALLEL_JOBS_MAX),
    ):
        text = hpo.get("hpoResourceConfig", {}).get(member)
        if text is not None and not (text.isdecimal() and 1 <= int(text) <= most):
            raise InvalidInputException(
                f"hpoResourceConfig.{member} is {text!r}: give a whole number from 1 to {most}."
            )
    known = {item.name: item for item in fields(recipe.Params)}
    ranges = hpo.get("algorithmHyperParameterRanges", {})
    for each in [span for member in ranges.values() for span in member]:
        name = each.get("name")
        limits: Limits | None = known[name].metadata["limits"] if name in known else None
        if limits is None or not limits.is_tunable:
            tunable = ", ".join(sorted(key for key, item in known.items() if item.metadata["limits"].is_tunable))
            raise InvalidInputException(f"algorithmHyperParameterRanges has {name!r}: {recipe.name} tunes {tunable}.")
        _check_span(each, known[name].default, limits)


def _check_span(span: Mapping[str, Any], default: Any, limits: Limits) -> None:
    name = span["name"]
    if "values" in span:
        if not isinstance(default, bool | str) or not span["values"]:
            raise InvalidInputException(f"The range of {name} has values: give minValue and maxValue.")
        return
    low, high = span.get("minValue"), span.get("maxValue")
    if isinstance(default, bool | str) or low is None or high is None or low > high:
        raise InvalidInputException(f"The range of {name} is from {low} to {high}: give a minValue up to a maxValue.")
    if (limits.low is not None and low < limits.low) or (limits.high is not None and high > limits.high):
        raise InvalidInputException(
            f"The range of {name} is from {low} to {high}: it must lie inside {limits.low} to {limits.high}."
        )


def check_schedule(config: Mapping[str, Any]) -> None:
    """rate(1 day) to rate(30 days)."""
    text = config.get("autoTrainingConfig", {}).get("schedulingExpression")
    if text is not None and not 1 <= days_of(text) <= DAYS_MAX:
        raise InvalidInputException(
            f"schedulingExpression is {text!r}: give rate(N days), N from 1 to {DAYS_MAX}, such as rate(7 days)."
        )


def days_of(schedule: str) -> int:
    """The days between two trainings; 0 for what is no schedule."""
    found = SCHEDULE.fullmatch(schedule)
    return int(found[1]) if found else 0


def check_events(recipe: Recipe, config: Mapping[str, Any], event_type: str | None, interactions: Schema) -> None:
    """What chooses events is there to choose by: the columns of the Interactions schema."""
    threshold, listed = config.get("eventValueThreshold"), config.get("eventsConfig", {}).get("eventParametersList")
    if listed is not None:
        if not traits(recipe).events_config:
            raise InvalidInputException(f"solutionConfig.eventsConfig: {recipe.name} does not take it; -v2 recipes do.")
        if event_type is not None or threshold is not None:
            raise InvalidInputException("solutionConfig.eventsConfig cannot be combined with eventType or threshold.")
        _check_listed(listed, interactions)
    if event_type and interactions.column("EVENT_TYPE") is None:
        raise InvalidInputException("eventType: the Interactions schema has no column EVENT_TYPE. Leave eventType out.")
    if threshold is not None:
        if interactions.column("EVENT_VALUE") is None:
            raise InvalidInputException("eventValueThreshold: the Interactions schema has no column EVENT_VALUE.")
        try:
            float(threshold)
        except ValueError:
            raise InvalidInputException(f"eventValueThreshold is {threshold!r}: give a number.") from None


def _check_listed(listed: Sequence[Mapping[str, Any]], interactions: Schema) -> None:
    if interactions.column("EVENT_TYPE") is None:
        raise InvalidInputException("eventsConfig: the Interactions schema has no column EVENT_TYPE.")
    names = [each.get("eventType", "").lower() for each in listed]
    if not listed or not all(names) or len(set(names)) < len(names):
        raise InvalidInputException("eventParametersList: give each entry an eventType of its own.")
    if any(each.get("eventValueThreshold") is not None for each in listed) and not interactions.column("EVENT_VALUE"):
        raise InvalidInputException("eventValueThreshold: the Interactions schema has no column EVENT_VALUE.")
    if not any(each.get("weight", 1.0) > 0 for each in listed):
        raise InvalidInputException("eventParametersList: every weight is 0, so nothing would be learned.")


def check_objective(recipe: Recipe, config: Mapping[str, Any], items: Schema | None) -> None:
    """An objective is a numeric column of Items that always has a value."""
    objective = config.get("optimizationObjective")
    if not objective:
        return
    if not traits(recipe).optimization_objective:
        raise InvalidInputException(f"solutionConfig.optimizationObjective: {recipe.name} does not take it.")
    name = objective.get("itemAttribute")
    column = items.column(name) if items and name else None
    if column is None or not column.is_numeric or column.nullable:
        raise InvalidInputException(
            f"optimizationObjective.itemAttribute is {name!r}: name a numeric column of the Items dataset that may not "
            "be null."
        )


def check_texts(recipe: Recipe, body: Mapping[str, Any], items: Schema | None) -> None:
    """A recipe that compares texts has a name and a description of each item to learn from.

    "You need one string field with itemName true, and at least one field marked textual" (guide, Semantic-Similarity).
    """
    if not traits(recipe).item_texts:
        return
    chosen = selection(body)
    learned = [each for each in items.columns if chosen.learns_from("ITEMS", each.name)] if items else []
    for mark, found in (
        ("itemName", any(each.item_name for each in learned)),
        ("textual", any(each.textual for each in learned)),
    ):
        if not found:
            raise InvalidInputException(
                f"{recipe.name} needs a string column marked {mark}: true in the Items dataset of "
                f"{body['datasetGroupArn']}, and trainingDataConfig must not leave it out. Mark one in a new "
                "schema, give it to the dataset with UpdateDataset, and import the texts."
            )


def check_training_columns(config: Mapping[str, Any], schemas: Mapping[str, Schema]) -> None:
    """Columns to leave out, or to use alone, exist. schemas: by type of dataset, in upper case."""
    columns = config.get("trainingDataConfig", {})
    excluded, included = columns.get("excludedDatasetColumns", {}), columns.get("includedDatasetColumns", {})
    both = {name.upper() for name in excluded} & {name.upper() for name in included}
    if both:
        raise InvalidInputException(
            f"trainingDataConfig has excluded and included columns of {', '.join(sorted(both))}: give one of them."
        )
    for dataset, names in (*excluded.items(), *included.items()):
        schema = schemas.get(dataset.upper())
        if dataset.upper() not in TRAINED_TYPES or schema is None:
            raise InvalidInputException(
                f"trainingDataConfig names {dataset}: give datasets of the group, of {', '.join(TRAINED_TYPES)}."
            )
        for name in names:
            if schema.column(name) is None:
                raise InvalidInputException(f"trainingDataConfig: the {dataset} dataset has no column {name!r}.")
    if any(name.upper() == "EVENT_TYPE" for names in excluded.values() for name in names):
        raise InvalidInputException("trainingDataConfig: EVENT_TYPE cannot be excluded.")
