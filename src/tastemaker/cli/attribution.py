"""`tastemaker attribution GROUP`: what recommendations led to, by metric, source and quarter hour."""

from datetime import datetime

import click

from tastemaker.cli.account import group_named
from tastemaker.cli.client import Server, asks_server
from tastemaker.cli.output import Output
from tastemaker.cli.verb import Failed, verb


@click.command()
@click.argument("group")
@verb
@asks_server
def attribution(out: Output, group: str, server: Server) -> None:
    """Show the metric attribution of the dataset group GROUP (name or ARN), counted over streamed events."""
    arn = group_named(server, group).arn
    listed = list(server.each("list_metric_attributions", "metricAttributions", datasetGroupArn=arn))
    if not listed:
        raise Failed(f"{arn} has no metric attribution: create one with CreateMetricAttribution.")
    page = server.page(f"/attributions/{listed[0]['metricAttributionArn']}")
    out.value(page)
    out.table(
        ("from", "metric", "events", "source", ">value"),
        [
            (
                datetime.fromtimestamp(row["TIMESTAMP"]).astimezone().isoformat(sep=" ", timespec="minutes"),
                row["METRIC_NAME"],
                row["EVENT_TYPE"],
                row["EVENT_ATTRIBUTION_SOURCE"],
                f"{row['VALUE']:g}",
            )
            for row in page["rows"]
        ],
        f"{page['name']}: by quarter hour, newest first",
    )
    out.next("tastemaker recs USER", "recommends; send its recommendationId back with events")
