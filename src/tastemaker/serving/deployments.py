"""What a server answers from: an immutable snapshot per campaign, swapped as a whole when its row changes."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
import structlog
from numpy.typing import NDArray

from tastemaker.arn import kind_of
from tastemaker.data.exposure import first_met, is_cold
from tastemaker.data.interactions import Bools, Longs, Query
from tastemaker.data.proposals import TAKEN
from tastemaker.data.vocabulary import Vocabulary
from tastemaker.errors import InvalidInputException, ResourceNotFoundException
from tastemaker.filters import Filter, parse
from tastemaker.resources.engine import existing
from tastemaker.resources.groups import dataset_of
from tastemaker.resources.kind import Kind
from tastemaker.serving.manner import LISTS, Manner, cap_of, dials_of, manner_of_recommender, manner_of_version
from tastemaker.storage import rows
from tastemaker.storage.copies import Copies
from tastemaker.storage.live import LiveEvent
from tastemaker.storage.rows import Resource
from tastemaker.storage.store import Store
from tastemaker.storage.trained import Trained, load

log = structlog.get_logger()

Doubles = NDArray[np.float64]

NO_DATASET = -1


@dataclass(frozen=True)
class Ages:
    """is_cold_I: items with few events up to the training. first_s_I: the first of these, inf without one, in Unix
    seconds. newest_s: the newest event of all."""

    is_cold_I: Bools
    first_s_I: Doubles
    newest_s: float


@dataclass(frozen=True, eq=False)
class Deployment:
    """A campaign or a recommender, ready to answer. dataset_seq: the dataset that its users' events are in."""

    arn: str
    seq: int
    version: str
    group: str
    dataset_seq: int
    manner: Manner
    trained: Trained

    @property
    def recipe_type(self) -> str:
        """USER_PERSONALIZATION and the like."""
        return self.manner.recipe_type

    @property
    def things(self) -> str:
        """The type of the dataset that describes what is recommended."""
        return "ACTIONS" if self.recipe_type == "PERSONALIZED_ACTIONS" else "ITEMS"

    @cached_property
    def users(self) -> Vocabulary:
        """Users known from training."""
        return Vocabulary.of(self.trained.user_ids)

    @cached_property
    def items(self) -> Vocabulary:
        """The catalogue: position i of every score is item_ids[i]."""
        return Vocabulary.of(self.trained.item_ids)

    @cached_property
    def memory(self) -> dict[object, Any]:
        """What answers were made of, by who remembers it; it goes with the deployment."""
        return {}

    @cached_property
    def events_I(self) -> Longs:
        """How many events each item had up to the training."""
        return np.bincount(self.trained.histories.item_N, minlength=len(self.items)).astype(np.int64)

    @cached_property
    def ages(self) -> Ages:
        """How old the items are, and how well known. O(N) at the first look."""
        histories, n_items = self.trained.histories, len(self.items)
        # An artifact of before times were kept tells no ages: then all that is little known is explored.
        time_s_N = np.zeros(len(histories.item_N), np.int64) if histories.time_s_N is None else histories.time_s_N
        first_s_I = first_met(histories.item_N, time_s_N, n_items)
        return Ages(is_cold(histories.item_N, n_items), first_s_I, float(time_s_N.max(initial=0)))

    def is_like(self, other: "Deployment") -> bool:
        """Whether the other one answers as this one does."""
        same = (self.version, self.manner, self.dataset_seq) == (other.version, other.manner, other.dataset_seq)
        return same and self.trained is other.trained

    def counts(self, event: LiveEvent) -> bool:
        """Whether the solution learns from such an event: its choice of events holds for streamed ones, too."""
        return self.manner.chosen.weight(event.event_type, event.event_value) > 0

    def value(self, event: LiveEvent) -> float:
        """Its EVENT_VALUE, NaN for none; of an action interaction 1 if the action was taken, else 0."""
        if self.things == "ACTIONS":
            return float(event.event_type.lower() == TAKEN)
        return float("nan") if event.event_value is None else event.event_value


@dataclass(frozen=True, eq=False)
class NamedFilter:
    """A filter, parsed."""

    arn: str
    group: str
    tree: Filter


class Deployments:
    """The snapshots of one server process, by ARN."""

    def __init__(self, store: Store, campaign: Kind, recommender: Kind, named_filter: Kind) -> None:
        self._store = store
        self._campaign, self._recommender, self._filter = campaign, recommender, named_filter
        self._known = {kind.name: Copies(partial(self._load, kind)) for kind in (self._campaign, self._recommender)}
        self._filters = Copies(self._load_filter)
        self._deployed: dict[str, Deployment] = {}
        self._artifacts: WeakValueDictionary[str, Trained] = WeakValueDictionary()
        self._loader = ThreadPoolExecutor(1, "deployment")
        self._loading: set[str] = set()
        self.loaded = 0  # deployments so far; it moves when memory changed much
        self._lock = threading.Lock()

    def campaign(self, arn: str, generation: int) -> Deployment:
        """The snapshot of an ACTIVE campaign. Raises ResourceNotFoundException or InvalidInputException."""
        return self._known[self._campaign.name].get(arn, generation)

    def recommender(self, arn: str, generation: int) -> Deployment:
        """The same of a recommender."""
        return self._known[self._recommender.name].get(arn, generation)

    def filter(self, arn: str, group: str, generation: int) -> NamedFilter:
        """An ACTIVE filter of the campaign's dataset group. Raises ResourceNotFound or InvalidInputException."""
        found = self._filters.get(arn, generation)
        if found.group != group:
            raise InvalidInputException(f"filterArn {arn} belongs to another dataset group than the campaign.")
        return found

    def prepare(self, generation: int) -> None:
        """Load what will be asked for, before anybody asks. Called off the path of requests."""
        with self._store.database.read() as connection:
            found = [(name, row.arn) for name in self._known for row in rows.all_of(connection, name)]
        for gone in set(self._deployed) - {arn for _, arn in found}:
            self._deployed.pop(gone, None)
        for name, arn in found:
            try:
                self._known[name].get(arn, generation)
            except (ResourceNotFoundException, InvalidInputException):
                continue  # being created or deleted: whoever asks is told

    def present(self) -> list[Deployment]:
        """All that are loaded."""
        return list(self._deployed.values())

    def close(self) -> None:
        """End the loader."""
        self._loader.shutdown(wait=False, cancel_futures=True)

    def _row(self, kind: Kind, arn: str) -> Resource:
        if kind_of(arn) != kind.word:
            raise InvalidInputException(f"{arn} is no ARN of a {kind.name}: give that of an ACTIVE one.")
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

    def _load(self, kind: Kind, arn: str) -> Deployment:
        row = self._row(kind, arn)
        with self._store.database.read() as connection:
            # A recommender holds its model itself.
            version = row if kind is self._recommender else rows.find(connection, row.body["solutionVersionArn"])
        if version is None:
            raise InvalidInputException(f"{arn}: its solution version was deleted. Update the campaign.")
        deployed = self._deployed.get(arn)
        if deployed is None or version.body["artifact"] in self._artifacts:
            return self._deploy(row, version)
        # The old version answers while the new one is read from disk beside the path of requests.
        self._load_beside(kind, arn, lambda: self._deploy(row, version))
        return deployed

    def _load_beside(self, kind: Kind, arn: str, deploy: Callable[[], Deployment]) -> None:
        with self._lock:
            if arn in self._loading:
                return
            self._loading.add(arn)

        def run() -> None:
            try:
                deploy()
                self._known[kind.name].forget(arn)
            except InvalidInputException as error:
                log.error("campaign.not_deployed", arn=arn, reason=error.message)  # the old version goes on answering
            finally:
                self._loading.discard(arn)

        self._loader.submit(run)

    def _deploy(self, row: Resource, version: Resource) -> Deployment:
        arn = row.arn
        if row is version:
            manner = manner_of_recommender(row)
        else:
            manner = manner_of_version(version, arn, row.body.get("campaignConfig", {}))
        if manner.recipe_type in LISTS:
            told = row.body.get("dials", {})
            manner = replace(manner, dials=dials_of(told), cap=cap_of(told))
        deployment = _deployment(self._store, row, version, manner, self._artifact(arn, version))
        known = self._deployed.get(arn)
        if known is not None and known.is_like(deployment):
            return known  # what was ranked for it is still good
        # Where an artifact lacks them they are made here, not in the first request.
        deployment.items.slot_S  # noqa: B018
        deployment.users.slot_S  # noqa: B018
        if deployment.manner.exploration is not None:
            deployment.ages  # noqa: B018  as above
        deployment.trained.model.scores(Query())  # the pages of the model come into memory
        self._deployed[arn] = deployment
        self.loaded += 1
        log.info("deployed", arn=arn, version=version.arn, n_items=len(deployment.items))
        return deployment

    def _artifact(self, arn: str, version: Resource) -> Trained:
        """The model of a version, mapped once for all campaigns that deploy it."""
        artifact = version.body["artifact"]
        trained = self._artifacts.get(artifact)
        if trained is None:
            trained = self._artifacts[artifact] = _load_artifact(self._store, arn, version)
        return trained


def deployment_of(store: Store, version: Resource, config: Mapping[str, Any]) -> Deployment:
    """A solution version, ready to answer without a campaign. config: how, as a campaignConfig says it.

    Raises InvalidInputException if its model is gone.
    """
    manner = manner_of_version(version, version.arn, config)
    return _deployment(store, version, version, manner, _load_artifact(store, version.arn, version))


def _deployment(store: Store, row: Resource, version: Resource, manner: Manner, trained: Trained) -> Deployment:
    group = version.body["datasetGroupArn"]
    with store.database.read() as connection:
        events = "ACTION_INTERACTIONS" if manner.recipe_type == "PERSONALIZED_ACTIONS" else "INTERACTIONS"
        dataset = dataset_of(connection, group, events)
    return Deployment(row.arn, row.seq, version.arn, group, dataset.seq if dataset else NO_DATASET, manner, trained)


def _load_artifact(store: Store, arn: str, version: Resource) -> Trained:
    try:
        return load(store.artifacts / version.body["artifact"])
    except FileNotFoundError:
        raise InvalidInputException(f"{arn}: the model of {version.arn} is gone. Train a new version.") from None
    except (ImportError, AttributeError) as error:
        raise InvalidInputException(
            f"{arn}: its model was made by another version of its recipe ({error}). Train a new version."
        ) from None
