"""One streamed event, checked against the schema of the dataset that will hold it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tastemaker.data.schemas import Column, Schema, key_of
from tastemaker.errors import InvalidInputException
from tastemaker.storage.events import StreamedEvent

# Members of an event that its properties may not repeat; itemId and eventValue may stand there instead.
OWN_MEMBERS = frozenset({"userid", "sessionid", "eventtype", "timestamp", "recommendationid", "impression"})
# Columns whose values are members of an event, or are known without it.
RESERVED = frozenset(
    {"userid", "itemid", "actionid", "timestamp", "eventtype", "eventvalue", "impression", "recommendationid"}
)
LINKS = ("recommendationId", "impression", "metricAttribution")
ACTION_EVENTS = {"taken": "Taken", "nottaken": "Not Taken", "viewed": "Viewed"}
ID_MAX = 256
FLOAT_MAX = 3.4e38  # EVENT_VALUE is a float of 32 bits


@dataclass(frozen=True)
class Stream:
    """Where events of a tracking id belong."""

    dataset_seq: int
    schema: Schema

    @cached_property
    def required(self) -> tuple[Column, ...]:
        """Columns that every event must have a value for among its properties."""
        return tuple(
            column for column in self.schema.columns if not column.nullable and key_of(column.name) not in RESERVED
        )


def event(stream: Stream, request: Mapping[str, Any], given: Mapping[str, Any], where: str) -> StreamedEvent:
    """One event of PutEvents. Raises InvalidInputException saying what is wrong, and where."""
    properties = _properties(given, where)
    item_id = given.get("itemId", properties.pop("itemid", None))
    item_id = str(item_id) if isinstance(item_id, int | str) and not isinstance(item_id, bool) else None
    if not item_id or len(item_id) > ID_MAX:
        raise InvalidInputException(f"{where}.itemId is missing: give an id of 1 to {ID_MAX} characters.")
    value = _number(given.get("eventValue", properties.pop("eventvalue", None)), f"{where}.eventValue")
    column = stream.schema.column("EVENT_VALUE")
    if value is None and column is not None and not column.nullable:
        raise InvalidInputException(f"{where}.eventValue is missing: the schema of the dataset demands a value.")
    return StreamedEvent(
        stream.dataset_seq,
        request.get("userId"),
        request["sessionId"],
        item_id,
        given["eventType"],
        value,
        int(given["sentAt"]),
        given.get("eventId"),
        _details(stream, given, properties, where),
    )


def action_interaction(stream: Stream, given: Mapping[str, Any], where: str) -> StreamedEvent:
    """One event of PutActionInteractions: every one has a user and a session of its own, and one of three types."""
    properties = _properties(given, where)
    event_type = ACTION_EVENTS.get(given["eventType"].lower().replace("_", "").replace(" ", ""))
    if event_type is None:
        raise InvalidInputException(
            f"{where}.eventType is {given['eventType']!r}: give one of {', '.join(ACTION_EVENTS.values())}."
        )
    return StreamedEvent(
        stream.dataset_seq,
        given.get("userId"),
        given["sessionId"],
        given["actionId"],
        event_type,
        None,
        int(given["timestamp"]),
        given.get("eventId"),
        _details(stream, given, properties, where),
    )


def _properties(given: Mapping[str, Any], where: str) -> dict[str, Any]:
    properties = {key_of(name): value for name, value in given.get("properties", {}).items()}
    repeated = OWN_MEMBERS & properties.keys()
    if repeated:
        raise InvalidInputException(
            f"{where}.properties has {', '.join(sorted(repeated))}: these are members of the event, not properties."
        )
    return properties


def _details(
    stream: Stream, given: Mapping[str, Any], properties: Mapping[str, Any], where: str
) -> dict[str, Any] | None:
    """Values of the schema's other columns, and what links the event to a list that was shown.

    What the schema lacks is passed over: applications send more.
    """
    details: dict[str, Any] = {}
    for name, value in properties.items():
        column = stream.schema.column(name)
        if column is None or value is None:
            continue
        path = f"{where}.properties.{name}"
        if column.is_numeric:
            details[column.name] = _number(value, path)
        elif isinstance(value, dict | list):
            raise InvalidInputException(f"{path} is a list or an object: give one value, several separated by |.")
        else:
            details[column.name] = value if isinstance(value, str) else str(value).lower()
    missing = [column.name for column in stream.required if column.name not in details]
    if missing:
        raise InvalidInputException(
            f"{where}.properties lacks {', '.join(missing)}: the schema of the dataset demands a value."
        )
    return details | {name: given[name] for name in LINKS if name in given} or None


def _number(value: Any, path: str) -> float | None:
    """Numbers may travel as strings, as the documentation shows them."""
    if value is None:
        return None
    try:
        number = float("nan") if isinstance(value, bool | dict | list) else float(value)
    except (ValueError, OverflowError):  # JSON has whole numbers of any length
        number = float("nan")
    if not abs(number) < FLOAT_MAX:
        raise InvalidInputException(f"{path} is {str(value)[:60]!r}: give a number.")
    return number
