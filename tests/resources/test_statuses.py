"""The life cycles are closed: every status that a verb leads to is known, and work can always come to an end."""

import pytest

from tastemaker.kinds import KINDS
from tastemaker.resources.statuses import (
    CHANGING,
    CONTAINING,
    DELETION,
    EVOLVING,
    FAILED,
    GONE,
    JOB,
    MENDABLE,
    PROVISIONED,
    SUSPENDABLE,
    TRAINED,
    UPDATED,
    Statuses,
)

TABLES = [PROVISIONED, CONTAINING, MENDABLE, EVOLVING, SUSPENDABLE, JOB, DELETION, TRAINED, UPDATED]
# As the public documentation writes them, blanks and underscores included.
DOCUMENTED = {
    *(f"CREATE {word}" for word in ("PENDING", "IN_PROGRESS", "FAILED", "STOPPING", "STOPPED")),
    "ACTIVE",
    "INACTIVE",
    *(f"{verb} {word}" for verb in ("DELETE", "UPDATE", "STOP", "START") for word in ("PENDING", "IN_PROGRESS")),
    *("PENDING", "IN_PROGRESS", "COMPLETED", "FAILED"),
}


@pytest.mark.parametrize("table", TABLES)
def test_every_status_that_can_be_reached_has_a_row(table: Statuses) -> None:
    reached = {status for verbs in table.values() for status in verbs.values()} - {GONE}
    assert reached | {next(iter(table))} == set(table)
    assert set(table) <= DOCUMENTED


@pytest.mark.parametrize("table", TABLES)
def test_from_every_changing_status_work_can_end(table: Statuses) -> None:
    for status in CHANGING & set(table):
        ends = {table.get(table[status].get("start", status), {}).get(verb) for verb in ("done", "stopped")}
        assert ends - {None}, status


@pytest.mark.parametrize("table", TABLES)
def test_work_that_was_killed_can_start_again_where_it_stands(table: Statuses) -> None:
    for status, verbs in table.items():
        if "start" in verbs:
            assert table[verbs["start"]]["start"] == verbs["start"], status


def test_what_has_ended_is_not_changing() -> None:
    assert CHANGING.isdisjoint({"ACTIVE", "INACTIVE", "COMPLETED", *FAILED})
    assert all(status in CHANGING for status in DOCUMENTED if status.endswith(("PENDING", "PROGRESS", "STOPPING")))


def test_every_kind_has_one_of_the_life_cycles_or_none() -> None:
    assert all(kind.statuses is None or kind.statuses in TABLES for kind in KINDS)
