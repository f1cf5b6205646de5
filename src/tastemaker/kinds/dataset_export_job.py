"""Export jobs: what a dataset holds, as CSV files."""

from tastemaker.kinds.dataset import DATASET
from tastemaker.resources.kind import Birth, Kind, Work
from tastemaker.resources.quotas import at_most_unfinished
from tastemaker.resources.statuses import JOB
from tastemaker.storage.objects import check_location
from tastemaker.transfer.exporting import export_dataset


def has_a_destination(birth: Birth) -> None:
    """Where the files go; "the default is PUT: what was imported individually"."""
    birth.body.setdefault("ingestionMode", "PUT")
    path = birth.request["jobOutput"]["s3DataDestination"]["path"]
    check_location(path, birth.store.access(birth.request["roleArn"]), "jobOutput.s3DataDestination.path")
    birth.links.append(birth.parents["datasetArn"].body["datasetGroupArn"])


DATASET_EXPORT_JOB = Kind(
    "DatasetExportJob",
    "dataset-export-job",
    JOB,
    name_member="jobName",
    parents={"datasetArn": DATASET},
    listed_by="datasetArn",
    rules=(has_a_destination,),
    quotas=(at_most_unfinished(5, "DatasetExportJob"),),
    create=Work(export_dataset, in_child=True),
)
