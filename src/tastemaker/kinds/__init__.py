"""Every kind of resource that has work behind it: one file each says what it is, its rules, its work."""

from tastemaker.kinds.batch_inference_job import BATCH_INFERENCE_JOB
from tastemaker.kinds.batch_segment_job import BATCH_SEGMENT_JOB
from tastemaker.kinds.campaign import CAMPAIGN
from tastemaker.kinds.data_deletion_job import DATA_DELETION_JOB
from tastemaker.kinds.dataset import DATASET
from tastemaker.kinds.dataset_export_job import DATASET_EXPORT_JOB
from tastemaker.kinds.dataset_group import DATASET_GROUP
from tastemaker.kinds.dataset_import_job import DATASET_IMPORT_JOB
from tastemaker.kinds.event_tracker import EVENT_TRACKER
from tastemaker.kinds.filter import FILTER
from tastemaker.kinds.metric_attribution import METRIC_ATTRIBUTION
from tastemaker.kinds.recommender import RECOMMENDER
from tastemaker.kinds.schema import SCHEMA
from tastemaker.kinds.solution import SOLUTION
from tastemaker.kinds.solution_version import SOLUTION_VERSION

KINDS = (
    SCHEMA,
    DATASET_GROUP,
    DATASET,
    DATASET_IMPORT_JOB,
    DATASET_EXPORT_JOB,
    DATA_DELETION_JOB,
    EVENT_TRACKER,
    FILTER,
    METRIC_ATTRIBUTION,
    SOLUTION,
    SOLUTION_VERSION,
    CAMPAIGN,
    RECOMMENDER,
    BATCH_INFERENCE_JOB,
    BATCH_SEGMENT_JOB,
)

__all__ = ["KINDS"]
