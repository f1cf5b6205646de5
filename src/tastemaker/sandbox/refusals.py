"""Errors of the sandbox in the form that the client of each service reads."""

from dataclasses import dataclass
from xml.sax.saxutils import escape

import msgspec

from tastemaker.storage.bucket_folder import FileBytes
from tastemaker.storage.calls import Call

CBOR_TEXT, CBOR_MAP_OF_2, CBOR_TWO_BYTES = 0x60, 0xA2, 25


@dataclass(frozen=True)
class Answer:
    """What a service answers; the bytes of an object may be a file that is read while it is sent."""

    status: int
    headers: dict[str, str]
    body: bytes | FileBytes


def refusal(call: Call, code: str, message: str, status: int = 400) -> Answer:
    """An error, in the protocol of the call."""
    kind = call.headers.get("content-type", "")
    if call.headers.get("smithy-protocol") == "rpc-v2-cbor":
        body = bytes([CBOR_MAP_OF_2]) + b"".join(map(_cbor, ("__type", code, "message", message)))
        headers = {"content-type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
    elif call.service == "s3":
        body = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>".encode()
        headers = {"content-type": "application/xml"}
    elif kind.startswith("application/x-www-form-urlencoded"):
        error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        body = f"<ErrorResponse>{error}</ErrorResponse>".encode()
        headers = {"content-type": "text/xml"}
    else:
        body = msgspec.json.encode({"__type": code, "message": message})
        headers = {"content-type": kind or "application/json", "x-amzn-errortype": code}
    return Answer(status, headers, body)


def _cbor(text: str) -> bytes:
    """A text in CBOR (RFC 8949, major type 3), its length in two bytes."""
    data = text.encode()
    return bytes([CBOR_TEXT | CBOR_TWO_BYTES]) + len(data).to_bytes(2, "big") + data
