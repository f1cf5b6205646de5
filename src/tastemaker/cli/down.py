"""`tastemaker down --group NAME`: deletes a dataset group and all that is in it, in the order that the API demands."""

import time
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import click
from botocore.exceptions import ClientError

from tastemaker.cli.account import Found, camel, described, group_named, in_group, listed
from tastemaker.cli.client import Server, asks_service
from tastemaker.cli.declared.names import dataset_in_name, schema_name
from tastemaker.cli.output import Output
from tastemaker.cli.verb import verb
from tastemaker.cli.waiting import patiently, until_gone

TRAINING = ("CREATE PENDING", "CREATE IN_PROGRESS")


@click.command()
@click.option("--group", required=True, help="Name or ARN of the dataset group.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--wait", "limit_s", type=float, default=600.0, show_default=True, help="Seconds that running jobs have.")
@verb
@asks_service
def down(out: Output, group: str, yes: bool, limit_s: float, server: Server) -> None:
    """Delete a dataset group with all its data, models and campaigns."""
    found = group_named(server, group)
    doomed = [*reversed([found, *in_group(server, found.arn)]), *schemas_of(server, found)]
    if not yes:
        if out.as_json:
            raise click.UsageError("--json deletes without a question: add --yes.")
        out.facts([(each.kind, each.arn) for each in doomed], "To go")
        click.confirm("Delete all this, data included?", abort=True)
    began_s = time.monotonic()
    stop_trainings(server, found.arn)
    receipt, kept = [], []
    for _, step in groupby(doomed, lambda each: each.kind):
        gone, used_elsewhere = delete(server, list(step), limit_s)
        receipt += gone
        kept += used_elsewhere
        for each in gone:
            out.say(f"deleted {each['arn']} in {each['took_s']:.1f} s")
    for schema in kept:
        out.say(f"kept {schema}: other datasets use it")
    took_s = round(time.monotonic() - began_s, 3)
    out.value({"group": found.arn, "deleted": receipt, "kept": kept, "took_s": took_s})
    out.say(f"{len(receipt)} resources are gone; it took {took_s:.1f} s.", "green")
    if not server.is_aws:
        out.next("tastemaker ps", "shows what the server did")


def schemas_of(server: Server, group: Found) -> Iterator[Found]:
    """The schemas that its datasets have, and those that `tastemaker apply` made for them at other times."""
    used = {described(server, each.arn)["schemaArn"] for each in listed(server, "dataset", datasetGroupArn=group.arn)}
    for each in listed(server, "schema"):
        if each.arn in used:
            yield each
        elif dataset := dataset_in_name(group.name, each.name):
            text = described(server, each.arn)["schema"]
            if each.name == schema_name(group.name, dataset, each.body.get("domain"), text):
                yield each


def stop_trainings(server: Server, group: str) -> None:
    """Ask trainings to stop: nobody needs their models any more."""
    for solution in listed(server, "solution", datasetGroupArn=group):
        for version in listed(server, "solution_version", solutionArn=solution.arn):
            if version.body["status"] in TRAINING:
                server.personalize.stop_solution_version_creation(solutionVersionArn=version.arn)


def delete(server: Server, step: list[Found], limit_s: float) -> tuple[list[dict[str, Any]], list[str]]:
    """Delete what is of one kind and wait until it is gone: the receipt, and the schemas that others use."""
    kept = []
    began_s = time.monotonic()
    for each in step:
        try:
            # A schema has no work that could end: whoever uses it goes on using it.
            request_deletion(server, each, 0.0 if each.kind == "schema" else limit_s)
        except ClientError as refusal:
            if each.kind != "schema" or refusal.response["Error"]["Code"] != "ResourceInUseException":
                raise
            kept.append(each.arn)
    receipt = []
    for each in step:
        if each.arn not in kept:
            until_gone(server, each.arn, limit_s)
            receipt.append({"arn": each.arn, "took_s": round(time.monotonic() - began_s, 3)})
    return receipt, kept


def request_deletion(server: Server, doomed: Found, limit_s: float) -> None:
    """Ask for it as soon as nothing is in its way. Raises ClientError."""
    act = getattr(server.personalize, f"delete_{doomed.kind}")
    try:
        patiently(lambda: act(**{f"{camel(doomed.kind)}Arn": doomed.arn}), limit_s)
    except ClientError as refusal:
        if refusal.response["Error"]["Code"] != "ResourceNotFoundException":
            raise  # somebody else deleted it meanwhile: what we wanted
