"""Dials of campaigns and recommenders: how their lists depart from the plain order. Ours, beside the AWS operations."""

from typing import Any

from sqlalchemy import Connection

from tastemaker.arn import kind_of
from tastemaker.errors import InvalidInputException, ResourceNotFoundException
from tastemaker.kinds.campaign import CAMPAIGN
from tastemaker.kinds.recommender import RECOMMENDER
from tastemaker.resources.engine import existing
from tastemaker.storage import rows
from tastemaker.storage.database import touch
from tastemaker.storage.rows import Resource
from tastemaker.storage.store import Store

WITH_DIALS = (CAMPAIGN, RECOMMENDER)


def turn_dials(store: Store, named: str, told: dict[str, Any]) -> dict[str, Any]:
    """Sets all dials of a campaign or recommender, for the next request of every process.

    named: by ARN, or by a name that only one of them has. told: dials that are not at rest. Raises
    ResourceNotFoundException, InvalidInputException.
    """
    with store.database.write() as connection:
        found = _named(connection, named)
        rows.change(connection, found.arn, store.now_s(), body={**found.body, "dials": told})
        touch(connection)
    return {"arn": found.arn, "dials": told}


def _named(connection: Connection, named: str) -> Resource:
    for kind in WITH_DIALS:
        if named.startswith("arn:") and kind_of(named) == kind.word:
            return existing(connection, kind, named)
    found = [each for kind in WITH_DIALS for each in rows.all_of(connection, kind.name) if each.name == named]
    if not found:
        raise ResourceNotFoundException(f"There is no campaign and no recommender {named!r}.")
    if len(found) > 1:
        raise InvalidInputException(f"{named!r} is several: give its ARN, one of {', '.join(e.arn for e in found)}.")
    return found[0]
