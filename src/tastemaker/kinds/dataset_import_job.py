"""Import jobs: CSV files into a dataset, as a new version of it."""

from tastemaker.errors import InvalidInputException
from tastemaker.kinds.dataset import DATASET
from tastemaker.resources.attributions import attribution_of
from tastemaker.resources.kind import Birth, Kind, Work
from tastemaker.resources.quotas import at_most_unfinished
from tastemaker.resources.statuses import JOB
from tastemaker.storage.columns import parts_of
from tastemaker.storage.objects import check_location
from tastemaker.transfer.importing import import_dataset


def has_a_location(birth: Birth) -> None:
    """Where the data lies; that it is there is seen when the job runs."""
    location = birth.request["dataSource"].get("dataLocation")
    if not location:
        raise InvalidInputException(
            "dataSource.dataLocation is missing: give s3://bucket/key, or the path of a CSV file or a folder of them."
        )
    check_location(location, birth.store.access(birth.request.get("roleArn")))


def has_something_to_add_to(birth: Birth) -> None:
    """INCREMENTAL "requires that bulk data exist"."""
    birth.body.setdefault("importMode", "FULL")
    dataset = birth.parents["datasetArn"]
    if birth.body["importMode"] == "INCREMENTAL" and not parts_of(birth.connection, dataset.arn):
        raise InvalidInputException(
            f"importMode is INCREMENTAL, but {dataset.arn} has no bulk data yet. Import with importMode FULL first."
        )
    birth.links.append(dataset.body["datasetGroupArn"])


def can_publish(birth: Birth) -> None:
    """Reports of metrics are about interactions, and go where the group's metric attribution says."""
    if not birth.body.setdefault("publishAttributionMetricsToS3", False):
        return
    dataset = birth.parents["datasetArn"].body
    found = attribution_of(birth.connection, dataset["datasetGroupArn"])
    has_place = found is not None and "s3DataDestination" in found.body["metricsOutputConfig"]
    if dataset["datasetType"] != "INTERACTIONS" or not has_place:
        raise InvalidInputException(
            "publishAttributionMetricsToS3 needs an Interactions dataset, and a metric attribution with an S3 "
            "destination in its dataset group."
        )


DATASET_IMPORT_JOB = Kind(
    "DatasetImportJob",
    "dataset-import-job",
    JOB,
    name_member="jobName",
    parents={"datasetArn": DATASET},
    listed_by="datasetArn",
    rules=(has_a_location, has_something_to_add_to, can_publish),
    quotas=(at_most_unfinished(5, "DatasetImportJob"),),
    create=Work(import_dataset, in_child=True),
)
