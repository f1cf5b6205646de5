"""What a verb prints: for people by default, or one JSON value and nothing else."""

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

PIPED_WIDTH = 120


@dataclass(frozen=True)
class Output:
    """Both voices of a verb, so that no verb asks which one is wanted: the other one is silent."""

    as_json: bool
    console: Console

    def value(self, value: Any) -> None:
        """The result for programs."""
        if self.as_json:
            sys.stdout.write(json.dumps(value, default=_plain, ensure_ascii=False) + "\n")
            sys.stdout.flush()

    def say(self, text: str = "", style: str = "") -> None:
        """A line for people; never wrapped, so that what is copied from it is whole."""
        self.console.print(Text(text, style), soft_wrap=True)

    def table(self, headings: Sequence[str], rows: Iterable[Sequence[object]], title: str = "") -> None:
        """A table for people. A heading that begins with > is of a column of numbers."""
        table = Table(title=Text(title) if title else None, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
        for heading in headings:
            table.add_column(heading.lstrip(">"), justify="right" if heading[:1] == ">" else "left", overflow="fold")
        for row in rows:
            table.add_row(*(cell if isinstance(cell, Text) else Text(str(cell)) for cell in row))
        self.console.print(table)

    def facts(self, rows: Iterable[tuple[str, str]], title: str) -> None:
        """Names and values, one a line and never wrapped: ARNs and paths are there to be copied."""
        listed = list(rows)
        width = max(len(name) for name, _ in listed)
        self.say(title, "bold")
        for name, value in listed:
            self.console.print(Text.assemble((f"  {name:<{width}}  ", "dim"), value), soft_wrap=True)
        self.say()

    @contextmanager
    def working(self, what: str) -> Iterator[Callable[[str], None]]:
        """A line that moves while something goes on, and the function that says on what; gone when it is over."""
        began_s = time.monotonic()
        with self.console.status(Text(what)) as status:
            yield lambda told: status.update(Text(f"{what} ({told}, {time.monotonic() - began_s:.0f} s)"))

    def next(self, command: str, why: str) -> None:
        """The last line: what one would do now."""
        self.console.print(Text.assemble(("Next: ", "bold"), (command, "cyan"), f"  {why}"), soft_wrap=True)


def output(as_json: bool) -> Output:
    """The output of one run of a verb."""
    # Where nobody looks at a terminal there is no width that fits: wide enough for titles beside genres.
    width = None if sys.stdout.isatty() else PIPED_WIDTH
    return Output(as_json, Console(quiet=as_json, highlight=False, width=width))


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
