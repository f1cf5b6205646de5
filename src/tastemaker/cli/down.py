"""`tastemaker down --group NAME`: deletes a dataset group and all that is in it, in the order that the API demands."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import click
from botocore.exceptions import ClientError

from tastemaker.cli.client import Server, asks_server
from tastemaker.cli.output import Output
from tastemaker.cli.verb import Failed, verb
from tastemaker.cli.waiting import patiently, until_gone

TRAINING = ("CREATE PENDING", "CREATE IN_PROGRESS")


@dataclass(frozen=True)
class Doomed:
    """Something that goes. operation: delete_campaign and the like, which takes the ARN as `member`."""

    arn: str
    operation: str
    member: str


@click.command()
@click.option("--group", required=True, help="Name or ARN of the dataset group.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--wait", "limit_s", type=float, default=600.0, show_default=True, help="Seconds that running jobs have.")
@verb
@asks_server
def down(out: Output, group: str, yes: bool, limit_s: float, server: Server) -> None:
    """Delete a dataset group with all its data, models and campaigns."""
    arn = group_named(server, group)
    steps = list(in_order(server, arn))
    if not yes:
        if out.as_json:
            raise click.UsageError("--json deletes without a question: add --yes.")
        out.facts([(each.operation.removeprefix("delete_"), each.arn) for step in steps for each in step], "To go")
        click.confirm("Delete all this, data included?", abort=True)
    began_s = time.monotonic()
    stop_trainings(server, arn)
    receipt, kept = [], []
    for step in steps:
        gone, used_elsewhere = delete(server, step, limit_s)
        receipt += gone
        kept += used_elsewhere
        for each in gone:
            out.say(f"deleted {each['arn']} in {each['took_s']:.1f} s")
    for schema in kept:
        out.say(f"kept {schema}: other datasets use it")
    took_s = round(time.monotonic() - began_s, 3)
    out.value({"group": arn, "deleted": receipt, "kept": kept, "took_s": took_s})
    out.say(f"{len(receipt)} resources are gone; it took {took_s:.1f} s.", "green")
    out.next("tastemaker ps", "shows what the server did")


def group_named(server: Server, named: str) -> str:
    """The ARN of a dataset group. Raises Failed."""
    found = {each["name"]: each["datasetGroupArn"] for each in server.each("list_dataset_groups", "datasetGroups")}
    if named in found.values():
        return named
    if named not in found:
        raise Failed(f"There is no dataset group {named!r}. There are: {', '.join(sorted(found)) or 'none'}.")
    return str(found[named])


def in_order(server: Server, group: str) -> Iterator[list[Doomed]]:
    """What a group has, in steps: nothing refers to what a step deletes when its turn comes."""
    solutions = _arns(server, "list_solutions", "solutions", "solutionArn", datasetGroupArn=group)
    datasets = _arns(server, "list_datasets", "datasets", "datasetArn", datasetGroupArn=group)
    schemas = {
        server.personalize.describe_dataset(datasetArn=arn)["dataset"]["schemaArn"]: None for arn in datasets
    }  # without repetition, in order
    yield [
        Doomed(arn, "delete_campaign", "campaignArn")
        for solution in solutions
        for arn in _arns(server, "list_campaigns", "campaigns", "campaignArn", solutionArn=solution)
    ]
    filters = _arns(server, "list_filters", "Filters", "filterArn", datasetGroupArn=group)
    trackers = _arns(server, "list_event_trackers", "eventTrackers", "eventTrackerArn", datasetGroupArn=group)
    yield [
        *(Doomed(arn, "delete_filter", "filterArn") for arn in filters),
        *(Doomed(arn, "delete_event_tracker", "eventTrackerArn") for arn in trackers),
        *(Doomed(arn, "delete_solution", "solutionArn") for arn in solutions),
    ]
    yield [Doomed(arn, "delete_dataset", "datasetArn") for arn in datasets]
    yield [Doomed(arn, "delete_schema", "schemaArn") for arn in schemas]
    yield [Doomed(group, "delete_dataset_group", "datasetGroupArn")]


def stop_trainings(server: Server, group: str) -> None:
    """Ask trainings to stop: nobody needs their models any more."""
    for solution in _arns(server, "list_solutions", "solutions", "solutionArn", datasetGroupArn=group):
        for version in server.each("list_solution_versions", "solutionVersions", solutionArn=solution):
            if version["status"] in TRAINING:
                server.personalize.stop_solution_version_creation(solutionVersionArn=version["solutionVersionArn"])


def delete(server: Server, step: list[Doomed], limit_s: float) -> tuple[list[dict[str, Any]], list[str]]:
    """Delete what a step has and wait until it is gone: the receipt, and the schemas that others use."""
    kept = []
    began_s = time.monotonic()
    for each in step:
        # A schema has no work that could end: whoever uses it goes on using it.
        is_schema = each.operation == "delete_schema"
        try:
            _delete(server, each, 0.0 if is_schema else limit_s)
        except ClientError as refusal:
            if not is_schema or refusal.response["Error"]["Code"] != "ResourceInUseException":
                raise
            kept.append(each.arn)
    receipt = []
    for each in step:
        if each.arn not in kept:
            until_gone(server, each.arn)
            receipt.append({"arn": each.arn, "took_s": round(time.monotonic() - began_s, 3)})
    return receipt, kept


def _delete(server: Server, doomed: Doomed, limit_s: float) -> None:
    act = getattr(server.personalize, doomed.operation)
    try:
        patiently(lambda: act(**{doomed.member: doomed.arn}), limit_s)
    except ClientError as refusal:
        if refusal.response["Error"]["Code"] != "ResourceNotFoundException":
            raise  # somebody else deleted it meanwhile: what we wanted


def _arns(server: Server, operation: str, member: str, arn_member: str, **given: str) -> list[str]:
    return [each[arn_member] for each in server.each(operation, member, **given)]
