"""What happens by itself as time goes by, without any operation: guide, "Automatic training", "Recommenders".

The worker calls `tend` again and again. Each thing that is due is begun in a transaction of its own, and looks at what
is there anew, so that it happens once however often it is asked.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from tastemaker.arn import scope_of
from tastemaker.errors import ApiError, InvalidInputException
from tastemaker.kinds.campaign import CAMPAIGN, redeploy
from tastemaker.kinds.recommender import RECOMMENDER, case_of
from tastemaker.kinds.solution import SOLUTION
from tastemaker.kinds.solution_config import SCHEDULE_DEFAULT, days_of, recipe_named
from tastemaker.kinds.solution_version import SOLUTION_VERSION
from tastemaker.recipes.contract import Recipe, Refreshing, Traits, given_in, parse, traits
from tastemaker.resources.engine import born
from tastemaker.resources.groups import dataset_of
from tastemaker.resources.statuses import CHANGING
from tastemaker.storage import columns, events, jobs, rows
from tastemaker.storage.rows import Resource
from tastemaker.storage.store import Store

DAY_S = 86_400.0
RECOMMENDER_DAYS = 7
OF_ITEMS, OF_ACTIONS = ("INTERACTIONS", "ITEMS"), ("ACTION_INTERACTIONS", "ACTIONS")  # datasets of a model


def tend(store: Store) -> dict[str, str]:
    """Begin everything that is due now. Gives what could not be begun: ARN -> why; it is tried again the next time."""
    refused = {}
    for kind, is_due, begin in (
        (SOLUTION, _is_training_due, _train),
        (CAMPAIGN, _is_behind, _follow),
        (RECOMMENDER, _is_retraining_due, _retrain),
        (RECOMMENDER, _is_recommender_stale, _refresh),
        (SOLUTION_VERSION, _is_version_stale, _refresh),
        (SOLUTION_VERSION, _is_increment_due, _refresh),
    ):
        due = []
        with store.database.read() as connection:
            for found in rows.all_of(connection, kind.name):
                try:
                    if is_due(store, connection, found):
                        due.append(found)
                except ApiError as refusal:  # such as a recipe that is not installed any more
                    refused[found.arn] = refusal.message
        for found in due:
            try:
                with store.database.write() as connection:
                    now = rows.find(connection, found.arn)
                    if now is not None and is_due(store, connection, now):
                        begin(store, connection, now)
            except ApiError as refusal:  # the transaction is rolled back
                refused[found.arn] = refusal.message
    return refused


def _is_training_due(store: Store, connection: Connection, solution: Resource) -> bool:
    """Within an hour of its creation or of a new schedule; from then on in the rhythm of the schedule.

    "A version that was created manually within the first hour replaces the first automatic training."
    """
    if solution.status != "ACTIVE" or not solution.body["performAutoTraining"]:
        return False
    versions = rows.referring(connection, solution.arn, [SOLUTION_VERSION.name])
    if any(each.status in CHANGING for each in versions):
        return False
    start_s = solution.body.get("scheduledFrom_s", solution.created_s)
    since = [each.created_s for each in versions if each.created_s >= start_s]
    schedule = solution.body["solutionConfig"].get("autoTrainingConfig", {}).get("schedulingExpression")
    every_s = days_of(schedule or SCHEDULE_DEFAULT) * DAY_S
    due_s = max(since) + every_s if since else start_s + store.auto_training_delay_s
    if store.now_s() < due_s:
        return False
    trained = [each for each in versions if each.status == "ACTIVE"]
    group = solution.body["datasetGroupArn"]
    return _has_new_events(connection, group, trained[-1] if trained else None)


def _has_new_events(connection: Connection, group: str, version: Resource | None) -> bool:
    """Whether any came since a version was begun; without a version, whether there are any."""
    since_s, through_seq = (version.created_s, version.body.get("through_seq", 0)) if version else (0.0, 0)
    return _has_news(connection, group, ("INTERACTIONS", "ACTION_INTERACTIONS"), since_s, through_seq)


def _has_news(connection: Connection, group: str, types: Sequence[str], since_s: float, through_seq: int) -> bool:
    """Whether anything was imported or written into these datasets since then, or streamed after that event."""
    for dataset_type in types:
        dataset = dataset_of(connection, group, dataset_type)
        if dataset is None:
            continue
        written_s = [part.created_s for part in columns.parts_of(connection, dataset.arn)]
        if max([*written_s, events.newest_record_s(connection, dataset.seq)]) > since_s:
            return True
        if events.newest_of(connection, dataset.seq) > through_seq:
            return True
    return False


def _train(store: Store, connection: Connection, solution: Resource) -> None:
    request = {"solutionArn": solution.arn, "trainingType": "AUTOMATIC"}
    born(SOLUTION_VERSION, store, connection, request, scope_of(solution.arn))


def _is_behind(_: Store, connection: Connection, campaign: Resource) -> bool:
    """Whether a campaign that follows its solution deploys an older version than there is."""
    config = campaign.body.get("campaignConfig", {})
    follows = bool(config.get("syncWithLatestSolutionVersion")) and _is_quiet(campaign)
    return follows and _newer(connection, campaign) is not None


def _is_quiet(found: Resource) -> bool:
    """Whether it serves, and nobody is changing it."""
    return found.status == "ACTIVE" and (found.change or {}).get("status") not in CHANGING


def _newer(connection: Connection, campaign: Resource) -> Resource | None:
    deployed = rows.find(connection, campaign.body["solutionVersionArn"])
    if deployed is None:
        return None
    versions = rows.referring(connection, deployed.body["solutionArn"], [SOLUTION_VERSION.name])
    newer = [each for each in versions if each.status == "ACTIVE" and each.seq > deployed.seq]
    refused = (campaign.change or {}).get("solutionVersionArn")
    return newer[-1] if newer and newer[-1].arn != refused else None


def _follow(store: Store, connection: Connection, campaign: Resource) -> None:
    version = _newer(connection, campaign)
    assert version is not None, "it is behind"
    redeploy(store, connection, campaign, version, {})


def _is_retraining_due(store: Store, connection: Connection, recommender: Resource) -> bool:
    if not _is_quiet(recommender):
        return False
    job = jobs.latest_of(connection, recommender.arn)
    is_idle = job is None or job.state not in jobs.OPEN
    last_s = max(recommender.body["trained_s"], job.queued_s if job and job.verb == "retrain" else 0.0)
    return is_idle and store.now_s() >= last_s + RECOMMENDER_DAYS * DAY_S


def _is_version_stale(store: Store, connection: Connection, version: Resource) -> bool:
    """The newest version that was trained in full, deployed, and not updated by hand: guide, "Automatic updates".

    Trends are refreshed wherever they are deployed.
    """
    if version.status != "ACTIVE" or not rows.referring(connection, version.arn, [CAMPAIGN.name]):
        return False
    recipe = recipe_named(version.body["recipeArn"])
    if not isinstance(recipe, Refreshing) and not _is_newest(connection, version):
        return False
    every_s = _fresh_s(store, recipe, traits(recipe), given_in(version.body["solutionConfig"]))
    types = OF_ACTIONS if recipe.recipe_type == "PERSONALIZED_ACTIONS" else OF_ITEMS
    return every_s is not None and _is_stale(store, connection, version, every_s, types)


def _fresh_s(store: Store, recipe: Recipe, asks: Traits, given: Mapping[str, str]) -> float | None:
    """How long a deployed model is left as it is; None for one that waits for its next training.

    Trending-Now is refreshed "every trend discovery interval", of longer ones "every two hours".
    """
    if isinstance(recipe, Refreshing):
        try:
            return min(recipe.refresh_s(parse(recipe.Params, given)), store.trend_refresh_s)
        except ValueError as error:  # the recipe was another one when the solution was made
            raise InvalidInputException(f"solutionConfig: {error}") from None
    return store.auto_update_s if asks.auto_update else None


def _is_increment_due(store: Store, connection: Connection, version: Resource) -> bool:
    """The newest version of a solution with performIncrementalUpdate, and items that it has not seen as they are now.

    "When you add new items or update existing item metadata, these changes are reflected within approximately 30
    minutes" (guide, Semantic-Similarity). Deployed or not: batch jobs use it, too.
    """
    if not _is_newest(connection, version):
        return False
    solution = rows.find(connection, version.body["solutionArn"])
    is_wanted = solution is not None and solution.body.get("performIncrementalUpdate", False)
    return is_wanted and _is_stale(store, connection, version, store.incremental_update_s, ("ITEMS",))


def _is_newest(connection: Connection, version: Resource) -> bool:
    """Whether it was trained in full, and is the newest ACTIVE version of its solution."""
    if version.status != "ACTIVE" or version.body["trainingMode"] != "FULL":
        return False
    versions = rows.referring(connection, version.body["solutionArn"], [SOLUTION_VERSION.name])
    return not any(each.status == "ACTIVE" and each.seq > version.seq for each in versions)


def _is_recommender_stale(store: Store, connection: Connection, recommender: Resource) -> bool:
    if not _is_quiet(recommender):
        return False
    case = case_of(recommender.body["recipeArn"])
    every_s = _fresh_s(store, case.recipe, case.traits, {})
    return every_s is not None and _is_stale(store, connection, recommender, every_s)


def _is_stale(
    store: Store,
    connection: Connection,
    model: Resource,
    every_s: float,
    types: Sequence[str] = OF_ITEMS,
) -> bool:
    """Whether it was trained or refreshed long ago, nobody is at it, and datasets of these types have news."""
    last_s = max(model.updated_s, model.body.get("refreshed_s", 0.0))
    if store.now_s() < last_s + every_s:
        return False
    job = jobs.latest_of(connection, model.arn)
    if job is not None and (job.state in jobs.OPEN or store.now_s() < job.queued_s + every_s):
        return False
    group, through_seq = model.body["datasetGroupArn"], model.body.get("through_seq", 0)
    # What came while it was trained or refreshed was not seen yet, so this is since then, not since it was done.
    since_s = model.body.get("refreshed_s", model.created_s)
    return _has_news(connection, group, types, since_s, through_seq)


def _refresh(store: Store, connection: Connection, model: Resource) -> None:
    jobs.enqueue(connection, model.arn, model.kind, "refresh", store.now_s())


def _retrain(store: Store, connection: Connection, recommender: Resource) -> None:
    jobs.enqueue(connection, recommender.arn, RECOMMENDER.name, "retrain", store.now_s())
