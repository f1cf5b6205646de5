"""YAML as a tree of texts, each with its line.

Scalars stay texts: the types of `form.py` say what they mean, so that `version: 1.10` stays 1.10, and `NO` no boolean.
What makes one text mean two things, or a short one expand, is refused: anchors, aliases, tags, repeated keys.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml  # type: ignore[import-untyped]  # its types are a package of their own

BYTES_MAX = 1 << 20
DEPTH_MAX = 12  # the deepest member of the API, a range of a hyperparameter, lies at 9

Place = tuple[str | int, ...]
Tree = Any


@dataclass(frozen=True)
class Text:
    """The tree, and the line of each place in it."""

    tree: Tree
    lines: dict[Place, int]

    def line(self, place: Place) -> int:
        """The line of a place, or of the nearest one above it that the text has."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)


class Mistake(ValueError):
    """What is wrong at a place of the file, and what to write instead. line: if the file is no tree yet."""

    def __init__(self, place: Place, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.place = place
        self.line = line


def parsed(text: str) -> Text:
    """The tree of a YAML text of bounded length. Raises Mistake."""
    if len(text.encode()) > BYTES_MAX:
        raise Mistake((), f"The file is longer than {BYTES_MAX >> 20} MiB. Put data into CSV files and name them here.")
    lines: dict[Place, int] = {}
    try:
        events = yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        next(events)
        if isinstance(next(events), yaml.StreamEndEvent):
            raise Mistake((), "The file is empty. Begin with `group: NAME`.")
        tree = _built(next(events), events, (), lines)
        next(events)
        if not isinstance(again := next(events), yaml.StreamEndEvent):
            line = again.start_mark.line + 1
            raise Mistake((), "A second document begins here: one file is one group. Remove the `---`.", line)
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        reason = getattr(problem, "problem", None) or str(problem).partition("\n")[0]
        fix = "Put texts with `: `, `#` or leading quotes after `>-` on lines of their own."
        raise Mistake((), f"This is not YAML: {reason}. {fix}", mark.line + 1 if mark else None) from None
    return Text(tree, lines)


def _built(event: Any, events: Iterator[Any], place: Place, lines: dict[Place, int]) -> Tree:
    """The value that begins with an event."""
    line = lines[place] = event.start_mark.line + 1
    if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
        raise Mistake(place, "Anchors (&) and aliases (*) are not read here. Write the value out.", line)
    if event.tag is not None:
        raise Mistake(place, f"The tag {event.tag} is not read here. Write the value without it.", line)
    if len(place) > DEPTH_MAX:
        raise Mistake(place[:3], "This nests too deeply. Nothing in a file lies so deep.", line)
    if isinstance(event, yaml.ScalarEvent):
        is_null = not event.style and event.value in ("", "~", "null")
        return None if is_null else event.value
    if isinstance(event, yaml.SequenceStartEvent):
        listed: list[Tree] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            listed.append(_built(event, events, (*place, len(listed)), lines))
        return listed
    mapped: dict[str, Tree] = {}
    while not isinstance(key := next(events), yaml.MappingEndEvent):
        if not isinstance(key, yaml.ScalarEvent):
            raise Mistake(place, "A name before a colon must be plain text.", key.start_mark.line + 1)
        if key.value in mapped:
            reason = f"{key.value} is written twice here. Keep one of the two."
            raise Mistake((*place, key.value), reason, key.start_mark.line + 1)
        mapped[key.value] = _built(next(events), events, (*place, key.value), lines)
        lines[*place, key.value] = key.start_mark.line + 1
    return mapped
