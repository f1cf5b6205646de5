"""What a kind of resource declares; all the rest of its life comes from the engine and the service model."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy import Connection

from tastemaker.arn import Scope
from tastemaker.recipes.contract import Progress
from tastemaker.resources.statuses import Statuses
from tastemaker.storage.rows import Resource
from tastemaker.storage.store import Store

Body = dict[str, Any]


@dataclass(frozen=True)
class Birth:
    """A resource about to be created: rules look at it, complete its body, or raise."""

    request: Body
    body: Body
    scope: Scope
    store: Store
    connection: Connection
    parents: dict[str, Resource]  # by the member that named them
    links: list[str]  # ARNs that it will refer to


@dataclass(frozen=True)
class Task:
    """A piece of work on one resource.

    `watch(done, total)` reports progress, and raises `Stopped` to stop the work; its False asks for the best so far
    instead of all of it.
    """

    resource: Resource
    store: Store
    watch: Progress
    seed: int = 0


class WorkFailed(Exception):
    """The work cannot be done as asked: the message becomes the resource's failureReason.

    body: what the failed resource keeps all the same.
    """

    def __init__(self, reason: str, body: Body | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.body = body or {}


class Stopped(Exception):
    """Somebody asked the work to stop, or its lease was lost."""


# What work leaves to be done in the transaction that also moves the status: it gives what to add to the body.
Outcome = Callable[[Connection], Body]


def nothing_more(_: Connection) -> Body:
    """The outcome of work that changed nothing but the status."""
    return {}


@dataclass(frozen=True)
class Work:
    """What carries out a verb. It may be run twice, and it may be killed at any instant."""

    run: Callable[[Task], Outcome]
    in_child: bool = False  # long, or hungry: in a process of its own
    unseen: bool = False  # no status tells of it: what the resource does by itself, beside its service


def settle(_: Task) -> Outcome:
    """Work of kinds for which the change of status is all there is to do."""
    return nothing_more


SETTLE = Work(settle)


@dataclass(frozen=True)
class Kind:
    """One kind of resource."""

    name: str  # as in CreateDatasetGroup
    word: str  # as in its ARN
    statuses: Statuses | None  # None: it exists at once, and has no status
    plural: str = ""  # as in ListDatasetGroups, if it is not name + "s"
    list_member: str = ""  # as in the reply of the list operation, if it is not the plural
    name_member: str = "name"
    suffix: Callable[[Birth], str] | None = None  # of the ARN; None: the name
    parents: Mapping[str, "Kind"] = field(default_factory=dict)  # by member of the request; each must be ACTIVE, unless
    usable_at_once: bool = False  # children may be made of it while it is created
    listed_by: str | None = None  # member of the list request: only what refers to that ARN
    listed_by_must_exist: bool = False
    newest_first: bool = False  # how it is listed
    rules: Sequence[Callable[[Birth], None]] = ()
    quotas: Sequence[Callable[[Birth], None]] = ()  # looked at with --strict-quotas
    create: Work = SETTLE
    delete: Work = SETTLE
    update: Work | None = None
    more: Mapping[str, Work] = field(default_factory=dict)  # by verb, as in the statuses
    blocked_by: Sequence[str] = ()  # names of kinds: while one refers to it, it cannot be deleted
    may_delete: Sequence[Callable[[Resource, Connection], None]] = ()
    takes_along: Sequence[str] = ()  # names of kinds that go with it
    described: Callable[[Resource, Connection], Body] | None = None  # more members of Describe
    created: Sequence[str] = ()  # members that the reply to Create has besides the ARN
    taggable: bool = True
    on_servers: bool = False  # servers keep copies, which a change makes out of date

    @cached_property
    def works(self) -> Mapping[str, Work]:
        """What carries out each verb."""
        updated = {"update": self.update} if self.update else {}
        return {"create": self.create, "delete": self.delete, **updated, **self.more}

    @cached_property
    def member(self) -> str:
        """Its name in lower camel case, as in the reply of Describe."""
        return self.name[0].lower() + self.name[1:]

    @cached_property
    def arn_member(self) -> str:
        """The member that holds its ARN."""
        return self.member + "Arn"

    @cached_property
    def plural_name(self) -> str:
        """As in ListDatasetGroups."""
        return self.plural or self.name + "s"

    @cached_property
    def summaries(self) -> str:
        """The member of a list reply."""
        return self.list_member or self.plural_name[0].lower() + self.plural_name[1:]
