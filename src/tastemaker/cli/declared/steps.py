"""What is wanted, and the steps from what there is to it: the words in which plan and apply speak."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Key = tuple[str, str]  # kind and name: what the file knows a resource by, before it has an ARN
Request = Mapping[str, Any]

# await: the service is at work on it, so it cannot be compared yet. refuse: no option of ours makes it so.
Action = Literal["create", "update", "replace", "unchanged", "await", "refuse", "other"]


@dataclass(frozen=True)
class Ref:
    """The ARN of something, which may only get one when its turn comes."""

    kind: str
    name: str
    suffix: str = ""

    @property
    def key(self) -> Key:
        """What it refers to."""
        return self.kind, self.name


@dataclass(frozen=True)
class Wanted:
    """One resource of the file. request: what creates it. needs: what an existing one must show besides to be it."""

    kind: str
    name: str
    request: Request
    needs: Request = field(default_factory=dict)

    @property
    def key(self) -> Key:
        """What steps call it."""
        return self.kind, self.name


@dataclass(frozen=True)
class Step:
    """What is to be done about one resource.

    create: the request that creates it. update: the one that changes it in place, without its ARN. tags: to set.
    is_costly: a replacement by which something is lost that serves or was learnt, so that it must be allowed.
    """

    action: Action
    kind: str
    name: str
    arn: str = ""
    reason: str = ""
    create: Request = field(default_factory=dict)
    update: Request = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    is_costly: bool = False

    @property
    def key(self) -> Key:
        """What references call it."""
        return self.kind, self.name

    @property
    def is_change(self) -> bool:
        """Whether something is not yet as the file says."""
        return self.action not in ("unchanged", "other")


def resolved(request: Request, arns: Mapping[Key, str]) -> dict[str, Any]:
    """The request with ARNs in place of references; one that has none yet stays a reference."""
    return {
        member: arns[value.key] + value.suffix if isinstance(value, Ref) and value.key in arns else value
        for member, value in request.items()
    }
