"""What goes into a list: the best items that a request may be answered with, promoted ones, and explored ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tastemaker.data.interactions import About, Bools, Floats, Ints
from tastemaker.errors import InvalidInputException
from tastemaker.serving.allowed import AllowedItems, both
from tastemaker.serving.catalogue import Catalogue
from tastemaker.serving.deployments import Deployment
from tastemaker.serving.exploration import Ask, Explorers
from tastemaker.serving.rankings import Ranking, Rankings
from tastemaker.storage.live import Live
from tastemaker.storage.store import Store

DIGITS = 7  # of a score in an answer, as the service rounds them

Request = Mapping[str, Any]
Item = dict[str, Any]


@dataclass(frozen=True)
class Listed:
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
        now_s = self._store.now_s()

        def allowed(of: Deployment, filtered: Request) -> Bools | None:
            shown_I = self._allowed.shown(of, user_id, item_id, now_s)
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
        items, explored = rendered(deployment, *ranking.best(deployment, allowed_I, n_others)), frozenset[str]()
        if deployment.manner.exploration is not None:
            ask = Ask(n_others, allowed_I, lambda other: allowed(other, request), self._live.catalogue, chance)
            items, explored = self._explorers.mixed(deployment, ranking, items, ask)
        return Listed(_between(items, promoted, chance) if promoted else items, ranking, chance, explored)


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
    ids = deployment.trained.item_ids
    if not deployment.manner.shows_scores:
        return [{"itemId": ids[place]} for place in place_K.tolist()]
    scores = rounded(score_K)
    return [{"itemId": ids[place], "score": score} for place, score in zip(place_K.tolist(), scores, strict=True)]


def rounded(score_K: Floats) -> list[float]:
    """Scores as answers have them."""
    found: list[float] = np.round(score_K.astype(np.float64), DIGITS).tolist()
    return found


def _id(request: Request, member: str) -> str | None:
    value: str | None = request.get(member)
    if value == "":
        raise InvalidInputException(f"{member} is empty: give an id, or leave it out.")
    return value
