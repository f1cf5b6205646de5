"""Tags of resources: at most 50 each, returned by ListTagsForResource alone."""

from collections.abc import Mapping, Sequence
from typing import Any

from tastemaker.arn import SERVICE_OWNED, Scope
from tastemaker.errors import (
    InvalidInputException,
    ResourceNotFoundException,
    TooManyTagKeysException,
    TooManyTagsException,
)
from tastemaker.storage import rows
from tastemaker.storage.store import Store

TAGS_MAX = 50


def checked(given: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """The tags of a request as a mapping. Raises for reserved or repeated keys, and for too many."""
    wanted: dict[str, str] = {}
    for tag in given:
        key = tag["tagKey"]
        if key.lower().startswith("aws:"):
            raise InvalidInputException(f"tagKey {key!r}: keys that begin with aws: are reserved. Choose another.")
        if key in wanted:
            raise InvalidInputException(f"tagKey {key!r} is given twice. Keys of one resource must differ.")
        wanted[key] = tag["tagValue"]
    _count(wanted)
    return wanted


def operations(taggable: Mapping[str, bool]) -> dict[str, Any]:
    """The three operations on tags. taggable: by name of kind."""

    def resource_of(connection: Any, arn: str) -> None:
        if arn.startswith(SERVICE_OWNED):
            raise InvalidInputException(f"{arn} belongs to the service: resources of this kind have no tags.")
        found = rows.find(connection, arn)
        if found is None:
            raise ResourceNotFoundException(f"There is no resource {arn}.")
        if not taggable.get(found.kind, False):
            raise InvalidInputException(f"{arn} is a {found.kind}: resources of this kind have no tags.")

    def list_tags(store: Store, request: dict[str, Any], _: Scope) -> dict[str, Any]:
        with store.database.read() as connection:
            resource_of(connection, request["resourceArn"])
            found = rows.tags_of(connection, request["resourceArn"])
        return {"tags": [{"tagKey": key, "tagValue": value} for key, value in found.items()]}

    def tag(store: Store, request: dict[str, Any], _: Scope) -> dict[str, Any]:
        new = checked(request["tags"])
        with store.database.write() as connection:
            resource_of(connection, request["resourceArn"])
            wanted = rows.tags_of(connection, request["resourceArn"]) | new
            _count(wanted)
            rows.set_tags(connection, request["resourceArn"], wanted)
        return {}

    def untag(store: Store, request: dict[str, Any], _: Scope) -> dict[str, Any]:
        if len(request["tagKeys"]) > TAGS_MAX:
            raise TooManyTagKeysException(f"{len(request['tagKeys'])} tagKeys: a resource has {TAGS_MAX} at most.")
        with store.database.write() as connection:
            resource_of(connection, request["resourceArn"])
            found = rows.tags_of(connection, request["resourceArn"])
            left = {key: value for key, value in found.items() if key not in request["tagKeys"]}
            rows.set_tags(connection, request["resourceArn"], left)
        return {}

    return {"ListTagsForResource": list_tags, "TagResource": tag, "UntagResource": untag}


def _count(wanted: Mapping[str, str]) -> None:
    if len(wanted) > TAGS_MAX:
        raise TooManyTagsException(
            f"{len(wanted)} tags: a resource can have {TAGS_MAX}. Remove some with UntagResource."
        )
