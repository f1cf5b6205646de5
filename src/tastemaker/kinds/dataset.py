"""Datasets: one of each type in a group; their rows are parts on disk and, for Interactions, the event log."""

from typing import Any

from sqlalchemy import Connection

from tastemaker.arn import Scope, name_of
from tastemaker.data.schemas import SchemaError, check_replacement, parse_schema
from tastemaker.errors import InvalidInputException, ResourceInUseException
from tastemaker.kinds.dataset_group import DATASET_GROUP
from tastemaker.kinds.schema import SCHEMA
from tastemaker.resources.attributions import measures_of
from tastemaker.resources.engine import begin_update, existing, require_active
from tastemaker.resources.groups import DATASET_NAMES, schema_of
from tastemaker.resources.kind import Birth, Body, Kind, Outcome, Task, Work
from tastemaker.resources.statuses import CHANGING, EVOLVING
from tastemaker.storage import events, rows
from tastemaker.storage.database import touch
from tastemaker.storage.rows import Resource
from tastemaker.storage.store import Store

RUNNING = ("BatchInferenceJob", "BatchSegmentJob", "DatasetImportJob", "Recommender", "SolutionVersion")


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
    """The schema's name says of which type of dataset it is; group and schema are of the same domain, or of none."""
    found = birth.parents["schemaArn"].body
    group_domain, domain = birth.parents["datasetGroupArn"].body.get("domain"), found.get("domain")
    if group_domain != domain:
        raise InvalidInputException(
            f"schemaArn {birth.request['schemaArn']} is of {_domain(domain)}, the dataset group is of "
            f"{_domain(group_domain)}. Create a schema with the domain of the group."
        )
    wanted = DATASET_NAMES[birth.body["datasetType"]].replace("_", "")
    name = parse_schema(found["schema"], domain).dataset
    if name != wanted:
        raise InvalidInputException(
            f"schemaArn {birth.request['schemaArn']} is named {name!r}: a dataset of type "
            f"{birth.body['datasetType']} needs a schema whose name is {wanted!r}."
        )


def is_of_a_type_of_its_group(birth: Birth) -> None:
    """Actions belong to custom groups; a dataset of action interactions is its own tracker."""
    if not birth.body["datasetType"].startswith("ACTION"):
        return
    if birth.parents["datasetGroupArn"].body.get("domain"):
        raise InvalidInputException(
            f"datasetType {birth.body['datasetType']}: domain dataset groups have no actions. Use a custom group."
        )
    if birth.body["datasetType"] == "ACTION_INTERACTIONS":
        birth.body["trackingId"] = birth.store.new_uuid()


def path(birth: Birth) -> str:
    """The ARN ends in group and type, not in the dataset's own name."""
    return f"{name_of(birth.request['datasetGroupArn'])}/{birth.body['datasetType']}"


def nothing_needs_it(dataset: Resource, connection: Connection) -> None:
    """The table of what keeps a dataset: filters, the event tracker, running jobs, campaigns."""
    group = dataset.body["datasetGroupArn"]
    keepers = rows.referring(connection, group, ["Filter", "Campaign"])
    if dataset.body["datasetType"] == "INTERACTIONS":
        keepers += rows.referring(connection, group, ["EventTracker", "MetricAttribution"])
    if dataset.body["datasetType"] == "ITEMS":
        attributions = rows.referring(connection, group, ["MetricAttribution"])
        keepers += [found for found in attributions if any(each.dataset == "Items" for each in measures_of(found))]
    running = rows.referring(connection, group, RUNNING)
    keepers += [each for each in running if each.status in CHANGING]
    if keepers:
        names = ", ".join(f"{each.arn} ({each.status})" for each in keepers[:5])
        raise ResourceInUseException(f"{dataset.arn} cannot be deleted: it is used by {names}. Delete these first.")


def forget_rows(task: Task) -> Outcome:
    """Its parts go with its row; what was streamed into it goes here."""

    def outcome(connection: Connection) -> Body:
        events.forget_dataset(connection, task.resource.seq)
        touch(connection)
        return {}

    return outcome


def change_schema(task: Task) -> Outcome:
    """The rows that are there have null in new columns, without being touched."""
    change = task.resource.change
    assert change is not None, "an update has members"

    def outcome(connection: Connection) -> Body:
        rows.relink(connection, task.resource.arn, [task.resource.body["datasetGroupArn"], change["schemaArn"]])
        touch(connection)
        return {"schemaArn": change["schemaArn"]}

    return outcome


def latest_update(dataset: Resource, _: Connection) -> Body:
    """The latest change of the schema, after the first one."""
    return {"latestDatasetUpdate": dict(dataset.change)} if dataset.change else {}


DATASET = Kind(
    "Dataset",
    "dataset",
    EVOLVING,
    parents={"datasetGroupArn": DATASET_GROUP, "schemaArn": SCHEMA},
    listed_by="datasetGroupArn",
    rules=(has_a_type, schema_fits, is_of_a_type_of_its_group),
    suffix=path,
    delete=Work(forget_rows),
    update=Work(change_schema),
    may_delete=(nothing_needs_it,),
    described=latest_update,
    on_servers=True,
)


def update_dataset(store: Store, request: dict[str, Any], _: Scope) -> dict[str, Any]:
    """Replace the schema of Items or Users by one that has new columns besides."""
    with store.database.write() as connection:
        found = existing(connection, DATASET, request["datasetArn"])
        schema = existing(connection, SCHEMA, request["schemaArn"])
        if found.body["datasetType"] not in ("ITEMS", "USERS"):
            raise InvalidInputException(
                f"{found.arn} is of type {found.body['datasetType']}: only the schemas of Items and Users can be "
                "replaced. Create a new dataset group for a new schema."
            )
        old = existing(connection, SCHEMA, found.body["schemaArn"])
        if old.body.get("domain") != schema.body.get("domain"):
            raise InvalidInputException(
                f"schemaArn {schema.arn} is of {_domain(schema.body.get('domain'))}, the dataset's schema is of "
                f"{_domain(old.body.get('domain'))}. Create one with the same domain."
            )
        try:
            new = parse_schema(schema.body["schema"], schema.body.get("domain"))
            check_replacement(schema_of(connection, found), new)
        except SchemaError as error:
            raise InvalidInputException(str(error)) from None
        require_active(found, "datasetArn")
        begin_update(store, connection, DATASET, found, {"schemaArn": schema.arn})
        rows.relink(connection, found.arn, [found.body["datasetGroupArn"], old.arn, schema.arn])
        touch(connection)
    return {"datasetArn": found.arn}


def _domain(domain: str | None) -> str:
    return f"the domain {domain}" if domain else "no domain"
