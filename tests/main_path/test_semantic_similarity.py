"""aws-semantic-similarity over HTTP: from films with plots to lists, influences, new films and batches."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from main_path.served import INTERACTIONS, Body, Server, recipe, schema
from recipes.plots import FILMS, NEW, theme

NAME = "aws-semantic-similarity"
ITEM_ID = {"name": "ITEM_ID", "type": "string"}
TITLE = {"name": "TITLE", "type": ["null", "string"], "itemName": True}
PLOT = {"name": "PLOT", "type": ["null", "string"], "textual": True}
CREATED = {"name": "CREATION_TIMESTAMP", "type": ["null", "long"]}
ITEMS = schema("Items", ITEM_ID, TITLE, PLOT, CREATED)
UNDATED = schema("Items", ITEM_ID, TITLE, PLOT)
POPULAR, FRESH, ASKED = "sea-4", "sea-3", "sea-1"
DAY_S = 86_400


@pytest.fixture(scope="module")
def cinema(start_server: Callable[..., Server]) -> Server:
    """A server that looks for new items every second."""
    return start_server(incremental_update_s=1.0)


@pytest.fixture(scope="module")
def p(cinema: Server) -> Any:
    """Its control plane."""
    return cinema.client("personalize")


def files(folder: Path, *, dated: bool = True) -> dict[str, Path]:
    """Films, all old but one, and people who watch all of them, one more often than the others."""
    films = [
        f'{name},{title},"{plot}"' + (f",{(1000 if name == FRESH else place) * DAY_S}" if dated else "")
        for place, (name, (title, plot)) in enumerate(FILMS.items(), 1)
    ]
    header = "ITEM_ID,TITLE,PLOT" + (",CREATION_TIMESTAMP" if dated else "")
    (folder / "items.csv").write_text("\n".join([header, *films]) + "\n")
    events = [
        f"u{user},{name},watch,{1_700_000_000 + user * 60 + place}"
        for user in range(30)
        for place, name in enumerate(FILMS)
        if user < 3 or name == POPULAR
    ]
    (folder / "events.csv").write_text("\n".join(["USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP", *events]) + "\n")
    return {"Items": folder / "items.csv", "Interactions": folder / "events.csv"}


@pytest.fixture(scope="module")
def films(
    p: Any, group_of: Callable[..., tuple[str, dict[str, str]]], until_active: Any, tmp_path_factory: Any
) -> dict[str, str]:
    """A version with incremental updates, its campaign, and what they are of."""
    group, datasets = group_of("films", p, Interactions=INTERACTIONS, Items=ITEMS)
    for kind, path in files(tmp_path_factory.mktemp("films")).items():
        job = p.create_dataset_import_job(
            jobName=f"films-{kind}", datasetArn=datasets[kind], dataSource={"dataLocation": str(path)}
        )
        until_active(job["datasetImportJobArn"], p)
    solution = p.create_solution(
        name="films",
        datasetGroupArn=group,
        recipeArn=recipe(NAME),
        performAutoTraining=False,
        performIncrementalUpdate=True,
    )["solutionArn"]
    until_active(solution, p)
    version = until_active(p.create_solution_version(solutionArn=solution)["solutionVersionArn"], p)
    campaign = until_active(p.create_campaign(name="films", solutionVersionArn=version)["campaignArn"], p)
    return {**datasets, "group": group, "solution": solution, "version": version, "campaign": campaign}


@pytest.fixture(scope="module")
def beside(cinema: Server, films: dict[str, str]) -> Callable[..., list[str]]:
    """The films that the campaign lists beside one."""
    runtime = cinema.client("personalize-runtime")

    def ask(item: str = ASKED, **more: Any) -> list[str]:
        answer = runtime.get_recommendations(campaignArn=films["campaign"], itemId=item, **more)
        return [each["itemId"] for each in answer["itemList"]]

    return ask


def eventually(look: Callable[[], Any]) -> Any:
    deadline_s = time.monotonic() + 60
    while not (found := look()) and time.monotonic() < deadline_s:
        time.sleep(0.05)
    return found


def test_films_of_the_same_meaning_are_beside_a_film_and_popular_ones_beside_an_unknown_one(
    beside: Callable[..., list[str]],
) -> None:
    found = beside()
    assert {theme(item) for item in found[:3]} == {"sea"}
    assert ASKED not in found
    assert len(found) == len(FILMS) - 1
    assert beside("never-seen")[0] == POPULAR


def test_answers_have_metadata_without_being_told_to_and_no_scores(cinema: Server, films: dict[str, str]) -> None:
    runtime = cinema.client("personalize-runtime")
    answer = runtime.get_recommendations(
        campaignArn=films["campaign"], itemId=ASKED, numResults=2, metadataColumns={"ITEMS": ["TITLE"]}
    )
    assert all(set(each) == {"itemId", "metadata"} for each in answer["itemList"])
    first = answer["itemList"][0]
    assert first["metadata"] == {"title": FILMS[first["itemId"]][0]}


def test_its_own_measures_stand_beside_the_others(p: Any, films: dict[str, str]) -> None:
    found = p.get_solution_metrics(solutionVersionArn=films["version"])["metrics"]
    assert {"item_popularity", "item_freshness", "item_similarity", "coverage", "precision_at_5"} <= set(found)
    assert 0 < found["item_similarity"] < 1


def test_an_influence_moves_lists_as_soon_as_the_campaign_is_updated(
    p: Any, films: dict[str, str], beside: Callable[..., list[str]]
) -> None:
    plain = beside()

    def under(**influence: float) -> list[str]:
        config = {"rankingInfluence": influence}
        p.update_campaign(campaignArn=films["campaign"], campaignConfig=config)
        campaign = lambda: p.describe_campaign(campaignArn=films["campaign"])["campaign"]  # noqa: E731
        assert eventually(lambda: campaign()["latestCampaignUpdate"]["status"] == "ACTIVE")
        assert campaign()["campaignConfig"] == config
        return beside()

    assert under(POPULARITY=1.0).index(POPULAR) < plain.index(POPULAR)
    assert under(FRESHNESS=1.0)[0] == FRESH
    assert plain[0] != FRESH
    assert under(POPULARITY=0.0, FRESHNESS=0.0) == plain


def test_a_new_film_and_a_changed_plot_are_found_by_themselves(
    cinema: Server, p: Any, films: dict[str, str], beside: Callable[..., list[str]]
) -> None:
    before = p.describe_solution_version(solutionVersionArn=films["version"])["solutionVersion"]
    assert before["performIncrementalUpdate"] is True
    new = {"TITLE": NEW[0], "PLOT": NEW[1], "CREATION_TIMESTAMP": DAY_S}
    plot = "Astronauts bring a rocket to a damaged station near a planet."
    changed = {"TITLE": FILMS["cook-4"][0], "PLOT": plot, "CREATION_TIMESTAMP": DAY_S}
    put = cinema.client("personalize-events").put_items(
        datasetArn=films["Items"],
        items=[
            {"itemId": "new", "properties": json.dumps(new)},
            {"itemId": "cook-4", "properties": json.dumps(changed)},
        ],
    )
    assert put["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert eventually(lambda: "new" in beside()[:4])
    assert theme(beside("cook-4")[0]) == "space"
    assert [theme(item) for item in beside("new")[:3]] == ["sea"] * 3
    after = p.describe_solution_version(solutionVersionArn=films["version"])["solutionVersion"]
    assert after == before  # no status tells of it
    assert len(p.list_solution_versions(solutionArn=films["solution"])["solutionVersions"]) == 1


def test_a_batch_answers_like_the_campaign_and_has_influences_of_its_own(
    cinema: Server, p: Any, films: dict[str, str], beside: Callable[..., list[str]], until: Any
) -> None:
    folder = cinema.home / "buckets" / "films"
    folder.mkdir(parents=True)
    (folder / "in.jsonl").write_text(json.dumps({"itemId": ASKED}) + "\n")

    def answered(name: str, **config: Any) -> list[str]:
        job = p.create_batch_inference_job(
            jobName=name,
            solutionVersionArn=films["version"],
            jobInput={"s3DataSource": {"path": "s3://films/in.jsonl"}},
            jobOutput={"s3DataDestination": {"path": f"s3://films/{name}/"}},
            roleArn="arn:aws:iam::000000000000:role/batch",
            **config,
        )
        until(job["batchInferenceJobArn"], "ACTIVE", client=p)
        line = json.loads((folder / name / "in.jsonl.out").read_text())
        return list(line["output"]["recommendedItems"])

    assert answered("plain") == beside()
    fresh = answered("fresh", batchInferenceJobConfig={"rankingInfluence": {"FRESHNESS": 1.0}})
    assert fresh.index(FRESH) < beside().index(FRESH)


def refused(p: Any, group: str, **more: Any) -> str:
    with pytest.raises(p.exceptions.InvalidInputException) as found:
        p.create_solution(name="refused", datasetGroupArn=group, recipeArn=recipe(NAME), **more)
    return str(found.value)


@pytest.mark.parametrize(
    ("name", "columns", "told"),
    [
        ("no-items", None, "has no ACTIVE Items dataset"),
        ("no-name", [ITEM_ID, PLOT], "needs a string column marked itemName: true in the Items dataset"),
        ("no-text", [ITEM_ID, TITLE], "needs a string column marked textual: true in the Items dataset"),
    ],
)
def test_a_group_without_names_and_texts_is_refused(
    p: Any, group_of: Any, name: str, columns: list[Body] | None, told: str
) -> None:
    more = {} if columns is None else {"Items": schema("Items", *columns)}
    group, _ = group_of(name, p, Interactions=INTERACTIONS, **more)
    assert told in refused(p, group)


def test_texts_must_not_be_left_out_of_the_training(p: Any, films: dict[str, str]) -> None:
    left_out = {"trainingDataConfig": {"excludedDatasetColumns": {"ITEMS": ["PLOT"]}}}
    assert "marked textual" in refused(p, films["group"], solutionConfig=left_out)


def test_a_training_without_any_text_fails_and_freshness_needs_dates(
    p: Any, group_of: Any, until: Any, until_active: Any, tmp_path: Path
) -> None:
    group, datasets = group_of("undated", p, Interactions=INTERACTIONS, Items=UNDATED)
    paths = files(tmp_path, dated=False)

    def imported(kind: str) -> None:
        job = p.create_dataset_import_job(
            jobName=f"undated-{kind}", datasetArn=datasets[kind], dataSource={"dataLocation": str(paths[kind])}
        )
        until_active(job["datasetImportJobArn"], p)

    imported("Interactions")
    solution = p.create_solution(
        name="undated", datasetGroupArn=group, recipeArn=recipe(NAME), performAutoTraining=False
    )["solutionArn"]
    until_active(solution, p)
    failed = p.create_solution_version(solutionArn=solution)["solutionVersionArn"]
    assert until(failed, "CREATE FAILED", client=p)["failureReason"].startswith("Create failed. No item has a name or")
    imported("Items")
    version = until_active(p.create_solution_version(solutionArn=solution)["solutionVersionArn"], p)
    assert "item_freshness" not in p.get_solution_metrics(solutionVersionArn=version)["metrics"]
    for influence in ({"FRESHNESS": 0.5}, {"FRESHNESS": 0.1, "POPULARITY": 1.0}):
        with pytest.raises(p.exceptions.InvalidInputException, match="FRESHNESS needs a column CREATION_TIMESTAMP"):
            p.create_campaign(
                name="undated", solutionVersionArn=version, campaignConfig={"rankingInfluence": influence}
            )
    with pytest.raises(p.exceptions.InvalidInputException):
        p.create_campaign(
            name="undated", solutionVersionArn=version, campaignConfig={"rankingInfluence": {"POPULARITY": 1.5}}
        )


def test_switching_incremental_updates_on_and_off_is_for_this_recipe(p: Any, films: dict[str, str]) -> None:

    def solution() -> Body:
        return dict(p.describe_solution(solutionArn=films["solution"])["solution"])

    for wanted in (False, True):
        p.update_solution(solutionArn=films["solution"], performIncrementalUpdate=wanted)
        assert eventually(lambda: solution()["latestSolutionUpdate"]["status"] == "ACTIVE")
        assert solution()["performIncrementalUpdate"] is wanted
