"""A server that answers wrongly on purpose: passes requests on to a real one, and changes what comes back."""

import http.client
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlparse

PATHS = {"/events": "PutEvents", "/recommendations": "GetRecommendations"}


@dataclass
class Answer:
    """A reply on its way. body: as JSON; what is not JSON goes as it is."""

    status: int
    headers: dict[str, str]
    body: Any


Change = Callable[[Answer], None]


@contextmanager
def wrong(url: str, changes: Mapping[str, Change]) -> Iterator[str]:
    """The address of a server that does as the one at `url` does, but for these operations."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            # As it came: also the Host, which is signed.
            behind = http.client.HTTPConnection(urlparse(url).netloc, timeout=60)
            behind.request("POST", self.path, body, dict(self.headers.items()))
            came = behind.getresponse()
            text = came.read()
            behind.close()
            answer = Answer(came.status, dict(came.getheaders()), json.loads(text) if text else None)
            operation = self.headers.get("X-Amz-Target", "").partition(".")[2] or PATHS.get(self.path, "")
            if operation in changes:
                changes[operation](answer)
            self.send(answer)

        def send(self, answer: Answer) -> None:
            is_text = isinstance(answer.body, str)
            text = answer.body if is_text else "" if answer.body is None else json.dumps(answer.body)
            self.send_response_only(answer.status)
            for name, value in answer.headers.items():
                if name.lower() not in ("content-length", "date", "server", "connection"):
                    self.send_header(name, value)
            self.send_header("content-length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            """Not into the tests' output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
