"""What a dataset group holds: its datasets by type, and their schemas."""

from sqlalchemy import Connection

from tastemaker.data.schemas import Schema, parse_schema
from tastemaker.resources.statuses import READABLE
from tastemaker.storage import rows
from tastemaker.storage.rows import Resource

# As the API writes them in ARNs -> as schemas and filter expressions do.
DATASET_NAMES = {
    "INTERACTIONS": "Interactions",
    "ITEMS": "Items",
    "USERS": "Users",
    "ACTIONS": "Actions",
    "ACTION_INTERACTIONS": "Action_Interactions",
}


def dataset_of(connection: Connection, group: str, dataset_type: str) -> Resource | None:
    """The group's dataset of that type (upper case), if it can be read."""
    return datasets_of(connection, group).get(dataset_type)


def datasets_of(connection: Connection, group: str) -> dict[str, Resource]:
    """The group's datasets that can be read, by type (upper case)."""
    found = rows.referring(connection, group, ["Dataset"])
    return {each.body["datasetType"]: each for each in found if each.status in READABLE}


def domain_of(connection: Connection, group: str) -> str | None:
    """The domain of a dataset group; None if it is a custom one."""
    found = rows.find(connection, group)
    return found.body.get("domain") if found else None


def schema_of(connection: Connection, dataset: Resource) -> Schema:
    """The schema of a dataset."""
    found = rows.find(connection, dataset.body["schemaArn"])
    assert found is not None, "a schema cannot be deleted while a dataset uses it"
    return parse_schema(found.body["schema"], found.body.get("domain"))


def schemas_of(connection: Connection, group: str) -> dict[str, Schema]:
    """The schemas of the group's datasets that can be read, by their name in filter expressions."""
    return {DATASET_NAMES[name]: schema for name, schema in schemas_by_type(connection, group).items()}


def schemas_by_type(connection: Connection, group: str) -> dict[str, Schema]:
    """The same by the type of the dataset (upper case)."""
    return {name: schema_of(connection, dataset) for name, dataset in datasets_of(connection, group).items()}
