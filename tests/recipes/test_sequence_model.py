"""What is known of items and users beside their events takes part, also before the first event."""

import numpy as np
import pytest

from tastemaker.data.interactions import Categories, Query, TrainingData, interactions
from tastemaker.recipes.contract import silent
from tastemaker.recipes.parts.sequence_model import SequenceModel
from tastemaker.recipes.parts.sequence_recipe import Params, fit

N_USERS, N_ITEMS = 300, 42  # the last two items are new


def shop() -> TrainingData:
    """Half of the users are cooks, who choose even items; at night everybody prefers the first ten."""
    rng = np.random.default_rng(0)
    user_N = np.repeat(np.arange(N_USERS), 8)
    is_night_N = rng.random(len(user_N)) < 0.3
    item_N = rng.integers(0, 20, len(user_N)) * 2 + user_N % 2
    item_N[is_night_N] = rng.integers(0, 5, is_night_N.sum()) * 2 + user_N[is_night_N] % 2
    return TrainingData(
        interactions(
            user_N, item_N, np.arange(len(user_N)), N_USERS, N_ITEMS, context={"HOUR": is_night_N.astype(np.int32)}
        ),
        {"KIND": Categories(["food", "tool"], np.arange(N_ITEMS + 1), (np.arange(N_ITEMS) % 2).astype(np.int32))},
        user_categories={
            "JOB": Categories(["cook", "smith"], np.arange(N_USERS + 1), (np.arange(N_USERS) % 2).astype(np.int32))
        },
        context_names={"HOUR": ["day", "night"]},
    )


@pytest.fixture(scope="module")
def model() -> SequenceModel:
    return fit(shop(), Params(), silent)


def evens(score_I: np.ndarray, k: int = 10) -> float:
    return float(np.mean(np.argsort(-score_I)[:k] % 2 == 0))


def test_a_model_says_which_columns_it_wants_to_be_told(model: SequenceModel):
    assert model.about_columns == ("USERS.JOB", "CONTEXT.HOUR")


def test_a_user_without_events_gets_what_such_users_choose(model: SequenceModel):
    assert evens(model.scores(Query(about={"USERS.JOB": ("cook",)}))) == 1
    assert evens(model.scores(Query(about={"USERS.JOB": ("smith",)}))) == 0
    assert 0 < evens(model.scores(Query())) < 1


def test_the_moment_counts_for_users_with_and_without_events(model: SequenceModel):
    for history_L in (np.zeros(0, np.int32), np.array([12, 30], np.int32)):
        day, night = (
            np.exp(model.scores(Query(history_L, about={"CONTEXT.HOUR": (hour,)}))) for hour in ("day", "night")
        )
        assert night[:10].sum() / night.sum() > day[:10].sum() / day.sum() + 0.05


def test_what_nobody_taught_the_model_changes_nothing(model: SequenceModel):
    told = {"USERS.JOB": ("pilot",), "USERS.AGE": ("40",)}
    assert np.array_equal(model.scores(Query(about=told)), model.scores(Query()))


def test_a_new_item_stands_where_items_like_it_stand(model: SequenceModel):
    even_L, odd_L = np.array([2, 8, 20], np.int32), np.array([3, 9, 21], np.int32)
    assert model.place_I[[40, 41]].tolist() == [-1, -1]
    assert model.scores(Query(even_L))[40] > model.scores(Query(even_L))[41]
    assert model.scores(Query(odd_L))[41] > model.scores(Query(odd_L))[40]
    chance_I = np.exp(model.scores(Query(even_L)))
    assert chance_I[40] < chance_I[:40:2].mean()


def test_a_new_item_is_explained_by_the_events_that_speak_for_items_like_it(model: SequenceModel):
    reasons = model.explain(Query(np.array([2, 8], np.int32)), 40)
    assert {"event 0", "event 1"} <= set(reasons)


def test_columns_are_reasons_where_they_took_part(model: SequenceModel):
    reasons = model.explain(Query(about={"USERS.JOB": ("cook",)}), 2)
    assert reasons["USERS.JOB"] > 0


def test_a_catalogue_that_grew_has_its_new_items_in_their_place(model: SequenceModel):
    old = shop()
    column = old.item_categories["KIND"]
    grown = TrainingData(
        interactions(old.interactions.user_N, old.interactions.item_N, old.interactions.time_s_N, N_USERS, N_ITEMS + 1),
        {"KIND": Categories(column.names, np.arange(N_ITEMS + 2), np.append(column.value_V, 1).astype(np.int32))},
    )
    further = model.extended(np.arange(N_ITEMS, dtype=np.int32), grown)
    odd_L = np.array([3, 9, 21], np.int32)
    score_I = further.scores(Query(odd_L))
    assert score_I[N_ITEMS] == pytest.approx(score_I[41], abs=1e-5)
    assert np.allclose(score_I[:40], model.scores(Query(odd_L))[:40], atol=1e-3)
