"""What goes into a list: the best items that a request may be answered with, promoted ones, and explored ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from tastemaker.data.interactions import About, Bools, Floats, Ints
from tastemaker.errors import InvalidInputException
from tastemaker.filters import Texts
from tastemaker.serving.allowed import AllowedItems, both
from tastemaker.serving.catalogue import Catalogue
from tastemaker.serving.deployments import Deployment
from tastemaker.serving.exploration import Ask, Explorers
from tastemaker.serving.rankings import Ranking, Rankings, person
from tastemaker.serving.reranking import CANDIDATES, PLAIN, Candidates, Dials, likeness, mixes, reordered
from tastemaker.storage.live import Live
from tastemaker.storage.store import Store

DISLIKES_MAX = 100  # newest events of a type that lower what they are about
LIKE_DISLIKED = 0.5  # what full likeness to a disliked item counts, beside the item itself
DIGITS = 7  # of a score in an answer, as the service rounds them

Request = Mapping[str, Any]
Item = dict[str, Any]


class Listed(NamedTuple):
    """A list as an answer has it, best first; what it was made of; the seed of what was left to chance.

    explored: ids of the items that have their place by exploration.
    """

    items: list[Item]
    ranking: Ranking
    chance: int
    explored: frozenset[str] = frozenset()


class Lists:
    """Makes lists; used by one thread."""

    def __init__(
        self, store: Store, live: Live, catalogue: Catalogue, allowed: AllowedItems, rankings: Rankings
    ) -> None:
        self._store, self._live, self._catalogue = store, live, catalogue
        self._allowed, self._rankings = allowed, rankings
        self._explorers = Explorers(store, catalogue)

    def about(self, deployment: Deployment, request: Request, user_id: str | None) -> About:
        """What the model wants to know of the user and the moment of a request."""
        return self._catalogue.about(deployment, user_id, request.get("context", {}), self._live.catalogue)

    def of(self, deployment: Deployment, request: Request, wanted: int, chance: int) -> Listed:
        """A list of so many items, fewer only if no more are left. chance: the seed of what is left to it.

        Raises InvalidInputException for a request that lacks what the recipe or a filter needs.
        """
        user_id, item_id = asked(deployment, request)
        about = self.about(deployment, request, user_id)
        ranking = self._rankings.of(deployment, user_id, item_id, self._live, about)
        now_s, cap = self._store.now_s(), request.get("cap", deployment.manner.cap)

        def allowed(of: Deployment, filtered: Request) -> Bools | None:
            shown_I = self._allowed.shown(of, user_id, item_id, now_s, cap)
            return both(shown_I, self._allowed.of(of, filtered, user_id, item_id, now_s)[0])

        allowed_I = allowed(deployment, request)
        promoted: list[Item] = []
        if request.get("promotions"):
            promotion = _promotion(deployment, request)
            share = max(1, round(wanted * promotion["percentPromotedItems"] / 100))
            place_K, score_K = ranking.best(deployment, allowed(deployment, promotion), share)
            promoted = _named(deployment, promotion, rendered(deployment, place_K, score_K))
            allowed_I = np.ones(len(deployment.items), np.bool_) if allowed_I is None else allowed_I.copy()
            allowed_I[place_K] = False
        n_others = wanted - len(promoted)
        dials = request.get("dials", deployment.manner.dials)
        if dials == PLAIN:
            best = ranking.best(deployment, allowed_I, n_others)
        else:
            found = self.candidates(deployment, ranking, dials, user_id, allowed_I, n_others)
            order_K = reordered(found.of, dials, n_others)
            best = found.item_P[order_K], found.of.score_P[order_K]
        items, explored = rendered(deployment, *best), frozenset[str]()
        if deployment.manner.exploration is not None:
            ask = Ask(n_others, allowed_I, lambda other: allowed(other, request), self._live.catalogue, chance)
            items, explored = self._explorers.mixed(deployment, ranking, items, ask)
        return Listed(_between(items, promoted, chance) if promoted else items, ranking, chance, explored)

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
        nothing = np.zeros(0, np.int32)
        if user_id is None:
            return nothing, nothing
        who = person(deployment, user_id, self._live.events_of(deployment.dataset_seq, user_id))
        touched = who.touched(deployment, DISLIKES_MAX) if dials.dislikes else {}
        named = [touched[name.lower()].item_N for name in dials.dislikes if name.lower() in touched]
        return who.query(deployment).history_L, np.unique(np.concatenate([nothing, *named])).astype(np.int32)

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


def _promotion(deployment: Deployment, request: Request) -> Request:
    (promotion,) = request["promotions"]
    missing = [member for member in ("filterArn", "percentPromotedItems", "name") if member not in promotion]
    if missing or not deployment.manner.promotions:
        why = f"promotions.1.member.{missing[0]} is missing" if missing else f"{deployment.arn} has no promotions"
        raise InvalidInputException(f"{why}: a promotion has a name, percentPromotedItems and filterArn.")
    return dict(promotion)


def _named(deployment: Deployment, promotion: Request, items: list[Item]) -> list[Item]:
    reason = {"reason": ["Promoted item"]} if deployment.manner.gives_reasons else {}
    return [{**item, "promotionName": promotion["name"], **reason} for item in items]


def _between(others: list[Item], promoted: list[Item], chance: int) -> list[Item]:
    """Promoted items at random places of the list, the others around them; each in their own order."""
    n_all = len(others) + len(promoted)
    places = set(np.random.default_rng(chance).permutation(n_all)[: len(promoted)].tolist())
    one, other = iter(promoted), iter(others)
    return [next(one if place in places else other) for place in range(n_all)]


def asked(deployment: Deployment, request: Request) -> tuple[str | None, str | None]:
    """The user and the item of a request. Raises InvalidInputException for one that is needed and missing."""
    user_id, item_id = _id(request, "userId"), _id(request, "itemId")
    if user_id is None and deployment.manner.asks_user:
        raise InvalidInputException(f"userId is missing: {deployment.arn} recommends for users.")
    if item_id is None and deployment.manner.asks_item:
        raise InvalidInputException(f"itemId is missing: {deployment.arn} recommends items related to one.")
    return user_id, item_id


def rendered(deployment: Deployment, place_K: Ints, score_K: Floats) -> list[Item]:
    """Items as answers have them, with scores where the recipe shows them."""
    ids = deployment.items.named(place_K.tolist())
    if not deployment.manner.shows_scores:
        return [{"itemId": name} for name in ids]
    return [{"itemId": name, "score": score} for name, score in zip(ids, rounded(score_K), strict=True)]


def rounded(score_K: Floats) -> list[float]:
    """Scores as answers have them."""
    found: list[float] = score_K.astype(np.float64).round(DIGITS).tolist()
    return found


def _id(request: Request, member: str) -> str | None:
    value: str | None = request.get(member)
    if value == "":
        raise InvalidInputException(f"{member} is empty: give an id, or leave it out.")
    return value
