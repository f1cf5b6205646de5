"""A filter tried out: what each clause would take from the list that a user gets, without the filter being there."""

from contextlib import closing
from typing import Any

import numpy as np
from msgspec import Struct, field

from tastemaker.data.interactions import Bools, Ints
from tastemaker.errors import InvalidInputException
from tastemaker.filters import Candidates, Filter, FilterError, Trace, check, parse, trace
from tastemaker.resources.groups import schemas_of
from tastemaker.serving.allowed import AllowedItems, both
from tastemaker.serving.answer import RESULTS_DEFAULT, RESULTS_MAX, deployment_for
from tastemaker.serving.caps import Caps
from tastemaker.serving.catalogue import Catalogue
from tastemaker.serving.deployments import Deployment, Deployments
from tastemaker.serving.lists import asked
from tastemaker.serving.rankings import Rankings
from tastemaker.storage.live import Live
from tastemaker.storage.shown import ShownLists
from tastemaker.storage.store import Store


class Trial(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What is asked: as GetRecommendations, with an expression in the place of a filter."""

    filterExpression: str
    campaignArn: str | None = None
    recommenderArn: str | None = None
    userId: str | None = None
    itemId: str | None = None
    filterValues: dict[str, str] = field(default_factory=dict)
    numResults: int = RESULTS_DEFAULT


class Tracer:
    """Tries filters out. A trial reads everything anew: it is rare, and leaves the memory of requests alone."""

    def __init__(self, store: Store, deployments: Deployments, shown: ShownLists, events_per_user_max: int) -> None:
        self._store, self._deployments, self._shown = store, deployments, shown
        self._events_max = events_per_user_max

    def tried(self, trial: Trial) -> dict[str, Any]:
        """What the filter does to the list of this request. Raises as GetRecommendations, and as CreateFilter."""
        if not 1 <= trial.numResults <= RESULTS_MAX:
            raise InvalidInputException(f"numResults is {trial.numResults}: give 1 to {RESULTS_MAX}.")
        with closing(Live(self._store.database, self._events_max, users_max=1)) as live:
            deployment = deployment_for(self._deployments, trial.campaignArn, trial.recommenderArn, live.generation)
            given = {"userId": trial.userId, "itemId": trial.itemId}
            user_id, item_id = asked(deployment, {name: value for name, value in given.items() if value is not None})
            tree, catalogue, now_s = self._tree(deployment, trial), Catalogue(self._store), self._store.now_s()
            about = catalogue.about(deployment, user_id, {}, live.catalogue)
            ranking = Rankings(most=1).of(deployment, user_id, item_id, live, about)
            caps = Caps(self._shown, users_max=1, only=user_id)
            items = AllowedItems(live, self._deployments.filter, catalogue, users_max=1, caps=caps)
            shown_I = items.shown(deployment, user_id, item_id, now_s, deployment.manner.cap)
            list_K, _ = ranking.best(deployment, shown_I, trial.numResults)
            candidates = items.candidates(deployment, tree, "The filter", user_id, item_id, now_s)
            found = _traced(tree, candidates, trial, list_K, shown_I)
            left_K, _ = ranking.best(deployment, both(shown_I, found.allowed_I[:-1]), trial.numResults)
        return _told(deployment, found, list_K, left_K, shown_I)

    def _tree(self, deployment: Deployment, trial: Trial) -> Filter:
        try:
            tree = parse(trial.filterExpression)
            with self._store.database.read() as connection:
                check(tree, schemas_of(connection, deployment.group), extended=True)
        except FilterError as error:
            raise InvalidInputException(str(error)) from None
        return tree


def _traced(tree: Filter, candidates: Candidates, trial: Trial, list_K: Ints, shown_I: Bools | None) -> Trace:
    among_I = np.ones(candidates.n_items, np.bool_) if shown_I is None else np.append(shown_I, False)
    among_I[-1] = False  # it stands for items that the model does not know, which are in no list
    try:
        return trace(tree, candidates, trial.filterValues, list_K, among_I)
    except FilterError as error:
        raise InvalidInputException(str(error)) from None


def _told(deployment: Deployment, found: Trace, list_K: Ints, left_K: Ints, shown_I: Bools | None) -> dict[str, Any]:
    def ids(place_K: Ints) -> list[str]:
        return [deployment.trained.item_ids[place] for place in place_K.tolist()]

    n_items = len(deployment.items)
    n_candidates = n_items if shown_I is None else int(np.count_nonzero(shown_I))
    return {
        "deployment": deployment.arn,
        "candidates": n_candidates,
        "hidden": n_items - n_candidates,
        "left": found.n_left,
        "expressions": [
            {
                "expression": each.text,
                "skipped": each.skipped or None,
                "matched": each.n_matched,
                "removed": ids(each.removed_K),
                "clauses": [
                    {"clause": clause.text, "matched": clause.n_matched, "removed": ids(clause.removed_K)}
                    for clause in each.clauses
                ],
            }
            for each in found.expressions
        ],
        "listWithout": ids(list_K),
        "list": ids(left_K),
    }
