"""The ranked catalogue of a user or an item, remembered until the user's next event."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tastemaker.data.interactions import About, Bools, Floats, Ints, Query
from tastemaker.data.ranking import Scale, chances, likeliest, scale, softmax, top
from tastemaker.filters import Touched
from tastemaker.recipes.contract import ScoresSome, about_columns, worth
from tastemaker.serving.deployments import Deployment
from tastemaker.serving.manner import PERSONAL
from tastemaker.serving.remembered import Remembered
from tastemaker.storage.live import Events, Live, LiveEvent

Doubles = NDArray[np.float64]

FEW = 1 / 8  # of the catalogue: more rows of vectors are gathered no faster than all are read (benchmarks/LOG.md)
HEAD_K = 200  # items that are remembered: what requests ask for, and room for what a filter removes
LOGITS = frozenset({"USER_PERSONALIZATION", "PERSONALIZED_RANKING"})  # recipes whose scores become probabilities


WHOLE_MAX = 2  # rankings made last whose scores of the whole catalogue are still there: 4 MB each of a million items

NOTHING: About = {}
ALL = slice(None)


@dataclass(eq=False)
class Whole:
    """The scores of the whole catalogue that a ranking was made of; None once they are let go.

    of: what makes them probabilities; None where they are what is shown.
    """

    score_I: Floats | None
    of: Scale | None

    def shown(self, score_A: Floats) -> Floats:
        """Some of the scores as answers have them."""
        return score_A if self.of is None else chances(score_A, self.of)


@dataclass(frozen=True, eq=False)
class Ranking:
    """The best items and their probabilities, best first; `query` asks the model for the whole catalogue again.

    head: the user whose list of the training this is, None for a list that was computed since. whole: of such a list.
    """

    item_K: Ints
    score_K: Floats
    query: Callable[[Deployment], Query]
    head: int | None = None
    whole: Whole | None = None

    def best(self, deployment: Deployment, allowed_I: Bools | None, k: int) -> tuple[Ints, Floats]:
        """The k best allowed items and their scores; fewer only if the catalogue has no more."""
        item_K, score_K = self.item_K, self.score_K
        if allowed_I is not None:
            kept_K = allowed_I[item_K]
            item_K, score_K = item_K[kept_K], score_K[kept_K]
        if len(item_K) >= k or len(self.item_K) == len(deployment.items):
            return item_K[:k], score_K[:k]
        if self.whole is not None and self.whole.score_I is not None and self.whole.of is not None:
            place_A = np.arange(len(deployment.items), dtype=np.int32)
            place_A = place_A if allowed_I is None else place_A[allowed_I]
            best_K, score_K = likeliest(self.whole.score_I[place_A], self.whole.of, k)
            return place_A[best_K], score_K
        if allowed_I is not None and self._are_few(deployment, int(np.count_nonzero(allowed_I))):
            place_A = np.flatnonzero(allowed_I).astype(np.int32)
            score_A = self.scores_of(deployment, place_A)
            best_K = _best(deployment, score_A, place_A, None, k)
            return place_A[best_K], score_A[best_K]
        score_I = _scores(deployment, self.query(deployment))
        best_K = _best(deployment, score_I, ALL, allowed_I, k)
        return best_K, score_I[best_K]

    def scores_of(self, deployment: Deployment, place_A: Ints) -> Floats:
        """The scores of these items."""
        if self.whole is not None and self.whole.score_I is not None:
            return self.whole.shown(self.whole.score_I[place_A])
        model, query = deployment.trained.model, self.query(deployment)
        if not self._are_few(deployment, len(place_A)):
            return _scores(deployment, query)[place_A]
        assert isinstance(model, ScoresSome), "else they are not few"
        if not _are_logits(deployment):
            return model.scores_of(query, place_A)
        # One probability that is known, and the scores of that item and of others, give theirs.
        score_A = model.scores_of(query, np.concatenate([self.item_K[:1], place_A]))
        return chances(score_A[1:], Scale(float(score_A[0]), 1 / float(self.score_K[0])))

    def _are_few(self, deployment: Deployment, n_items: int) -> bool:
        """Whether so many items are sooner scored by themselves than with all others."""
        is_able = isinstance(deployment.trained.model, ScoresSome) and bool(self.score_K[:1].any())
        return is_able and n_items <= FEW * len(deployment.items)


@dataclass(frozen=True)
class PastEvent:
    """An event of a history. time_s: Unix seconds, None where the artifact has none."""

    item_id: str
    event_type: str
    time_s: int | None

    def told(self) -> dict[str, Any]:
        """As the API names these."""
        when = {} if self.time_s is None else {"timestamp": self.time_s}
        return {"itemId": self.item_id, "eventType": self.event_type, **when}


@dataclass(frozen=True)
class Person:
    """Who asks: the events of training, and the streamed ones since then."""

    user: int | None  # position in the training's users
    since: Events
    about: About = field(default_factory=dict)

    def query(self, deployment: Deployment) -> Query:
        """What the model is asked for this person: events of its own choice, with items that it knows."""
        histories = deployment.trained.histories
        known = Query(about=self.about) if self.user is None else histories.query(self.user, self.about)
        new = self._new(deployment)
        if not new:
            return known
        item_L = np.array([place for _, place in new], np.int32)
        value_L = time_s_L = None
        if histories.value_N is not None:
            values = [deployment.value(event) for event, _ in new]
            value_L = np.concatenate([known.value_L if known.value_L is not None else [], values]).astype(np.float32)
        if histories.time_s_N is not None:
            times = [event.time_s for event, _ in new]
            time_s_L = np.concatenate([known.time_s_L if known.time_s_L is not None else [], times]).astype(np.int64)
        return Query(np.concatenate([known.history_L, item_L]), None, value_L, time_s_L, self.about)

    def past(self, deployment: Deployment) -> list[PastEvent]:
        """The events that the model is asked by, in the order of `query`."""
        trained, found = deployment.trained, []
        if self.user is not None:
            histories = trained.histories
            start, end = histories.start_U[self.user : self.user + 2].tolist()
            for place in (start + np.flatnonzero(histories.used_N[start:end])).tolist():
                time_s = None if histories.time_s_N is None else int(histories.time_s_N[place])
                kind = histories.types[histories.type_N[place]]
                found.append(PastEvent(trained.item_ids[histories.item_N[place]], kind, time_s))
        found += [PastEvent(event.item_id, event.event_type, event.time_s) for event, _ in self._new(deployment)]
        return found

    def _new(self, deployment: Deployment) -> list[tuple[LiveEvent, int]]:
        """Events since the training that count, with items that the model knows, and where these are."""
        placed = zip(
            self.since, map(deployment.items.position.get, (event.item_id for event in self.since)), strict=True
        )
        return [(event, place) for event, place in placed if place is not None and deployment.counts(event)]

    def touched(self, deployment: Deployment, per_type_max: int) -> dict[str, Touched]:
        """Event type in lower case -> the user's newest events of that type, for filters on interactions."""
        items: dict[str, list[int]] = {}
        times: dict[str, list[int]] = {}
        histories, position = deployment.trained.histories, deployment.items.position
        if self.user is not None:
            events = slice(histories.start_U[self.user], histories.start_U[self.user + 1])
            item_N, type_N = histories.item_N[events], histories.type_N[events]
            for place, name in enumerate(histories.types):
                newest = np.flatnonzero(type_N == place)[-per_type_max:]
                items.setdefault(name.lower(), []).extend(item_N[newest].tolist())
                if histories.time_s_N is not None:
                    times.setdefault(name.lower(), []).extend(histories.time_s_N[events][newest].tolist())
        for event in self.since:
            place = position.get(event.item_id)
            if place is not None:
                items.setdefault(event.event_type.lower(), []).append(place)
                times.setdefault(event.event_type.lower(), []).append(event.time_s)
        # An artifact of before times were kept has none for what happened until its training.
        has_times = self.user is None or histories.time_s_N is not None
        return {
            name: Touched(
                np.array(found[-per_type_max:], np.int32),
                np.array(times[name][-per_type_max:], np.int64) if has_times else None,
            )
            for name, found in items.items()
        }

    def last_met(self, deployment: Deployment) -> Doubles:
        """When the user last had an event with each thing, in Unix seconds; -inf for never; shape (I,)."""
        met_s_I = np.full(len(deployment.items), -np.inf)
        histories = deployment.trained.histories
        if self.user is not None and histories.time_s_N is not None:
            events = slice(histories.start_U[self.user], histories.start_U[self.user + 1])
            np.maximum.at(met_s_I, histories.item_N[events], histories.time_s_N[events])
        for event in self.since:
            place = deployment.items.position.get(event.item_id)
            if place is not None:
                met_s_I[place] = max(met_s_I[place], event.time_s)
        return met_s_I


def person(deployment: Deployment, user_id: str, live: Events, about: About = NOTHING) -> Person:
    """Who a userId (or a sessionId) is to this deployment. about: what is known of the user, and of the moment."""
    through = deployment.trained.through_seq
    # In order of their own time: an application may send what happened while it was offline.
    since = tuple(sorted((event for event in live if event.seq > through), key=lambda event: event.time_s))
    return Person(deployment.users.position.get(user_id), since, about)


@dataclass(frozen=True)
class Ranked:
    """Given items in their order for a person: known ones with probabilities among themselves, then unknown ones."""

    item_K: Ints
    score_K: Floats
    unknown: list[str]


def ranked(
    deployment: Deployment, who: Person, ids: Sequence[str], allowed_I: Bools | None, allows_unknown: bool
) -> Ranked:
    """The allowed ones among given items, each once, best first; those that the model does not know as they came."""
    given = list(dict.fromkeys(ids))
    place_K = np.array(deployment.items.positions(given), np.int32)
    if allowed_I is not None:
        place_K = place_K[allowed_I[place_K]]
    score_K = _shown(deployment, deployment.trained.model.scores(who.query(deployment))[place_K])
    order_K = np.argsort(-score_K, kind="stable")
    unknown = [name for name in given if name not in deployment.items.position] if allows_unknown else []
    return Ranked(place_K[order_K], score_K[order_K], unknown)


class Rankings:
    """Rankings of one server process."""

    def __init__(self, most: int) -> None:
        """most: rankings of one deployment."""
        self._known = Remembered[Ranking](most)
        self._wholes: deque[Whole] = deque()

    def of(
        self, deployment: Deployment, user_id: str | None, item_id: str | None, live: Live, about: About = NOTHING
    ) -> Ranking:
        """What the recipe ranks the catalogue by: the user, an item, or neither.

        The same tuple of live events of a user, the same ranking. An item that the model does not know, or none, gets
        what is popular.
        """
        # What is popular may depend on who asks, too: on a column of Users.
        is_personal = deployment.recipe_type in PERSONAL or about_columns(deployment.trained.model)
        if is_personal and user_id is not None:
            events = live.events_of(deployment.dataset_seq, user_id)
            key = f"user {user_id}{_told(about)}"
            return self._known.get(
                deployment, key, events, lambda: self._made(_of_person(deployment, user_id, events, about))
            )
        item = None
        if deployment.manner.asks_item and item_id is not None:
            item = deployment.items.position.get(item_id)
        key = f"item {item}{_told(about)}"
        query = Query(item=item, about=about, influence=deployment.manner.influence)
        return self._known.get(deployment, key, None, lambda: self._made(_ranked(deployment, lambda _: query)))

    def _made(self, ranking: Ranking) -> Ranking:
        """The same; the scores of the catalogue are there for this request and one or two after it."""
        if ranking.whole is not None:
            self._wholes.append(ranking.whole)
            if len(self._wholes) > WHOLE_MAX:
                self._wholes.popleft().score_I = None
        return ranking


def _told(about: About) -> str:
    return f" {sorted(about.items())}" if about else ""


def _of_person(deployment: Deployment, user_id: str, live: Events, about: About) -> Ranking:
    """The list of the training for whoever did nothing since that counts, else a new one.

    Where the model is told more than events, that may have changed since the training as well.
    """
    who = person(deployment, user_id, live, about)
    heads = deployment.trained.heads
    is_as_trained = not about and who.user is not None and not any(deployment.counts(event) for event in who.since)
    if heads is None or not is_as_trained or who.user is None or who.user >= len(heads.item_UK):
        return _ranked(deployment, who.query)
    return Ranking(heads.item_UK[who.user], heads.score_UK[who.user], who.query, who.user)


def _scores(deployment: Deployment, query: Query) -> Floats:
    return _shown(deployment, deployment.trained.model.scores(query))


def _are_logits(deployment: Deployment) -> bool:
    return deployment.recipe_type in LOGITS and not deployment.manner.plain_scores


def _shown(deployment: Deployment, score_K: Floats) -> Floats:
    """Probabilities among these items where the recipe has them, else its own scores, such as predicted ratings."""
    return softmax(score_K) if _are_logits(deployment) else score_K


def _best(deployment: Deployment, score_A: Floats, place_A: Ints | slice, allowed_A: Bools | None, k: int) -> Ints:
    """The k best allowed ones of some items, by score and by what an item is worth where the model says that."""
    worth_I = worth(deployment.trained.model)
    return top(score_A if worth_I is None else score_A * worth_I[place_A], allowed_A, k)


def _ranked(deployment: Deployment, query: Callable[[Deployment], Query]) -> Ranking:
    if _are_logits(deployment) and worth(deployment.trained.model) is None:
        score_I = deployment.trained.model.scores(query(deployment))
        of = scale(score_I)
        return Ranking(*likeliest(score_I, of, HEAD_K), query, whole=Whole(score_I, of))
    score_I = _scores(deployment, query(deployment))
    best_K = _best(deployment, score_I, ALL, None, HEAD_K)
    return Ranking(best_K, score_I[best_K], query, whole=Whole(score_I, None))
