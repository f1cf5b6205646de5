"""Rows of results/: figures with where they come from, a line of JSON each."""

import json
import os
import platform
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


def save(row: Mapping[str, Any], file: Path) -> None:
    """Append a row, with the commit, the machine and the date."""
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    kept = {**row, "commit": commit(), "machine": machine, "date": datetime.now(UTC).date().isoformat()}
    file.parent.mkdir(exist_ok=True)
    with file.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(kept) + "\n")


def read(file: Path) -> list[dict[str, Any]]:
    """All rows, oldest first; none if there is no file."""
    if not file.is_file():
        return []
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def commit() -> str:
    """The commit that is measured; a plus says that files were changed since."""
    command = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parent)
    return done.stdout.strip() or "unknown"
