"""Users by their chance to choose items: shards and blocks change nothing."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tastemaker.batch import segments
from tastemaker.data.interactions import About, Floats, Ints, Query
from tastemaker.data.ranking import softmax
from tastemaker.filters import FilterError, allowed, parse
from tastemaker.recipes.contract import Reasons
from tastemaker.serving.catalogue import Records
from tastemaker.storage.trained import Histories, Trained

N_USERS, N_ITEMS = 50, 12
NOW_S = 1_700_000_000


@dataclass(frozen=True)
class Follows:
    """The last item of the history, and its neighbours less so."""

    near_II: Floats

    def scores(self, query: Query) -> Floats:
        return np.asarray(self.near_II[query.history_L[-1]])

    def explain(self, _: Query, __: int) -> Reasons:
        return {}


@pytest.fixture
def trained() -> Trained:
    rng = np.random.default_rng(0)
    item_N = rng.integers(0, N_ITEMS, N_USERS * 2).astype(np.int32)
    histories = Histories(
        np.arange(0, N_USERS * 2 + 1, 2),
        item_N,
        np.tile([0, 1], N_USERS).astype(np.int32),
        np.ones(100, bool),
        ["a", "B"],
    )
    model = Follows(rng.normal(size=(N_ITEMS, N_ITEMS)).astype(np.float32))
    user_ids = [f"u{n}" for n in range(N_USERS)]
    user_ids[7] = ""  # forgotten
    return Trained("r", model, user_ids, [f"i{n}" for n in range(N_ITEMS)], histories, None, 0, {})


@pytest.mark.parametrize(("shard_users", "block_cells"), [(1000, 10**6), (7, 10**6), (20, 3 * N_ITEMS), (1, 1)])
@pytest.mark.parametrize("most", [3, 100])
def test_the_best_users_are_those_of_the_whole_matrix(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shard_users: int, block_cells: int, most: int
) -> None:
    monkeypatch.setattr(segments, "SHARD_USERS", shard_users)
    monkeypatch.setattr(segments, "BLOCK_CELLS", block_cells)
    questions: list[Ints] = [np.array([4], np.int32), np.array([0, 3, 5], np.int32)]
    is_allowed_U = np.arange(N_USERS) % 3 != 0
    files = []
    for place, shard in enumerate(segments.shards(trained)):
        known_U = shard.known_U
        allowed_of = [known_U, known_U & is_allowed_U[shard.start : shard.end]]
        best_JK = segments.best_of_shard(shard, questions, allowed_of, most, lambda _, __: None)
        files.append(tmp_path / f"{place}.npy")
        np.save(files[-1], best_JK)

    last_U = trained.histories.item_N[1::2]
    chance_UI = np.stack([softmax(trained.model.scores(Query(np.array([last], np.int32)))) for last in last_U])
    for place, (items, allowed_U) in enumerate(zip(questions, (np.ones(N_USERS, bool), is_allowed_U), strict=True)):
        expected = [
            user
            for user in np.argsort(-chance_UI[:, items].sum(axis=1), kind="stable")
            if allowed_U[user] and user != 7
        ]
        assert segments.merged(files, place, most).tolist() == expected[:most]


@dataclass(frozen=True)
class Likes:
    """What a user's plan says; histories say nothing."""

    def scores(self, query: Query) -> Floats:
        return np.array([5.0 if query.about == {"USERS.PLAN": ("gold",)} else 0.0, *[0.0] * (N_ITEMS - 1)], np.float32)

    def explain(self, _: Query, __: int) -> Reasons:
        return {}


def test_models_are_told_of_the_users(trained: Trained) -> None:
    def about_of(user_id: str) -> About:
        return {"USERS.PLAN": ("gold",)} if user_id in ("u3", "u41") else {}

    (shard,) = segments.shards(replace(trained, model=Likes()))
    questions: list[Ints] = [np.array([0], np.int32)]
    best_JK = segments.best_of_shard(shard, questions, [shard.known_U], 2, lambda _, __: None, about_of)
    assert best_JK["user"].tolist() == [[3, 41]]


def users(trained: Trained, expression: str) -> list[int]:
    """Those of ten users whom a filter lets through."""
    seen = segments.candidates_of(segments.Shard(trained, 10, 20), Records(None, pl.DataFrame(), {}), NOW_S)
    assert seen.target == "UserID"
    return np.flatnonzero(
        allowed(parse(f"INCLUDE UserID WHERE Interactions.EVENT_TYPE {expression}"), seen, {})
    ).tolist()


def test_filters_see_the_types_of_the_events_of_users(trained: Trained) -> None:
    assert users(trained, 'IN ("a")') == users(trained, 'IN ("b")') == [*range(10)]
    assert users(trained, 'IN ("c")') == []


def test_types_that_differ_in_case_are_one_type(trained: Trained) -> None:
    type_N = trained.histories.type_N.copy()
    type_N[20:22] = 2  # all events of the first of the ten
    histories = replace(trained.histories, types=["a", "B", "A"], type_N=type_N)
    assert users(replace(trained, histories=histories), 'IN ("a")') == [*range(10)]


def test_filters_see_the_times_of_the_events_of_users(trained: Trained) -> None:
    days_ago_N = np.arange(100)[::-1]
    histories = replace(trained.histories, time_s_N=NOW_S - 86_400 * days_ago_N.astype(np.int64))
    # The ten have the events 20 to 39, which were 79 to 60 days ago; "a" and "B" in turn.
    assert users(replace(trained, histories=histories), 'IN ("a") WITHIN 65 DAYS') == [7, 8, 9]
    with pytest.raises(FilterError, match="Train a new version"):
        users(trained, 'IN ("a") WITHIN 65 DAYS')
