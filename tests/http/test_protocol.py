"""Heads of requests are bounded, bodies that arrive together with their head are not mistaken for one."""

import json
import socket
from typing import Any
from urllib.parse import urlparse

import pytest

from main_path.served import Server
from tastemaker.settings import Settings


def answers(server: Server, *blocks: bytes) -> tuple[int, bytes]:
    """Status and body of the answer to bytes sent in these blocks."""
    address: Any = urlparse(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        for block in blocks:
            connection.sendall(block)
        with connection.makefile("rb") as file:
            status = int(file.readline().split()[1])
            headers = {}
            while line := file.readline().strip().lower():
                name, _, value = line.partition(b": ")
                headers[name] = value
            length = int(headers.get(b"content-length", 0))
            return status, file.read(length) if length else file.read()


def request(body: bytes, *headers: bytes) -> bytes:
    lines = [b"POST /events HTTP/1.1", b"Host: x", b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


@pytest.mark.parametrize("n_bytes", [1_000, 60_000, 70_000, 200_000, 1_000_000])
def test_a_long_body_may_arrive_in_one_piece_with_its_head(server: Server, n_bytes: int) -> None:
    body = json.dumps({"trackingId": "t", "padding": "x" * n_bytes}).encode()
    for _ in range(20):
        status, answer = answers(server, request(body))
        assert status == 400
        assert json.loads(answer)["__type"] == "InvalidInputException"


def test_a_head_that_is_too_long_is_refused(server: Server) -> None:
    most = Settings().header_bytes_max
    status, answer = answers(server, b"POST /events HTTP/1.1\r\nX-Long: " + b"x" * (most + 1))
    assert status == 400
    assert str(most).encode() in answer

    status, answer = answers(server, b"GET /" + b"y" * (most // 2), b"z" * (most // 2 + 10))
    assert status == 400


def test_a_head_in_many_pieces_is_read(server: Server) -> None:
    whole = request(b"{}", b"X-Some: " + b"x" * 30_000)
    status, answer = answers(server, *(whole[at : at + 1000] for at in range(0, len(whole), 1000)))
    assert status == 400
    assert json.loads(answer)["__type"] == "InvalidInputException"
