"""What answers were made of, remembered until that changes."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from tastemaker.serving.deployments import Deployment

V = TypeVar("V")


class Remembered(Generic[V]):
    """Values of one server process by deployment and key. They go with their deployment, and the least recently used
    go first. Used by one thread."""

    def __init__(self, most: int) -> None:
        """most: values of one deployment."""
        self._most = most
        self._known: WeakKeyDictionary[Deployment, OrderedDict[Hashable, tuple[object, V]]] = WeakKeyDictionary()

    def get(self, deployment: Deployment, key: Hashable, as_of: object, make: Callable[[], V]) -> V:
        """The value of a key; made anew unless it is known as of the very same object."""
        values = self._known.get(deployment)
        if values is None:
            values = self._known[deployment] = OrderedDict()
        known = values.get(key)
        if known is not None and known[0] is as_of:
            values.move_to_end(key)
            return known[1]
        value = make()
        values[key] = (as_of, value)
        if len(values) > self._most:
            values.popitem(last=False)
        return value
