"""The server as the verbs see it: the three boto3 clients of the API, and a GET for our own pages.

AWS itself can stand in its place where a verb needs the API alone: found, and asked, as boto3 does it without us.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, wraps
from pathlib import Path
from typing import Any

import boto3
import click
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import EndpointConnectionError, HTTPClientError
from botocore.httpsession import URLLib3Session
from click.core import ParameterSource

from tastemaker.cli.verb import KEYS, Command, Failed
from tastemaker.http.credentials import FILE, credentials
from tastemaker.settings import Settings, load

UNSIGNED = ("tastemaker", "tastemaker")  # boto3 wants some keys; a server without --auth looks at none
ANSWER_S = 60.0
REFUSALS = (400, 403, 404, 409)  # whose message says what to do
CONFIG = Config(retries={"mode": "standard", "max_attempts": 2}, connect_timeout=5, read_timeout=ANSWER_S)
AWS_CONFIG = Config(retries={"mode": "standard", "max_attempts": 10})  # it throttles those who ask for all they have


@dataclass(frozen=True)
class Server:
    """Where the server is, and whose keys sign the requests to it: those of the home, if it has some.

    endpoint: empty for AWS; then boto3 looks for endpoint, region and keys where it always does.
    """

    endpoint: str
    settings: Settings

    @property
    def is_aws(self) -> bool:
        """Whether this is no server of ours, so that nothing but the API may be asked."""
        return not self.endpoint

    @cached_property
    def personalize(self) -> Any:
        """The control plane."""
        return self._client("personalize")

    @cached_property
    def runtime(self) -> Any:
        """Recommendations."""
        return self._client("personalize-runtime")

    @cached_property
    def events(self) -> Any:
        """Events."""
        return self._client("personalize-events")

    def page(self, path: str, method: str = "GET") -> Any:
        """One of our own pages, for example `/jobs`; None where it says 404. Raises Failed for other refusals."""
        status, value = self._send(path, method)
        return None if status == 404 else self._accepted(path, status, value)

    def tell(self, path: str, body: Mapping[str, Any], method: str = "POST") -> Any:
        """The same for a page that is told something, as JSON. Raises Failed, also with what it says with 404."""
        status, value = self._send(path, method, json.dumps(body))
        return self._accepted(path, status, value)

    def _send(self, path: str, method: str, body: str | None = None) -> tuple[int, Any]:
        request = AWSRequest(method, self.endpoint + path, data=body)
        SigV4Auth(Credentials(*self.keys()), "personalize", self.settings.region).add_auth(request)
        try:
            answer = URLLib3Session(timeout=ANSWER_S).send(request.prepare())
        except HTTPClientError:
            raise EndpointConnectionError(endpoint_url=self.endpoint) from None
        try:
            return answer.status_code, json.loads(answer.content)
        except ValueError:
            return answer.status_code, None

    def _accepted(self, path: str, status: int, value: Any) -> Any:
        if status in REFUSALS and isinstance(value, dict):
            raise Failed(f"{value.get('message')}{f' {KEYS}' if status == 403 else ''}")
        if status != 200 or value is None:
            raise Failed(f"{self.endpoint}{path} answers {status}: it is no Tastemaker server.")
        return value

    def each(self, operation: str, member: str, **given: Any) -> Iterator[dict[str, Any]]:
        """All results of a list operation, over all its pages."""
        for page in self.personalize.get_paginator(operation).paginate(**given):
            yield from page[member]

    def keys(self) -> tuple[str, str]:
        """What signs the requests: the pair of the home, or any where it has none. Raises Failed."""
        home = self.settings.home
        try:
            return credentials(home) if (home / FILE).exists() else UNSIGNED
        except (OSError, ValueError, KeyError) as problem:
            raise Failed(f"{home / FILE} cannot be read: {problem}. Name the server's folder with --home.") from None

    def _client(self, service: str) -> Any:
        client: Any = boto3.client  # typed, if at all, by a stub for each of 400 services
        if self.is_aws:
            return client(service, config=AWS_CONFIG)
        key, secret = self.keys()
        return client(
            service,
            endpoint_url=self.endpoint,
            region_name=self.settings.region,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            config=CONFIG,
        )


def server_at(endpoint: str | None, home: Path | None) -> Server:
    """The server that options and environment name. Raises click.UsageError."""
    settings = settings_of({"home": home})
    url = (endpoint or f"http://127.0.0.1:{settings.port}").rstrip("/")
    if not url.startswith(("http://", "https://")):
        raise click.UsageError(f"--endpoint is {url!r}: give an address like http://127.0.0.1:8080.")
    return Server(url, settings)


def settings_of(given: dict[str, Any]) -> Settings:
    """Settings from options and environment. Raises click.UsageError naming a bad one."""
    try:
        return load(given)[0]
    except ValueError as problem:
        raise click.UsageError(str(problem)) from None


def asks_server(function: Command) -> Command:
    """Gives a verb the options that say where the server is, and hands it in as `server`."""

    @click.option(
        "--endpoint", envvar="TASTEMAKER_ENDPOINT", help="Address of the server.  [default: http://127.0.0.1:8080]"
    )
    @click.option(
        "--home",
        type=click.Path(path_type=Path),
        help="Folder of the server, whose keys sign the requests.  [env: TASTEMAKER_HOME]",
    )
    @wraps(function)
    def run(*given: Any, endpoint: str | None, home: Path | None, **named: Any) -> None:
        function(*given, server=server_at(endpoint, home), **named)

    return run


def asks_service(function: Command) -> Command:
    """The same for a verb that needs the API alone: with --aws, the `server` handed in is Amazon Personalize."""

    @click.option("--aws", "is_aws", is_flag=True, help="Ask AWS: endpoint, region and keys are found as boto3 does.")
    @asks_server
    @wraps(function)
    def run(*given: Any, server: Server, is_aws: bool, **named: Any) -> None:
        source = click.get_current_context().get_parameter_source("endpoint")
        if is_aws and source is ParameterSource.COMMANDLINE:
            raise click.UsageError("--aws and --endpoint name two places: give one of them.")
        function(*given, server=replace(server, endpoint="") if is_aws else server, **named)

    return run
