"""`tastemaker metrics ARN`: how good a trained version is, how sure that is, and for whom."""

from collections.abc import Mapping
from typing import Any

import click

from tastemaker.cli.client import Server, asks_server
from tastemaker.cli.describe import page_of
from tastemaker.cli.measures import metric_rows, show_measures, show_slices
from tastemaker.cli.output import Output
from tastemaker.cli.verb import Failed, verb

MEASURED = ("SolutionVersion", "Recommender")


@click.command()
@click.argument("arn")
@verb
@asks_server
def metrics(out: Output, arn: str, server: Server) -> None:
    """Show how good the solution version or recommender ARN is: intervals, the popularity baseline, slices."""
    page = page_of(server, arn)
    if page["kind"] not in MEASURED:
        raise Failed(f"{arn} is a {page['kind']}: {_instead(page['body'])}")
    body = page["body"]
    figures, evaluation = body.get("metrics"), (body.get("report") or {}).get("evaluation")
    if not figures:
        raise Failed(f"{arn} has no metrics: {_why(page)}")
    out.value({"arn": arn, "metrics": figures, "evaluation": evaluation})
    if evaluation is None:
        out.table(("metric", ">value", "meaning"), metric_rows(figures), "Measured on held-out data")
        out.next(f"tastemaker describe {arn}", "tells all else that is known")
        return
    users = f"{evaluation['users']} of {evaluation['test_users']}" if _is_sample(evaluation) else evaluation["users"]
    show_measures(out, evaluation["measures"], f"Measured on {users} held-out users, beside the most popular items")
    others = {name: value for name, value in figures.items() if name not in evaluation["measures"]}
    if others:
        out.table(("metric", ">value", "meaning"), metric_rows(others), "Also measured")
    show_slices(out, evaluation["slices"])
    out.next("tastemaker evaluate CAMPAIGN --truth TRUTH.csv", "asks the deployed campaign itself, for every user")


def _is_sample(evaluation: Mapping[str, Any]) -> bool:
    return bool(evaluation["users"] < evaluation["test_users"])


def _instead(body: Mapping[str, Any]) -> str:
    version = body.get("solutionVersionArn")
    return f"it deploys {version}; give that ARN." if version else "give the ARN of a solution version or recommender."


def _why(page: Mapping[str, Any]) -> str:
    if page["status"] != "ACTIVE":
        return f"it is {page['status']}. {page['failureReason'] or 'They are there when it is ACTIVE.'}"
    return "nobody could be held out. It takes two users, one of them with two interactions."
