"""Batch jobs end to end: files in, files out, every type of recipe; segments, themes, refusals and interruptions."""

import json
import os
import signal
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config

from main_path.served import INTERACTIONS, Body, Deployed, Server, recipe, schema

ROLE = "arn:aws:iam::000000000000:role/batch"
ITEMS = schema(
    "Items",
    {"name": "ITEM_ID", "type": "string"},
    {"name": "TITLE", "type": ["null", "string"]},
    {"name": "GENRES", "type": ["null", "string"], "categorical": True},
    {"name": "PRICE", "type": ["null", "int"]},
    {"name": "PLOT", "type": ["null", "string"], "textual": True},
)
USERS = schema(
    "Users",
    {"name": "USER_ID", "type": "string"},
    {"name": "PLAN", "type": ["null", "string"], "categorical": True},
)
PLOTS = ("A whale and a harbour, sailors on the sea", "A spaceship leaves for a planet of robots")


@dataclass(frozen=True)
class Batch:
    """Runs jobs against a server."""

    server: Server
    personalize: Any
    until: Callable[..., Body]

    def write(self, lines: Iterable[Any], name: str = "input.jsonl", folder: str | None = None) -> str:
        """Write lines (objects, or text as it is); gives the location of the folder."""
        folder = folder or f"s3://batch/{uuid.uuid4().hex}"
        place = self.place(folder)
        place.mkdir(parents=True, exist_ok=True)
        texts = [each if isinstance(each, str) else json.dumps(each) for each in lines]
        (place / name).write_text("".join(f"{text}\n" for text in texts))
        return folder

    def place(self, location: str) -> Path:
        """Where an s3:// location is on disk."""
        return self.server.home / "buckets" / location.removeprefix("s3://")

    def start(self, version: str, source: str, target: str, kind: str = "inference", **more: Any) -> str:
        """Create a job; gives its ARN."""
        create = getattr(self.personalize, f"create_batch_{kind}_job")
        answer = create(
            jobName=more.pop("jobName", f"j{uuid.uuid4().hex}"),
            solutionVersionArn=version,
            jobInput={"s3DataSource": {"path": source}},
            jobOutput={"s3DataDestination": {"path": target}},
            roleArn=ROLE,
            **more,
        )
        return str(answer[f"batch{kind.title()}JobArn"])

    def run(self, version: str, lines: Iterable[Any], kind: str = "inference", **more: Any) -> list[Body]:
        """Answers to lines, as they were written."""
        source = self.write(lines)
        self.until(self.start(version, f"{source}/input.jsonl", f"{source}/out/", kind, **more), "ACTIVE")
        return self.read(f"{source}/out/input.jsonl.out")

    def read(self, location: str) -> list[Body]:
        """The lines of an output object."""
        return [json.loads(line) for line in self.place(location).read_text().splitlines()]

    def failed(self, arn: str) -> str:
        """Why a job failed."""
        return str(self.until(arn, "CREATE FAILED")["failureReason"])


@pytest.fixture(scope="module")
def batch(server: Server, personalize: Any, until: Callable[..., Body]) -> Batch:
    (server.home / "buckets" / "batch").mkdir(exist_ok=True)
    return Batch(server, personalize, until)


@pytest.fixture(scope="module")
def trained(
    personalize: Any,
    tmp_path_factory: pytest.TempPathFactory,
    group_of: Callable[..., tuple[str, dict[str, str]]],
    until_active: Callable[..., str],
) -> dict[str, str]:
    """Versions by recipe, and the group: users with an even number choose even items, which are about the sea."""
    folder = tmp_path_factory.mktemp("batch")
    events = ["USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP"]
    for user in range(60):
        for place in range(8):
            item = (user // 2 + place * (1 + user % 3)) % 10 * 2 + user % 2
            events.append(f"u{user},i{item},{'buy' if user < 10 else 'watch'},{1_700_000_000 + user * 100 + place}")
    (folder / "Interactions.csv").write_text("\n".join(events) + "\n")
    items = [f"i{n},Title {n},{'Drama|Sea' if n % 2 == 0 else 'Space'},{n % 4},{PLOTS[n % 2]} {n}" for n in range(20)]
    items = [line.replace("harbour, sailors", "harbour and sailors") for line in items]
    (folder / "Items.csv").write_text("\n".join(["ITEM_ID,TITLE,GENRES,PRICE,PLOT", *items]) + "\n")
    users = [f"u{n},{'gold' if n % 4 < 2 else 'free'}" for n in range(60)]
    (folder / "Users.csv").write_text("\n".join(["USER_ID,PLAN", *users]) + "\n")
    group, datasets = group_of("batch", Interactions=INTERACTIONS, Items=ITEMS, Users=USERS)
    for kind, dataset in datasets.items():
        job = personalize.create_dataset_import_job(
            jobName=f"batch-{kind}", datasetArn=dataset, dataSource={"dataLocation": str(folder / f"{kind}.csv")}
        )
        until_active(job["datasetImportJobArn"])
    versions = {}
    for name in (
        "aws-item-affinity",
        "aws-item-attribute-affinity",
        "aws-similar-items",
        "aws-user-personalization-v2",
        "aws-trending-now",
    ):
        solution = personalize.create_solution(
            name=f"batch-{name}", datasetGroupArn=group, recipeArn=recipe(name), performAutoTraining=False
        )["solutionArn"]
        until_active(solution)
        versions[name] = personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"]
    return {name: until_active(arn) for name, arn in versions.items()} | {"group": group}


@pytest.fixture(scope="module")
def filter_named(personalize: Any, until_active: Callable[..., str]) -> Callable[[str, str], str]:
    """Makes a filter."""

    def make(group: str, expression: str) -> str:
        created = personalize.create_filter(
            name=f"f{uuid.uuid4().hex}", datasetGroupArn=group, filterExpression=expression
        )
        return until_active(created["filterArn"])

    return make


def test_users_get_what_the_campaign_would_answer(batch: Batch, movielens: Deployed, runtime: Any) -> None:
    version = movielens.versions["aws-user-personalization"]
    lines = [{"userId": str(n)} for n in (1, 500, 943)] + [{"userId": "nobody", "note": "kept"}, "", {"userId": "1"}]
    answers = batch.run(version, lines)

    assert [each["input"] for each in answers] == [line for line in lines if line]
    assert [list(each) for each in answers] == [["input", "output", "error"]] * 5
    for each in answers:
        assert each["error"] is None
        campaign = runtime.get_recommendations(
            campaignArn=movielens.campaigns["aws-user-personalization"], userId=each["input"]["userId"]
        )
        assert list(each["output"]) == ["recommendedItems", "scores"]
        assert each["output"]["recommendedItems"] == [item["itemId"] for item in campaign["itemList"]]
        assert each["output"]["scores"] == [item["score"] for item in campaign["itemList"]]


def test_output_is_compact_and_scores_have_seven_digits(batch: Batch, movielens: Deployed) -> None:
    source = batch.write([{"userId": "1"}])
    version = movielens.versions["aws-user-personalization"]
    arn = batch.start(version, f"{source}/input.jsonl", f"{source}/out", numResults=3)
    batch.until(arn, "ACTIVE")
    text = batch.place(f"{source}/out/input.jsonl.out").read_text()
    assert text.startswith('{"input":{"userId":"1"},"output":{"recommendedItems":["')
    assert text.endswith('"error":null}\n')
    (answer,) = batch.read(f"{source}/out/input.jsonl.out")
    assert len(answer["output"]["scores"]) == 3
    assert all(score == round(score, 7) for score in answer["output"]["scores"])


def test_events_streamed_since_the_training_count(batch: Batch, shop: Deployed, events: Any) -> None:
    version, user = shop.versions["aws-user-personalization"], f"batch-{uuid.uuid4().hex}"
    (before,) = batch.run(version, [{"userId": user}])
    events.put_events(
        trackingId=shop.tracking_id,
        userId=user,
        sessionId="s",
        eventList=[{"eventType": "watch", "itemId": "i1", "sentAt": 1_700_000_000 + n} for n in range(5)],
    )
    (after,) = batch.run(version, [{"userId": user}])
    assert before["output"] != after["output"]


def test_popular_and_related_items_have_no_scores(batch: Batch, shop: Deployed) -> None:
    (popular,) = batch.run(shop.versions["aws-popularity-count"], [{"userId": "u1"}])
    related, unknown = batch.run(shop.versions["aws-sims"], [{"itemId": "i2"}, {"itemId": "never seen"}])

    assert list(popular["output"]) == list(related["output"]) == ["recommendedItems"]
    assert len(popular["output"]["recommendedItems"]) == 25
    assert "i2" not in related["output"]["recommendedItems"]
    assert unknown["output"]["recommendedItems"] == popular["output"]["recommendedItems"]


def test_given_items_are_ranked_and_unknown_ones_come_last_without_a_score(batch: Batch, shop: Deployed) -> None:
    line = {"userId": "u0", "itemList": ["new", "i1", "i0", "i2", "i1"]}
    (answer,) = batch.run(shop.versions["aws-personalized-ranking"], [line])
    output = answer["output"]
    assert set(output["recommendedItems"][:2]) == {"i0", "i2"}
    assert output["recommendedItems"][2:] == ["i1", "new"]
    assert output["scores"][-1] is None
    assert sum(output["scores"][:-1]) == pytest.approx(1, abs=1e-6)


def test_version_2_tells_the_reasons(batch: Batch, trained: dict[str, str]) -> None:
    (answer,) = batch.run(trained["aws-user-personalization-v2"], [{"userId": "u0"}], numResults=4)
    assert list(answer["output"]) == ["recommendedItems", "scores", "reasons"]
    assert answer["output"]["reasons"] == [[], [], [], []]


def test_a_filter_has_values_from_each_line(
    batch: Batch, shop: Deployed, filter_named: Callable[[str, str], str]
) -> None:
    arn = filter_named(
        shop.group,
        'INCLUDE ItemID WHERE Items.GENRES IN ($G) | EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("watch")',
    )
    drama, comedy, none = batch.run(
        shop.versions["aws-user-personalization"],
        [
            {"userId": "u0", "filterValues": {"G": '"Drama"'}},
            {"userId": "u0", "filterValues": {"G": '"Comedy"'}},
            {"userId": "u0"},
        ],
        filterArn=arn,
        numResults=40,
    )
    assert 0 < len(drama["output"]["recommendedItems"]) < 20
    assert all(int(item[1:]) % 2 == 0 for item in drama["output"]["recommendedItems"])
    assert len(comedy["output"]["recommendedItems"]) == 20
    assert none["output"] is None
    assert "filterValues has no value for G" in none["error"]


def test_a_line_that_cannot_be_answered_says_why_and_the_others_go_on(batch: Batch, shop: Deployed) -> None:
    lines = ["nonsense", "[1]", '{"userId": null}', '{"userId": 7}', '{"userId": "u1"}', "[" * 5000]
    answers = batch.run(shop.versions["aws-user-personalization"], lines)

    assert [each["input"] for each in answers[:4]] == ["nonsense", "[1]", {"userId": None}, {"userId": 7}]
    assert all(each["output"] is None and each["error"] for each in (*answers[:4], answers[5]))
    assert "not JSON" in answers[0]["error"]
    assert "userId is missing" in answers[2]["error"]
    assert "userId is 7" in answers[3]["error"]
    assert answers[4]["error"] is None


def test_a_folder_becomes_a_folder(batch: Batch, shop: Deployed) -> None:
    source = batch.write([{"userId": "u1"}, {"userId": "u2"}], "a.json")
    batch.write([{"userId": "u3"}], "b", source)
    batch.write(["left out"], "b.out", source)
    batch.write(["left out"], "_CHECK", source)
    batch.write(["left out"], "c", f"{source}/below")
    arn = batch.start(shop.versions["aws-user-personalization"], f"{source}/", f"{source}-out/")
    shown = batch.until(arn, "ACTIVE")

    assert sorted(path.name for path in batch.place(f"{source}-out").iterdir()) == ["a.json.out", "b.out"]
    assert len(batch.read(f"{source}-out/a.json.out")) == 2
    assert shown["batchInferenceJobMode"] == "BATCH_INFERENCE"
    assert shown["numResults"] == 25
    assert shown["jobInput"]["s3DataSource"]["path"] == f"{source}/"
    assert "failureReason" not in shown


def test_jobs_are_listed_by_version_and_their_names_are_taken(batch: Batch, shop: Deployed, personalize: Any) -> None:
    source, name = batch.write([{"itemId": "i1"}]), f"n{uuid.uuid4().hex}"
    version = shop.versions["aws-sims"]
    arn = batch.start(version, source, f"{source}/out", jobName=name)
    listed = personalize.list_batch_inference_jobs(solutionVersionArn=version)["batchInferenceJobs"]
    others = personalize.list_batch_inference_jobs(solutionVersionArn=shop.versions["aws-popularity-count"])
    assert arn in [each["batchInferenceJobArn"] for each in listed]
    assert arn not in [each["batchInferenceJobArn"] for each in others["batchInferenceJobs"]]
    with pytest.raises(personalize.exceptions.ResourceAlreadyExistsException, match=arn):
        batch.start(version, source, f"{source}/out", jobName=name)
    batch.until(arn, "ACTIVE")


def test_a_job_fails_for_wrong_places_and_says_so(batch: Batch, shop: Deployed) -> None:
    version = shop.versions["aws-sims"]
    source = batch.write([{"itemId": "i1"}])
    assert "Invalid S3 input path" in batch.failed(batch.start(version, "s3://batch/nothing-here", f"{source}/out"))
    assert "Invalid S3 output path" in batch.failed(batch.start(version, source, f"{source}/"))
    in_the_way = f"{source}/input.jsonl/out"
    assert "Invalid S3 output path" in batch.failed(batch.start(version, source, in_the_way))


def test_a_job_fails_if_no_line_can_be_answered(batch: Batch, shop: Deployed) -> None:
    source = batch.write([{"userId": "u1"}, "?"])
    reason = batch.failed(batch.start(shop.versions["aws-sims"], source, f"{source}/out"))
    assert reason == (
        "None of the 2 lines could be answered. The first: itemId is missing: give a string of 1 to 256 characters."
    )
    empty = batch.write([" "])
    assert "has no lines" in batch.failed(batch.start(shop.versions["aws-sims"], empty, f"{empty}/out"))


@pytest.mark.parametrize(
    ("kind", "name", "more", "message"),
    [
        ("inference", "aws-item-affinity", {}, "CreateBatchSegmentJob"),
        ("inference", "aws-trending-now", {}, "no batch inference"),
        ("inference", "aws-similar-items", {"numResults": 501}, "1 to 500"),
        ("inference", "aws-similar-items", {"numResults": 0}, "1 to 500"),
        (
            "inference",
            "aws-similar-items",
            {"batchInferenceJobConfig": {"itemExplorationConfig": {"explorationWeight": "0.3"}}},
            "does not explore",
        ),
        (
            "inference",
            "aws-similar-items",
            {"batchInferenceJobConfig": {"rankingInfluence": {"POPULARITY": 0.5}}},
            "aws-semantic-similarity",
        ),
        ("inference", "aws-user-personalization-v2", {"batchInferenceJobMode": "THEME_GENERATION"}, "has themes"),
        ("inference", "aws-similar-items", {"batchInferenceJobMode": "THEME_GENERATION"}, "itemName"),
        (
            "inference",
            "aws-similar-items",
            {"themeGenerationConfig": {"fieldsForThemeGeneration": {"itemName": "TITLE"}}},
            "THEME_GENERATION",
        ),
        ("segment", "aws-similar-items", {}, "finds no users"),
        ("segment", "aws-item-affinity", {"numResults": 5_000_001}, "5,000,000"),
    ],
)
def test_what_does_not_go_together_is_refused(
    batch: Batch, trained: dict[str, str], personalize: Any, kind: str, name: str, more: Body, message: str
) -> None:
    with pytest.raises(personalize.exceptions.InvalidInputException, match=message):
        batch.start(trained[name], "s3://batch/in", "s3://batch/out", kind, **more)


def test_filters_must_fit_the_job(
    batch: Batch,
    shop: Deployed,
    trained: dict[str, str],
    personalize: Any,
    filter_named: Callable[[str, str], str],
) -> None:
    invalid = personalize.exceptions.InvalidInputException
    of_items = filter_named(trained["group"], 'INCLUDE ItemID WHERE Items.GENRES IN ("Sea")')
    of_users = filter_named(trained["group"], 'INCLUDE UserID WHERE Interactions.EVENT_TYPE IN ("buy")')
    beside = filter_named(trained["group"], "INCLUDE ItemID WHERE Items.GENRES IN CurrentItem.GENRES")
    places = ("s3://batch/in", "s3://batch/out")

    with pytest.raises(invalid, match="another dataset group"):
        batch.start(shop.versions["aws-sims"], *places, filterArn=of_items)
    with pytest.raises(invalid, match="filter on ItemID"):
        batch.start(trained["aws-similar-items"], *places, filterArn=of_users)
    with pytest.raises(invalid, match="filter on UserID"):
        batch.start(trained["aws-item-affinity"], *places, "segment", filterArn=of_items)
    with pytest.raises(invalid, match="looks at interactions"):
        batch.start(trained["aws-item-attribute-affinity"], *places, "segment", filterArn=of_users)
    with pytest.raises(invalid, match="CurrentItem"):
        batch.start(trained["aws-user-personalization-v2"], *places, filterArn=beside)
    (answer,) = batch.run(trained["aws-similar-items"], [{"itemId": "i2"}], filterArn=beside)
    assert all(int(item[1:]) % 2 == 0 for item in answer["output"]["recommendedItems"])


def test_versions_must_be_there(batch: Batch, shop: Deployed, personalize: Any) -> None:
    version = shop.versions["aws-sims"]
    solution = version.rpartition("/")[0]
    places = ("s3://batch/in", "s3://batch/out")
    with pytest.raises(personalize.exceptions.ResourceNotFoundException):
        batch.start(f"{solution}/00000000", *places)
    with pytest.raises(personalize.exceptions.InvalidInputException, match="takes one version"):
        batch.start(f"{solution}/$LATEST", *places)
    with pytest.raises(personalize.exceptions.ResourceNotFoundException, match="no ARN of a SolutionVersion"):
        batch.start(shop.campaigns["aws-sims"], *places)


def test_segments_of_users_for_items(
    batch: Batch, trained: dict[str, str], filter_named: Callable[[str, str], str]
) -> None:
    lines = [{"itemId": "i4"}, {"itemId": "i5"}, {"itemId": "unknown"}]
    even, odd, unknown = batch.run(trained["aws-item-affinity"], lines, "segment", numResults=20)
    assert even["input"] == {"itemId": "i4"}
    assert even["output"]["usersList"] == even["output"]["recommendedUsers"]
    assert len(even["output"]["usersList"]) == 20
    assert all(int(user[1:]) % 2 == 0 for user in even["output"]["usersList"])
    assert all(int(user[1:]) % 2 == 1 for user in odd["output"]["usersList"])
    assert unknown["output"] is None
    assert '"unknown" is not known to the model' in unknown["error"]

    arn = filter_named(
        trained["group"],
        'INCLUDE UserID WHERE Users.PLAN IN ($PLAN) | EXCLUDE UserID WHERE Interactions.EVENT_TYPE IN ("BUY")',
    )
    gold, missing = batch.run(
        trained["aws-item-affinity"],
        [{"itemId": "i4", "filterValues": {"PLAN": '"gold"'}}, {"itemId": "i4"}],
        "segment",
        numResults=60,
        filterArn=arn,
    )
    assert sorted(gold["output"]["usersList"]) == sorted(f"u{n}" for n in range(10, 60) if n % 4 < 2)
    assert "no value for PLAN" in missing["error"]


def test_segments_of_users_for_attributes(batch: Batch, trained: dict[str, str]) -> None:
    sea, space, nothing, unread, textual = batch.run(
        trained["aws-item-attribute-affinity"],
        [
            {"itemAttributes": 'ITEMS.genres = "Sea" AND items.PRICE = 2'},
            {"itemAttributes": 'ITEMS.GENRES = "Space"'},
            {"itemAttributes": 'ITEMS.GENRES = "Sea" AND ITEMS.GENRES = "Space"'},
            {"itemAttributes": 'ITEMS.GENRES IN ("Sea")'},
            {"itemAttributes": 'ITEMS.PLOT = "Sea"'},
        ],
        "segment",
    )
    assert len(sea["output"]["usersList"]) == 25
    assert all(int(user[1:]) % 2 == 0 for user in sea["output"]["usersList"])
    assert all(int(user[1:]) % 2 == 1 for user in space["output"]["usersList"])
    assert "all of these values together" in nothing["error"]
    assert "IN at column 14" in unread["error"]
    assert "categorical and numeric" in textual["error"]


def test_segments_know_what_is_told_of_users(
    batch: Batch, personalize: Any, group_of: Any, until_active: Callable[..., str], tmp_path: Path
) -> None:
    # All begin with the same item; then "gold" users choose even items, others odd ones. Newcomers have just begun.
    events, users = ["USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP"], ["USER_ID,PLAN"]
    for user in range(300):
        users.append(f"u{user},{'gold' if user % 2 == 0 else 'free'}")
        events.append(f"u{user},start,watch,{user * 100}")
        for place in range(6 if user < 280 else 0):
            events.append(
                f"u{user},i{(user // 2 + place * (1 + user % 3)) % 6 * 2 + user % 2},watch,{user * 100 + 9 + place}"
            )
    (tmp_path / "Interactions").write_text("\n".join(events) + "\n")
    (tmp_path / "Users").write_text("\n".join(users) + "\n")
    group, datasets = group_of("told", Interactions=INTERACTIONS, Users=USERS)
    for kind, dataset in datasets.items():
        source = {"dataLocation": str(tmp_path / kind)}
        job = personalize.create_dataset_import_job(jobName=f"told-{kind}", datasetArn=dataset, dataSource=source)
        until_active(job["datasetImportJobArn"])
    solution = personalize.create_solution(
        name="told", datasetGroupArn=group, recipeArn=recipe("aws-item-affinity"), performAutoTraining=False
    )["solutionArn"]
    until_active(solution)
    version = until_active(personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"])
    (answer,) = batch.run(version, [{"itemId": "i4"}], "segment", numResults=300)
    newcomers = [user for user in answer["output"]["usersList"] if int(user[1:]) >= 280]
    assert all(int(user[1:]) % 2 == 0 for user in newcomers[:10]), newcomers


def test_a_segment_job_is_described_and_listed(batch: Batch, trained: dict[str, str], personalize: Any) -> None:
    version, source = trained["aws-item-affinity"], batch.write([{"itemId": "i4"}])
    arn = batch.start(version, source, f"{source}/out", "segment")
    shown = batch.until(arn, "ACTIVE")
    assert shown["batchSegmentJobArn"] == arn
    assert shown["numResults"] == 25
    listed = personalize.list_batch_segment_jobs(solutionVersionArn=version)["batchSegmentJobs"]
    assert arn in [each["batchSegmentJobArn"] for each in listed]


def test_related_items_have_a_theme(batch: Batch, trained: dict[str, str]) -> None:
    lines = [{"itemId": "i2"}, {"itemId": "i3"}, "?"]
    plain = batch.run(trained["aws-similar-items"], lines, numResults=5)
    sea, space, unread = batch.run(
        trained["aws-similar-items"],
        lines,
        numResults=5,
        batchInferenceJobMode="THEME_GENERATION",
        themeGenerationConfig={"fieldsForThemeGeneration": {"itemName": "TITLE"}},
    )
    assert list(sea["output"]) == ["recommendedItems", "theme", "itemsThemeRelevanceScores"]
    assert sea["output"]["recommendedItems"] == plain[0]["output"]["recommendedItems"]
    assert "sea" in sea["output"]["theme"].lower()
    assert "space" in space["output"]["theme"].lower()
    assert len(sea["output"]["itemsThemeRelevanceScores"]) == 5
    assert unread["error"]


def test_a_filter_is_kept_while_a_job_uses_it(
    batch: Batch, shop: Deployed, personalize: Any, filter_named: Callable[[str, str], str]
) -> None:
    arn = filter_named(shop.group, 'EXCLUDE ItemID WHERE Items.GENRES IN ("Drama")')
    source = batch.write([{"itemId": "i1"}])
    job = batch.start(shop.versions["aws-sims"], source, f"{source}/out", filterArn=arn)
    with pytest.raises(personalize.exceptions.ResourceInUseException, match=job):
        personalize.delete_filter(filterArn=arn)
    body = json.dumps({"filterExpression": 'EXCLUDE ItemID WHERE Items.GENRES IN ("Comedy")'}).encode()
    edit = urllib.request.Request(f"{batch.server.url}/filters/{arn}", body, method="PUT")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(edit)
    assert f"cannot be edited: {job} uses it" in json.loads(refused.value.read())["message"]
    batch.until(job, "ACTIVE")
    with urllib.request.urlopen(edit) as answer:
        assert answer.status == 200
    personalize.delete_filter(filterArn=arn)


def test_a_killed_job_goes_on_where_it_was_and_gives_the_same(batch: Batch, shop: Deployed) -> None:
    version = shop.versions["aws-personalized-ranking"]
    given = [f"i{n}" for n in range(40)]
    source = batch.write({"userId": f"u{n % 200}", "itemList": given} for n in range(25_000))
    whole = batch.start(version, source, f"{source}/whole")
    batch.until(whole, "ACTIVE")
    folder = batch.server.home / "batches"
    before = set(folder.iterdir())
    arn = batch.start(version, source, f"{source}/killed")
    while not (tallies := [tally for new in {*folder.iterdir()} - before for tally in new.glob("*.tally")]):
        time.sleep(0.005)
    first = tallies[0]
    for process in _job_processes(batch.server.home):
        os.kill(process, signal.SIGKILL)
    made_ns = first.stat().st_mtime_ns
    while batch.until(arn, "CREATE IN_PROGRESS", "CREATE PENDING", "ACTIVE")["status"] != "ACTIVE":
        try:
            assert first.stat().st_mtime_ns == made_ns
        except FileNotFoundError:
            break  # swept, so it is done
        time.sleep(0.01)
    batch.until(arn, "ACTIVE")
    name = "input.jsonl.out"
    assert batch.place(f"{source}/killed/{name}").read_bytes() == batch.place(f"{source}/whole/{name}").read_bytes()


def _job_processes(home: Path) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
        except OSError:
            continue  # it ended meanwhile
        if words[1:4] == [b"-m", b"tastemaker.app", b"job"] and any(os.fsencode(home) in word for word in words):
            found.append(int(entry.name))
    return found


def test_strict_quotas_hold_the_number_of_jobs(
    start_server: Callable[..., Server],
    deploy: Callable[..., Deployed],
    two_tastes: Callable[..., dict[str, tuple[str, Path]]],
    until: Callable[..., Body],
) -> None:
    server = start_server(strict_quotas=True)
    p = server.client("personalize", config=Config(retries={"max_attempts": 0}))
    version = deploy("strict", two_tastes(), ("aws-popularity-count",), client=p).versions["aws-popularity-count"]
    (server.home / "buckets" / "batch").mkdir()
    batch = Batch(server, p, lambda arn, *statuses: until(arn, *statuses, client=p))
    source = batch.write([{"userId": "u1"}])
    long = batch.write({"userId": "u1"} for _ in range(30_000))  # the others wait until it is done
    for n, each in enumerate((long, *[source] * 4)):
        batch.start(version, each, f"{source}/out-{n}")
    with pytest.raises(p.exceptions.LimitExceededException, match="More than 5 resources with PENDING or IN_PROGRESS"):
        batch.start(version, source, f"{source}/out-5")
