"""Batch segment jobs: for every line of a file, the users most likely to choose an item, or items of a kind."""

from tastemaker.batch.segmenting import BY_ATTRIBUTES, segment
from tastemaker.errors import InvalidInputException
from tastemaker.kinds.batch_rules import check_results, filter_for, reads_and_writes, require_ready, version_for
from tastemaker.kinds.solution_config import recipe_named
from tastemaker.resources.kind import Birth, Kind, Work
from tastemaker.resources.quotas import at_most_unfinished
from tastemaker.resources.statuses import JOB

RESULTS_MAX = 5_000_000


def segments_from_a_version(birth: Birth) -> None:
    """The version is trained, and its recipe finds users; the filter is about users."""
    check_results(birth, RESULTS_MAX)
    version = version_for(birth)
    recipe = recipe_named(version.body["recipeArn"])
    if recipe.recipe_type != "USER_SEGMENTATION":
        raise InvalidInputException(
            f"solutionVersionArn {version.arn}: {recipe.name} finds no users. Use a version of aws-item-affinity or "
            "aws-item-attribute-affinity, or CreateBatchInferenceJob."
        )
    tree = filter_for(birth, version, "UserID")
    by_events = tree is not None and tree.needs_events
    if by_events and recipe.name == BY_ATTRIBUTES:
        raise InvalidInputException(
            f"filterArn {birth.request['filterArn']} looks at interactions, which {recipe.name} does not take. Use a "
            "filter on Users."
        )
    require_ready(birth, version)


BATCH_SEGMENT_JOB = Kind(
    "BatchSegmentJob",
    "batch-segment-job",
    JOB,
    name_member="jobName",
    listed_by="solutionVersionArn",
    rules=(reads_and_writes, segments_from_a_version),
    quotas=(at_most_unfinished(5, "BatchSegmentJob"),),
    create=Work(segment, in_child=True),
)
