"""What botocore signs, we verify; what anybody changed on the way, we refuse."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from tastemaker.errors import (
    ApiError,
    IncompleteSignature,
    InvalidClientTokenId,
    MissingAuthenticationToken,
    RequestExpired,
    SignatureDoesNotMatch,
)
from tastemaker.wire.sigv4 import Claim, Credential, Signed, claim_of, credential_of, verify

KEY, SECRET, REGION = "AKEXAMPLE", "secret/with+signs=", "eu-west-1"


def signed(body: bytes = b"{}", path: str = "/", query: str = "", **headers: str) -> Signed:
    """A request as botocore signs it."""
    url = f"http://localhost:8080{path}" + (f"?{query}" if query else "")
    request = AWSRequest("POST", url, data=body, headers={"Host": "localhost:8080", **headers})
    SigV4Auth(Credentials(KEY, SECRET), "personalize", REGION).add_auth(request)
    return Signed("POST", path, query, {name.lower(): value for name, value in request.headers.items()}, body)


def check(request: Signed, secret: str = SECRET, late_s: float = 0) -> Credential:
    now = datetime.now(UTC) + timedelta(seconds=late_s)
    return verify(request, {KEY: secret}.get, now, skew_s=900)


def test_a_request_signed_by_botocore_is_verified() -> None:
    assert check(signed()) == Credential(KEY, REGION)


@given(body=st.binary(max_size=200), target=st.from_regex(r"[A-Za-z.]{1,40}", fullmatch=True))
def test_any_body_and_header_that_botocore_signs_is_verified(body: bytes, target: str) -> None:
    assert check(signed(body, **{"X-Amz-Target": target})).access_key == KEY


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/resources/arn:aws:personalize:::recipe/x", ""),
        ("/resources/arn%3Aaws%3A%2F%20x", ""),
        ("/jobs", "b=2&a=1"),
        ("/jobs", "a=x%20y&a=b%2Fc"),
    ],
)
def test_paths_and_queries_are_part_of_what_is_signed(path: str, query: str) -> None:
    request = signed(b"", path, query)
    assert check(request).access_key == KEY
    with pytest.raises(SignatureDoesNotMatch):
        check(replace(request, path=path + "x"))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda found: replace(found, body=b"{ }"), SignatureDoesNotMatch),
        (lambda found: replace(found, method="GET"), SignatureDoesNotMatch),
        (lambda found: with_header(found, "host", "elsewhere"), SignatureDoesNotMatch),
        (lambda found: with_header(found, "authorization", ""), MissingAuthenticationToken),
        (lambda found: with_header(found, "authorization", "Bearer x"), IncompleteSignature),
        (lambda found: with_header(found, "x-amz-date", "yesterday"), IncompleteSignature),
        (lambda found: with_header(found, "x-amz-date", "20200101T000000Z"), IncompleteSignature),
        (
            lambda found: with_header(found, "authorization", found.headers["authorization"].replace(KEY, "OTHER")),
            InvalidClientTokenId,
        ),
        (
            lambda found: with_header(found, "authorization", found.headers["authorization"].replace("host;", "")),
            IncompleteSignature,
        ),
    ],
)
def test_a_changed_request_is_refused(change: Any, error: type[ApiError]) -> None:
    with pytest.raises(error) as refused:
        check(change(signed()))
    assert refused.value.message


def with_header(request: Signed, name: str, value: str) -> Signed:
    return replace(request, headers={**request.headers, name: value})


def test_a_wrong_secret_is_refused() -> None:
    with pytest.raises(SignatureDoesNotMatch):
        check(signed(), secret=SECRET + "x")


@pytest.mark.parametrize("late_s", [-901 - 1, 901])
def test_a_clock_that_is_off_by_more_than_allowed_is_refused(late_s: float) -> None:
    with pytest.raises(RequestExpired, match="clock"):
        check(signed(), late_s=late_s)
    assert check(signed(), late_s=0.9 * late_s)


@given(st.text(max_size=200))
def test_no_header_makes_the_reader_fail(text: str) -> None:
    request = Signed("POST", "/", "", {"authorization": text, "x-amz-date": text}, b"")
    assert credential_of(request.headers) is None
    with pytest.raises(ApiError):
        check(request)


@pytest.mark.parametrize(
    ("authorization", "query", "claim"),
    [
        ("AWS4-HMAC-SHA256 Credential=A/20260101/eu-west-1/s3/aws4_request, SignedHeaders=a_b", "", "A eu-west-1 s3"),
        ("", "x=1&X-Amz-Credential=A%2F20260101%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Signature=0", "A eu-west-1 s3"),
        ("AWS A:signature", "", "A  s3"),
        ("", "AWSAccessKeyId=A&Signature=s&Expires=1", "A  s3"),
        ("", "AWSAccessKeyId=A", None),
        ("", "X-Amz-Credential=", None),
        ("", "X-Amz-Credential=A", None),
        ("Bearer token", "", None),
        ("", "", None),
    ],
)
def test_what_a_request_claims_to_be_for(authorization: str, query: str, claim: str | None) -> None:
    assert claim_of(authorization, query) == (Claim(*claim.split(" ")) if claim else None)


def test_what_botocore_signs_for_us_is_ours() -> None:
    assert claim_of(signed().headers["authorization"], "") == Claim(KEY, REGION, "personalize")
