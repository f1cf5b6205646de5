"""Why each item of a list is in it: the user's events that carried it, what else did, or what gave it its place."""

from contextlib import closing
from dataclasses import asdict
from typing import Annotated, Any

import numpy as np
from msgspec import UNSET, Meta, Struct, UnsetType, field, to_builtins

from tastemaker.data.interactions import Query
from tastemaker.errors import InvalidInputException
from tastemaker.recipes.contract import Reasons, explained, explanation
from tastemaker.serving.allowed import AllowedItems
from tastemaker.serving.answer import RESULTS_DEFAULT, RESULTS_MAX, deployment_for
from tastemaker.serving.caps import Caps
from tastemaker.serving.catalogue import Catalogue, Records
from tastemaker.serving.deployments import Deployment, Deployments
from tastemaker.serving.lists import Listed, Lists, Reorderable
from tastemaker.serving.manner import CAP, LISTS, Cap, cap_of, dials_of
from tastemaker.serving.rankings import PastEvent, Rankings, person
from tastemaker.serving.reranking import Dials, measures
from tastemaker.storage.live import Live
from tastemaker.storage.shown import ShownLists
from tastemaker.storage.store import Store

EVENT = "event "  # what a model calls an event of the history, with its place
REASONS_MAX = 20  # of one item, the largest
CAP_MAX, CAP_HOURS_MAX = 100, 720.0  # the newest 500 lists of a user count; rings hardly go back further


Share = Annotated[float, Meta(ge=0, le=1)]

Item = dict[str, Any]


class Turned(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Dials, as `reranking.Dials` has them, and the cap: how often an item is shown to a user within so many hours."""

    diversity: Share = 0.0
    popularity: Annotated[float, Meta(ge=-1, le=1)] = 0.0
    calibration: Share = 0.0
    dislikes: list[str] = field(default_factory=list)
    cap: Annotated[int, Meta(ge=0, le=CAP_MAX)] = 0
    capHours: Annotated[float, Meta(gt=0, le=CAP_HOURS_MAX)] | UnsetType = UNSET

    def __post_init__(self) -> None:
        """Raise ValueError for a window without a cap."""
        if self.capHours is not UNSET and not self.cap:
            raise ValueError("capHours is given without cap: give cap, the lists that may have an item, 1 or more")


class Promotion(Struct, forbid_unknown_fields=True):
    """Some places of the list for what another filter lets through, as GetRecommendations takes it."""

    name: str
    percentPromotedItems: Annotated[int, Meta(ge=1, le=100)]
    filterArn: str
    filterValues: dict[str, str] = field(default_factory=dict)


class Question(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What is asked: as GetRecommendations. metadata: columns of Items that are told of every item and event.

    dials: in the place of those of the campaign.
    """

    campaignArn: str | None = None
    recommenderArn: str | None = None
    userId: str | None = None
    itemId: str | None = None
    numResults: int = RESULTS_DEFAULT
    filterArn: str | None = None
    filterValues: dict[str, str] = field(default_factory=dict)
    context: dict[str, str] = field(default_factory=dict)
    promotions: Annotated[list[Promotion], Meta(max_length=1)] = field(default_factory=list)
    metadata: list[str] = field(default_factory=list)
    dials: Turned | None = None


class Explainer:
    """Explains lists. Like a trial of a filter it reads everything anew: it is rare, and requests need not wait."""

    def __init__(self, store: Store, deployments: Deployments, shown: ShownLists, events_per_user_max: int) -> None:
        self._store, self._deployments, self._shown = store, deployments, shown
        self._events_max = events_per_user_max

    def why(self, question: Question) -> dict[str, Any]:
        """A list with the reasons of each item. Raises as GetRecommendations."""
        if not 1 <= question.numResults <= RESULTS_MAX:
            raise InvalidInputException(f"numResults is {question.numResults}: give 1 to {RESULTS_MAX}.")
        with closing(Live(self._store.database, self._events_max, users_max=1)) as live:
            deployment = deployment_for(
                self._deployments, question.campaignArn, question.recommenderArn, live.generation
            )
            if deployment.recipe_type not in LISTS:
                raise InvalidInputException(f"{deployment.arn} makes no lists of items, which could be explained.")
            catalogue = Catalogue(self._store)
            records = catalogue.records(deployment.group, "ITEMS", live.catalogue)
            caps = Caps(self._shown, users_max=1, only=question.userId)
            allowed = AllowedItems(live, self._deployments.filter, catalogue, users_max=1, caps=caps)
            lists = Lists(self._store, live, catalogue, allowed, Rankings(most=1), users_max=1)
            dials, cap = deployment.manner.dials, deployment.manner.cap
            if question.dials is not None:
                told = to_builtins(question.dials)
                dials, cap = dials_of(told), cap_of(told)
            request = to_builtins(question) | {"dials": dials, "cap": cap}
            listed = lists.of(deployment, request, question.numResults, self._store.new_chance())
            found = lists.candidates(deployment, listed.ranking, dials, question.userId, None, question.numResults)
            past = []
            if question.userId is not None:
                events = live.events_of(deployment.dataset_seq, question.userId)
                past = person(deployment, question.userId, events).past(deployment)
        items = listed.written.items()
        return {
            "deployment": deployment.arn,
            "method": explanation(deployment.trained.model),
            "dials": _turned(dials, cap),
            "measures": _measured(deployment, found, items),
            "items": _explained(deployment, listed, items, past, records, question.metadata),
        }


def _turned(dials: Dials, cap: Cap | None) -> dict[str, Any]:
    """What is not at rest."""
    told: dict[str, Any] = {name: value for name, value in asdict(dials).items() if value}
    return told if cap is None else told | dict(zip(CAP, (cap.times, cap.hours), strict=True))


def _measured(deployment: Deployment, found: Reorderable, items: list[Item]) -> dict[str, dict[str, float]]:
    """What the dials move, of the list and of as many items in their plain order."""
    position = deployment.items.position
    wanted = [position[item["itemId"]] for item in items if item["itemId"] in position]
    among_K, plain_K = np.flatnonzero(np.isin(found.item_P, wanted)), np.arange(len(found.item_P))
    return {"list": measures(found.of, among_K), "plain": measures(found.of, plain_K[: len(wanted)])}


def _explained(
    deployment: Deployment,
    listed: Listed,
    items: list[Item],
    past: list[PastEvent],
    records: Records,
    columns: list[str],
) -> list[dict[str, Any]]:
    position, query = deployment.items.position, listed.ranking.query(deployment)
    known = [item["itemId"] for item in items if item["itemId"] in position]
    found = explained(deployment.trained.model, query, [position[name] for name in known])
    reasons = dict(zip(known, found, strict=True))
    return [
        {
            "itemId": item["itemId"],
            **({"score": item["score"]} if "score" in item else {}),
            **_named(records, item["itemId"], columns),
            "placedBy": _placed_by(item, listed),
            "because": _told(reasons.get(item["itemId"], {}), query, past, records, columns),
        }
        for item in items
    ]


def _placed_by(item: Item, listed: Listed) -> str:
    if item["itemId"] in listed.explored:
        return "exploration"
    return f"promotion {item['promotionName']}" if "promotionName" in item else "relevance"


def _told(
    reasons: Reasons, query: Query, past: list[PastEvent], records: Records, columns: list[str]
) -> list[dict[str, Any]]:
    """The largest reasons with their amounts, and with their shares of all amounts, whatever their sign."""
    whole = float(np.abs(list(reasons.values())).sum()) or 1.0
    told = []
    for name, amount in list(reasons.items())[:REASONS_MAX]:
        reason: dict[str, Any] = {"what": name}
        if name.startswith(EVENT) and len(past) == len(query.history_L):
            event = past[int(name.removeprefix(EVENT))]
            reason = {"event": {**event.told(), **_named(records, event.item_id, columns)}}
        told.append({**reason, "amount": round(amount, 6), "share": round(abs(amount) / whole, 4)})
    return told


def _named(records: Records, item_id: str, columns: list[str]) -> dict[str, Any]:
    return {"metadata": records.texts(item_id, columns)} if columns else {}
