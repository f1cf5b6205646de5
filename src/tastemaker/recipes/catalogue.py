"""Which recipes there are: those of this folder, and those that other packages bring behind an entry point.

A module of this folder joins by having `RECIPES: tuple[Recipe, ...]`. Another package joins by an entry point of the
group `tastemaker.recipes` whose value is a recipe, or its class. Somebody else's recipe that cannot be used stops
nobody: it is left out, and `broken()` says why.
"""

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Any, get_args

from tastemaker import recipes as folder
from tastemaker.recipes.contract import Limits, Recipe, RecipeType

GROUP = "tastemaker.recipes"


@dataclass(frozen=True)
class Found:
    """recipes: by name, sorted. broken: the entry point as it was declared -> what is wrong and what to do."""

    recipes: Mapping[str, Recipe]
    broken: Mapping[str, str]


def recipes() -> Mapping[str, Recipe]:
    """Every usable recipe by its name, sorted by name. Looked for once per process."""
    return _installed().recipes


def broken() -> Mapping[str, str]:
    """Entry points of the group that give no usable recipe -> what is wrong and what to do. Usually empty."""
    return _installed().broken


def find(others: Iterable[EntryPoint]) -> Found:
    """Our own recipes and those of `others`. Raises ValueError if one of our own is unusable: that is our bug."""
    found: dict[str, Recipe] = {}
    for recipe in _own():
        if (wrong := complaint(recipe)) or recipe.name in found:
            raise ValueError(f"Recipe {recipe!r} is unusable: {wrong or 'its name is taken'}.")
        found[recipe.name] = recipe
    unusable: dict[str, str] = {}
    for entry in others:
        declared = f"{entry.name} = {entry.value}"
        try:
            loaded = entry.load()
            recipe = loaded() if isinstance(loaded, type) else loaded
        except Exception as problem:  # noqa: BLE001  somebody else's module may raise anything; the server starts anyway
            unusable[declared] = (
                f"Loading it raised {type(problem).__name__}: {problem}. Repair or uninstall the package it comes from."
            )
            continue
        if wrong := complaint(recipe):
            unusable[declared] = f"It is no recipe: {wrong}. See tastemaker.recipes.contract.Recipe."
        elif recipe.name in found:
            unusable[declared] = f"The name {recipe.name} is taken by another recipe. Rename it."
        else:
            found[recipe.name] = recipe
    return Found(MappingProxyType(dict(sorted(found.items()))), MappingProxyType(unusable))


def complaint(recipe: Any) -> str:
    """What keeps an object from being a recipe, in words; empty if nothing does."""
    needed = ("name", "recipe_type", "description", "Params", "fit")
    if missing := [name for name in needed if not hasattr(recipe, name)]:
        return f"it lacks {', '.join(missing)}"
    if recipe.recipe_type not in get_args(RecipeType):
        return f"its recipe_type is {recipe.recipe_type!r}, not one of {', '.join(get_args(RecipeType))}"
    if not is_dataclass(recipe.Params):
        return "its Params is no dataclass"
    if plain := [item.name for item in fields(recipe.Params) if not isinstance(item.metadata.get("limits"), Limits)]:
        return f"its parameters {', '.join(plain)} are not made with hyperparameter()"
    return ""


def _own() -> Iterable[Recipe]:
    for module in sorted(pkgutil.iter_modules(folder.__path__), key=lambda module: module.name):
        if not module.ispkg:  # parts/ holds what recipes are made of, not recipes
            yield from getattr(importlib.import_module(f"{folder.__name__}.{module.name}"), "RECIPES", ())


@cache
def _installed() -> Found:
    return find(entry_points(group=GROUP))
