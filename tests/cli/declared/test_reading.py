"""A declared file as it is read: what it means, and what is said of a mistake in it."""

from pathlib import Path

import pytest

from tastemaker.cli.declared.reading import read
from tastemaker.cli.declared.text import BYTES_MAX
from tastemaker.cli.verb import Failed
from tastemaker.data.schemas import Column, parse_schema

WHOLE = """
group: shop
role: arn:aws:iam::000000000000:role/reader
tags: {NO: 1.10}
datasets:
  interactions:
    schema: {USER_ID: string, ITEM_ID: string, TIMESTAMP: long, EVENT_VALUE: float?}
    import: {from: events.csv, version: 2026-01-05}
  items:
    schema: items.json
filters:
  good: >-
    EXCLUDE ItemID
    WHERE Items.RATING < 3
solutions:
  home:
    recipe: aws-sims
    hpo: false
    config:
      algorithmHyperParameters: {max_hist_length: 30}
      eventsConfig:
        eventParametersList: [{eventType: buy, weight: 0.5}]
metric_attribution:
  metrics:
    sales: {event: buy, expression: SUM(Items.PRICE)}
"""
ITEMS = (
    '{"type": "record", "name": "Items", "fields": [{"name": "ITEM_ID", "type": "string"}, '
    '{"name": "RATING", "type": "float"}]}'
)
EVENTS = "{schema: {USER_ID: string, ITEM_ID: string, TIMESTAMP: long}}"
BAD = {
    "": (1, "The file is empty. Begin with `group: NAME`."),
    "- shop": (1, "Begin with `group: NAME`"),
    "tags: {a: b}": (1, "group is missing. Give the dataset group's name"),
    "group: my shop": (1, "group: 'my shop' is no name. Names have 1 to 63 letters"),
    "group: shop\ngroup: other": (2, "group: group is written twice here. Keep one of the two."),
    "group: shop\ntags: &all {a: b}": (2, "tags: Anchors (&) and aliases (*) are not read here."),
    "group: shop\ntags: !!map {a: b}": (2, "tags: The tag tag:yaml.org,2002:map is not read here."),
    "group: shop\ntags:\n  a: b: c": (3, "This is not YAML: mapping values are not allowed in this context."),
    "group: shop\n---\ngroup: other": (2, "A second document begins here"),
    f"group: shop\ntags: {'[' * 50}": (2, "tags.0.0: This nests too deeply."),
    "group: shop\nsolution: {}": (2, "solution: solution is not known. Did you mean solutions?"),
    "group: shop\nsolutions:\n  home: aws-sims": (3, "solutions.home: home needs members below it."),
    "group: shop\nsolutions:\n  home:\n    config: {}": (3, "solutions.home: recipe is missing. Give the name"),
    "group: shop\nsolutions:\n  home:\n    recipe: a\n    receipe: b": (
        5,
        "solutions.home.receipe: receipe is not known. Did you mean recipe?",
    ),
    "group: shop\nsolutions:\n  my home: {recipe: a}": (
        3,
        "solutions.my home: 'my home' cannot be a name here. Names have",
    ),
    "group: shop\nsolutions:\n  home: {recipe: a, hpo: maybe}": (
        3,
        "solutions.home.hpo: 'maybe' does not fit here. Give true or false.",
    ),
    "group: shop\nsolutions:\n  home: {recipe: a, name: b}": (
        3,
        "solutions.home.name: The name stands before the colon",
    ),
    "group: shop\nsolutions:\n  home:\n    recipe: a\n    config:\n      eventConfig: {}": (
        6,
        "solutions.home.config.eventConfig: eventConfig is not known. Did you mean eventsConfig?",
    ),
    "group: shop\nsolutions:\n  home:\n    recipe: a\n    config:\n      optimizationObjective:\n"
    "        objectiveSensitivity: SOME": (7, "'SOME' is none of LOW, MEDIUM, HIGH, OFF. Give one of these."),
    "group: shop\ncampaigns:\n  home: {solution: home}": (3, "There is no solution 'home' in the file."),
    "group: shop\nsolutions:\n  a: {recipe: r}\ncampaigns:\n  home: {solution: a, min_tps: 0}": (
        5,
        "campaigns.home.min_tps: '0' does not fit here. Give a whole number >= 1.",
    ),
    "group: shop\nrecommenders:\n  home: {recipe: r}": (2, "Only groups with a domain have recommenders."),
    "group: shop\ntags: many": (2, "tags: 'many' does not fit here. Give members."),
    "group: shop\ndomain: BOOKS": (2, "domain: 'BOOKS' does not fit here. Give ECOMMERCE or VIDEO_ON_DEMAND"),
    "group: shop\nfilters: [a]": (2, "filters: Names are wanted here, each before a colon."),
    "group: shop\nmetric_attribution: {metrics: {}}": (2, "Add `role: arn:aws:iam::...`"),
    "group: shop\nfilters:\n  bad: EXCLUDE Item": (3, "filters.bad: "),
    f"group: shop\ndatasets:\n  clicks: {EVENTS}": (
        3,
        "datasets.clicks: 'clicks' cannot be a name here. Give interactions, items,",
    ),
    f"group: shop\ndatasets:\n  items: {EVENTS.replace('ITEM', 'FILM')}": (
        3,
        "datasets.items.schema: The Items schema has no column ITEM_ID",
    ),
    "group: shop\ndatasets:\n  items:\n    schema:\n      ITEM_ID: text": (
        5,
        "datasets.items.schema.ITEM_ID: 'text' says no type of a column. Give one of string, int",
    ),
    "group: shop\ndatasets:\n  items:\n    schema: nowhere.json": (4, "nowhere.json cannot be read"),
    "group: shop\ndatasets:\n  users:\n    schema: items.json": (
        4,
        "The schema is of Items. That of users has the name Users",
    ),
    f"group: shop\ndatasets:\n  interactions:\n    import: no.csv\n    {EVENTS[1:-1]}": (4, "no.csv cannot be read"),
    "group: shop\ndatasets:\n  interactions:\n    import: .": (
        3,
        "datasets.interactions: schema is missing. Give columns",
    ),
    "group: " + "x" * BYTES_MAX: (1, "The file is longer than 1 MiB."),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file to write, with what it may name beside it."""
    (tmp_path / "items.json").write_text(ITEMS)
    (tmp_path / "events.csv").write_text("USER_ID,ITEM_ID,TIMESTAMP\n")
    return tmp_path / "shop.yaml"


def test_texts_are_what_their_place_says_they_are(file: Path) -> None:
    file.write_text(WHOLE)

    declared = read(file)

    assert declared.file.tags == {"NO": "1.10"}
    assert declared.file.filters[0].expression == "EXCLUDE ItemID WHERE Items.RATING < 3"
    solution = declared.file.solutions[0]
    assert (solution.name, solution.hpo, solution.version) == ("home", False, None)
    assert solution.config["algorithmHyperParameters"] == {"max_hist_length": "30"}
    assert solution.config["eventsConfig"] == {"eventParametersList": [{"eventType": "buy", "weight": 0.5}]}
    assert declared.schemas["items"] == ITEMS
    assert parse_schema(declared.schemas["interactions"]).column("EVENT_VALUE") == Column("EVENT_VALUE", "float", True)


def test_data_are_known_by_name_content_and_version_and_not_by_their_folder(file: Path, tmp_path: Path) -> None:
    file.write_text(WHOLE)
    copy = tmp_path / "copy"
    copy.mkdir()
    for each in ("shop.yaml", "items.json", "events.csv"):
        (copy / each).write_text((tmp_path / each).read_text())
    (first, moved) = (read(each).sources["interactions"] for each in (file, copy / "shop.yaml"))
    file.write_text(WHOLE.replace("2026-01-05", "2026-01-06"))
    renamed = read(file).sources["interactions"]
    (tmp_path / "events.csv").write_text("USER_ID,ITEM_ID,TIMESTAMP\n1,2,3\n")
    changed = read(file).sources["interactions"]

    assert first.content == moved.content
    assert first.location != moved.location == str(copy / "events.csv")
    assert len({first.content, renamed.content, changed.content}) == 3


@pytest.mark.parametrize("text", BAD)
def test_a_mistake_is_answered_with_its_line_its_place_and_a_fix(file: Path, text: str) -> None:
    file.write_text(text)
    line, words = BAD[text]

    with pytest.raises(Failed) as told:
        read(file)

    assert str(told.value).startswith(f"{file}, line {line}")
    assert words in str(told.value)


def test_what_is_no_text_is_refused(file: Path) -> None:
    with pytest.raises(Failed, match="cannot be read: No such file"):
        read(file)
    file.write_bytes(b"group: shop\ntags: {a: \xff}")
    with pytest.raises(Failed, match="line 2: This is not UTF-8"):
        read(file)
