"""What batch inference jobs and batch segment jobs demand alike."""

from tastemaker.errors import InvalidInputException
from tastemaker.filters import Filter, parse
from tastemaker.filters.tree import Target
from tastemaker.kinds.filter import FILTER
from tastemaker.kinds.solution_version import SOLUTION_VERSION
from tastemaker.resources.engine import existing, require_active, require_region
from tastemaker.resources.kind import Birth
from tastemaker.storage.objects import check_location
from tastemaker.storage.rows import Resource

RESULTS_DEFAULT = 25


def reads_and_writes(birth: Birth) -> None:
    """Where the lines are, and where the answers go; that they can be read and written is seen when the job runs."""
    access = birth.store.access(birth.request["roleArn"])
    for outer, inner in (("jobInput", "s3DataSource"), ("jobOutput", "s3DataDestination")):
        check_location(birth.request[outer][inner]["path"], access, f"{outer}.{inner}.path")


def check_results(birth: Birth, most: int) -> None:
    """How many results a line has."""
    wanted = birth.body.setdefault("numResults", RESULTS_DEFAULT)
    if not 1 <= wanted <= most:
        raise InvalidInputException(f"numResults is {wanted:,}: give 1 to {most:,}.")


def version_for(birth: Birth) -> Resource:
    """The solution version of the job, which exists; the job refers to it, to its solution and to its dataset group."""
    arn = birth.request["solutionVersionArn"]
    if arn.endswith("/$LATEST"):
        raise InvalidInputException(
            f"solutionVersionArn is {arn}: a batch job takes one version. Give the ARN of one, which "
            "ListSolutionVersions shows."
        )
    found = existing(birth.connection, SOLUTION_VERSION, arn)
    require_region(found, birth.scope, "solutionVersionArn")
    if "recipeArn" not in found.body:  # AutoML has not chosen one yet
        require_active(found, "solutionVersionArn")
    birth.links.extend([found.arn, found.body["solutionArn"], found.body["datasetGroupArn"]])
    return found


def filter_for(birth: Birth, version: Resource, target: Target) -> Filter | None:
    """The filter of the job, if it has one: of the version's dataset group, about items or about users."""
    arn = birth.request.get("filterArn")
    if arn is None:
        return None
    found = existing(birth.connection, FILTER, arn, "filterArn")
    if found.body["datasetGroupArn"] != version.body["datasetGroupArn"]:
        raise InvalidInputException(f"filterArn {arn} belongs to another dataset group than the solution version.")
    tree = parse(found.body["filterExpression"])
    if tree.expressions[0].target != target:
        raise InvalidInputException(
            f"filterArn {arn} is about {tree.expressions[0].target}: this job needs a filter on {target}."
        )
    birth.links.append(found.arn)
    return tree


def require_ready(birth: Birth, version: Resource) -> None:
    """The version and the filter are ACTIVE. Looked at last: what is wrong is told before what must be waited for."""
    require_active(version, "solutionVersionArn")
    if "filterArn" in birth.request:
        require_active(existing(birth.connection, FILTER, birth.request["filterArn"], "filterArn"), "filterArn")
