"""`tastemaker describe ARN`: all that is known of a resource, more than the API's Describe tells."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import click

from tastemaker.arn import suffix_of
from tastemaker.cli.client import Server, asks_server
from tastemaker.cli.measures import metric_rows
from tastemaker.cli.output import Output
from tastemaker.cli.ps import left, progress, way
from tastemaker.cli.verb import Failed, verb

SHOWN_APART = ("report", "metrics", "rejects")
TABLES = ("metrics", "evaluation")  # of a report: shown below, and by `tastemaker metrics`
NEXT = {
    "DatasetImportJob": ("tastemaker ps", "shows what the server works on"),
    "SolutionVersion": ("tastemaker metrics {arn}", "shows all measures, with intervals and beside the baseline"),
    "Campaign": ("tastemaker recs USER --campaign {name}", "recommends for a user"),
    "EventTracker": ("tastemaker event USER ITEM", "sends an event"),
    "DatasetGroup": ("tastemaker down --group {name}", "deletes it with all that is in it"),
}
NEXT_ELSE = ("tastemaker ps", "shows what the server works on")


@click.command()
@click.argument("arn")
@verb
@asks_server
def describe(out: Output, arn: str, server: Server) -> None:
    """Tell all that is known of the resource ARN: progress, import report, seed, metrics."""
    page = page_of(server, arn)
    out.value(page)
    out.facts(facts(page), f"{page['kind']} {page['name']}")
    report = page["body"].get("report") or {}
    if report:
        out.facts([(name, _text(value)) for name, value in report.items() if name not in TABLES], "Report")
    if metrics := page["body"].get("metrics"):
        out.table(("metric", ">value", "meaning"), metric_rows(metrics), "Measured on held-out users")
    command, why = NEXT.get(page["kind"], NEXT_ELSE)
    out.next(command.format(name=page["name"], arn=page["arn"]), why)


def page_of(server: Server, arn: str) -> dict[str, Any]:
    """All that the server knows of a resource. Raises click.UsageError for what is no ARN, Failed if there is none."""
    if not suffix_of(arn) or not arn.isprintable() or " " in arn:
        raise click.UsageError(f"{arn!r} is no ARN. `tastemaker ps` shows some.")
    page = server.page(f"/resources/{arn}")
    if page is None:
        raise Failed(f"There is no resource {arn}. `tastemaker ps` shows those that were worked on.")
    return dict(page)


def facts(page: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Name and value of what every resource has, then of what this one has."""
    rows = [("arn", page["arn"]), ("status", page["status"] or "there at once")]
    if page["failureReason"]:
        rows.append(("failureReason", page["failureReason"]))
    rows += [("created", _time(page["created_s"])), ("updated", _time(page["updated_s"]))]
    if job := page["job"]:
        parts = (f"{job['id']} {job['state']}", progress(job), left(job), way(job))
        rows.append(("job", " ".join(filter(None, parts))))
    rows += [(name, _text(value)) for name, value in page["body"].items() if name not in SHOWN_APART]
    if page["latestUpdate"]:
        rows.append(("latestUpdate", _text(page["latestUpdate"])))
    return rows


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _time(time_s: float) -> str:
    return datetime.fromtimestamp(time_s).astimezone().isoformat(sep=" ", timespec="seconds")
