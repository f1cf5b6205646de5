"""The answers of the runtime: from a checked request to an ordered list, in the few steps of one function each."""

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from tastemaker.arn import Scope
from tastemaker.data.interactions import Bools, Floats, Query
from tastemaker.data.ranking import softmax
from tastemaker.errors import InvalidInputException
from tastemaker.filters import Candidates, FilterError, allowed, needs_current_item, needs_user
from tastemaker.serving.catalogue import Catalogue
from tastemaker.serving.deployments import Deployment, Deployments
from tastemaker.serving.rankings import SCORED, Rankings, person
from tastemaker.storage.live import Live
from tastemaker.storage.store import Store

RESULTS_DEFAULT, RESULTS_MAX, INPUTS_MAX = 25, 500, 500
FILTER_EVENTS_MAX = 100  # "the newest 100 interactions per user and event type" are seen by filters
DIGITS = 7  # of a score in an answer, as the service rounds them
NOT_YET = ("promotions", "metadataColumns")

encode = msgspec.json.Encoder().encode


class Answers:
    """What answers need, made once per server process; used by one thread."""

    def __init__(self, store: Store, live: Live, deployments: Deployments, users_max: int) -> None:
        self._store, self._live, self._deployments = store, live, deployments
        self._catalogue = Catalogue(store)
        self._rankings = Rankings(users_max)

    def get_recommendations(self, request: Mapping[str, Any], _: Scope) -> bytes:
        """A list for a user, or beside an item, as the recipe has it. Already rendered: this is the hot path."""
        deployment = self._deployment(request)
        if deployment.recipe_type == "PERSONALIZED_RANKING":
            raise InvalidInputException(
                f"{deployment.arn} ranks given items: ask it with GetPersonalizedRanking, or deploy another recipe."
            )
        wanted = request.get("numResults", RESULTS_DEFAULT)
        if not 1 <= wanted <= RESULTS_MAX:
            raise InvalidInputException(f"numResults is {wanted}: give a number from 1 to {RESULTS_MAX}.")
        user_id, item_id = _id(request, "userId"), _id(request, "itemId")
        if deployment.recipe_type == "USER_PERSONALIZATION":
            if user_id is None:
                raise InvalidInputException(f"userId is missing: {deployment.arn} recommends for users.")
            live = self._live.events_of(deployment.group_seq, user_id)
            ranking = self._rankings.of_user(deployment, user_id, live)
        elif deployment.recipe_type == "RELATED_ITEMS":
            if item_id is None:
                raise InvalidInputException(f"itemId is missing: {deployment.arn} recommends items related to one.")
            ranking = self._rankings.of_item(deployment, item_id)
        else:
            ranking = self._rankings.of_item(deployment, None)
        allowed_I, _unknown = self._allowed(deployment, request, user_id, item_id)
        if deployment.recipe_type == "RELATED_ITEMS":
            allowed_I = _without(allowed_I, deployment, item_id)
        best_K, score_K = ranking.best(allowed_I, wanted)
        ids = deployment.trained.item_ids
        items: list[dict[str, Any]]
        if deployment.recipe_type in SCORED:
            pairs = zip(best_K.tolist(), _shown(score_K), strict=True)
            items = [{"itemId": ids[place], "score": score} for place, score in pairs]
        else:
            items = [{"itemId": ids[place]} for place in best_K.tolist()]
        return encode({"itemList": items, "recommendationId": self._recommendation_id()})

    def get_personalized_ranking(self, request: Mapping[str, Any], _: Scope) -> bytes:
        """The given items, best first for this user; those the model does not know at the end, without a score."""
        deployment = self._deployment(request)
        if deployment.recipe_type != "PERSONALIZED_RANKING":
            raise InvalidInputException(f"{deployment.arn} does not rank given items: ask it with GetRecommendations.")
        given = list(dict.fromkeys(request["inputList"]))
        if not 1 <= len(request["inputList"]) <= INPUTS_MAX:
            raise InvalidInputException(f"inputList has {len(request['inputList'])} items: give 1 to {INPUTS_MAX}.")
        user_id = _id(request, "userId")
        assert user_id is not None, "the service model requires it"
        live = self._live.events_of(deployment.group_seq, user_id)
        position = deployment.items.position
        known = [name for name in given if name in position]
        allowed_I, allows_unknown = self._allowed(deployment, request, user_id, None)
        place_K = np.array([position[name] for name in known], np.int32)
        if allowed_I is not None:
            place_K = place_K[allowed_I[place_K]]
        history_L = person(deployment, user_id, live).history(deployment)
        score_K = softmax(deployment.trained.model.scores(Query(history_L))[place_K])
        ids = deployment.trained.item_ids
        order_K = np.argsort(-score_K, kind="stable")
        pairs = zip(place_K[order_K].tolist(), _shown(score_K[order_K]), strict=True)
        ranked: list[dict[str, Any]] = [{"itemId": ids[place], "score": score} for place, score in pairs]
        if allows_unknown:
            ranked += [{"itemId": name} for name in given if name not in position]
        return encode({"personalizedRanking": ranked, "recommendationId": self._recommendation_id()})

    def _deployment(self, request: Mapping[str, Any]) -> Deployment:
        asked = [name for name in NOT_YET if request.get(name)]
        if asked:
            raise InvalidInputException(
                f"{', '.join(asked)}: not supported by this version of Tastemaker. Leave it out; docs/compatibility.md "
                "says what there is."
            )
        arn = request.get("campaignArn")
        if request.get("recommenderArn"):
            raise InvalidInputException(
                "recommenderArn: this version of Tastemaker has no recommenders. Create a campaign, give campaignArn."
            )
        if arn is None:
            raise InvalidInputException("campaignArn is missing: give the ARN of an ACTIVE campaign.")
        self._live.refresh()
        return self._deployments.campaign(arn, self._live.generation)

    def _allowed(
        self, deployment: Deployment, request: Mapping[str, Any], user_id: str | None, item_id: str | None
    ) -> tuple[Bools | None, bool]:
        """True for the items that the request's filter lets through, and whether it lets through one without a record.

        None without a filter.
        """
        arn = request.get("filterArn")
        if arn is None:
            return None, True
        generation = self._live.generation
        tree = self._deployments.filter(arn, deployment.group, generation).tree
        if needs_current_item(tree) and deployment.recipe_type != "RELATED_ITEMS":
            raise InvalidInputException(
                f"filterArn {arn} compares with CurrentItem: only related-items campaigns have it."
            )
        about_user = needs_user(tree)
        if about_user and user_id is None:
            raise InvalidInputException(f"userId is missing: filterArn {arn} looks at what the user did, or is.")
        events, row = {}, None
        if about_user and user_id is not None:
            who = person(deployment, user_id, self._live.events_of(deployment.group_seq, user_id))
            events = who.touched(deployment, FILTER_EVENTS_MAX)
            row = self._catalogue.user_row(deployment.group, user_id, generation)
        candidates = Candidates(
            n_items=len(deployment.items) + 1,  # the last one stands for all items that the catalogue lacks
            columns=self._catalogue.item_columns(deployment, generation),
            events=events,
            user=row,
            current_item=deployment.items.position.get(item_id) if item_id is not None else None,
        )
        try:
            allowed_I = allowed(tree, candidates, request.get("filterValues", {}))
        except FilterError as error:
            raise InvalidInputException(str(error)) from None
        return allowed_I[:-1], bool(allowed_I[-1])

    def _recommendation_id(self) -> str:
        return "RID-" + self._store.new_uuid()


def _shown(score_K: Floats) -> list[float]:
    """Scores as they stand in an answer."""
    shown: list[float] = np.round(score_K.astype(np.float64), DIGITS).tolist()
    return shown


def _id(request: Mapping[str, Any], member: str) -> str | None:
    value: str | None = request.get(member)
    if value == "":
        raise InvalidInputException(f"{member} is empty: give an id, or leave it out.")
    return value


def _without(allowed_I: Bools | None, deployment: Deployment, item_id: str | None) -> Bools | None:
    """An item is not related to itself."""
    place = deployment.items.position.get(item_id) if item_id is not None else None
    if place is None:
        return allowed_I
    without_I = np.ones(len(deployment.items), np.bool_) if allowed_I is None else allowed_I.copy()
    without_I[place] = False
    return without_I
