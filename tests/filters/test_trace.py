"""What each clause of a filter removes, told for one list."""

import re

import numpy as np
import pytest

from filters.example_shop import IDS, club, shop
from tastemaker.data.interactions import Ints
from tastemaker.filters import FilterError, Trace, parse, trace

ALL_K = np.arange(len(IDS), dtype=np.int32)


def traced(expression: str, listed: str = IDS, **values: str) -> Trace:
    list_K = np.array([IDS.index(item) for item in listed], np.int32)
    return trace(parse(expression), shop(current="e"), values, list_K)


def letters(place_K: Ints) -> str:
    return "".join(IDS[place] for place in place_K)


def test_each_clause_tells_what_it_matched_and_removed_in_the_order_of_the_list() -> None:
    found = traced('EXCLUDE ItemID WHERE Items.GENRES IN ("Crime") OR Items.YEAR = 2020 AND Items.PRICE < 10', "gfecba")

    (expression,) = found.expressions
    assert [(each.text, each.n_matched, letters(each.removed_K)) for each in expression.clauses] == [
        ('Items.GENRES IN ("Crime")', 2, "cb"),
        ("Items.YEAR = 2020", 2, "e"),  # with what it is joined to by AND
        ("Items.PRICE < 10", 4, "e"),
    ]
    assert (expression.n_matched, letters(expression.removed_K), expression.skipped) == (3, "ecb", "")
    assert found.n_left == 5
    assert letters(np.flatnonzero(found.allowed_I).astype(np.int32)) == "adfgn"


def test_what_no_include_selects_is_removed_by_each_clause_that_does_not_match_it() -> None:
    found = traced(
        'INCLUDE ItemID WHERE Items.GENRES IN ("Drama") AND Items.PRICE < 5 | INCLUDE ItemID WHERE Items.YEAR = 2001',
        "abce",
    )

    one, other = found.expressions
    assert letters(one.removed_K) == letters(other.removed_K) == "ce"
    assert [letters(each.removed_K) for each in one.clauses] == ["c", "ce"]
    assert [letters(each.removed_K) for each in other.clauses] == ["ce"]


@pytest.mark.parametrize(
    ("expression", "values", "reason"),
    [
        (
            "EXCLUDE ItemID WHERE Items.YEAR = 2020 IF CurrentUser.AGE > 18",
            {},
            "IF CurrentUser.AGE > 18 .* user has 16",
        ),
        ('EXCLUDE ItemID WHERE Items.YEAR = 1 IF CurrentUser.CITY IN ("Rome")', {}, "the user has none"),
        ("EXCLUDE ItemID WHERE Items.YEAR = $Y AND Items.PRICE > $P", {"Y": "2020"}, "has no value for P$"),
        ("EXCLUDE ItemID WHERE Items.YEAR = $Y", {}, "filterValues has no value for Y"),
    ],
)
def test_what_is_skipped_says_why_and_removes_nothing(expression: str, values: dict[str, str], reason: str) -> None:
    found = traced(f'{expression} | EXCLUDE ItemID WHERE Items.GENRES IN ("a")', **values)

    skipped, counted = found.expressions
    assert skipped.clauses == ()
    assert (skipped.n_matched, len(skipped.removed_K)) == (0, 0)
    assert re.search(reason, skipped.skipped)
    assert (counted.skipped, letters(counted.removed_K)) == ("", "f")


def test_candidates_that_do_not_count_are_not_counted() -> None:
    among_I = np.array([item in "abc" for item in IDS])
    tree = parse('EXCLUDE ItemID WHERE Items.GENRES IN ("Crime")')

    found = trace(tree, shop(), {}, ALL_K[:3], among_I)

    assert found.n_left == 1
    assert found.expressions[0].n_matched == 2
    assert trace(tree, shop(), {}, ALL_K[:3]).n_left == 6


def test_actions_are_traced_too_and_mistakes_are_those_of_a_request() -> None:
    tree = parse('EXCLUDE ActionID WHERE Action_Interactions.EVENT_TYPE IN ("NOT_TAKEN") WITHIN 2 DAYS')
    assert trace(tree, club(), {}, ALL_K[:4]).n_left == 3
    with pytest.raises(FilterError, match="Use a filter on ItemID"):
        trace(tree, shop(), {}, ALL_K)
    with pytest.raises(FilterError, match="no value for G"):
        traced("INCLUDE ItemID WHERE Items.GENRES IN ($G)")
