"""The answers of the runtime: from a checked request to an ordered list, in the few steps of one function each."""

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from tastemaker.arn import Scope
from tastemaker.data.interactions import About, Bools, Floats, Ints
from tastemaker.errors import InvalidInputException
from tastemaker.resources.recommendations import recommendation_id
from tastemaker.serving.allowed import AllowedItems
from tastemaker.serving.catalogue import Catalogue
from tastemaker.serving.deployments import Deployment, Deployments
from tastemaker.serving.rankings import Ranking, Rankings, person, ranked
from tastemaker.storage.live import Live
from tastemaker.storage.shown import ShownLists
from tastemaker.storage.store import Store

RESULTS_DEFAULT, RESULTS_MAX, INPUTS_MAX = 25, 500, 500
ACTIONS_DEFAULT, ACTIONS_MAX = 5, 100
WITH_METADATA_MAX, METADATA_COLUMNS_MAX = 50, 10  # results or inputs, and columns, when metadata is asked for
DIGITS = 7  # of a score in an answer, as the service rounds them

LISTS = ("USER_PERSONALIZATION", "RELATED_ITEMS", "POPULAR_ITEMS")
# What a deployment of each type is for, where another operation was tried on it.
ASK = {
    **dict.fromkeys(LISTS, "ask it with GetRecommendations."),
    "PERSONALIZED_RANKING": "it ranks given items: ask it with GetPersonalizedRanking, or deploy another recipe.",
    "PERSONALIZED_ACTIONS": "it recommends actions: ask it with GetActionRecommendations.",
}

encode = msgspec.json.Encoder().encode


class Answers:
    """What answers need, made once per server process; used by one thread."""

    def __init__(self, store: Store, live: Live, deployments: Deployments, shown: ShownLists, users_max: int) -> None:
        self._store, self._live, self._deployments, self._shown = store, live, deployments, shown
        self._catalogue = Catalogue(store)
        self._allowed = AllowedItems(live, deployments.filter, self._catalogue)
        self._rankings = Rankings(users_max)

    def get_recommendations(self, request: Mapping[str, Any], _: Scope) -> bytes:
        """A list for a user, or beside an item, as the recipe has it. Already rendered: this is the hot path."""
        deployment = self._deployment(request)
        if deployment.recipe_type not in LISTS:
            raise InvalidInputException(f"{deployment.arn}: {ASK[deployment.recipe_type]}")
        wanted = _within(request, "numResults", request.get("numResults", RESULTS_DEFAULT), RESULTS_MAX)
        user_id, item_id = asked(deployment, request)
        about = self._about(deployment, request, user_id)
        ranking = self._rankings.of(deployment, user_id, item_id, self._live, about)
        now_s = self._store.now_s()
        shown_I = self._allowed.shown(deployment, user_id, item_id, now_s)
        allowed_I, _unknown = self._allowed.of(deployment, request, user_id, item_id, now_s)
        allowed_I = both(shown_I, allowed_I)
        if request.get("promotions"):
            promotion, promoted_K = self._promoted(deployment, request, ranking, shown_I, wanted, now_s)
            return self._mixed(deployment, request, ranking, allowed_I, promotion, promoted_K, wanted)
        best_K, score_K = ranking.best(deployment, allowed_I, wanted)
        return self._reply("itemList", deployment, request, self._items(deployment, best_K, score_K))

    def get_personalized_ranking(self, request: Mapping[str, Any], _: Scope) -> bytes:
        """The given items, best first for this user; those the model does not know at the end, without a score."""
        deployment = self._deployment(request)
        if deployment.recipe_type != "PERSONALIZED_RANKING":
            raise InvalidInputException(f"{deployment.arn} does not rank given items: {ASK[deployment.recipe_type]}")
        _within(request, "inputList", len(request["inputList"]), INPUTS_MAX)
        user_id, _item = asked(deployment, request)
        assert user_id is not None, "the service model requires it"
        allowed_I, allows_unknown = self._allowed.of(deployment, request, user_id, None, self._store.now_s())
        events = self._live.events_of(deployment.dataset_seq, user_id)
        who = person(deployment, user_id, events, self._about(deployment, request, user_id))
        found = ranked(deployment, who, request["inputList"], allowed_I, allows_unknown)
        items = self._items(deployment, found.item_K, found.score_K)
        items += [{"itemId": name} for name in found.unknown]
        return self._reply("personalizedRanking", deployment, request, items)

    def get_action_recommendations(self, request: Mapping[str, Any], _: Scope) -> bytes:
        """The actions that a user is most likely to take, with the probability of each."""
        deployment = self._deployment(request)
        if deployment.recipe_type != "PERSONALIZED_ACTIONS":
            raise InvalidInputException(f"{deployment.arn} has no actions: {ASK[deployment.recipe_type]}")
        wanted = _within(request, "numResults", request.get("numResults", ACTIONS_DEFAULT), ACTIONS_MAX)
        user_id, _item = asked(deployment, request)
        assert user_id is not None, "`asked` has seen to it"
        now_s = self._store.now_s()
        shown_I = self._allowed.shown(deployment, user_id, None, now_s)
        allowed_I, _unknown = self._allowed.of(deployment, request, user_id, None, now_s)
        about = self._about(deployment, request, user_id)
        ranking = self._rankings.of(deployment, user_id, None, self._live, about)
        best_K, score_K = ranking.best(deployment, both(shown_I, allowed_I), wanted)
        items = self._items(deployment, best_K, score_K, "actionId")
        return self._reply("actionList", deployment, request, items)

    def _deployment(self, request: Mapping[str, Any]) -> Deployment:
        self._live.refresh()
        campaign, recommender = request.get("campaignArn"), request.get("recommenderArn")
        return deployment_for(self._deployments, campaign, recommender, self._live.generation)

    def _about(self, deployment: Deployment, request: Mapping[str, Any], user_id: str | None) -> About:
        return self._catalogue.about(deployment, user_id, request.get("context", {}), self._live.catalogue)

    def _promoted(
        self,
        deployment: Deployment,
        request: Mapping[str, Any],
        ranking: Ranking,
        shown_I: Bools | None,
        wanted: int,
        now_s: float,
    ) -> tuple[Mapping[str, Any], Ints]:
        """The promotion, and the best items that its filter lets through: its share of the list."""
        (promotion,) = request["promotions"]
        missing = [member for member in ("filterArn", "percentPromotedItems", "name") if member not in promotion]
        if missing or not deployment.manner.promotions:
            why = f"promotions.1.member.{missing[0]} is missing" if missing else f"{deployment.arn} has no promotions"
            raise InvalidInputException(f"{why}: a promotion has a name, percentPromotedItems and filterArn.")
        user_id, item_id = asked(deployment, request)
        allowed_I, _ = self._allowed.of(deployment, promotion, user_id, item_id, now_s)
        share = max(1, round(wanted * promotion["percentPromotedItems"] / 100))
        return promotion, ranking.best(deployment, both(shown_I, allowed_I), share)[0]

    def _mixed(
        self,
        deployment: Deployment,
        request: Mapping[str, Any],
        ranking: Ranking,
        allowed_I: Bools | None,
        promotion: Mapping[str, Any],
        promoted_K: Ints,
        wanted: int,
    ) -> bytes:
        """Promoted items at random places of the list, the others around them; each in their own order."""
        others_I = np.ones(len(deployment.items), np.bool_) if allowed_I is None else allowed_I.copy()
        others_I[promoted_K] = False
        rest_K, _ = ranking.best(deployment, others_I, wanted - len(promoted_K))
        # The id of the reply has its chance in it: a list can be made again.
        chance = self._store.new_chance()
        n_all = len(promoted_K) + len(rest_K)
        is_promoted_K = np.zeros(n_all, np.bool_)
        is_promoted_K[np.random.default_rng(chance).permutation(n_all)[: len(promoted_K)]] = 1
        place_K = np.empty(n_all, np.int32)
        place_K[is_promoted_K], place_K[~is_promoted_K] = promoted_K, rest_K
        items = self._items(deployment, place_K, ranking.scores_of(deployment, place_K))
        for place in np.flatnonzero(is_promoted_K):
            items[place]["promotionName"] = promotion["name"]
            if deployment.manner.gives_reasons:
                items[place]["reason"] = ["Promoted item"]
        return self._reply("itemList", deployment, request, items, chance)

    def _items(
        self, deployment: Deployment, place_K: Ints, score_K: Floats, member: str = "itemId"
    ) -> list[dict[str, Any]]:
        ids = deployment.trained.item_ids
        if not deployment.manner.shows_scores:
            return [{member: ids[place]} for place in place_K.tolist()]
        scores = rounded(score_K)
        return [{member: ids[place], "score": score} for place, score in zip(place_K.tolist(), scores, strict=True)]

    def _reply(
        self,
        member: str,
        deployment: Deployment,
        request: Mapping[str, Any],
        items: list[dict[str, Any]],
        chance: int | None = None,
    ) -> bytes:
        if request.get("metadataColumns"):
            self._add_metadata(deployment, request, items)
        name = "actionId" if member == "actionList" else "itemId"
        # What was shown is kept, so that an event that sends the id back tells it.
        mark = self._shown.remember([item[name] for item in items], chance or self._store.new_chance())
        return encode({member: items, "recommendationId": recommendation_id(deployment.seq, mark)})

    def _add_metadata(self, deployment: Deployment, request: Mapping[str, Any], items: list[dict[str, Any]]) -> None:
        """Values of item columns beside each item, as text, under the column's name in lower case."""
        if not deployment.manner.has_metadata:
            raise InvalidInputException(
                f"metadataColumns: {deployment.arn} was made without enableMetadataWithRecommendations. Update it with "
                "campaignConfig={'enableMetadataWithRecommendations': True}."
            )
        ((dataset, columns),) = request["metadataColumns"].items()
        if dataset.upper() != "ITEMS" or not 1 <= len(columns) <= METADATA_COLUMNS_MAX:
            raise InvalidInputException(
                f"metadataColumns: give {{'ITEMS': [...]}} with 1 to {METADATA_COLUMNS_MAX} columns of that dataset."
            )
        records = self._catalogue.records(deployment.group, "ITEMS", self._live.catalogue)
        for item in items:
            item["metadata"] = records.texts(item["itemId"], columns)


def _within(request: Mapping[str, Any], member: str, count: int, most: int) -> int:
    most = WITH_METADATA_MAX if request.get("metadataColumns") else most
    if not 1 <= count <= most:
        raise InvalidInputException(f"{member} stands for {count} items: give 1 to {most}.")
    return count


def deployment_for(
    deployments: Deployments, campaign: str | None, recommender: str | None, generation: int
) -> Deployment:
    """What a request names by one of two ARNs. Raises InvalidInputException, ResourceNotFoundException."""
    if (campaign is None) == (recommender is None):
        raise InvalidInputException(
            "Give the ARN of an ACTIVE campaign as campaignArn, or of an ACTIVE recommender as recommenderArn, and "
            "not both."
        )
    if campaign is not None:
        return deployments.campaign(campaign, generation)
    return deployments.recommender(recommender or "", generation)


def asked(deployment: Deployment, request: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The user and the item of a request. Raises InvalidInputException for one that is needed and missing."""
    user_id, item_id = _id(request, "userId"), _id(request, "itemId")
    if user_id is None and deployment.manner.asks_user:
        raise InvalidInputException(f"userId is missing: {deployment.arn} recommends for users.")
    if item_id is None and deployment.manner.asks_item:
        raise InvalidInputException(f"itemId is missing: {deployment.arn} recommends items related to one.")
    return user_id, item_id


def rounded(score_K: Floats) -> list[float]:
    """Scores as answers have them."""
    found: list[float] = np.round(score_K.astype(np.float64), DIGITS).tolist()
    return found


def both(one_I: Bools | None, other_I: Bools | None) -> Bools | None:
    """What both let through; None lets everything through."""
    if one_I is None or other_I is None:
        return other_I if one_I is None else one_I
    return one_I & other_I


def _id(request: Mapping[str, Any], member: str) -> str | None:
    value: str | None = request.get(member)
    if value == "":
        raise InvalidInputException(f"{member} is empty: give an id, or leave it out.")
    return value
