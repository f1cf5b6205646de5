"""Whatever text comes: it is a filter, or the error says where it is none; and that takes no long time.

TASTEMAKER_FUZZ=1000000 tries so many; a few thousand are tried without.
"""

import contextlib
import gc
import os
import re
import time
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from filters.example_shop import SCHEMAS
from filters.generated import TEXTS
from tastemaker.filters import FilterError, check, parameters, parse, text_of
from tastemaker.filters.grammar import EXPRESSION_CHARS_MAX

N_TEXTS = int(os.environ.get("TASTEMAKER_FUZZ", "3_000"))
AT_A_TIME = 50_000  # hypothesis remembers what it tried
WORK_S = 1.0  # of processor time, for the longest text and a slow machine: mostly it takes a thousandth of that
PLACE = re.compile(r" at line ([0-9]+) column ([0-9]+)")
# The service's own words, and what has no place.
PLACELESS = re.compile(r"Placeholders are not allowed with NOT_IN operator\.$|The expression has [0-9]+ characters")


def read(text: str) -> bool:
    """Whether it is a filter. Fails if it is neither that nor a clear error, soon."""
    problem = ""
    with soon():
        try:
            tree = parse(text)
        except FilterError as error:
            problem = str(error)
    if problem:
        assert problem.startswith("Could not create filter. ")
        assert names_a_place(problem, text) or PLACELESS.search(problem), problem
        return False
    again = text_of(tree)
    assert len(again) > EXPRESSION_CHARS_MAX or parse(again) == tree
    with contextlib.suppress(FilterError):
        check(tree, SCHEMAS, extended=True)
    return True


@contextlib.contextmanager
def soon() -> Iterator[None]:
    """Fails if what is done within takes long. Collecting the garbage of hypothesis does not count."""
    gc.disable()
    began_s = time.process_time()
    try:
        yield
    finally:
        gc.enable()
    assert time.process_time() - began_s < WORK_S


def names_a_place(problem: str, text: str) -> bool:
    """Whether the error says where, and the text has that place."""
    place = PLACE.search(problem)
    lines = text.split("\n")
    return place is not None and int(place[2]) <= len(lines[int(place[1]) - 1]) + 1


@pytest.mark.parametrize("first", range(0, N_TEXTS, AT_A_TIME))
def test_any_text_is_a_filter_or_an_error_that_says_where_it_is_none(first: int) -> None:
    n_texts = min(AT_A_TIME, N_TEXTS - first)
    found = {True: 0, False: 0}

    @seed(first)
    @settings(
        max_examples=n_texts // 10,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(TEXTS)
    def each(texts: list[str]) -> None:
        for text in texts:
            found[read(text)] += 1

    each()
    assert sum(found.values()) >= n_texts
    assert min(found.values()) > n_texts / 10  # both kinds were there


LIST = "INCLUDE ItemID WHERE Items.GENRES IN ("
LONGEST = [
    LIST + '"a",' * 600,
    LIST + '"a",' * 600 + '"a")',
    LIST + "(" * 2000,
    LIST + '"' * 2400,
    LIST + '"\\"' * 800,
    LIST + "\"'" * 1200,
    '"' + "\\" * 2499,
    "(" * 2500,
    ")" * 2500,
    "NOT " * 625,
    "|" * 2500,
    "$" * 2500,
    " " * 2499 + "x",
    "\n" * 2500,
    "INCLUDE" * 357,
    "EXCLUDE ItemID WHERE " + " OR ".join(["Items.YEAR = 1"] * 137),
    "EXCLUDE ItemID WHERE " + " AND ".join(["Items.YEAR = 1"] * 130),
    " | ".join(["EXCLUDE ItemID WHERE Items.YEAR = 1"] * 65),
    "EXCLUDE ItemID WHERE Items.YEAR = " + "9" * 2400,
    "EXCLUDE ItemID WHERE Items.YEAR = 1." + "0" * 2400,
    "EXCLUDE ItemID WHERE Items." + "x" * 2400 + " = 1",
    'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("a") WITHIN ' + "9" * 2400 + " DAYS",
    "x" * (EXPRESSION_CHARS_MAX + 1),
]


@pytest.mark.parametrize("text", LONGEST, ids=range(len(LONGEST)))
def test_the_longest_texts_take_no_long_time(text: str) -> None:
    read(text)


@pytest.mark.parametrize(
    "text",
    [
        '"' * 1000,
        "a" + " " * 998 + "a",
        ("a" + " " * 9) * 100,
        "'a" * 500,
        '"' + "\\" * 999,
        "'" + "\\'" * 499,
        ", " * 500,
        '"a",' * 250,
        "a," * 500,
        " " * 999 + '"',
    ],
    ids=range(10),
)
def test_the_longest_values_take_no_long_time(text: str) -> None:
    problem = ""
    with soon():
        try:
            found = parameters({"P": text})
        except FilterError as error:
            problem = str(error)
    assert "value of P in filterValues cannot be read from character" in problem if problem else found
