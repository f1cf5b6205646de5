"""Datasets: one of each type in a group; their rows are parts on disk and, for Interactions, the event log."""

from sqlalchemy import Connection

from tastemaker.arn import name_of
from tastemaker.data.schemas import parse_schema
from tastemaker.errors import InvalidInputException, ResourceInUseException
from tastemaker.kinds.dataset_group import DATASET_GROUP
from tastemaker.kinds.schema import SCHEMA
from tastemaker.resources.groups import DATASET_NAMES
from tastemaker.resources.kind import Birth, Body, Kind, Outcome, Task, Work
from tastemaker.resources.statuses import CHANGING, PROVISIONED
from tastemaker.storage import events, rows
from tastemaker.storage.database import touch
from tastemaker.storage.rows import Resource


def has_a_type(birth: Birth) -> None:
    """The type is case-insensitive in a request; Describe and List return it in upper case."""
    wanted = birth.request["datasetType"].upper()
    if wanted not in DATASET_NAMES:
        raise InvalidInputException(
            f"datasetType is {birth.request['datasetType']!r}: give one of Interactions, Items, Users, Actions, "
            "Action_Interactions."
        )
    birth.body["datasetType"] = wanted


def schema_fits(birth: Birth) -> None:
    """The schema's name says of which type of dataset it is."""
    schema = parse_schema(birth.parents["schemaArn"].body["schema"])
    wanted = DATASET_NAMES[birth.body["datasetType"]].replace("_", "")
    if schema.dataset != wanted:
        raise InvalidInputException(
            f"schemaArn {birth.request['schemaArn']} is named {schema.dataset!r}: a dataset of type "
            f"{birth.body['datasetType']} needs a schema whose name is {wanted!r}."
        )


def path(birth: Birth) -> str:
    """The ARN ends in group and type, not in the dataset's own name."""
    return f"{name_of(birth.request['datasetGroupArn'])}/{birth.body['datasetType']}"


def nothing_needs_it(dataset: Resource, connection: Connection) -> None:
    """The table of what keeps a dataset: filters, the event tracker, running jobs, campaigns."""
    group = dataset.body["datasetGroupArn"]
    keepers = rows.referring(connection, group, ["Filter", "Campaign"])
    if dataset.body["datasetType"] == "INTERACTIONS":
        keepers += rows.referring(connection, group, ["EventTracker"])
    running = rows.referring(connection, group, ["DatasetImportJob", "SolutionVersion"])
    keepers += [each for each in running if each.status in CHANGING]
    if keepers:
        names = ", ".join(f"{each.arn} ({each.status})" for each in keepers[:5])
        raise ResourceInUseException(f"{dataset.arn} cannot be deleted: it is used by {names}. Delete these first.")


def forget_rows(task: Task) -> Outcome:
    """Its parts go with its row; streamed events are rows of the Interactions dataset, too."""

    def outcome(connection: Connection) -> Body:
        if task.resource.body["datasetType"] == "INTERACTIONS":
            group = rows.find(connection, task.resource.body["datasetGroupArn"])
            if group is not None:
                events.forget_group(connection, group.seq)
        touch(connection)
        return {}

    return outcome


DATASET = Kind(
    "Dataset",
    "dataset",
    PROVISIONED,
    parents={"datasetGroupArn": DATASET_GROUP, "schemaArn": SCHEMA},
    listed_by="datasetGroupArn",
    rules=(has_a_type, schema_fits),
    suffix=path,
    delete=Work(forget_rows),
    may_delete=(nothing_needs_it,),
    on_servers=True,
)
