"""What a dataset group has, described: read through the API alone."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from botocore.exceptions import ClientError

from tastemaker.cli.account import IN_A_GROUP, Found, described, in_group, listed
from tastemaker.cli.client import Server
from tastemaker.cli.declared.steps import Key

NOT_TAGGED = ("schema", "metric_attribution", "dataset_import_job", "solution_version")


@dataclass(frozen=True)
class Existing:
    """found: what the group has, and the group. schemas: ARN by name, of the account.

    The body of a dataset has the text of its schema as `schema`, that of an import job its `datasetArn`, that of a
    metric attribution its `metrics`; a solution version is named as its solution. elsewhere: names other groups use.
    """

    found: tuple[Found, ...] = ()
    schemas: Mapping[str, str] | None = None
    elsewhere: frozenset[Key] = frozenset()

    def of(self, kind: str) -> list[Found]:
        """All of a kind."""
        return [each for each in self.found if each.kind == kind]

    def get(self, kind: str, name: str) -> Found | None:
        """The one of that name."""
        return next((each for each in self.of(kind) if each.name == name), None)


def existing(server: Server, group: str, with_tags: bool) -> Existing:
    """What the dataset group of that name has; nothing if there is none. with_tags: bodies have `tags`, too."""
    groups = [each for each in listed(server, "dataset_group") if each.name == group]
    inside = [each for found in groups for each in in_group(server, found.arn)]
    found = [whole for each in (*groups, *inside) for whole in _whole(server, each)]
    if with_tags:
        found = [each if each.kind in NOT_TAGGED else _tagged(server, each) for each in found]
    arns = {each.arn for each in inside}
    others = [each for kind in (*IN_A_GROUP, "campaign") if kind != "dataset" for each in listed(server, kind)]
    elsewhere = frozenset((each.kind, each.name) for each in others if each.arn not in arns)
    return Existing(tuple(found), {each.name: each.arn for each in listed(server, "schema")}, elsewhere)


def _whole(server: Server, found: Found) -> Iterator[Found]:
    """What Describe shows of it, and of what lists show of it alone; nothing if it is gone by now."""
    try:
        whole = replace(found, body=described(server, found.arn))
        if found.kind == "dataset":
            text = described(server, whole.body["schemaArn"])["schema"]
            whole = replace(whole, body={**whole.body, "schema": text})
            for job in listed(server, "dataset_import_job", datasetArn=found.arn):
                yield replace(job, body={**job.body, "datasetArn": found.arn})
        if found.kind == "metric_attribution":
            metrics = list(server.each("list_metric_attribution_metrics", "metrics", metricAttributionArn=found.arn))
            whole = replace(whole, body={**whole.body, "metrics": metrics})
        if found.kind == "solution":
            for version in listed(server, "solution_version", solutionArn=found.arn):
                yield Found(version.kind, found.name, version.arn, described(server, version.arn))
        yield whole
    except ClientError as refusal:
        if refusal.response["Error"]["Code"] != "ResourceNotFoundException":
            raise


def _tagged(server: Server, found: Found) -> Found:
    tags = server.personalize.list_tags_for_resource(resourceArn=found.arn)["tags"]
    return replace(found, body={**found.body, "tags": {each["tagKey"]: each["tagValue"] for each in tags}})
