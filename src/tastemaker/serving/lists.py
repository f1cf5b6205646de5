"""What goes into a list: the best items that a request may be answered with, promoted ones, and explored ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
import numpy as np

from tastemaker.data.interactions import About, Bools, Floats, Ints
from tastemaker.errors import InvalidInputException
from tastemaker.filters import Texts
from tastemaker.serving.allowed import AllowedItems, both
from tastemaker.serving.catalogue import Catalogue
from tastemaker.serving.deployments import Deployment, NamedFilter
from tastemaker.serving.exploration import Explorers
from tastemaker.serving.manner import Cap
from tastemaker.serving.rankings import Ranking, Rankings, person
from tastemaker.serving.remembered import Remembered
from tastemaker.serving.reranking import CANDIDATES, PLAIN, Candidates, Dials, likeness, mixes, reordered
from tastemaker.serving.written import Doubles, Written, encoder, shown, written
from tastemaker.storage.live import Live
from tastemaker.storage.store import Store
from tastemaker.wire.service_model import Checked

DISLIKES_MAX = 100  # newest events of a type that lower what they are about
LIKE_DISLIKED = 0.5  # what full likeness to a disliked item counts, beside the item itself
NONE = frozenset[str]()
NOTHING = np.zeros(0, np.int32)
Request = Mapping[str, Any]

# Of a list that is remembered: 25 items with ids of 40 characters, and what exploration knows of a thousand cold ones.
REMEMBERED_BYTES_MAX = 8192


class Listed(NamedTuple):
    """A list as an answer has it, best first; what it was made of; the seed of what was left to chance.

    explored: ids of the items that have their place by exploration.
    """

    written: Written
    ranking: Ranking
    chance: int
    explored: frozenset[str] = frozenset()


class Ask(msgspec.Struct, frozen=True, eq=False):
    """A request, and what its list depends on besides the model. cap: that holds for it."""

    deployment: Deployment
    request: Request
    user_id: str | None
    item_id: str | None
    about: About
    filtered_by: NamedFilter | None
    cap: Cap | None

    @property
    def is_steady(self) -> bool:
        """Whether the same request has the same list until an event or a record comes: neither time, nor lists that
        are shown meanwhile, change it."""
        return (
            self.cap is None
            and self.deployment.things != "ACTIONS"
            and "dials" not in self.request
            and (self.filtered_by is None or not self.filtered_by.tree.needs_clock)
        )


@dataclass(frozen=True, eq=False, slots=True)
class Plain:
    """A list before anything is left to chance.

    shown_K: its scores, None if it has none. suits_C: see `Explorers.suits`; None where nothing is explored. is_steady:
    as of its `Ask`.
    """

    written: Written
    shown_K: Doubles | None
    ranking: Ranking
    suits_C: Floats | None
    is_steady: bool

    @property
    def is_kept(self) -> bool:
        """Whether lists like this are remembered."""
        arrays = sum(each.nbytes for each in (self.shown_K, self.suits_C) if each is not None)
        n_bytes = len(self.written.ids) + len(self.written.lines) + arrays
        return self.is_steady and n_bytes <= REMEMBERED_BYTES_MAX


class Lists:
    """Makes lists; used by one thread."""

    def __init__(
        self, store: Store, live: Live, catalogue: Catalogue, allowed: AllowedItems, rankings: Rankings, users_max: int
    ) -> None:
        """users_max: lists of one deployment that are remembered."""
        self._store, self._live, self._catalogue = store, live, catalogue
        self._allowed, self._rankings = allowed, rankings
        self._explorers = Explorers(store, catalogue)
        self._plain = Remembered[Plain](users_max, lambda plain: plain.is_kept)

    def about(self, deployment: Deployment, request: Request, user_id: str | None) -> About:
        """What the model wants to know of the user and the moment of a request."""
        return self._catalogue.about(deployment, user_id, request.get("context", {}), self._live.catalogue)

    def of(self, deployment: Deployment, request: Request, wanted: int, chance: int) -> Listed:
        """A list of so many items, fewer only if no more are left. chance: the seed of what is left to it.

        Raises InvalidInputException for a request that lacks what the recipe or a filter needs.
        """
        if request.get("promotions"):
            ask = self._ask(deployment, request)
            promoted = self._promoted(ask, wanted)
            n_others = wanted - len(promoted.place_K)
            plain = self._made(ask, n_others, promoted.place_K)
        else:
            promoted, n_others, plain = None, wanted, self._relevant(deployment, request, wanted)
        listed, explored = plain.written, NONE
        if plain.suits_C is not None:
            picked = self._explorers.picked(deployment, plain.suits_C, n_others, self._live.catalogue, chance)
            if picked:
                explored = frozenset([name for _, name in picked])
                listed = _put_in(deployment, plain, picked, n_others)
        if promoted is not None:
            listed = _between(listed, promoted.written, chance)
        return Listed(listed, plain.ranking, chance, explored)

    def _ask(self, deployment: Deployment, request: Request) -> Ask:
        user_id, item_id = asked(deployment, request)
        return Ask(
            deployment,
            request,
            user_id,
            item_id,
            self.about(deployment, request, user_id),
            self._allowed.filter_of(deployment, request),
            request.get("cap", deployment.manner.cap),
        )

    def _relevant(self, deployment: Deployment, request: Request, wanted: int) -> Plain:
        """The list of a request without promotions; in the same words the same, until an event or a record comes."""

        def make() -> Plain:
            return self._made(self._ask(deployment, request), wanted)

        if not isinstance(request, Checked) or request.words is None:
            return make()
        user_id = request.get("userId")
        events = None if user_id is None else self._live.events_of(deployment.dataset_seq, user_id)
        return self._plain.get(deployment, (self._live.catalogue, request.words), events, make)

    def _made(self, ask: Ask, wanted: int, taken_K: Ints = NOTHING) -> Plain:
        """The list, made anew. taken_K: places of items that are in it already."""
        deployment, dials = ask.deployment, ask.request.get("dials", ask.deployment.manner.dials)
        now_s = self._store.now_s()
        ranking = self._ranking(ask)
        allowed_I = self._allowed_in(ask, deployment, ask.request, now_s)
        if len(taken_K):
            allowed_I = np.ones(len(deployment.items), np.bool_) if allowed_I is None else allowed_I.copy()
            allowed_I[taken_K] = False
        if dials == PLAIN:
            place_K, score_K = ranking.best(deployment, allowed_I, wanted)
        else:
            found = self.candidates(deployment, ranking, dials, ask.user_id, allowed_I, wanted)
            order_K = reordered(found.of, dials, wanted)
            place_K, score_K = found.item_P[order_K], found.of.score_P[order_K]
        suits_C = None
        if deployment.manner.exploration is not None:

            def allowed_among(newcomers: Deployment) -> Bools | None:
                return self._allowed_in(ask, newcomers, ask.request, now_s)

            as_of = self._live.catalogue
            suits_C = self._explorers.suits(deployment, ranking, place_K, allowed_I, allowed_among, as_of)
        shown_K = shown(deployment, score_K)
        return Plain(written(deployment, place_K, shown_K), shown_K, ranking, suits_C, ask.is_steady)

    def _ranking(self, ask: Ask) -> Ranking:
        return self._rankings.of(ask.deployment, ask.user_id, ask.item_id, self._live, ask.about)

    def _allowed_in(self, ask: Ask, catalogue: Deployment, filtered: Request, now_s: float) -> Bools | None:
        """What may be in the list, of a catalogue. filtered: what names the filter."""
        shown_I = self._allowed.shown(catalogue, ask.user_id, ask.item_id, now_s, ask.cap)
        return both(shown_I, self._allowed.of(catalogue, filtered, ask.user_id, ask.item_id, now_s)[0])

    def _promoted(self, ask: Ask, wanted: int) -> "Promoted":
        """The items of the promotion, as many as have their place in the list."""
        deployment = ask.deployment
        promotion = _promotion(deployment, ask.request)
        share = max(1, round(wanted * promotion["percentPromotedItems"] / 100))
        allowed_I = self._allowed_in(ask, deployment, promotion, self._store.now_s())
        place_K, score_K = self._ranking(ask).best(deployment, allowed_I, share)
        reason = {"reason": ["Promoted item"]} if deployment.manner.gives_reasons else {}
        members = {"promotionName": promotion["name"], **reason}
        return Promoted(
            place_K, written(deployment, place_K, shown(deployment, score_K)).with_members(lambda _: members)
        )

    def candidates(
        self,
        deployment: Deployment,
        ranking: Ranking,
        dials: Dials,
        user_id: str | None,
        allowed_I: Bools | None,
        wanted: int,
    ) -> "Reorderable":
        """The best allowed items, with what the dials look at."""
        item_P, score_P = ranking.best(deployment, allowed_I, max(wanted, CANDIDATES))
        history_L, disliked_J = self._tastes(deployment, dials, user_id)
        place_M = np.concatenate([item_P, history_L, disliked_J]).astype(np.int32)
        of_P, of_L, of_J = np.split(
            mixes(self._categorical(deployment), place_M), np.cumsum([len(item_P), len(history_L)])
        )
        disliked_P = np.isin(item_P, disliked_J).astype(np.float32)
        if len(disliked_J):
            disliked_P = np.maximum(disliked_P, LIKE_DISLIKED * likeness(of_P, of_J).max(axis=1))
        return Reorderable(item_P, Candidates(score_P, deployment.events_I[item_P], of_P, of_L.sum(axis=0), disliked_P))

    def _tastes(self, deployment: Deployment, dials: Dials, user_id: str | None) -> tuple[Ints, Ints]:
        """What the user chose, and what she dislikes."""
        if user_id is None:
            return NOTHING, NOTHING
        who = person(deployment, user_id, self._live.events_of(deployment.dataset_seq, user_id))
        touched = who.touched(deployment, DISLIKES_MAX) if dials.dislikes else {}
        named = [touched[name.lower()].item_N for name in dials.dislikes if name.lower() in touched]
        return who.query(deployment).history_L, np.unique(np.concatenate([NOTHING, *named])).astype(np.int32)

    def _categorical(self, deployment: Deployment) -> list[Texts]:
        records = self._catalogue.records(deployment.group, deployment.things, self._live.catalogue)
        found = self._catalogue.candidate_columns(deployment, self._live.catalogue)
        named = [column.name for column in records.schema.columns if column.categorical] if records.schema else []
        return [column for name in named if isinstance(column := found.get(name), Texts)]


@dataclass(frozen=True)
class Reorderable:
    """Candidates and their places in the catalogue."""

    item_P: Ints
    of: Candidates


class Promoted(NamedTuple):
    """Items of a promotion, best first. place_K: their places in the catalogue."""

    place_K: Ints
    written: Written


def _promotion(deployment: Deployment, request: Request) -> Request:
    (promotion,) = request["promotions"]
    missing = [member for member in ("filterArn", "percentPromotedItems", "name") if member not in promotion]
    if missing or not deployment.manner.promotions:
        why = f"promotions.1.member.{missing[0]} is missing" if missing else f"{deployment.arn} has no promotions"
        raise InvalidInputException(f"{why}: a promotion has a name, percentPromotedItems and filterArn.")
    return dict(promotion)


def _put_in(deployment: Deployment, plain: Plain, picked: Sequence[tuple[int, str]], wanted: int) -> Written:
    """Picked items at their places, which rise; the others move down, and so many of all are left.

    They are shown with the score of their place, so that scores still fall from the first to the last.
    """
    ids, lines = plain.written.parts()
    item: dict[str, Any] = {"itemId": "", **({"reason": ["Exploration"]} if deployment.manner.gives_reasons else {})}
    for n, (place, name) in enumerate(picked):
        at = min(place, len(ids))
        item["itemId"] = name
        if plain.shown_K is not None and len(plain.shown_K):
            item["score"] = plain.shown_K.item(min(at - n, len(plain.shown_K) - 1))
        ids.insert(at, name)
        lines.insert(at, encoder.encode(item))
    del ids[wanted:], lines[wanted:]
    return Written.of(ids, lines)


def _between(others: Written, promoted: Written, chance: int) -> Written:
    """Promoted items at random places of the list, the others around them; each in their own order."""
    one, other = (list(zip(*each.parts(), strict=True)) for each in (promoted, others))
    n_all = len(one) + len(other)
    places = set(np.random.default_rng(chance).permutation(n_all)[: len(one)].tolist())
    ones, others_left = iter(one), iter(other)
    found = [next(ones if place in places else others_left) for place in range(n_all)]
    return Written.of([name for name, _ in found], [line for _, line in found])


def asked(deployment: Deployment, request: Request) -> tuple[str | None, str | None]:
    """The user and the item of a request. Raises InvalidInputException for one that is needed and missing."""
    user_id, item_id = request.get("userId"), request.get("itemId")
    if "" in (user_id, item_id):
        empty = "userId" if user_id == "" else "itemId"
        raise InvalidInputException(f"{empty} is empty: give an id, or leave it out.")
    if user_id is None and deployment.manner.asks_user:
        raise InvalidInputException(f"userId is missing: {deployment.arn} recommends for users.")
    if item_id is None and deployment.manner.asks_item:
        raise InvalidInputException(f"itemId is missing: {deployment.arn} recommends items related to one.")
    return user_id, item_id
