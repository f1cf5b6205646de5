"""The documented quotas, held with `--strict-quotas` alone: how many of a kind a region or a dataset group may have.

Source: guide, "Quotas". Errors as the service words them, where that is known.
"""

from collections.abc import Callable

from tastemaker.errors import LimitExceededException
from tastemaker.resources.kind import Birth
from tastemaker.resources.statuses import CHANGING
from tastemaker.storage import rows

Quota = Callable[[Birth], None]


def at_most(most: int, kind: str, member: str | None = None) -> Quota:
    """So many resources of the kind in a region; member: of the request, in the dataset group (...) that it names."""

    def quota(birth: Birth) -> None:
        found = _found(birth, kind, member)
        if len(found) >= most:
            where = f"{birth.request[member]} has" if member else f"The region {birth.scope.region} has"
            raise LimitExceededException(
                f"{where} {len(found)} resources of kind {kind}, and can have {most}. Please delete some and try again."
            )

    return quota


def at_most_unfinished(most: int, kind: str, member: str | None = None) -> Quota:
    """So many that wait or are worked on."""

    def quota(birth: Birth) -> None:
        if sum(each.status in CHANGING for each in _found(birth, kind, member)) >= most:
            raise LimitExceededException(f"More than {most} resources with PENDING or IN_PROGRESS status.")

    return quota


def at_most_active(most: int, kind: str, group_of: Callable[[Birth], str], words: str) -> Quota:
    """So many that are ACTIVE, or about to be, in the dataset group."""

    def quota(birth: Birth) -> None:
        found = rows.referring(birth.connection, group_of(birth), [kind])
        if sum(each.status != "CREATE FAILED" for each in found) >= most:
            raise LimitExceededException(
                f"Cannot create a {words}. More than {most} resources in ACTIVE state. Please delete some and try "
                "again."
            )

    return quota


def only_one(kind: str, words: str) -> Quota:
    """One in a dataset group, whether quotas are held or not."""

    def quota(birth: Birth) -> None:
        group = birth.request["datasetGroupArn"]
        others = rows.referring(birth.connection, group, [kind])
        if others:
            raise LimitExceededException(
                f"{group} has the {words} {others[0].arn} already, and can have one. Use it, or delete it first."
            )

    return quota


def _found(birth: Birth, kind: str, member: str | None) -> list[rows.Resource]:
    if member is None:
        return rows.listed(birth.connection, kind, birth.scope.region)
    return rows.referring(birth.connection, birth.request[member], [kind])
