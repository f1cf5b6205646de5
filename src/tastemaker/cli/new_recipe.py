"""`tastemaker new-recipe NAME`: a package with a recipe that works, its test, and how to install it."""

import re
from pathlib import Path

import click

from tastemaker.cli.output import Output
from tastemaker.cli.verb import Failed, verb
from tastemaker.recipes.catalogue import recipes

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
NAME_CHARS_MAX = 63  # as of resources

PROJECT = """\
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "{name}"
version = "0.1.0"
description = "A recipe for Tastemaker."
requires-python = ">=3.11"
dependencies = ["numpy>=2.0", "tastemaker"]

[project.optional-dependencies]
dev = ["pytest>=8.3"]

# Tastemaker finds the recipe by this line.
[project.entry-points."tastemaker.recipes"]
{name} = "{module}:{kind}"

[tool.hatch.build.targets.wheel]
packages = ["{module}"]
"""

RECIPE = '''\
"""{name}: what was chosen most lately, each choice counting half as much after some days."""

from dataclasses import dataclass

import numpy as np
from tastemaker.data.interactions import Floats, Query, TrainingData
from tastemaker.recipes.contract import Progress, Reasons, RecipeType, hyperparameter

DAY_S = 86_400


@dataclass(frozen=True)
class Model:
    """What was learned: arrays and plain numbers, so that saving and loading follow from it."""

    weight_I: Floats

    def scores(self, query: Query) -> Floats:
        """One score for each item of the catalogue, higher is better. query.history_L has the user's items."""
        return self.weight_I

    def explain(self, query: Query, item: int) -> Reasons:
        """What carried an item, largest share first; "event 3" is a place in the history."""
        return {{"recent popularity": float(self.weight_I[item])}}


class {kind}:
    """The name that clients know it by, what it is for, its hyperparameters, and how it learns."""

    name = "{name}"
    recipe_type: RecipeType = "POPULAR_ITEMS"
    description = "Items that were chosen most lately."

    @dataclass(frozen=True)
    class Params:
        """Each is stated once: training, DescribeAlgorithm and hyperparameter search read it here."""

        half_life_days: float = hyperparameter(30.0, low=1.0, high=365.0, is_tunable=True)

    def fit(self, data: TrainingData, params: Params, progress: Progress) -> Model:
        """A pure function of the data; no files, no clock, no network. Time: one pass over the events."""
        events = data.interactions
        age_days_N = (events.time_s_N.max(initial=0) - events.time_s_N) / DAY_S
        weight_N = 0.5 ** (age_days_N / params.half_life_days)
        weight_I = np.bincount(events.item_N, weight_N, minlength=events.n_items)
        progress(1, 1)
        return Model(weight_I.astype(np.float32))
'''

TEST = '''\
"""The recipe keeps what every recipe promises, and does what it is for."""

import numpy as np
import pytest
from tastemaker.data.interactions import Query, TrainingData, interactions
from tastemaker.recipes.contract import parse, silent
from tastemaker.training.promises import PROMISES, Promise

from {module} import {kind}

RECIPE = {kind}()


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
def test_the_recipe_keeps_its_promises(promise: Promise) -> None:
    promise(RECIPE)


def test_a_recent_choice_counts_more_than_an_old_one() -> None:
    day_N = np.array([0, 0, 100])
    user_N, item_N = np.array([[0, 1, 2], [0, 0, 1]], np.int32)
    events = interactions(user_N, item_N, day_N * 86_400, n_users=3, n_items=2)
    model = RECIPE.fit(TrainingData(events), parse(RECIPE.Params, {{"half_life_days": "10"}}), silent)
    assert model.scores(Query())[1] > model.scores(Query())[0]
'''

README = """\
# {name}

A recipe for Tastemaker, in `{module}/__init__.py`.

```sh
pip install -e '.[dev]'      # where the server runs; it finds the recipe when it starts
pytest
tastemaker doctor            # names recipes that cannot be used, and why
```

Then `recipeArn="arn:aws:personalize:::recipe/{name}"` in CreateSolution, as with any other.
"""

FILES = {
    "pyproject.toml": PROJECT,
    "README.md": README,
    "{module}/__init__.py": RECIPE,
    "tests/test_{module}.py": TEST,
}


@click.command("new-recipe")
@click.argument("name")
@click.option("--into", type=click.Path(path_type=Path), help="The folder to make; NAME in this one if not given.")
@verb
def new_recipe(out: Output, name: str, into: Path | None) -> None:
    """Write a package with a recipe NAME that works, to be changed into your own."""
    if not NAME.fullmatch(name) or len(name) > NAME_CHARS_MAX:
        raise click.UsageError(
            f"{name!r} is no name of a recipe: write lower-case words joined by hyphens, "
            f"{NAME_CHARS_MAX} characters at most, as in recent-popularity."
        )
    if name in recipes():
        raise Failed(f"There is a recipe {name} already. Choose another name.")
    folder = into or Path(name)
    if folder.exists():
        raise Failed(f"{folder} is there already. Remove it, or name another folder with --into.")
    for path, text in files(name).items():
        place = folder / path
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
        except OSError as problem:
            raise Failed(f"{place} cannot be written: {problem.strerror or problem}.") from None
    out.value({"name": name, "folder": str(folder), "files": sorted(files(name))})
    out.say(f"{folder} has a recipe that works: what was chosen most lately.")
    out.next(f"pip install -e '{folder}[dev]' && pytest {folder}", "installs it, and checks what recipes promise")


def files(name: str) -> dict[str, str]:
    """Path in the package -> text."""
    module = name.replace("-", "_")
    words = {"name": name, "module": module, "kind": "".join(word.capitalize() for word in name.split("-"))}
    return {path.format(**words): text.format(**words) for path, text in FILES.items()}
