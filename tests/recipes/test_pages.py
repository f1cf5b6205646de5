"""Every recipe is in the index of docs/recipes, and the pages of our own are as their hyperparameters are."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from tastemaker.recipes.catalogue import recipes

PAGES = Path(__file__).parents[2] / "docs" / "recipes"
OWN = [name for name in recipes() if name.startswith("tastemaker-")]
PARTS = ("## How it works", "## When to use it", "## Hyperparameters", "## How it explains", "## Measured")


def test_every_recipe_has_a_line_in_the_index_and_the_index_names_no_other() -> None:
    index = (PAGES / "README.md").read_text(encoding="utf-8").partition("## Side by side")[0]
    lines = [line for line in index.splitlines() if line.startswith("| ")]
    named = [
        name for line in lines for name in re.findall(r"(?<![\w/-])(?:aws|tastemaker)-[a-z0-9-]+", line.split("|")[1])
    ]
    assert sorted(set(named)) == sorted(recipes()), "docs/recipes/README.md has a line for each recipe"


def test_the_index_links_to_pages_that_are_there() -> None:
    links = re.findall(r"\]\(([\w.-]+)\)", (PAGES / "README.md").read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not (PAGES / link).is_file()] == []


@pytest.mark.parametrize("name", OWN)
def test_a_page_says_how_and_when_and_has_the_defaults_of_every_hyperparameter(name: str) -> None:
    page = (PAGES / f"{name}.md").read_text(encoding="utf-8")
    assert [part for part in PARTS if part not in page] == []
    for item in fields(recipes()[name].Params):
        default = f" {item.default}" if item.default != "" else ""
        assert f"| `{item.name}` |{default} |" in page
