"""The steps between a file and what there is: decided without a server, for states that one passes through too fast."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tastemaker.cli.account import Found
from tastemaker.cli.declared.calls import rounds
from tastemaker.cli.declared.difference import difference
from tastemaker.cli.declared.existing import Existing
from tastemaker.cli.declared.reading import read
from tastemaker.cli.declared.steps import Ref, Step, Wanted, resolved
from tastemaker.cli.declared.wanted import wanted

FILE = """
group: shop
datasets:
  interactions:
    schema: {USER_ID: string, ITEM_ID: string, EVENT_TYPE: string, TIMESTAMP: long}
    import: s3://shop/events.csv
filters:
  unseen: EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("watch")
event_tracker: true
solutions:
  home:
    recipe: aws-user-personalization-v2
    config:
      algorithmHyperParameters: {hidden_dimension: 64}
      eventsConfig: {eventParametersList: [{eventType: buy, weight: 0.5}]}
campaigns:
  home:
    solution: home
    min_tps: 1
    config: {enableMetadataWithRecommendations: false}
"""
FOLLOWING = FILE.replace("{enableMetadataWithRecommendations: false}", "{syncWithLatestSolutionVersion: true}")
EARLY, LATE = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)

Plan = Callable[..., dict[str, Step]]


@pytest.fixture
def want(tmp_path: Path) -> Callable[[str], list[Wanted]]:
    """What a text asks for."""

    def asked(text: str = FILE) -> list[Wanted]:
        (tmp_path / "shop.yaml").write_text(text)
        return wanted(read(tmp_path / "shop.yaml"), now_s=1.0)

    return asked


def arn(kind: str, name: str) -> str:
    """An ARN of something that is there."""
    word = {"solution_version": f"solution/{name}/11111111"}.get(kind, f"{kind.replace('_', '-')}/{name}")
    return f"arn:aws:personalize:us-east-1:000000000000:{word}"


def there(wanted: list[Wanted]) -> Existing:
    """What is there when all that is wanted was made."""
    arns = {each.key: arn(*each.key) for each in wanted}
    found = []
    for each in wanted:
        body = {
            **resolved(each.request, arns),
            **each.needs,
            "status": "ACTIVE",
            "creationDateTime": EARLY,
            "failureReason": None,
        }
        name = f"{each.name}-1" if each.kind == "dataset_import_job" else each.name
        if each.kind != "schema":
            found.append(Found(each.kind, name, arn(*each.key), body))
    return Existing(tuple(found), {})


def but(existing: Existing, kind: str, **members: Any) -> Existing:
    """The same with other members in the bodies of a kind."""
    found = [replace(each, body={**each.body, **members}) if each.kind == kind else each for each in existing.found]
    return replace(existing, found=tuple(found))


def steps(wanted: list[Wanted], existing: Existing) -> dict[str, Step]:
    """The steps that are changes, by kind."""
    return {step.kind: step for step in difference(wanted, existing) if step.action != "unchanged"}


Want = Callable[..., list[Wanted]]


@pytest.mark.parametrize("text", [FILE, FOLLOWING])
def test_what_was_made_as_the_file_says_differs_in_nothing(want: Want, text: str) -> None:
    assert steps(want(text), there(want(text))) == {}


def test_what_a_campaign_follows_by_itself_is_no_difference(want: Want) -> None:
    following = but(there(want(FOLLOWING)), "campaign", solutionVersionArn=arn("solution", "home") + "/22222222")

    assert steps(want(FOLLOWING), following) == {}
    begun = steps(want(FOLLOWING), there(want()))["campaign"]
    assert begun.update["solutionVersionArn"] == arn("solution", "home") + "/$LATEST"
    assert begun.update["campaignConfig"] == {
        "enableMetadataWithRecommendations": False,
        "syncWithLatestSolutionVersion": True,
    }


@pytest.mark.parametrize("kind", ["dataset_group", "dataset", "dataset_import_job", "solution_version", "campaign"])
def test_what_is_in_work_is_waited_for(want: Want, kind: str) -> None:
    step = steps(want(), but(there(want()), kind, status="CREATE IN_PROGRESS"))[kind]

    assert (step.action, step.reason) == ("await", "it is CREATE IN_PROGRESS")


def test_an_update_in_work_is_waited_for_too(want: Want) -> None:
    updating = but(there(want()), "campaign", latestCampaignUpdate={"status": "CREATE PENDING"})

    assert steps(want(), updating)["campaign"].action == "await"


@pytest.mark.parametrize("kind", ["filter", "campaign"])
def test_what_failed_is_made_again_and_nobody_has_to_allow_it(want: Want, kind: str) -> None:
    failed = but(there(want()), kind, status="CREATE FAILED", failureReason="out of luck")

    step = steps(want(), failed)[kind]

    assert (step.action, step.is_costly) == ("replace", False)
    assert step.reason == "it is CREATE FAILED: out of luck"


def test_an_import_that_failed_is_tried_again_under_another_name(want: Want) -> None:
    failed = but(there(want()), "dataset_import_job", status="CREATE FAILED", failureReason="no such bucket")

    step = steps(want(), failed)["dataset_import_job"]

    assert step.reason == "from s3://shop/events.csv; the last one failed: no such bucket"
    assert step.create["jobName"].startswith(step.name + "-")


def test_an_import_before_the_schema_changed_does_not_count(want: Want) -> None:
    updated = but(there(want()), "dataset", latestDatasetUpdate={"status": "ACTIVE", "creationDateTime": LATE})

    assert list(steps(want(), updated)) == ["dataset_import_job"]


def test_what_was_trained_before_a_dataset_was_there_is_trained_again(want: Want) -> None:
    existing = but(but(there(want()), "dataset", creationDateTime=LATE), "dataset_import_job", creationDateTime=LATE)

    found = steps(want(), existing)

    assert found["solution_version"].reason == "a dataset is newer"
    assert found["campaign"].update == {"solutionVersionArn": Ref("solution_version", "home")}


def test_other_events_are_learnt_from_without_another_solution(want: Want) -> None:
    found = steps(want(FILE.replace("weight: 0.5", "weight: 0.7")), there(want()))

    assert {step.action for step in found.values()} == {"update", "create"}
    events = {"eventParametersList": [{"eventType": "buy", "weight": 0.7}]}
    assert found["solution"].update == {"solutionUpdateConfig": {"eventsConfig": events}}
    assert found["solution_version"].reason == "weight 0.5 → 0.7"
    assert set(found["campaign"].update) == {"solutionVersionArn"}


def test_another_hyperparameter_needs_another_solution_and_its_campaigns_go_with_it(want: Want) -> None:
    other = FILE.replace("hidden_dimension: 64", "hidden_dimension: 32")

    found = steps(want(other), there(want()))
    unnamed = steps(want(other.partition("campaigns")[0]), there(want()))

    assert (found["solution"].reason, found["solution"].is_costly) == ("hidden_dimension 64 → 32", True)
    assert (found["campaign"].reason, found["campaign"].action) == ("goes with the solution home", "replace")
    assert unnamed["solution"].action == "refuse"
    assert "campaign home, which is not in the file, is in the way" in unnamed["solution"].reason
    assert unnamed["campaign"].action == "other"


def test_a_name_of_another_group_is_refused_before_anything_is_made(want: Want) -> None:
    found = steps(want(), Existing((), {}, frozenset({("filter", "unseen")})))

    assert [kind for kind, step in found.items() if step.action == "refuse"] == ["filter"]
    assert "names are unique" in found["filter"].reason


def test_the_domain_of_a_group_cannot_be_changed(want: Want) -> None:
    step = steps(want(), but(there(want()), "dataset_group", domain="ECOMMERCE"))["dataset_group"]

    assert step.action == "refuse"
    assert "tastemaker down --group shop" in step.reason


def test_a_tracker_serves_whatever_its_name(want: Want) -> None:
    assert steps(want(FILE.replace("event_tracker: true", "event_tracker: clicks")), there(want())) == {}


def test_what_goes_is_deleted_first_the_last_made_first_and_what_can_be_is_done_at_once(want: Want) -> None:
    other = FILE.replace("EVENT_TYPE: string", "EVENT_TYPE: string, DEVICE: string?")
    two = other.replace("filters:", 'filters:\n  seen: INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("watch")')

    found = [
        [f"{call.verb} {call.step.key}" for call in together]
        for together in rounds(difference(want(two), there(want())))
    ]

    assert found == [
        ["delete ('campaign', 'home')"],
        ["delete ('event_tracker', 'shop')"],
        ["delete ('filter', 'unseen')"],
        ["delete ('dataset', 'interactions')"],
        [f"create {want(two)[0].key}"],
        ["create ('dataset', 'interactions')"],
        [f"create {want(two)[3].key}"],
        ["create ('filter', 'seen')"],
        ["create ('filter', 'unseen')"],
        ["create ('event_tracker', 'shop')"],
        ["create ('solution_version', 'home')"],
        ["create ('campaign', 'home')"],
    ]
    both = rounds(difference(want(FILE.replace("solutions:", "solutions:\n  more: {recipe: aws-sims}")), Existing()))
    assert ["create solution", "create solution"] in [
        [f"{call.verb} {call.step.kind}" for call in each] for each in both
    ]
