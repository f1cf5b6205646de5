"""Page tokens: they lead on, and only where they were given."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tastemaker.errors import InvalidNextTokenException
from tastemaker.resources.pages import PAGE_MAX, page, token


@given(after=st.integers(0, 2**60), arn=st.text(max_size=20), most=st.integers(1, 100))
def test_a_token_leads_to_the_page_after_it(after: int, arn: str, most: int) -> None:
    request: dict[str, Any] = {"solutionArn": arn}
    following = {**request, "nextToken": token(request, "ListCampaigns", after), "maxResults": most}
    assert page(following, "ListCampaigns") == (after, most)
    assert len(following["nextToken"]) <= 1500


def test_a_page_has_at_most_a_hundred_results_unless_fewer_are_asked() -> None:
    assert page({}, "ListSchemas") == (0, PAGE_MAX)
    assert PAGE_MAX == 100


def test_a_token_belongs_to_its_operation_and_arguments() -> None:
    given = token({"solutionArn": "a"}, "ListCampaigns", 7)
    for request, operation in (
        ({"solutionArn": "b"}, "ListCampaigns"),
        ({"solutionArn": "a"}, "ListFilters"),
        ({}, "x"),
    ):
        with pytest.raises(InvalidNextTokenException):
            page({**request, "nextToken": given}, operation)


@given(st.text(max_size=100) | st.binary(max_size=60).map(lambda raw: raw.hex()))
def test_no_text_that_was_made_up_is_a_token(text: str) -> None:
    with pytest.raises(InvalidNextTokenException, match="nextToken"):
        page({"nextToken": text}, "ListSchemas")
