"""Data deletion jobs: users whose data are removed from everything in a dataset group."""

from tastemaker.errors import InvalidInputException
from tastemaker.kinds.dataset_group import DATASET_GROUP
from tastemaker.resources.kind import Birth, Kind, Work
from tastemaker.resources.quotas import at_most_unfinished
from tastemaker.resources.statuses import DELETION
from tastemaker.storage.objects import check_location
from tastemaker.transfer.forgetting import forget_users


def has_a_list(birth: Birth) -> None:
    """Where the ids lie; that they are there is seen when the job runs."""
    location = birth.request["dataSource"].get("dataLocation")
    if not location:
        raise InvalidInputException(
            "dataSource.dataLocation is missing: give s3://bucket/key of a CSV file with the column USER_ID, or of a "
            "folder of them."
        )
    check_location(location, birth.store.access(birth.request["roleArn"]))


DATA_DELETION_JOB = Kind(
    "DataDeletionJob",
    "data-deletion-job",
    DELETION,
    name_member="jobName",
    parents={"datasetGroupArn": DATASET_GROUP},
    listed_by="datasetGroupArn",
    newest_first=True,
    rules=(has_a_list,),
    quotas=(at_most_unfinished(5, "DataDeletionJob", "datasetGroupArn"),),
    create=Work(forget_users, in_child=True),
)
