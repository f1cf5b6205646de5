"""Waiting for a resource, as every client of the API has to: ask until it is there, or gone."""

import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from tastemaker.cli.client import Server
from tastemaker.cli.verb import Failed

POLL_S = 0.1
Watch = Callable[[float, float, float | None], None]


def unwatched(done: float, total: float, left_s: float | None) -> None:
    """Progress that nobody looks at."""


def until_active(server: Server, arn: str, watch: Watch = unwatched) -> dict[str, Any]:
    """All that is known of a resource, as soon as it is ACTIVE.

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


def until_gone(server: Server, arn: str) -> None:
    """Return when a deleted resource is not there any more."""
    while server.page(f"/resources/{arn}") is not None:
        time.sleep(POLL_S)


def patiently(act: Callable[[], Any], limit_s: float) -> None:
    """Do something that the server refuses while work on the resource goes on, as soon as it does not.

    Raises the server's ResourceInUseException after `limit_s`.
    """
    deadline_s = time.monotonic() + limit_s
    while True:
        try:
            act()
            return
        except ClientError as refusal:
            if refusal.response["Error"]["Code"] != "ResourceInUseException" or time.monotonic() > deadline_s:
                raise
        time.sleep(POLL_S)
