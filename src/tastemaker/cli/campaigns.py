"""Which campaign, filter or tracker a verb means: the named one, or the only one there is."""

from collections.abc import Mapping
from typing import Any

from tastemaker.cli.client import Server
from tastemaker.cli.verb import Failed

WHAT_IT_DOES = {
    "USER_PERSONALIZATION": "recommends for users",
    "RELATED_ITEMS": "finds items related to one",
    "PERSONALIZED_ACTIONS": "recommends actions",
}


def campaign_for(server: Server, recipe_type: str, named: str | None) -> str:
    """The ARN of the campaign to ask. Raises Failed, naming the candidates, if that is not clear."""
    found = list(server.each("list_campaigns", "campaigns"))
    if named is not None:
        return _named(found, named, "campaign", "campaignArn")
    suitable = [each for each in found if each["status"] == "ACTIVE" and _type_of(server, each) == recipe_type]
    if len(suitable) == 1:
        return str(suitable[0]["campaignArn"])
    what = WHAT_IT_DOES[recipe_type]
    if suitable:
        raise Failed(f"Several campaigns answer: {_names(suitable)}. Name one with --campaign.")
    others = f" There are others: {_names(found)}." if found else " There is no campaign at all."
    raise Failed(
        f"No ACTIVE campaign {what}.{others} Create one with CreateCampaign (examples/movielens.py shows how), or run "
        "`tastemaker demo`."
    )


def filter_for(server: Server, named: str) -> str:
    """The ARN of a filter. Raises Failed."""
    return _named(list(server.each("list_filters", "Filters")), named, "filter", "filterArn")


def tracker_for(server: Server, group: str | None) -> tuple[str, str]:
    """Tracking id and dataset group of the tracker that takes events. Raises Failed."""
    found = [
        server.personalize.describe_event_tracker(eventTrackerArn=each["eventTrackerArn"])["eventTracker"]
        for each in server.each("list_event_trackers", "eventTrackers")
    ]
    trackers = [each for each in found if group in (None, each["datasetGroupArn"], _last(each["datasetGroupArn"]))]
    if not trackers:
        where = f"The dataset group {group}" if group else "This server"
        raise Failed(
            f"{where} has no event tracker, and events come in through one. Create it with boto3: "
            'personalize.create_event_tracker(name="clicks", datasetGroupArn=...).'
        )
    if len(trackers) > 1:
        groups = ", ".join(sorted(_last(each["datasetGroupArn"]) for each in trackers))
        raise Failed(f"Several dataset groups take events: {groups}. Name one with --group.")
    return trackers[0]["trackingId"], trackers[0]["datasetGroupArn"]


def filter_values(given: tuple[str, ...]) -> dict[str, str]:
    """NAME=VALUE texts as the API wants them: values in quotes, several separated by commas. Raises Failed."""
    values = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise Failed(f"--value is {text!r}: give NAME=VALUE, for example G=Comedy or G=Comedy,Drama.")
        parts = [part.strip().strip('"') for part in value.split(",")]
        values[name.removeprefix("$")] = ",".join(f'"{part}"' for part in parts)
    return values


def _named(found: list[dict[str, Any]], named: str, what: str, arn_member: str) -> str:
    for each in found:
        if named in (each["name"], each[arn_member]):
            return str(each[arn_member])
    there = f"There are: {_names(found)}." if found else "There is none."
    raise Failed(f"There is no {what} {named!r}. {there}")


def _type_of(server: Server, campaign: Mapping[str, Any]) -> str:
    api = server.personalize
    version = api.describe_campaign(campaignArn=campaign["campaignArn"])["campaign"]["solutionVersionArn"]
    recipe = api.describe_solution_version(solutionVersionArn=version)["solutionVersion"]["recipeArn"]
    return str(api.describe_recipe(recipeArn=recipe)["recipe"]["recipeType"])


def _names(found: list[dict[str, Any]]) -> str:
    return ", ".join(sorted(each["name"] for each in found))


def _last(arn: str) -> str:
    return arn.rpartition("/")[2]
