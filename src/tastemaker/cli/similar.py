"""`tastemaker similar ITEM`: what goes with an item."""

import click

from tastemaker.cli.because import show_reasons
from tastemaker.cli.campaigns import campaign_for
from tastemaker.cli.client import Server, asks_server
from tastemaker.cli.output import Output
from tastemaker.cli.recs import show_list
from tastemaker.cli.verb import verb


@click.command()
@click.argument("item")
@click.option("--campaign", help="Name or ARN; needed if several campaigns find related items.")
@click.option("-n", "count", type=click.IntRange(1, 500), default=10, show_default=True, help="Length of the list.")
@click.option("--why", is_flag=True, help="Say what carried each item.")
@verb
@asks_server
def similar(out: Output, item: str, campaign: str | None, count: int, why: bool, server: Server) -> None:
    """Find items related to ITEM."""
    arn = campaign_for(server, "RELATED_ITEMS", campaign)
    show = show_reasons if why else show_list
    show(out, server, {"campaignArn": arn, "itemId": item, "numResults": count}, f"Related to item {item}")
    out.next("tastemaker recs USER", "recommends for a user")
