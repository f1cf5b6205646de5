"""`tastemaker apply FILE`: makes a dataset group be as the file says. What is so already is left alone."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from botocore.exceptions import BotoCoreError, ClientError

from tastemaker.cli.account import camel
from tastemaker.cli.client import Server, asks_service
from tastemaker.cli.declared.calls import Call, rounds
from tastemaker.cli.declared.form import Declared
from tastemaker.cli.declared.steps import Key, Step, resolved
from tastemaker.cli.output import Output
from tastemaker.cli.plan import changes, planned, read_for, show
from tastemaker.cli.verb import Failed, verb
from tastemaker.cli.waiting import patiently, until_gone, until_settled

WAIT_S = 6 * 3600.0  # a training at AWS can take hours
DONE = {"delete": "deleted", "create": "created", "update": "updated", "tag": "tagged"}
FAILED = ("FAILED", "STOPPED")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--replace", "may_replace", is_flag=True, help="Delete and create again what cannot be changed in place.")
@click.option(
    "--wait", "limit_s", type=float, default=WAIT_S, show_default=True, help="Seconds that one step may take."
)
@verb
@asks_service
def apply(out: Output, file: Path, yes: bool, may_replace: bool, limit_s: float, server: Server) -> None:
    """Make a dataset group be as FILE says: create, change and train what differs, in order."""
    if out.as_json and not yes:
        raise click.UsageError("--json acts without a question: add --yes.")
    declared = read_for(server, file)
    steps = settled(out, server, declared, limit_s)
    show(out, declared.file.group, steps)
    check(steps, may_replace)
    began_s = time.monotonic()
    done: list[dict[str, Any]] = []
    if changes(steps):
        if not yes:
            click.confirm("Do this?", abort=True)
        carry_out(out, server, steps, limit_s, done)
    took_s = round(time.monotonic() - began_s, 3)
    out.value({"group": declared.file.group, "done": done, "took_s": took_s})
    if done:
        out.say(f"{declared.file.group} is as {file} says; it took {took_s:.1f} s.", "green")
    else:
        out.say(f"{declared.file.group} is as {file} says already.", "green")


def settled(out: Output, server: Server, declared: Declared, limit_s: float) -> list[Step]:
    """The steps when nothing that the file names is in work any more: what is in work cannot be compared."""
    steps = planned(server, declared)
    while waited := [step for step in steps if step.action == "await"]:
        for step in waited:
            with out.working(f"Waiting for {called(step)}: {step.reason}") as watch:
                until_settled(server, step.arn, limit_s, watch)
        steps = planned(server, declared)
    return steps


def check(steps: Sequence[Step], may_replace: bool) -> None:
    """Raise Failed for what will not be done, before anything is done."""
    refused = [f"{called(step)}: {step.reason}" for step in steps if step.action == "refuse"]
    costly = [f"{called(step)}: {step.reason}" for step in steps if step.is_costly and step.action == "replace"]
    if refused:
        raise Failed("\n  ".join(["Nothing was changed, because this cannot be:", *refused]))
    if costly and not may_replace:
        heading = "Nothing was changed. This is only possible by deleting and creating it again; --replace allows it:"
        raise Failed("\n  ".join([heading, *costly]))


def carry_out(out: Output, server: Server, steps: Sequence[Step], limit_s: float, done: list[dict[str, Any]]) -> None:
    """Make all calls, a round when all of the one before are ACTIVE. Raises Failed at the first that fails.

    done: gets what was done, as it is done.
    """
    arns = {step.key: step.arn for step in steps if step.arn and step.action != "replace"}
    for calls in rounds(steps):
        began_s, in_work = time.monotonic(), []
        try:
            for call in calls:
                arns[call.step.key] = start(server, call, arns, limit_s)
                in_work.append(call)
            for call in calls:
                with out.working(f"{called(call.step)} is being {DONE[call.verb]}") as watch:
                    finish(server, call, arns[call.step.key], limit_s, watch)
                in_work.remove(call)
                took_s = round(time.monotonic() - began_s, 3)
                what = {"did": DONE[call.verb], "kind": call.step.kind, "name": call.step.name}
                done.append({**what, "arn": arns[call.step.key], "took_s": took_s})
                out.say(f"{DONE[call.verb]} {called(call.step)} in {took_s:.1f} s")
        except (ClientError, BotoCoreError, Failed) as problem:
            others = [each for each in in_work if each is not call]
            raise Failed(stopped(call, reason_of(problem), others, done)) from None


def start(server: Server, call: Call, arns: dict[Key, str], limit_s: float) -> str:
    """Make one call; the ARN of what it is about. Raises ClientError."""
    step, member = call.step, f"{camel(call.step.kind)}Arn"
    request = resolved(call.request, arns)
    if call.verb == "tag":
        server.personalize.tag_resource(resourceArn=step.arn, **request)
    elif call.verb == "create":
        reply = getattr(server.personalize, f"create_{step.kind}")(**request)
        return str(reply[member])
    else:
        act = getattr(server.personalize, f"{call.verb}_{step.kind}")
        patiently(lambda: act(**{member: step.arn}, **request), limit_s)
    return step.arn


def finish(server: Server, call: Call, arn: str, limit_s: float, watch: Any) -> None:
    """Return when a call has had its effect. Raises Failed if it came to nothing."""
    if call.verb == "delete":
        until_gone(server, arn, limit_s)
        return
    body = until_settled(server, arn, limit_s, watch)
    if body is None:
        raise Failed(f"{arn} is gone: somebody deleted it")
    updated = body.get(f"latest{call.step.kind.title().replace('_', '')}Update", {}) if call.verb == "update" else {}
    for each in (body, updated):
        if each.get("status", "").endswith(FAILED):
            raise Failed(f"it is {each['status']}: {each.get('failureReason') or 'the service gives no reason'}")


def reason_of(problem: Exception) -> str:
    """What a failure says, as the end of a sentence."""
    text = str(problem.response["Error"].get("Message")) if isinstance(problem, ClientError) else str(problem)
    return text.rstrip(".")


def stopped(call: Call, reason: str, in_work: Sequence[Call], done: Sequence[dict[str, Any]]) -> str:
    """What failed, what is done, what goes on without us, and that one can go on from there."""
    lines = [f"{called(call.step)} could not be {DONE[call.verb]}: {reason}.", "Done before that:"]
    lines += [f"  {each['did']} {each['kind'].replace('_', ' ')} {each['name']}" for each in done] or ["  nothing"]
    lines += [f"Still being {DONE[each.verb]}: {called(each.step)}" for each in in_work]
    return "\n".join([*lines, "Remove the cause and run this again: it goes on from there."])


def called(step: Step) -> str:
    """A step's resource, for people."""
    return f"{step.kind.replace('_', ' ')} {step.name}"
