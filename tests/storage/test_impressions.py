"""What a user was shown is counted over all rings, as a slow count has it, within bounds."""

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from tastemaker.storage.impressions import LISTS_MAX, LISTS_MEAN_MAX, Impressions
from tastemaker.storage.shown import SEPARATOR, ShownLists, forget

CAMPAIGN, OTHER = 7, 8


@pytest.fixture
def rings(tmp_path: Path) -> Iterator[Callable[..., ShownLists]]:
    """Opens the rings of a home, as a server process does."""
    made: list[ShownLists] = []

    def open_rings(ring_bytes: int = 1 << 18) -> ShownLists:
        made.append(ShownLists(tmp_path / "shown", ring_bytes))
        return made[-1]

    yield open_rings
    for each in made:
        each.close()


def named(found: Impressions, user_id: str, since_s: float = -1.0, times: int = 1) -> set[str]:
    """The ids of what the user was shown so often."""
    return {found.id_of(item) for item in found.of(user_id, since_s, times).tolist()}


def test_lists_of_other_users_and_of_other_deployments_do_not_count(rings: Callable[..., ShownLists]) -> None:
    shown = rings()
    found = Impressions(shown, CAMPAIGN, users_max=10)
    shown.remember(SEPARATOR.join(["a", "b"]), 1, CAMPAIGN, "me", 1.0)
    shown.remember("c", 2, CAMPAIGN, "you", 1.0)
    shown.remember("d", 3, OTHER, "me", 1.0)
    shown.remember("e", 4, CAMPAIGN, None, 1.0)
    assert named(found, "me") == set(), "nothing is known before a look"
    found.look()
    assert named(found, "me") == {"a", "b"}
    assert named(found, "you") == {"c"}


def test_a_list_counts_until_it_is_older_than_the_window(rings: Callable[..., ShownLists]) -> None:
    shown = rings()
    shown.remember(SEPARATOR.join(["a", "b"]), 1, CAMPAIGN, "me", 100.0)
    shown.remember("b", 2, CAMPAIGN, "me", 200.0)
    found = Impressions(shown, CAMPAIGN, users_max=10)
    assert named(found, "me", since_s=99.0) == {"a", "b"}
    assert named(found, "me", since_s=100.0) == {"b"}
    assert named(found, "me", since_s=99.0, times=2) == {"b"}
    assert named(found, "me", since_s=100.0, times=2) == set()


def test_an_item_that_a_list_has_twice_was_in_one_list(rings: Callable[..., ShownLists]) -> None:
    shown = rings()
    shown.remember(SEPARATOR.join(["a", "a"]), 1, CAMPAIGN, "me", 1.0)
    assert named(Impressions(shown, CAMPAIGN, users_max=10), "me", times=2) == set()


@pytest.mark.parametrize("seed", range(5))
def test_the_count_is_that_of_counting_all_lists_one_by_one(seed: int, rings: Callable[..., ShownLists]) -> None:
    rng = np.random.default_rng(seed)
    processes = [rings() for _ in range(3)]
    early = [Impressions(each, CAMPAIGN, users_max=100) for each in processes]
    told: list[tuple[int, str, float, list[str]]] = []
    for now in range(300):
        deployment, user = int(rng.choice([CAMPAIGN, OTHER])), f"u{rng.integers(4)}"
        ids = [f"i{item}" for item in rng.permutation(30)[: rng.integers(1, 8)]]
        rng.choice(processes).remember(SEPARATOR.join(ids), now, deployment, user, float(now))
        told.append((deployment, user, float(now), ids))
        if rng.random() < 0.2:
            for each in early:
                each.look()
    # One that follows, one that reads all at the end, one for a single user.
    for each in (*early, Impressions(processes[0], CAMPAIGN, 100), Impressions(processes[1], CAMPAIGN, 1, only="u2")):
        each.look()
        for since_s in (-1.0, 150.0, 299.0):
            for times in (1, 2, 5):
                lists = [ids for of, user, at_s, ids in told if (of, user) == (CAMPAIGN, "u2") and at_s > since_s]
                count = Counter(chain.from_iterable(lists))
                expected = {item for item, n in count.items() if n >= times}
                assert named(each, "u2", since_s, times) == expected


def test_more_is_known_than_the_rings_still_have(rings: Callable[..., ShownLists]) -> None:
    shown = rings(ring_bytes=2048)
    follows = Impressions(shown, CAMPAIGN, users_max=10)
    for n in range(200):
        shown.remember(f"i{n}", n, CAMPAIGN, "me", float(n))
        follows.look()
    assert len(named(follows, "me")) == 200
    assert 0 < len(named(Impressions(shown, CAMPAIGN, users_max=10), "me")) < 100


def test_the_users_who_were_shown_something_last_are_known(rings: Callable[..., ShownLists]) -> None:
    shown = rings()
    found = Impressions(shown, CAMPAIGN, users_max=3)
    for user in ("a", "b", "c", "a", "d"):
        shown.remember("x", 1, CAMPAIGN, user, 1.0)
    found.look()
    assert [user for user in "abcd" if named(found, user)] == ["a", "c", "d"]


def test_of_one_user_the_newest_lists_are_known_whichever_ring_they_are_in(rings: Callable[..., ShownLists]) -> None:
    one, two = rings(), rings()
    for n in range(LISTS_MAX + 100):
        (one if n % 2 else two).remember(f"i{n}", n, CAMPAIGN, "me", float(n))
    found = named(Impressions(one, CAMPAIGN, users_max=1000), "me")
    assert found == {f"i{n}" for n in range(100, LISTS_MAX + 100)}


def test_so_many_lists_are_known_in_all(rings: Callable[..., ShownLists]) -> None:
    shown, users_max = rings(1 << 22), LISTS_MAX + 1
    n_lists = LISTS_MEAN_MAX * users_max
    for n in range(n_lists + 60):
        shown.remember("x", n, CAMPAIGN, f"u{n // 30}", float(n))
    found = Impressions(shown, CAMPAIGN, users_max)
    assert named(found, f"u{n_lists // 30}") == {"x"}
    assert [named(found, f"u{user}") for user in (0, 1, 2, 3)] == [set(), set(), {"x"}, {"x"}]


def test_a_user_who_is_forgotten_is_a_stranger_at_the_next_look(
    rings: Callable[..., ShownLists], tmp_path: Path
) -> None:
    shown = rings()
    for user in ("me", "you"):
        shown.remember("x", 1, CAMPAIGN, user, 1.0)
    found = Impressions(shown, CAMPAIGN, users_max=10)
    assert named(found, "me") == {"x"}
    forget(tmp_path / "shown", ["me"], lambda _: True)
    found.look()
    assert (named(found, "me"), named(found, "you")) == (set(), {"x"})
