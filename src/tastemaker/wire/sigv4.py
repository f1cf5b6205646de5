"""SigV4, verified: who signed this request, as a pure function of the request, the keys and the time.

Source: AWS Signature Version 4 signing process, "Create a signed AWS API request". The three clients sign headers
(never the query), with the signing name `personalize`, and hash the body without saying so in a header.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import parse_qs, quote, unquote

from tastemaker.errors import (
    IncompleteSignature,
    InvalidClientTokenId,
    MissingAuthenticationToken,
    RequestExpired,
    SignatureDoesNotMatch,
)

SCOPE = re.compile(r"(?P<key>[^/\s,]+)/(?P<date>\d{8})/(?P<region>[a-z0-9-]+)/(?P<service>[a-z0-9-]+)/aws4_request")
CREDENTIAL = re.compile(r"AWS4-HMAC-SHA256\s+Credential=" + SCOPE.pattern)
AUTHORIZATION = re.compile(
    CREDENTIAL.pattern + r"\s*,\s*SignedHeaders=(?P<headers>[a-z0-9;-]+)\s*,\s*Signature=(?P<signature>[0-9a-f]{64})"
)
DATE = re.compile(r"[0-9]{8}T[0-9]{6}Z")


@dataclass(frozen=True)
class Signed:
    """A request as it was signed; header names in lower case, the path as it was sent, percent signs and all."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Credential:
    """What the credential scope of a request says, verified or not."""

    access_key: str
    region: str


@dataclass(frozen=True)
class Claim:
    """What a request says of itself when it may be for another service than ours."""

    access_key: str
    region: str
    service: str


def credential_of(headers: Mapping[str, str]) -> Credential | None:
    """The scope a request claims; None if it is not signed. Nothing is verified."""
    scope, _, rest = headers.get("authorization", "").partition(",")
    return _claimed(scope) if rest else None


@lru_cache(maxsize=64)
def _claimed(scope: str) -> Credential | None:
    found = CREDENTIAL.fullmatch(scope.rstrip())
    return Credential(found["key"], found["region"]) if found else None


def claim_of(authorization: str, query: str) -> Claim | None:
    """Which service a request claims to be signed for, and by whom; None if it is not signed. Nothing is verified.

    authorization: the header. query: as it was sent; of a presigned URL it holds the signature. Signatures of version
    2, which S3 still takes, name no region: it is empty then.
    """
    found = SCOPE.match(authorization.partition("Credential=")[2])
    if found is None and "X-Amz-Credential=" in query:
        found = SCOPE.match(parse_qs(query).get("X-Amz-Credential", [""])[0])
    if found is not None:
        return Claim(found["key"], found["region"], found["service"])
    if authorization.startswith("AWS "):
        return Claim(authorization.removeprefix("AWS ").partition(":")[0], "", "s3")
    if "AWSAccessKeyId=" in query and "Signature=" in query:
        return Claim(parse_qs(query).get("AWSAccessKeyId", [""])[0], "", "s3")
    return None


def verify(request: Signed, secret_of: Callable[[str], str | None], now: datetime, skew_s: float) -> Credential:
    """Who signed the request.

    secret_of: the secret key of an access key, None if it is unknown. now: with a time zone. skew_s: how far the
    request's date may be off. Raises the AWS error that says what is wrong with the signature.
    """
    header = request.headers.get("authorization")
    if not header:
        raise MissingAuthenticationToken(
            "This server demands signed requests and this one has no Authorization header. Give the client the access "
            "key and secret key that `tastemaker up --auth` names."
        )
    found = AUTHORIZATION.fullmatch(header.strip())
    if not found:
        raise IncompleteSignature(
            "The Authorization header must read: AWS4-HMAC-SHA256 Credential=<key>/<date>/<region>/<service>"
            "/aws4_request, SignedHeaders=<names>, Signature=<64 hex digits>."
        )
    date, sent = request.headers.get("x-amz-date", ""), None
    if DATE.fullmatch(date):
        sent = _sent(date)
    if sent is None:
        raise IncompleteSignature(f"X-Amz-Date is {date[:40]!r}: give a time like 20250131T235959Z.")
    if not date.startswith(found["date"]):
        raise IncompleteSignature("The date of the credential scope is not the date in X-Amz-Date.")
    if abs((now - sent).total_seconds()) > skew_s:
        raise RequestExpired(
            f"The request was signed at {sent:%Y-%m-%dT%H:%M:%SZ} and it is {now:%Y-%m-%dT%H:%M:%SZ} here: more than "
            f"{skew_s:.0f} s apart. Set the client's clock."
        )
    signed_headers = found["headers"].split(";")
    if "host" not in signed_headers:
        raise IncompleteSignature(
            "SignedHeaders must contain host: without it a request could be sent to another server."
        )
    secret = secret_of(found["key"])
    if secret is None:
        raise InvalidClientTokenId(f"The access key {found['key']} is not known to this server.")
    scope = f"{found['date']}/{found['region']}/{found['service']}/aws4_request"
    hashed = hashlib.sha256(_canonical(request, signed_headers).encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashed}"
    key = _signing_key(secret, found["date"], found["region"], found["service"])
    expected = hmac.digest(key, text.encode(), "sha256").hex()
    if not hmac.compare_digest(expected, found["signature"]):
        raise SignatureDoesNotMatch(
            "The signature does not match: the secret key differs, or something between client and server changed the "
            "request (a proxy that rewrites the Host header, for example)."
        )
    return _credential(found["key"], found["region"])


@lru_cache(maxsize=64)
def _sent(date: str) -> datetime | None:
    """The time of a date in its one form, None for a day or an hour that does not exist. Many requests share it."""
    try:
        return datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


_credential = lru_cache(maxsize=64)(Credential)
_quoted = lru_cache(maxsize=256)(lambda path: quote(path, safe="/-_.~") or "/")


def _canonical(request: Signed, signed_headers: list[str]) -> str:
    headers = "".join(f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in signed_headers)
    body_hash = request.headers.get("x-amz-content-sha256") if "x-amz-content-sha256" in signed_headers else None
    actual = hashlib.sha256(request.body).hexdigest()
    if body_hash not in (None, actual):
        raise SignatureDoesNotMatch("The body is not the one whose hash was signed in X-Amz-Content-Sha256.")
    return "\n".join(
        (
            request.method,
            _quoted(request.path),  # what was encoded once is encoded again
            _canonical_query(request.query),
            headers,
            ";".join(signed_headers),
            actual,
        )
    )


def _canonical_query(query: str) -> str:
    if not query:
        return ""
    pairs = sorted(
        (quote(unquote(name), safe="-_.~"), quote(unquote(value), safe="-_.~"))
        for name, _, value in (part.partition("=") for part in query.split("&"))
    )
    return "&".join(f"{name}={value}" for name, value in pairs)


@lru_cache(maxsize=64)
def _signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """One key a day, region and service: deriving it costs as much as the rest of the check."""
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
