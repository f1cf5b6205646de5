"""Event trackers: the one way by which streamed events reach a dataset group."""

from tastemaker.errors import LimitExceededException, ResourceAlreadyExistsException
from tastemaker.kinds.dataset_group import DATASET_GROUP
from tastemaker.resources.kind import Birth, Kind
from tastemaker.resources.statuses import PROVISIONED
from tastemaker.storage import rows


def name_is_free(birth: Birth) -> None:
    """The ARN has an id instead of the name, so the name is compared here."""
    for other in rows.listed(birth.connection, "EventTracker", birth.scope.region):
        if other.name == birth.request["name"]:
            raise ResourceAlreadyExistsException(f"Another resource with Arn {other.arn} already exists.")


def is_the_only_one(birth: Birth) -> None:
    """One tracker per dataset group."""
    others = rows.referring(birth.connection, birth.request["datasetGroupArn"], ["EventTracker"])
    if others:
        raise LimitExceededException(
            f"{birth.request['datasetGroupArn']} has the event tracker {others[0].arn} already, and can have one. Use "
            "its trackingId, or delete it first."
        )


def gets_a_tracking_id(birth: Birth) -> None:
    """PutEvents names the tracker by it."""
    birth.body["trackingId"] = birth.store.new_uuid()
    birth.body["accountId"] = birth.scope.account


EVENT_TRACKER = Kind(
    "EventTracker",
    "event-tracker",
    PROVISIONED,
    suffix=lambda birth: birth.store.new_hex(),
    parents={"datasetGroupArn": DATASET_GROUP},
    listed_by="datasetGroupArn",
    rules=(name_is_free, is_the_only_one, gets_a_tracking_id),
    created=("trackingId",),
    on_servers=True,
)
