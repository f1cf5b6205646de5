"""How much code there is, room by room, for how many operations that work: of several revisions side by side.

    python benchmarks/size.py [REVISION ...]     without any: the present commit and the one that ended the main path

Lines are lines of `src/` that are neither blank nor a comment; docstrings count, they are read, too.
"""

import argparse
import io
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
MAIN_PATH = "e6c5d4e"
COUNT = """
from tastemaker import operations as table
from tastemaker.wire.service_model import operations
lists = {f"List{plural}" for _, plural in getattr(table, "KINDS_TO_COME", {}).values()}
lists |= {"ListMetricAttributionMetrics"} if lists else set()
absent = {*getattr(table, "NOT_YET", ()), *getattr(table, "ON_KINDS_TO_COME", ()), *lists}
print(len(operations().keys() - absent))
"""


def looked_at(revision: str) -> tuple[Counter[str], int]:
    """Lines by room, and how many operations work."""
    packed = subprocess.run(["git", "archive", revision, "src"], cwd=ROOT, capture_output=True, check=True).stdout
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(folder, filter="data")
        source = Path(folder) / "src"
        lines: Counter[str] = Counter()
        for path in (source / "tastemaker").rglob("*.py"):
            room = path.relative_to(source / "tastemaker").parts[0].removesuffix(".py")
            text = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
            lines[room] += sum(bool(line) and not line.startswith("#") for line in text)
        counted = subprocess.run(
            [sys.executable, "-c", COUNT], env={"PYTHONPATH": str(source)}, capture_output=True, text=True, check=True
        )
    return lines, int(counted.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("revisions", nargs="*", default=[MAIN_PATH, "HEAD"])
    revisions = parser.parse_args().revisions
    found = [looked_at(revision) for revision in revisions]
    print("| room | " + " | ".join(revisions) + " |")
    print("|---|" + "---|" * len(revisions))
    for room in sorted({room for lines, _ in found for room in lines}):
        print(f"| {room} | " + " | ".join(str(lines[room]) for lines, _ in found) + " |")
    print("| all | " + " | ".join(str(lines.total()) for lines, _ in found) + " |")
    print("| operations that work | " + " | ".join(str(n) for _, n in found) + " |")
    print("| lines for each | " + " | ".join(f"{lines.total() / n:.0f}" for lines, n in found) + " |")
    per_kind = [(lines["kinds"] + lines["resources"] + lines["operations"]) / n for lines, n in found]
    print("| of these in kinds, resources and the table | " + " | ".join(f"{each:.0f}" for each in per_kind) + " |")


if __name__ == "__main__":
    main()
