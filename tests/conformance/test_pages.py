"""Pages of every List operation (4.4)."""

from typing import Any

from conformance.case import EXCEPTION, Case, cases
from conformance.world import World

# operation: the member of the answer, and a parent whose children are two or more.
LISTS: dict[str, tuple[str, dict[str, str]]] = {
    "ListSchemas": ("schemas", {}),
    "ListDatasetGroups": ("datasetGroups", {}),
    "ListDatasets": ("datasets", {"datasetGroupArn": "$group"}),
    "ListDatasetImportJobs": ("datasetImportJobs", {}),
    "ListRecipes": ("recipes", {}),
    "ListSolutions": ("solutions", {"datasetGroupArn": "$group"}),
    "ListSolutionVersions": ("solutionVersions", {}),
    "ListCampaigns": ("campaigns", {}),
    "ListFilters": ("Filters", {"datasetGroupArn": "$group"}),
}
OTHERS: dict[str, str] = {
    "ListRecommenders": "recommenders",
    "ListEventTrackers": "eventTrackers",
    "ListMetricAttributions": "metricAttributions",
    "ListMetricAttributionMetrics": "metrics",
    "ListDatasetExportJobs": "datasetExportJobs",
    "ListDataDeletionJobs": "dataDeletionJobs",
    "ListBatchInferenceJobs": "batchInferenceJobs",
    "ListBatchSegmentJobs": "batchSegmentJobs",
}
ALL = {name: member for name, (member, _) in LISTS.items()} | OTHERS
UNPAGED = ("ListDataDeletionJobs",)
BY_NAME = ("ListRecipes",)


def pages(world: World, operation: str, **request: Any) -> list[list[Any]]:
    """All pages."""
    found, token = [], {}
    while True:
        answer = world.personalize.meta.method_to_api_mapping
        words = next(name for name, other in answer.items() if other == operation)
        answer = getattr(world.personalize, words)(**world.filled(request), **token)
        found.append(answer[ALL[operation]])
        if "nextToken" not in answer:
            return found
        token = {"nextToken": answer["nextToken"]}


@cases([Case(name, "4.4", "maxResults bounds a page, and nextToken leads to the next one") for name in LISTS])
def test_pages_together_are_the_whole_list(world: World, case: Case) -> None:
    _, parent = LISTS[case.operation]
    (whole,) = pages(world, case.operation, **parent)
    assert 2 <= len(whole) <= 100
    one_by_one = pages(world, case.operation, maxResults=1, **parent)
    assert [len(page) for page in one_by_one] == [1] * len(whole)
    assert [page[0] for page in one_by_one] == whole


@cases(
    [Case(name, "4.4", f"The result key is {member}; nextToken only when more remain") for name, member in ALL.items()]
)
def test_the_last_page_has_no_token(world: World, case: Case) -> None:
    request = {"metricAttributionArn": "$attribution"} if case.operation == "ListMetricAttributionMetrics" else {}
    status, found = world.send(case.operation, world.filled(request))
    assert status == 200
    assert set(found) == {ALL[case.operation]}


@cases(
    [
        Case(name, "4.4", "A token that was not issued is InvalidNextToken", EXCEPTION, {"nextToken": token})
        for name in ALL
        for token in ("made-up",)
    ]
)
def test_a_token_that_was_not_issued_is_refused(world: World, case: Case) -> None:
    world.refuses(Case(case.operation, "", "", EXCEPTION, case.changes, "InvalidNextTokenException"))


@cases(
    [
        Case(name, "1.4", "A token that was issued for other arguments is InvalidNextToken", EXCEPTION)
        for name, (_, parent) in LISTS.items()
        if parent
    ]
)
def test_a_token_belongs_to_its_arguments(world: World, case: Case) -> None:
    _, parent = LISTS[case.operation]
    _, found = world.send(case.operation, world.filled({**parent, "maxResults": 1}))
    other = dict.fromkeys(parent, "$videos")
    changes = {**other, "nextToken": found["nextToken"]}
    world.refuses(Case(case.operation, "", "", EXCEPTION, changes, "InvalidNextTokenException"))


@cases([Case("ListRecipes", "1.4", "A token of another operation is InvalidNextToken", EXCEPTION)])
def test_a_token_belongs_to_its_operation(world: World, case: Case) -> None:
    _, found = world.send("ListSchemas", {"maxResults": 1})
    changes = {"nextToken": found["nextToken"]}
    world.refuses(Case(case.operation, "", "", EXCEPTION, changes, "InvalidNextTokenException"))


@cases([Case(name, "4.4", "boto3 has a paginator") for name in ALL if name not in UNPAGED])
def test_boto3_pages(world: World, case: Case) -> None:
    words = next(key for key, name in world.personalize.meta.method_to_api_mapping.items() if name == case.operation)
    request = {"metricAttributionArn": "$attribution"} if case.operation == "ListMetricAttributionMetrics" else {}
    paginator = world.personalize.get_paginator(words)
    found = [
        each
        for page in paginator.paginate(**world.filled(request), PaginationConfig={"PageSize": 7})
        for each in page[ALL[case.operation]]
    ]
    assert found == [each for page in pages(world, case.operation, **request) for each in page]


@cases([Case(name, "4.4", "Oldest first by creation time") for name in LISTS if name not in BY_NAME])
def test_lists_are_oldest_first(world: World, case: Case) -> None:
    _, parent = LISTS[case.operation]
    found = [each["creationDateTime"] for page in pages(world, case.operation, **parent) for each in page]
    assert found == sorted(found)


@cases([Case("ListRecipes", "4.4", "Recipes are sorted by name")])
def test_recipes_are_sorted(world: World, case: Case) -> None:
    found = [each["name"] for page in pages(world, case.operation, maxResults=9) for each in page]
    assert found == sorted(found)


@cases(
    [
        Case("ListRecipes", "5", "domain given: only that domain's use cases", more=("ECOMMERCE", "aws-ecomm-")),
        Case("ListRecipes", "5", "VIDEO_ON_DEMAND has its use cases", more=("VIDEO_ON_DEMAND", "aws-vod-")),
        # Recipes of our own are listed beside the documented ones, under names that say so.
        Case(
            "ListRecipes",
            "5",
            "Summaries of domain recipes carry domain, others not",
            more=(None, ("aws-", "tastemaker-")),
        ),
    ]
)
def test_recipes_are_listed_by_domain(world: World, case: Case) -> None:
    domain, begin = case.more
    found = world.call("ListRecipes", maxResults=100, **({"domain": domain} if domain else {}))["recipes"]
    assert all(each["name"].startswith(begin) for each in found)
    for each in found:
        assert ("domain" in each) == each["name"].startswith(("aws-vod-", "aws-ecomm-"))
    assert domain is None or len(found) == 5


@cases(
    [
        Case("ListDatasets", "5", "Optional filter datasetGroupArn", more=({"datasetGroupArn": "$videos"}, 2)),
        Case("ListRecommenders", "5", "Optional filter datasetGroupArn", more=({"datasetGroupArn": "$videos"}, 1)),
        Case("ListFilters", "5", "Optional filter datasetGroupArn", more=({"datasetGroupArn": "$videos"}, 0)),
        Case("ListSolutions", "5", "Optional filter datasetGroupArn", more=({"datasetGroupArn": "$empty"}, 0)),
        Case("ListEventTrackers", "5", "Optional filter datasetGroupArn", more=({"datasetGroupArn": "$group"}, 1)),
        Case("ListMetricAttributions", "5", "Optional filter datasetGroupArn", more=({"datasetGroupArn": "$group"}, 1)),
        Case("ListDatasetImportJobs", "5", "Optional filter datasetArn", more=({"datasetArn": "$dataset.Actions"}, 1)),
        Case("ListSolutionVersions", "5", "Optional filter solutionArn", more=({"solutionArn": "$solution.sims"}, 1)),
        Case("ListCampaigns", "5", "Optional filter solutionArn", more=({"solutionArn": "$solution.sims"}, 1)),
    ]
)
def test_lists_are_narrowed_by_their_parent(world: World, case: Case) -> None:
    request, count = case.more
    assert [len(page) for page in pages(world, case.operation, **request)] == [count]


@cases([Case("ListMetricAttributionMetrics", "4.7", "Metrics of one attribution")])
def test_metrics_are_listed(world: World, case: Case) -> None:
    assert world.call(case.operation)["metrics"] == [
        {"eventType": "watch", "metricName": "watched", "expression": "SAMPLECOUNT()"}
    ]
