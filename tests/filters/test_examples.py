"""The worked examples of the specification: what each valid one lets through, and why each invalid one is refused."""

import pytest

from filters.example_shop import SCHEMAS, club, let_through, people, shop
from filters.worked_examples import INVALID, VALID
from tastemaker.filters import FilterError, allowed, check, parse


def test_there_are_31_valid_and_25_invalid_ones() -> None:
    assert list(VALID) == list(range(1, 32))
    assert [number for number in INVALID if isinstance(number, int)] == list(range(1, 23))  # 23 to 25 are requests


@pytest.mark.parametrize(("expression", "values", "found"), VALID.values(), ids=map(str, VALID))
def test_a_valid_example_lets_through(expression: str, values: dict[str, str], found: str) -> None:
    tree = parse(expression)
    check(tree, SCHEMAS, fields_max=10)
    candidates = {"ItemID": shop(current="e"), "UserID": people(), "ActionID": club()}

    assert let_through(expression, candidates.pop(tree.expressions[0].target), values) == found
    for other in candidates.values():
        with pytest.raises(FilterError, match=rf"cannot be used here\. Use a filter on {other.target}"):
            allowed(tree, other, values)


@pytest.mark.parametrize(("expression", "message"), INVALID.values(), ids=map(str, INVALID))
def test_an_invalid_example_is_refused(expression: str, message: str) -> None:
    with pytest.raises(FilterError, match=message) as error:
        check(parse(expression), SCHEMAS, fields_max=2)

    assert str(error.value).startswith("Could not create filter. ")


def test_23_including_without_values_is_an_error_that_names_them() -> None:
    with pytest.raises(FilterError, match="no value for EVENTS"):
        allowed(parse(VALID[5][0]), shop(), {"events": '"like"'})


@pytest.mark.parametrize("values", [{}, {"G": '"Crime"'}, {"AGE": "16"}, {"G": "", "AGE": "16"}])
def test_24_excluding_without_values_is_ignored(values: dict[str, str]) -> None:
    assert allowed(parse(VALID[21][0]), shop(), values).all()


def test_25_a_filter_says_whether_it_needs_the_current_item_or_the_user() -> None:
    needs = {number: (parse(text).needs_user, parse(text).needs_current_item) for number, (text, _, _) in VALID.items()}

    assert [number for number, (user, _) in needs.items() if user] == [
        *range(1, 6), 15, 16, 17, 18, 19, 20, 21, 27, 28, 31,
    ]  # fmt: skip
    assert [number for number, (_, item) in needs.items() if item] == [22, 23]
