"""How solutions are told what to learn, train by themselves, search, and are followed by campaigns."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from main_path.served import INTERACTIONS, ITEMS, Body, Deployed, Server, recipe, schema

PERSONAL = "aws-user-personalization"
VALUED = schema(
    "Interactions",
    {"name": "USER_ID", "type": "string"},
    {"name": "ITEM_ID", "type": "string"},
    {"name": "EVENT_TYPE", "type": "string"},
    {"name": "EVENT_VALUE", "type": ["float", "null"]},
    {"name": "TIMESTAMP", "type": "long"},
)


@pytest.fixture(scope="module")
def eager(start_server: Callable[..., Server]) -> Any:
    """A client of a server whose solutions train by themselves at once."""
    return start_server(auto_training_delay_s=0.0).client("personalize")


def imported(p: Any, until_active: Any, dataset: str, path: Path, name: str, mode: str = "FULL") -> None:
    job = p.create_dataset_import_job(
        jobName=name, datasetArn=dataset, dataSource={"dataLocation": str(path)}, importMode=mode
    )
    until_active(job["datasetImportJobArn"], p)


def versions(p: Any, solution: str) -> list[Body]:
    return list(p.list_solution_versions(solutionArn=solution)["solutionVersions"])


def eventually(look: Callable[[], Any]) -> Any:
    deadline_s = time.monotonic() + 60
    while not (found := look()) and time.monotonic() < deadline_s:
        time.sleep(0.05)
    return found


def test_a_solution_trains_by_itself_when_there_is_something_new_and_a_campaign_follows(
    eager: Any, group_of: Any, two_tastes: Any, until_active: Any
) -> None:
    files = two_tastes(40, 10)
    group, datasets = group_of("auto", eager, Interactions=INTERACTIONS, Items=ITEMS)
    solution = eager.create_solution(name="auto", datasetGroupArn=group, recipeArn=recipe("aws-popularity-count"))
    solution = until_active(solution["solutionArn"], eager)
    described = eager.describe_solution(solutionArn=solution)["solution"]
    assert described["performAutoTraining"] is True
    assert described["solutionConfig"] == {"autoTrainingConfig": {"schedulingExpression": "rate(7 days)"}}
    time.sleep(2.5)
    assert versions(eager, solution) == []  # there is nothing to learn from

    imported(eager, until_active, datasets["Interactions"], files["Interactions"][1], "auto")
    (first,) = eventually(lambda: versions(eager, solution))
    assert (first["trainingType"], first["trainingMode"]) == ("AUTOMATIC", "FULL")
    until_active(first["solutionVersionArn"], eager)

    campaign = eager.create_campaign(
        name="following",
        solutionVersionArn=f"{solution}/$LATEST",
        campaignConfig={"syncWithLatestSolutionVersion": True},
    )["campaignArn"]
    until_active(campaign, eager)
    assert (
        eager.describe_campaign(campaignArn=campaign)["campaign"]["solutionVersionArn"] == first["solutionVersionArn"]
    )
    time.sleep(2.5)
    assert len(versions(eager, solution)) == 1  # the next one is due in seven days

    eager.update_solution(
        solutionArn=solution, solutionUpdateConfig={"autoTrainingConfig": {"schedulingExpression": "rate(2 days)"}}
    )
    updated = eventually(
        lambda: (
            (found := eager.describe_solution(solutionArn=solution)["solution"])["latestSolutionUpdate"]["status"]
            == "ACTIVE"
            and found
        )
    )
    assert updated["solutionConfig"]["autoTrainingConfig"]["schedulingExpression"] == "rate(2 days)"
    time.sleep(2.5)
    assert len(versions(eager, solution)) == 1  # the cycle begins anew, and nothing is new
    imported(eager, until_active, datasets["Interactions"], files["Interactions"][1], "auto-2", "INCREMENTAL")
    assert eventually(lambda: len(versions(eager, solution)) == 2)
    second = versions(eager, solution)[-1]["solutionVersionArn"]
    until_active(second, eager)

    def followed() -> bool:
        found = eager.describe_campaign(campaignArn=campaign)["campaign"]
        return bool(found["solutionVersionArn"] == second and found["latestCampaignUpdate"]["status"] == "ACTIVE")

    assert eventually(followed)
    eager.update_solution(solutionArn=solution, performAutoTraining=False)
    assert eventually(lambda: not eager.describe_solution(solutionArn=solution)["solution"]["performAutoTraining"])


def test_an_update_brings_new_items_into_a_trained_model(
    personalize: Any, runtime: Any, deploy: Any, two_tastes: Any, until_active: Any, tmp_path: Path
) -> None:
    shop = deploy("updated", two_tastes(60, 20), (PERSONAL,))
    version = shop.versions[PERSONAL]
    solution = version.rpartition("/")[0]
    items = personalize.list_datasets(datasetGroupArn=shop.group)["datasets"][1]["datasetArn"]
    (tmp_path / "items.csv").write_text("ITEM_ID,GENRES\nbrand-new,Drama\n")
    imported(personalize, until_active, items, tmp_path / "items.csv", "brand-new", "INCREMENTAL")
    ask = lambda: [  # noqa: E731
        each["itemId"]
        for each in runtime.get_recommendations(campaignArn=shop.campaigns[PERSONAL], userId="u2", numResults=500)[
            "itemList"
        ]
    ]
    before = ask()
    assert "brand-new" not in before
    made = personalize.create_solution_version(solutionArn=solution, trainingMode="UPDATE")["solutionVersionArn"]
    until_active(made)
    assert personalize.describe_solution_version(solutionVersionArn=made)["solutionVersion"]["trainingMode"] == "UPDATE"
    assert (
        personalize.get_solution_metrics(solutionVersionArn=made)["metrics"]
        == personalize.get_solution_metrics(solutionVersionArn=version)["metrics"]
    )
    personalize.update_campaign(campaignArn=shop.campaigns[PERSONAL], solutionVersionArn=made)
    assert eventually(lambda: "brand-new" in ask())
    assert [item for item in ask() if item != "brand-new"] == before  # what was learned is as it was


def test_what_cannot_be_updated_is_refused(personalize: Any, shop: Deployed, until_active: Any) -> None:
    sims = shop.versions["aws-sims"].rpartition("/")[0]
    with pytest.raises(personalize.exceptions.InvalidInputException, match="aws-sims"):
        personalize.create_solution_version(solutionArn=sims, trainingMode="UPDATE")
    fresh = personalize.create_solution(
        name="fresh", datasetGroupArn=shop.group, recipeArn=recipe(PERSONAL), performAutoTraining=False
    )["solutionArn"]
    until_active(fresh)
    with pytest.raises(personalize.exceptions.InvalidInputException, match="trained with FULL"):
        personalize.create_solution_version(solutionArn=fresh, trainingMode="UPDATE")


def test_a_search_shows_the_best_parameters_and_is_no_worse_than_the_defaults(
    personalize: Any, shop: Deployed, until_active: Any
) -> None:
    solution = personalize.create_solution(
        name="searched",
        datasetGroupArn=shop.group,
        recipeArn=recipe(PERSONAL),
        performHPO=True,
        performAutoTraining=False,
        solutionConfig={
            "algorithmHyperParameters": {"recency_mask": "false"},
            "hpoConfig": {
                "algorithmHyperParameterRanges": {
                    "integerHyperParameterRanges": [{"name": "bptt", "minValue": 20, "maxValue": 24}],
                    "continuousHyperParameterRanges": [{"name": "l2", "minValue": 10.0, "maxValue": 1000.0}],
                    "categoricalHyperParameterRanges": [],
                },
                "hpoResourceConfig": {"maxNumberOfTrainingJobs": "3", "maxParallelTrainingJobs": "1"},
            },
        },
    )["solutionArn"]
    until_active(solution)
    version = until_active(personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"])
    found = personalize.describe_solution_version(solutionVersionArn=version)["solutionVersion"]
    tuned = found["tunedHPOParams"]["algorithmHyperParameters"]
    assert 20 <= int(tuned["bptt"]) <= 24
    assert 10.0 <= float(tuned["l2"]) <= 1000.0
    assert found["performHPO"] is True


def test_automl_chooses_a_recipe_and_says_which(personalize: Any, shop: Deployed, until_active: Any) -> None:
    names = ("aws-popularity-count", "aws-hrnn")
    solution = personalize.create_solution(
        name="automl",
        datasetGroupArn=shop.group,
        performAutoML=True,
        performAutoTraining=False,
        solutionConfig={"autoMLConfig": {"recipeList": [recipe(name) for name in names]}},
    )["solutionArn"]
    until_active(solution)
    until_active(personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"])
    found = personalize.describe_solution(solutionArn=solution)["solution"]
    assert found["autoMLResult"]["bestRecipeArn"] == recipe("aws-hrnn")  # two tastes are planted
    assert "recipeArn" not in found


def test_weights_of_events_change_what_is_recommended(
    personalize: Any, runtime: Any, group_of: Any, until_active: Any, tmp_path: Path
) -> None:
    group, datasets = group_of("weighted", Interactions=VALUED)
    rows = ["asker,start,click,,1"]
    for user in range(60):  # after the same beginning, most of them look at one thing, and some buy another
        then = "cheap,click," if user % 3 else "dear,buy,5.0"
        rows += [f"u{user},start,click,,{1000 * user}", f"u{user},{then},{1000 * user + 1}"]
    (tmp_path / "e.csv").write_text("\n".join(["USER_ID,ITEM_ID,EVENT_TYPE,EVENT_VALUE,TIMESTAMP", *rows]) + "\n")
    imported(personalize, until_active, datasets["Interactions"], tmp_path / "e.csv", "weighted")

    def chances(name: str, **config: Any) -> dict[str, float]:
        solution = personalize.create_solution(
            name=name,
            datasetGroupArn=group,
            recipeArn=recipe("aws-user-personalization-v2"),
            performAutoTraining=False,
            solutionConfig={"algorithmHyperParameters": {"l2": "1"}, **config},
        )["solutionArn"]
        until_active(solution)
        version = until_active(personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"])
        metrics = personalize.get_solution_metrics(solutionVersionArn=version)["metrics"]
        assert ("normalized_discounted_cumulative_gain_with_event_weights_at_k" in metrics) == bool(config)
        campaign = personalize.create_campaign(name=name, solutionVersionArn=version)["campaignArn"]
        until_active(campaign)
        answer = runtime.get_recommendations(campaignArn=campaign, userId="asker")
        return {each["itemId"]: each["score"] for each in answer["itemList"]}

    plain = chances("plain")
    weighted = chances(
        "worth",
        eventsConfig={
            "eventParametersList": [
                {"eventType": "Click", "weight": 0.1},
                {"eventType": "buy", "weight": 1.0, "eventValueThreshold": 2.0},
            ]
        },
    )
    assert plain["cheap"] > plain["dear"]
    assert weighted["dear"] > weighted["cheap"]


CONFIG = {
    "an unknown schedule": ({"autoTrainingConfig": {"schedulingExpression": "rate(31 days)"}}, "rate"),
    "an objective that is no column": ({"optimizationObjective": {"itemAttribute": "PRICE"}}, "itemAttribute"),
    "weights for a recipe without": (
        {"eventsConfig": {"eventParametersList": [{"eventType": "watch", "weight": 1.0}]}},
        "-v2 recipes",
    ),
    "columns that are not there": (
        {"trainingDataConfig": {"excludedDatasetColumns": {"ITEMS": ["NOPE"]}}},
        "no column 'NOPE'",
    ),
    "the column of event types": (
        {"trainingDataConfig": {"excludedDatasetColumns": {"INTERACTIONS": ["EVENT_TYPE"]}}},
        "EVENT_TYPE cannot be excluded",
    ),
    "both excluded and included": (
        {
            "trainingDataConfig": {
                "excludedDatasetColumns": {"ITEMS": ["GENRES"]},
                "includedDatasetColumns": {"Items": ["GENRES"]},
            }
        },
        "one of them",
    ),
}


@pytest.mark.parametrize(("config", "told"), CONFIG.values(), ids=CONFIG)
def test_a_configuration_that_cannot_be_is_refused(personalize: Any, shop: Deployed, config: Body, told: str) -> None:
    with pytest.raises(personalize.exceptions.InvalidInputException, match=told):
        personalize.create_solution(
            name="refused", datasetGroupArn=shop.group, recipeArn=recipe(PERSONAL), solutionConfig=config
        )


SEARCH = {
    "a parameter that is not tunable": (
        {
            "algorithmHyperParameterRanges": {
                "integerHyperParameterRanges": [{"name": "x", "minValue": 1, "maxValue": 2}]
            }
        },
        "tunes",
    ),
    "a range beyond the recipe's": (
        {
            "algorithmHyperParameterRanges": {
                "integerHyperParameterRanges": [{"name": "bptt", "minValue": 1, "maxValue": 32}]
            }
        },
        "inside 2 to 32",
    ),
    "too many trainings": ({"hpoResourceConfig": {"maxNumberOfTrainingJobs": "41"}}, "1 to 40"),
    "an objective": ({"hpoObjective": {"type": "Maximize"}}, "hpoObjective"),
}


@pytest.mark.parametrize(("hpo", "told"), SEARCH.values(), ids=SEARCH)
def test_a_search_that_cannot_be_is_refused(personalize: Any, shop: Deployed, hpo: Body, told: str) -> None:
    with pytest.raises(personalize.exceptions.InvalidInputException, match=told):
        personalize.create_solution(
            name="refused",
            datasetGroupArn=shop.group,
            recipeArn=recipe(PERSONAL),
            performHPO=True,
            solutionConfig={"hpoConfig": hpo},
        )


def test_a_solution_that_is_updated_is_kept_and_a_second_update_waits(personalize: Any, shop: Deployed) -> None:
    solution = shop.versions["aws-popularity-count"].rpartition("/")[0]
    with pytest.raises(personalize.exceptions.InvalidInputException, match="something to change"):
        personalize.update_solution(solutionArn=solution)
    with pytest.raises(personalize.exceptions.InvalidInputException, match="rate"):
        personalize.update_solution(
            solutionArn=solution,
            solutionUpdateConfig={"autoTrainingConfig": {"schedulingExpression": "rate(0 days)"}},
        )
    with pytest.raises(personalize.exceptions.InvalidInputException, match="performIncrementalUpdate"):
        personalize.update_solution(solutionArn=solution, performIncrementalUpdate=True)


def test_following_needs_the_newest_version_by_its_alias(personalize: Any, shop: Deployed) -> None:
    with pytest.raises(personalize.exceptions.InvalidInputException, match=r"\$LATEST"):
        personalize.create_campaign(
            name="stuck",
            solutionVersionArn=shop.versions["aws-sims"],
            campaignConfig={"syncWithLatestSolutionVersion": True},
        )


def test_an_objective_moves_lists_towards_items_of_high_value(
    personalize: Any, runtime: Any, group_of: Any, two_tastes: Any, until_active: Any, tmp_path: Path
) -> None:
    priced = schema("Items", {"name": "ITEM_ID", "type": "string"}, {"name": "MARGIN", "type": "float"})
    group, datasets = group_of("objective", Interactions=INTERACTIONS, Items=priced)
    (tmp_path / "items.csv").write_text("ITEM_ID,MARGIN\n" + "".join(f"i{n},{n % 7}\n" for n in range(40)))
    imported(personalize, until_active, datasets["Items"], tmp_path / "items.csv", "objective-items")
    imported(personalize, until_active, datasets["Interactions"], two_tastes(80)["Interactions"][1], "objective")

    def margin(sensitivity: str) -> float:
        solution = personalize.create_solution(
            name=f"objective-{sensitivity}",
            datasetGroupArn=group,
            recipeArn=recipe(PERSONAL),
            performAutoTraining=False,
            solutionConfig={"optimizationObjective": {"itemAttribute": "margin", "objectiveSensitivity": sensitivity}},
        )["solutionArn"]
        until_active(solution)
        version = until_active(personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"])
        assert 0 < personalize.get_solution_metrics(solutionVersionArn=version)["metrics"]["average_rewards_at_k"] <= 1
        campaign = personalize.create_campaign(name=f"objective-{sensitivity}", solutionVersionArn=version)
        until_active(campaign["campaignArn"])
        answer = runtime.get_recommendations(campaignArn=campaign["campaignArn"], userId="u3", numResults=10)
        return sum(int(each["itemId"][1:]) % 7 for each in answer["itemList"]) / 10

    off, low, high = margin("OFF"), margin("LOW"), margin("HIGH")
    assert off <= low < high
    assert high > 5


def test_new_items_flow_into_a_deployed_model_by_themselves(
    start_server: Callable[..., Server], deploy: Any, two_tastes: Any
) -> None:
    server = start_server(auto_update_s=1.0)
    client, runtime = server.client("personalize"), server.client("personalize-runtime")
    shop = deploy("flowing", two_tastes(60, 20), (PERSONAL,), client=client)
    items = shop.interactions.replace("INTERACTIONS", "ITEMS")
    server.client("personalize-events").put_items(datasetArn=items, items=[{"itemId": "just-in"}])

    def shown() -> list[str]:
        answer = runtime.get_recommendations(campaignArn=shop.campaigns[PERSONAL], userId="u2", numResults=500)
        return [each["itemId"] for each in answer["itemList"]]

    before = shown()
    described = client.describe_solution_version(solutionVersionArn=shop.versions[PERSONAL])["solutionVersion"]
    assert eventually(lambda: "just-in" in shown())
    assert [item for item in shown() if item != "just-in"] == [item for item in before if item != "just-in"]
    again = client.describe_solution_version(solutionVersionArn=shop.versions[PERSONAL])["solutionVersion"]
    assert again == described  # no status tells of it
    assert len(versions(client, shop.versions[PERSONAL].rpartition("/")[0])) == 1
