"""The answers of the runtime: from a checked request to an ordered list, in the few steps of one function each."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import numpy as np

from tastemaker.arn import Scope
from tastemaker.data.interactions import Floats, Ints
from tastemaker.data.ranking import softmax
from tastemaker.errors import InvalidInputException
from tastemaker.serving.allowed import AllowedItems, without_itself
from tastemaker.serving.catalogue import Catalogue
from tastemaker.serving.deployments import Deployment, Deployments
from tastemaker.serving.rankings import SCORED, Ranking, Rankings, person
from tastemaker.storage.live import Live
from tastemaker.storage.store import Store

RESULTS_DEFAULT, RESULTS_MAX, INPUTS_MAX = 25, 500, 500
WITH_METADATA_MAX, METADATA_COLUMNS_MAX = 50, 10  # results or inputs, and columns, when metadata is asked for
DIGITS = 7  # of a score in an answer, as the service rounds them

encode = msgspec.json.Encoder().encode


class Answers:
    """What answers need, made once per server process; used by one thread."""

    def __init__(self, store: Store, live: Live, deployments: Deployments, users_max: int) -> None:
        self._store, self._live, self._deployments = store, live, deployments
        self._catalogue = Catalogue(store)
        self._allowed = AllowedItems(live, deployments, self._catalogue)
        self._rankings = Rankings(users_max)

    def get_recommendations(self, request: Mapping[str, Any], _: Scope) -> bytes:
        """A list for a user, or beside an item, as the recipe has it. Already rendered: this is the hot path."""
        deployment = self._deployment(request)
        wanted = _within(request, "numResults", request.get("numResults", RESULTS_DEFAULT), RESULTS_MAX)
        user_id, item_id = _id(request, "userId"), _id(request, "itemId")
        ranking = self._ranking(deployment, user_id, item_id)
        allowed_I, _unknown = self._allowed.of(deployment, request, user_id, item_id)
        if deployment.recipe_type == "RELATED_ITEMS":
            allowed_I = without_itself(allowed_I, deployment, item_id)
        best_K, score_K = ranking.best(deployment, allowed_I, wanted)
        return self._reply("itemList", deployment, request, best_K, score_K)

    def get_personalized_ranking(self, request: Mapping[str, Any], _: Scope) -> bytes:
        """The given items, best first for this user; those the model does not know at the end, without a score."""
        deployment = self._deployment(request)
        if deployment.recipe_type != "PERSONALIZED_RANKING":
            raise InvalidInputException(f"{deployment.arn} does not rank given items: ask it with GetRecommendations.")
        _within(request, "inputList", len(request["inputList"]), INPUTS_MAX)
        user_id = _id(request, "userId")
        assert user_id is not None, "the service model requires it"
        given = list(dict.fromkeys(request["inputList"]))
        place_K = np.array(deployment.items.positions(given), np.int32)
        allowed_I, allows_unknown = self._allowed.of(deployment, request, user_id, None)
        if allowed_I is not None:
            place_K = place_K[allowed_I[place_K]]
        live = self._live.events_of(deployment.group_seq, user_id)
        query = person(deployment, user_id, live).query(deployment)
        score_K = softmax(deployment.trained.model.scores(query)[place_K])
        order_K = np.argsort(-score_K, kind="stable")
        unknown = [name for name in given if name not in deployment.items.position] if allows_unknown else []
        return self._reply("personalizedRanking", deployment, request, place_K[order_K], score_K[order_K], unknown)

    def _deployment(self, request: Mapping[str, Any]) -> Deployment:
        if request.get("promotions"):
            raise InvalidInputException(
                "promotions: not supported by this version of Tastemaker. Leave it out; see docs/compatibility.md."
            )
        if request.get("recommenderArn"):
            raise InvalidInputException(
                "recommenderArn: this version of Tastemaker has no recommenders. Create a campaign, give campaignArn."
            )
        arn = request.get("campaignArn")
        if arn is None:
            raise InvalidInputException("campaignArn is missing: give the ARN of an ACTIVE campaign.")
        self._live.refresh()
        return self._deployments.campaign(arn, self._live.generation)

    def _ranking(self, deployment: Deployment, user_id: str | None, item_id: str | None) -> Ranking:
        """What the recipe ranks the catalogue by: the user, an item, or neither."""
        if deployment.recipe_type == "USER_PERSONALIZATION":
            if user_id is None:
                raise InvalidInputException(f"userId is missing: {deployment.arn} recommends for users.")
            live = self._live.events_of(deployment.group_seq, user_id)
            return self._rankings.of_user(deployment, user_id, live)
        if deployment.recipe_type == "RELATED_ITEMS":
            if item_id is None:
                raise InvalidInputException(f"itemId is missing: {deployment.arn} recommends items related to one.")
            return self._rankings.of_item(deployment, item_id)
        if deployment.recipe_type == "PERSONALIZED_RANKING":
            raise InvalidInputException(
                f"{deployment.arn} ranks given items: ask it with GetPersonalizedRanking, or deploy another recipe."
            )
        return self._rankings.of_item(deployment, None)

    def _reply(
        self,
        member: str,
        deployment: Deployment,
        request: Mapping[str, Any],
        place_K: Ints,
        score_K: Floats,
        unscored: Iterable[str] = (),
    ) -> bytes:
        ids = deployment.trained.item_ids
        items: list[dict[str, Any]]
        if deployment.recipe_type in SCORED:
            shown = np.round(score_K.astype(np.float64), DIGITS).tolist()
            pairs = zip(place_K.tolist(), shown, strict=True)
            items = [{"itemId": ids[place], "score": score} for place, score in pairs]
        else:
            items = [{"itemId": ids[place]} for place in place_K.tolist()]
        items += [{"itemId": name} for name in unscored]
        if request.get("metadataColumns"):
            self._add_metadata(deployment, request, items)
        return encode({member: items, "recommendationId": "RID-" + self._store.new_uuid()})

    def _add_metadata(self, deployment: Deployment, request: Mapping[str, Any], items: list[dict[str, Any]]) -> None:
        """Values of item columns beside each item, as text, under the column's name in lower case."""
        if not deployment.has_metadata:
            raise InvalidInputException(
                f"metadataColumns: {deployment.arn} was made without enableMetadataWithRecommendations. Update it with "
                "campaignConfig={'enableMetadataWithRecommendations': True}."
            )
        ((dataset, columns),) = request["metadataColumns"].items()
        if dataset.upper() != "ITEMS" or not 1 <= len(columns) <= METADATA_COLUMNS_MAX:
            raise InvalidInputException(
                f"metadataColumns: give {{'ITEMS': [...]}} with 1 to {METADATA_COLUMNS_MAX} columns of that dataset."
            )
        records = self._catalogue.items(deployment.group, self._live.generation)
        for item in items:
            item["metadata"] = records.texts(item["itemId"], columns)


def _within(request: Mapping[str, Any], member: str, count: int, most: int) -> int:
    most = WITH_METADATA_MAX if request.get("metadataColumns") else most
    if not 1 <= count <= most:
        raise InvalidInputException(f"{member} stands for {count} items: give 1 to {most}.")
    return count


def _id(request: Mapping[str, Any], member: str) -> str | None:
    value: str | None = request.get(member)
    if value == "":
        raise InvalidInputException(f"{member} is empty: give an id, or leave it out.")
    return value
