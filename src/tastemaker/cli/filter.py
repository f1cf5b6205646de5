"""`tastemaker filter`: lists filters, tries an expression out on a user, and edits a filter in place."""

from collections.abc import Sequence
from typing import Any

import click

from tastemaker.cli.campaigns import campaign_for, filter_for, filter_values
from tastemaker.cli.client import Server, asks_server
from tastemaker.cli.output import Output
from tastemaker.cli.verb import Failed, verb
from tastemaker.filters import FilterError, parse

SHOWN = 5  # items of a list of what was removed


@click.group()
def filter() -> None:
    """List filters, try one out, edit one. docs/filters.md has the language."""


@filter.command("list")
@verb
@asks_server
def list_filters(out: Output, server: Server) -> None:
    """Show all filters with their expressions."""
    found = [
        server.personalize.describe_filter(filterArn=each["filterArn"])["filter"]
        for each in server.each("list_filters", "Filters")
    ]
    out.value({"filters": found})
    if not found:
        out.say("There is no filter. Create one with CreateFilter (docs/filters.md).")
        return
    rows = [(each["name"], each["status"], _last(each["datasetGroupArn"]), each["filterExpression"]) for each in found]
    out.table(("filter", "status", "group", "expression"), rows)
    out.next(f"tastemaker filter test {found[0]['name']} --user USER", "shows what it removes for a user")


@filter.command()
@click.argument("name")
@click.argument("expression")
@verb
@asks_server
def edit(out: Output, name: str, expression: str, server: Server) -> None:
    """Give the filter NAME another EXPRESSION; the next request is answered by it."""
    found = server.tell(f"/filters/{filter_for(server, name)}", {"filterExpression": expression}, "PUT")["filter"]
    out.value(found)
    out.say(f"{found['name']} is now: {found['filterExpression']}", "green")
    out.next(f"tastemaker filter test {found['name']} --user USER", "shows what it removes for a user")


@filter.command()
@click.argument("expression")
@click.option("--user", help="Whose list; needed where a campaign or the filter looks at users.")
@click.option("--campaign", help="Name or ARN; needed if several campaigns could answer.")
@click.option("--item", help="Whose related items; then a campaign for these is asked.")
@click.option("--value", "values", multiple=True, help="NAME=VALUE for $NAME in the filter; may be repeated.")
@click.option("-n", "count", type=click.IntRange(1, 500), default=25, show_default=True, help="Length of the list.")
@verb
@asks_server
def test(
    out: Output,
    expression: str,
    user: str | None,
    campaign: str | None,
    item: str | None,
    values: tuple[str, ...],
    count: int,
    server: Server,
) -> None:
    """Show what each clause of EXPRESSION, or of the filter of that name, removes from the list of a user."""
    if len(expression.split()) == 1:  # no expression is one word
        arn = filter_for(server, expression)
        expression = server.personalize.describe_filter(filterArn=arn)["filter"]["filterExpression"]
    asked: dict[str, Any] = {"filterExpression": expression, "filterValues": filter_values(values), "numResults": count}
    asked["campaignArn"] = campaign_for(server, _recipe_type(expression, item), campaign)
    asked |= {name: value for name, value in (("userId", user), ("itemId", item)) if value is not None}
    found = server.tell("/filters/test", asked)
    out.value(found)
    show(out, found, count)


def show(out: Output, found: dict[str, Any], count: int) -> None:
    """Expression by expression, clause by clause."""
    hidden = f", {found['hidden']} more are hidden by the campaign itself" if found["hidden"] else ""
    out.say(f"{found['candidates']} candidates{hidden}. Without the filter the list has {len(found['listWithout'])}.")
    for number, expression in enumerate(found["expressions"], 1):
        out.say()
        out.say(f"{number}. {expression['expression']}", "bold")
        if expression["skipped"]:
            out.say(f"   skipped: {expression['skipped']}", "yellow")
            continue
        clauses = expression["clauses"]
        rows = [(each["clause"], each["matched"], _items(each["removed"])) for each in clauses]
        if len(clauses) > 1:
            rows.append(("together", expression["matched"], _items(expression["removed"])))
        out.table(("clause", ">matches", "removes from the list"), rows)
    out.say()
    out.say(f"{found['left']} candidates are left. The list has {len(found['list'])} of {count}:", "bold")
    out.say(_items(found["list"], count))


def _recipe_type(expression: str, item: str | None) -> str:
    """What kind of campaign can show what the expression does."""
    try:
        target = parse(expression).expressions[0].target
    except FilterError as problem:
        raise Failed(str(problem)) from None
    if target == "UserID":
        raise Failed("A filter on UserID works in batch segment jobs: try it there, on a file of one line.")
    if target == "ActionID":
        return "PERSONALIZED_ACTIONS"
    return "USER_PERSONALIZATION" if item is None else "RELATED_ITEMS"


def _items(ids: Sequence[str], most: int = SHOWN) -> str:
    if not ids:
        return "nothing"
    more = f" and {len(ids) - most} more" if len(ids) > most else ""
    return f"{', '.join(ids[:most])}{more}"


def _last(arn: str) -> str:
    return arn.rpartition("/")[2]
