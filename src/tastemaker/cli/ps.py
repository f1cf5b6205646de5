"""`tastemaker ps`: what the server works on, and what it did last."""

from collections.abc import Mapping
from typing import Any

import click

from tastemaker.arn import suffix_of
from tastemaker.cli.client import Server, asks_server
from tastemaker.cli.output import Output
from tastemaker.cli.verb import Failed, verb

BAR = 20  # characters


@click.command()
@verb
@asks_server
def ps(out: Output, server: Server) -> None:
    """Show the jobs: waiting, running, and the last ones that ended."""
    page = server.page("/jobs")
    if page is None:
        raise Failed(f"{server.endpoint} has no page /jobs: it is no Tastemaker server, or an older one.")
    out.value(page)
    if not page["jobs"]:
        out.say("No job yet.")
        out.next("tastemaker demo", "shows the server at work")
        return
    rows = [
        (job["id"], job["verb"], suffix_of(job["arn"]) or job["arn"], job["state"], progress(job), left(job), way(job))
        for job in page["jobs"]
    ]
    out.table((">job", "verb", "resource", "state", "progress", ">time", "so far"), rows)
    out.next(f"tastemaker describe {page['jobs'][0]['arn']}", "tells all about the newest")


def progress(job: Mapping[str, Any]) -> str:
    """A bar of a running job."""
    if job["state"] != "running" or not job["total"]:
        return ""
    share = min(1.0, (job["done"] or 0.0) / job["total"])
    full = round(BAR * share)
    return f"{'━' * full}{'╌' * (BAR - full)} {share:4.0%}"


def way(job: Mapping[str, Any]) -> str:
    """What a running job tells of its way: epoch, loss, memory."""
    if job["state"] != "running":
        return ""
    return ", ".join(f"{name.replace('_', ' ')} {value:.5g}" for name, value in job["facts"].items())


def left(job: Mapping[str, Any]) -> str:
    """Time left of a running job, time taken of one that ended."""
    if job["left_s"] is not None:
        return f"{job['left_s']:.0f} s left"
    if job["started_s"] and job["finished_s"]:
        return f"took {job['finished_s'] - job['started_s']:.1f} s"
    return ""
