"""The ids that a data deletion job is given: CSV with the one column USER_ID."""

from pathlib import Path

from tastemaker.data.schemas import Column, Schema
from tastemaker.transfer.csv_bytes import ImportFailed
from tastemaker.transfer.csv_files import CsvFile, read_csv

IDS = Schema("Users", (Column("USER_ID", "string", nullable=False),))


def read_user_ids(name: str, path: Path) -> list[str]:
    """The ids of a file. Raises ImportFailed for one that has other columns, or no id that can be read."""
    imported = read_csv([CsvFile(name, path)], IDS, lambda _, __: None)
    if len(imported.rejects):
        first = imported.rejects.row(0, named=True)
        raise ImportFailed(f"{name} line {first['line']}: {first['reason']}. {first['fix']}")
    return imported.frame["USER_ID"].to_list()
