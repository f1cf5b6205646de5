"""Lists of large catalogues: the quick ways to them give what the plain one gives."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tastemaker.data.interactions import Bools, Floats, Ints, Query
from tastemaker.data.ranking import softmax, top
from tastemaker.data.selection import EVERYTHING, Selection
from tastemaker.recipes.contract import Reasons
from tastemaker.recipes.implicit_als import Model
from tastemaker.serving.deployments import Deployment
from tastemaker.serving.manner import Manner
from tastemaker.serving.rankings import Ranking, Rankings
from tastemaker.storage.live import Live
from tastemaker.storage.store import open_store
from tastemaker.storage.trained import Heads, Histories, Trained

N_ITEMS, N_USERS, HISTORY, HEAD_K = 5_000, 4, 8, 200
MANNER = Manner(
    "USER_PERSONALIZATION",
    Selection({"watch": EVERYTHING}),
    asks_user=True,
    asks_item=False,
    shows_scores=True,
    has_metadata=False,
    promotions=True,
)


class Counting:
    """A model that says how often all of its items were scored."""

    def __init__(self, model: Model) -> None:
        self.model, self.asked_for_all = model, 0

    def scores(self, query: Query) -> Floats:
        self.asked_for_all += 1
        return self.model.scores(query)

    def scores_of(self, query: Query, item_A: Ints) -> Floats:
        return self.model.scores_of(query, item_A)

    def explain(self, query: Query, item: int) -> Reasons:
        return self.model.explain(query, item)


def factors(seed: int = 0) -> Model:
    """Clusters of items in 16 factors; the first five items are the same item."""
    rng = np.random.default_rng(seed)
    factor_ID = rng.standard_normal((N_ITEMS, 16)) + 2 * rng.standard_normal((20, 16))[rng.integers(0, 20, N_ITEMS)]
    factor_ID[:5] = factor_ID[0]
    factor_ID = (factor_ID * 0.05).astype(np.float32)
    popular_I = np.log(rng.dirichlet(np.ones(N_ITEMS))).astype(np.float32)
    return Model(factor_ID, factor_ID.T @ factor_ID, 0.1, 0.01, 1.0, popular_I, 0.1)


def deployment(model: Any, has_heads: bool = False) -> Deployment:
    """Of users with histories at random."""
    item_N = np.random.default_rng(1).integers(0, N_ITEMS, N_USERS * HISTORY).astype(np.int32)
    start_U = np.arange(N_USERS + 1) * HISTORY
    histories = Histories(start_U, item_N, np.zeros_like(item_N), np.ones(len(item_N), np.bool_), ["watch"])
    heads = None
    if has_heads:
        chance_UI = [softmax(model.scores(histories.query(user))) for user in range(N_USERS)]
        item_UK = np.stack([top(chance_I, None, HEAD_K) for chance_I in chance_UI])
        heads = Heads(item_UK, np.take_along_axis(np.stack(chance_UI), item_UK, axis=1))
    ids = [f"i{n}" for n in range(N_ITEMS)]
    trained = Trained("r", model, [f"u{n}" for n in range(N_USERS)], ids, histories, heads, 0, {})
    return Deployment("arn", 1, "version", "group", 1, MANNER, trained)


@pytest.fixture
def live(tmp_path: Path) -> Live:
    """Without any events."""
    return Live(open_store(tmp_path).database, 10, 10)


def plain(of: Deployment, query: Query, allowed_I: Bools | None, k: int) -> tuple[Ints, Floats]:
    """By the probability of every item."""
    chance_I = softmax(of.trained.model.scores(query))
    best_K = top(chance_I, allowed_I, k)
    return best_K, chance_I[best_K]


def ranking_of(of: Deployment, user: str, live: Live) -> Ranking:
    return Rankings(10).of(of, user, None, live)


@pytest.mark.parametrize("share", [1.0, 0.5, 0.1, 0.01, 0.001, 0.0])
@pytest.mark.parametrize("has_heads", [False, True])
@pytest.mark.parametrize("user", ["u0", "u3", "nobody"])
def test_a_filtered_list_is_that_of_the_plain_way_however_few_items_are_let_through(
    share: float, has_heads: bool, user: str, live: Live
) -> None:
    of = deployment(factors(), has_heads)
    ranking = ranking_of(of, user, live)
    allowed_I = np.random.default_rng(2).random(N_ITEMS) < share
    for k in (1, 25, 500):
        best_K, score_K = ranking.best(of, allowed_I, k)
        expected_K, expected_score_K = plain(of, ranking.query(of), allowed_I, k)
        assert best_K.tolist() == expected_K.tolist()
        np.testing.assert_allclose(score_K, expected_score_K, rtol=1e-4, atol=1e-9)


def test_without_a_filter_a_list_is_that_of_the_plain_way_to_the_last_bit(live: Live) -> None:
    of = deployment(factors())
    for user in ("u0", "u1", "nobody"):
        ranking = ranking_of(of, user, live)
        best_K, score_K = ranking.best(of, None, 25)
        expected_K, expected_score_K = plain(of, ranking.query(of), None, 25)
        assert best_K.tolist() == expected_K.tolist()
        assert score_K.tolist() == expected_score_K.tolist()


def test_a_filter_that_lets_few_items_through_costs_no_look_at_all_of_them(live: Live) -> None:
    model = Counting(factors())
    of, rankings = deployment(model), Rankings(10)
    ranking = rankings.of(of, "u0", None, live)
    for other in ("u1", "u2"):  # after these, the scores of the first one's catalogue are let go
        rankings.of(of, other, None, live)
    assert model.asked_for_all == 3
    ranking.best(of, np.arange(N_ITEMS) % 100 == 0, 25)
    ranking.scores_of(of, np.array([3, 1, 4], np.int32))
    assert model.asked_for_all == 3

    ranking.best(of, ~np.isin(np.arange(N_ITEMS), ranking.item_K), 25)  # many, and none of those that are known
    assert model.asked_for_all == 4


def test_a_list_made_a_moment_ago_is_filtered_without_another_look_at_all_items(live: Live) -> None:
    model = Counting(factors())
    of = deployment(model)
    ranking = ranking_of(of, "u0", live)
    for allowed_I in (~np.isin(np.arange(N_ITEMS), ranking.item_K), np.arange(N_ITEMS) % 100 == 0):
        best_K, score_K = ranking.best(of, allowed_I, 25)
        expected_K, expected_score_K = plain(of, ranking.query(of), allowed_I, 25)
        assert best_K.tolist() == expected_K.tolist()
        np.testing.assert_allclose(score_K, expected_score_K, rtol=1e-6)
    assert model.asked_for_all == 1 + 2, "two for the plain way"


def test_scores_of_some_items_are_those_of_the_whole_list(live: Live) -> None:
    of = deployment(factors(), has_heads=True)
    ranking = ranking_of(of, "u2", live)
    place_K = np.array([7, 4_999, 0], np.int32)
    chance_I = softmax(of.trained.model.scores(ranking.query(of)))
    np.testing.assert_allclose(ranking.scores_of(of, place_K), chance_I[place_K], rtol=1e-4)


def test_where_scores_are_shown_as_they_are_so_are_those_of_few_items(live: Live) -> None:
    of = replace(deployment(factors()), manner=replace(MANNER, plain_scores=True))
    ranking = ranking_of(of, "u0", live)
    score_I = of.trained.model.scores(ranking.query(of))
    allowed_I = np.arange(N_ITEMS) % 100 == 0
    best_K, score_K = ranking.best(of, allowed_I, 25)
    assert best_K.tolist() == top(score_I, allowed_I, 25).tolist()
    np.testing.assert_allclose(score_K, score_I[best_K], rtol=1e-4)
