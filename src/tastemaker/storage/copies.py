"""What a server process remembers of rows: read at first need, and again after the generation counter moved."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

V = TypeVar("V")

COPIES_MAX = 10_000  # keys that clients name and that exist; bounds memory, nothing else


class Copies(Generic[V]):
    """Values by key as of a generation. `load` may raise: then nothing is remembered."""

    def __init__(self, load: Callable[[str], V]) -> None:
        self._load = load
        self._known: OrderedDict[str, tuple[int, V]] = OrderedDict()
        self._forgets = 0

    def get(self, key: str, generation: int) -> V:
        """The value of a key, no older than the generation."""
        known = self._known.get(key)
        if known is not None and known[0] == generation:
            return known[1]
        forgets = self._forgets
        try:
            value = self._load(key)
        except BaseException:
            self._known.pop(key, None)
            raise
        if self._forgets == forgets:  # else what was read may be what somebody asked to forget
            self._known[key] = (generation, value)
            if len(self._known) > COPIES_MAX:
                self._known.popitem(last=False)
        return value

    def last(self, key: str) -> V | None:
        """The value as it was last read, of whatever generation; None if there is none."""
        known = self._known.get(key)
        return None if known is None else known[1]

    def forget(self, key: str) -> None:
        """Read this value again at its next need."""
        self._forgets += 1
        self._known.pop(key, None)
