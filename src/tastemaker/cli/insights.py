"""`tastemaker insights GROUP`: how the data of a dataset group are, and which recipes they are enough for."""

from collections.abc import Mapping
from typing import Any

import click

from tastemaker.cli.account import group_named
from tastemaker.cli.client import Server, asks_server
from tastemaker.cli.output import Output
from tastemaker.cli.verb import Failed, verb

STATES = {"ready": "ready", "little": "trains, on little", "missing": "cannot be trained"}


@click.command()
@click.argument("group")
@verb
@asks_server
def insights(out: Output, group: str, server: Server) -> None:
    """Look at the data of the dataset group GROUP (name or ARN): statistics, what to mend, what can be trained."""
    page = server.page(f"/insights/{group_named(server, group).arn}")
    if page is None:
        raise Failed(f"There is no dataset group {group}.")
    out.value(page)
    for name, dataset in page["datasets"].items():
        facts = " · ".join(f"{fact.replace('_', ' ')} {_short(value)}" for fact, value in dataset["facts"].items())
        out.say(f"{name}: {dataset['rows']} rows" + (f" · {facts}" if facts else ""), "bold")
        rows = [(column, *_row(found)) for column, found in dataset["columns"].items()]
        out.table(("column", "type", ">complete", ">different", "values"), rows)
    out.table(
        ("dataset", "column", "finding", "advice"),
        [(each["dataset"], each["column"] or "", each["finding"], each["advice"]) for each in page["insights"]],
        "What to look at" if page["insights"] else "Nothing is wrong with these data",
    )
    out.table(
        ("recipe", "state", "why"),
        [(each["recipe"], STATES[each["state"]], each["why"]) for each in page["readiness"]],
        "What can be trained",
    )
    out.next("tastemaker describe IMPORT_JOB_ARN", "shows what an import set aside, and why")


def _row(found: Mapping[str, Any]) -> tuple[str, str, str, str]:
    complete = "" if found["complete"] is None else f"{found['complete']:.1%}"
    if "median" in found:
        values = f"{_short(found['min'])} to {_short(found['max'])}, median {_short(found['median'])}"
        values += f", {found['outliers']} outliers" if found["outliers"] else ""
    else:
        values = ", ".join(f"{name} ({count})" for name, count in list(found.get("most_frequent", {}).items())[:3])
    return found["type"], complete, str(found["different"]), values[:80]


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {count}" for name, count in list(value.items())[:5])
    return f"{value:g}" if isinstance(value, float) else str(value)
