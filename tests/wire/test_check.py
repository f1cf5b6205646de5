"""Requests held against the service models: what is allowed, what is refused, and how it is said."""

from typing import Any

import pytest

from tastemaker.errors import InvalidInputException
from tastemaker.wire.service_model import operations

GROUP = "arn:aws:personalize:eu-west-1:000000000000:dataset-group/shop"


def parsed(operation: str, request: Any) -> dict[str, Any]:
    return operations()[operation].parse(request)


def violations(operation: str, request: Any) -> str:
    with pytest.raises(InvalidInputException) as refused:
        parsed(operation, request)
    return refused.value.message


def test_there_are_79_operations_of_three_services() -> None:
    services = [op.service for op in operations().values()]
    assert {name: services.count(name) for name in set(services)} == {
        "personalize": 71,
        "personalize-runtime": 3,
        "personalize-events": 5,
    }


def test_unknown_members_and_nulls_are_passed_over() -> None:
    assert parsed("CreateDatasetGroup", {"name": "a", "colour": "red", "domain": None}) == {"name": "a"}


def test_patterns_hold_for_the_whole_value() -> None:
    assert "pattern" in violations("CreateDatasetGroup", {"name": "a b"})
    assert "pattern" in violations("CreateDatasetGroup", {"name": "a\n"})
    assert "pattern" in violations("CreateDatasetGroup", {"name": "-a"})
    assert parsed("CreateDatasetGroup", {"name": "a_b-C9"})


def test_every_violation_is_told_with_its_path_and_value() -> None:
    message = violations(
        "PutEvents",
        {"trackingId": "", "sessionId": 7, "eventList": [{"eventType": "e"}, {"sentAt": "x", "eventType": "e"}]},
    )
    assert message.startswith("4 validation errors detected: ")
    for said in (
        "Value '' at 'trackingId' failed to satisfy constraint: Member must have length greater than or equal to 1",
        "Value '7' at 'sessionId'",
        "Value 'null' at 'eventList.1.member.sentAt' failed to satisfy constraint: Member must not be null",
        "Value 'x' at 'eventList.2.member.sentAt'",
    ):
        assert said in message


def test_a_long_value_is_not_repeated_whole() -> None:
    assert len(violations("CreateDatasetGroup", {"name": "x" * 100_000})) < 500


@pytest.mark.parametrize("given", [1_700_000_000, 1_700_000_000.5, "1700000000"])
def test_times_may_be_whole_fractions_or_text(given: Any) -> None:
    event = {"eventType": "e", "sentAt": given}
    found = parsed("PutEvents", {"trackingId": "t", "sessionId": "s", "eventList": [event]})
    assert int(found["eventList"][0]["sentAt"]) == 1_700_000_000


@pytest.mark.parametrize("given", [1_700_000_000_000, "soon", True, float("nan"), 10**30, "1e400", "nan"])
def test_a_time_that_is_none_is_refused(given: Any) -> None:
    event = {"eventType": "e", "sentAt": given}
    assert "sentAt" in violations("PutEvents", {"trackingId": "t", "sessionId": "s", "eventList": [event]})


@pytest.mark.parametrize("given", ['{"itemId": "1"}', {"itemId": "1"}])
def test_properties_are_an_object_in_a_string_or_an_object(given: Any) -> None:
    event = {"eventType": "e", "sentAt": 1, "properties": given}
    found = parsed("PutEvents", {"trackingId": "t", "sessionId": "s", "eventList": [event]})
    assert found["eventList"][0]["properties"] == {"itemId": "1"}


@pytest.mark.parametrize("given", ["[1]", "x", "{" * 1000, '{"a":' * 200, 7, '{"a": "' + "x" * 1024 + '"}'])
def test_properties_that_are_no_object_or_too_long_are_refused(given: Any) -> None:
    event = {"eventType": "e", "sentAt": 1, "properties": given}
    message = violations("PutEvents", {"trackingId": "t", "sessionId": "s", "eventList": [event]})
    assert "eventList.1.member.properties" in message


@pytest.mark.parametrize("given", [0, 101, 2**31, -(2**40), 1e300, 5.5, True, "5"])
def test_a_number_out_of_range_or_of_another_type_is_refused(given: Any) -> None:
    assert "maxResults" in violations("ListSchemas", {"maxResults": given})


def test_a_whole_number_may_be_written_with_a_point() -> None:
    assert parsed("ListSchemas", {"maxResults": 5.0}) == {"maxResults": 5}


@pytest.mark.parametrize("key", ["größe", "a b", "日本", "x:y/z=1+2-3@4", "."])
def test_tags_may_be_in_any_script(key: str) -> None:
    assert parsed("TagResource", {"resourceArn": GROUP, "tags": [{"tagKey": key, "tagValue": key}]})


@pytest.mark.parametrize("key", ["a!", "a\tb", "a\nb", "<b>", "\0"])
def test_tags_have_no_other_signs(key: str) -> None:
    message = violations("TagResource", {"resourceArn": GROUP, "tags": [{"tagKey": key, "tagValue": "v"}]})
    assert "tags.1.member.tagKey" in message


@pytest.mark.parametrize("location", ["s3://b/k", "/data/a.csv", "file:///data/a.csv", "s3://b/" + "k" * 240])
def test_data_may_lie_in_a_bucket_or_on_this_machine(location: str) -> None:
    request = {"jobName": "j", "datasetArn": GROUP, "dataSource": {"dataLocation": location}}
    assert parsed("CreateDatasetImportJob", request)["dataSource"] == {"dataLocation": location}


def test_answers_have_the_members_of_the_model_and_no_empty_ones() -> None:
    render = operations()["DescribeDatasetGroup"].render
    assert render is not None
    shown = render({"datasetGroup": {"name": "a", "status": "ACTIVE", "failureReason": None, "secret": 1}, "more": 2})
    assert shown == {"datasetGroup": {"name": "a", "status": "ACTIVE"}}


def test_operations_without_output_have_nothing_to_render() -> None:
    assert all(op.render is None for name, op in operations().items() if name.startswith(("Delete", "Put")))
