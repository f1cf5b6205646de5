"""Metric attributions: their metrics, and updates (5; batch 6)."""

from typing import Any

import pytest

from conformance.case import ABSENT, BOUNDARY, Case, case, cases, refusal
from conformance.world import World


def metric(name: str = "m", **more: Any) -> dict[str, Any]:
    """One metric."""
    return {"eventType": "watch", "metricName": name, "expression": "SAMPLECOUNT()"} | more


def summed(expression: str) -> list[dict[str, Any]]:
    """One metric with that expression."""
    return [metric(expression=expression)]


CREATE, UPDATE = "CreateMetricAttribution", "UpdateMetricAttribution"
BAD = [
    ("The expression is SAMPLECOUNT() or SUM(...)", "AVG(Items.PRICE)"),
    ("SUM over a numeric column", "SUM(Items.GENRES)"),
    ("SUM over a column that exists", "SUM(Items.NOPE)"),
    ("SUM over Items or Interactions", "SUM(Users.AGE)"),
    ("SAMPLECOUNT has no argument", "SAMPLECOUNT(Items.PRICE)"),
]
REFUSED = [
    *(refusal(CREATE, "batch 6.1", says, "InvalidInput", metrics=summed(text)) for says, text in BAD),
    *(refusal(UPDATE, "batch 6.1", says, "InvalidInput", addMetrics=summed(text)) for says, text in BAD),
    refusal(CREATE, "5", "1 metric at least", "InvalidInput", metrics=[]),
    refusal(CREATE, "5", "metricName is unique inside the attribution", "InvalidInput", metrics=[metric(), metric()]),
    refusal(CREATE, "5", "An Interactions dataset is required", "InvalidInput", datasetGroupArn="$empty"),
    refusal(
        UPDATE,
        "5",
        "Without metricAttributionArn there is nothing to update",
        "InvalidInput",
        metricAttributionArn=ABSENT,
    ),
    refusal(UPDATE, "5", "Removing an unknown name", "InvalidInput", removeMetrics=["unknown"]),
    refusal(UPDATE, "5", "Adding an existing name", "ResourceAlreadyExists", addMetrics=[metric("watched")]),
    refusal(
        UPDATE,
        "5",
        "The result has 10 metrics at most",
        "InvalidInput",
        addMetrics=[metric(f"m{n}") for n in range(10)],
    ),
    refusal(UPDATE, "5", "The result has 1 metric at least", "InvalidInput", removeMetrics=["watched"]),
]


@cases(REFUSED)
def test_what_cannot_be_is_refused(world: World, case: Case) -> None:
    world.refuses(case)


@pytest.fixture(scope="module")
def counted(world: World) -> Any:
    """An attribution of its own, of the films."""
    arn = world.active(world.make(CREATE, metrics=[metric("a")]))
    yield arn
    world.call("DeleteMetricAttribution", metricAttributionArn=arn)
    world.gone(arn)


def names(world: World, arn: str) -> list[str]:
    """The names of the metrics."""
    listed = world.call("ListMetricAttributionMetrics", metricAttributionArn=arn, maxResults=10)["metrics"]
    return [each["metricName"] for each in listed]


@case(UPDATE, "5", "Adds and removes metrics by name")
def test_metrics_are_added_and_removed(world: World, counted: str) -> None:
    answer = world.call(UPDATE, metricAttributionArn=counted, addMetrics=[metric("b"), metric("c")])
    assert answer == {"metricAttributionArn": counted}
    assert names(world, counted) == ["a", "b", "c"]
    world.call(UPDATE, metricAttributionArn=counted, removeMetrics=["b", "c"])
    assert names(world, counted) == ["a"]


@case(UPDATE, "5", "10 metrics are allowed", BOUNDARY)
def test_ten_metrics_are_allowed(world: World, counted: str) -> None:
    nine = [f"n{place}" for place in range(9)]
    world.call(UPDATE, metricAttributionArn=counted, addMetrics=[metric(name) for name in nine])
    assert len(names(world, counted)) == 10
    world.call(UPDATE, metricAttributionArn=counted, removeMetrics=nine)


@case(UPDATE, "5", "Replaces the output configuration")
def test_the_output_is_replaced(world: World, counted: str) -> None:
    output = world.filled({"roleArn": "$role", "s3DataDestination": {"path": "$data/reports/"}})
    world.call(UPDATE, metricAttributionArn=counted, metricsOutputConfig=output)
    assert world.describe(counted)["metricsOutputConfig"] == output


@case("CreateDatasetImportJob", "batch 6.3", "With publishAttributionMetricsToS3 one CSV of the documented form")
def test_an_import_reports(world: World, counted: str) -> None:
    output = world.filled({"roleArn": "$role", "s3DataDestination": {"path": "$data/published/"}})
    world.call(UPDATE, metricAttributionArn=counted, metricsOutputConfig=output)
    world.active(
        world.make(
            "CreateDatasetImportJob",
            datasetArn="$dataset.video.Interactions",
            dataSource={"dataLocation": world.word("$data/video-interactions.csv")},
            publishAttributionMetricsToS3=True,
        )
    )
    ((name, text),) = world.endpoint.read("published").items()
    assert name.startswith("AggregatedAttributionMetrics - FULL - ")
    header, first, *_ = text.splitlines()
    assert header == "METRIC_NAME,EVENT_TYPE,VALUE,MATH_FUNCTION,EVENT_ATTRIBUTION_SOURCE,TIMESTAMP"
    assert first.startswith("A,WATCH,")
    assert ",samplecount,SOURCE_NAME_UNDEFINED," in first


EXPRESSIONS = ["SUM(Items.PRICE)", "SUM(items.price)", "SUM(Interactions.EVENT_VALUE)", "SAMPLECOUNT()"]


@cases([Case(UPDATE, "batch 6.1", f"{text} is an expression", more=text) for text in EXPRESSIONS])
def test_an_expression_is_taken(world: World, case: Case) -> None:
    world.call(UPDATE, addMetrics=[metric("tried", expression=case.more)])
    assert names(world, "$attribution") == ["watched", "tried"]
    world.call(UPDATE, removeMetrics=["tried"])
