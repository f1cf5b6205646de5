"""What each user was shown of late by a deployment, as all processes of a server answered."""

from collections import OrderedDict
from dataclasses import dataclass
from heapq import heappush, heappushpop

import numpy as np

from tastemaker.data.interactions import Ints
from tastemaker.storage.shown import SEPARATOR, Impression, ShownLists

LISTS_MAX = 500  # newest ones of a user that count
LISTS_MEAN_MAX = 25  # of all users that are known, as many as there may be: 200 MB for 20,000 of them
IDS_MAX = 4_000_000  # ids of items that have a number: what comes together only over months of changing catalogues


@dataclass(slots=True)
class _List:
    """One list: the numbers of its items once somebody asked for them, until then the text of it."""

    text: bytes | None
    item_K: Ints | None = None


# Lists of several rings do not come in the order of their times: a heap, so that the oldest go. Ring and place make the
# order complete.
_Seen = list[tuple[float, int, int, _List]]


class Impressions:
    """An index over the rings for one deployment, in memory, which follows them from look to look.

    It knows the users who were shown something last, and forgets whoever came before; of these it knows more than the
    rings, where they were overwritten since. Made by any thread, used by one.
    """

    def __init__(self, shown: ShownLists, deployment: int, users_max: int, only: str | None = None) -> None:
        """Reads the rings whole: half a second for a million lists of other deployments, four for its own.

        deployment: the number of its row. only: the one user who will be asked for.
        """
        self._shown, self._deployment, self._users_max, self._only = shown, deployment, users_max, only
        self._seen: OrderedDict[str, _Seen] = OrderedDict()
        self._n_lists = 0
        self._number_of: dict[str, int] = {}
        self._ids: list[str] = []
        self._read: dict[int, int] = {}  # by ring, the newest place that was looked at
        self._forgotten = shown.forgotten()
        self.begun = object()  # another one when the numbers of items have another meaning
        self.look()

    def of(self, user_id: str, since_s: float, times: int) -> Ints:
        """Numbers of the items that were in at least so many lists of this user since then, as of the last look."""
        seen = self._seen.get(user_id, ())
        lists = [self._numbers(each) for time_s, _, _, each in seen if time_s > since_s]
        if len(lists) < times:
            return np.zeros(0, np.int32)
        item_N = np.concatenate(lists)
        if times == 1:
            return item_N
        item_R, n_R = np.unique(item_N, return_counts=True)
        often_R: Ints = item_R[n_R >= times]
        return often_R

    def id_of(self, item: int) -> str:
        """The id of the item with that number."""
        return self._ids[item]

    def look(self) -> None:
        """Take in what is new in the rings. Ten microseconds, and four for each list that is new."""
        forgotten = self._shown.forgotten()
        if forgotten != self._forgotten:
            self._forget()
            self._read, self._forgotten = {}, forgotten
        if len(self._ids) > IDS_MAX:
            self._forget()
        for each in self._shown.impressions(self._read, self._deployment, self._only):
            self._add(each)

    def _forget(self) -> None:
        self._seen.clear()
        self._number_of.clear()
        self._ids.clear()
        self._n_lists = 0
        self.begun = object()

    def _add(self, given: Impression) -> None:
        seen = self._seen.get(given.user_id)
        if seen is None:
            seen = self._seen[given.user_id] = []
        else:
            self._seen.move_to_end(given.user_id)
        entry = (given.time_s, given.ring, given.place, _List(given.text))
        if len(seen) >= LISTS_MAX:
            heappushpop(seen, entry)
            return
        heappush(seen, entry)
        self._n_lists += 1
        while len(self._seen) > self._users_max or self._n_lists > LISTS_MEAN_MAX * max(self._users_max, LISTS_MAX):
            self._n_lists -= len(self._seen.popitem(last=False)[1])

    def _numbers(self, of: _List) -> Ints:
        if of.item_K is None:
            assert of.text is not None, "it has the one or the other"
            ids = dict.fromkeys(of.text.decode().split(SEPARATOR) if of.text else ())
            of.text, of.item_K = None, np.array([self._number(name) for name in ids], np.int32)
        return of.item_K

    def _number(self, name: str) -> int:
        number = self._number_of.get(name)
        if number is None:
            number = self._number_of[name] = len(self._ids)
            self._ids.append(name)
        return number
