"""Every recipe is in the index of docs/recipes and has a page, and our own are as their hyperparameters are."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from tastemaker.recipes.catalogue import recipes
from tastemaker.recipes.use_cases import USE_CASES

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


OF_THE_SERVICE = [name for name in recipes() if name.startswith("aws-")]
SECTIONS = (
    "## How it works",
    "## When to use it",
    "## Hyperparameters",
    "## What it learns from",
    "## New users and new items",
    "## How it explains",
    "## Metrics",
)


@pytest.mark.parametrize("name", OF_THE_SERVICE)
def test_a_recipe_of_the_service_has_one_page_with_its_hyperparameters_and_all_that_one_asks(name: str) -> None:
    mark = f"<!-- hyperparameters {name}: begin -->"
    (page,) = [page for page in PAGES.glob("*.md") if mark in page.read_text(encoding="utf-8")]
    text = page.read_text(encoding="utf-8")
    assert name.startswith(page.stem)
    assert [section for section in SECTIONS if section not in text] == []


def test_every_use_case_is_told_of() -> None:
    text = (PAGES / "use-cases.md").read_text(encoding="utf-8")
    assert "<!-- usecases: begin -->" in text
    assert [case.name for case in USE_CASES if f"**{case.name}**" not in text] == []


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
