"""Caps: an item that a user was shown so often within a time is left out of the next lists of that user."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import numpy as np

from tastemaker.data.interactions import Ints
from tastemaker.serving.deployments import Deployment
from tastemaker.serving.manner import Cap
from tastemaker.storage.impressions import Impressions
from tastemaker.storage.shown import ShownLists

HOUR_S = 3600
UNKNOWN, NOT_LOOKED_UP = -1, -2


@dataclass(eq=False)
class _Followed:
    """What is known of one deployment. begun, places: where each catalogue of it has the items, by their numbers."""

    impressions: Impressions
    until_s: float
    begun: object = None
    places: WeakKeyDictionary[Deployment, Ints] = field(default_factory=WeakKeyDictionary)


class Caps:
    """The caps of one server process; used by one thread, except `prepare`."""

    def __init__(self, shown: ShownLists, users_max: int, only: str | None = None) -> None:
        """users_max: of one deployment. only: the one user who will ask."""
        self._shown, self._users_max, self._only = shown, users_max, only
        self._followed: dict[int, _Followed] = {}

    def hidden(self, deployment: Deployment, user_id: str, cap: Cap, now_s: float) -> Ints:
        """Places in the catalogue of what the user was shown as often as the cap allows, by any process until now."""
        followed = self._follow(deployment.seq, cap, now_s)
        followed.impressions.look()
        item_R = followed.impressions.of(user_id, now_s - cap.hours * HOUR_S, cap.times)
        if not len(item_R):
            return item_R
        place_R = _placed(followed, deployment, item_R)
        known_R: Ints = place_R[place_R != UNKNOWN]
        return known_R

    def prepare(self, deployments: Iterable[Deployment], now_s: float) -> None:
        """Read what will be asked for, before anybody asks. Called off the path of requests."""
        for deployment in deployments:
            if deployment.manner.cap is not None:
                self._follow(deployment.seq, deployment.manner.cap, now_s)

    def look(self, now_s: float) -> None:
        """Take in what was shown, so that requests find little that is new. What nobody asks for is let go."""
        for seq, followed in list(self._followed.items()):
            if followed.until_s < now_s:
                del self._followed[seq]
            else:
                followed.impressions.look()

    def _follow(self, seq: int, cap: Cap, now_s: float) -> _Followed:
        followed = self._followed.get(seq)
        if followed is None:
            made = _Followed(Impressions(self._shown, seq, self._users_max, self._only), now_s)
            followed = self._followed.setdefault(seq, made)
        # Within its window a deployment that nobody asks has shown nothing more that would count.
        followed.until_s = now_s + cap.hours * HOUR_S
        return followed


def _placed(followed: _Followed, deployment: Deployment, item_R: Ints) -> Ints:
    """Where the catalogue has items of these numbers; each is looked up once."""
    impressions = followed.impressions
    if followed.begun is not impressions.begun:
        followed.places.clear()
        followed.begun = impressions.begun
    place_A, n = followed.places.get(deployment, np.zeros(0, np.int32)), int(item_R.max()) + 1
    if len(place_A) < n:
        room = np.full(2 * n - len(place_A), NOT_LOOKED_UP, np.int32)
        place_A = followed.places[deployment] = np.concatenate([place_A, room])
    position = deployment.items.position
    for item in item_R[place_A[item_R] == NOT_LOOKED_UP].tolist():
        place_A[item] = position.get(impressions.id_of(item), UNKNOWN)
    return place_A[item_R]
