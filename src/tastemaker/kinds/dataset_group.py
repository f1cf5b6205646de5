"""Dataset groups: the containers of everything else."""

from tastemaker.errors import InvalidInputException
from tastemaker.resources.kind import Birth, Kind
from tastemaker.resources.statuses import PROVISIONED


def is_custom(birth: Birth) -> None:
    """Domain groups come with their recommenders."""
    if "domain" in birth.request:
        raise InvalidInputException(
            "domain: domain dataset groups are not supported by this version of Tastemaker. Leave domain out: a custom "
            "dataset group takes the same data."
        )


def key_has_role(birth: Birth) -> None:
    """A KMS key is used through a role."""
    if "kmsKeyArn" in birth.request and "roleArn" not in birth.request:
        raise InvalidInputException("kmsKeyArn needs roleArn, too: the role with which the key may be used.")


DATASET_GROUP = Kind(
    "DatasetGroup",
    "dataset-group",
    PROVISIONED,
    rules=(is_custom, key_has_role),
    blocked_by=("Dataset", "EventTracker", "Solution", "Filter"),
    takes_along=("DatasetImportJob",),  # frees the names of its jobs, which have no delete operation
    created=("domain",),
    on_servers=True,
)
