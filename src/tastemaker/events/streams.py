"""The five Put operations: checked against the schema, on disk before the answer, seen by the next request."""

import queue
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any

from tastemaker.arn import Scope, kind_of
from tastemaker.data.schemas import Schema
from tastemaker.errors import (
    InvalidInputException,
    ResourceInUseException,
    ResourceNotFoundException,
    ServiceUnavailable,
)
from tastemaker.events.event import Stream, action_interaction, event
from tastemaker.events.record import record
from tastemaker.resources.groups import dataset_of, schema_of
from tastemaker.resources.recommendations import mark_of
from tastemaker.resources.statuses import COMING
from tastemaker.storage import rows
from tastemaker.storage.copies import Copies
from tastemaker.storage.events import RECALLED, EventLog, Rows, StreamedEvent
from tastemaker.storage.live import Live
from tastemaker.storage.shown import ShownLists
from tastemaker.storage.store import Store

IMPRESSIONS_MAX = 25  # of one event, as the documentation has it for those that are given
# operation -> the type of its dataset, the member of the request, the member that names a record.
RECORDS = {
    "PutItems": ("ITEMS", "items", "itemId"),
    "PutUsers": ("USERS", "users", "userId"),
    "PutActions": ("ACTIONS", "actions", "actionId"),
}


@dataclass(frozen=True)
class Target:
    """A dataset that records are written into."""

    seq: int
    dataset_type: str
    schema: Schema


class Streams:
    """The Put operations of one server process."""

    def __init__(self, store: Store, live: Live, event_log: EventLog, shown: ShownLists) -> None:
        self._store, self._live, self._log, self._shown = store, live, event_log, shown
        self._trackers = Copies(self._stream_of_tracker)
        self._action_trackers = Copies(self._stream_of_actions)
        self._datasets = Copies(self._target)

    def put_events(self, request: Mapping[str, Any], _: Scope) -> "Future[None]":
        """Done when the events are on disk; all of a call, or none of it.

        Raises InvalidInputException for an unknown tracking id and for events that the schema does not allow.
        """
        self._live.refresh()
        stream = self._trackers.get(request["trackingId"], self._live.generation)
        listed = request["eventList"]
        return self._append(
            [
                self._with_list(event(stream, request, each, f"eventList.{place}.member"))
                for place, each in enumerate(listed, 1)
            ]
        )

    def put_action_interactions(self, request: Mapping[str, Any], _: Scope) -> "Future[None]":
        """The same for actions; the tracking id is that of the Action_Interactions dataset."""
        self._live.refresh()
        stream = self._action_trackers.get(request["trackingId"], self._live.generation)
        listed = request["actionInteractions"]
        return self._append(
            [
                self._with_list(action_interaction(stream, each, f"actionInteractions.{place}.member"))
                for place, each in enumerate(listed, 1)
            ]
        )

    def put_items(self, request: Mapping[str, Any], _: Scope) -> "Future[None]":
        """Each record replaces the one with its id as a whole; done when they are on disk.

        Raises InvalidInputException for records that the schema does not allow, ResourceNotFoundException for an
        unknown dataset, ResourceInUseException while it is not ACTIVE.
        """
        return self._put_records("PutItems", request)

    def put_users(self, request: Mapping[str, Any], _: Scope) -> "Future[None]":
        """The same for users."""
        return self._put_records("PutUsers", request)

    def put_actions(self, request: Mapping[str, Any], _: Scope) -> "Future[None]":
        """The same for actions."""
        return self._put_records("PutActions", request)

    def _with_list(self, new: StreamedEvent) -> StreamedEvent:
        """The event with what its user had seen: "explicit impressions" as they are, else the list of the reply."""
        details = new.details or {}
        mark = mark_of(details.get("recommendationId", ""))
        if mark is None or details.get("impression"):
            return new
        listed = self._shown.recall(mark)
        return replace(new, details={**details, RECALLED: listed[:IMPRESSIONS_MAX]}) if listed else new

    def _put_records(self, operation: str, request: Mapping[str, Any]) -> "Future[None]":
        dataset_type, member, id_member = RECORDS[operation]
        self._live.refresh()
        target = self._datasets.get(request["datasetArn"], self._live.generation)
        if target.dataset_type != dataset_type:
            raise InvalidInputException(
                f"datasetArn {request['datasetArn']} is a dataset of type {target.dataset_type}: {operation} writes "
                f"into datasets of type {dataset_type}."
            )
        now_s = self._store.now_s()
        return self._append(
            [
                record(target.seq, target.schema, each[id_member], each.get("properties", {}), now_s, where)
                for place, each in enumerate(request[member], 1)
                for where in (f"{member}.{place}.member",)
            ]
        )

    def _append(self, new: Rows) -> "Future[None]":
        try:
            return self._log.append(new)
        except queue.Full:
            raise ServiceUnavailable("The server is busy writing events. Try again in a moment.") from None

    def _stream_of_tracker(self, tracking_id: str) -> Stream:
        with self._store.database.read() as connection:
            found = rows.by_tracking_id(connection, "EventTracker", tracking_id)
            # Code puts its first event in the line after CreateEventTracker, which told it the id.
            if found is None or found.status not in {*COMING, "ACTIVE"}:
                why = f"its event tracker is {found.status}, not ACTIVE" if found else "no event tracker has it"
                raise InvalidInputException(
                    f"trackingId is {tracking_id!r}: {why}. DescribeEventTracker shows the id of an event tracker."
                )
            dataset = dataset_of(connection, found.body["datasetGroupArn"], "INTERACTIONS")
            if dataset is None:
                raise InvalidInputException(
                    f"trackingId is {tracking_id!r}: its dataset group has no ACTIVE Interactions dataset to hold "
                    "events. Create one first."
                )
            return Stream(dataset.seq, schema_of(connection, dataset))

    def _stream_of_actions(self, tracking_id: str) -> Stream:
        with self._store.database.read() as connection:
            found = rows.by_tracking_id(connection, "Dataset", tracking_id)
            if found is None:
                raise ResourceNotFoundException(
                    f"trackingId is {tracking_id!r}: no Action_Interactions dataset has it. DescribeDataset shows the "
                    "id of one."
                )
            _require_writable(found.arn, found.status)
            return Stream(found.seq, schema_of(connection, found))

    def _target(self, arn: str) -> Target:
        if kind_of(arn) != "dataset":
            raise InvalidInputException(
                f"datasetArn is {arn!r}: give one like arn:aws:personalize:<region>:<account>:dataset/<group>/ITEMS."
            )
        with self._store.database.read() as connection:
            found = rows.find(connection, arn)
            if found is None:
                raise ResourceNotFoundException(f"There is no dataset {arn}. ListDatasets shows those that exist.")
            _require_writable(arn, found.status)
            return Target(found.seq, found.body["datasetType"], schema_of(connection, found))


def _require_writable(arn: str, status: str | None) -> None:
    if status != "ACTIVE":
        raise ResourceInUseException(f"{arn} is {status}. Wait until it is ACTIVE, then try again.")
