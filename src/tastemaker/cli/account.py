"""What an account has, asked through the API alone: the same questions for Tastemaker and for AWS."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tastemaker.arn import kind_of, name_of
from tastemaker.cli.client import Server
from tastemaker.cli.verb import Failed

# Each kind needs some of those before it and none of those behind it: created in this order, deleted in the other one.
# The latter is "Deletion rules" of the service: campaigns and recommenders, solutions, event tracker, ..., schemas.
ORDER = (
    "schema",
    "dataset_group",
    "dataset",
    "dataset_import_job",
    "filter",
    "metric_attribution",
    "event_tracker",
    "solution",
    "solution_version",
    "campaign",
    "recommender",
)
IN_A_GROUP = ("dataset", "filter", "metric_attribution", "event_tracker", "solution", "recommender")
SUMMARIES = {"filter": "Filters"}  # the one list whose member has a capital letter
CHANGING = ("PENDING", "IN_PROGRESS", "STOPPING")


@dataclass(frozen=True)
class Found:
    """A resource of the account. name: of a dataset its type in lower case. body: what List or Describe shows."""

    kind: str
    name: str
    arn: str
    body: Mapping[str, Any]

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from all others of the account."""
        return self.kind, self.name


def camel(kind: str) -> str:
    """What replies call a kind: datasetGroup for dataset_group."""
    first, *rest = kind.split("_")
    return first + "".join(word.title() for word in rest)


def kind_at(arn: str) -> str:
    """The kind of what an ARN names; the ARN of a solution version begins with the one of its solution."""
    word = kind_of(arn).replace("-", "_")
    return "solution_version" if word == "solution" and "/" in name_of(arn) else word


def described(server: Server, arn: str) -> dict[str, Any]:
    """What Describe shows. Raises ClientError."""
    kind = kind_at(arn)
    reply = getattr(server.personalize, f"describe_{kind}")(**{f"{camel(kind)}Arn": arn})
    return dict(reply[camel(kind)])


def changing(body: Mapping[str, Any]) -> str:
    """The status of a resource, or of its latest update, on which the service still works; empty if there is none."""
    updates = [value for member, value in body.items() if member.startswith("latest") and member.endswith("Update")]
    statuses = [each.get("status") or "" for each in (body, *updates)]
    return next((status for status in statuses if status.endswith(CHANGING)), "")


def listed(server: Server, kind: str, **given: str) -> Iterator[Found]:
    """All that List shows of a kind, over all its pages."""
    for body in server.each(f"list_{kind}s", SUMMARIES.get(kind, f"{camel(kind)}s"), **given):
        arn = body[f"{camel(kind)}Arn"]
        name = body["datasetType"].lower() if kind == "dataset" else body.get("name") or body.get("jobName")
        yield Found(kind, name or name_of(arn), arn, body)


def in_group(server: Server, group: str) -> list[Found]:
    """What a dataset group has and Delete can remove, in the order of creation."""
    found = [each for kind in IN_A_GROUP for each in listed(server, kind, datasetGroupArn=group)]
    solutions = [each.arn for each in found if each.kind == "solution"]
    found += [each for arn in solutions for each in listed(server, "campaign", solutionArn=arn)]
    return sorted(found, key=lambda each: ORDER.index(each.kind))


def group_named(server: Server, named: str) -> Found:
    """The dataset group of that name or ARN. Raises Failed."""
    groups = list(listed(server, "dataset_group"))
    for each in groups:
        if named in (each.name, each.arn):
            return each
    there = ", ".join(sorted(each.name for each in groups)) or "none"
    raise Failed(f"There is no dataset group {named!r}. There are: {there}.")
