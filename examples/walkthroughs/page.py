"""Runs a walk-through and makes a page of it: its prose, its code, and what each piece of code printed.

    tastemaker sandbox &
    eval $(tastemaker env)
    tastemaker data get ml-100k --into ml-100k
    python examples/walkthroughs/page.py movielens_100k --data ml-100k [--into docs/walkthroughs]

A walk-through is a script of cells: `# %% [markdown]` begins prose, `# %%` begins code. Editors open it as a notebook.
"""

import argparse
import contextlib
import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CELL, PROSE = "# %%", "# %% [markdown]"


@dataclass(frozen=True)
class Cell:
    """A piece of a walk-through."""

    is_prose: bool
    text: str
    line: int


def cells(script: str) -> list[Cell]:
    """The pieces of a script, in their order; what stands before the first one is for readers of the file alone."""
    found: list[Cell] = []
    lines = script.splitlines()
    starts = [place for place, line in enumerate(lines) if line.startswith(CELL)]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        is_prose = lines[start] == PROSE
        body = lines[start + 1 : end]
        if is_prose:
            body = [line.removeprefix("#").removeprefix(" ") for line in body]
        found.append(Cell(is_prose, "\n".join(body).strip("\n"), start + 2))
    return found


def page(name: str, script: str) -> str:
    """The page of a walk-through, which is run for it."""
    namespace: dict[str, Any] = {"__name__": name}
    told = [f"<!-- Made by examples/walkthroughs/page.py from examples/walkthroughs/{name}.py. -->"]
    for cell in cells(script):
        if cell.is_prose:
            told.append(cell.text)
            continue
        told.append(f"```python\n{cell.text}\n```")
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            # Lines keep their numbers, so that errors name them as they are in the file.
            exec(compile("\n" * (cell.line - 1) + cell.text, f"{name}.py", "exec"), namespace)
        if printed.getvalue():
            told.append(f"```text\n{printed.getvalue().rstrip()}\n```")
    return "\n\n".join(told) + "\n"


def main() -> None:
    """Run one, and write its page or print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=sorted(path.stem for path in HERE.glob("*.py") if _is_one(path)))
    parser.add_argument("--data", type=Path, help="the folder of the data, where the walk-through takes some")
    parser.add_argument("--into", type=Path, help="the folder for the page; without it the page is printed")
    options = parser.parse_args()
    if options.data:
        os.environ["DATA"] = str(options.data)
    made = page(options.name, (HERE / f"{options.name}.py").read_text(encoding="utf-8"))
    if options.into is None:
        print(made, end="")
    else:
        options.into.mkdir(parents=True, exist_ok=True)
        (options.into / f"{options.name.replace('_', '-')}.md").write_text(made, encoding="utf-8")


def _is_one(path: Path) -> bool:
    return any(line.startswith(CELL) for line in path.read_text(encoding="utf-8").splitlines())


if __name__ == "__main__":
    main()
