"""Our own pages beside the AWS operations: health, jobs, all that is known of a resource, metrics, filters."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import unquote

import msgspec
from sqlalchemy import Connection

from tastemaker import __version__
from tastemaker.errors import InvalidInputException, ResourceNotFoundException
from tastemaker.kinds.dials import turn_dials
from tastemaker.kinds.filter import edit_filter
from tastemaker.resources.attributions import of_streamed
from tastemaker.serving.explaining import Explainer, Question, Turned
from tastemaker.serving.tracing import Tracer, Trial
from tastemaker.storage import jobs, rows
from tastemaker.storage.jobs import Job
from tastemaker.storage.rows import Resource
from tastemaker.storage.store import Store
from tastemaker.training.insights import insights

JOBS_SHOWN = 50

# The rest of the path, the query and the body -> status and JSON value.
Page = Callable[[str, str, bytes], tuple[int, Any]]
Form = TypeVar("Form", bound=msgspec.Struct)


class Edit(msgspec.Struct, forbid_unknown_fields=True):
    """Another expression for a filter."""

    filterExpression: str


def pages(store: Store, tracer: Tracer, explainer: Explainer, facts: Mapping[str, Any]) -> dict[tuple[str, str], Page]:
    """Method and first part of the path -> what answers it. facts: of the server, shown with its health."""

    def healthz(*_: object) -> tuple[int, Any]:
        return 200, {"status": "serving", "version": __version__, **facts}

    def list_jobs(*_: object) -> tuple[int, Any]:
        with store.database.read() as connection:
            return 200, {"jobs": [shown(job, store.now_s()) for job in jobs.listed(connection, JOBS_SHOWN)]}

    def describe(arn: str, *_: object) -> tuple[int, Any]:
        return _found(lambda: _described(store, unquote(arn)))

    def attribution(arn: str, *_: object) -> tuple[int, Any]:
        return _found(lambda: _attributed(store, unquote(arn)))

    def data_insights(arn: str, *_: object) -> tuple[int, Any]:
        return _found(lambda: _insights(store, unquote(arn)))

    def finish(arn: str, *_: object) -> tuple[int, Any]:
        with store.database.write() as connection:
            if not jobs.ask_to_finish(connection, unquote(arn)):
                return 409, {"message": f"Nothing runs for {unquote(arn)} that could finish early."}
        return 200, {"arn": unquote(arn), "finishing": True}

    def edit(named: str, _: str, body: bytes) -> tuple[int, Any]:
        expression = _read(body, Edit).filterExpression
        return _found(lambda: {"filter": edit_filter(store, unquote(named), expression)})

    def try_filter(rest: str, _: str, body: bytes) -> tuple[int, Any]:
        if rest != "test":
            return 404, {"message": f"There is no POST /filters/{rest}. Try a filter out with POST /filters/test."}
        return _found(lambda: tracer.tried(_read(body, Trial)))

    def why(_: str, __: str, body: bytes) -> tuple[int, Any]:
        return _found(lambda: explainer.why(_read(body, Question)))

    def turn(named: str, _: str, body: bytes) -> tuple[int, Any]:
        return _found(lambda: turn_dials(store, unquote(named), msgspec.to_builtins(_read(body, Turned))))

    return {
        ("PUT", "/dials"): turn,
        ("POST", "/why"): why,
        ("PUT", "/filters"): edit,
        ("POST", "/filters"): try_filter,
        ("POST", "/finish"): finish,
        ("GET", "/insights"): data_insights,
        ("GET", "/attributions"): attribution,
        ("GET", "/healthz"): healthz,
        ("GET", "/jobs"): list_jobs,
        ("GET", "/resources"): describe,
    }


def _described(store: Store, arn: str) -> dict[str, Any]:
    """All that is known of a resource."""
    with store.database.read() as connection:
        found = _row(connection, arn, "resource")
        job = jobs.latest_of(connection, found.arn)
    return {
        "arn": found.arn,
        "kind": found.kind,
        "name": found.name,
        "status": found.status,
        "failureReason": found.failure_reason,
        "created_s": found.created_s,
        "updated_s": found.updated_s,
        "body": found.body,
        "latestUpdate": found.change,
        "job": shown(job, store.now_s()) if job else None,
    }


def _attributed(store: Store, arn: str) -> dict[str, Any]:
    """What a metric attribution counted of streamed events."""
    with store.database.read() as connection:
        found = _row(connection, arn, "metric attribution", "MetricAttribution")
    return {"arn": found.arn, "name": found.name, "rows": of_streamed(store, found).to_dicts()}


def _insights(store: Store, arn: str) -> Any:
    """How the data of a dataset group are."""
    with store.database.read() as connection:
        found = _row(connection, arn, "dataset group", "DatasetGroup")
    return insights(store, found.arn)


def _row(connection: Connection, arn: str, what: str, kind: str | None = None) -> Resource:
    """The row of an ARN, of this kind if one is given. what: for people. Raises ResourceNotFoundException."""
    found = rows.find(connection, arn)
    if found is None or kind not in (None, found.kind):
        raise ResourceNotFoundException(f"There is no {what} {arn}.")
    return found


def _found(answer: Callable[[], Any]) -> tuple[int, Any]:
    """The answer, or 404 with what is not there."""
    try:
        return 200, answer()
    except ResourceNotFoundException as error:
        return 404, {"message": error.message}


def _read(body: bytes, form: type[Form]) -> Form:
    """The body of a request as a form. Raises InvalidInputException, which says what is wrong with it."""
    try:
        return msgspec.json.decode(body, type=form)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as problem:
        members = ", ".join(form.__struct_fields__)
        raise InvalidInputException(f"The body cannot be read: {problem}. Send JSON with {members}.") from None


def shown(job: Job, now_s: float) -> dict[str, Any]:
    """A job as people look at it: how far, and how long still."""
    return {
        "id": job.id,
        "arn": job.arn,
        "kind": job.kind,
        "verb": job.verb,
        "state": job.state,
        "attempts": job.attempts,
        "done": job.done,
        "total": job.total,
        "facts": job.facts or {},
        "left_s": job.left_s(now_s),
        "queued_s": job.queued_s,
        "started_s": job.started_s,
        "finished_s": job.finished_s,
    }
