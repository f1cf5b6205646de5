"""Walks the steps with boto3's clients. Whatever goes wrong is kept, and the walk goes on where it can."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, EndpointConnectionError
from botocore.parsers import ResponseParserError

from tastemaker.cli.account import CHANGING, ORDER, SUMMARIES, Found, camel
from tastemaker.cli.client import Server
from tastemaker.cli.down import delete
from tastemaker.cli.verb import Failed
from tastemaker.cli.verifying.listening import Listener
from tastemaker.cli.verifying.replies import Finding, shown
from tastemaker.cli.verifying.steps import GONE, Lacking, Step, at, request_of
from tastemaker.cli.waiting import patiently, pause

NOT_FOUND = "ResourceNotFoundException"
REASON_MAX = 400  # characters of what a refusal says
PAGE = {"PageSize": 2, "MaxItems": 5}  # three pages where there is as much; an account in use may have thousands
# What botocore's parsers let through when a reply is not as they take for granted; the listener says what was wrong.
UNREADABLE = (BotoCoreError, ResponseParserError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
IN_A_PARENT = ("dataset_import_job", "solution_version")  # which goes with what it belongs to


class Walker:
    """One walk. words: what steps are filled in with; gets what they keep."""

    def __init__(self, server: Server, listener: Listener, words: dict[str, Any], limit_s: float) -> None:
        """limit_s: how long one step may take."""
        self._listener, self._limit_s = listener, limit_s
        self._clients: dict[str, Any] = {}
        for client in (server.personalize, server.runtime, server.events):
            listener.attach(client)
            self._clients |= dict.fromkeys(client.meta.service_model.operation_names, client)
        self.words = words
        self.has_failed = False
        self.not_asked: list[tuple[str, str]] = []  # operation, and the word that was not there

    def walk(self, steps: Iterable[Step], watch: Callable[[str], None]) -> None:
        """Take all steps, except those that need what could not be had. watch: told each operation."""
        for step in steps:
            watch(step.call)
            try:
                self._take(step, request_of(step, self.words), patient=False)
            except Lacking as word:
                self.not_asked.append((step.call, str(word)))

    def clean(self, steps: Iterable[Step], watch: Callable[[str], None]) -> None:
        """The same for what deletes: waits while something is in use, and passes over what was never made."""
        for step in steps:
            watch(step.call)
            try:
                self._take(step, request_of(step, self.words), patient=True)
            except Lacking:
                continue

    def _take(self, step: Step, request: dict[str, Any], patient: bool) -> None:
        try:
            if step.until:
                reply = self._until(step, request)
            elif patient:
                reply = patiently(lambda: self._call(step, request), self._limit_s)
            else:
                reply = self._call(step, request)
        except ClientError as refusal:
            error = refusal.response.get("Error", {})
            if error.get("Code") != step.refused:
                self._say(step, "", step.refused or "to be accepted", f"{error.get('Code')}: {error.get('Message')}")
            return
        except (EndpointConnectionError, ConnectTimeoutError):
            raise
        except UNREADABLE as problem:
            self._say(step, "", "an answer that boto3 understands", f"{type(problem).__name__}: {problem}")
            return
        if step.refused:
            self._say(step, "", step.refused, "accepted")
        elif reply is not None:
            self._look(step, reply)

    def _call(self, step: Step, request: Mapping[str, Any]) -> Any:
        client, method = self._clients[step.call], xform_name(step.call)
        if not step.pages:
            return getattr(client, method)(**request)
        pages = client.get_paginator(method).paginate(**request, PaginationConfig=PAGE)
        return pages.build_full_result()

    def _until(self, step: Step, request: Mapping[str, Any]) -> Any:
        """The reply with the status, or None if there will never be one: that is told already."""
        began_s = time.monotonic()
        while True:
            try:
                reply = self._call(step, request)
            except ClientError as refusal:
                if step.until == GONE and refusal.response.get("Error", {}).get("Code") == NOT_FOUND:
                    return {}
                raise
            path = ".".join(filter(None, (_described(step.call), step.of, "status")))
            status = at(reply, path)
            if status == step.until:
                return reply
            is_over = not isinstance(status, str) or (
                status.endswith("FAILED") if step.until == GONE else not status.endswith(CHANGING)
            )
            if is_over or time.monotonic() - began_s > self._limit_s:
                body = at(reply, path.removesuffix(".status")) or {}
                reason = f": {body['failureReason']}" if body.get("failureReason") else ""
                late = "" if is_over else f" within {self._limit_s:.0f} s"
                self._say(step, path, f"{step.until}{late}", f"{status or 'none'}{reason}")
                return None
            pause(began_s)

    def _look(self, step: Step, reply: Mapping[str, Any]) -> None:
        for path in step.has:
            if at(reply, path) is None:
                self._say(step, path, "a member that answers this request", "none")
        for word, path in step.keep.items():
            if (value := at(reply, path)) is None:
                self._say(step, path, "a member that answers this request", "none")
            else:
                self.words[word] = value

    def _say(self, step: Step, path: str, expected: str, came: str) -> None:
        self.has_failed = True
        self._listener.say(step.call, Finding(path, expected, shown(came, REASON_MAX)))


def _described(operation: str) -> str:
    """The member that holds what Describe shows; the one of a schema is `schema`, as of all others."""
    word = operation.removeprefix("Describe")
    return word[0].lower() + word[1:]


def remove(server: Server, run: str, limit_s: float) -> list[str]:
    """Delete what is left of a run that went wrong, for example what was made but whose ARN never came.

    Gives what withstood.
    """
    withstood = []
    for kind in reversed(ORDER):
        if kind in IN_A_PARENT:
            continue
        try:
            withstood += delete(server, list(left(server, kind, run)), limit_s)[1]
        except (ClientError, Failed, *UNREADABLE) as problem:
            withstood.append(f"{kind.replace('_', ' ')} {run}...: {problem}")
    return withstood


def left(server: Server, kind: str, run: str) -> Iterator[Found]:
    """What is of a kind and has a name of the run; summaries that lack their name or ARN are passed over."""
    member, arn_member = SUMMARIES.get(kind, f"{camel(kind)}s"), f"{camel(kind)}Arn"
    for page in server.personalize.get_paginator(f"list_{kind}s").paginate():
        for body in page.get(member, []):
            if str(body.get("name")).startswith(run) and body.get(arn_member):
                yield Found(kind, body["name"], body[arn_member], body)
