"""Import jobs: CSV files into a dataset, as a new version of it."""

from tastemaker.errors import InvalidInputException
from tastemaker.kinds.dataset import DATASET
from tastemaker.resources.kind import Birth, Kind, Work
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
    birth.body.setdefault("publishAttributionMetricsToS3", False)
    if birth.body["publishAttributionMetricsToS3"]:
        raise InvalidInputException(
            "publishAttributionMetricsToS3 needs a metric attribution with an S3 destination in this dataset group."
        )
    dataset = birth.parents["datasetArn"]
    if birth.body["importMode"] == "INCREMENTAL" and not parts_of(birth.connection, dataset.arn):
        raise InvalidInputException(
            f"importMode is INCREMENTAL, but {dataset.arn} has no bulk data yet. Import with importMode FULL first."
        )
    birth.links.append(dataset.body["datasetGroupArn"])


DATASET_IMPORT_JOB = Kind(
    "DatasetImportJob",
    "dataset-import-job",
    JOB,
    name_member="jobName",
    parents={"datasetArn": DATASET},
    listed_by="datasetArn",
    rules=(has_a_location, has_something_to_add_to),
    create=Work(import_dataset, in_child=True),
)
