"""What may stand in a declared file: the types that msgspec checks it by. docs/declared.md says the same for people."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from tastemaker.cli.declared.source import Source
from tastemaker.cli.declared.text import Place

Name = Annotated[str, Meta(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_-]*$", max_length=63)]
Config = dict[str, Any]  # the API's own members; `shapes` knows them


class Import(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the data lie. version: told apart by it when the location stays the same."""

    location: str = field(name="from")
    version: str | None = None


class Dataset(Struct, frozen=True, forbid_unknown_fields=True):
    """A dataset. schema: columns in compact notation, or the path of an Avro file."""

    name: Literal["interactions", "items", "users", "actions", "action_interactions"]
    schema: dict[str, str] | str
    data: Import | None = field(name="import", default=None)


class Filter(Struct, frozen=True, forbid_unknown_fields=True):
    """A filter."""

    name: Name
    expression: str


class Solution(Struct, frozen=True, forbid_unknown_fields=True):
    """A solution, trained. version: the name of the solution version; another one trains again."""

    name: Name
    recipe: str
    version: Name | None = None
    event_type: str | None = None
    hpo: bool | None = None
    auto_training: bool | None = None
    incremental_update: bool | None = None
    config: Config = {}


class Campaign(Struct, frozen=True, forbid_unknown_fields=True):
    """A campaign, which deploys the newest version of one of the file's solutions."""

    name: Name
    solution: str
    min_tps: Annotated[int, Meta(ge=1)] | None = None
    config: Config = {}


class Recommender(Struct, frozen=True, forbid_unknown_fields=True):
    """A recommender of a domain group."""

    name: Name
    recipe: str
    config: Config = {}


class Metric(Struct, frozen=True, forbid_unknown_fields=True):
    """A metric of the metric attribution."""

    name: str
    event: str
    expression: str


class Attribution(Struct, frozen=True, forbid_unknown_fields=True):
    """The metric attribution. reports: where its reports go."""

    metrics: tuple[Metric, ...]
    name: Name | None = None
    reports: str | None = None


class File(Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file: one dataset group."""

    group: Name
    domain: Literal["ECOMMERCE", "VIDEO_ON_DEMAND"] | None = None
    role: str | None = None
    kms_key: str | None = None
    tags: dict[str, str] = {}
    datasets: tuple[Dataset, ...] = ()
    filters: tuple[Filter, ...] = ()
    event_tracker: str | None = None
    solutions: tuple[Solution, ...] = ()
    campaigns: tuple[Campaign, ...] = ()
    recommenders: tuple[Recommender, ...] = ()
    metric_attribution: Attribution | None = None


@dataclass(frozen=True)
class Declared:
    """A file as it was read. schemas: Avro texts, and sources: where data lie, both by dataset."""

    file: File
    schemas: dict[str, str]
    sources: dict[str, Source]


# What has names of the user's own: the place of the map, what is in it, and what a bare text there stands for.
NAMED: dict[Place, tuple[type[Struct], str | None]] = {
    ("datasets",): (Dataset, None),
    ("filters",): (Filter, "expression"),
    ("solutions",): (Solution, None),
    ("campaigns",): (Campaign, None),
    ("recommenders",): (Recommender, None),
    ("metric_attribution", "metrics"): (Metric, None),
}
CONFIGS = {"solutions": "SolutionConfig", "campaigns": "CampaignConfig", "recommenders": "RecommenderConfig"}
