"""The ASGI edge: what happens to a request, in order.

Framework-free, because every recommendation passes here: bytes in, bytes out, and one list of steps.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from functools import lru_cache
from random import getrandbits
from typing import Any

import msgspec
import structlog

from tastemaker.arn import Scope
from tastemaker.errors import (
    ApiError,
    RequestTooLargeException,
    SerializationException,
    UnknownOperationException,
)
from tastemaker.settings import Settings
from tastemaker.wire.service_model import Checked, Operation
from tastemaker.wire.service_model import operations as modelled
from tastemaker.wire.sigv4 import Signed, credential_of, verify

log = structlog.get_logger()

CONTROL_THREADS = 4  # control operations wait for disk; recommendations never wait behind them

# Requests of the runtime that come again in the same words, as those of a user mostly do, are checked once; long ones
# seldom come again.
RUNTIME, SAME_WORDS_BYTES_MAX = "personalize-runtime", 512

decode = msgspec.json.Decoder().decode
encode = msgspec.json.Encoder().encode

Function = Callable[[dict[str, Any], Scope], Any]
# A page of our own beside the AWS operations: rest of the path, query and body -> status and JSON value.
Native = Callable[[str, str, bytes], tuple[int, Any]]


class Headers(Mapping[str, str]):
    """The headers of a request by their names in lower case: bytes, made into text where they are looked at."""

    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        self._raw = dict(raw)

    def get(self, name: str, default: Any = None) -> Any:
        """The text of a header, or the default."""
        value = self._raw.get(name.encode("latin-1", "replace"))
        return default if value is None else value.decode("latin-1")

    def __getitem__(self, name: str) -> str:
        return self._raw[name.encode("latin-1", "replace")].decode("latin-1")

    def __iter__(self) -> Iterator[str]:
        return (name.decode("latin-1") for name in self._raw)

    def __len__(self) -> int:
        return len(self._raw)


class Request(msgspec.Struct, frozen=True):
    """A request as it came. scope: what the ASGI server says of it."""

    scope: Mapping[str, Any]
    headers: Mapping[str, str]
    body: bytes

    @property
    def method(self) -> str:
        """POST and the like."""
        method: str = self.scope["method"]
        return method

    @property
    def path(self) -> str:
        """The path, percent-decoded."""
        path: str = self.scope["path"]
        return path

    @property
    def raw_path(self) -> str:
        """The path as it was sent."""
        path: bytes = self.scope["raw_path"]
        return path.decode("latin-1")

    @property
    def query(self) -> str:
        """What follows the question mark."""
        query: bytes = self.scope["query_string"]
        return query.decode("latin-1")


class Response(msgspec.Struct, frozen=True):
    """An answer as it goes."""

    status: int
    content_type: str
    body: bytes
    error: str = ""


class Edge:
    """The application that the ASGI server runs."""

    def __init__(
        self,
        settings: Settings,
        table: Mapping[str, Function],
        native: Mapping[tuple[str, str], Native],
        secret_of: Callable[[str], str | None],
        tend: Callable[[], Awaitable[None]],
    ) -> None:
        """table: the functions by name of operation. native: our own pages by method and first part of the path.

        secret_of: access key -> secret key. tend: runs beside the requests while the server does.
        """
        self._settings, self._table, self._native, self._secret_of, self._tend = (
            settings,
            table,
            native,
            secret_of,
            tend,
        )
        self._by_target = {op.target: op for op in modelled().values() if op.target}
        self._by_path = {op.path: op for op in modelled().values() if not op.target}
        self._scope = Scope(settings.region, settings.account)
        self._body_bytes_max = settings.body_bytes_max
        self._must_be_signed = settings.demands_signatures
        self._checked_before = lru_cache(settings.users_cached_max)(self._check)
        self._threads = ThreadPoolExecutor(CONTROL_THREADS, "control")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """ASGI: http requests, and the start and stop of the server."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            request_id = new_request_id()
            response = await self._answer_or_error(scope, receive, request_id)
            headers = [
                (b"content-type", response.content_type.encode()),
                (b"content-length", str(len(response.body)).encode()),
                (b"x-amzn-requestid", request_id.encode()),
            ]
            if response.error:
                headers.append((b"x-amzn-errortype", response.error.encode()))
            await send({"type": "http.response.start", "status": response.status, "headers": headers})
            await send({"type": "http.response.body", "body": response.body})

    async def _answer_or_error(self, scope: Any, receive: Any, request_id: str) -> Response:
        operation: Operation | None = None
        try:
            # What happens to a request, in order.
            message = await receive()
            body: bytes = message.get("body", b"")
            if message.get("more_body") or len(body) > self._body_bytes_max:
                body = await self._whole(body, message, receive)
            request = Request(scope, Headers(scope["headers"]), body)
            names = self._authenticate(request)
            operation = self._operation(request)
            if operation is None:
                return await self._native_answer(request)
            reply = self._run(operation, self._checked(operation, request.body), names)
            if isinstance(reply, Future):
                reply = await asyncio.wrap_future(reply)
            return _rendered(operation, reply)
        except ApiError as error:
            status = operation.status_of(error) if operation else error.status
            kind = operation.content_type if operation else "application/json"
            return _error(status, error.code, error.message, kind)
        except Exception as bug:
            log.error("request.crashed", request_id=request_id, path=scope["path"], exc_info=bug)
            message = f"Internal failure. The server's log has the details under request id {request_id}."
            return _error(500, "InternalFailure", message, "application/json")

    async def _whole(self, body: bytes, message: Any, receive: Any) -> bytes:
        """A body that comes in several messages, bounded."""
        while message.get("more_body") and len(body) <= self._body_bytes_max:
            message = await receive()
            body += message.get("body", b"")
        if len(body) > self._body_bytes_max:
            raise RequestTooLargeException(
                f"The body is longer than {self._body_bytes_max} bytes. Send less at a time."
            )
        return body

    def _authenticate(self, request: Request) -> Scope:
        """Whose names the request uses: the region of its signature, which is verified where the settings demand it."""
        if request.path == "/healthz":
            return self._scope
        if self._must_be_signed:
            signed = Signed(request.method, request.raw_path, request.query, request.headers, request.body)
            credential = verify(signed, self._secret_of, datetime.now(UTC), self._settings.clock_skew_s)
        else:
            found = credential_of(request.headers)
            if found is None:
                return self._scope
            credential = found
        return self._scope if credential.region == self._scope.region else Scope(credential.region, self._scope.account)

    def _operation(self, request: Request) -> Operation | None:
        """The operation that a request names; None if it names none."""
        if request.method != "POST":
            return None
        path = request.path
        return self._by_target.get(request.headers.get("x-amz-target", "")) if path == "/" else self._by_path.get(path)

    def _check(self, path: str, body: bytes) -> Checked:
        checked = Checked(self._by_path[path].parse(_json(body)))
        checked.words = body
        return checked

    def _checked(self, operation: Operation, body: bytes) -> dict[str, Any]:
        if operation.service == RUNTIME and len(body) <= SAME_WORDS_BYTES_MAX:
            return self._checked_before(operation.path, body)
        return operation.parse(_json(body))

    def _run(self, operation: Operation, request: dict[str, Any], names: Scope) -> Any:
        """The reply, or the future of one."""
        function = self._table[operation.name]
        if operation.service == "personalize":
            return self._threads.submit(function, request, names)
        return function(request, names)

    async def _native_answer(self, request: Request) -> Response:
        first, _, rest = request.path[1:].partition("/")
        native = self._native.get((request.method, "/" + first))
        if native is None:
            raise UnknownOperationException(
                f"{request.method} {request.path} with X-Amz-Target {request.headers.get('x-amz-target', '')!r} is no "
                "operation of Personalize, Personalize Runtime or Personalize Events. Send operations by POST, as "
                "boto3 does."
            )
        run = asyncio.get_running_loop().run_in_executor
        status, value = await run(self._threads, native, rest, request.query, request.body)
        return Response(status, "application/json", encode(value))

    async def _live(self, receive: Any, send: Any) -> None:
        tending: asyncio.Task[None] | None = None
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                tending = asyncio.ensure_future(self._tend())
                await send({"type": "lifespan.startup.complete"})
            else:
                if tending is not None:
                    tending.cancel()
                self._threads.shutdown(wait=True)
                await send({"type": "lifespan.shutdown.complete"})
                return


def new_request_id() -> str:
    """The id of a request, written as a UUID. A name in logs and no secret, so the system is not asked for it."""
    text = f"{getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _json(body: bytes) -> Any:
    try:
        return decode(body) if body else {}
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise SerializationException(f"The body is not JSON: {error}.") from None


def _rendered(operation: Operation, reply: Any) -> Response:
    """The hot path comes rendered already; all else is put into the shape of the service model."""
    if isinstance(reply, bytes):
        return Response(200, operation.content_type, reply)
    if operation.render is None:
        return Response(200, operation.content_type, b"")
    return Response(200, operation.content_type, encode(operation.render(reply or {})))


def _error(status: int, code: str, message: str, content_type: str) -> Response:
    return Response(status, content_type, encode({"__type": code, "message": message}), error=code)
