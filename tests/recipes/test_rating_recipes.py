"""Predicted ratings: better than habits explain, explained by shares that add up, and of users never seen."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tastemaker.data.interactions import Categories, Interactions, Query, TrainingData, interactions
from tastemaker.data.ratings import biases, rated, rated_places
from tastemaker.data.splits import by_users
from tastemaker.recipes.catalogue import recipes
from tastemaker.recipes.contract import Model, parse, silent

N_ITEMS = 30
every_rating_recipe = pytest.mark.parametrize(
    "name", ["tastemaker-factorization-machine", "tastemaker-item-knn", "tastemaker-user-knn"]
)


def two_camps(n_users: int = 300, each: int = 15, seed: int = 0) -> Interactions:
    """Half of the users rate even items a point better than odd ones, the others a point worse; some rate high."""
    rng = np.random.default_rng(seed)
    item_N = np.concatenate([rng.permutation(N_ITEMS)[:each] for _ in range(n_users)])
    user_N = np.repeat(np.arange(n_users), each)
    camp_N = np.where((user_N + item_N) % 2 == 0, 0.5, -0.5)
    habit_N = rng.normal(0, 0.5, n_users)[user_N]
    value_N = 3 + camp_N + habit_N + rng.normal(0, 0.3, len(user_N))
    return interactions(user_N, item_N, np.arange(len(user_N)), n_users, N_ITEMS, value_N=value_N.astype(np.float32))


EVENTS = two_camps()
PARITY = {"PARITY": Categories(["even", "odd"], np.arange(N_ITEMS + 1), np.arange(N_ITEMS, dtype=np.int32) % 2)}


def model_of(name: str, events: Interactions = EVENTS, categories: Any = PARITY, **given: str) -> Model:
    recipe = recipes()[name]
    return recipe.fit(TrainingData(events, categories), parse(recipe.Params, given), silent)


def rmse(model: Any, share: float = 0.3) -> float:
    split = by_users(EVENTS, share, seed=1)
    assert EVENTS.value_N is not None
    fitted = model(split.train)
    errors = [
        fitted.scores(query)[truth] - EVENTS.value_N[first : first + len(truth)]
        for query, truth, first in zip(split.queries, split.truths, split.first_N, strict=True)
    ]
    return float(np.sqrt(np.mean(np.concatenate(errors) ** 2)))


def asked(*ratings: tuple[int, float]) -> Query:
    items, values = zip(*ratings, strict=True)
    return Query(np.array(items, np.int32), value_L=np.array(values, np.float32))


@every_rating_recipe
def test_taste_explains_what_habits_do_not(name: str):
    by_habits = rmse(lambda events: biases(rated(events)))
    assert by_habits == pytest.approx((0.5**2 + 0.3**2) ** 0.5, abs=0.06)
    assert rmse(lambda events: model_of(name, events)) < 0.75 * by_habits


@every_rating_recipe
def test_a_user_of_whom_only_the_question_tells_gets_ratings_of_her_camp(name: str):
    model = model_of(name)
    score_I = model.scores(asked((0, 4.5), (1, 2.5), (2, 4.6), (3, 2.4)))
    assert score_I[4::2].mean() > score_I[5::2].mean() + 0.3
    turned_I = model.scores(asked((0, 2.5), (1, 4.5), (2, 2.4), (3, 4.6)))
    assert turned_I[4::2].mean() < turned_I[5::2].mean() - 0.3


@every_rating_recipe
@pytest.mark.parametrize(
    "query", [asked((0, 4.0), (1, 1.0), (0, 2.0), (8, np.nan)), Query(), Query(np.array([3], np.int32))]
)
def test_mean_item_user_and_events_add_up_to_the_score(name: str, query: Query):
    model = model_of(name)
    score_I = model.scores(query)
    for item in range(N_ITEMS):
        assert sum(model.explain(query, item).values()) == pytest.approx(score_I[item], abs=1e-4)


@every_rating_recipe
def test_without_a_rating_the_answer_is_what_items_get_on_average(name: str):
    expected_I = biases(rated(EVENTS)).scores(Query())
    for query in (Query(), Query(np.array([3], np.int32)), asked((3, np.nan))):
        assert model_of(name).scores(query) == pytest.approx(expected_I, abs=0.15)


@every_rating_recipe
def test_without_values_choices_are_compared(name: str):
    chosen = EVENTS.where(EVENTS.value_N > 3)
    for value_N in (None, np.full(len(chosen), np.nan, np.float32)):
        model = model_of(name, replace(chosen, value_N=value_N))
        score_I = model.scores(Query(np.array([0, 2, 4], np.int32)))
        assert score_I[6::2].mean() > score_I[7::2].mean()


def test_of_several_ratings_of_one_item_the_newest_holds():
    query = asked((0, 1.0), (5, 2.0), (0, 3.0), (7, np.nan), (5, np.nan))
    assert rated_places(query).tolist() == [1, 2]
    events = interactions(
        np.zeros(4), np.array([1, 1, 2, 2]), np.arange(4), 1, 3, value_N=np.array([1.0, 5.0, 2.0, np.nan])
    )
    ratings = rated(events)
    assert (ratings.item_N.tolist(), ratings.value_N.tolist()) == ([1, 2], [5.0, 2.0])


def test_few_ratings_move_a_bias_less_than_many():
    once = interactions(np.array([0, 1]), np.array([0, 1]), np.zeros(2), 2, 2, value_N=np.array([1.0, 5.0]))
    often = interactions(
        np.arange(100), np.repeat([0, 1], 50), np.zeros(100), 100, 2, value_N=np.repeat([1.0, 5.0], 50)
    )
    assert np.ptp(biases(rated(once)).item_I) < 1 < np.ptp(biases(rated(often)).item_I)


def test_the_factorization_machine_rates_an_item_that_nobody_rated_by_its_categories():
    known = EVENTS.where(EVENTS.item_N > 1)  # nobody rated 0, which is even, or 1, which is odd
    query = asked((2, 4.5), (3, 2.5), (4, 4.6), (5, 2.4))
    with_parity = model_of("tastemaker-factorization-machine", known).scores(query)
    assert with_parity[0] > with_parity[1] + 0.3
    without = model_of("tastemaker-factorization-machine", known, {}).scores(query)
    assert without[0] == pytest.approx(without[1])


def test_the_factorization_machine_depends_on_the_seed_alone():
    recipe = recipes()["tastemaker-factorization-machine"]
    first, again, other = (
        recipe.fit(TrainingData(EVENTS, PARITY, seed=seed), recipe.Params(), silent).scores(asked((0, 4.0)))
        for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_user_knn_keeps_no_more_users_and_ratings_than_it_is_told_to():
    model: Any = model_of("tastemaker-user-knn", users_max="20", user_ratings_max="3")
    assert len(model.start_U) - 1 == 20
    assert np.diff(model.start_U).tolist() == [3] * 20
    for user, first in enumerate(model.start_U[:-1]):
        newest = [EVENTS.history(known)[-3:].tolist() for known in range(EVENTS.n_users)]
        assert model.item_R[first : model.start_U[user + 1]].tolist() in newest


def test_item_knn_keeps_no_more_neighbours_than_it_is_told_to():
    model: Any = model_of("tastemaker-item-knn", neighbours_max="2")
    assert np.bincount(model.item_V, minlength=N_ITEMS).max() == 2
