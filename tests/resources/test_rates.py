"""Quotas per second: a burst passes, what comes on top of it is told to slow down, and time heals."""

import pytest

from tastemaker.errors import ThrottlingException
from tastemaker.resources.rates import rated


def test_calls_beyond_the_rate_are_refused_until_time_has_passed() -> None:
    now_s = [0.0]
    put = rated("PutItems", lambda request: request["datasetArn"], lambda: now_s[0])
    for _ in range(10):
        assert put({"datasetArn": "one"}) == "one"
    with pytest.raises(ThrottlingException, match="10 times a second"):
        put({"datasetArn": "one"})
    assert put({"datasetArn": "two"}) == "two"  # each dataset for itself
    now_s[0] = 0.1
    assert put({"datasetArn": "one"}) == "one"
    with pytest.raises(ThrottlingException):
        put({"datasetArn": "one"})
