"""Event trackers: the one way by which streamed events reach a dataset group."""

from tastemaker.errors import ResourceAlreadyExistsException
from tastemaker.kinds.dataset_group import DATASET_GROUP
from tastemaker.resources.kind import Birth, Kind
from tastemaker.resources.quotas import only_one
from tastemaker.resources.statuses import PROVISIONED
from tastemaker.storage import rows


def name_is_free(birth: Birth) -> None:
    """The ARN has an id instead of the name, so the name is compared here."""
    for other in rows.listed(birth.connection, "EventTracker", birth.scope.region):
        if other.name == birth.request["name"]:
            raise ResourceAlreadyExistsException(f"Another resource with Arn {other.arn} already exists.")


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
    rules=(name_is_free, only_one("EventTracker", "event tracker"), gets_a_tracking_id),
    created=("trackingId",),
    on_servers=True,
)
