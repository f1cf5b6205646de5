"""The filter language beyond the examples: any text, any values, any catalogue."""

import math
from typing import Any

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace

from filters.example_shop import DAY_S, IDS, SCHEMAS, let_through, shop
from tastemaker.data.schemas import Column, Schema
from tastemaker.data.table import types_of
from tastemaker.filters import (
    Candidates,
    FilterError,
    Touched,
    check,
    columns_of,
    parameters,
    parse,
)

CRIME = 'EXCLUDE ItemID WHERE Items.GENRES IN ("Crime")'


def items(expression: str, candidates: Candidates, **values: str) -> str:
    return let_through(expression, candidates, values)


@pytest.mark.parametrize(
    "same",
    [
        'exclude  ITEMID\n\twhere items . Genres in("Crime")',
        "EXCLUDE ItemID WHERE Items.GENRES IN ('Crime')",
        "EXCLUDE ItemID WHERE Items.GENRES IN ($G)",
        'EXCLUDE ItemID WHERE Items.GENRES IN ("$G")',
        "EXCLUDE ItemID WHERE Items.GENRES IN $G",
        "EXCLUDE ItemID WHERE Items.GENRES = $G",
    ],
)
def test_spellings_that_mean_the_same(same: str) -> None:
    assert items(same, shop(), G='"Crime"') == items(CRIME, shop()) == "adefgn"


def test_not_in_may_be_written_with_an_underscore() -> None:
    assert parse('INCLUDE ItemID WHERE Items.GENRES NOT_IN ("x")') == parse(
        'INCLUDE ItemID WHERE Items.GENRES not  in ("x")'
    )


def test_and_binds_tighter_than_or() -> None:
    assert items("INCLUDE ItemID WHERE Items.YEAR = 1999 OR Items.YEAR = 2020 AND Items.PRICE < 10", shop()) == "ae"


def test_strings_may_hold_quotes_backslashes_keywords_and_any_script() -> None:
    tree = parse(r'INCLUDE ItemID WHERE Items.GENRES IN ("a \"b\" \\ | AND", "Été 🎬", "x\y")')

    operand: Any = tree.expressions[0].conditions[0].operand
    assert operand.values == (r'a "b" \ | AND', "Été 🎬", r"x\y")


def test_a_column_may_be_called_like_a_keyword() -> None:
    tree = parse('INCLUDE ItemID WHERE Items.WHERE IN ("x") AND Items.in = 1')

    assert tree.fields == {("Items", "WHERE"), ("Items", "IN")}


def test_current_user_and_current_item_count_as_fields_of_users_and_items() -> None:
    tree = parse("INCLUDE ItemID WHERE Items.PRICE < CurrentItem.price IF CurrentUser.AGE > 1 AND CurrentUser.age < 9")

    assert tree.fields == {("Items", "PRICE"), ("Users", "AGE")}


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("EXCLUDE UserID WHERE Items.YEAR = 1", "Items.YEAR cannot be used for UserID. Use fields of Users or Inter"),
        (f"{CRIME} | EXCLUDE UserID WHERE Users.AGE = 1", "about ItemID, another about UserID"),
        ('EXCLUDE ItemID WHERE Interactions.EVENT_TYPE = "x"', "IN or NOT IN"),
        ('EXCLUDE ItemID WHERE Interactions.EVENT_TYPE NOT IN ("*")', "every event type"),
        ('EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("a", "*")', "stands alone"),
        ('EXCLUDE ItemID WHERE Items.YEAR = "1999"', "Write the number unquoted"),
        ("EXCLUDE ItemID WHERE Items.STATUS = 1", "Write it in double quotes"),
        ("EXCLUDE ItemID WHERE Items.STATUS IN CurrentItem.YEAR", "STATUS is string, YEAR is int"),
        ("EXCLUDE ItemID WHERE Items.YEAR = CurrentItem.STATUS", "YEAR is int, STATUS is string"),
        ("EXCLUDE ItemID WHERE Items.YEAR = Items.PRICE", "Compare with values"),
        ("EXCLUDE UserID WHERE Users.AGE = 1 IF CurrentUser.AGE > 2", "no current user"),
        ("EXCLUDE ItemID WHERE Films.YEAR = 1", "Films.YEAR at line 1 column 22 names no dataset"),
        (f"EXCLUDE ItemID WHERE Items.YEAR = ${'x' * 51}", "has 51 characters"),
        (f"{CRIME} |\n  {CRIME} &", "& at line 2 column 50"),
        ("", "has 0 characters"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place_and_remedy(expression: str, message: str) -> None:
    with pytest.raises(FilterError, match=message):
        check(parse(expression), SCHEMAS)


def test_a_dataset_that_does_not_exist_is_named() -> None:
    with pytest.raises(FilterError, match="no Users dataset"):
        check(parse(f"{CRIME} IF CurrentUser.AGE > 1"), {"Items": SCHEMAS["Items"]})


@pytest.mark.parametrize(
    ("text", "literals"),
    [
        ('"Drama"', ("Drama",)),
        ('"Drama","Crime"', ("Drama", "Crime")),
        (' "Drama" , "Crime" ', ("Drama", "Crime")),
        ('"value1, value2"', ("value1, value2",)),
        ("Drama", ("Drama",)),
        ('Sci Fi, 12" vinyl', ("Sci Fi", '12" vinyl')),
        ("'Drama','Crime'", ("Drama", "Crime")),
        ("'Tis Pity,Crime", ("'Tis Pity", "Crime")),
        (r'"say \"hi\""', ('say "hi"',)),
        ("10", ("10",)),
        ('""', ("",)),
    ],
)
def test_values_are_quoted_literals_or_bare_words(text: str, literals: tuple[str, ...]) -> None:
    assert parameters({"P": text}) == {"P": literals}


@pytest.mark.parametrize("text", ['"Drama', ' "Drama', '"Drama"Crime', ",", '"a",,"b"'])
def test_values_that_cannot_be_read_say_from_where(text: str) -> None:
    with pytest.raises(FilterError, match="value of P in filterValues cannot be read from character"):
        parameters({"P": text})


@pytest.mark.parametrize("values", [{"$G": "x"}, {"x" * 51: "x"}, {"G": "x" * 1001}, {f"P{n}": "x" for n in range(26)}])
def test_values_have_limits(values: dict[str, str]) -> None:
    with pytest.raises(FilterError, match="filterValues"):
        parameters(values)


@pytest.mark.parametrize("text", ["ten", "nan", '"1","2"', "1_000", "Infinity"])
def test_a_comparison_takes_exactly_one_number(text: str) -> None:
    with pytest.raises(FilterError, match="MAX"):
        items("INCLUDE ItemID WHERE Items.PRICE <= $MAX", shop(), MAX=text)


@pytest.mark.parametrize(
    ("clause", "applies"),
    [
        ("CurrentUser.AGE = 40", True),
        ('CurrentUser.plan IN ("gold")', True),
        ('CurrentUser.PLAN IN ("gold|old")', True),
        ('CurrentUser.PLAN NOT IN ("gold")', False),
        ('CurrentUser.PLAN != "silver"', True),
        ("CurrentUser.CITY != 1", False),
        ('CurrentUser.EMPTY NOT IN ("x")', False),
    ],
)
def test_an_expression_applies_if_the_users_row_fits(clause: str, applies: bool) -> None:
    user: dict[str, object] = {"AGE": 40, "PLAN": "gold|old", "EMPTY": None}

    assert (items(f"{CRIME} IF {clause}", shop(user)) != IDS) is applies


def test_an_unknown_user_meets_no_condition() -> None:
    assert items(f"{CRIME} IF CurrentUser.AGE != 1", replace(shop(), user=None)) == IDS


def test_a_current_item_outside_the_catalogue_has_no_values() -> None:
    assert items("INCLUDE ItemID WHERE Items.GENRES IN CurrentItem.GENRES", shop()) == ""
    assert items("INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE", shop()) == ""


def test_events_of_other_types_are_found_by_not_in() -> None:
    assert items('INCLUDE ItemID WHERE Interactions.EVENT_TYPE NOT IN ("WATCH", "like")', shop()) == "ben"


WATCHED = "EXCLUDE ItemID WHERE Interactions.EVENT_TYPE"


@pytest.mark.parametrize(
    ("window", "left"),
    [
        ('IN ("watch")', "bdefgn"),
        ('IN ("watch") WITHIN 30 DAYS', "bcdefgn"),
        ('IN ("WATCH") within 40 days', "bdefgn"),
        ('IN ("watch") WITHIN 39 DAYS', "bcdefgn"),
        ('IN ("watch") WITHIN 960 HOURS', "bdefgn"),
        ('IN ("watch") WITHIN 57599 MINUTES', "bcdefgn"),
        ('IN ("watch") WITHIN 1 DAY', IDS),
        ('IN ("*") WITHIN 3 DAYS', "acdfg"),
        ('NOT IN ("watch") WITHIN 3 DAYS', "acdfg"),
        ('IN ("watch") WITHIN 30 DAYS AND Interactions.EVENT_TYPE IN ("watch", "like")', "bcdefgn"),
        ('IN ("watch") WITHIN 30 DAYS OR Interactions.EVENT_TYPE IN ("like")', "bcefgn"),
        ("IN ($EVENTS) WITHIN 30 DAYS", "bcdefg"),
        ("IN $EVENTS WITHIN 30 DAYS IF CurrentUser.AGE < 18", "bcdefg"),
    ],
)
def test_a_window_counts_back_from_the_request(window: str, left: str) -> None:
    check(parse(f"{WATCHED} {window}"), SCHEMAS, extended=True)
    assert items(f"{WATCHED} {window}", shop(), EVENTS='"save","Watch"') == left


def test_what_is_sent_from_a_clock_that_is_ahead_is_within_any_window() -> None:
    ahead = Touched(np.array([0], np.int32), np.array([shop().now_s + DAY_S], np.int64))
    assert items(f'{WATCHED} IN ("*") WITHIN 1 MINUTE', replace(shop(), events={"watch": ahead})) == "bcdefgn"


def test_a_window_on_events_without_times_says_what_to_do() -> None:
    old = replace(shop(), events={"watch": Touched(np.array([0], np.int32))})
    assert items(f'{WATCHED} IN ("watch")', old) == "bcdefgn"
    with pytest.raises(FilterError, match="Train a new version"):
        items(f'{WATCHED} IN ("watch") WITHIN 1 DAY', old)


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("Items.FREE = true", "a"),
        ("Items.FREE = TRUE", "a"),
        ("Items.free = false", "b"),
        ("Items.FREE != true", "bcdefgn"),
        ("Items.FREE = $FREE", "b"),
        ("Items.FREE = ($FREE) OR Items.YEAR = 2020", "bce"),
        ("Items.FREE = CurrentItem.FREE", "a"),
        ("Items.FREE != CurrentItem.FREE", "bcdefgn"),
    ],
)
def test_booleans_are_compared_with_true_and_false(condition: str, found: str) -> None:
    check(parse(f"INCLUDE ItemID WHERE {condition}"), SCHEMAS, extended=True)
    assert items(f"INCLUDE ItemID WHERE {condition}", shop(current="a"), FREE='"False"') == found


@pytest.mark.parametrize("text", ["yes", '"1"', '"true","false"', "null"])
def test_a_boolean_takes_exactly_one_truth(text: str) -> None:
    with pytest.raises(FilterError, match="FREE"):
        items("INCLUDE ItemID WHERE Items.FREE = $FREE", shop(), FREE=text)


@pytest.mark.parametrize(
    ("clause", "applies"), [("= true", True), ("= false", False), ("!= false", True), ("= $VIP", False)]
)
def test_a_boolean_of_the_user_decides(clause: str, applies: bool) -> None:
    found = items(f"{CRIME} IF CurrentUser.VIP {clause}", shop({"VIP": True}), VIP="false")
    assert (found != IDS) is applies


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (f'{WATCHED} IN ("watch") WITHIN 30 DAYS', r'IN \("watch"\) WITHIN 30 DAYS has a window .*--filter-extensions'),
        ("EXCLUDE ItemID WHERE Items.FREE = true", "Items.FREE is a boolean .*`tastemaker filter edit` always"),
        ("EXCLUDE ItemID WHERE Items.YEAR = 1 IF CurrentUser.AGE = CurrentUser.AGE", "Compare with"),
    ],
)
def test_extensions_are_refused_unless_they_are_allowed(expression: str, message: str) -> None:
    with pytest.raises(FilterError, match=f"^Could not create filter. Invalid Expression: .*{message}"):
        check(parse(expression), SCHEMAS)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (f'{WATCHED} IN ("a") WITHIN 0 DAYS', "WITHIN 0 DAYS at line 1 column 62: give a whole number"),
        (f'{WATCHED} IN ("a") WITHIN 1.5 DAYS', "1.5 DAYS at line 1 column 62"),
        (f'{WATCHED} IN ("a") WITHIN -1 DAYS', "-1 DAYS at line 1 column 62"),
        (f'{WATCHED} IN ("a") WITHIN 1000001 DAYS', "from 1 to 1,000,000"),
        (f'{WATCHED} IN ("a") WITHIN 3 WEEKS', "WEEKS at line 1 column 64, expected MINUTES, HOURS or DAYS"),
        (f'{WATCHED} IN ("a") WITHIN $N DAYS', r"\$N at line 1 column 62, expected a number"),
        ('EXCLUDE ItemID WHERE Items.GENRES IN ("a") WITHIN 1 DAY', "only events have a time"),
        ('EXCLUDE ItemID WHERE Items.YEAR = 1 IF CurrentUser.PLAN IN ("a") WITHIN 1 DAY', "only events have a time"),
        ("EXCLUDE ItemID WHERE Items.YEAR = 1 WITHIN 1 DAY", "WITHIN at line 1 column 37"),
        ('EXCLUDE ItemID WHERE Items.FREE IN ("true")', "Compare true or false with ="),
        ("EXCLUDE ItemID WHERE Items.FREE > true", "Use ="),
        ("EXCLUDE ItemID WHERE Items.FREE = 1", "Write true or false, unquoted"),
        ('EXCLUDE ItemID WHERE Items.FREE = "true"', "Write true or false, unquoted"),
        ("EXCLUDE ItemID WHERE Items.YEAR = true", "numeric column with true or false"),
        ("EXCLUDE ItemID WHERE Items.GENRES = true", "string column with true or false"),
        ("EXCLUDE ItemID WHERE Items.FREE = CurrentItem.YEAR", "FREE is boolean, YEAR is int"),
        ("EXCLUDE ItemID WHERE Items.GENRES = CurrentItem.FREE", "GENRES is string, FREE is boolean"),
        (f"EXCLUDE ItemID WHERE Items.YEAR = {'9' * 400}", "at line 1 column 35 is too large"),
    ],
)
def test_an_extension_that_makes_no_sense_is_refused(expression: str, message: str) -> None:
    with pytest.raises(FilterError, match=message):
        check(parse(expression), SCHEMAS, extended=True)


def test_columns_follow_the_order_of_the_ids_and_split_only_categories() -> None:
    schema = Schema(
        "Items",
        (
            Column("ITEM_ID", "string", nullable=False),
            Column("G", "string", nullable=True, categorical=True),
            Column("N", "int", nullable=True),
            Column("TITLE", "string", nullable=True),
        ),
    )
    frame = pl.DataFrame(
        [("i2", "a|b", 2, "Face|Off"), ("i1", None, None, None)], schema=types_of(schema), orient="row"
    )

    columns: Any = columns_of(frame, schema, ["i1", "i2", "i3"])

    assert [columns["G"].of(item) for item in range(3)] == [[], ["a", "b"], []]
    assert columns["TITLE"].of(1) == ["Face|Off"]
    assert columns["ITEM_ID"].of(2) == ["i3"]
    assert [math.isnan(value) for value in columns["N"].value_I] == [True, False, True]
    assert columns["G"].categories.value_V.dtype == np.int32
