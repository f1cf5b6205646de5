"""The work of an import job: CSV files become a new part of the dataset, bad rows a file beside it."""

from pathlib import Path
from tempfile import TemporaryDirectory

import structlog
from sqlalchemy import Connection

from tastemaker.errors import InvalidInputException
from tastemaker.resources.groups import schema_of
from tastemaker.resources.kind import Body, Outcome, Task, WorkFailed
from tastemaker.storage import columns, objects, rows
from tastemaker.storage.database import touch
from tastemaker.transfer.attribution_reports import publish
from tastemaker.transfer.csv_bytes import ImportFailed
from tastemaker.transfer.csv_files import CsvFile, Imported, read_csv

log = structlog.get_logger()

BYTES_MAX = {"FULL": 100 << 30, "INCREMENTAL": 1 << 30}  # quotas of one import
INTERACTIONS_MIN = 1000  # "every import job needs 1000 records", looked at with --strict-minimums
PREFIX = "Failed to create a data import job for {} dataset. "


def import_dataset(task: Task) -> Outcome:
    """Read, check and write; the new version of the dataset is there when the job is ACTIVE, and not before."""
    job, store = task.resource, task.store
    with store.database.read() as connection:
        dataset = rows.find(connection, job.body["datasetArn"])
        if dataset is None:
            raise WorkFailed(f"The dataset {job.body['datasetArn']} was deleted.")
        schema = schema_of(connection, dataset)
    prefix = PREFIX.format(schema.dataset)
    store.spool.mkdir(exist_ok=True)
    try:
        with TemporaryDirectory(dir=store.spool) as spool:
            access = store.access(job.body.get("roleArn"), job.arn)
            found = objects.fetch(job.body["dataSource"]["dataLocation"], access, Path(spool), task.watch)
            files = [CsvFile(each.name, each.path) for each in found]
            most = BYTES_MAX[job.body["importMode"]]
            if store.strict.quotas and sum(each.path.stat().st_size for each in files) > most:
                raise ImportFailed(f"The files are larger than {most >> 30} GB together. Import them in several jobs.")
            imported = read_csv(files, schema, task.watch, Path(spool))
    except (ImportFailed, objects.ObjectsFailed, InvalidInputException) as error:
        raise WorkFailed(prefix + str(error)) from None
    except OSError as error:  # a device, a file that shrinks, a disk that fails
        raise WorkFailed(f"{prefix}Invalid Data location. It cannot be read: {error.strerror or error}.") from None
    folder, n_rows = store.new_uuid(), len(imported.frame)
    kept = _report(imported)
    if len(imported.rejects):
        rejects = store.rejects / f"{folder}.csv"
        columns.save_rejects(rejects, imported.rejects)
        kept["rejects"] = rejects.name
        kept["report"]["rejects"] = str(rejects)
    if not len(imported.frame):
        raise WorkFailed(f"{prefix}All {imported.n_records} records are bad. {_first_reject(imported)}", kept)
    if store.strict.minimums and dataset.body["datasetType"] == "INTERACTIONS" and n_rows < INTERACTIONS_MIN:
        raise WorkFailed(f"{prefix}Dataset has fewer than {INTERACTIONS_MIN} interactions: {n_rows} were given.", kept)
    if job.body["publishAttributionMetricsToS3"]:
        kept["report"]["attribution"] = publish(task, dataset.body["datasetGroupArn"], imported.frame)
    columns.save(store.datasets / folder, imported.frame)
    log.info("dataset.imported", job=job.arn, n_rows=n_rows, n_rejected=len(imported.rejects))

    def outcome(connection: Connection) -> Body:
        part = columns.Part(folder, n_rows, store.now_s())
        columns.commit(connection, dataset.arn, part, replace=job.body["importMode"] == "FULL")
        touch(connection)
        return kept

    return outcome


def _report(imported: Imported) -> Body:
    """What became of the records, in numbers that add up."""
    report: Body = {
        "records": imported.n_records,
        "imported": len(imported.frame),
        "duplicates": imported.n_duplicates,
        "rejected": len(imported.rejects),
    }
    if len(imported.rejects):
        report["first_reject"] = _first_reject(imported)
    return {"report": report}


def _first_reject(imported: Imported) -> str:
    first = imported.rejects.row(0, named=True)
    where = f"{first['file']} line {first['line']}" + (f", column {first['column']}" if first["column"] else "")
    return f"{where}: {first['reason']}. {first['fix']}"
