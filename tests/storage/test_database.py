"""One file, many threads and processes: opened together, written in turn, read without waiting."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, update

from tastemaker.storage.database import Database, FormatError, generation, meta, tags, touch


def test_a_new_home_may_be_opened_by_many_at_the_same_instant(tmp_path: Path) -> None:
    for attempt in range(20):
        together = threading.Barrier(8)

        def open_it(path: Path = tmp_path / f"{attempt}.db", together: threading.Barrier = together) -> int:
            together.wait()
            database = Database(path)
            with database.read() as connection:
                found = generation(connection)
            database.close()
            return found

        with ThreadPoolExecutor(8) as threads:
            assert list(threads.map(lambda _: open_it(), range(8))) == [0] * 8
