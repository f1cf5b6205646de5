"""Campaigns: what may be deployed, updates, following the newest version (5, 4.7, 4.9)."""

from typing import Any

import pytest

from conformance.case import BOUNDARY, EXCEPTION, Case, case, cases, refusal
from conformance.world import World, refused


def exploration(**given: str) -> dict[str, Any]:
    """The configuration of exploration."""
    return {"campaignConfig": {"itemExplorationConfig": given}}


BOTH = ("CreateCampaign", "UpdateCampaign")
CONFIGS: list[tuple[str, str, dict[str, Any]]] = [
    ("5", "explorationWeight is 0 at least", exploration(explorationWeight="-0.1")),
    ("5", "explorationWeight is 1 at most", exploration(explorationWeight="1.1")),
    ("5", "explorationWeight is a number", exploration(explorationWeight="much")),
    ("5", "explorationItemAgeCutOff is 1 at least", exploration(explorationItemAgeCutOff="0")),
    ("5", "Unknown keys of itemExplorationConfig", exploration(unknown="1")),
    (
        "5",
        "rankingInfluence only for semantic similarity",
        {"campaignConfig": {"rankingInfluence": {"POPULARITY": 0.5}}},
    ),
    ("4.9", "sync requires the $LATEST form", {"campaignConfig": {"syncWithLatestSolutionVersion": True}}),
]
REFUSED = [
    *(refusal(name, section, says, "InvalidInput", **changes) for name in BOTH for section, says, changes in CONFIGS),
    refusal(
        "CreateCampaign",
        "5",
        "Exploration only for User-Personalization",
        "InvalidInput",
        solutionVersionArn="$version.sims",
        **exploration(explorationWeight="0.5"),
    ),
    refusal(
        "CreateCampaign",
        "5",
        "A USER_SEGMENTATION version cannot be deployed",
        "InvalidInput",
        solutionVersionArn="$version.affinity",
    ),
    refusal(
        "CreateCampaign",
        "4.9",
        "A plain solution ARN is not accepted",
        "ResourceNotFound",
        solutionVersionArn="$solution.up",
    ),
    refusal(
        "UpdateCampaign",
        "4.9",
        "A plain solution ARN is not accepted",
        "ResourceNotFound",
        solutionVersionArn="$solution.up",
    ),
    refusal(
        "UpdateCampaign",
        "5",
        "USER_SEGMENTATION cannot be deployed",
        "InvalidInput",
        solutionVersionArn="$version.affinity",
    ),
]


@cases(REFUSED)
def test_what_cannot_be_is_refused(world: World, case: Case) -> None:
    world.refuses(case)


ALLOWED = [
    ("5", "explorationWeight may be 0", exploration(explorationWeight="0")),
    ("5", "explorationWeight may be 1", exploration(explorationWeight="1")),
    ("5", "explorationItemAgeCutOff may be 1", exploration(explorationItemAgeCutOff="1")),
    ("1.2", "Texts are echoed verbatim", exploration(explorationWeight="0.30", explorationItemAgeCutOff="30")),
    ("5", "minProvisionedTPS may be 1", {"minProvisionedTPS": 1}),
    ("5", "minProvisionedTPS is stored", {"minProvisionedTPS": 500}),
    ("5", "enableMetadataWithRecommendations", {"campaignConfig": {"enableMetadataWithRecommendations": True}}),
]


def deleted(world: World, arn: str) -> list[str]:
    """Delete a campaign, and wait: the statuses that were seen."""
    world.call("DeleteCampaign", campaignArn=arn)
    return world.gone(arn)


@cases([Case("CreateCampaign", section, says, BOUNDARY, changes) for section, says, changes in ALLOWED])
def test_what_is_allowed_is_kept_as_it_was_given(world: World, case: Case) -> None:
    arn = world.active(world.make("CreateCampaign", **case.changes))
    found = world.describe(arn)
    for member, value in case.changes.items():
        assert found[member] == value
    assert set(deleted(world, arn)) <= {"DELETE PENDING", "DELETE IN_PROGRESS"}


@pytest.fixture(scope="module")
def updated(world: World) -> Any:
    """A campaign of "popular" that is told to deploy "up": what was shown on the way, and at the end."""
    arn = world.active(world.make("CreateCampaign", solutionVersionArn="$version.popular"))
    before = world.describe(arn)
    answer = world.call("UpdateCampaign", campaignArn=arn, solutionVersionArn="$version.up", minProvisionedTPS=2)
    seen = []
    while (found := world.describe(arn))["latestCampaignUpdate"]["status"] != "ACTIVE":
        seen.append(found)
    yield {"arn": arn, "before": before, "answer": answer, "seen": seen, "end": found}
    deleted(world, arn)


UPDATES = [
    (
        "4.7",
        "latestCampaignUpdate appears only after the first update",
        lambda u: "latestCampaignUpdate" not in u["before"],
    ),
    ("5", "The answer is campaignArn", lambda u: u["answer"] == {"campaignArn": u["arn"]}),
    ("3", "The campaign's own status stays ACTIVE", lambda u: all(each["status"] == "ACTIVE" for each in u["seen"])),
    (
        "4.7",
        "While an update runs, solutionVersionArn keeps the old value",
        lambda u: all(each["solutionVersionArn"] == u["before"]["solutionVersionArn"] for each in u["seen"]),
    ),
    (
        "4.7",
        "While an update runs, minProvisionedTPS keeps the old value",
        lambda u: all(each["minProvisionedTPS"] == 1 for each in u["seen"]),
    ),
    (
        "4.7",
        "The summary shows the new version and TPS",
        lambda u: all(each["latestCampaignUpdate"]["minProvisionedTPS"] == 2 for each in [*u["seen"], u["end"]]),
    ),
    (
        "3",
        "latestCampaignUpdate.status: CREATE PENDING, CREATE IN_PROGRESS, ACTIVE",
        lambda u: (
            {each["latestCampaignUpdate"]["status"] for each in u["seen"]} <= {"CREATE PENDING", "CREATE IN_PROGRESS"}
        ),
    ),
    ("4.7", "The top level flips when the update is ACTIVE", lambda u: u["end"]["minProvisionedTPS"] == 2),
    (
        "7",
        "The summary has its own times",
        lambda u: {"creationDateTime", "lastUpdatedDateTime"} <= set(u["end"]["latestCampaignUpdate"]),
    ),
]


@cases([Case("UpdateCampaign", section, says, more=check) for section, says, check in UPDATES])
def test_an_update_is_seen_beside_the_campaign(updated: Any, case: Case) -> None:
    assert case.more(updated)


@cases(
    [
        Case("UpdateCampaign", "4.7", "A second update while one runs: ResourceInUse", EXCEPTION),
        Case("DeleteCampaign", "4.6", "ResourceInUse while an update is in progress", EXCEPTION),
    ]
)
def test_what_is_updated_is_in_use(world: World, case: Case) -> None:
    for _ in range(20):  # an update may be done before the next request comes
        arn = world.active(world.make("CreateCampaign", solutionVersionArn="$version.popular"))
        world.call("UpdateCampaign", campaignArn=arn, solutionVersionArn="$version.up")
        answer = world.send(case.operation, {"campaignArn": arn, "minProvisionedTPS": 3})
        if case.operation == "DeleteCampaign" and answer[0] == 200:
            continue
        world.settled(arn, "latestCampaignUpdate")
        deleted(world, arn)
        if answer[0] != 200:
            break
    refused(answer, "ResourceInUseException")


@case("UpdateCampaign", "4.7", "Members left out keep their value")
def test_members_that_are_left_out_stay(world: World) -> None:
    given = exploration(explorationWeight="0.1")
    arn = world.active(world.make("CreateCampaign", **given))
    world.call("UpdateCampaign", campaignArn=arn, solutionVersionArn="$version.up", minProvisionedTPS=4)
    found = world.settled(arn, "latestCampaignUpdate")
    assert (found["campaignConfig"], found["minProvisionedTPS"]) == (given["campaignConfig"], 4)
    deleted(world, arn)


@case("UpdateCampaign", "4.7", "A configuration that is given replaces the old one as a whole")
def test_a_configuration_replaces_the_old_one(world: World) -> None:
    arn = world.active(world.make("CreateCampaign", **exploration(explorationWeight="0.1")))
    world.call("UpdateCampaign", campaignArn=arn, **exploration(explorationItemAgeCutOff="3"))
    found = world.settled(arn, "latestCampaignUpdate")
    assert found["campaignConfig"] == exploration(explorationItemAgeCutOff="3")["campaignConfig"]
    deleted(world, arn)


@case("CreateCampaign", "4.9", "$LATEST deploys the newest ACTIVE version, and is shown as that version")
def test_latest_is_resolved(world: World) -> None:
    arn = world.active(world.make("CreateCampaign", solutionVersionArn="$solution.sims/$LATEST"))
    assert world.describe(arn)["solutionVersionArn"] == world.words["$version.sims"]
    deleted(world, arn)


@case("CreateCampaign", "4.9", "syncWithLatestSolutionVersion with $LATEST follows newer versions")
def test_a_campaign_follows(world: World) -> None:
    solution = world.active(world.make("CreateSolution", recipeArn="$recipe.aws-popularity-count"))
    first = world.active(world.make("CreateSolutionVersion", solutionArn=solution))
    config = {"syncWithLatestSolutionVersion": True}
    arn = world.active(world.make("CreateCampaign", solutionVersionArn=f"{solution}/$LATEST", campaignConfig=config))
    assert world.describe(arn)["solutionVersionArn"] == first
    second = world.active(world.make("CreateSolutionVersion", solutionArn=solution))
    assert world.eventually(lambda: world.describe(arn)["solutionVersionArn"] == second)
    assert world.settled(arn, "latestCampaignUpdate")["latestCampaignUpdate"]["solutionVersionArn"] == second
    deleted(world, arn)


@case("GetRecommendations", "5", "Requests to a deleted campaign fail", EXCEPTION)
def test_a_deleted_campaign_answers_no_more(world: World) -> None:
    arn = world.active(world.make("CreateCampaign", solutionVersionArn="$version.popular"))
    assert world.call("GetRecommendations", campaignArn=arn)["itemList"]
    deleted(world, arn)
    world.refuses(refusal("GetRecommendations", "", "", "ResourceNotFound", campaignArn=arn))
