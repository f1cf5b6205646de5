"""The answers of the runtime: from a checked request to an ordered list, in the few steps of one function each."""

from collections.abc import Mapping
from typing import Any

from tastemaker.arn import Scope
from tastemaker.errors import InvalidInputException
from tastemaker.resources.recommendations import recommendation_id
from tastemaker.serving.allowed import AllowedItems
from tastemaker.serving.caps import Caps
from tastemaker.serving.catalogue import Catalogue
from tastemaker.serving.deployments import Deployment, Deployments
from tastemaker.serving.lists import Lists, asked
from tastemaker.serving.manner import LISTS
from tastemaker.serving.rankings import Rankings, person, ranked
from tastemaker.serving.written import Written, encoder, shown, written
from tastemaker.storage.live import Live
from tastemaker.storage.shown import ShownLists
from tastemaker.storage.store import Store

RESULTS_DEFAULT, RESULTS_MAX, INPUTS_MAX = 25, 500, 500
ACTIONS_DEFAULT, ACTIONS_MAX = 5, 100
WITH_METADATA_MAX, METADATA_COLUMNS_MAX = 50, 10  # results or inputs, and columns, when metadata is asked for

# What a deployment of each type is for, where another operation was tried on it.
ASK = {
    **dict.fromkeys(LISTS, "ask it with GetRecommendations."),
    "PERSONALIZED_RANKING": "it ranks given items: ask it with GetPersonalizedRanking, or deploy another recipe.",
    "PERSONALIZED_ACTIONS": "it recommends actions: ask it with GetActionRecommendations.",
}


class Answers:
    """What answers need, made once per server process; used by one thread."""

    def __init__(
        self, store: Store, live: Live, deployments: Deployments, shown: ShownLists, caps: Caps, users_max: int
    ) -> None:
        self._store, self._live, self._deployments, self._shown = store, live, deployments, shown
        self._catalogue = Catalogue(store)
        self._allowed = AllowedItems(live, deployments.filter, self._catalogue, users_max, caps)
        self._lists = Lists(store, live, self._catalogue, self._allowed, Rankings(users_max), users_max)

    def get_recommendations(self, request: Mapping[str, Any], _: Scope) -> bytes:
        """A list for a user, or beside an item, as the recipe has it. Already rendered: this is the hot path."""
        deployment = self._deployment(request)
        if deployment.recipe_type not in LISTS:
            raise InvalidInputException(f"{deployment.arn}: {ASK[deployment.recipe_type]}")
        wanted = _within(request, "numResults", request.get("numResults", RESULTS_DEFAULT), RESULTS_MAX)
        listed = self._lists.of(deployment, request, wanted, self._store.new_chance())
        return self._reply("itemList", deployment, request, listed.written, listed.chance)

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
        who = person(deployment, user_id, events, self._lists.about(deployment, request, user_id))
        found = ranked(deployment, who, request["inputList"], allowed_I, allows_unknown)
        ids, lines = written(deployment, found.item_K, shown(deployment, found.score_K)).parts()
        items = Written.of(
            [*ids, *found.unknown], [*lines, *(encoder.encode({"itemId": name}) for name in found.unknown)]
        )
        return self._reply("personalizedRanking", deployment, request, items, self._store.new_chance())

    def get_action_recommendations(self, request: Mapping[str, Any], _: Scope) -> bytes:
        """The actions that a user is most likely to take, with the probability of each."""
        deployment = self._deployment(request)
        if deployment.recipe_type != "PERSONALIZED_ACTIONS":
            raise InvalidInputException(f"{deployment.arn} has no actions: {ASK[deployment.recipe_type]}")
        wanted = _within(request, "numResults", request.get("numResults", ACTIONS_DEFAULT), ACTIONS_MAX)
        listed = self._lists.of(deployment, request, wanted, self._store.new_chance())
        return self._reply("actionList", deployment, request, listed.written, listed.chance)

    def _deployment(self, request: Mapping[str, Any]) -> Deployment:
        self._live.refresh()
        campaign, recommender = request.get("campaignArn"), request.get("recommenderArn")
        return deployment_for(self._deployments, campaign, recommender, self._live.generation)

    def _reply(
        self,
        member: str,
        deployment: Deployment,
        request: Mapping[str, Any],
        items: Written,
        chance: int,
    ) -> bytes:
        if request.get("metadataColumns"):
            items = self._with_metadata(deployment, request, items)
        # What was shown is kept, so that an event that sends the id back tells it, and that caps count it.
        user_id = request.get("userId") if member == "itemList" else None
        mark = self._shown.remember(items.ids, chance, deployment.seq, user_id, self._store.now_s())
        return items.answer(member, recommendation_id(deployment.seq, mark))

    def _with_metadata(self, deployment: Deployment, request: Mapping[str, Any], items: Written) -> Written:
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
        return items.with_members(lambda name: {"metadata": records.texts(name, columns)})


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
