"""How often operations may be called each second, held with `--strict-quotas` alone; each server process counts for
itself. Source: guide, "Quotas". Clients of the service try again by themselves when they are told to slow down.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tastemaker.errors import ThrottlingException

KEYS_MAX = 10_000  # campaigns and datasets that are counted; bounds memory


@dataclass(frozen=True)
class Rate:
    """So many calls each second for everything that one of these members names."""

    per_s: int
    members: tuple[str, ...]


INFERENCE = Rate(500, ("campaignArn", "recommenderArn"))
RATES: Mapping[str, Rate] = {
    "GetActionRecommendations": INFERENCE,
    "GetPersonalizedRanking": INFERENCE,
    "GetRecommendations": INFERENCE,
    "PutActionInteractions": Rate(1000, ("trackingId",)),
    "PutActions": Rate(10, ("datasetArn",)),
    "PutEvents": Rate(1000, ("trackingId",)),
    "PutItems": Rate(10, ("datasetArn",)),
    "PutUsers": Rate(10, ("datasetArn",)),
}


def rated(
    operation: str, function: Callable[..., Any], clock_s: Callable[[], float] = time.monotonic
) -> Callable[..., Any]:
    """The function, refusing what comes faster than the operation's rate. Raises ThrottlingException.

    A bucket for a second's calls fills up at the rate; a burst may empty it.
    """
    rate = RATES[operation]
    left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def slowed(request: Mapping[str, Any], *rest: Any) -> Any:
        key = next((request[member] for member in rate.members if member in request), "")
        now_s = clock_s()
        tokens, then_s = left.pop(key, (float(rate.per_s), now_s))
        tokens = min(float(rate.per_s), tokens + (now_s - then_s) * rate.per_s)
        left[key] = (max(0.0, tokens - 1), now_s)
        if len(left) > KEYS_MAX:
            left.popitem(last=False)
        if tokens < 1:
            raise ThrottlingException(f"Rate exceeded: {operation} may be called {rate.per_s} times a second here.")
        return function(request, *rest)

    return slowed
