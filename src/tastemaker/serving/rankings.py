"""The ranked catalogue of a user or an item, remembered until the user's next event."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tastemaker.data.interactions import Bools, Floats, Ints, Query
from tastemaker.data.ranking import softmax, top
from tastemaker.serving.deployments import Deployment
from tastemaker.storage.live import Events

HEAD_K = 200  # items that are remembered: what requests ask for, and room for what a filter removes
SCORED = frozenset({"USER_PERSONALIZATION", "PERSONALIZED_RANKING"})  # recipes whose scores are shown


@dataclass(frozen=True)
class Ranking:
    """The best items and their probabilities, best first; `all_scores` computes those of the whole catalogue."""

    item_K: Ints
    score_K: Floats
    all_scores: Callable[[], Floats]
    n_items: int

    def best(self, allowed_I: Bools | None, k: int) -> tuple[Ints, Floats]:
        """The k best allowed items and their scores; fewer only if the catalogue has no more."""
        item_K, score_K = self.item_K, self.score_K
        if allowed_I is not None:
            kept_K = allowed_I[item_K]
            item_K, score_K = item_K[kept_K], score_K[kept_K]
        if len(item_K) >= k or len(self.item_K) == self.n_items:
            return item_K[:k], score_K[:k]
        score_I = self.all_scores()
        best_K = top(score_I, allowed_I, k)
        return best_K, score_I[best_K]


@dataclass(frozen=True)
class Person:
    """Who asks: the events of training, and the streamed ones since then."""

    user: int | None  # position in the training's users
    since: Events

    def history(self, deployment: Deployment) -> Ints:
        """The items that the model is asked about, oldest first: those of its own choice of events, and known ones."""
        known_L = np.zeros(0, np.int32)
        if self.user is not None:
            histories = deployment.trained.histories
            events = slice(histories.start_U[self.user], histories.start_U[self.user + 1])
            known_L = histories.item_N[events][histories.used_N[events]]
        new = deployment.items.positions(event.item_id for event in self.since if deployment.counts(event))
        return np.concatenate([known_L, np.array(new, np.int32)]) if new else known_L

    def touched(self, deployment: Deployment, per_type_max: int) -> dict[str, Ints]:
        """Event type in lower case -> the user's newest items of that type, for filters on interactions."""
        found: dict[str, list[int]] = {}
        if self.user is not None:
            histories = deployment.trained.histories
            events = slice(histories.start_U[self.user], histories.start_U[self.user + 1])
            item_N, type_N = histories.item_N[events], histories.type_N[events]
            for place, name in enumerate(histories.types):
                found.setdefault(name.lower(), []).extend(item_N[type_N == place].tolist())
        position = deployment.items.position
        for event in self.since:
            if event.item_id in position:
                found.setdefault(event.event_type.lower(), []).append(position[event.item_id])
        return {name: np.array(items[-per_type_max:], np.int32) for name, items in found.items()}


def person(deployment: Deployment, user_id: str, live: Events) -> Person:
    """Who a userId (or a sessionId) is to this deployment."""
    through = deployment.trained.through_seq
    # In order of their own time: an application may send what happened while it was offline.
    since = tuple(sorted((event for event in live if event.seq > through), key=lambda event: event.time_s))
    return Person(deployment.users.position.get(user_id), since)


class Rankings:
    """Rankings of one server process, the least recently used forgotten first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: OrderedDict[tuple[int, str], tuple[object, Deployment, Ranking]] = OrderedDict()

    def of_user(self, deployment: Deployment, user_id: str, live: Events) -> Ranking:
        """The ranking for a user as of these live events: the same tuple of events, the same ranking."""
        key = (id(deployment), user_id)
        known = self._known.get(key)
        if known is not None and known[0] is live and known[1] is deployment:
            self._known.move_to_end(key)
            return known[2]
        ranking = self._of(deployment, person(deployment, user_id, live))
        self._remember(key, live, deployment, ranking)
        return ranking

    def of_item(self, deployment: Deployment, item_id: str | None) -> Ranking:
        """The ranking beside an item; one that the model does not know, or none, gets what is popular."""
        item = deployment.items.position.get(item_id) if item_id is not None else None
        key = (id(deployment), f"item {item}")
        known = self._known.get(key)
        if known is not None and known[1] is deployment:
            self._known.move_to_end(key)
            return known[2]
        ranking = _ranked(deployment, Query(item=item))
        self._remember(key, None, deployment, ranking)
        return ranking

    def _of(self, deployment: Deployment, who: Person) -> Ranking:
        heads = deployment.trained.heads
        is_as_trained = who.user is not None and not any(deployment.counts(event) for event in who.since)
        if heads is None or not is_as_trained or who.user is None or who.user >= len(heads.item_UK):
            return _ranked(deployment, Query(who.history(deployment)))
        return Ranking(
            heads.item_UK[who.user],
            heads.score_UK[who.user],
            lambda: _scores(deployment, Query(who.history(deployment))),
            len(deployment.items),
        )

    def _remember(self, key: tuple[int, str], live: object, deployment: Deployment, ranking: Ranking) -> None:
        self._known[key] = (live, deployment, ranking)
        if len(self._known) > self._most:
            self._known.popitem(last=False)


def _scores(deployment: Deployment, query: Query) -> Floats:
    """Probabilities over the catalogue where the recipe has them, else scores that only order."""
    score_I = deployment.trained.model.scores(query)
    return softmax(score_I) if deployment.recipe_type in SCORED else score_I


def _ranked(deployment: Deployment, query: Query) -> Ranking:
    score_I = _scores(deployment, query)
    best_K = top(score_I, None, HEAD_K)
    return Ranking(best_K, score_I[best_K], lambda: _scores(deployment, query), len(score_I))
