"""Learning in batches follows the gradient of what the model answers when the rating in question is not known."""

from dataclasses import replace

import numpy as np
import pytest

from tastemaker.data.interactions import Categories, Interactions, Query, interactions
from tastemaker.recipes.factorization_machine import Model
from tastemaker.recipes.parts.factorization import Batch, Machine, category_matrix, table_of, users_of_batches

N_ITEMS = 7
STEP = 1e-4
GENRES = {"GENRES": Categories(["a", "b", "c"], np.arange(0, 15, 2), np.arange(14, dtype=np.int32) % 3)}


def some_ratings() -> Interactions:
    rng = np.random.default_rng(0)
    item_N = np.concatenate([rng.permutation(N_ITEMS)[: 2 + user % 4] for user in range(6)])
    user_N = np.repeat(np.arange(6), 2 + np.arange(6) % 4)
    value_N = rng.integers(1, 6, len(user_N)).astype(np.float32)
    return interactions(user_N, item_N, np.arange(len(user_N)), 6, N_ITEMS, value_N=value_N)


EVENTS = some_ratings()


@pytest.fixture
def machine() -> Machine:
    found = Machine(table_of(EVENTS, 0), category_matrix(GENRES, N_ITEMS), 3, 1.0, 0)
    rng = np.random.default_rng(1)
    for part_XE in found.parts.values():
        part_XE += rng.normal(0, 0.3, part_XE.shape)
    return found


def half_the_squared_errors(machine: Machine) -> float:
    """By asking for every rating with a history that has all others of its user."""
    known, parts = machine.table.biases, machine.parts
    model = Model(
        machine.item_side(),
        parts["chosen"],
        parts["rated"],
        parts["level"][0],
        known.mean,
        known.item_I,
        known.l2,
        True,
    )
    loss = 0.0
    for user in range(EVENTS.n_users):
        item_L = EVENTS.history(user)
        value_L = EVENTS.value_N[EVENTS.start_U[user] : EVENTS.start_U[user + 1]]
        for item, value in zip(item_L.tolist(), value_L.tolist(), strict=True):
            others_L = item_L != item
            shares = model.explain(Query(item_L[others_L], value_L=value_L[others_L]), item)
            loss += (sum(shares.values()) - value) ** 2 / 2
    return loss


def test_the_gradient_is_that_of_predictions_without_the_rating_itself(machine: Machine):
    users = np.arange(EVENTS.n_users, dtype=np.int32)
    gradients = machine.gradients(Batch(machine.table, users))
    for name, part_XE in machine.parts.items():
        for place in np.ndindex(part_XE.shape):
            part_XE[place] += STEP
            above = half_the_squared_errors(machine)
            part_XE[place] -= 2 * STEP
            below = half_the_squared_errors(machine)
            part_XE[place] += STEP
            assert gradients[name][place] == pytest.approx((above - below) / (2 * STEP), abs=2e-3), (name, place)


def test_batches_part_the_users_and_their_gradients_add_up(machine: Machine):
    parted = users_of_batches(machine.table, 0)
    assert sorted(np.concatenate(parted).tolist()) == list(range(6))
    batches = [Batch(machine.table, users) for users in parted]
    assert sum(batch.share for batch in batches) == pytest.approx(1)
    whole = machine.gradients(Batch(machine.table, np.arange(6, dtype=np.int32)))
    for name, gradient_XE in whole.items():
        assert sum(machine.gradients(batch)[name] for batch in batches) == pytest.approx(gradient_XE)


def test_without_values_choices_are_one_and_drawn_items_that_were_not_chosen_zero():
    table = table_of(replace(EVENTS, value_N=None), 0)
    is_chosen_R = table.event_R >= 0
    assert is_chosen_R.sum() == len(EVENTS)
    assert np.ptp(table.target_R[is_chosen_R]) == 0
    assert table.target_R[is_chosen_R][0] - table.target_R[~is_chosen_R][0] == pytest.approx(1)
    chosen = set(zip(EVENTS.user_N.tolist(), EVENTS.item_N.tolist(), strict=True))
    drawn = zip(table.user_R[~is_chosen_R].tolist(), table.item_R[~is_chosen_R].tolist(), strict=True)
    assert not chosen & set(drawn)
