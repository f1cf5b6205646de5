"""Tags: TagResource, UntagResource, ListTagsForResource (4.5)."""

from typing import Any

import pytest

from conformance.case import BOUNDARY, EXCEPTION, Case, case, cases, refusal
from conformance.world import World

TAGGABLE = {
    "dataset groups": "$group",
    "datasets": "$dataset.Users",
    "dataset import jobs": "$import.Users",
    "event trackers": "$tracker",
    "filters": "$filter.genre",
    "solutions": "$solution.sims",
    "solution versions": "$version.sims",
    "campaigns": "$campaign.sims",
    "recommenders": "$recommender",
}
UNTAGGABLE = {
    "schemas": "$schema.Users",
    "metric attributions": "$attribution",
    "recipes": "$recipe.aws-sims",
}


def tag(key: str, value: str = "v") -> dict[str, str]:
    """A tag as requests have it."""
    return {"tagKey": key, "tagValue": value}


def tags(n: int, prefix: str = "k") -> list[dict[str, str]]:
    """So many tags."""
    return [tag(f"{prefix}{place}") for place in range(n)]


def listed(world: World, word: str) -> dict[str, str]:
    """The tags of a resource."""
    found = world.call("ListTagsForResource", resourceArn=word)["tags"]
    return {each["tagKey"]: each["tagValue"] for each in found}


@pytest.fixture
def bare(world: World) -> Any:
    """A filter's ARN; afterwards it has no tags."""
    arn = world.words["$filter.users"]
    yield arn
    world.call("UntagResource", resourceArn=arn, tagKeys=list(listed(world, arn)))


@cases(
    [
        Case(operation, "4.5", f"Taggable: {kind}", more=word)
        for operation in ("TagResource", "UntagResource", "ListTagsForResource")
        for kind, word in TAGGABLE.items()
    ]
)
def test_tags_come_and_go(world: World, case: Case) -> None:
    before = listed(world, case.more)
    assert world.call("TagResource", resourceArn=case.more, tags=[tag("stage", "test")]) == {}
    assert listed(world, case.more) == {**before, "stage": "test"}
    assert world.call("UntagResource", resourceArn=case.more, tagKeys=["stage"]) == {}
    assert listed(world, case.more) == before


@cases(
    [
        refusal("TagResource", "4.5", f"Not taggable: {kind} (InvalidInput)", "InvalidInput", resourceArn=word)
        for kind, word in UNTAGGABLE.items()
    ]
    + [
        refusal("TagResource", "4.5", f"The prefix {key} is reserved", "InvalidInput", tags=[tag(key)])
        for key in ("aws:x", "AWS:x")
    ]
    + [
        refusal("TagResource", "4.5", "Keys are unique", "InvalidInput", tags=[tag("k"), tag("k", "w")]),
        refusal("TagResource", "4.5", "At most 50 tags per resource", "TooManyTags", tags=tags(51)),
        refusal(
            "UntagResource",
            "1.4",
            "50 keys are the most a resource can have",
            "TooManyTagKeys",
            tagKeys=[f"k{place}" for place in range(51)],
        ),
    ]
)
def test_what_cannot_be_is_refused(world: World, case: Case) -> None:
    world.refuses(case)


@cases(
    [
        Case("ListTagsForResource", "5", f"Non-taggable: {kind}", EXCEPTION, {"resourceArn": word})
        for kind, word in UNTAGGABLE.items()
    ]
)
def test_what_has_no_tags_lists_none(world: World, case: Case) -> None:
    _, found = world.send(case.operation, world.request(case))
    assert found.get("__type") in ("ResourceNotFoundException", "InvalidInputException")


CREATES = ["CreateDatasetGroup", "CreateDataset", "CreateDatasetImportJob", "CreateDatasetExportJob"]
CREATES += ["CreateDataDeletionJob", "CreateEventTracker", "CreateFilter", "CreateSolution", "CreateSolutionVersion"]
CREATES += ["CreateCampaign", "CreateRecommender", "CreateBatchInferenceJob", "CreateBatchSegmentJob"]


@cases([refusal(name, "4.5", "At most 50 tags", "TooManyTags", tags=tags(51)) for name in CREATES])
def test_tags_at_creation_are_counted(world: World, case: Case) -> None:
    if case.operation == "CreateDataset":
        case = refusal(case.operation, "", "", "TooManyTags", **case.changes, datasetGroupArn="$empty")
    world.refuses(case)


@cases([refusal(name, "4.5", "The prefix aws: is reserved", "InvalidInput", tags=[tag("aws:x")]) for name in CREATES])
def test_tags_at_creation_are_checked(world: World, case: Case) -> None:
    message = world.refuses(case)
    assert "aws:" in message


@case("ListTagsForResource", "5", "An empty list when there are none")
def test_no_tags_are_an_empty_list(world: World) -> None:
    assert world.call("ListTagsForResource", resourceArn="$filter.near") == {"tags": []}


@case("CreateDatasetGroup", "4.5", "Tags given at creation behave as if TagResource had been called")
def test_tags_at_creation_are_there(world: World) -> None:
    assert listed(world, "$group")["made"] == "by"


@case("DescribeDatasetGroup", "4.5", "Describe never shows tags")
def test_tags_are_not_described(world: World) -> None:
    assert "tags" not in world.describe(world.words["$group"])


@case("TagResource", "4.5", "TagResource overwrites values of existing keys and keeps the others")
def test_tags_are_merged(world: World, bare: str) -> None:
    world.call("TagResource", resourceArn=bare, tags=[tag("a", "1"), tag("b", "2")])
    world.call("TagResource", resourceArn=bare, tags=[tag("b", "3")])
    assert listed(world, bare) == {"a": "1", "b": "3"}


@case("UntagResource", "4.5", "UntagResource ignores keys that are not present")
def test_unknown_keys_are_ignored(world: World, bare: str) -> None:
    assert world.call("UntagResource", resourceArn=bare, tagKeys=["never"]) == {}


@case("TagResource", "4.5", "Keys are case-sensitive")
def test_keys_differ_by_case(world: World, bare: str) -> None:
    world.call("TagResource", resourceArn=bare, tags=[tag("Key"), tag("key")])
    assert set(listed(world, bare)) == {"Key", "key"}


@case("TagResource", "4.5", "50 tags are allowed, and one more is TooManyTags", BOUNDARY)
def test_fifty_tags_are_allowed(world: World, bare: str) -> None:
    world.call("TagResource", resourceArn=bare, tags=tags(50))
    assert len(listed(world, bare)) == 50
    world.refuses(
        Case("TagResource", "", "", EXCEPTION, {"resourceArn": bare, "tags": [tag("x")]}, "TooManyTagsException")
    )


@cases(
    [
        Case("TagResource", "4.5", "A key may have 128 characters", BOUNDARY, more=tag("k" * 128)),
        Case("TagResource", "4.5", "A value may have 256 characters", BOUNDARY, more=tag("k", "v" * 256)),
        Case("TagResource", "4.5", "A value may be empty", BOUNDARY, more=tag("k", "")),
        Case(
            "TagResource",
            "4.5",
            "Letters of any script, blanks and _.:/=+-@ are allowed",
            more=tag("ключ", "a _.:/=+-@ é"),
        ),
    ]
)
def test_what_is_just_allowed_is_kept(world: World, bare: str, case: Case) -> None:
    world.call("TagResource", resourceArn=bare, tags=[case.more])
    assert listed(world, bare) == {case.more["tagKey"]: case.more["tagValue"]}
