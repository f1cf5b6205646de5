"""Metric attributions: what is counted of the events that recommendations lead to, one per dataset group."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from tastemaker.arn import Scope
from tastemaker.data.schemas import Schema
from tastemaker.errors import InvalidInputException, ResourceAlreadyExistsException
from tastemaker.kinds.dataset_group import DATASET_GROUP
from tastemaker.metrics.attribution import measure
from tastemaker.resources import pages
from tastemaker.resources.engine import existing, require_active
from tastemaker.resources.groups import schemas_of
from tastemaker.resources.kind import Birth, Body, Kind
from tastemaker.resources.quotas import only_one
from tastemaker.resources.statuses import PROVISIONED
from tastemaker.storage import events, rows
from tastemaker.storage.objects import check_location
from tastemaker.storage.store import Store

METRICS_MAX = 10


def can_be_counted(birth: Birth) -> None:
    """The metrics are about columns that there are; counting begins now."""
    check_metrics(birth.connection, birth.request["datasetGroupArn"], birth.request["metrics"])
    check_output(birth.store, birth.request["metricsOutputConfig"])
    birth.body["since_seq"] = events.newest_seq(birth.connection)


def check_metrics(connection: Connection, group: str, metrics: Sequence[Body]) -> None:
    """Raise InvalidInputException for metrics that could not be computed."""
    schemas = schemas_of(connection, group)
    if "Interactions" not in schemas or schemas["Interactions"].column("EVENT_TYPE") is None:
        raise InvalidInputException(
            f"{group} has no ACTIVE Interactions dataset with a column EVENT_TYPE, which metrics are about."
        )
    names = [each["metricName"].upper() for each in metrics]
    if not 1 <= len(names) <= METRICS_MAX:
        raise InvalidInputException(f"{len(names)} metrics: an attribution has 1 to {METRICS_MAX}.")
    if len(set(names)) < len(names):
        raise InvalidInputException("metrics: every metricName must differ from the others.")
    for each in metrics:
        _check_expression(each, schemas)


def _check_expression(metric: Body, schemas: dict[str, Schema]) -> None:
    try:
        found = measure(metric["metricName"], metric["eventType"], metric["expression"])
    except ValueError as error:
        raise InvalidInputException(str(error)) from None
    if found.dataset is None or found.column is None:
        return
    schema = schemas.get(found.dataset)
    column = schema.column(found.column) if schema else None
    if column is None or not column.is_numeric:
        raise InvalidInputException(
            f"The expression of {found.name} is {metric['expression']!r}: name a numeric column of the {found.dataset} "
            "dataset."
        )
    if column.name != found.column:
        metric["expression"] = f"SUM({found.dataset}.{column.name})"


def check_output(store: Store, config: Body) -> None:
    """Reports can be written where they shall go."""
    path = config.get("s3DataDestination", {}).get("path")
    if path is not None:
        check_location(path, store.access(config["roleArn"]), "metricsOutputConfig.s3DataDestination.path")


METRIC_ATTRIBUTION = Kind(
    "MetricAttribution",
    "metric-attribution",
    PROVISIONED,
    parents={"datasetGroupArn": DATASET_GROUP},
    listed_by="datasetGroupArn",
    rules=(only_one("MetricAttribution", "metric attribution"), can_be_counted),
    taggable=False,
)


def update_metric_attribution(store: Store, request: dict[str, Any], _: Scope) -> dict[str, Any]:
    """Add and remove metrics, and change where reports go; it holds from the next event on."""
    if "metricAttributionArn" not in request:
        raise InvalidInputException("metricAttributionArn is missing: name the metric attribution to update.")
    with store.database.write() as connection:
        found = existing(connection, METRIC_ATTRIBUTION, request["metricAttributionArn"])
        require_active(found, "metricAttributionArn")
        removed = {name.upper() for name in request.get("removeMetrics", [])}
        known = {each["metricName"].upper() for each in found.body["metrics"]}
        if removed - known:
            raise InvalidInputException(f"removeMetrics: there is no metric {', '.join(sorted(removed - known))}.")
        kept = [each for each in found.body["metrics"] if each["metricName"].upper() not in removed]
        for each in request.get("addMetrics", []):
            if each["metricName"].upper() in known - removed:
                raise ResourceAlreadyExistsException(f"addMetrics: there is a metric {each['metricName']} already.")
        metrics = [*kept, *request.get("addMetrics", [])]
        check_metrics(connection, found.body["datasetGroupArn"], metrics)
        config = request.get("metricsOutputConfig", found.body["metricsOutputConfig"])
        check_output(store, config)
        body = {**found.body, "metrics": metrics, "metricsOutputConfig": config}
        rows.change(connection, found.arn, store.now_s(), body=body)
    return {"metricAttributionArn": found.arn}


def list_metric_attribution_metrics(store: Store, request: dict[str, Any], _: Scope) -> dict[str, Any]:
    """The metrics of one attribution; there are never more than a page."""
    operation = "ListMetricAttributionMetrics"
    after, most = pages.page(request, operation)
    if "metricAttributionArn" not in request:
        raise InvalidInputException("metricAttributionArn is missing: name the metric attribution.")
    with store.database.read() as connection:
        found = rows.find(connection, request["metricAttributionArn"])
    metrics = found.body["metrics"] if found is not None and found.kind == METRIC_ATTRIBUTION.name else []
    reply: dict[str, Any] = {"metrics": metrics[after : after + most]}
    if len(metrics) > after + most:
        reply["nextToken"] = pages.token(request, operation, after + most)
    return reply
