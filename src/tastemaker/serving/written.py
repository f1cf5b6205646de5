"""Lists as texts: what an answer says of each item is written as JSON once, and remembered like that.

A list of 25 as Python values is a hundred objects, made for one answer and read once; as text it is two, of 1.2 KB.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from tastemaker.data.interactions import Floats, Ints
from tastemaker.serving.deployments import Deployment

DIGITS = 7  # of a score in an answer, as the service rounds them
SEPARATOR = "\0"  # between ids

Doubles = NDArray[np.float64]
Item = Mapping[str, Any]

encoder = msgspec.json.Encoder()
decode = msgspec.json.Decoder(dict[str, Any]).decode


@dataclass(frozen=True, slots=True)
class Written:
    """Items in their order. ids: with SEPARATOR between them. lines: a JSON object each, a line break after each, which
    no JSON text has inside. score_K: as the answer has them, None where it has none."""

    ids: str
    lines: bytes
    score_K: Doubles | None

    @property
    def nbytes(self) -> int:
        """About how much memory it takes."""
        return len(self.ids) + len(self.lines) + (0 if self.score_K is None else self.score_K.nbytes)

    def parts(self) -> tuple[list[str], list[bytes]]:
        """The ids, and the texts, of the items one by one."""
        return (self.ids.split(SEPARATOR) if self.lines else []), self.lines.splitlines()


def written(deployment: Deployment, place_K: Ints, score_K: Floats) -> Written:
    """Items of the catalogue as answers have them, with scores where the recipe shows them."""
    ids = deployment.items.named(place_K.tolist())
    member = id_member(deployment)
    if not deployment.manner.shows_scores:
        return Written(SEPARATOR.join(ids), encoder.encode_lines([{member: name} for name in ids]), None)
    shown_K = rounded(score_K)
    items = [{member: name, "score": score} for name, score in zip(ids, shown_K.tolist(), strict=True)]
    return Written(SEPARATOR.join(ids), encoder.encode_lines(items), shown_K)


def id_member(deployment: Deployment) -> str:
    """What answers call the id of what is recommended."""
    return "actionId" if deployment.things == "ACTIONS" else "itemId"


def rounded(score_K: Floats) -> Doubles:
    """Scores as answers have them."""
    found: Doubles = score_K.astype(np.float64).round(DIGITS)
    return found


def text_of(item: Item) -> bytes:
    """One item as JSON."""
    return encoder.encode(item)


def with_members(text: bytes, members: Item) -> bytes:
    """The text of an item that has these members as well."""
    return text[:-1] + b"," + encoder.encode(members)[1:] if members else text


def answer(member: str, texts: Iterable[bytes], recommendation_id: str) -> bytes:
    """The whole answer: the items under the member's name, and its id."""
    return b'{"%b":[%b],"recommendationId":"%b"}' % (member.encode(), b",".join(texts), recommendation_id.encode())


def read(texts: Sequence[bytes]) -> list[dict[str, Any]]:
    """The items as values again, for whoever looks into a list."""
    return [decode(text) for text in texts]
