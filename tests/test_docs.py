"""Documentation that is generated from code is current, and the places it names exist.

`python tests/test_docs.py` writes what is generated.
"""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from tastemaker.settings import PREFIX, Settings

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"


def settings_table() -> str:
    """One row for each setting."""
    rows = [
        f"| `--{item.name.replace('_', '-')}` | `{PREFIX}{item.name.upper()}` | "
        f"{str(item.default).replace(str(Path.home()), '~')} | {item.metadata['text']} |"
        for item in fields(Settings)
    ]
    return "\n".join(["| option | environment | default | what it is |", "|---|---|---|---|", *rows])


GENERATED = {"settings.md": ("settings", settings_table)}


def generated(name: str) -> str:
    """The page as it should be."""
    mark, table = GENERATED[name]
    begin, end = f"<!-- {mark}: begin -->", f"<!-- {mark}: end -->"
    text = (DOCS / name).read_text(encoding="utf-8")
    return f"{text.partition(begin)[0]}{begin}\n{table()}\n{end}{text.partition(end)[2]}"


@pytest.mark.parametrize("name", GENERATED)
def test_a_generated_page_is_current(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == generated(name), "run: python tests/test_docs.py"


def test_every_place_that_the_architecture_names_is_there() -> None:
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    rows = text.partition("## Where is")[2].partition("## Invariants")[0].splitlines()
    questions = [row for row in rows if row.startswith("| ...")]
    assert len(questions) >= 12
    for row in questions:
        answer = row.split("|")[2]
        places = re.findall(r"`([a-z_0-9]+(?:/[a-z_0-9]+)*(?:\.py|/))`", answer)
        assert places or "`Params`" in answer, row
        for place in places:
            path = ROOT / "src" / "tastemaker" / place
            assert path.exists(), place
            if path.is_file():
                for name in re.findall(r"`([A-Za-z_]+)`", answer.partition(f"`{place}`")[2].partition("`;")[0])[:1]:
                    assert name in path.read_text(encoding="utf-8"), f"{place} has no {name}"


if __name__ == "__main__":
    for page in GENERATED:
        (DOCS / page).write_text(generated(page), encoding="utf-8")
