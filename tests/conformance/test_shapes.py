"""What Describe and List show (section 7), and the statuses on the way (section 3)."""

import re
from collections.abc import Mapping
from typing import Any

import pytest

from conformance.case import Case, case, cases
from conformance.valid import ITEMS
from conformance.world import FILTERS, World

TIMES = ("creationDateTime", "lastUpdatedDateTime")
STATE = ("name", "status", *TIMES)
JOB = ("jobName", "status", *TIMES)

# operation: what is described; the members that are shown, as the request and the documented defaults have it.
SHOWN: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "DescribeSchema": ("$schema.Items", ("name", "schemaArn", "schema", *TIMES)),
    "DescribeDatasetGroup": ("$group", ("datasetGroupArn", *STATE)),
    "DescribeDataset": ("$dataset.Users", ("datasetArn", "datasetGroupArn", "datasetType", "schemaArn", *STATE)),
    "DescribeDatasetImportJob": (
        "$import.Users",
        (
            *("datasetImportJobArn", "datasetArn", "dataSource", "roleArn", "importMode"),
            *("publishAttributionMetricsToS3", *JOB),
        ),
    ),
    "DescribeRecipe": (
        "$recipe.aws-sims",
        ("recipeArn", "algorithmArn", "featureTransformationArn", "description", "recipeType", *STATE),
    ),
    "DescribeSolution": (
        "$solution.sims",
        (
            *("solutionArn", "datasetGroupArn", "recipeArn", "performHPO", "performAutoML", "performAutoTraining"),
            *("performIncrementalUpdate", "solutionConfig", "latestSolutionVersion", *STATE),
        ),
    ),
    "DescribeSolutionVersion": (
        "$version.sims",
        (
            *("solutionVersionArn", "solutionArn", "datasetGroupArn", "recipeArn", "performHPO", "performAutoML"),
            *("performIncrementalUpdate", "solutionConfig", "trainingHours", "trainingMode", "trainingType", *STATE),
        ),
    ),
    "DescribeCampaign": ("$campaign.sims", ("campaignArn", "solutionVersionArn", "minProvisionedTPS", *STATE)),
    "DescribeRecommender": (
        "$recommender",
        ("recommenderArn", "datasetGroupArn", "recipeArn", "recommenderConfig", "modelMetrics", *STATE),
    ),
    "DescribeFilter": ("$filter.users", ("filterArn", "datasetGroupArn", "filterExpression", *STATE)),
    "DescribeEventTracker": ("$tracker", ("eventTrackerArn", "accountId", "trackingId", "datasetGroupArn", *STATE)),
    "DescribeMetricAttribution": (
        "$attribution",
        ("metricAttributionArn", "datasetGroupArn", "metricsOutputConfig", *STATE),
    ),
}
# operation: the member that holds the list, and what each summary has.
LISTED: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "ListSchemas": ("schemas", ("name", "schemaArn", *TIMES)),
    "ListDatasetGroups": ("datasetGroups", ("datasetGroupArn", *STATE)),
    "ListDatasets": ("datasets", ("datasetArn", "datasetType", *STATE)),
    "ListDatasetImportJobs": ("datasetImportJobs", ("datasetImportJobArn", "importMode", *JOB)),
    "ListRecipes": ("recipes", ("recipeArn", *STATE)),
    "ListSolutions": ("solutions", ("solutionArn", "recipeArn", *STATE)),
    "ListSolutionVersions": (
        "solutionVersions",
        ("solutionVersionArn", "status", "trainingMode", "trainingType", *TIMES),
    ),
    "ListCampaigns": ("campaigns", ("campaignArn", *STATE)),
    "ListRecommenders": (
        "recommenders",
        ("recommenderArn", "datasetGroupArn", "recipeArn", "recommenderConfig", *STATE),
    ),
    "ListFilters": ("Filters", ("filterArn", "datasetGroupArn", *STATE)),
    "ListEventTrackers": ("eventTrackers", ("eventTrackerArn", *STATE)),
    "ListMetricAttributions": ("metricAttributions", ("metricAttributionArn", *STATE)),
    "ListMetricAttributionMetrics": ("metrics", ("eventType", "metricName", "expression")),
}
FREE = {"name", "jobName", "status", *TIMES}


def describes(arn_member: str) -> str:
    """The member that holds what Describe shows."""
    return arn_member.removesuffix("Arn")


def arn_member(operation: str) -> str:
    """campaignArn of DescribeCampaign."""
    word = operation.removeprefix("Describe")
    return word[0].lower() + word[1:] + "Arn"


@cases(
    [
        Case(name, "7", f"Shown are {', '.join(members)}; what has no value is absent", more=(word, members))
        for name, (word, members) in SHOWN.items()
    ]
)
def test_a_description_is_complete(world: World, case: Case) -> None:
    word, members = case.more
    found = world.call(case.operation, **{arn_member(case.operation): word})
    assert set(found) == {describes(arn_member(case.operation))}
    (shown,) = found.values()
    assert set(shown) == set(members)
    assert None not in shown.values()


@cases(
    [
        Case(name, "7", f"A summary has {', '.join(members)} and no other member", more=(member, members))
        for name, (member, members) in LISTED.items()
    ]
)
def test_a_summary_is_complete(world: World, case: Case) -> None:
    member, members = case.more
    summaries = world.call(case.operation, maxResults=100)[member]
    assert summaries
    for each in summaries:
        assert set(each) - {"domain", "failureReason"} == set(members), each


ECHOED = [
    ("DescribeSchema", "$schema.Items", "Schema text verbatim", "schema", ITEMS),
    ("DescribeFilter", "$filter.genre", "Returns filterExpression verbatim", "filterExpression", FILTERS["genre"]),
]


@cases([Case(name, "5", sentence, more=(word, member, text)) for name, word, sentence, member, text in ECHOED])
def test_texts_are_kept_as_they_were_given(world: World, case: Case) -> None:
    word, member, text = case.more
    assert value(world, case.operation, word, member) == text


PENDING, RUNNING, ACTIVE = "CREATE PENDING", "CREATE IN_PROGRESS", "ACTIVE"
LIVES = {
    "CreateDatasetGroup": "$group",
    "CreateDataset": "$dataset.Items",
    "CreateDatasetImportJob": "$import.Interactions",
    "CreateSolution": "$solution.up",
    "CreateSolutionVersion": "$version.up",
    "CreateCampaign": "$campaign.up",
    "CreateRecommender": "$recommender",
    "CreateFilter": "$filter.genre",
    "CreateEventTracker": "$tracker",
    "CreateMetricAttribution": "$attribution",
}


@cases(
    [
        Case(name, "3", "CREATE PENDING, then CREATE IN_PROGRESS, then ACTIVE; nothing else and never back", more=word)
        for name, word in LIVES.items()
    ]
)
def test_a_life_begins_as_documented(world: World, case: Case) -> None:
    seen = [each for each in world.statuses[world.words[case.more]] if each]
    order = [PENDING, RUNNING, ACTIVE]
    assert seen == sorted(seen, key=order.index)
    assert seen[-1] == ACTIVE


@cases([Case(name, "5", "The answer has the ARN of what was created", more=word) for name, word in LIVES.items()])
def test_create_answers_with_the_arn(world: World, case: Case) -> None:
    answer = world.answers[case.more]
    extra = {"CreateEventTracker": {"trackingId"}}.get(case.operation, set())
    assert set(answer) == {arn_member(case.operation.replace("Create", "Describe")), *extra}


ARNS: list[tuple[str, str, str, str]] = [
    ("CreateSchema", "$schema.Items", "schema/<name>", r"schema/[\w-]+"),
    ("CreateDatasetGroup", "$group", "dataset-group/<name>", r"dataset-group/[\w-]+"),
    ("CreateDataset", "$dataset.Action_Interactions", "dataset/<group>/<TYPE>", r"dataset/[\w-]+/ACTION_INTERACTIONS"),
    ("CreateDatasetImportJob", "$import.Items", "dataset-import-job/<jobName>", r"dataset-import-job/[\w-]+"),
    ("CreateSolution", "$solution.up", "solution/<name>", r"solution/[\w-]+"),
    ("CreateSolutionVersion", "$version.up", "solution/<solution>/<8 hex digits>", r"solution/[\w-]+/[0-9a-f]{8}"),
    ("CreateCampaign", "$campaign.up", "campaign/<name>", r"campaign/[\w-]+"),
    ("CreateRecommender", "$recommender", "recommender/<name>", r"recommender/[\w-]+"),
    ("CreateFilter", "$filter.genre", "filter/<name>", r"filter/[\w-]+"),
    ("CreateEventTracker", "$tracker", "event-tracker/<8 hex digits>", r"event-tracker/[0-9a-f]{8}"),
    ("CreateMetricAttribution", "$attribution", "metric-attribution/<name>", r"metric-attribution/[\w-]+"),
]


@cases([Case(name, "2", f"The ARN ends in {form}", more=(word, pattern)) for name, word, form, pattern in ARNS])
def test_arns_have_their_form(world: World, case: Case) -> None:
    word, pattern = case.more
    region = world.endpoint.region
    assert re.fullmatch(rf"arn:aws[\w-]*:personalize:{region}:\d{{12}}:{pattern}", world.words[word])


def value(world: World, operation: str, word: str, *path: Any) -> Any:
    """A member of what Describe shows."""
    (found,) = world.call(operation, **{arn_member(operation): word}).values()
    for step in path:
        found = found[step]
    return found


WEEKLY = {"autoTrainingConfig": {"schedulingExpression": "rate(7 days)"}}
DEFAULTS: list[tuple[str, str, str, str, tuple[Any, ...], Any]] = [
    ("DescribeDatasetImportJob", "$import.Users", "5", "importMode is FULL when omitted", ("importMode",), "FULL"),
    (
        "DescribeDatasetImportJob",
        "$import.Users",
        "5",
        "publishAttributionMetricsToS3 is false when omitted",
        ("publishAttributionMetricsToS3",),
        False,
    ),
    ("DescribeSolution", "$solution.up", "5", "performHPO is false by default", ("performHPO",), False),
    ("DescribeSolution", "$solution.up", "5", "performAutoML is false by default", ("performAutoML",), False),
    (
        "DescribeSolution",
        "$solution.up",
        "5",
        "performIncrementalUpdate is false by default",
        ("performIncrementalUpdate",),
        False,
    ),
    ("DescribeSolution", "$solution.up", "5", "solutionConfig is {} when none was given", ("solutionConfig",), {}),
    ("DescribeSolutionVersion", "$version.up", "5", "trainingMode is FULL by default", ("trainingMode",), "FULL"),
    (
        "DescribeSolutionVersion",
        "$version.up",
        "4.8",
        "Versions made by CreateSolutionVersion have trainingType MANUAL",
        ("trainingType",),
        "MANUAL",
    ),
    ("DescribeCampaign", "$campaign.up", "5", "minProvisionedTPS is 1 by default", ("minProvisionedTPS",), 1),
    (
        "DescribeRecommender",
        "$recommender",
        "5",
        "minRecommendationRequestsPerSecond is 1 by default",
        ("recommenderConfig", "minRecommendationRequestsPerSecond"),
        1,
    ),
    ("DescribeRecipe", "$recipe.aws-sims", "3", "A recipe is always ACTIVE", ("status",), "ACTIVE"),
    (
        "DescribeDataset",
        "$dataset.Action_Interactions",
        "5",
        "datasetType is returned in upper case",
        ("datasetType",),
        "ACTION_INTERACTIONS",
    ),
]


@cases([Case(name, section, says, more=(word, path, want)) for name, word, section, says, path, want in DEFAULTS])
def test_what_was_not_given_has_its_default(world: World, case: Case) -> None:
    word, path, wanted = case.more
    assert value(world, case.operation, word, *path) == wanted


@case("DescribeSolutionVersion", "5", "The default name of a version is <solutionName>/<id>")
def test_a_version_is_named_after_its_solution(world: World) -> None:
    arn = world.words["$version.up"]
    assert world.describe(arn)["name"] == arn.rpartition(":solution/")[2]


@case("DescribeDataset", "5", "Includes trackingId for ACTION_INTERACTIONS")
def test_action_interactions_have_a_tracker_of_their_own(world: World) -> None:
    assert len(world.describe(world.words["$dataset.Action_Interactions"])["trackingId"]) == 36


@cases(
    [
        Case("DescribeAlgorithm", "5", "Name, image, hyperparameters with isTunable, training input mode and times"),
        Case("DescribeFeatureTransformation", "5", "defaultParameters, and status ACTIVE"),
    ]
)
def test_what_the_service_owns_is_described(world: World, case: Case) -> None:
    (found,) = world.call(case.operation).values()
    if case.operation == "DescribeAlgorithm":
        assert found["algorithmImage"]["dockerURI"]
        assert found["defaultHyperParameters"]["hidden_dimension"] == "149"
        ranges = [each for listed in found["defaultHyperParameterRanges"].values() for each in listed]
        assert {each["name"]: each["isTunable"] for each in ranges}["bptt"] is True
        assert found["trainingInputMode"]
    else:
        assert found["status"] == "ACTIVE"
        assert float(found["defaultParameters"]["max_user_history_length_percentile"]) == pytest.approx(0.99)
    assert found["creationDateTime"].tzinfo is not None


TYPES = {
    "aws-user-personalization-v2": "USER_PERSONALIZATION",
    "aws-user-personalization": "USER_PERSONALIZATION",
    "aws-trending-now": "POPULAR_ITEMS",
    "aws-popularity-count": "POPULAR_ITEMS",
    "aws-personalized-ranking-v2": "PERSONALIZED_RANKING",
    "aws-personalized-ranking": "PERSONALIZED_RANKING",
    "aws-semantic-similarity": "RELATED_ITEMS",
    "aws-similar-items": "RELATED_ITEMS",
    "aws-sims": "RELATED_ITEMS",
    "aws-next-best-action": "PERSONALIZED_ACTIONS",
    "aws-item-affinity": "USER_SEGMENTATION",
    "aws-item-attribute-affinity": "USER_SEGMENTATION",
}
ALGORITHMS = {name: name for name in TYPES} | {"aws-trending-now": "aws-trending-now-custom"}
FEATURES = {
    "aws-popularity-count": "sims",
    "aws-personalized-ranking": "JSON-percentile-filtering",
    "aws-semantic-similarity": "aws-semantic-similarity",
    "aws-sims": "sims",
    "aws-item-affinity": "item-affinity",
    "aws-item-attribute-affinity": "item-attribute-affinity",
}
RECIPES = [
    *((f"{name} is of type {kind}", name, "recipeType", kind) for name, kind in TYPES.items()),
    *((f"The algorithm of {name} is {own}", name, "algorithmArn", own) for name, own in ALGORITHMS.items()),
    *((f"{name} has the features {own}", name, "featureTransformationArn", own) for name, own in FEATURES.items()),
]


@cases([Case("DescribeRecipe", "recipes 1-2", says, more=(name, member, want)) for says, name, member, want in RECIPES])
def test_recipes_are_those_of_the_service(world: World, case: Case) -> None:
    name, member, wanted = case.more
    found = value(world, "DescribeRecipe", f"$recipe.{name}", member)
    assert found.rpartition("/")[2] == wanted


@cases(
    [Case("DescribeAlgorithm", "recipes 2", f"There is an algorithm {own}", more=own) for own in ALGORITHMS.values()]
)
def test_every_algorithm_is_there(world: World, case: Case) -> None:
    arn = f"arn:aws:personalize:::algorithm/{case.more}"
    assert world.call("DescribeAlgorithm", algorithmArn=arn)["algorithm"]["algorithmArn"] == arn
