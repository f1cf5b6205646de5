"""Events and single records: the five Put operations (6.1; datasets 8)."""

import json
from typing import Any

from conformance.case import ABSENT, BEHAVIOUR, BOUNDARY, Case, cases, refusal
from conformance.valid import WATCH
from conformance.world import World

CLOCK = 1_700_000_000


def event(**more: Any) -> dict[str, Any]:
    """A request with one event."""
    return {"eventList": [{name: value for name, value in (WATCH | more).items() if value is not ABSENT}]}


def written(**properties: Any) -> str:
    """Properties as they travel."""
    return json.dumps(properties)


def item(**properties: Any) -> dict[str, Any]:
    """A request with one item."""
    given = {"price": 1, "creationTimestamp": CLOCK} | properties
    kept = {name: value for name, value in given.items() if value is not ABSENT}
    return {"items": [{"itemId": "put", "properties": json.dumps(kept)}]}


def user(**properties: Any) -> dict[str, Any]:
    """A request with one user."""
    return {"users": [{"userId": "put", "properties": json.dumps(properties)}]}


def action(**properties: Any) -> dict[str, Any]:
    """A request with one action."""
    return {"actions": [{"actionId": "put", "properties": json.dumps(properties)}]}


def taken(**more: Any) -> dict[str, Any]:
    """A request with one action interaction."""
    given = {"actionId": "join", "userId": "put", "sessionId": "s", "timestamp": CLOCK, "eventType": "Taken"} | more
    return {"actionInteractions": [{name: value for name, value in given.items() if value is not ABSENT}]}


EVENTS, ITEM, USER, ACTION, TAKEN = "PutEvents", "PutItems", "PutUsers", "PutActions", "PutActionInteractions"
FORBIDDEN = ("userId", "sessionId", "eventType", "timestamp", "recommendationId", "impression")

REFUSED = [
    refusal(EVENTS, "6.1", "Unknown tracking id: InvalidInput, not ResourceNotFound", "InvalidInput", trackingId="t"),
    refusal(EVENTS, "6.1", "The id of an Action_Interactions dataset", "InvalidInput", trackingId="$actionTrackingId"),
    refusal(EVENTS, "6.1", "Missing item id", "InvalidInput", **event(itemId=ABSENT)),
    refusal(
        EVENTS,
        "6.1",
        "An empty item id in the properties",
        "InvalidInput",
        **event(itemId=ABSENT, properties=written(itemId="")),
    ),
    refusal(
        EVENTS,
        "6.1",
        "An item id of 257 characters in the properties",
        "InvalidInput",
        **event(itemId=ABSENT, properties=written(itemId="i" * 257)),
    ),
    refusal(EVENTS, "6.1", "Malformed properties", "InvalidInput", **event(properties="{")),
    refusal(EVENTS, "6.1", "Properties that are no object", "InvalidInput", **event(properties="[1]")),
    refusal(
        EVENTS,
        "6.1",
        "Wrong types: eventValue in the properties",
        "InvalidInput",
        **event(properties=written(eventValue="much")),
    ),
    refusal(EVENTS, "datasets 6", "A time in milliseconds", "InvalidInput", **event(sentAt=CLOCK * 1000)),
    refusal(
        EVENTS,
        "datasets 8.2",
        "An attribution source of blanks",
        "InvalidInput",
        **event(metricAttribution={"eventAttributionSource": "  "}),
    ),
    refusal(
        EVENTS,
        "datasets 8.1",
        "Lists are not accepted as values",
        "InvalidInput",
        **event(properties=written(device=["tv"])),
    ),
    *(
        refusal(
            EVENTS,
            "datasets 8.2",
            f"{name} is forbidden in the properties",
            "InvalidInput",
            **event(properties=written(**{name: "x"})),
        )
        for name in FORBIDDEN
    ),
    refusal(ITEM, "6.1", "Not an Items dataset", "InvalidInput", datasetArn="$dataset.Users"),
    refusal(USER, "6.1", "Not a Users dataset", "InvalidInput", datasetArn="$dataset.Items"),
    refusal(ACTION, "6.1", "Not an Actions dataset", "InvalidInput", datasetArn="$dataset.Items"),
    refusal(ITEM, "datasets 8.1", "Unknown key", "InvalidInput", **item(nope=1)),
    refusal(USER, "datasets 8.1", "Unknown key", "InvalidInput", **user(plan="gold", nope=1)),
    refusal(ACTION, "datasets 8.1", "Unknown key", "InvalidInput", **action(nope=1)),
    refusal(ITEM, "datasets 8.3", "Missing non-nullable columns", "InvalidInput", **item(price=ABSENT)),
    refusal(USER, "datasets 8.3", "Missing non-nullable columns", "InvalidInput", **user(age=3)),
    refusal(ITEM, "datasets 8.3", "null in a non-nullable column", "InvalidInput", **item(price=None)),
    refusal(ITEM, "datasets 8.1", "A number that is none", "InvalidInput", **item(price="cheap")),
    refusal(ITEM, "datasets 8.1", "A whole number with a fraction", "InvalidInput", **item(numRatings=1.5)),
    refusal(USER, "datasets 8.1", "A number that is none", "InvalidInput", **user(plan="gold", age="old")),
    refusal(ITEM, "datasets 8.1", "Lists are not accepted as values", "InvalidInput", **item(genres=["Drama"])),
    refusal(
        ITEM, "quotas 1", "A categorical value has 1000 characters at most", "InvalidInput", **item(genres="x" * 1001)
    ),
    refusal(ITEM, "datasets 2", "A boolean is true or false", "InvalidInput", **item(free="maybe")),
    refusal(ACTION, "quotas 1", "VALUE is 1 at least", "InvalidInput", **action(value=0)),
    refusal(ACTION, "quotas 1", "VALUE is 10 at most", "InvalidInput", **action(value=11)),
    refusal(ACTION, "quotas 1", "REPEAT_FREQUENCY is 30 days at most", "InvalidInput", **action(repeatFrequency=31)),
    refusal(TAKEN, "datasets 8.4", "Unknown tracking id (404)", "ResourceNotFound", trackingId="t"),
    refusal(TAKEN, "datasets 8.4", "The id of an event tracker (404)", "ResourceNotFound", trackingId="$trackingId"),
    refusal(
        TAKEN,
        "datasets 8.4",
        "The event type is Taken, Not Taken or Viewed",
        "InvalidInput",
        **taken(eventType="clicked"),
    ),
    refusal(TAKEN, "datasets 8.4", "A time in milliseconds", "InvalidInput", **taken(timestamp=CLOCK * 1000)),
]


@cases(REFUSED)
def test_what_cannot_be_is_refused(world: World, case: Case) -> None:
    world.refuses(case)


TEN = [{**WATCH, "sentAt": CLOCK + place} for place in range(10)]
ACCEPTED: list[tuple[str, str, str, dict[str, Any]]] = [
    (EVENTS, "6.1", "200 with an empty body", {}),
    (EVENTS, "datasets 8.2", "10 events may be sent at once", {"eventList": TEN}),
    (EVENTS, "datasets 8.2", "userId is optional", {"userId": ABSENT}),
    (EVENTS, "datasets 8.2", "itemId may be in the properties", event(itemId=ABSENT, properties=written(itemId="i3"))),
    (EVENTS, "datasets 8.2", "eventValue may be in the properties", event(properties=written(eventValue="2.5"))),
    (EVENTS, "datasets 8.2", "eventValue", event(eventValue=2.5)),
    (EVENTS, "datasets 8.2", "eventId", event(eventId="e1")),
    (EVENTS, "datasets 8.2", "Unknown keys of events are ignored", event(properties=written(nope=1))),
    (EVENTS, "datasets 8.2", "Events may name items that do not exist yet", event(itemId="unheard-of")),
    (EVENTS, "datasets 8.2", "Old events are accepted", event(sentAt=1)),
    (EVENTS, "datasets 8.2", "recommendationId may be unknown", event(recommendationId="RID-x")),
    (EVENTS, "datasets 8.2", "impression may have 25 ids", event(impression=[f"i{n}" for n in range(25)])),
    (EVENTS, "datasets 8.2", "eventAttributionSource", event(metricAttribution={"eventAttributionSource": "mail"})),
    (EVENTS, "1.2", "sentAt may have a fraction", event(sentAt=CLOCK + 0.5)),
    (EVENTS, "1.2", "sentAt may be a numeric string", event(sentAt=str(CLOCK))),
    (EVENTS, "1.2", "properties may be a JSON object", event(properties={"device": "tv"})),
    (EVENTS, "datasets 8.1", "A context column by its camel case name", event(properties=written(device="tv"))),
    (ITEM, "datasets 8.3", "200 with an empty body", {}),
    (ITEM, "datasets 8.1", "A number may be a string", item(price="4")),
    (ITEM, "datasets 8.1", "null in a nullable column", item(numRatings=None)),
    (ITEM, "datasets 8.1", "NUM_RATINGS as numRatings", item(numRatings=4)),
    (ITEM, "datasets 8.1", "NUM_RATINGS as NUM_RATINGS", item(NUM_RATINGS=4)),
    (ITEM, "datasets 8.1", "NUM_RATINGS as num_ratings", item(num_ratings=4)),
    (ITEM, "datasets 8.1", "Several categories", item(genres="Horror|Action")),
    (ITEM, "datasets 8.1", "A boolean", item(free=True)),
    (USER, "datasets 8.3", "200 with an empty body", {}),
    (USER, "datasets 8.1", "A number may be a string", user(plan="gold", age="40")),
    (ACTION, "datasets 8.3", "200 with an empty body", {}),
    (ACTION, "quotas 1", "VALUE may be 1", action(value=1)),
    (ACTION, "quotas 1", "VALUE may be 10", action(value=10)),
    (ACTION, "quotas 1", "REPEAT_FREQUENCY may be 30", action(repeatFrequency=30)),
    (TAKEN, "datasets 8.4", "200 with an empty body", {}),
    (TAKEN, "datasets 8.4", "Taken in any case", taken(eventType="TAKEN")),
    (TAKEN, "datasets 8.4", "Not Taken", taken(eventType="Not Taken")),
    (TAKEN, "datasets 8.4", "NOT_TAKEN", taken(eventType="NOT_TAKEN")),
    (TAKEN, "datasets 8.4", "Viewed", taken(eventType="Viewed")),
    (TAKEN, "datasets 8.4", "userId is optional", taken(userId=ABSENT)),
    (TAKEN, "datasets 8.4", "impression may have 25 action ids", taken(impression=["join"] * 25)),
]
BOUNDS = ("may have 25", "may be sent", "VALUE may", "FREQUENCY may")


@cases(
    [
        Case(name, section, says, BOUNDARY if any(word in says for word in BOUNDS) else BEHAVIOUR, changes)
        for name, section, says, changes in ACCEPTED
    ]
)
def test_what_is_allowed_is_accepted(world: World, case: Case) -> None:
    assert world.send(case.operation, world.request(case)) == (200, {})


@cases([refusal(EVENTS, "6.1", "All or nothing: one bad event refuses the call", "InvalidInput", userId="all-or-none")])
def test_a_call_is_taken_whole_or_not_at_all(world: World, case: Case) -> None:
    person = world.name("user")
    good, bad = {**WATCH, "itemId": "i6"}, {"eventType": "watch", "sentAt": CLOCK}
    changes = {"userId": person, "eventList": [good, bad]}
    world.refuses(Case(case.operation, "", "", changes=changes, error=case.error))
    found = world.call("GetRecommendations", userId=person, filterArn="$filter.watched", numResults=500)
    assert "i6" in [each["itemId"] for each in found["itemList"]]
