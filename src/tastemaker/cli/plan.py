"""`tastemaker plan FILE`: what `tastemaker apply FILE` would do."""

import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click
from rich.text import Text

from tastemaker.cli.client import Server, asks_service
from tastemaker.cli.declared.difference import difference
from tastemaker.cli.declared.existing import existing
from tastemaker.cli.declared.form import Declared
from tastemaker.cli.declared.reading import read
from tastemaker.cli.declared.steps import Action, Step
from tastemaker.cli.declared.wanted import wanted
from tastemaker.cli.output import Output
from tastemaker.cli.verb import Failed, verb

WOULD_CHANGE = 2
MARKS: dict[Action, tuple[str, str]] = {
    "create": ("+", "green"),
    "update": ("~", "yellow"),
    "replace": ("-/+", "red"),
    "unchanged": ("=", "dim"),
    "await": ("...", "yellow"),
    "refuse": ("!", "bold red"),
    "other": ("", "dim"),
}
WORDS: dict[Action, str] = {
    "create": "to create",
    "update": "to update",
    "replace": "to replace",
    "await": "to wait for",
}
NOT_IN_FILE = "not in the file: left alone"
NEEDS_REPLACE = "only with --replace"


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@verb
@asks_service
def plan(out: Output, file: Path, server: Server) -> None:
    """Show what would change so that a dataset group is as FILE says.

    Exit codes: 0 nothing would change, 2 something would, 1 it cannot be said.
    """
    declared = read_for(server, file)
    steps = planned(server, declared)
    out.value({"group": declared.file.group, "changes": changes(steps), "steps": [told(step) for step in steps]})
    show(out, declared.file.group, steps)
    if not changes(steps):
        return
    if not any(step.action == "refuse" for step in steps):
        option = " --replace" if any(step.is_costly for step in steps) else ""
        out.next(f"tastemaker apply {file}{option}", "makes it so")
    raise SystemExit(WOULD_CHANGE)


def read_for(server: Server, path: Path) -> Declared:
    """The file, if that service can do what it says. Raises Failed."""
    declared = read(path)
    local = [source.location for source in declared.sources.values() if source.is_local]
    if server.is_aws and local:
        raise Failed(f"{path}: AWS reads no files of this machine ({', '.join(local)}). Import from s3://bucket/key.")
    if server.is_aws and declared.sources and declared.file.role is None:
        raise Failed(f"{path}: AWS imports with a role that may read the bucket. Add `role: arn:aws:iam::...`.")
    return declared


def planned(server: Server, declared: Declared) -> list[Step]:
    """The steps from what there is to what the file says."""
    there = existing(server, declared.file.group, with_tags=bool(declared.file.tags))
    return difference(wanted(declared, time.time()), there)


def changes(steps: Sequence[Step]) -> int:
    """How many resources are not yet as the file says."""
    return sum(step.is_change for step in steps)


def told(step: Step) -> dict[str, object]:
    """A step for programs."""
    return {
        "action": "not in the file" if step.action == "other" else step.action,
        "kind": step.kind,
        "name": step.name,
        "arn": step.arn or None,
        "reason": step.reason,
        "needsReplace": step.is_costly,
    }


def show(out: Output, group: str, steps: Sequence[Step]) -> None:
    """A step a line, then how many there are of each sort."""
    rows = []
    for step in steps:
        mark, style = MARKS[step.action]
        notes = [step.reason, NEEDS_REPLACE if step.is_costly else "", NOT_IN_FILE if step.action == "other" else ""]
        cells = (mark, step.kind.replace("_", " "), step.name, "; ".join(filter(None, notes)))
        rows.append([Text(cell, style) for cell in cells])
    out.table(("", "", "name", "why"), rows, f"Dataset group {group}")
    counts = Counter(step.action for step in steps)
    told_counts = [f"{counts[action]} {word}" for action, word in WORDS.items() if counts[action]]
    if counts["refuse"]:
        told_counts.append(f"{counts['refuse']} that cannot be")
    out.say(", ".join([*told_counts, f"{counts['unchanged']} unchanged"]) + ".")
