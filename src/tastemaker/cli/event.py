"""`tastemaker event USER ITEM`: tells the server what a user took, as an application would."""

import time

import click

from tastemaker.cli.campaigns import tracker_for
from tastemaker.cli.client import Server, asks_server
from tastemaker.cli.output import Output
from tastemaker.cli.verb import verb


@click.command()
@click.argument("user")
@click.argument("item")
@click.option("--type", "event_type", default="watch", show_default=True, help="EVENT_TYPE.")
@click.option("--value", type=float, help="EVENT_VALUE, for example a rating.")
@click.option("--group", help="Name or ARN of the dataset group; needed if several take events.")
@verb
@asks_server
def event(
    out: Output, user: str, item: str, event_type: str, value: float | None, group: str | None, server: Server
) -> None:
    """Send one event: USER took ITEM just now."""
    tracking_id, group_arn = tracker_for(server, group)
    send(server, tracking_id, user, item, event_type, value)
    out.value({"userId": user, "itemId": item, "eventType": event_type, "datasetGroupArn": group_arn})
    out.say(f"Recorded: {user} {event_type} {item}. The next request sees it.", "green")
    out.next(f"tastemaker recs {user}", "shows what changed")


def send(server: Server, tracking_id: str, user: str, item: str, event_type: str, value: float | None = None) -> None:
    """One event of now; it is on the server's disk when this returns."""
    told = {"eventType": event_type, "itemId": item, "sentAt": int(time.time())}
    server.events.put_events(
        trackingId=tracking_id,
        userId=user,
        sessionId=f"command-line-{user}",
        eventList=[told if value is None else {**told, "eventValue": value}],
    )
