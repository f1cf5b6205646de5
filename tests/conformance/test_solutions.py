"""Solutions, their versions and metrics (5: CreateSolution ...; 4.7, 4.8; recipes 3, 6-8)."""

from typing import Any

from conformance.case import BOUNDARY, EXCEPTION, Case, case, cases, refusal
from conformance.world import World

RECIPE = {
    "up": "$recipe.aws-user-personalization",
    "v2": "$recipe.aws-user-personalization-v2",
    "sims": "$recipe.aws-sims",
    "trending": "$recipe.aws-trending-now",
}


def config(section: str, says: str, of: str = "up", **members: Any) -> Case:
    """A configuration that is refused."""
    return refusal("CreateSolution", section, says, "InvalidInput", recipeArn=RECIPE[of], solutionConfig=members)


def search(says: str, **hpo: Any) -> Case:
    """A search that is refused."""
    changes = {"performHPO": True, "solutionConfig": {"hpoConfig": hpo}}
    return refusal("CreateSolution", "recipes 7", says, "InvalidInput", **changes)


def whole(name: str, low: int, high: int) -> dict[str, Any]:
    """One range of whole numbers."""
    return {"integerHyperParameterRanges": [{"name": name, "minValue": low, "maxValue": high}]}


def schedule(text: str) -> dict[str, Any]:
    """The configuration of automatic training."""
    return {"autoTrainingConfig": {"schedulingExpression": text}}


def parameters(**given: str) -> dict[str, Any]:
    """Hyperparameters."""
    return {"algorithmHyperParameters": given}


def weights(*listed: Any) -> dict[str, Any]:
    """Events and what they count."""
    return {"eventsConfig": {"eventParametersList": list(listed)}}


WEIGHT = {"eventType": "watch", "weight": 1.0}

REFUSED = [
    refusal("CreateSolution", "5", "Neither recipeArn nor performAutoML", "InvalidInput", recipeArn=None),
    refusal("CreateSolution", "5", "Both recipeArn and performAutoML", "InvalidInput", performAutoML=True),
    refusal(
        "CreateSolution", "5", "Domain recipes are not allowed", "InvalidInput", recipeArn="$recipe.aws-vod-top-picks"
    ),
    refusal("CreateSolution", "1.4", "An unknown recipe", "ResourceNotFound", recipeArn="$recipe.aws-nothing"),
    refusal(
        "CreateSolution",
        "5",
        "performIncrementalUpdate makes sense for semantic similarity alone",
        "InvalidInput",
        performIncrementalUpdate=True,
    ),
    refusal("CreateSolution", "5", "The datasets of the recipe must exist", "InvalidInput", datasetGroupArn="$empty"),
    refusal(
        "CreateSolution",
        "5",
        "Next best action needs Actions",
        "InvalidInput",
        datasetGroupArn="$videos",
        recipeArn="$recipe.aws-next-best-action",
    ),
    refusal(
        "CreateSolution",
        "recipes 3.8",
        "Semantic similarity needs a column marked itemName",
        "InvalidInput",
        recipeArn="$recipe.aws-semantic-similarity",
    ),
    config("recipes 3", "Unknown parameter name", **parameters(no_such="1")),
    config("recipes 3.2", "hidden_dimension is 32 at least", **parameters(hidden_dimension="31")),
    config("recipes 3.2", "hidden_dimension is 256 at most", **parameters(hidden_dimension="257")),
    config("recipes 3.2", "bptt is 2 at least", **parameters(bptt="1")),
    config("recipes 3.2", "bptt is 32 at most", **parameters(bptt="33")),
    config("recipes 3.2", "bptt is a number", **parameters(bptt="many")),
    config("recipes 3.2", "recency_mask is true or false", **parameters(recency_mask="maybe")),
    config(
        "recipes 3.2",
        "min_user_history_length_percentile is 1 at most",
        featureTransformationParameters={"min_user_history_length_percentile": "1.1"},
    ),
    config(
        "recipes 3.2",
        "max_user_history_length_percentile is 0 at least",
        featureTransformationParameters={"max_user_history_length_percentile": "-0.1"},
    ),
    config(
        "recipes 3.6", "popularity_discount_factor is 1 at most", "sims", **parameters(popularity_discount_factor="2")
    ),
    config("recipes 3.6", "min_cointeraction_count is 10 at most", "sims", **parameters(min_cointeraction_count="11")),
    config(
        "recipes 3.5",
        "trend_discovery_frequency is one of five",
        "trending",
        featureTransformationParameters={"trend_discovery_frequency": "5 hours"},
    ),
    config("5", "eventValueThreshold is a number", eventValueThreshold="much"),
    config("5", "eventsConfig: only v2 recipes", **weights(WEIGHT)),
    config("5", "eventsConfig not with eventValueThreshold", "v2", **weights(WEIGHT), eventValueThreshold="1"),
    refusal(
        "CreateSolution",
        "5",
        "eventsConfig not with eventType",
        "InvalidInput",
        recipeArn=RECIPE["v2"],
        eventType="watch",
        solutionConfig=weights(WEIGHT),
    ),
    config("5", "hpoConfig needs performHPO true", hpoConfig={"hpoResourceConfig": {"maxNumberOfTrainingJobs": "2"}}),
    search("Ranges name tunable parameters", algorithmHyperParameterRanges=whole("no_such", 1, 2)),
    search("Ranges lie inside the recipe's range", algorithmHyperParameterRanges=whole("bptt", 1, 32)),
    search("A range goes from less to more", algorithmHyperParameterRanges=whole("bptt", 20, 10)),
    search("maxNumberOfTrainingJobs is 40 at most", hpoResourceConfig={"maxNumberOfTrainingJobs": "41"}),
    search("maxParallelTrainingJobs is 10 at most", hpoResourceConfig={"maxParallelTrainingJobs": "11"}),
    search("maxNumberOfTrainingJobs is a number", hpoResourceConfig={"maxNumberOfTrainingJobs": "many"}),
    search("hpoObjective cannot be configured", hpoObjective={"type": "Maximize"}),
    config(
        "5",
        "optimizationObjective: only user-personalization and ranking",
        "sims",
        optimizationObjective={"itemAttribute": "PRICE"},
    ),
    config("5", "itemAttribute is a numeric column", optimizationObjective={"itemAttribute": "GENRES"}),
    config("5", "itemAttribute is not nullable", optimizationObjective={"itemAttribute": "NUM_RATINGS"}),
    config("5", "itemAttribute is a column", optimizationObjective={"itemAttribute": "NOPE"}),
    config("5", "Excluded columns exist", trainingDataConfig={"excludedDatasetColumns": {"ITEMS": ["NOPE"]}}),
    config(
        "5",
        "EVENT_TYPE cannot be excluded",
        trainingDataConfig={"excludedDatasetColumns": {"INTERACTIONS": ["EVENT_TYPE"]}},
    ),
    config(
        "5",
        "Not both excluded and included columns of a dataset",
        trainingDataConfig={
            "excludedDatasetColumns": {"ITEMS": ["GENRES"]},
            "includedDatasetColumns": {"ITEMS": ["GENRES"]},
        },
    ),
    config("4.8", "The schedule is 1 day at least", **schedule("rate(0 days)")),
    config("4.8", "The schedule is 30 days at most", **schedule("rate(31 days)")),
    refusal(
        "UpdateSolution",
        "4.8",
        "The schedule is 30 days at most",
        "InvalidInput",
        solutionUpdateConfig=schedule("rate(31 days)"),
    ),
    refusal(
        "UpdateSolution",
        "4.8",
        "performIncrementalUpdate: semantic similarity alone",
        "InvalidInput",
        performIncrementalUpdate=True,
    ),
    refusal(
        "UpdateSolution", "5", "eventsConfig: only v2 recipes", "InvalidInput", solutionUpdateConfig=weights(WEIGHT)
    ),
    refusal("CreateSolutionVersion", "5", "AUTOTRAIN from a caller", "InvalidInput", trainingMode="AUTOTRAIN"),
    refusal(
        "CreateSolutionVersion",
        "5",
        "UPDATE: only user-personalization",
        "InvalidInput",
        solutionArn="$solution.sims",
        trainingMode="UPDATE",
    ),
    refusal(
        "CreateSolutionVersion",
        "5",
        "UPDATE: not v2",
        "InvalidInput",
        solutionArn="$solution.v2",
        trainingMode="UPDATE",
    ),
    refusal("StopSolutionVersionCreation", "5", "Only while pending or in progress", "InvalidInput"),
]


@cases(REFUSED)
def test_what_cannot_be_is_refused(world: World, case: Case) -> None:
    world.refuses(case)


ALLOWED = [
    ("recipes 3.2", "hidden_dimension may be 32", "up", {"solutionConfig": parameters(hidden_dimension="32")}),
    ("recipes 3.2", "hidden_dimension may be 256", "up", {"solutionConfig": parameters(hidden_dimension="256")}),
    ("recipes 3.2", "bptt may be 2", "up", {"solutionConfig": parameters(bptt="2")}),
    ("recipes 3.2", "bptt may be 32", "up", {"solutionConfig": parameters(bptt="32")}),
    (
        "recipes 3.1",
        "apply_recency_bias may be false",
        "v2",
        {"solutionConfig": parameters(apply_recency_bias="false")},
    ),
    (
        "recipes 3.5",
        "trend_discovery_frequency may be 30 minutes",
        "trending",
        {"solutionConfig": {"featureTransformationParameters": {"trend_discovery_frequency": "30 minutes"}}},
    ),
    ("4.8", "The schedule may be 1 day", "up", {"solutionConfig": schedule("rate(1 day)")}),
    ("4.8", "The schedule may be 30 days", "up", {"solutionConfig": schedule("rate(30 days)")}),
    ("5", "eventType is kept", "up", {"eventType": "watch"}),
    ("5", "eventValueThreshold is kept as text", "up", {"solutionConfig": {"eventValueThreshold": "2.50"}}),
    ("5", "eventsConfig is kept", "v2", {"solutionConfig": weights(WEIGHT)}),
    (
        "5",
        "optimizationObjective is kept",
        "up",
        {"solutionConfig": {"optimizationObjective": {"itemAttribute": "PRICE", "objectiveSensitivity": "LOW"}}},
    ),
    (
        "5",
        "excluded columns are kept",
        "up",
        {"solutionConfig": {"trainingDataConfig": {"excludedDatasetColumns": {"ITEMS": ["GENRES"]}}}},
    ),
    (
        "recipes 7",
        "maxNumberOfTrainingJobs may be 40",
        "up",
        {"performHPO": True, "solutionConfig": {"hpoConfig": {"hpoResourceConfig": {"maxNumberOfTrainingJobs": "40"}}}},
    ),
]


@cases(
    [
        Case("CreateSolution", section, says, BOUNDARY, {"recipeArn": RECIPE[of], **changes})
        for section, says, of, changes in ALLOWED
    ]
)
def test_what_is_allowed_is_kept_as_it_was_given(world: World, case: Case) -> None:
    arn = world.active(world.make("CreateSolution", **case.changes))
    found = world.describe(arn)
    for member, value in case.changes.items():
        assert found[member] == world.filled(value)
    world.personalize.delete_solution(solutionArn=arn)
    assert set(world.gone(arn)) <= {"DELETE PENDING", "DELETE IN_PROGRESS"}


@case("CreateSolution", "4.8", "performAutoTraining defaults to true, rate(7 days)")
def test_training_is_automatic_by_default(world: World) -> None:
    arn = world.active(world.make("CreateSolution", performAutoTraining=True))
    found = world.describe(arn)
    assert found["performAutoTraining"] is True
    assert found["solutionConfig"] == schedule("rate(7 days)")
    world.call("UpdateSolution", solutionArn=arn, performAutoTraining=False)
    updated = world.settled(arn, "latestSolutionUpdate")
    assert updated["performAutoTraining"] is False
    world.personalize.delete_solution(solutionArn=arn)


@case("UpdateSolution", "4.7", "latestSolutionUpdate appears after the first update, with times and status of its own")
def test_an_update_has_its_own_summary(world: World) -> None:
    arn = world.active(world.make("CreateSolution"))
    assert "latestSolutionUpdate" not in world.describe(arn)
    answer = world.call("UpdateSolution", solutionArn=arn, solutionUpdateConfig=schedule("rate(2 days)"))
    assert answer == {"solutionArn": arn}
    found = world.settled(arn, "latestSolutionUpdate")
    shown = found["latestSolutionUpdate"]
    assert shown["status"] == "ACTIVE"
    assert shown["solutionUpdateConfig"] == schedule("rate(2 days)")
    assert {"creationDateTime", "lastUpdatedDateTime"} <= set(shown)
    assert found["solutionConfig"] == schedule("rate(2 days)")
    seen = world.statuses[arn + "latestSolutionUpdate"]
    assert seen == sorted(seen, key=["CREATE PENDING", "CREATE IN_PROGRESS", "ACTIVE"].index)
    world.personalize.delete_solution(solutionArn=arn)


@case("DescribeSolution", "5", "latestSolutionVersion is a summary of the newest version")
def test_the_newest_version_is_summed_up(world: World) -> None:
    newest = world.describe(world.words["$solution.sims"])["latestSolutionVersion"]
    assert newest["solutionVersionArn"] == world.words["$version.sims"]
    members = {"solutionVersionArn", "status", "trainingMode", "trainingType", "creationDateTime"}
    assert set(newest) == {*members, "lastUpdatedDateTime"}


COMMON = {f"precision_at_{k}" for k in (5, 10, 25)} | {"coverage", "mean_reciprocal_rank_at_25"}
COMMON |= {f"normalized_discounted_cumulative_gain_at_{k}" for k in (5, 10, 25)}


@cases(
    [
        Case("GetSolutionMetrics", "8", f"Metrics of {of} by their documented keys", more=of)
        for of in ("up", "v2", "ranking", "sims", "popular")
    ]
)
def test_metrics_have_their_keys(world: World, case: Case) -> None:
    found = world.call("GetSolutionMetrics", solutionVersionArn=f"$version.{case.more}")
    assert found["solutionVersionArn"] == world.words[f"$version.{case.more}"]
    assert set(found["metrics"]) >= COMMON
    assert all(round(value, 4) == value for value in found["metrics"].values())


@cases(
    [
        Case("GetSolutionMetrics", "5", "A version that is still training: ResourceInUse", EXCEPTION),
        Case("CreateCampaign", "4.3", "A version that is not ready: ResourceInUse", EXCEPTION),
        Case("DeleteSolution", "4.6", "ResourceInUse while a version is pending or in progress", EXCEPTION),
        Case("CreateBatchInferenceJob", "4.3", "A version that is not ready: ResourceInUse", EXCEPTION),
    ]
)
def test_a_version_in_training_is_in_use(world: World, case: Case) -> None:
    solution, version = world.words["$solution.popular"], stopped(world)[1]
    request = {
        "GetSolutionMetrics": {"solutionVersionArn": version},
        "CreateCampaign": {"solutionVersionArn": version},
        "DeleteSolution": {"solutionArn": solution},
        "CreateBatchInferenceJob": {"solutionVersionArn": version},
    }[case.operation]
    running = world.make("CreateSolutionVersion", solutionArn=solution)
    request = {name: running if value == version else value for name, value in request.items()}
    world.refuses(Case(case.operation, "", "", EXCEPTION, request, "ResourceInUseException"))
    world.send("StopSolutionVersionCreation", {"solutionVersionArn": running})
    world.settled(running)


def stopped(world: World) -> tuple[list[str], str]:
    """A version whose training was stopped, made once: the statuses that it went through, its ARN."""
    if "$version.stopped" not in world.words:
        arn = world.make("CreateSolutionVersion", "$version.stopped", solutionArn="$solution.popular")
        world.call("StopSolutionVersionCreation", solutionVersionArn=arn)
        world.settled(arn)
    arn = world.words["$version.stopped"]
    return world.statuses[arn], arn


@case("StopSolutionVersionCreation", "3", "CREATE STOPPING, then CREATE STOPPED; a waiting one is stopped at once")
def test_a_training_is_stopped(world: World) -> None:
    seen, _ = stopped(world)
    assert seen[-1] == "CREATE STOPPED"
    assert set(seen) <= {"CREATE PENDING", "CREATE IN_PROGRESS", "CREATE STOPPING", "CREATE STOPPED"}


@cases(
    [
        refusal(name, section, says, "InvalidInput", solutionVersionArn="$version.stopped")
        for name, section, says in (
            ("StopSolutionVersionCreation", "5", "Not for a stopped version"),
            ("CreateCampaign", "5", "A stopped version cannot be deployed"),
            ("GetSolutionMetrics", "5", "A stopped version has no metrics"),
            ("CreateBatchInferenceJob", "4.3", "A stopped version is InvalidInput"),
        )
    ]
)
def test_a_stopped_version_is_good_for_nothing(world: World, case: Case) -> None:
    stopped(world)
    world.refuses(case)


@case("ListSolutionVersions", "5", "Includes failed and stopped versions")
def test_stopped_versions_are_listed(world: World) -> None:
    _, arn = stopped(world)
    found = world.call("ListSolutionVersions", solutionArn="$solution.popular")["solutionVersions"]
    assert {each["solutionVersionArn"]: each["status"] for each in found}[arn] == "CREATE STOPPED"


@case("CreateSolutionVersion", "5", "ResourceAlreadyExists if the given name is taken in the solution", EXCEPTION)
def test_a_name_of_a_version_is_taken(world: World) -> None:
    name = world.name("version")
    arn = world.make("CreateSolutionVersion", solutionArn="$solution.popular", name=name)
    world.refuses(
        refusal("CreateSolutionVersion", "", "", "ResourceAlreadyExists", solutionArn="$solution.popular", name=name)
    )
    assert world.describe(arn)["name"] == name
    world.call("StopSolutionVersionCreation", solutionVersionArn=arn)
    world.settled(arn)


@case("CreateSolutionVersion", "5", "UPDATE only if an ACTIVE FULL version exists", EXCEPTION)
def test_an_update_needs_a_full_training(world: World) -> None:
    arn = world.active(world.make("CreateSolution"))
    world.refuses(refusal("CreateSolutionVersion", "", "", "InvalidInput", solutionArn=arn, trainingMode="UPDATE"))
    world.personalize.delete_solution(solutionArn=arn)


@case("CreateSolutionVersion", "5", "trainingMode UPDATE trains on top of the newest FULL version")
def test_an_update_is_trained(world: World) -> None:
    arn = world.active(world.make("CreateSolutionVersion", trainingMode="UPDATE"))
    assert world.describe(arn)["trainingMode"] == "UPDATE"
