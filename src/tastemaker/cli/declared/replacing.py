"""A replacement takes with it what the service does not let stand in its way."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tastemaker.cli.account import Found
from tastemaker.cli.declared.existing import Existing
from tastemaker.cli.declared.steps import Step


def with_what_is_in_the_way(steps: Sequence[Step], existing: Existing) -> list[Step]:
    """The steps, those of what must go first being replacements, too.

    What the file does not name is never deleted: if it is in the way, the replacement is refused.
    """
    found = {step.key: step for step in steps}
    for step in steps:
        if step.action != "replace":
            continue
        for each in _in_the_way(step, existing):
            other = found[each.key] if each.key in found else _by_arn(steps, each.arn)
            what = f"{step.kind.replace('_', ' ')} {step.name}"
            if other.action == "other":
                reason = f"{other.kind.replace('_', ' ')} {other.name}, which is not in the file, is in the way"
                fix = "Delete it, or put it into the file."
                found[step.key] = replace(
                    step, action="refuse", reason=f"{step.reason}; {reason}. {fix}", is_costly=False
                )
            elif other.action in ("unchanged", "update", "await"):
                reason = f"goes with the {what}"
                found[other.key] = Step("replace", *other.key, other.arn, reason, other.create, is_costly=True)
    return [found[step.key] for step in steps]


def _in_the_way(step: Step, existing: Existing) -> Iterator[Found]:
    """What must be deleted before this can be: "Deletion rules" of the service."""
    if step.kind == "dataset":
        yield from (*existing.of("filter"), *existing.of("metric_attribution"), *existing.of("campaign"))
        if step.name == "interactions":
            yield from existing.of("event_tracker")
    if step.kind == "solution":
        versions = {each.arn for each in existing.of("solution_version") if each.name == step.name}
        yield from (each for each in existing.of("campaign") if each.body["solutionVersionArn"] in versions)


def _by_arn(steps: Sequence[Step], arn: str) -> Step:
    return next(step for step in steps if step.arn == arn)
