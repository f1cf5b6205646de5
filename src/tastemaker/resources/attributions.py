"""The metric attribution of a dataset group: what it measures, and the numbers for events that came in."""

from collections.abc import Iterable, Mapping

import polars as pl
from sqlalchemy import Connection

from tastemaker.metrics.attribution import Measure, attributed, measure
from tastemaker.resources.contents import contents_of
from tastemaker.resources.groups import dataset_of
from tastemaker.resources.recommendations import recommended_by
from tastemaker.storage import events, rows
from tastemaker.storage.rows import Resource
from tastemaker.storage.store import Store


def attribution_of(connection: Connection, group: str) -> Resource | None:
    """The group's ACTIVE metric attribution."""
    found = rows.referring(connection, group, ["MetricAttribution"])
    return next((each for each in found if each.status == "ACTIVE"), None)


def measures_of(attribution: Resource) -> list[Measure]:
    """Its metrics."""
    return [measure(each["metricName"], each["eventType"], each["expression"]) for each in attribution.body["metrics"]]


def of_rows(store: Store, attribution: Resource, frame: pl.DataFrame) -> pl.DataFrame:
    """The numbers of interactions under the columns of their schema, as in a report."""
    group = attribution.body["datasetGroupArn"]
    ids = "RECOMMENDATION_ID"
    given: Iterable[str] = frame[ids].drop_nulls().unique() if ids in frame.columns else []
    with store.database.read() as connection:
        sources = sources_of(connection, given)
        items = dataset_of(connection, group, "ITEMS")
        contents = contents_of(connection, items, every_version=False) if items else None
    return attributed(frame, contents.newest(store) if contents else None, measures_of(attribution), sources)


def of_streamed(store: Store, attribution: Resource) -> pl.DataFrame:
    """The numbers of all that was streamed since the attribution was created, sessions without a user included."""
    with store.database.read() as connection:
        dataset = dataset_of(connection, attribution.body["datasetGroupArn"], "INTERACTIONS")
        found = events.since(connection, dataset.seq, attribution.body["since_seq"]) if dataset else []
    summed = {each.column for each in measures_of(attribution) if each.dataset == "Interactions" and each.column}
    details = [event["details"] or {} for event in found]
    columns: dict[str, list[object]] = {
        "EVENT_TYPE": [event["event_type"] for event in found],
        "TIMESTAMP": [event["time_s"] for event in found],
        "ITEM_ID": [event["item_id"] for event in found],
        "EVENT_VALUE": [event["event_value"] for event in found],
        "RECOMMENDATION_ID": [each.get("recommendationId") for each in details],
        "EVENT_ATTRIBUTION_SOURCE": [
            each.get("metricAttribution", {}).get("eventAttributionSource") for each in details
        ],
        **{name: [each.get(name) for each in details] for name in summed - {"EVENT_VALUE", "TIMESTAMP"}},
    }
    texts = dict.fromkeys(columns, pl.String) | dict.fromkeys(summed, pl.Float64)
    return of_rows(
        store, attribution, pl.DataFrame(columns, schema=texts | {"TIMESTAMP": pl.Int64, "EVENT_VALUE": pl.Float64})
    )


def sources_of(connection: Connection, given: Iterable[str]) -> Mapping[str, str]:
    """Recommendation id -> ARN of the campaign or recommender that made the list, for those that are ours."""
    found = {}
    for each in given:
        seq = recommended_by(each)
        arn = rows.arn_of(connection, seq) if seq is not None else None
        if arn is not None:
            found[each] = arn
    return found
