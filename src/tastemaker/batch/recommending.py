"""What a solution version recommends for the lines of a batch job: the answer path of requests, without a campaign."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tastemaker.batch.lines import Line, filter_values, id_of, ids_of
from tastemaker.data.interactions import About, Floats, Ints
from tastemaker.errors import InvalidInputException
from tastemaker.filters import parse
from tastemaker.resources.kind import Task, WorkFailed
from tastemaker.serving.allowed import AllowedItems, both
from tastemaker.serving.answer import INPUTS_MAX
from tastemaker.serving.catalogue import Catalogue
from tastemaker.serving.deployments import Deployment, NamedFilter, deployment_of
from tastemaker.serving.rankings import Rankings, person, ranked
from tastemaker.serving.written import rounded
from tastemaker.storage import rows
from tastemaker.storage.live import Live
from tastemaker.storage.store import Store

EVENTS_PER_USER_MAX = 500  # newest streamed ones that a line looks at, as a request does by default
USERS_MAX = 2_000  # whose events and rankings are remembered, in case they come again; 200 KB each at most


@dataclass(frozen=True)
class Recommender:
    """Answers lines as of the moment when it was made. now_s: then."""

    deployment: Deployment
    live: Live
    allowed: AllowedItems
    catalogue: Catalogue
    rankings: Rankings
    filter_arn: str | None
    wanted: int
    now_s: float

    def output(self, line: Line) -> Mapping[str, Any]:
        """The output of a line. Raises NoAnswer or InvalidInputException for one that cannot be answered."""
        if self.deployment.recipe_type == "PERSONALIZED_RANKING":
            return self._reordered(line)
        best_K, score_K = self.best(line)
        output: dict[str, Any] = {"recommendedItems": self.ids(best_K)}
        if self.deployment.manner.shows_scores:
            output["scores"] = rounded(score_K).tolist()
        if self.deployment.manner.gives_reasons:
            # Nothing is explored or filled up in a batch, so that no item has a reason besides its score.
            output["reasons"] = [[] for _ in output["recommendedItems"]]
        return output

    def best(self, line: Line) -> tuple[Ints, Floats]:
        """The best items for the user or beside the item of a line, and their scores."""
        deployment = self.deployment
        item_id = id_of(line, "itemId") if deployment.manner.asks_item else None
        # Also where the recipe knows no users, a line names one, unless it names an item.
        user_id = id_of(line, "userId") if item_id is None or line.get("userId") is not None else None
        ranking = self.rankings.of(deployment, user_id, item_id, self.live, self._about(user_id))
        shown_I = self.allowed.shown(deployment, user_id, item_id, self.now_s)
        allowed_I, _unknown = self.allowed.of(deployment, self._filtered(line), user_id, item_id, self.now_s)
        return ranking.best(deployment, both(shown_I, allowed_I), self.wanted)

    def ids(self, place_K: Ints) -> list[str]:
        """The ids of items."""
        item_ids = self.deployment.trained.item_ids
        return [item_ids[place] for place in place_K.tolist()]

    def _reordered(self, line: Line) -> Mapping[str, Any]:
        """The items of the line; unknown ones at the end, without a score."""
        deployment = self.deployment
        user_id, given = id_of(line, "userId"), ids_of(line, "itemList", INPUTS_MAX)
        allowed_I, allows_unknown = self.allowed.of(deployment, self._filtered(line), user_id, None, self.now_s)
        events = self.live.events_of(deployment.dataset_seq, user_id)
        who = person(deployment, user_id, events, self._about(user_id))
        found = ranked(deployment, who, given, allowed_I, allows_unknown)
        return {
            "recommendedItems": [*self.ids(found.item_K), *found.unknown],
            "scores": [*rounded(found.score_K).tolist(), *(None for _ in found.unknown)],
        }

    def _about(self, user_id: str | None) -> About:
        return self.catalogue.about(self.deployment, user_id, {}, self.live.catalogue)

    def _filtered(self, line: Line) -> Mapping[str, Any]:
        if self.filter_arn is None:
            return {}
        return {"filterArn": self.filter_arn, "filterValues": filter_values(line)}


def recommender_of(task: Task, live: Live, catalogue: Catalogue) -> Recommender:
    """What answers the lines of a job. Raises WorkFailed if its model is gone."""
    job, store = task.resource, task.store
    found = filter_of(store, job.body.get("filterArn"))

    def filtered(_: str, __: str, ___: int) -> NamedFilter:
        assert found is not None, "only a line of a job with a filter asks for it"
        return found

    return Recommender(
        deployed(task),
        live,
        AllowedItems(live, filtered, catalogue, USERS_MAX),
        catalogue,
        Rankings(USERS_MAX),
        job.body.get("filterArn"),
        job.body["numResults"],
        store.now_s(),
    )


def deployed(task: Task) -> Deployment:
    """The solution version of a job. Raises WorkFailed if it is gone."""
    arn = task.resource.body["solutionVersionArn"]
    with task.store.database.read() as connection:
        version = rows.find(connection, arn)
    if version is None:
        raise WorkFailed(f"The solution version {arn} was deleted. Create the job again with another one.")
    try:
        return deployment_of(task.store, version, task.resource.body.get("batchInferenceJobConfig", {}))
    except InvalidInputException as problem:
        raise WorkFailed(problem.message) from None


def filter_of(store: Store, arn: str | None) -> NamedFilter | None:
    """The filter of a job, if it has one. It cannot be deleted while the job goes on."""
    if arn is None:
        return None
    with store.database.read() as connection:
        found = rows.find(connection, arn)
    if found is None:
        raise WorkFailed(f"The filter {arn} was deleted. Create the job again with another one.")
    return NamedFilter(arn, found.body["datasetGroupArn"], parse(found.body["filterExpression"]))
