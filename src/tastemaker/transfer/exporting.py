"""The work of an export job: what a dataset holds, as CSV that can be imported again."""

from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import structlog
from sqlalchemy import Connection

from tastemaker.data.schemas import Schema
from tastemaker.resources.contents import WRITTEN, Mode, contents_of
from tastemaker.resources.kind import Body, Outcome, Task, WorkFailed
from tastemaker.storage import objects, rows
from tastemaker.storage.store import Store

log = structlog.get_logger()

FILE = "part-00000.csv"


def export_dataset(task: Task) -> Outcome:
    """Write one CSV file below the destination; it is there whole when the job is ACTIVE."""
    job, store = task.resource, task.store
    frame, schema = _rows(store, job.body["datasetArn"], job.body["ingestionMode"])
    destination = job.body["jobOutput"]["s3DataDestination"]["path"]
    store.spool.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=store.spool) as spool:
        file = Path(spool) / FILE
        as_text(frame, schema).write_csv(file, quote_style="never")
        try:
            access = store.access(job.body["roleArn"], job.arn)
            written = objects.deliver([(f"{job.name}/{FILE}", file)], destination, access, task.watch)
        except objects.ObjectsFailed as problem:
            raise WorkFailed(str(problem)) from None
    log.info("dataset.exported", job=job.arn, n_rows=len(frame), mode=job.body["ingestionMode"])

    def outcome(_: Connection) -> Body:
        return {"report": {"records": len(frame), "files": written}}

    return outcome


def _rows(store: Store, dataset_arn: str, mode: Mode) -> tuple[pl.DataFrame, Schema]:
    """Equal rows once. "ALL has the newest record of each user and item; BULK and PUT have all versions"."""
    with store.database.read() as connection:
        dataset = rows.find(connection, dataset_arn)
        if dataset is None:
            raise WorkFailed(f"The dataset {dataset_arn} was deleted.")
        contents = contents_of(connection, dataset)
    try:
        if mode == "ALL":
            return contents.newest(store), contents.schema
        return contents.read(store, mode).drop(WRITTEN).unique(maintain_order=True), contents.schema
    except FileNotFoundError:  # an import replaced a part between the look at its name and the look into it
        return _rows(store, dataset_arn, mode)


def as_text(frame: pl.DataFrame, schema: Schema) -> pl.DataFrame:
    """The values as an import reads them: texts quoted where they must be, quotes and backslashes escaped."""
    texts = []
    for column in schema.columns:
        value = pl.col(column.name)
        if column.is_string:
            escaped = value.str.replace_all("\\", "\\\\", literal=True).str.replace_all('"', '\\"', literal=True)
            needs_quotes = value.str.contains(r'[",\\\r\n]') | value.str.contains(r"^\s|\s$")
            value = pl.when(needs_quotes).then(pl.format('"{}"', escaped)).otherwise(value)
        texts.append(value.alias(column.name))
    return frame.select(texts)
