"""Long lists in pages: here the 101st result is cut off, and here a token says where the next page begins."""

import base64
import binascii
import zlib
from collections.abc import Mapping
from typing import Any

import msgspec

from tastemaker.errors import InvalidNextTokenException

PAGE_MAX = 100


def page(request: Mapping[str, Any], operation: str) -> tuple[int, int]:
    """Where a page begins (after this number) and how many results it may have."""
    return _start(request, operation), request.get("maxResults", PAGE_MAX)


def token(request: Mapping[str, Any], operation: str, after: int) -> str:
    """The token of the page that follows."""
    return base64.urlsafe_b64encode(msgspec.json.encode([after, _fingerprint(request, operation)])).decode()


def _start(request: Mapping[str, Any], operation: str) -> int:
    text = request.get("nextToken")
    if text is None:
        return 0
    try:
        after, fingerprint = msgspec.json.decode(base64.urlsafe_b64decode(text), type=tuple[int, int])
    except (msgspec.DecodeError, binascii.Error, UnicodeError, ValueError):
        after, fingerprint = -1, -1
    if fingerprint != _fingerprint(request, operation) or not 0 <= after < 1 << 62:
        raise InvalidNextTokenException(
            f"nextToken {text[:60]!r} was not given by {operation} for these arguments. Use the nextToken of the page "
            "before, with the same arguments, or leave it out to begin."
        )
    return after


def _fingerprint(request: Mapping[str, Any], operation: str) -> int:
    """A token belongs to one operation and its arguments; how many results a page has may change between pages."""
    rest = {name: value for name, value in sorted(request.items()) if name not in ("nextToken", "maxResults")}
    return zlib.crc32(operation.encode() + msgspec.json.encode(rest))
