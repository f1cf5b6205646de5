"""`tastemaker recs USER`: what a user would take next."""

from typing import Any

import click

from tastemaker.cli.because import show_reasons
from tastemaker.cli.campaigns import campaign_for, filter_for, filter_values
from tastemaker.cli.client import Server, asks_server
from tastemaker.cli.dials import dial_options, told
from tastemaker.cli.films import NAMELESS, SAYS_HOW, asking_for_names, named_items
from tastemaker.cli.output import Output
from tastemaker.cli.verb import verb


@click.command()
@click.argument("user")
@click.option("--campaign", help="Name or ARN; needed if several campaigns recommend for users.")
@click.option("-n", "count", type=click.IntRange(1, 500), default=10, show_default=True, help="Length of the list.")
@click.option("--filter", "filter_name", help="Name or ARN of a filter.")
@click.option("--value", "values", multiple=True, help="NAME=VALUE for $NAME in the filter; may be repeated.")
@click.option("--why", is_flag=True, help="Say what carried each item, and what the dials changed.")
@dial_options
@verb
@asks_server
def recs(
    out: Output,
    user: str,
    campaign: str | None,
    count: int,
    filter_name: str | None,
    values: tuple[str, ...],
    why: bool,
    diversity: float | None,
    popularity: float | None,
    calibration: float | None,
    dislikes: tuple[str, ...],
    cap: int | None,
    cap_hours: float | None,
    server: Server,
) -> None:
    """Recommend items for USER; with dials in the place of the campaign's own."""
    request: dict[str, Any] = {"userId": user, "numResults": count}
    request["campaignArn"] = campaign_for(server, "USER_PERSONALIZATION", campaign)
    if filter_name:
        request |= {"filterArn": filter_for(server, filter_name), "filterValues": filter_values(values)}
    dials = told(dislikes, cap_hours, diversity=diversity, popularity=popularity, calibration=calibration, cap=cap)
    if why or dials:
        show_reasons(out, server, request | ({"dials": dials} if dials else {}), f"For user {user}")
    else:
        show_list(out, server, request, f"For user {user}")
    out.next(f"tastemaker event {user} ITEM", "tells the server what the user took; then ask again")


def show_list(out: Output, server: Server, request: dict[str, Any], title: str) -> None:
    """Ask for a list and show it, by name where names are known."""
    names = asking_for_names(server, request["campaignArn"], request["numResults"])
    reply = server.runtime.get_recommendations(**request, **names)
    out.value({"items": reply["itemList"], "recommendationId": reply["recommendationId"]})
    items = named_items(reply)
    rows = []
    for place, each in enumerate(reply["itemList"], 1):
        item = items.get(each["itemId"], NAMELESS)
        score = f"{each['score']:.4f}" if "score" in each else ""
        rows.append((place, each["itemId"], *((item.title, item.genres) if items else ()), score))
    if not rows:
        out.say(f"{title}: no item is left. A filter that lets more through, or a higher cap, would help.", "yellow")
        return
    out.table((">#", "item", *(("title", "genres") if items else ()), ">probability"), rows, title)
    if not items:
        out.say(SAYS_HOW)
