"""Rows of resources: found, listed, written. Functions over a connection, so that several make one transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from tastemaker.storage.database import links, resources, tags


@dataclass(frozen=True)
class Resource:
    """One resource as it is kept."""

    seq: int
    arn: str
    kind: str
    name: str
    region: str
    status: str | None
    failure_reason: str | None
    created_s: float
    updated_s: float
    body: Mapping[str, Any]
    change: Mapping[str, Any] | None


def _resource(row: Row[Any]) -> Resource:
    return Resource(**row._mapping)


def find(connection: Connection, arn: str) -> Resource | None:
    """The resource of that ARN, in whatever state."""
    row = connection.execute(select(resources).where(resources.c.arn == arn)).first()
    return _resource(row) if row else None


def add(
    connection: Connection,
    arn: str,
    kind: str,
    name: str,
    region: str,
    status: str | None,
    now_s: float,
    body: Mapping[str, Any],
    targets: Iterable[str],
) -> None:
    """A new resource that refers to the targets. The caller has made sure that the ARN is free."""
    connection.execute(
        insert(resources).values(
            arn=arn,
            kind=kind,
            name=name,
            region=region,
            status=status,
            created_s=now_s,
            updated_s=now_s,
            body=dict(body),
        )
    )
    found = [{"source": arn, "target": target} for target in dict.fromkeys(targets)]
    if found:
        connection.execute(insert(links), found)


def change(connection: Connection, arn: str, now_s: float, **values: Any) -> None:
    """New values for columns of one row; `updated_s` follows."""
    connection.execute(update(resources).where(resources.c.arn == arn).values(updated_s=now_s, **values))


def relink(connection: Connection, source: str, targets: Iterable[str]) -> None:
    """Replace what a resource refers to."""
    connection.execute(delete(links).where(links.c.source == source))
    connection.execute(insert(links), [{"source": source, "target": target} for target in dict.fromkeys(targets)])


def remove(connection: Connection, arns: Sequence[str]) -> None:
    """Rows gone, with their links, tags and parts."""
    connection.execute(delete(resources).where(resources.c.arn.in_(arns)))


def listed(
    connection: Connection,
    kind: str,
    region: str,
    target: str | None = None,
    after_seq: int = 0,
    limit: int = -1,
    newest_first: bool = False,
) -> list[Resource]:
    """Resources of a kind, oldest (or newest) first; target: only those that refer to it; limit -1: all.

    after_seq: where the page before ended, 0 if this is the first one.
    """
    query = select(resources).where(resources.c.kind == kind, resources.c.region == region)
    if after_seq:
        query = query.where(resources.c.seq < after_seq if newest_first else resources.c.seq > after_seq)
    if target is not None:
        query = query.join(links, links.c.source == resources.c.arn).where(links.c.target == target)
    query = query.order_by(resources.c.seq.desc() if newest_first else resources.c.seq)
    return [_resource(row) for row in connection.execute(query.limit(limit) if limit >= 0 else query)]


def referring(connection: Connection, target: str, kinds: Sequence[str] = ()) -> list[Resource]:
    """Who refers to the target, oldest first; kinds: only those."""
    query = select(resources).join(links, links.c.source == resources.c.arn).where(links.c.target == target)
    if kinds:
        query = query.where(resources.c.kind.in_(kinds))
    return [_resource(row) for row in connection.execute(query.order_by(resources.c.seq))]


def tags_of(connection: Connection, arn: str) -> dict[str, str]:
    """Key -> value, in order of keys."""
    query = select(tags).where(tags.c.arn == arn).order_by(tags.c.key)
    return {row.key: row.value for row in connection.execute(query)}


def set_tags(connection: Connection, arn: str, wanted: Mapping[str, str]) -> None:
    """These tags and no others."""
    connection.execute(delete(tags).where(tags.c.arn == arn))
    if wanted:
        connection.execute(insert(tags), [{"arn": arn, "key": key, "value": value} for key, value in wanted.items()])


def arn_of(connection: Connection, seq: int) -> str | None:
    """The ARN of the row of that number."""
    return connection.scalar(select(resources.c.arn).where(resources.c.seq == seq))


def all_of(connection: Connection, kind: str) -> list[Resource]:
    """All resources of a kind, in every region."""
    return [_resource(row) for row in connection.execute(select(resources).where(resources.c.kind == kind))]


def by_tracking_id(connection: Connection, kind: str, tracking_id: str) -> Resource | None:
    """The event tracker, or the dataset of action interactions, that gave out a tracking id."""
    held = resources.c.body["trackingId"].as_string() == tracking_id
    row = connection.execute(select(resources).where(resources.c.kind == kind, held)).first()
    return _resource(row) if row else None
