"""One port for all: a request goes to the service that its signature names.

Ours are those signed for `personalize`, as all three clients are, and those that are not signed at all. The others are
moto's, in a thread of their own, so that recommendations do not wait for them.
"""

import asyncio
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tastemaker.sandbox.refusals import Answer, refusal
from tastemaker.sandbox.services import Services, call_of
from tastemaker.storage.bucket_folder import CHUNK_BYTES, FileBytes
from tastemaker.wire.sigv4 import Claim, claim_of

OURS = "personalize"
BODY_BYTES_MAX = 1 << 28  # in memory, some times over; clients send larger objects in parts
BODILESS = (204, 304)
NOT_OURS = ("date", "server", "status", "connection", "transfer-encoding")  # the HTTP server's to say, or nobody's


class Sandbox:
    """An ASGI application before another: what is signed for a service of moto's is answered here."""

    def __init__(self, ours: Any, home: Path, buckets: Path, account: str) -> None:
        """ours: the application that answers the rest. Restores what the sandbox of this home had."""
        self._ours = ours
        self._services = Services(home, buckets, account)
        self._threads = ThreadPoolExecutor(1, "sandbox")  # one: moto's state is made for no more

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """ASGI."""
        if scope["type"] == "http":
            authorization = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
            claim = claim_of(authorization.decode("latin-1"), scope["query_string"].decode("latin-1"))
            if claim is not None and claim.service != OURS:
                await self._answer(claim, scope, receive, send)
                return
        await self._ours(scope, receive, send)
        if scope["type"] == "lifespan":
            self._threads.shutdown(wait=True)

    async def _answer(self, claim: Claim, scope: Any, receive: Any, send: Any) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
        try:
            body, is_whole = await _read(receive)
        except ConnectionAbortedError:
            return  # half an object is none
        call = call_of(claim, scope["method"], path, query, headers, body)
        if not is_whole:
            answer = refusal(
                call,
                "EntityTooLarge",
                f"The body is longer than {BODY_BYTES_MAX >> 20} MiB. Send it in parts, as upload_file does.",
            )
        else:
            run = asyncio.get_running_loop().run_in_executor
            answer = await run(self._threads, self._services.answer, call)
        await _send(answer, scope["method"] == "HEAD", send)


async def _read(receive: Any) -> tuple[bytes, bool]:
    """The body, and whether it is all of it: nothing, if it is too long.

    Raises ConnectionAbortedError if the client went away in its midst.
    """
    parts, length = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionAbortedError
        part = message.get("body", b"")
        length += len(part)
        if length > BODY_BYTES_MAX:
            return b"", False
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts), True


async def _send(answer: Answer, is_head: bool, send: Any) -> None:
    """The answer; a file a piece at a time."""
    given = {name.lower(): " ".join(value.splitlines()) for name, value in answer.headers.items()}
    given = {name: value for name, value in given.items() if name not in NOT_OURS}
    given.setdefault("x-amzn-requestid", str(uuid.uuid4()))
    body: bytes | FileBytes = b"" if is_head or answer.status in BODILESS else answer.body
    if answer.status in BODILESS:
        given.pop("content-length", None)
    elif not is_head or "content-length" not in given:
        given["content-length"] = str(len(body))
    headers = [(name.encode("latin-1", "replace"), value.encode("latin-1", "replace")) for name, value in given.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    if isinstance(body, FileBytes):
        for start in range(0, len(body), CHUNK_BYTES):
            part = await asyncio.to_thread(body.__getitem__, slice(start, start + CHUNK_BYTES))
            await send({"type": "http.response.body", "body": part, "more_body": True})
        body = b""
    await send({"type": "http.response.body", "body": body})
