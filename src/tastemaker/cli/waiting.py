"""Waiting for a resource, as every client of the API has to: ask until it is there, or gone."""

import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from tastemaker.cli.account import changing, described
from tastemaker.cli.client import Server
from tastemaker.cli.verb import Failed

POLL_S = 0.1
PAUSE_S_MAX = 15.0  # what notebooks wait between two questions; by then an answer that is late by it is late by a tenth
Watch = Callable[[float, float, float | None], None]


def unwatched(done: float, total: float, left_s: float | None) -> None:
    """Progress that nobody looks at."""


def until_active(server: Server, arn: str, watch: Watch = unwatched) -> dict[str, Any]:
    """All that is known of a resource, as soon as it is ACTIVE; asks our own pages, which know how far its job is.

    watch: told of the job's progress: done, total, seconds left if that can be said. Raises Failed with the server's
    reason.
    """
    while True:
        page = server.page(f"/resources/{arn}")
        if page is None:
            raise Failed(f"{arn} is not there any more: somebody deleted it. Run the command again.")
        if page["status"] in (None, "ACTIVE"):
            watch(1.0, 1.0, 0.0)
            return dict(page)
        if page["status"] in ("CREATE FAILED", "CREATE STOPPED"):
            raise Failed(f"{arn} is {page['status']}: {page['failureReason'] or 'it was stopped'}")
        job = page["job"]
        if job and job["total"]:
            watch(job["done"], job["total"], job["left_s"])
        time.sleep(POLL_S)


def until_settled(
    server: Server, arn: str, limit_s: float, watch: Callable[[str], None] = lambda _: None
) -> dict[str, Any] | None:
    """What Describe shows as soon as nothing changes any more; None if the resource is gone.

    watch: told the status at every question. Raises Failed after `limit_s`.
    """
    began_s = time.monotonic()
    while True:
        body = _asked(server, arn)
        if body is None or not (status := changing(body)):
            return body
        watch(status)
        if time.monotonic() - began_s > limit_s:
            raise Failed(
                f"{arn} is still {status} after {limit_s:.0f} s. It goes on: run the command again, which waits for "
                "it, or give it longer with --wait."
            )
        pause(began_s)


def until_gone(server: Server, arn: str, limit_s: float) -> None:
    """Return when a deleted resource is not there any more. Raises Failed after `limit_s`."""
    began_s = time.monotonic()
    while (body := _asked(server, arn)) is not None:
        if time.monotonic() - began_s > limit_s:
            reason = body.get("failureReason") or "the service says no reason"
            raise Failed(f"{arn} is {body.get('status')} {limit_s:.0f} s after it was deleted: {reason}.")
        pause(began_s)


def patiently(act: Callable[[], Any], limit_s: float) -> Any:
    """Do something that the server refuses while work on the resource goes on, as soon as it does not.

    Raises the server's ResourceInUseException after `limit_s`.
    """
    began_s = time.monotonic()
    while True:
        try:
            return act()
        except ClientError as refusal:
            is_late = time.monotonic() - began_s > limit_s
            if refusal.response["Error"]["Code"] != "ResourceInUseException" or is_late:
                raise
        pause(began_s)


def _asked(server: Server, arn: str) -> dict[str, Any] | None:
    try:
        return described(server, arn)
    except ClientError as refusal:
        if refusal.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return None


def pause(began_s: float) -> None:
    """Wait a tenth of the time waited so far: short waits end at once, long ones cost few questions."""
    time.sleep(min(max((time.monotonic() - began_s) / 10, POLL_S), PAUSE_S_MAX))
