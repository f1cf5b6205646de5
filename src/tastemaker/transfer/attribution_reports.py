"""The report of an import: what the imported interactions are worth, by metric, source and quarter hour."""

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from tastemaker.resources.attributions import attribution_of, of_rows
from tastemaker.resources.kind import Task, WorkFailed
from tastemaker.storage import objects


def publish(task: Task, group: str, frame: pl.DataFrame) -> list[str]:
    """Write the report where the group's metric attribution says; gives its location.

    Its name has the time at which the job was created: a job that is done twice writes one report.
    """
    job, store = task.resource, task.store
    with store.database.read() as connection:
        attribution = attribution_of(connection, group)
    config = attribution.body["metricsOutputConfig"] if attribution else {}
    if attribution is None or "s3DataDestination" not in config:
        raise WorkFailed("The metric attribution, whose report the job should publish, was deleted. Import without it.")
    when = datetime.fromtimestamp(job.created_s, UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
    name = f"AggregatedAttributionMetrics - {job.body['importMode']} - {when}.csv"
    with TemporaryDirectory(dir=store.spool) as spool:
        file = Path(spool) / "report.csv"
        of_rows(store, attribution, frame).write_csv(file)
        try:
            access = store.access(config["roleArn"], job.arn)
            return objects.deliver([(name, file)], config["s3DataDestination"]["path"], access, task.watch)
        except objects.ObjectsFailed as problem:
            raise WorkFailed(str(problem)) from None
