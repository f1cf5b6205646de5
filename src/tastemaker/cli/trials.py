"""`tastemaker trials`: what a hyperparameter search tried, also while it goes on."""

from collections.abc import Mapping
from typing import Any

import click

from tastemaker.cli.client import Server, asks_server
from tastemaker.cli.describe import page_of
from tastemaker.cli.output import Output
from tastemaker.cli.verb import Failed, verb


@click.command()
@click.argument("arn")
@verb
@asks_server
def trials(out: Output, arn: str, server: Server) -> None:
    """Show the trials of the solution version ARN, with the best one marked, and the recipes that AutoML compared."""
    body = page_of(server, arn)["body"]
    made = body.get("trials", [])
    if not made and not body.get("tried"):
        raise Failed(f"{arn} searched nothing: create its solution with performHPO or performAutoML.")
    out.value({"arn": arn, "trials": made, "tried": body.get("tried", {})})
    if tried := body.get("tried"):
        out.table(("recipe", ">value"), [(name, f"{value:.4f}") for name, value in tried.items()], "Recipes compared")
    if made:
        names = list(made[0]["parameters"])
        best = max((trial["value"] for trial in made if "value" in trial), default=None)
        rows = [_row(number, trial, names, best) for number, trial in enumerate(made, 1)]
        out.table((">trial", *(f">{name}" for name in names), ">value", ">s", ""), rows, "Trials")
    out.next(f"tastemaker metrics {arn}", "shows what the best parameters lead to")


def _row(number: int, trial: Mapping[str, Any], names: list[str], best: float | None) -> tuple[object, ...]:
    value = trial.get("value")
    told = "best" if value is not None and value == best else trial.get("failed") or trial.get("given_up", "")
    shown = [_short(trial["parameters"][name]) for name in names]
    return (number, *shown, "" if value is None else f"{value:.4f}", f"{trial['took_s']:.1f}", told)


def _short(text: str) -> str:
    try:
        return f"{float(text):.4g}"
    except ValueError:
        return text
