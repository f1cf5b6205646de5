"""`tastemaker filter`: filters are listed, tried out on a user, and edited in place."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from cli.conftest import Films, Run
from tastemaker.cli.client import server_at
from tastemaker.cli.waiting import until_active

Value = Callable[..., Any]
UNSEEN = "films-synthetic-unseen"
DRAMAS = 'INCLUDE ItemID WHERE Items.GENRES IN ("Drama")'


@pytest.fixture
def dramas(films: Films) -> str:
    """The name of a new filter."""
    server, name = server_at(films.endpoint, films.home), f"dramas-{time.time_ns()}"
    group = "arn:aws:personalize:us-east-1:000000000000:dataset-group/films-synthetic"
    made = server.personalize.create_filter(name=name, datasetGroupArn=group, filterExpression=DRAMAS)
    until_active(server, made["filterArn"])
    return name


def test_filters_are_listed_with_their_expressions(run: Run, value: Value, dramas: str) -> None:
    found = {each["name"]: each for each in value("filter", "list")["filters"]}
    assert found[dramas]["filterExpression"] == DRAMAS
    assert found[UNSEEN]["status"] == "ACTIVE"
    assert DRAMAS in run("filter", "list").output


def test_an_edit_is_what_the_next_list_obeys(run: Run, value: Value, dramas: str) -> None:
    before = value("recs", "7", "--filter", dramas)["items"]
    assert all("Drama" in item["metadata"]["genres"].split("|") for item in before)
    expression = (
        "EXCLUDE ItemID WHERE Items.GENRES IN ($G)"
        ' | EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*") WITHIN 1 HOUR'
    )
    assert value("filter", "edit", dramas, expression)["filterExpression"] == expression
    after = value("recs", "7", "--filter", dramas, "--value", "G=Drama")["items"]
    assert after
    assert not any("Drama" in item["metadata"]["genres"].split("|") for item in after)
    assert f"{dramas} is now: {DRAMAS}" in run("filter", "edit", dramas, DRAMAS).output


def test_a_trial_shows_what_is_removed_and_what_is_left(run: Run, value: Value) -> None:
    expression = (
        'EXCLUDE ItemID WHERE Items.GENRES IN ($G) OR Items.GENRES IN ("Comedy")'
        " | EXCLUDE ItemID WHERE Items.GENRES IN ($NOTHING)"
    )
    asked = ("filter", "test", expression, "--user", "7", "--value", "G=Drama", "-n", "10")
    found = value(*asked)
    without = [item["itemId"] for item in value("recs", "7")["items"]]
    of_genre, skipped = found["expressions"]
    assert found["listWithout"] == without
    assert of_genre["removed"] == [item for item in without if item not in found["list"]]
    assert of_genre["matched"] == found["candidates"] - found["left"]
    assert skipped["skipped"] == "filterValues has no value for NOTHING"
    shown = run(*asked).output
    assert "skipped: filterValues has no value for NOTHING" in shown
    assert f"{found['left']} candidates are left. The list has 10 of 10:" in shown
    assert "together" in shown
    assert of_genre["removed"][0] in shown


def test_a_filter_is_tried_by_its_name_and_beside_an_item(value: Value) -> None:
    assert value("filter", "test", UNSEEN, "--user", "7")["expressions"][0]["removed"]
    found = value("filter", "test", "INCLUDE ItemID WHERE Items.GENRES IN CurrentItem.GENRES", "--item", "5")
    assert found["hidden"] == 1
    assert found["list"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("test", "EXCLUDE ItemID WHERE Items.NOPE = 1", "--user", "7"), "no such column. It has ITEM_ID"),
        (("test", "EXCLUDE ItemID WHERE", "--user", "7"), "the end at line 1 column 21"),
        (("test", DRAMAS), "userId is missing"),
        (("test", "EXCLUDE UserID WHERE Users.AGE < 18", "--user", "7"), "works in batch segment jobs"),
        (("test", "EXCLUDE ActionID WHERE Actions.VALUE < 1", "--user", "7"), "No ACTIVE campaign recommends actions"),
        (("test", "none", "--user", "7"), "There is no filter 'none'. There are: "),
        (("edit", "none", DRAMAS), "There is no filter 'none'. There are: "),
        (("edit", UNSEEN, "KEEP ItemID WHERE Items.A = 1"), "KEEP at line 1 column 1, expected INCLUDE or EXCLUDE"),
    ],
)
def test_what_is_refused_says_what_to_do(run: Run, arguments: tuple[str, ...], words: str) -> None:
    ended = run("filter", *arguments, "--json")
    assert ended.exit_code == 1
    assert words in json.loads(ended.stdout)["error"]
