"""Batch inference and batch segment jobs (5; batch 1, 2, 4, 5)."""

import json
from typing import Any

import pytest

from conformance.case import BOUNDARY, EXCEPTION, Case, case, cases, refusal
from conformance.world import World

INFER, SEGMENT = "CreateBatchInferenceJob", "CreateBatchSegmentJob"
NAME_OF = {INFER: "batch-inference-job", SEGMENT: "batch-segment-job"}


def config(**members: Any) -> dict[str, Any]:
    """The configuration of a batch inference job."""
    return {"batchInferenceJobConfig": members}


THEMES = {
    "batchInferenceJobMode": "THEME_GENERATION",
    "themeGenerationConfig": {"fieldsForThemeGeneration": {"itemName": "TITLE"}},
}
REFUSED = [
    refusal(INFER, "5", "Not for next-best-action", "InvalidInput", solutionVersionArn="$version.actions"),
    refusal(INFER, "5", "Not for USER_SEGMENTATION", "InvalidInput", solutionVersionArn="$version.affinity"),
    refusal(INFER, "batch 1", "numResults is 500 at most", "InvalidInput", numResults=501),
    refusal(INFER, "batch 1", "numResults is 1 at least", "InvalidInput", numResults=0),
    refusal(INFER, "5", "Themes: only aws-similar-items", "InvalidInput", **THEMES),
    refusal(
        INFER,
        "5",
        "itemName only when the mode is THEME_GENERATION",
        "InvalidInput",
        themeGenerationConfig=THEMES["themeGenerationConfig"],
    ),
    refusal(
        INFER,
        "5",
        "itemExplorationConfig only with User-Personalization",
        "InvalidInput",
        solutionVersionArn="$version.sims",
        **config(itemExplorationConfig={"explorationWeight": "0.5"}),
    ),
    refusal(
        INFER,
        "5",
        "explorationWeight is 1 at most",
        "InvalidInput",
        **config(itemExplorationConfig={"explorationWeight": "2"}),
    ),
    refusal(
        INFER,
        "5",
        "rankingInfluence only with semantic similarity",
        "InvalidInput",
        **config(rankingInfluence={"POPULARITY": 0.5}),
    ),
    refusal(INFER, "5", "An unknown filter", "ResourceNotFound", filterArn="$no.filter"),
    refusal(INFER, "filters 9", "Item filters only", "InvalidInput", filterArn="$filter.users"),
    refusal(INFER, "filters 9", "CurrentItem only with RELATED_ITEMS", "InvalidInput", filterArn="$filter.near"),
    refusal(SEGMENT, "5", "Only USER_SEGMENTATION versions", "InvalidInput", solutionVersionArn="$version.up"),
    refusal(SEGMENT, "5", "numResults is 5,000,000 at most", "InvalidInput", numResults=5_000_001),
    refusal(SEGMENT, "5", "numResults is 1 at least", "InvalidInput", numResults=0),
    refusal(SEGMENT, "5", "The filter is a UserID filter", "InvalidInput", filterArn="$filter.watched"),
    refusal(SEGMENT, "5", "An unknown filter", "ResourceNotFound", filterArn="$no.filter"),
]


@cases(REFUSED)
def test_what_cannot_be_is_refused(world: World, case: Case) -> None:
    world.refuses(case)


# name: the operation, the version, the lines of the input, more of the request.
JOBS: dict[str, tuple[str, str, list[Any], dict[str, Any]]] = {
    "personal": (INFER, "up", [{"userId": "u1"}, {"userId": "nobody"}, {"userId": "u1"}], {}),
    "ranking": (INFER, "ranking", [{"userId": "u1", "itemList": ["i4", "i9", "brand-new"]}], {}),
    "related": (INFER, "sims", [{"itemId": "i2"}, {"itemId": "unknown"}], {"numResults": 7}),
    "popular": (INFER, "popular", [{"userId": "u1"}], {}),
    "filtered": (
        INFER,
        "up",
        [{"userId": "u1", "filterValues": {"G": '"Drama"'}}, {"userId": "u2"}],
        {"filterArn": "$filter.genre"},
    ),
    "segment": (SEGMENT, "affinity", [{"itemId": "i2"}, {"itemId": "unknown"}], {}),
    "plan": (
        SEGMENT,
        "affinity",
        [{"itemId": "i3", "filterValues": {"PLAN": '"gold"'}}],
        {"filterArn": "$filter.users", "numResults": 500},
    ),
}


class Batch:
    """The jobs, once they are done: what Describe shows, the files that they wrote, and the lines by input."""

    def __init__(self, world: World) -> None:
        self.arns: dict[str, str] = {}
        for name, (operation, version, lines, more) in JOBS.items():
            text = "".join(json.dumps(line) + "\n" for line in lines)
            source = world.endpoint.write(f"jobs/{name}/in/lines.json", text)
            target = f"{world.endpoint.location}/jobs/{name}/out/"
            places = {
                "jobInput": {"s3DataSource": {"path": source}},
                "jobOutput": {"s3DataDestination": {"path": target}},
            }
            self.arns[name] = world.make(
                operation, f"$job.{name}", solutionVersionArn=f"$version.{version}", **places, **more
            )
        self.shown = {name: world.settled(arn) for name, arn in self.arns.items()}
        self.files = {
            name: world.endpoint.read(f"jobs/{name}/out") if found["status"] == "ACTIVE" else {}
            for name, found in self.shown.items()
        }
        self.answers = {name: world.answers[f"$job.{name}"] for name in JOBS}
        self.statuses = {name: world.statuses[arn] for name, arn in self.arns.items()}

    def lines(self, name: str) -> list[dict[str, Any]]:
        """The lines that a job wrote."""
        return [json.loads(line) for line in self.files[name]["lines.json.out"].splitlines()]

    def of(self, name: str, **given: Any) -> dict[str, Any]:
        """The line whose input has these members."""
        return next(line for line in self.lines(name) if given.items() <= line["input"].items())


@pytest.fixture(scope="module")
def batch(world: World) -> Batch:
    """All the jobs, at the same time."""
    return Batch(world)


SHOWN = {"jobName", "status", "creationDateTime", "lastUpdatedDateTime", "solutionVersionArn", "numResults"}
SHOWN |= {"jobInput", "jobOutput", "roleArn"}
LIFE = {"CREATE PENDING", "CREATE IN_PROGRESS", "ACTIVE"}


def recommended(line: dict[str, Any]) -> list[str]:
    """The items of a line."""
    return list(line["output"]["recommendedItems"])


def descending(numbers: list[float]) -> bool:
    """Whether they fall."""
    return numbers == sorted(numbers, reverse=True)


CHECKS = [
    (
        INFER,
        "5",
        "The answer is batchInferenceJobArn",
        lambda b: set(b.answers["personal"]) == {"batchInferenceJobArn"},
    ),
    (
        INFER,
        "3",
        "CREATE PENDING, CREATE IN_PROGRESS, ACTIVE",
        lambda b: set(b.statuses["personal"]) <= LIFE and b.statuses["personal"][-1] == "ACTIVE",
    ),
    (
        INFER,
        "2",
        "batch-inference-job/<jobName>",
        lambda b: b.arns["personal"].endswith("batch-inference-job/" + b.shown["personal"]["jobName"]),
    ),
    (
        "DescribeBatchInferenceJob",
        "5",
        "Echoes the request; batchInferenceJobMode always present",
        lambda b: (
            set(b.shown["personal"]) - {"batchInferenceJobConfig"}
            == SHOWN | {"batchInferenceJobArn", "batchInferenceJobMode"}
        ),
    ),
    (
        "DescribeBatchInferenceJob",
        "5",
        "numResults is 25 by default",
        lambda b: b.shown["personal"]["numResults"] == 25,
    ),
    (
        "DescribeBatchInferenceJob",
        "5",
        "The mode is BATCH_INFERENCE by default",
        lambda b: b.shown["personal"]["batchInferenceJobMode"] == "BATCH_INFERENCE",
    ),
    ("DescribeBatchInferenceJob", "5", "filterArn is echoed", lambda b: "filterArn" in b.shown["filtered"]),
    (INFER, "batch 1", "For every input object <name>.out", lambda b: "lines.json.out" in b.files["personal"]),
    (
        INFER,
        "batch 1",
        "Every line echoes its input; repeated lines give repeated outputs",
        lambda b: sorted(line["input"]["userId"] for line in b.lines("personal")) == ["nobody", "u1", "u1"],
    ),
    (
        INFER,
        "batch 2",
        "Keys: input, output, error, in this order",
        lambda b: all(list(line) == ["input", "output", "error"] for line in b.lines("personal")),
    ),
    (
        INFER,
        "batch 2",
        "error is null on success",
        lambda b: all(line["error"] is None for line in b.lines("personal")),
    ),
    (
        INFER,
        "batch 2.1",
        "recommendedItems and scores are parallel",
        lambda b: (
            len(recommended(b.of("personal", userId="u1")))
            == len(b.of("personal", userId="u1")["output"]["scores"])
            == 25
        ),
    ),
    (INFER, "batch 2.1", "Best first", lambda b: descending(b.of("personal", userId="u1")["output"]["scores"])),
    (
        INFER,
        "batch 2.1",
        "Unknown users are served",
        lambda b: len(recommended(b.of("personal", userId="nobody"))) == 25,
    ),
    (
        INFER,
        "batch 2.2",
        "Popular items have no scores",
        lambda b: set(b.lines("popular")[0]["output"]) == {"recommendedItems"},
    ),
    (
        INFER,
        "batch 2.3",
        "Rankings: the items of itemList",
        lambda b: set(recommended(b.lines("ranking")[0])) == {"i4", "i9", "brand-new"},
    ),
    (
        INFER,
        "batch 2.3",
        "Items unknown to the model at the end",
        lambda b: recommended(b.lines("ranking")[0])[-1] == "brand-new",
    ),
    (
        INFER,
        "batch 2.4",
        "Related items have no scores",
        lambda b: set(b.of("related", itemId="i2")["output"]) == {"recommendedItems"},
    ),
    (INFER, "5", "numResults", lambda b: len(recommended(b.of("related", itemId="i2"))) == 7),
    (
        INFER,
        "batch 2.4",
        "An unknown item gives popular items",
        lambda b: len(recommended(b.of("related", itemId="unknown"))) == 7,
    ),
    (
        INFER,
        "filters 10",
        "Parameter values come in the input lines",
        lambda b: all(int(item[1:]) % 2 == 0 for item in recommended(b.of("filtered", userId="u1"))),
    ),
    (
        INFER,
        "filters 10",
        "Missing INCLUDE values make that line an error line",
        lambda b: b.of("filtered", userId="u2")["output"] is None and b.of("filtered", userId="u2")["error"],
    ),
    (
        INFER,
        "batch 5",
        "A line that cannot be processed does not fail the job",
        lambda b: b.shown["filtered"]["status"] == "ACTIVE",
    ),
    (SEGMENT, "5", "The answer is batchSegmentJobArn", lambda b: set(b.answers["segment"]) == {"batchSegmentJobArn"}),
    (
        SEGMENT,
        "3",
        "CREATE PENDING, CREATE IN_PROGRESS, ACTIVE",
        lambda b: set(b.statuses["segment"]) <= LIFE and b.statuses["segment"][-1] == "ACTIVE",
    ),
    (
        SEGMENT,
        "2",
        "batch-segment-job/<jobName>",
        lambda b: b.arns["segment"].endswith("batch-segment-job/" + b.shown["segment"]["jobName"]),
    ),
    (
        "DescribeBatchSegmentJob",
        "5",
        "Echoes the request plus status",
        lambda b: set(b.shown["segment"]) == SHOWN | {"batchSegmentJobArn"},
    ),
    ("DescribeBatchSegmentJob", "5", "numResults is 25 by default", lambda b: b.shown["segment"]["numResults"] == 25),
    (SEGMENT, "batch 4.1", "usersList", lambda b: len(b.of("segment", itemId="i2")["output"]["usersList"]) == 25),
    (SEGMENT, "batch 4.2", "An unknown item is an error line", lambda b: b.of("segment", itemId="unknown")["error"]),
    (
        SEGMENT,
        "filters 10",
        "Segment lines filter users",
        lambda b: (
            b.lines("plan")[0]["output"]["usersList"]
            and all(int(user[1:]) % 2 == 1 for user in b.lines("plan")[0]["output"]["usersList"])
        ),
    ),
]


@cases([Case(name, section, says, more=check) for name, section, says, check in CHECKS])
def test_a_job_is_as_documented(batch: Batch, case: Case) -> None:
    assert case.more(batch)


@cases(
    [
        Case(name, "2", "Job names cannot be reused", EXCEPTION, more=job)
        for name, job in ((INFER, "personal"), (SEGMENT, "segment"))
    ]
)
def test_a_name_of_a_job_is_taken(world: World, batch: Batch, case: Case) -> None:
    name = batch.shown[case.more]["jobName"]
    world.refuses(refusal(case.operation, "", "", "ResourceAlreadyExists", jobName=name))


SUMMARY = {"jobName", "status", "creationDateTime", "lastUpdatedDateTime", "solutionVersionArn"}
SUMMARIES = {
    "ListBatchInferenceJobs": ("batchInferenceJobs", SUMMARY | {"batchInferenceJobArn", "batchInferenceJobMode"}, "up"),
    "ListBatchSegmentJobs": ("batchSegmentJobs", SUMMARY | {"batchSegmentJobArn"}, "affinity"),
}


@cases([Case(name, "7", "A summary has its members and no other", more=value) for name, value in SUMMARIES.items()])
def test_a_summary_is_complete(world: World, batch: Batch, case: Case) -> None:
    assert batch
    member, wanted, _ = case.more
    for each in world.call(
        case.operation, solutionVersionArn="$version.affinity" if "Segment" in member else "$version.up"
    )[member]:
        assert set(each) - {"failureReason"} == wanted


@cases([Case(name, "5", "Optional filter solutionVersionArn", more=value) for name, value in SUMMARIES.items()])
def test_jobs_are_listed_by_their_version(world: World, batch: Batch, case: Case) -> None:
    assert batch
    member, _, version = case.more
    listed = world.call(case.operation, solutionVersionArn=f"$version.{version}", maxResults=100)[member]
    assert {each["solutionVersionArn"] for each in listed} == {world.words[f"$version.{version}"]}
    assert world.call(case.operation, solutionVersionArn="$version.v2")[member] == []


@cases(
    [
        Case(name, "batch 1", f"Invalid S3 {says} path", EXCEPTION, more=says)
        for name in (INFER, SEGMENT)
        for says in ("input", "output")
    ]
)
def test_a_path_that_cannot_be_fails_the_job(world: World, case: Case) -> None:
    word = "users" if case.operation == INFER else "items"
    there = f"{world.endpoint.location}/batch/{word}.json"
    places = {
        "input": (f"{world.endpoint.location}/nowhere/at-all.json", f"{world.endpoint.location}/bad-out/"),
        "output": (f"{world.endpoint.location}/batch/", f"{world.endpoint.location}/batch/"),
    }[case.more]
    assert there
    found = world.settled(
        world.make(
            case.operation,
            jobInput={"s3DataSource": {"path": places[0]}},
            jobOutput={"s3DataDestination": {"path": places[1]}},
        )
    )
    assert found["status"] == "CREATE FAILED"
    assert case.sentence in found["failureReason"]


@cases(
    [
        Case(SEGMENT, "5", "numResults may be 5,000,000", BOUNDARY),
        Case(INFER, "batch 1", "numResults may be 500", BOUNDARY),
    ]
)
def test_the_most_results_are_allowed(world: World, case: Case) -> None:
    most = 5_000_000 if case.operation == SEGMENT else 500
    found = world.settled(world.make(case.operation, numResults=most))
    assert (found["status"], found["numResults"]) == ("ACTIVE", most)


@case("DeleteFilter", "4.6", "Refused while a batch inference job that uses it is pending or in progress", EXCEPTION)
def test_a_filter_in_use_is_kept(world: World) -> None:
    job = world.make(INFER, filterArn="$filter.watched")
    world.refuses(refusal("DeleteFilter", "", "", "ResourceInUse", filterArn="$filter.watched"))
    world.settled(job)


@case("DeleteDataset", "4.6", "Refused while a batch job is pending or in progress", EXCEPTION)
def test_a_dataset_in_use_is_kept(world: World) -> None:
    job = world.make(SEGMENT)
    world.refuses(refusal("DeleteDataset", "", "", "ResourceInUse", datasetArn="$dataset.Items"))
    world.settled(job)
