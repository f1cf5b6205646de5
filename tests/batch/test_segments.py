"""Users by their chance to choose items: shards and blocks change nothing."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tastemaker.batch import segments
from tastemaker.data.interactions import About, Floats, Ints, Query
from tastemaker.data.ranking import softmax
from tastemaker.recipes.contract import Reasons
from tastemaker.serving.catalogue import Records
from tastemaker.storage.trained import Histories, Trained

N_USERS, N_ITEMS = 50, 12


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


def test_filters_see_the_types_of_the_events_of_users(trained: Trained) -> None:
    shard = segments.Shard(trained, 10, 20)
    seen = segments.candidates_of(shard, Records(None, pl.DataFrame(), {}))
    assert seen.target == "UserID"
    assert {name: found.tolist() for name, found in seen.events.items()} == {"a": [*range(10)], "b": [*range(10)]}
