"""One life cycle for every kind: create, describe, list, delete, and the moves between statuses.

Nothing here knows a kind by name. Every change is one transaction; whatever takes time is a job in the same one.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from sqlalchemy import Connection

from tastemaker.arn import Scope, kind_of
from tastemaker.errors import (
    InvalidInputException,
    ResourceAlreadyExistsException,
    ResourceInUseException,
    ResourceNotFoundException,
)
from tastemaker.resources import pages, tags
from tastemaker.resources.kind import Birth, Body, Kind
from tastemaker.resources.statuses import CHANGING, COMING, FAILED, GONE, UPDATED
from tastemaker.storage import jobs, rows
from tastemaker.storage.database import touch
from tastemaker.storage.rows import Resource
from tastemaker.storage.store import Store

Function = Callable[[Store, Body, Scope], Body]


def lifecycle(kind: Kind) -> dict[str, Function]:
    """The operations that every kind has, by name."""
    found: dict[str, Function] = {
        f"Create{kind.name}": partial(_create, kind),
        f"Describe{kind.name}": partial(_describe, kind),
        f"List{kind.plural_name}": partial(_list, kind),
    }
    if kind.statuses is None or any("delete" in verbs for verbs in kind.statuses.values()):
        found[f"Delete{kind.name}"] = partial(_delete, kind)
    return found


def _create(kind: Kind, store: Store, request: Body, scope: Scope) -> Body:
    wanted_tags = tags.checked(request.get("tags", []))
    with store.database.write() as connection:
        arn, body = born(kind, store, connection, request, scope)
        rows.set_tags(connection, arn, wanted_tags)
    return {kind.arn_member: arn, **{member: body[member] for member in kind.created if member in body}}


def born(kind: Kind, store: Store, connection: Connection, request: Body, scope: Scope) -> tuple[str, Body]:
    """A new resource, with the job that makes it ready: its ARN and its body. Raises what its rules say."""
    name = request.get(kind.name_member, "")
    body = {member: value for member, value in request.items() if member not in ("tags", kind.name_member)}
    parents = {member: existing(connection, above, request[member], member) for member, above in kind.parents.items()}
    for member, found in parents.items():
        require_region(found, scope, member)
    birth = Birth(request, body, scope, store, connection, parents, [found.arn for found in parents.values()])
    for rule in kind.rules:
        rule(birth)
    suffix = kind.suffix(birth) if kind.suffix else name
    arn = scope.arn(f"{kind.word}/{suffix}")
    if rows.find(connection, arn):
        raise ResourceAlreadyExistsException(f"Another resource with Arn {arn} already exists.")
    for member, found in parents.items():
        if not (kind.parents[member].usable_at_once and found.status in COMING):
            require_active(found, member)
    if store.strict.quotas:
        for quota in kind.quotas:
            quota(birth)
    now_s = store.now_s()
    status = None if kind.statuses is None else next(iter(kind.statuses))
    rows.add(connection, arn, kind.name, name or suffix, scope.region, status, now_s, body, birth.links)
    if status:
        jobs.enqueue(connection, arn, kind.name, "create", now_s)
    return arn, body


def _describe(kind: Kind, store: Store, request: Body, _: Scope) -> Body:
    with store.database.read() as connection:
        found = existing(connection, kind, request[kind.arn_member])
        return {kind.member: seen(kind, found, connection)}


def _list(kind: Kind, store: Store, request: Body, scope: Scope) -> Body:
    operation = f"List{kind.plural_name}"
    after, most = pages.page(request, operation)
    target = request.get(kind.listed_by) if kind.listed_by else None
    with store.database.read() as connection:
        if target is not None and kind.listed_by is not None and kind.listed_by_must_exist:
            existing(connection, kind.parents[kind.listed_by], target)
        found = rows.listed(connection, kind.name, scope.region, target, after, most + 1, kind.newest_first)
        reply: Body = {kind.summaries: [seen(kind, each, connection) for each in found[:most]]}
    if len(found) > most:
        reply["nextToken"] = pages.token(request, operation, found[most - 1].seq)
    return reply


def _delete(kind: Kind, store: Store, request: Body, _: Scope) -> Body:
    with store.database.write() as connection:
        found = existing(connection, kind, request[kind.arn_member])
        if kind.statuses is not None:
            _refuse_while_changing(found)
        users = rows.referring(connection, found.arn, kind.blocked_by) if kind.blocked_by else []
        if users:
            names = ", ".join(user.arn for user in users[:5])
            raise ResourceInUseException(f"{found.arn} cannot be deleted: it is used by {names}. Delete these first.")
        for rule in kind.may_delete:
            rule(found, connection)
        if kind.statuses is None:
            rows.remove(connection, [found.arn])
        else:
            move(connection, kind, found, "delete", store.now_s())
            jobs.enqueue(connection, found.arn, kind.name, "delete", store.now_s())
            if kind.on_servers:
                touch(connection)
    return {}


def begin_update(store: Store, connection: Connection, kind: Kind, found: Resource, members: Body) -> None:
    """Start an update that has a status of its own. Raises ResourceInUseException while another one runs."""
    _refuse_while_changing(found)
    now_s = store.now_s()
    assert kind.statuses is not None
    # Where the resource's own status tells of updates, the update's is the same.
    status = kind.statuses[found.status or ""].get("update")
    change = {**members, "status": status or "CREATE PENDING", "creationDateTime": now_s, "lastUpdatedDateTime": now_s}
    rows.change(connection, found.arn, now_s, change=change, **({"status": status} if status else {}))
    jobs.enqueue(connection, found.arn, kind.name, "update", now_s)


def begin(store: Store, connection: Connection, kind: Kind, found: Resource, verb: str) -> None:
    """Start another verb of a kind. Raises ResourceInUseException while the resource is changing."""
    _refuse_while_changing(found)
    move(connection, kind, found, verb, store.now_s())
    jobs.enqueue(connection, found.arn, kind.name, verb, store.now_s())
    if kind.on_servers:
        touch(connection)


def move(connection: Connection, kind: Kind, found: Resource, verb: str, now_s: float, **values: Any) -> str | None:
    """Follow a verb to the next status; the row goes when that is GONE. None if the verb leads nowhere from here."""
    assert kind.statuses is not None
    assert found.status is not None
    status = kind.statuses[found.status].get(verb)
    if status == GONE:
        along = rows.referring(connection, found.arn, kind.takes_along) if kind.takes_along else []
        rows.remove(connection, [found.arn, *(each.arn for each in along)])
    elif status is not None:
        rows.change(connection, found.arn, now_s, status=status, **values)
    return status


def move_update(
    connection: Connection, kind: Kind, found: Resource, verb: str, now_s: float, **values: Any
) -> str | None:
    """The same for the latest update of a resource; values: more columns of the row."""
    change = dict(found.change or {})
    assert kind.statuses is not None
    own = kind.statuses[found.status or ""].get(verb) if change.get("status") == found.status else None
    status = own or UPDATED.get(change.get("status", ""), {}).get(verb)
    if status is not None:
        reason = values.pop("failure_reason", None)
        mended = kind.statuses[found.status or ""].get("mend") if status == "ACTIVE" else None
        if mended:
            values |= {"status": mended, "failure_reason": None}
        if own:
            values["status"] = own
            status = "CREATE FAILED" if verb == "fail" else own
        change |= {"status": status, "lastUpdatedDateTime": now_s, **({"failureReason": reason} if reason else {})}
        rows.change(connection, found.arn, now_s, change=change, **values)
    return status


def existing(connection: Connection, kind: Kind, arn: str, member: str = "") -> Resource:
    """The resource of that kind. Raises ResourceNotFoundException for an ARN of nothing, or of another kind.

    member: what the request calls it, if that is not the kind's own ARN member.
    """
    found = rows.find(connection, arn)
    if found is not None and found.kind == kind.name:
        return found
    if kind_of(arn) != kind.word:
        raise ResourceNotFoundException(
            f"{member or kind.arn_member} is {arn!r}: that is no ARN of a {kind.name}. Give one like "
            f"arn:aws:personalize:<region>:<account>:{kind.word}/<name>."
        )
    raise ResourceNotFoundException(f"There is no {kind.name} {arn}. List{kind.plural_name} shows those that exist.")


def seen(kind: Kind, found: Resource, connection: Connection) -> Body:
    """What Describe and List show; the service model leaves out what a summary does not have."""
    return {
        **found.body,
        kind.name_member: found.name,
        kind.arn_member: found.arn,
        "status": found.status,
        "failureReason": found.failure_reason if found.status in FAILED else None,
        "creationDateTime": round(found.created_s, 3),
        "lastUpdatedDateTime": round(found.updated_s, 3),
        **(kind.described(found, connection) if kind.described else {}),
    }


def require_active(found: Resource, member: str) -> None:
    """Raise ResourceInUseException while the resource is changing, InvalidInputException if it failed."""
    if found.status in (None, "ACTIVE"):
        return
    if found.status in FAILED:
        raise InvalidInputException(
            f"{member} {found.arn} is {found.status}: {found.failure_reason or 'it cannot be used'}."
        )
    raise ResourceInUseException(f"{member} {found.arn} is {found.status}. Wait until it is ACTIVE, then try again.")


def require_region(found: Resource, scope: Scope, member: str) -> None:
    """Raise ResourceNotFoundException for a resource of another region: names are unique within one."""
    if found.region != scope.region:
        raise ResourceNotFoundException(
            f"{member} {found.arn} is in {found.region}, the request is for {scope.region}. Use a client of its region."
        )


def _refuse_while_changing(found: Resource) -> None:
    status = found.status
    if status not in CHANGING and found.change is not None and found.change["status"] in CHANGING:
        status = f"being updated ({found.change['status']})"
    elif status not in CHANGING:
        return
    raise ResourceInUseException(f"{found.arn} is {status}. Wait until that is done, then try again.")
