"""Recipes, algorithms and feature transformations: owned by the service, read off the catalogue of recipes."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from tastemaker.arn import Scope, kind_of, name_of, service_arn
from tastemaker.errors import ResourceNotFoundException
from tastemaker.recipes.catalogue import recipes
from tastemaker.recipes.contract import Limits, Recipe
from tastemaker.recipes.use_cases import USE_CASES, UseCase
from tastemaker.resources import pages
from tastemaker.storage.store import Store

SINCE_S = 1_577_836_800.0  # 2020-01-01: recipes have no creation of their own, and clients expect a time

# Where the service names the transformation, or the algorithm, otherwise than the recipe.
TRANSFORMATIONS = {
    "aws-hrnn": "JSON-percentile-filtering",
    "aws-hrnn-coldstart": "featurize_coldstart",
    "aws-hrnn-metadata": "featurize_metadata",
    "aws-item-affinity": "item-affinity",
    "aws-item-attribute-affinity": "item-attribute-affinity",
    "aws-popularity-count": "sims",
    "aws-sims": "sims",
    "aws-personalized-ranking": "JSON-percentile-filtering",
    "aws-user-personalization": "JSON-percentile-filtering",
}
ALGORITHMS = {"aws-trending-now": "aws-trending-now-custom"}


def list_recipes(_: Store, request: Mapping[str, Any], __: Scope) -> dict[str, Any]:
    """All recipes by name, those of use cases among them; domain: those of its use cases alone."""
    after, most = pages.page(request, "ListRecipes")
    domain = request.get("domain")
    found = [each for each in _known().values() if domain is None or getattr(each, "domain", None) == domain]
    reply: dict[str, Any] = {"recipes": [_seen(each) for each in found[after : after + most]]}
    if len(found) > after + most:
        reply["nextToken"] = pages.token(request, "ListRecipes", after + most)
    return reply


def describe_recipe(_: Store, request: Mapping[str, Any], __: Scope) -> dict[str, Any]:
    """One recipe."""
    arn = request["recipeArn"]
    name = _named(arn, "recipe")
    if name not in _known():
        raise ResourceNotFoundException(f"There is no recipe {arn}. ListRecipes shows those there are.")
    return {"recipe": _seen(_known()[name])}


def describe_algorithm(_: Store, request: Mapping[str, Any], __: Scope) -> dict[str, Any]:
    """The hyperparameters of a recipe, with their defaults and ranges."""
    arn = request["algorithmArn"]
    name = _named(arn, "algorithm")
    users = [recipe for recipe in _known().values() if _algorithm(recipe) == name]
    if not users:
        raise ResourceNotFoundException(f"There is no algorithm {arn}. DescribeRecipe names those there are.")
    own = {key: value for key, value in _parameters(users[0]).items() if not value[1].is_feature}
    return {
        "algorithm": {
            "name": name,
            "algorithmArn": arn,
            "algorithmImage": {"name": name, "dockerURI": f"tastemaker/{name}"},
            "defaultHyperParameters": {key: _text(default) for key, (default, _limits) in own.items()},
            "defaultHyperParameterRanges": _ranges(own),
            "trainingInputMode": "File",
            "creationDateTime": SINCE_S,
            "lastUpdatedDateTime": SINCE_S,
        }
    }


def describe_feature_transformation(_: Store, request: Mapping[str, Any], __: Scope) -> dict[str, Any]:
    """The parameters that choose what a recipe is trained on."""
    arn = request["featureTransformationArn"]
    name = _named(arn, "feature-transformation")
    users = [recipe for recipe in _known().values() if _transformation(recipe) == name]
    if not users:
        raise ResourceNotFoundException(
            f"There is no feature transformation {arn}. DescribeRecipe names those there are."
        )
    parameters = {key: value for recipe in users for key, value in _parameters(recipe).items() if value[1].is_feature}
    return {
        "featureTransformation": {
            "name": name,
            "featureTransformationArn": arn,
            "defaultParameters": {key: _text(default) for key, (default, _limits) in parameters.items()},
            "creationDateTime": SINCE_S,
            "lastUpdatedDateTime": SINCE_S,
            "status": "ACTIVE",
        }
    }


def _named(arn: str, word: str) -> str:
    if kind_of(arn) != word:
        raise ResourceNotFoundException(f"{arn!r} is no ARN of a {word}: give one like {service_arn(word)}/<name>.")
    return name_of(arn)


def _known() -> dict[str, Recipe | UseCase]:
    """Recipes and use cases by name, in order of their names."""
    return dict(sorted([*recipes().items(), *((case.name, case) for case in USE_CASES)]))


def _transformation(recipe: Recipe | UseCase) -> str:
    return TRANSFORMATIONS.get(recipe.name, recipe.name)


def _algorithm(recipe: Recipe | UseCase) -> str:
    return ALGORITHMS.get(recipe.name, recipe.name)


def _seen(recipe: Recipe | UseCase) -> dict[str, Any]:
    return {
        "name": recipe.name,
        "recipeArn": service_arn(f"recipe/{recipe.name}"),
        "algorithmArn": service_arn(f"algorithm/{_algorithm(recipe)}"),
        "featureTransformationArn": service_arn(f"feature-transformation/{_transformation(recipe)}"),
        "recipeType": recipe.recipe_type,
        "description": recipe.description,
        "status": "ACTIVE",
        "creationDateTime": SINCE_S,
        "lastUpdatedDateTime": SINCE_S,
        **({"domain": recipe.domain} if isinstance(recipe, UseCase) else {}),
    }


def _parameters(recipe: Recipe | UseCase) -> dict[str, tuple[Any, Limits]]:
    params = recipe.recipe.Params if isinstance(recipe, UseCase) else recipe.Params
    return {item.name: (item.default, item.metadata["limits"]) for item in fields(params)}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _ranges(parameters: Mapping[str, tuple[Any, Limits]]) -> dict[str, list[dict[str, Any]]]:
    whole: list[dict[str, Any]] = []
    real: list[dict[str, Any]] = []
    categorical: list[dict[str, Any]] = []
    for name, (default, limits) in parameters.items():
        if isinstance(default, bool) or limits.choices:
            values = list(limits.choices) or ["true", "false"]
            categorical.append({"name": name, "values": values, "isTunable": limits.is_tunable})
        elif isinstance(default, int | float) and limits.low is not None and limits.high is not None:
            numbers = whole if isinstance(default, int) else real
            kind = type(default)
            numbers.append(
                {
                    "name": name,
                    "minValue": kind(limits.low),
                    "maxValue": kind(limits.high),
                    "isTunable": limits.is_tunable,
                }
            )
    return {
        "integerHyperParameterRanges": whole,
        "continuousHyperParameterRanges": real,
        "categoricalHyperParameterRanges": categorical,
    }
