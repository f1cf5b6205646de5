"""Requests as bytes, signed: for what boto3 would refuse to send."""

import http.client
import json
import time
from typing import Any
from urllib.parse import urlparse

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from conformance.case import MODELS, SERVICE_OF, Body, model_of

TIMEOUT_S = 60
IDLE_S = 10.0  # servers close connections on which nothing comes


class Wire:
    """One connection for each host of an endpoint. url: with `{service}` where each service has a host of its own."""

    def __init__(self, url: str, region: str, credentials: Credentials) -> None:
        self._url, self._region, self._credentials = url, region, credentials
        self._connections: dict[str, http.client.HTTPConnection] = {}
        self._used_s: dict[str, float] = {}

    def __call__(self, operation: str, body: Any) -> tuple[int, Body]:
        """Status and answer."""
        service = SERVICE_OF[operation]
        metadata = MODELS[service]["metadata"]
        url = self._url.replace("{service}", service).rstrip("/")
        path = model_of(operation)["http"]["requestUri"]
        headers = {"Content-Type": "application/json"}
        if prefix := metadata.get("targetPrefix"):
            headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"{prefix}.{operation}"}
        request = AWSRequest("POST", url + path, headers, json.dumps(body).encode())
        SigV4Auth(self._credentials, "personalize", self._region).add_auth(request)
        connection = self._connection(url)
        try:
            connection.request("POST", path, request.data, dict(request.headers.items()))
            answer = connection.getresponse()
            text = answer.read()
        except (http.client.HTTPException, ConnectionError):
            connection.close()  # the next request opens it again
            raise
        found: Body = json.loads(text) if text else {}
        if answer.status != 200:
            kind = answer.headers.get("x-amzn-errortype") or found.get("__type", "")
            found = {"message": "", **found, "__type": kind.partition(":")[0].rpartition("#")[2]}
        return answer.status, found

    def close(self) -> None:
        """Close what is open."""
        for each in self._connections.values():
            each.close()

    def _connection(self, url: str) -> http.client.HTTPConnection:
        host = urlparse(url)
        if host.netloc not in self._connections:
            kind = http.client.HTTPSConnection if host.scheme == "https" else http.client.HTTPConnection
            self._connections[host.netloc] = kind(host.netloc, timeout=TIMEOUT_S)
        now_s = time.monotonic()
        if now_s - self._used_s.get(host.netloc, now_s) > IDLE_S:
            self._connections[host.netloc].close()  # the next request opens it again
        self._used_s[host.netloc] = now_s
        return self._connections[host.netloc]
