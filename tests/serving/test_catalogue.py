"""Metadata that filters look at, as fresh as the last record that was put."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tastemaker.data.schemas import parse_schema
from tastemaker.resources.contents import contents_of
from tastemaker.serving.catalogue import Catalogue, Records
from tastemaker.storage import columns, rows
from tastemaker.storage.database import touch
from tastemaker.storage.events import EventLog, Record
from tastemaker.storage.store import DATABASE, Store, open_store

GROUP, DATASET, SCHEMA = (
    f"arn:aws:personalize:eu-west-1:123456789012:{suffix}"
    for suffix in ("dataset-group/films", "dataset/films/ITEMS", "schema/films")
)
TEXT = {
    "type": "record",
    "name": "Items",
    "namespace": "com.amazonaws.personalize.schema",
    "version": "1.0",
    "fields": [{"name": "ITEM_ID", "type": "string"}, {"name": "YEAR", "type": ["null", "long"]}],
}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A home with one dataset of Items, into which two were imported."""
    made = open_store(tmp_path)
    body = {"datasetType": "ITEMS", "datasetGroupArn": GROUP, "schemaArn": SCHEMA}
    columns.save(made.datasets / "part", pl.DataFrame({"ITEM_ID": ["a", "b"], "YEAR": [1, 2]}))
    with made.database.write() as connection:
        rows.add(connection, SCHEMA, "Schema", "films", "eu-west-1", None, 1.0, {"schema": json.dumps(TEXT)}, [])
        rows.add(connection, GROUP, "DatasetGroup", "films", "eu-west-1", "ACTIVE", 1.0, {}, [])
        rows.add(connection, DATASET, "Dataset", "films", "eu-west-1", "ACTIVE", 1.0, body, [GROUP, SCHEMA])
        columns.commit(connection, DATASET, columns.Part("part", 2, 2.0), replace=True)
    return made


def put(store: Store, *years: tuple[str, int | None]) -> None:
    """Items with their years, one after the other."""
    with store.database.read() as connection:
        dataset = rows.find(connection, DATASET)
    assert dataset is not None
    log = EventLog(store.database)
    for item, year in years:
        log.append([Record(dataset.seq, item, {"YEAR": year}, 3.0)]).result()
    log.close()


def spoil_older_versions(store: Store) -> None:
    """Whoever reads a version that is not the newest of its record fails."""
    with sqlite3.connect(store.home / DATABASE) as connection:
        newest = "SELECT max(seq) FROM records GROUP BY record_id"
        connection.execute(f"UPDATE records SET body = 'spoiled' WHERE seq NOT IN ({newest})")


def seen(catalogue: Catalogue, as_of: int) -> dict[str, Any]:
    """Year by item, as a request finds it."""
    found = catalogue.records(GROUP, "ITEMS", as_of)
    return {item: (found.row(item) or {}).get("YEAR") for item in found.position}


def test_what_was_put_since_the_last_look_is_added_to_what_is_known(store: Store) -> None:
    catalogue = Catalogue(store)
    assert seen(catalogue, 0) == {"a": 1, "b": 2}

    put(store, ("b", 3), ("c", 4), ("b", 5), ("a", None))
    step_by_step = seen(catalogue, 1)

    assert step_by_step == {"a": None, "b": 5, "c": 4}
    assert step_by_step == seen(Catalogue(store), 1)
    with store.database.read() as connection:
        dataset = rows.find(connection, DATASET)
        assert dataset is not None
        whole = contents_of(connection, dataset)
    assert step_by_step == dict(whole.newest(store).iter_rows())


def test_older_versions_of_a_record_cost_no_request_anything(store: Store) -> None:
    catalogue = Catalogue(store)
    put(store, *(("a", year) for year in range(20)))
    spoil_older_versions(store)
    assert seen(catalogue, 0) == {"a": 19, "b": 2}

    put(store, ("a", 20))
    spoil_older_versions(store)
    assert seen(catalogue, 1) == {"a": 20, "b": 2}


def test_records_that_were_taken_away_are_gone(store: Store) -> None:
    catalogue = Catalogue(store)
    put(store, ("c", 4))
    assert seen(catalogue, 0) == {"a": 1, "b": 2, "c": 4}

    with store.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM records")
        touch(connection)
    assert seen(catalogue, 1) == {"a": 1, "b": 2}


def test_metadata_are_texts_as_files_have_them_and_nulls_are_left_out() -> None:
    text = json.dumps({**TEXT, "fields": [*TEXT["fields"], {"name": "FREE", "type": ["null", "boolean"]}]})
    frame = pl.DataFrame({"ITEM_ID": ["a", "b"], "YEAR": [1999, None], "FREE": [True, None]})
    records = Records(parse_schema(text), frame, {"a": 0, "b": 1})
    assert records.texts("a", ["year", "FREE"]) == {"year": "1999", "free": "true"}
    assert records.texts("b", ["year", "FREE"]) == records.texts("unknown", ["year"]) == {}
