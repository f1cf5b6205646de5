"""Dataset groups: the containers of everything else."""

from tastemaker.errors import InvalidInputException
from tastemaker.resources.kind import Birth, Kind
from tastemaker.resources.quotas import at_most
from tastemaker.resources.statuses import CONTAINING


def key_has_role(birth: Birth) -> None:
    """A KMS key is used through a role."""
    if "kmsKeyArn" in birth.request and "roleArn" not in birth.request:
        raise InvalidInputException("kmsKeyArn needs roleArn, too: the role with which the key may be used.")


DATASET_GROUP = Kind(
    "DatasetGroup",
    "dataset-group",
    CONTAINING,
    rules=(key_has_role,),
    quotas=(at_most(5, "DatasetGroup"),),
    blocked_by=("Dataset", "EventTracker", "Solution", "Filter", "Recommender", "MetricAttribution"),
    # Jobs have no delete operation: with their group their names are free again.
    takes_along=(
        "DatasetImportJob",
        "DatasetExportJob",
        "DataDeletionJob",
        "BatchInferenceJob",
        "BatchSegmentJob",
    ),
    created=("domain",),
    on_servers=True,
)
