"""Whether a policy allows what a job needs, and which statement decides; the needs themselves are here, too.

Source: the IAM User Guide, "Policy evaluation logic": an explicit deny wins, then an allow, else it is refused.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from tastemaker.policies.document import SERVICE, SOURCE_ACCOUNT, SOURCE_ARN, Condition, Policy, Statement

GET, PUT, LIST, ASSUME = "s3:GetObject", "s3:PutObject", "s3:ListBucket", "sts:AssumeRole"
ELEMENTS = ("Principal", "Action", "Resource", "Condition")


@dataclass(frozen=True)
class Need:
    """One thing that Personalize does for a job. source: the ARN of that job, which conditions may look at."""

    action: str
    resource: str  # "" where a role is assumed
    source: str
    grant: str  # the resource that a correction names: it covers `resource`

    @property
    def text(self) -> str:
        """For messages: who, what, and on what."""
        return f"{SERVICE} {self.action}" + (f" on {self.resource}" if self.resource else "")


@dataclass(frozen=True)
class Verdict:
    """What a policy says to a need, and why. statement: the one that decides, or comes nearest."""

    need: Need
    allowed: bool
    reason: str
    statement: Statement | None = None


def object_needs(action: str, bucket: str, keys: Iterable[str], source: str) -> list[Need]:
    """The bucket is listed, and each object read or written. A key may be a folder and a star: all that is in it."""
    arn = f"arn:aws:s3:::{bucket}"
    folders = ((key, key.rpartition("/")[0]) for key in keys)
    objects = [
        Need(action, f"{arn}/{key}", source, f"{arn}/{f'{folder}/' if folder else ''}*") for key, folder in folders
    ]
    return [Need(LIST, arn, source, arn), *objects]


def assume_need(source: str) -> Need:
    """The role is assumed by the service."""
    return Need(ASSUME, "", source, "")


def verdict(policy: Policy, need: Need) -> Verdict:
    """What a policy says to one need."""
    missed = [(statement, misses(statement, need)) for statement in policy.statements]
    for statement, missing in missed:
        if not statement.allows and not missing:
            return Verdict(need, False, f"{statement.name} denies it", statement)
    nearest = min((each for each in missed if each[0].allows), key=lambda each: len(each[1]), default=None)
    if nearest is None or len(nearest[1]) > 2:
        return Verdict(need, False, "no statement allows it")
    statement, missing = nearest
    if not missing:
        return Verdict(need, True, f"{statement.name} allows it", statement)
    reason = f"no statement allows it; {statement.name} comes nearest, but its {' and '.join(missing)}"
    reason += " does not cover it" if len(missing) == 1 else " do not cover it"
    if "Condition" in missing:
        reason += f" (aws:SourceArn is {need.source})"
    return Verdict(need, False, reason, statement)


def misses(statement: Statement, need: Need) -> tuple[str, ...]:
    """The elements for which a statement is not about a need; none: it decides."""
    fits = {
        "Principal": statement.everyone or SERVICE in statement.services,
        "Action": any(like(need.action.lower(), each.lower()) for each in statement.actions) != statement.but_actions,
        "Resource": not need.resource
        or any(like(need.resource, each) for each in statement.resources) != statement.but_resources,
        "Condition": all(met(condition, need.source) for condition in statement.conditions),
    }
    return tuple(name for name in ELEMENTS if not fits[name])


def met(condition: Condition, source: str) -> bool:
    """Whether a condition holds for what a resource of Personalize does."""
    actual = context(source)[condition.key]
    if not actual:
        return condition.operator.endswith("IfExists")
    if condition.operator in ("ArnLike", "ArnEquals"):  # these two "behave identically"
        return any(like_arn(actual, value) for value in condition.values)
    if condition.operator == "StringLike":
        return any(like(actual, value) for value in condition.values)
    return actual in condition.values


def context(source: str) -> dict[str, str]:
    """The values of the keys that conditions look at."""
    parts = source.split(":")
    return {SOURCE_ARN: source, SOURCE_ACCOUNT: parts[4] if len(parts) > 5 else ""}


def like_arn(arn: str, pattern: str) -> bool:
    """Each of the six parts for itself, so that a star does not reach beyond its colons."""
    parts, patterns = arn.split(":", 5), pattern.split(":", 5)
    return len(parts) == len(patterns) and all(map(like, parts, patterns))


def like(text: str, pattern: str) -> bool:
    """Whether a text fits a pattern, in which * is anything and ? is any one character. O(text x pattern) at worst."""
    place = at = 0
    star, seen = -1, 0  # the last star, and how far the text was when it had taken nothing
    while place < len(text):
        if at < len(pattern) and pattern[at] == "*":
            star, seen = at, place
            at += 1
        elif at < len(pattern) and pattern[at] in ("?", text[place]):
            place, at = place + 1, at + 1
        elif star >= 0:
            seen += 1
            place, at = seen, star + 1
        else:
            return False
    return not pattern[at:].strip("*")
