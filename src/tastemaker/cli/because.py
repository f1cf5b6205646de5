"""A list with the reasons of each item, for people: "Heat 41 %, Casino 22 %, popularity 9 %"."""

from collections.abc import Mapping
from typing import Any

from tastemaker.cli.client import Server
from tastemaker.cli.films import NAMELESS, asking_for_names, item_of
from tastemaker.cli.output import Output

REASONS_SHOWN = 3  # of each item; --json has them all


def show_reasons(out: Output, server: Server, request: Mapping[str, Any], title: str) -> None:
    """Ask why, and show it by name where names are known."""
    names = asking_for_names(server, request["campaignArn"], request["numResults"])
    columns = names.get("metadataColumns", {}).get("ITEMS", [])
    found = server.tell("/why", {**request, "metadata": columns})
    out.value(found)
    rows = []
    for place, each in enumerate(found["items"], 1):
        score = f"{each['score']:.4f}" if "score" in each else ""
        by = "" if each["placedBy"] == "relevance" else each["placedBy"]
        told = ", ".join([by] * bool(by) + [_reason(reason) for reason in each["because"][:REASONS_SHOWN]])
        rows.append((place, each["itemId"], *((_name(each),) if columns else ()), score, told))
    if not rows:
        out.say(f"{title}: no item is left. A filter that lets more through, or a higher cap, would help.", "yellow")
        return
    out.table((">#", "item", *(("title",) if columns else ()), ">probability", "because of"), rows, title)
    out.say(found["method"])
    if found["dials"]:
        plain = found["measures"]["plain"]
        moved = [f"{name} {value:.2f} ({plain[name]:.2f} without)" for name, value in found["measures"]["list"].items()]
        out.say(f"Dials: {', '.join(found['dials'])}. The list has {', '.join(moved)}.")


def _reason(reason: Mapping[str, Any]) -> str:
    what = reason["what"] if "what" in reason else _name(reason["event"]) or f"item {reason['event']['itemId']}"
    against = "against it: " if reason["amount"] < 0 else ""
    return f"{against}{what} {reason['share']:.0%}"


def _name(thing: Mapping[str, Any]) -> str:
    return (item_of(thing["metadata"]) if "metadata" in thing else NAMELESS).title
