"""Metric attributions: what recommendations led to, by who recommended and by quarter hour."""

import json
import time
import urllib.request
from typing import Any

import pytest

from main_path.served import Deployed, Server, schema

ROLE = "arn:aws:iam::000000000000:role/R"
VALUED = schema(
    "Interactions",
    {"name": "USER_ID", "type": "string"},
    {"name": "ITEM_ID", "type": "string"},
    {"name": "EVENT_TYPE", "type": "string"},
    {"name": "EVENT_VALUE", "type": ["float", "null"]},
    {"name": "EVENT_ATTRIBUTION_SOURCE", "type": ["string", "null"]},
    {"name": "TIMESTAMP", "type": "long"},
)
PRODUCTS = schema("Items", {"name": "ITEM_ID", "type": "string"}, {"name": "PRICE", "type": "float"})
CLICKS = {"metricName": "clicks", "eventType": "watch", "expression": "SAMPLECOUNT()"}


def test_streamed_events_are_counted_by_the_campaign_that_recommended(
    personalize: Any, runtime: Any, events: Any, shop: Deployed, server: Server, until_active: Any
) -> None:
    arn = personalize.create_metric_attribution(
        name="shop", datasetGroupArn=shop.group, metrics=[CLICKS], metricsOutputConfig={"roleArn": ROLE}
    )["metricAttributionArn"]
    until_active(arn)
    campaign = shop.campaigns["aws-popularity-count"]
    shown = runtime.get_recommendations(campaignArn=campaign)
    sent = {"eventType": "Watch", "itemId": "i1", "sentAt": 1_700_000_100}
    events.put_events(
        trackingId=shop.tracking_id,
        sessionId="attributed",
        eventList=[
            {**sent, "recommendationId": shown["recommendationId"]},
            {**sent, "recommendationId": shown["recommendationId"], "itemId": "i2"},
            {**sent, "metricAttribution": {"eventAttributionSource": "newsletter"}},
            {**sent, "eventType": "other"},
            {**sent, "sentAt": 1_700_000_100 + 900},
        ],
    )
    rows = json.loads(urllib.request.urlopen(f"{server.url}/attributions/{arn}").read())["rows"]
    found = {(row["EVENT_ATTRIBUTION_SOURCE"], row["TIMESTAMP"]): row["VALUE"] for row in rows}
    window = 1_700_000_100 // 900 * 900
    assert found == {
        (campaign, window): 2.0,
        ("newsletter", window): 1.0,
        ("SOURCE_NAME_UNDEFINED", window + 900): 1.0,
    }
    assert {row["METRIC_NAME"] for row in rows} == {"CLICKS"}
    personalize.delete_metric_attribution(metricAttributionArn=arn)
    while True:
        try:
            personalize.describe_metric_attribution(metricAttributionArn=arn)
        except personalize.exceptions.ResourceNotFoundException:
            break
        time.sleep(0.02)


def test_an_import_publishes_a_report(
    personalize: Any, group_of: Any, server: Server, until_active: Any, tmp_path: Any
) -> None:
    group, datasets = group_of("reported", Interactions=VALUED, Items=PRODUCTS)
    (tmp_path / "items.csv").write_text("ITEM_ID,PRICE\ni1,2.5\ni2,10\n")
    (tmp_path / "events.csv").write_text(
        "USER_ID,ITEM_ID,EVENT_TYPE,EVENT_VALUE,EVENT_ATTRIBUTION_SOURCE,TIMESTAMP\n"
        "u,i1,Buy,3,shelf,1700000100\nu,i2,buy,4,shelf,1700000101\nu,i3,buy,,,1700000102\nu,i1,view,,,1700000103\n"
    )

    def imported(kind: str, name: str, **more: Any) -> None:
        path = tmp_path / ("items.csv" if kind == "Items" else "events.csv")
        job = personalize.create_dataset_import_job(
            jobName=name, datasetArn=datasets[kind], dataSource={"dataLocation": str(path)}, **more
        )
        until_active(job["datasetImportJobArn"])

    imported("Items", "reported-items")
    with pytest.raises(personalize.exceptions.InvalidInputException, match="metric attribution"):
        imported("Interactions", "too-early", publishAttributionMetricsToS3=True)
    (server.home / "buckets" / "reports").mkdir()
    arn = personalize.create_metric_attribution(
        name="reported",
        datasetGroupArn=group,
        metrics=[
            {"metricName": "Revenue", "eventType": "buy", "expression": "SUM(Items.PRICE)"},
            {"metricName": "Worth", "eventType": "BUY", "expression": "sum(interactions.event_value)"},
        ],
        metricsOutputConfig={"roleArn": ROLE, "s3DataDestination": {"path": "s3://reports/attributed/"}},
    )["metricAttributionArn"]
    until_active(arn)
    imported("Interactions", "published", publishAttributionMetricsToS3=True)
    (report,) = (server.home / "buckets" / "reports" / "attributed").iterdir()
    assert report.name.startswith("AggregatedAttributionMetrics - FULL - ")
    assert report.read_text().splitlines() == [
        "METRIC_NAME,EVENT_TYPE,VALUE,MATH_FUNCTION,EVENT_ATTRIBUTION_SOURCE,TIMESTAMP",
        "REVENUE,BUY,0.0,sum,SOURCE_NAME_UNDEFINED,1700000100",
        "REVENUE,BUY,12.5,sum,shelf,1700000100",
        "WORTH,BUY,0.0,sum,SOURCE_NAME_UNDEFINED,1700000100",
        "WORTH,BUY,7.0,sum,shelf,1700000100",
    ]
    with pytest.raises(personalize.exceptions.ResourceInUseException):
        personalize.delete_dataset(datasetArn=datasets["Interactions"])

    metric = lambda name, **more: {"metricName": name, "eventType": "buy", "expression": "SAMPLECOUNT()"} | more  # noqa: E731
    change = lambda **more: personalize.update_metric_attribution(metricAttributionArn=arn, **more)  # noqa: E731
    change(addMetrics=[metric("Count")], removeMetrics=["Worth"])
    listed = personalize.list_metric_attribution_metrics(metricAttributionArn=arn)["metrics"]
    assert [each["metricName"] for each in listed] == ["Revenue", "Count"]
    with pytest.raises(personalize.exceptions.ResourceAlreadyExistsException):
        change(addMetrics=[metric("Count")])
    refused = personalize.exceptions.InvalidInputException
    with pytest.raises(refused, match="no metric"):
        change(removeMetrics=["Worth"])
    with pytest.raises(refused, match="1 to 10"):
        change(addMetrics=[metric(f"m{place}") for place in range(9)])
    with pytest.raises(refused, match="numeric column"):
        change(addMetrics=[metric("Genres", expression="SUM(Items.ITEM_ID)")])
    with pytest.raises(refused, match="SAMPLECOUNT"):
        change(addMetrics=[metric("Odd", expression="AVG(Items.PRICE)")])
    with pytest.raises(refused, match="metricAttributionArn"):
        personalize.update_metric_attribution(addMetrics=[])
    with pytest.raises(personalize.exceptions.LimitExceededException):
        personalize.create_metric_attribution(
            name="second", datasetGroupArn=group, metrics=[CLICKS], metricsOutputConfig={"roleArn": ROLE}
        )
