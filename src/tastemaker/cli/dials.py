"""`tastemaker dials CAMPAIGN`: how the lists of a campaign depart from the plain order."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import click

from tastemaker.cli.client import Server, asks_server
from tastemaker.cli.output import Output
from tastemaker.cli.verb import verb

SHARE = click.FloatRange(0, 1)


def dial_options(function: Callable[..., None]) -> Callable[..., None]:
    """The dials as options of a verb."""
    for option in (
        click.option("--cap-hours", type=float, help="Hours within which --cap counts; 24 if not given, 720 at most."),
        click.option("--cap", type=click.IntRange(1, 100), help="Lists in which a user sees an item; then it is out."),
        click.option("--dislike", "dislikes", multiple=True, help="Type of event that lowers an item and its like."),
        click.option("--calibration", type=SHARE, help="0 to 1: keep to the mix of categories of the user's history."),
        click.option("--popularity", type=click.FloatRange(-1, 1), help="-1 to 1: below 0 for what few know."),
        click.option("--diversity", type=SHARE, help="0 to 1: items unlike each other."),
    ):
        function = option(function)
    return function


def told(dislikes: tuple[str, ...], cap_hours: float | None, **dials: float | None) -> dict[str, Any]:
    """The dials that were given."""
    dials["capHours"] = cap_hours
    given: dict[str, Any] = {name: value for name, value in dials.items() if value is not None}
    return given | ({"dislikes": list(dislikes)} if dislikes else {})


@click.command()
@click.argument("campaign")
@dial_options
@verb
@asks_server
def dials(
    out: Output,
    campaign: str,
    diversity: float | None,
    popularity: float | None,
    calibration: float | None,
    dislikes: tuple[str, ...],
    cap: int | None,
    cap_hours: float | None,
    server: Server,
) -> None:
    """Turn the dials of CAMPAIGN (or of a recommender), by name or ARN; those that are not given go back to 0."""
    given = told(dislikes, cap_hours, diversity=diversity, popularity=popularity, calibration=calibration, cap=cap)
    found = server.tell(f"/dials/{quote(campaign, safe='')}", given, "PUT")
    out.value(found)
    shown = ", ".join(f"{name} {value}" for name, value in found["dials"].items()) or "all at 0"
    out.say(f"{found['arn']}: {shown}", "green")
    out.next("tastemaker recs USER --why", "shows a list, and what the dials changed in it")
