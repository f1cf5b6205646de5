"""Which items a request may be answered with: its filter, seen through the user, the item and the catalogue."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tastemaker.data.interactions import Bools
from tastemaker.errors import InvalidInputException
from tastemaker.filters import Candidates, Filter, FilterError, allowed, needs_current_item, needs_user
from tastemaker.serving.catalogue import Catalogue
from tastemaker.serving.deployments import Deployment, Deployments
from tastemaker.serving.rankings import person
from tastemaker.storage.live import Live

FILTER_EVENTS_MAX = 100  # "the newest 100 interactions per user and event type" are seen by filters


class AllowedItems:
    """Evaluates the filters of requests."""

    def __init__(self, live: Live, deployments: Deployments, catalogue: Catalogue) -> None:
        self._live, self._deployments, self._catalogue = live, deployments, catalogue

    def of(
        self, deployment: Deployment, request: Mapping[str, Any], user_id: str | None, item_id: str | None
    ) -> tuple[Bools | None, bool]:
        """True for the items that the request's filter lets through, and whether it lets through one without a record.

        None without a filter. Raises InvalidInputException for a filter that does not fit the request.
        """
        arn = request.get("filterArn")
        if arn is None:
            return None, True
        generation = self._live.generation
        tree = self._deployments.filter(arn, deployment.group, generation).tree
        if needs_current_item(tree) and deployment.recipe_type != "RELATED_ITEMS":
            raise InvalidInputException(f"filterArn {arn}: CurrentItem is known to related-items campaigns only.")
        candidates = self._candidates(deployment, tree, arn, user_id, item_id, generation)
        try:
            allowed_I = allowed(tree, candidates, request.get("filterValues", {}))
        except FilterError as error:
            raise InvalidInputException(str(error)) from None
        return allowed_I[:-1], bool(allowed_I[-1])

    def _candidates(
        self, deployment: Deployment, tree: Filter, arn: str, user_id: str | None, item_id: str | None, generation: int
    ) -> Candidates:
        events, row = {}, None
        if needs_user(tree):
            if user_id is None:
                raise InvalidInputException(f"userId is missing: filterArn {arn} looks at what the user did, or is.")
            who = person(deployment, user_id, self._live.events_of(deployment.group_seq, user_id))
            events = who.touched(deployment, FILTER_EVENTS_MAX)
            row = self._catalogue.user_row(deployment.group, user_id, generation)
        return Candidates(
            n_items=len(deployment.items) + 1,  # the last one stands for all items that the catalogue lacks
            columns=self._catalogue.item_columns(deployment, generation),
            events=events,
            user=row,
            current_item=deployment.items.position.get(item_id) if item_id is not None else None,
        )


def without_itself(allowed_I: Bools | None, deployment: Deployment, item_id: str | None) -> Bools | None:
    """An item is not related to itself."""
    place = deployment.items.position.get(item_id) if item_id is not None else None
    if place is None:
        return allowed_I
    without_I = np.ones(len(deployment.items), np.bool_) if allowed_I is None else allowed_I.copy()
    without_I[place] = False
    return without_I
