"""What a server answers from: an immutable snapshot per campaign, swapped as a whole when its row changes."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from weakref import WeakValueDictionary

import structlog

from tastemaker.arn import name_of
from tastemaker.data.interactions import Query
from tastemaker.data.vocabulary import Vocabulary
from tastemaker.errors import InvalidInputException, ResourceNotFoundException
from tastemaker.filters import Filter, parse
from tastemaker.recipes.catalogue import recipes
from tastemaker.resources.engine import existing
from tastemaker.resources.kind import Kind
from tastemaker.storage import rows
from tastemaker.storage.copies import Copies
from tastemaker.storage.live import LiveEvent
from tastemaker.storage.rows import Resource
from tastemaker.storage.store import Store
from tastemaker.storage.trained import Trained, load

log = structlog.get_logger()


@dataclass(frozen=True, eq=False)
class Deployment:
    """A campaign, ready to answer."""

    arn: str
    version: str
    group: str
    group_seq: int
    recipe_type: str
    trained: Trained
    event_type: str | None
    threshold: float | None
    has_metadata: bool

    @cached_property
    def users(self) -> Vocabulary:
        """Users known from training."""
        return Vocabulary(self.trained.user_ids)

    @cached_property
    def items(self) -> Vocabulary:
        """The catalogue: position i of every score is item_ids[i]."""
        return Vocabulary(self.trained.item_ids)

    def counts(self, event: LiveEvent) -> bool:
        """Whether the solution learns from such an event: its choice of events holds for streamed ones, too."""
        if self.event_type is not None and event.event_type.lower() != self.event_type.lower():
            return False
        return self.threshold is None or (event.event_value is not None and event.event_value >= self.threshold)


@dataclass(frozen=True)
class NamedFilter:
    """A filter, parsed."""

    arn: str
    group: str
    tree: Filter


class Deployments:
    """The snapshots of one server process, by ARN."""

    def __init__(self, store: Store, campaign: Kind, named_filter: Kind) -> None:
        self._store = store
        self._campaign, self._filter = campaign, named_filter
        self._campaigns = Copies(self._load_campaign)
        self._filters = Copies(self._load_filter)
        self._deployed: dict[str, Deployment] = {}
        self._artifacts: WeakValueDictionary[str, Trained] = WeakValueDictionary()
        self._loader = ThreadPoolExecutor(1, "deployment")
        self._loading: set[str] = set()
        self.loaded = 0  # deployments so far; it moves when memory changed much
        self._lock = threading.Lock()

    def campaign(self, arn: str, generation: int) -> Deployment:
        """The snapshot of an ACTIVE campaign. Raises ResourceNotFoundException or InvalidInputException."""
        return self._campaigns.get(arn, generation)

    def filter(self, arn: str, group: str, generation: int) -> NamedFilter:
        """An ACTIVE filter of the campaign's dataset group. Raises ResourceNotFound or InvalidInputException."""
        found = self._filters.get(arn, generation)
        if found.group != group:
            raise InvalidInputException(f"filterArn {arn} belongs to another dataset group than the campaign.")
        return found

    def prepare(self, generation: int) -> None:
        """Load what will be asked for, before anybody asks. Called off the path of requests."""
        with self._store.database.read() as connection:
            arns = [found.arn for found in rows.all_of(connection, self._campaign.name)]
        for gone in set(self._deployed) - set(arns):
            self._deployed.pop(gone, None)
        for arn in arns:
            try:
                self._campaigns.get(arn, generation)
            except (ResourceNotFoundException, InvalidInputException):
                continue  # being created or deleted: whoever asks is told

    def close(self) -> None:
        """End the loader."""
        self._loader.shutdown(wait=False, cancel_futures=True)

    def _row(self, kind: Kind, arn: str) -> Resource:
        with self._store.database.read() as connection:
            found = existing(connection, kind, arn)
        if found.status != "ACTIVE":
            raise InvalidInputException(
                f"{arn} is {found.status}, not ACTIVE"
                + (f": {found.failure_reason}" if found.failure_reason else ". Wait until it is, then try again.")
            )
        return found

    def _load_filter(self, arn: str) -> NamedFilter:
        found = self._row(self._filter, arn)
        return NamedFilter(arn, found.body["datasetGroupArn"], parse(found.body["filterExpression"]))

    def _load_campaign(self, arn: str) -> Deployment:
        row = self._row(self._campaign, arn)
        with self._store.database.read() as connection:
            version = rows.find(connection, row.body["solutionVersionArn"])
            group = rows.find(connection, version.body["datasetGroupArn"]) if version else None
        if version is None or group is None:
            raise InvalidInputException(f"{arn}: its solution version was deleted. Update the campaign.")
        deployed = self._deployed.get(arn)
        if deployed is None or version.body["artifact"] in self._artifacts:
            return self._deploy(row, version, group)
        # The old version answers while the new one is read from disk beside the path of requests.
        self._load_beside(arn, lambda: self._deploy(row, version, group))
        return deployed

    def _load_beside(self, arn: str, deploy: Callable[[], Deployment]) -> None:
        with self._lock:
            if arn in self._loading:
                return
            self._loading.add(arn)

        def run() -> None:
            try:
                deploy()
                self._campaigns.forget(arn)
            except InvalidInputException as error:
                log.error("campaign.not_deployed", arn=arn, reason=error.message)  # the old version goes on answering
            finally:
                self._loading.discard(arn)

        self._loader.submit(run)

    def _deploy(self, row: Resource, version: Resource, group: Resource) -> Deployment:
        arn, campaign_config = row.arn, row.body.get("campaignConfig", {})
        recipe = recipes().get(name_of(version.body["recipeArn"]))
        if recipe is None:
            raise InvalidInputException(
                f"{arn}: the recipe {version.body['recipeArn']} is not installed on this server."
            )
        trained = self._load_artifact(arn, version)
        config: Mapping[str, Any] = version.body["solutionConfig"]
        threshold = config.get("eventValueThreshold")
        deployment = Deployment(
            arn,
            version.arn,
            group.arn,
            group.seq,
            recipe.recipe_type,
            trained,
            version.body.get("eventType"),
            None if threshold is None else float(threshold),
            campaign_config.get("enableMetadataWithRecommendations", False),
        )
        known = self._deployed.get(arn)
        if known is not None and known.trained is trained and known.has_metadata == deployment.has_metadata:
            return known  # all else follows from the version, and what was ranked for it is still good
        deployment.items.position  # noqa: B018  made here, not in the first request
        deployment.users.position  # noqa: B018
        trained.model.scores(Query())  # the pages of the model come into memory
        self._deployed[arn] = deployment
        self.loaded += 1
        log.info("campaign.deployed", arn=arn, version=version.arn, n_items=len(trained.item_ids))
        return deployment

    def _load_artifact(self, arn: str, version: Resource) -> Trained:
        """The model of a version, mapped once for all campaigns that deploy it."""
        artifact = version.body["artifact"]
        trained = self._artifacts.get(artifact)
        if trained is None:
            try:
                trained = load(self._store.artifacts / artifact)
            except FileNotFoundError:
                raise InvalidInputException(
                    f"{arn}: the model of {version.arn} is gone. Train a new version."
                ) from None
            except (ImportError, AttributeError) as error:
                raise InvalidInputException(
                    f"{arn}: its model was made by another version of its recipe ({error}). Train a new version."
                ) from None
            self._artifacts[artifact] = trained
        return trained
