"""`tastemaker verify`: a recorded walk through all 79 operations, and every reply held against the service model."""

import time
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

import click
from rich.text import Text

from tastemaker.cli.client import Server, asks_service
from tastemaker.cli.output import Output
from tastemaker.cli.verb import Failed, verb
from tastemaker.cli.verifying.files import files, place_of
from tastemaker.cli.verifying.listening import Heard, Listener
from tastemaker.cli.verifying.replies import Finding
from tastemaker.cli.verifying.steps import recorded
from tastemaker.cli.verifying.walking import Walker, remove

ROLE = "arn:aws:iam::000000000000:role/verify"  # a server that reads its own buckets assumes none
WAIT_S = 3 * 3600.0  # a training at AWS can take hours
FINDINGS_SHOWN = 5  # of one operation, to people; --json has all


@click.command()
@click.option("--data-location", help="Where the data are put: s3://bucket/prefix, or a folder that the server reads.")
@click.option("--role-arn", "role", help="The role that reads and writes there; AWS wants one.")
@click.option("--keep", "is_kept", is_flag=True, help="Leave what was made.")
@click.option("--yes", is_flag=True, help="With --aws: do not ask, although it costs money.")
@click.option("--wait", "limit_s", type=float, default=WAIT_S, show_default=True, help="Seconds that a step may take.")
@verb
@asks_service
def verify(
    out: Output,
    data_location: str | None,
    role: str | None,
    is_kept: bool,
    yes: bool,
    limit_s: float,
    server: Server,
) -> None:
    """Walk through all operations, and check the shape of every reply. Exit code 1 if anything is wrong."""
    run = f"verify-{uuid.uuid4().hex[:8]}"
    place = place_of(data_location, run, None if server.is_aws else server.settings.home)
    if server.is_aws:
        may_cost(out, role, yes)
    listener = Listener(place.location)
    words = {"run": run, "data": place.location, "role": role or ROLE, "now": int(time.time())}
    walker, walk = Walker(server, listener, words, limit_s), recorded()
    began_s, left = time.monotonic(), []
    try:
        with out.working(f"Walking through {server.endpoint or 'AWS'} as {run}") as watch:
            place.write(files())
            walker.walk(walk.steps, watch)
    finally:
        if not is_kept:
            with out.working(f"Deleting what {run} made") as watch:
                walker.clean(walk.clean, watch)
                left = remove(server, run, limit_s) if walker.has_failed else []
                place.remove()
    took_s = round(time.monotonic() - began_s, 3)
    heard = sorted(listener.heard.values(), key=lambda each: (each.service, each.operation))
    is_ok = not walker.has_failed and not any(each.found for each in heard)
    told = {"endpoint": server.endpoint or None, "run": run, "ok": is_ok, "kept": is_kept, "left": left}
    not_asked = [{"operation": name, "lacks": word} for name, word in walker.not_asked]
    out.value({**told, "operations": [of_json(each) for each in heard], "not_asked": not_asked, "took_s": took_s})
    show(out, heard, walker.not_asked)
    for each in left:
        out.say(f"not deleted: {each}", "red")
    asked, calls = sum(each.calls > 0 for each in heard), sum(each.calls for each in heard)
    wrong = sum(bool(each.found) for each in heard)
    verdict = "every reply is as the service model says" if is_ok else f"of {wrong}, replies are wrong"
    out.say(
        f"{asked} of {len(heard)} operations, {calls} calls, {took_s:.1f} s: {verdict}.", "green" if is_ok else "red"
    )
    if is_kept:
        out.next(
            f"tastemaker down --group {run}", f"deletes it; {run}-video is the other group, {place.location} the data"
        )
    if not is_ok:
        raise SystemExit(1)


def may_cost(out: Output, role: str | None, yes: bool) -> None:
    """Return if AWS may be asked. Raises Failed, click.UsageError or click.Abort."""
    if role is None:
        raise Failed("AWS imports with a role that may read and write the location: name it with --role-arn.")
    if not yes:
        if out.as_json:
            raise click.UsageError("--json asks AWS without a question: add --yes.")
        click.confirm(
            "AWS bills trainings, campaigns, recommenders and batch jobs; this makes some. Go on?", abort=True
        )


def of_json(heard: Heard) -> dict[str, Any]:
    """An operation, for programs."""
    found = [
        {"path": each.path, "expected": each.expected, "came": each.came, "times": times}
        for each, times in heard.found.items()
    ]
    named = {"service": heard.service, "operation": heard.operation, "calls": heard.calls}
    return {**named, "ms": milliseconds(heard), "findings": found}


def milliseconds(heard: Heard) -> float | None:
    """How long an answer took, on average."""
    return round(1000 * heard.took_s / heard.calls, 1) if heard.calls else None


def show(out: Output, heard: Iterable[Heard], not_asked: Sequence[tuple[str, str]]) -> None:
    """A line for each operation, and one below it for each thing that is wrong."""
    rows: list[list[Text]] = []
    for each in heard:
        ms = milliseconds(each)
        lacking = ", ".join(sorted({word for name, word in not_asked if name == each.operation}))
        without = f"not asked with {lacking}: an earlier step did not bring that" if lacking else ""
        verdict = Text("ok", "green") if each.calls else Text(without or "not asked", "yellow")
        if each.found:
            verdict = Text(f"{len(each.found)} wrong", "red")
        numbers = [Text(str(each.calls)), Text("" if ms is None else f"{ms:.1f}")]
        rows.append([Text(each.operation), *numbers, verdict])
        told = [sentence(finding, times) for finding, times in each.found.most_common(FINDINGS_SHOWN)]
        if len(each.found) > FINDINGS_SHOWN:
            told.append(f"and {len(each.found) - FINDINGS_SHOWN} more: --json has them")
        if without and (each.calls or each.found):
            told.append(without)
        rows += [[Text(), Text(), Text(), Text(each)] for each in told]
    out.table(("operation", ">calls", ">ms", "replies"), rows)


def sentence(finding: Finding, times: int) -> str:
    """What is wrong, for people: one line, also of a page of HTML."""
    often = f" ({times} times)" if times > 1 else ""
    return f"{finding.path or 'reply'}: expected {finding.expected}, came {' '.join(finding.came.split())}{often}"
