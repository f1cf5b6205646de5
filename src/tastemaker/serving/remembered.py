"""What answers were made of, remembered until that changes."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from tastemaker.serving.deployments import Deployment

V = TypeVar("V")


class Remembered(Generic[V]):
    """Values of one server process by deployment and key. They go with their deployment, and the least recently used
    go first. Used by one thread."""

    def __init__(self, most: int, keeps: Callable[[V], bool] = lambda _: True) -> None:
        """most: values of one deployment. keeps: whether a value is remembered."""
        self._most, self._keeps = most, keeps

    def get(self, deployment: Deployment, key: Hashable, as_of: object, make: Callable[[], V]) -> V:
        """The value of a key; made anew unless it is known as of the very same object.

        What key and as_of refer to is remembered as well: nothing large, such as records that are out of date soon.
        """
        values: OrderedDict[Hashable, tuple[object, V]] | None = deployment.memory.get(self)
        if values is None:
            values = deployment.memory[self] = OrderedDict()
        known = values.get(key)
        if known is not None and known[0] is as_of:
            values.move_to_end(key)
            return known[1]
        value = make()
        if not self._keeps(value):
            return value
        values[key] = (as_of, value)
        if len(values) > self._most:
            values.popitem(last=False)
        return value
