"""What became of proposals, on events that can be followed by hand."""

import numpy as np
import pytest

from tastemaker.data.interactions import interactions
from tastemaker.data.proposals import Proposals, proposals

DAY_S = 86_400
SHOWN, TAKEN = False, True


def of(*events: tuple[str, int, float, bool], period_days: int = 14) -> tuple[list[tuple[int, float, bool]], Proposals]:
    """events: user, action, day, taken. Gives action, day and outcome of each proposal in order of the events."""
    users = sorted({user for user, *_ in events})
    taken = np.array([is_taken for *_, is_taken in events], np.int32)
    made = interactions(
        np.array([users.index(user) for user, *_ in events], np.int32),
        np.array([action for _, action, *_ in events], np.int32),
        np.array([day * DAY_S for _, _, day, _ in events], np.int64),
        max(1, len(users)),
        3,
        taken,
    )
    assert made.type_N is not None
    found = proposals(made, made.type_N == 1, period_days * DAY_S)
    places = found.place_P.tolist()
    days = [made.time_s_N[place] / DAY_S for place in places]
    return list(zip(made.item_N[places].tolist(), days, found.taken_P.tolist(), strict=True)), found


def test_an_answer_within_the_period_is_that_of_every_earlier_proposal() -> None:
    told, found = of(("u", 0, 1, SHOWN), ("u", 0, 3, SHOWN), ("u", 0, 5, TAKEN), ("u", 1, 30, SHOWN))
    assert told == [(0, 1, True), (0, 3, True), (1, 30, False)]
    assert found.delay_s_P.tolist() == [4 * DAY_S, 2 * DAY_S, 0]


@pytest.mark.parametrize(
    ("period_days", "outcomes"), [(28, [True]), (21, [True]), (20, [False, True]), (7, [False, True])]
)
def test_a_late_answer_is_none_and_stands_for_itself(period_days: int, outcomes: list[bool]) -> None:
    told, _ = of(("u", 0, 1, SHOWN), ("u", 0, 22, TAKEN), period_days=period_days)
    assert [outcome for *_, outcome in told] == outcomes


def test_what_is_taken_again_is_a_proposal_again() -> None:
    told, _ = of(("u", 0, 1, TAKEN), ("u", 0, 2, TAKEN), ("u", 0, 3, SHOWN), ("u", 0, 4, TAKEN))
    assert told == [(0, 1, True), (0, 2, True), (0, 3, True)]


def test_neither_other_users_nor_other_actions_answer() -> None:
    told, _ = of(("a", 0, 1, SHOWN), ("a", 1, 2, TAKEN), ("b", 0, 3, TAKEN))
    assert told == [(0, 1, False), (1, 2, True), (0, 3, True)]


def test_of_one_second_the_answer_comes_last() -> None:
    told, _ = of(("u", 0, 1, TAKEN), ("u", 0, 1, SHOWN))
    assert told == [(0, 1, True)]


def test_a_proposal_is_open_until_its_period_is_over() -> None:
    _, found = of(
        ("a", 0, 1, SHOWN), ("b", 0, 10, SHOWN), ("c", 0, 12, SHOWN), ("c", 0, 13, TAKEN), ("d", 1, 15, SHOWN)
    )
    assert found.open_P.tolist() == [False, True, False, True]


def test_no_events_are_no_proposals() -> None:
    told, found = of()
    assert told == []
    assert [len(found.delay_s_P), len(found.open_P)] == [0, 0]
