"""PutEvents: checked against the dataset's schema, on disk before the answer, seen by the next request."""

import queue
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from tastemaker.arn import Scope
from tastemaker.data.schemas import Column, Schema, key_of
from tastemaker.errors import InvalidInputException, ServiceUnavailable
from tastemaker.resources.groups import dataset_of, schema_of
from tastemaker.storage import rows
from tastemaker.storage.copies import Copies
from tastemaker.storage.events import EventLog, StreamedEvent
from tastemaker.storage.live import Live
from tastemaker.storage.store import Store

# Members of an event that its properties may not repeat; itemId and eventValue may stand there instead.
OWN_MEMBERS = frozenset({"userid", "sessionid", "eventtype", "timestamp", "recommendationid", "impression"})
RESERVED = frozenset({"USERID", "ITEMID", "TIMESTAMP", "EVENTTYPE", "EVENTVALUE", "IMPRESSION", "RECOMMENDATIONID"})
ID_MAX = 256
FLOAT_MAX = 3.4e38  # EVENT_VALUE is a float of 32 bits


@dataclass(frozen=True)
class Tracker:
    """Where events of a tracking id belong. `required`: columns that every event must have a value for."""

    group_seq: int
    schema: Schema
    required: tuple[Column, ...]


class Events:
    """PutEvents of one server process."""

    def __init__(self, store: Store, live: Live, event_log: EventLog) -> None:
        self._store, self._live, self._log = store, live, event_log
        self._trackers = Copies(self._load)

    def put_events(self, request: Mapping[str, Any], _: Scope) -> "Future[None]":
        """Done when the events are on disk; all of a call, or none of it.

        Raises InvalidInputException for an unknown tracking id and for events that the schema does not allow.
        """
        self._live.refresh()
        tracker = self._trackers.get(request["trackingId"], self._live.generation)
        new = [
            _event(tracker, request, event, f"eventList.{place}.member")
            for place, event in enumerate(request["eventList"], 1)
        ]
        try:
            return self._log.append(new)
        except queue.Full:
            raise ServiceUnavailable("The server is busy writing events. Try again in a moment.") from None

    def _load(self, tracking_id: str) -> Tracker:
        with self._store.database.read() as connection:
            found = rows.tracker(connection, tracking_id)
            if found is None or found.status != "ACTIVE":
                why = f"its event tracker is {found.status}, not ACTIVE" if found else "no event tracker has it"
                raise InvalidInputException(
                    f"trackingId is {tracking_id!r}: {why}. DescribeEventTracker shows the id of an event tracker."
                )
            group = rows.find(connection, found.body["datasetGroupArn"])
            dataset = dataset_of(connection, found.body["datasetGroupArn"], "INTERACTIONS")
            if group is None or dataset is None:
                raise InvalidInputException(
                    f"trackingId is {tracking_id!r}: its dataset group has no ACTIVE Interactions dataset to hold "
                    "events. Create one first."
                )
            schema = schema_of(connection, dataset)
        required = tuple(
            column for column in schema.columns if not column.nullable and key_of(column.name).upper() not in RESERVED
        )
        return Tracker(group.seq, schema, required)


def _event(tracker: Tracker, request: Mapping[str, Any], event: Mapping[str, Any], where: str) -> StreamedEvent:
    given = {key_of(name): value for name, value in event.get("properties", {}).items()}
    repeated = OWN_MEMBERS & given.keys()
    if repeated:
        raise InvalidInputException(
            f"{where}.properties has {', '.join(sorted(repeated))}: these are members of the event, not properties."
        )
    item_id = event.get("itemId", given.pop("itemid", None))
    item_id = str(item_id) if isinstance(item_id, int | str) and not isinstance(item_id, bool) else None
    if not item_id or len(item_id) > ID_MAX:
        raise InvalidInputException(f"{where}.itemId is missing: give an id of 1 to {ID_MAX} characters.")
    value = _number(event.get("eventValue", given.pop("eventvalue", None)), f"{where}.eventValue")
    column = tracker.schema.column("EVENT_VALUE")
    if value is None and column is not None and not column.nullable:
        raise InvalidInputException(f"{where}.eventValue is missing: the schema of the dataset demands a value.")
    details = _details(tracker, given, where)
    details |= {name: event[name] for name in ("recommendationId", "impression", "metricAttribution") if name in event}
    time_s = int(event["sentAt"])
    return StreamedEvent(
        tracker.group_seq,
        request.get("userId"),
        request["sessionId"],
        item_id,
        event["eventType"],
        value,
        time_s,
        event.get("eventId"),
        details or None,
    )


def _details(tracker: Tracker, given: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Values of the schema's other columns. What the schema lacks is passed over: applications send more."""
    details: dict[str, Any] = {}
    for name, value in given.items():
        column = tracker.schema.column(name)
        if column is None or value is None:
            continue
        path = f"{where}.properties.{name}"
        if column.is_numeric:
            details[column.name] = _number(value, path)
        elif isinstance(value, dict | list):
            raise InvalidInputException(f"{path} is a list or an object: give one value, several separated by |.")
        else:
            details[column.name] = value if isinstance(value, str) else str(value).lower()
    missing = [column.name for column in tracker.required if column.name not in details]
    if missing:
        raise InvalidInputException(
            f"{where}.properties lacks {', '.join(missing)}: the schema of the Interactions dataset demands a value."
        )
    return details


def _number(value: Any, path: str) -> float | None:
    """Numbers may travel as strings, as the documentation shows them."""
    if value is None:
        return None
    try:
        number = float("nan") if isinstance(value, bool | dict | list) else float(value)
    except ValueError:
        number = float("nan")
    if not abs(number) < FLOAT_MAX:
        raise InvalidInputException(f"{path} is {str(value)[:60]!r}: give a number.")
    return number
