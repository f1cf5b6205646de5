"""Which items a request may be answered with: filters, seen through the user, the item and the catalogue."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tastemaker.data.interactions import Bools
from tastemaker.errors import InvalidInputException
from tastemaker.filters import (
    Candidates,
    Filter,
    FilterError,
    Numbers,
    Touched,
    allowed,
)
from tastemaker.serving.caps import Caps
from tastemaker.serving.catalogue import Catalogue
from tastemaker.serving.deployments import Deployment, NamedFilter
from tastemaker.serving.manner import Cap
from tastemaker.serving.rankings import person
from tastemaker.serving.remembered import Remembered
from tastemaker.storage.live import Live

# "The newest 100 interactions per user and event type" are seen by filters, and 300 action interactions.
FILTER_EVENTS_MAX, FILTER_ACTION_EVENTS_MAX = 100, 300
MASKS_MAX = 8  # of a deployment that are remembered, from filters that let through the same for everybody
EXPIRY = ("EXPIRATION_TIMESTAMP", "ACTION_EXPIRATION_TIMESTAMP")
DAY_S = 86_400
NOTHING = Touched(np.zeros(0, np.int32))


class AllowedItems:
    """Evaluates the filters of requests."""

    def __init__(
        self,
        live: Live,
        filter_of: Callable[[str, str, int], NamedFilter],
        catalogue: Catalogue,
        users_max: int,
        caps: Caps | None = None,
    ) -> None:
        """filter_of: the filter of an ARN that a dataset group has, no older than a generation.

        users_max: of a deployment whose events are remembered. caps: of lists that somebody sees.
        """
        self._live, self._filter_of, self._catalogue, self._caps = live, filter_of, catalogue, caps
        self._touched_by = Remembered[Mapping[str, Touched]](users_max)
        self._masks = Remembered[Bools](MASKS_MAX)

    def filter_of(self, deployment: Deployment, request: Mapping[str, Any]) -> NamedFilter | None:
        """The filter that a request or promotion names, as it is now; None if it names none."""
        arn = request.get("filterArn")
        return None if arn is None else self._filter_of(arn, deployment.group, self._live.generation)

    def of(
        self,
        deployment: Deployment,
        request: Mapping[str, Any],
        user_id: str | None,
        item_id: str | None,
        now_s: float,
    ) -> tuple[Bools | None, bool]:
        """True for the items that the filter of a request or promotion lets through; and for one without a record.

        None without a filter. Not to be changed. now_s: what windows of time count back from. Raises
        InvalidInputException for a filter that does not fit the request.
        """
        found, values = self.filter_of(deployment, request), request.get("filterValues", {})
        if found is None:
            return None, True

        def evaluated() -> Bools:
            candidates = self.candidates(deployment, found.tree, f"filterArn {found.arn}", user_id, item_id, now_s)
            return allowed(found.tree, candidates, values)

        try:
            if found.tree.needs_user or found.tree.needs_current_item:
                allowed_I = evaluated()
            else:
                key = (found, self._live.catalogue, *sorted(values.items()))
                allowed_I = self._masks.get(deployment, key, None, evaluated)
        except FilterError as error:
            raise InvalidInputException(str(error)) from None
        return allowed_I[:-1], bool(allowed_I[-1])

    def shown(
        self, deployment: Deployment, user_id: str | None, item_id: str | None, now_s: float, cap: Cap | None = None
    ) -> Bools | None:
        """False for what is left out without being asked; None if nothing is.

        The item itself, beside which others are asked for; what a use case hides from a user who has it already; what
        the user was shown as often as the cap allows; actions that have expired, or that the user met within their
        repeat time.
        """
        hidden: list[Any] = []
        if item_id is not None and deployment.manner.asks_item and item_id in deployment.items.position:
            hidden.append(deployment.items.position[item_id])
        if deployment.manner.hides is not None and user_id is not None:
            touched = self._touched(deployment, user_id)
            hidden.append(touched.get(deployment.manner.hides.lower(), NOTHING).item_N)
        if cap is not None and user_id is not None and self._caps is not None:
            capped = self._caps.hidden(deployment, user_id, cap, now_s)
            if len(capped):
                hidden.append(capped)
        if deployment.things == "ACTIONS":
            hidden.append(self._unwanted_actions(deployment, user_id, now_s))
        if not hidden:
            return None
        shown_I = np.ones(len(deployment.items), np.bool_)
        for places in hidden:
            shown_I[places] = False
        return shown_I

    def _touched(self, deployment: Deployment, user_id: str) -> Mapping[str, Touched]:
        """What filters see of the user's events, remembered until the next one."""
        live = self._live.events_of(deployment.dataset_seq, user_id)
        most = FILTER_ACTION_EVENTS_MAX if deployment.things == "ACTIONS" else FILTER_EVENTS_MAX
        return self._touched_by.get(
            deployment, user_id, live, lambda: person(deployment, user_id, live).touched(deployment, most)
        )

    def _unwanted_actions(self, deployment: Deployment, user_id: str | None, now_s: float) -> Bools:
        columns = self._catalogue.candidate_columns(deployment, self._live.catalogue)
        unwanted_I = np.zeros(len(deployment.items), np.bool_)
        for name in EXPIRY:
            column = columns.get(name)
            if isinstance(column, Numbers):
                unwanted_I |= column.value_I[:-1] <= now_s
        column = columns.get("REPEAT_FREQUENCY")
        if isinstance(column, Numbers) and user_id is not None:
            live = self._live.events_of(deployment.dataset_seq, user_id)
            met_s_I = person(deployment, user_id, live).last_met(deployment)
            unwanted_I |= met_s_I > now_s - DAY_S * np.nan_to_num(column.value_I[:-1])
        return unwanted_I

    def candidates(
        self,
        deployment: Deployment,
        tree: Filter,
        name: str,
        user_id: str | None,
        item_id: str | None,
        now_s: float,
    ) -> Candidates:
        """What the filter looks at for this request. name: of the filter, for people.

        Raises InvalidInputException where it looks at a user or an item that the request has not.
        """
        as_of = self._live.catalogue
        if tree.needs_current_item and not deployment.manner.asks_item:
            raise InvalidInputException(f"{name}: CurrentItem is known where items related to one are asked.")
        if tree.needs_user and user_id is None:
            raise InvalidInputException(f"userId is missing: {name} looks at what the user did, or is.")
        events: Mapping[str, Touched] = {}
        if tree.needs_events and user_id is not None:
            events = self._touched(deployment, user_id)
        row = None
        if tree.needs_user_row and user_id is not None:
            row = self._catalogue.records(deployment.group, "USERS", as_of).row(user_id)
        return Candidates(
            n_items=len(deployment.items) + 1,  # the last one stands for all items that the catalogue lacks
            now_s=now_s,
            target="ActionID" if deployment.things == "ACTIONS" else "ItemID",
            columns=self._catalogue.candidate_columns(deployment, as_of),
            events=events,
            user=row,
            current_item=deployment.items.position.get(item_id) if item_id is not None else None,
        )


def both(one_I: Bools | None, other_I: Bools | None) -> Bools | None:
    """What both let through; None lets everything through."""
    if one_I is None or other_I is None:
        return other_I if one_I is None else one_I
    return one_I & other_I
