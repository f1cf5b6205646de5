"""What comes next for a user: the linear sequence model, a transformer beside it, and what is known of items and users.

Scores are logarithms of chances. The regression's estimate is mixed with popularity so that it is never zero; the
softmax of the logarithms then is a distribution that holds better than any temperature of the bare sum would make it
(benchmarks/LOG.md). With a network the two are pooled: logarithms add up with weights that make the next choices of
users held out most likely (logarithmic opinion pool: Genest and Zidek, Statistical Science 1986).

Dimensions: M modelled items, I items of the catalogue, L events.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from tastemaker.data.interactions import Floats, Ints, Longs, Query, TrainingData
from tastemaker.recipes.contract import Reasons
from tastemaker.recipes.parts.alike import Alike, alike
from tastemaker.recipes.parts.attributes import Attributes
from tastemaker.recipes.parts.linear_sequence import LinearSequence
from tastemaker.recipes.parts.low_rank_sequence import HeadAndTail
from tastemaker.recipes.parts.metadata import vectors
from tastemaker.recipes.parts.popularity import lately_per_item, worth_per_item
from tastemaker.recipes.parts.transformer import Transformer

# Popularity's weight beside the history's after L events is FLOOR + START * FADE**L: a history of one event says less
# about the next than popularity does, one of ten says more. All three measured, benchmarks/LOG.md.
FLOOR = 0.2
START = 10.0
FADE = 0.7

# Half of popularity is that of the last weeks: what is new is found, and little data do not lose what they know. In the
# last tenth of MovieLens' time a tenth to a half better for new users where taste moves, a tenth worse where it does
# not (benchmarks/LOG.md).
LATELY = 0.5
HALF_LIFE_DAYS = 30.0

EXPLAINED_EVENTS = 30  # the newest, each left out in turn


@dataclass(frozen=True)
class Pool:
    """What the logarithms count in the sum. about, about_new: of the user's columns and the context, with a history
    and without one."""

    linear: float = 1.0
    network: float = 0.0
    about: float = 0.0
    about_new: float = 0.0


@dataclass(frozen=True)
class SequenceModel:
    """modelled_M: the modelled items' places in the catalogue, increasing. place_I: the reverse, -1 for the others,
    whose events are passed over. popular_I: log of popularity.

    temperature: scores are divided by it; 1 until training has measured it. bonus_I: what an objective adds to the
    scores; empty without one. network: None without one. recent: popularity counts recent choices more.
    """

    linear: LinearSequence | HeadAndTail
    modelled_M: Ints
    place_I: Ints
    popular_I: Floats
    alike: Alike
    attributes: Attributes
    network: Transformer | None = None
    pool: Pool = field(default_factory=Pool)
    temperature: float = 1.0
    recent: bool = True
    bonus_I: Floats = field(default_factory=lambda: np.zeros(0, np.float32))

    @property
    def about_columns(self) -> tuple[str, ...]:
        """What the model wants to know of users and moments."""
        return self.attributes.columns

    def scores(self, query: Query) -> Floats:
        """Logits, shape (I,). Items without a place and without anything like them come last, by popularity.

        A history without a modelled item gets log popularity, whatever the temperature: its softmax is the share of
        users each item has. O(K * reach * M), and what the network takes.
        """
        score_I = self._relevance(query)
        return score_I + self.bonus_I if len(self.bonus_I) else score_I

    def parts(self, query: Query) -> list[Floats]:
        """What is pooled for a history with a modelled item: logarithms of the linear model and of the network, and
        the lift of what is known of the user; each shape (M,), zeros for what there is not."""
        is_known_L = self.place_I[query.history_L] >= 0
        place_L = self.place_I[query.history_L[is_known_L]]
        weight = FLOOR + START * FADE ** len(place_L)
        linear_M = np.log(np.maximum(self.linear.chances(place_L), 0) + weight * self._share(query))
        network_M = np.zeros_like(linear_M)
        if self.network is not None:
            time_s_L = None if query.time_s_L is None else query.time_s_L[is_known_L]
            network_M = _log_softmax(self.network.logits(place_L, time_s_L))
        lift_M = self.attributes.lift(query.about)
        return [linear_M, network_M, np.zeros_like(linear_M) if lift_M is None else lift_M]

    @property
    def explanation(self) -> str:
        """What the amounts of reasons are."""
        if self.network is not None or self.about_columns:
            return "Amounts say how much lower the score is without the event, or without knowing the column."
        return "Amounts are parts of the chance whose logarithm is the score."

    def explain(self, query: Query, item: int) -> Reasons:
        """What each event, "event 0" the oldest, and popularity add to the chance whose logarithm is the score.

        Their sum is exp(score * temperature), except where the events together speak against the item. Where a network
        or columns of the user take part, the reasons are differences of the score instead: how much lower it is with
        the event, or the column, left out, of the newest EXPLAINED_EVENTS. Of an item that no history speaks of, the
        reasons are those of the items it is like; without any, or without a history, the share of its users.
        """
        return self.explain_each(query, [item])[0]

    def explain_each(self, query: Query, items: Sequence[int]) -> list[Reasons]:
        """The same for several items; an event is left out once for all of them."""
        event_L = np.flatnonzero(self.place_I[query.history_L] >= 0).astype(np.int32)
        known = self.attributes.known(query.about)
        stand_for = [self._stands_for(item) for item in items]
        left_out: dict[str, Floats] = {}
        if known or (self.network is not None and len(event_L)):
            left_out = self._left_out(query, np.array(items, np.int64), event_L, known)
        found: list[Reasons] = []
        for n, (place_V, weight_V) in enumerate(stand_for):
            if len(place_V) and left_out:
                found.append(_largest_first({name: float(less_J[n]) for name, less_J in left_out.items()}))
            elif not len(place_V) or not len(event_L):
                found.append({"popularity": float(np.exp(self.popular_I[items[n]]))})
            else:
                found.append(self._shares(query, event_L, place_V, weight_V))
        return found

    def _shares(self, query: Query, event_L: Ints, place_V: Ints, weight_V: Floats) -> Reasons:
        place_L = self.place_I[query.history_L[event_L]]
        share_L = np.zeros(len(place_L), np.float32)
        for place, weight in zip(place_V, weight_V, strict=True):
            share_L += weight * self.linear.shares(place_L, place)
        count = FLOOR + START * FADE ** len(place_L)
        popularity = count * float((self._popular_share_M[place_V] * weight_V).sum())
        shares = {f"event {event}": float(share) for event, share in zip(event_L, share_L, strict=True) if share}
        return _largest_first(shares | {"popularity": popularity})

    def extended(self, place_J: Ints, data: TrainingData) -> "SequenceModel":
        """The same over another catalogue, with popularity as of these data; what was learned stays.

        place_J: where each item of the present catalogue is in the new one, -1 for those that are gone.
        """
        place_M = place_J[self.modelled_M]
        kept_m = np.flatnonzero(place_M >= 0).astype(np.int32)
        modelled_M = place_M[kept_m].astype(np.int32)
        bonus_I = np.zeros(0, np.float32)
        if len(self.bonus_I):  # of an item that is new the objective says nothing
            bonus_I = np.zeros(data.interactions.n_items, np.float32)
            bonus_I[place_J[place_J >= 0]] = np.asarray(self.bonus_I)[place_J >= 0]
        return replace(
            self,
            linear=self.linear.of_items(kept_m),
            network=None if self.network is None else self.network.of_items(kept_m),
            attributes=self.attributes.of_items(kept_m),
            bonus_I=bonus_I,
            **catalogue(data, modelled_M, self.recent),
        )

    def _relevance(self, query: Query) -> Floats:
        if not (self.place_I[query.history_L] >= 0).any():
            logit_M = np.log(self._share(query))
            floor_I = self.popular_I
        else:
            counts = (self.pool.linear, self.pool.network, self.pool.about)
            logit_M = sum(
                (np.float32(count) * part_M for count, part_M in zip(counts, self.parts(query), strict=True) if count),
                start=np.zeros(len(self.modelled_M), np.float32),
            )
            logit_M = (logit_M / np.float32(self.temperature)).astype(np.float32)
            if len(logit_M) == len(self.place_I):
                return logit_M  # modelled_M is increasing, so it is the whole catalogue in order
            floor_I = logit_M.min() - 1 + self.popular_I - self.popular_I.max()
        score_I = floor_I.astype(np.float32, copy=True)
        score_I[self.modelled_M] = logit_M
        if len(self.alike.item_J):
            best = logit_M.max()
            new_J = np.log(self.alike.chances(np.exp(logit_M - best)) + np.float32(1e-30)) + best
            score_I[self.alike.item_J] = np.maximum(score_I[self.alike.item_J], new_J)
        return score_I

    @cached_property
    def _popular_share_M(self) -> Floats:
        return np.asarray(np.exp(self.popular_I[self.modelled_M]))

    def _share(self, query: Query) -> Floats:
        """How many choose each modelled item, of those who are like this user; shape (M,)."""
        lift_M = self.attributes.lift(query.about) if self.pool.about_new else None
        if lift_M is None:
            return self._popular_share_M
        share_M = self._popular_share_M * np.exp(np.float32(self.pool.about_new) * lift_M)
        return np.asarray(share_M * (self._popular_share_M.sum() / share_M.sum()))

    def _stands_for(self, item: int) -> tuple[Ints, Floats]:
        """Places of the modelled items whose chances make up that of an item, and their weights."""
        if self.place_I[item] >= 0:
            return self.place_I[item : item + 1], np.ones(1, np.float32)
        found = np.flatnonzero(self.alike.item_J == item)
        if not len(found):
            return np.zeros(0, np.int32), np.zeros(0, np.float32)
        return np.asarray(self.alike.place_JV[found[0]]), np.asarray(self.alike.weight_JV[found[0]])

    def _left_out(self, query: Query, item_J: Longs, event_L: Ints, known: list[str]) -> dict[str, Floats]:
        """How much lower the scores of the items are without each event, and each column; shape (J,)."""
        whole_J = self.scores(query)[item_J]
        lower = {}
        for event in event_L[-EXPLAINED_EVENTS:].tolist():
            left_L = np.arange(len(query.history_L)) != event
            other = replace(
                query,
                history_L=query.history_L[left_L],
                time_s_L=None if query.time_s_L is None else query.time_s_L[left_L],
            )
            lower[f"event {event}"] = whole_J - self.scores(other)[item_J]
        for column in dict.fromkeys(key.split("=", 1)[0] for key in known):
            about = {name: values for name, values in query.about.items() if name != column}
            lower[column] = whole_J - self.scores(replace(query, about=about))[item_J]
        return lower


def catalogue(data: TrainingData, modelled_M: Ints, recent: bool) -> dict[str, Any]:
    """The members of a model that follow from its catalogue: places, popularity, and which items are like others."""
    n_items = data.interactions.n_items
    place_I = np.full(n_items, -1, np.int32)
    place_I[modelled_M] = np.arange(len(modelled_M))
    worth_I = worth_per_item(data.interactions)
    share_I = (worth_I + 1.0) / (worth_I.sum() + len(worth_I))
    if recent:
        lately_I = lately_per_item(data.interactions, HALF_LIFE_DAYS)
        share_I = (1 - LATELY) * share_I + LATELY * lately_I / max(lately_I.sum(), 1e-9)
    return {
        "recent": recent,
        "modelled_M": modelled_M,
        "place_I": place_I,
        "popular_I": np.log(share_I).astype(np.float32),
        "alike": alike(vectors(data.item_categories, data.item_texts, n_items), modelled_M),
    }


def _log_softmax(logit_M: Floats) -> Floats:
    logit_M = logit_M - logit_M.max()
    return np.asarray(logit_M - np.log(np.exp(logit_M).sum()))


def _largest_first(reasons: dict[str, float]) -> Reasons:
    return dict(sorted(reasons.items(), key=lambda pair: -abs(pair[1])))


def untrained(data: TrainingData, recent: bool) -> SequenceModel:
    """What is known without a history of two events: popularity, and which items are like others."""
    none = LinearSequence(np.zeros(0, np.float32), np.zeros((0, 0, 0), np.float32))
    return SequenceModel(none, attributes=Attributes(), **catalogue(data, np.zeros(0, np.int32), recent))
