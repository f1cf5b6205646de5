"""Lists as texts: what an answer says of each item is written as JSON once, and remembered like that.

A list of 25 as Python values is a hundred objects, made for one answer and read once; as text it is two, of 1.2 KB.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from tastemaker.data.interactions import Floats, Ints
from tastemaker.serving.deployments import Deployment
from tastemaker.storage.shown import SEPARATOR

DIGITS = 7  # of a score in an answer, as the service rounds them
LINE_BREAK = b"\n"

Doubles = NDArray[np.float64]

encoder = msgspec.json.Encoder()
decode = msgspec.json.Decoder(dict[str, Any]).decode


class Written(NamedTuple):
    """Items in their order. ids: with SEPARATOR between them. lines: the JSON object of each, with LINE_BREAK between
    them, which no JSON text has inside."""

    ids: str
    lines: bytes

    @classmethod
    def of(cls, ids: Sequence[str], lines: Sequence[bytes]) -> "Written":
        """Of items, or runs of them."""
        return cls(SEPARATOR.join(ids), LINE_BREAK.join(lines))

    def parts(self) -> tuple[list[str], list[bytes]]:
        """The ids, and the lines, of the items one by one."""
        return (self.ids.split(SEPARATOR), self.lines.split(LINE_BREAK)) if self.lines else ([], [])

    def with_members(self, members_of: Callable[[str], Mapping[str, Any]]) -> "Written":
        """The same items with more members, which each has by its id."""
        ids, lines = self.parts()
        more = [encoder.encode(members_of(name)) for name in ids]
        return Written.of(ids, [line[:-1] + b"," + each[1:] for line, each in zip(lines, more, strict=True)])

    def answer(self, member: str, recommendation_id: str) -> bytes:
        """An answer that has the items under a member of this name."""
        items = self.lines.replace(LINE_BREAK, b",")
        return b"".join(
            (b'{"', member.encode(), b'":[', items, b'],"recommendationId":"', recommendation_id.encode(), b'"}')
        )

    def items(self) -> list[dict[str, Any]]:
        """The items as values, for whoever looks into them."""
        return [decode(line) for line in self.parts()[1]]


def written(deployment: Deployment, place_K: Ints, shown_K: Doubles | None) -> Written:
    """Items of the catalogue as answers have them, with these scores if there are any."""
    ids = deployment.items.named(place_K.tolist())
    member = "actionId" if deployment.things == "ACTIONS" else "itemId"
    items: list[dict[str, Any]] = [{member: name} for name in ids]
    if shown_K is not None:
        for item, score in zip(items, shown_K.tolist(), strict=True):
            item["score"] = score
    return Written(SEPARATOR.join(ids), encoder.encode_lines(items).removesuffix(LINE_BREAK))


def shown(deployment: Deployment, score_K: Floats) -> Doubles | None:
    """Scores as answers have them, None where the recipe shows none."""
    return rounded(score_K) if deployment.manner.shows_scores else None


def rounded(score_K: Floats) -> Doubles:
    """Scores as answers have them."""
    found: Doubles = score_K.astype(np.float64).round(DIGITS)
    return found
