"""What a declared file asks for: one request for each resource, in an order in which they can be created."""

from collections.abc import Iterator
from typing import Any

from tastemaker.arn import service_arn
from tastemaker.cli.account import ORDER
from tastemaker.cli.declared.columns import RECORDS
from tastemaker.cli.declared.form import Attribution, Declared, File, Solution
from tastemaker.cli.declared.names import dataset_name, import_identity, job_name, schema_name
from tastemaker.cli.declared.steps import Ref, Request, Wanted

UNTAGGED = ("schema", "metric_attribution")
LATEST = "/$LATEST"


def wanted(declared: Declared, now_s: float) -> list[Wanted]:
    """All that the file names, and what that needs. now_s: goes into the names of import jobs."""
    file = declared.file
    found = [*_data(declared, now_s), *_serving(file), *_training(file)]
    return sorted((_tagged(each, file.tags) for each in found), key=lambda each: ORDER.index(each.kind))


def _data(declared: Declared, now_s: float) -> Iterator[Wanted]:
    file = declared.file
    group = Ref("dataset_group", file.group)
    key = {"kmsKeyArn": file.kms_key, "roleArn": file.role} if file.kms_key else {}
    yield _wanted("dataset_group", file.group, {"domain": file.domain, **key})
    for dataset in file.datasets:
        text = declared.schemas[dataset.name]
        schema = schema_name(file.group, dataset.name, file.domain, text)
        yield _wanted("schema", schema, {"schema": text, "domain": file.domain})
        request = {
            "name": dataset_name(file.group, dataset.name),
            "datasetGroupArn": group,
            "datasetType": dataset.name if dataset.name == "action_interactions" else RECORDS[dataset.name],
            "schemaArn": Ref("schema", schema),
        }
        yield Wanted("dataset", dataset.name, request, {"schema": text})
        if source := declared.sources.get(dataset.name):
            identity = import_identity(file.group, dataset.name, *source.content)
            job: dict[str, Any] = {
                "jobName": job_name(identity, now_s),
                "datasetArn": Ref("dataset", dataset.name),
                "dataSource": {"dataLocation": source.location},
                "importMode": "FULL",
            }
            yield Wanted("dataset_import_job", identity, job | ({"roleArn": file.role} if file.role else {}))


def _serving(file: File) -> Iterator[Wanted]:
    group = Ref("dataset_group", file.group)
    for each in file.filters:
        expression = each.expression.strip()
        yield _wanted("filter", each.name, {"datasetGroupArn": group, "filterExpression": expression})
    if file.metric_attribution:
        yield _attribution(file, file.metric_attribution)
    if file.event_tracker not in (None, "false"):
        name = file.group if file.event_tracker == "true" else file.event_tracker
        yield _wanted("event_tracker", name or file.group, {"datasetGroupArn": group})
    for recommender in file.recommenders:
        request = {"recipeArn": _recipe(recommender.recipe), "recommenderConfig": recommender.config or None}
        yield _wanted("recommender", recommender.name, {"datasetGroupArn": group, **request})


def _attribution(file: File, given: Attribution) -> Wanted:
    output: dict[str, Any] = {"roleArn": file.role}
    if given.reports:
        output["s3DataDestination"] = {"path": given.reports}
    metrics = [
        {"eventType": each.event, "metricName": each.name, "expression": each.expression} for each in given.metrics
    ]
    request = {"datasetGroupArn": Ref("dataset_group", file.group), "metrics": metrics, "metricsOutputConfig": output}
    return _wanted("metric_attribution", given.name or file.group, request)


def _training(file: File) -> Iterator[Wanted]:
    for solution in file.solutions:
        yield _solution(file, solution)
        # Of what a solution is told only events can change without a new solution.
        config = {name: value for name, value in solution.config.items() if name == "eventsConfig"}
        needs = {**({"name": solution.version} if solution.version else {}), "solutionConfig": config}
        request = {"solutionArn": Ref("solution", solution.name), "name": solution.version}
        yield Wanted("solution_version", solution.name, _stated(request), needs)
    for each in file.campaigns:
        if each.config.get("syncWithLatestSolutionVersion"):
            version = Ref("solution", each.solution, LATEST)
        else:
            version = Ref("solution_version", each.solution)
        given = {"minProvisionedTPS": each.min_tps, "campaignConfig": each.config or None}
        yield _wanted("campaign", each.name, {"solutionVersionArn": version, **given})


def _solution(file: File, solution: Solution) -> Wanted:
    request = {
        "datasetGroupArn": Ref("dataset_group", file.group),
        "recipeArn": _recipe(solution.recipe),
        "eventType": solution.event_type,
        "performHPO": solution.hpo,
        "performAutoTraining": solution.auto_training,
        "performIncrementalUpdate": solution.incremental_update,
        "solutionConfig": solution.config or None,
    }
    return _wanted("solution", solution.name, request)


def _recipe(named: str) -> str:
    return named if named.startswith("arn:") else service_arn(f"recipe/{named}")


def _wanted(kind: str, name: str, request: Request) -> Wanted:
    return Wanted(kind, name, {"name": name, **_stated(request)})


def _stated(request: Request) -> dict[str, Any]:
    """What the file says; the service has its defaults for the rest."""
    return {member: value for member, value in request.items() if value is not None}


def _tagged(each: Wanted, tags: dict[str, str]) -> Wanted:
    if not tags or each.kind in UNTAGGED:
        return each
    listed = [{"tagKey": key, "tagValue": value} for key, value in tags.items()]
    return Wanted(each.kind, each.name, {**each.request, "tags": listed}, each.needs)
