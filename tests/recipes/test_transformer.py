"""The network that answers is the one that was trained, and training finds what order says."""

import importlib.util
from collections.abc import Mapping

import numpy as np
import pytest

from tastemaker.data.interactions import Ints, Query, TrainingData, interactions
from tastemaker.recipes.catalogue import recipes
from tastemaker.recipes.contract import Refittable, parse, silent
from tastemaker.recipes.parts.sequence_model import SequenceModel
from tastemaker.recipes.parts.sequence_recipe import most_likely
from tastemaker.recipes.parts.spectral import spectral_vectors
from tastemaker.recipes.parts.transformer import FIRST, Transformer, gaps, turns

if importlib.util.find_spec("torch") is None:
    pytest.skip("torch is not installed: pip install 'tastemaker[deep]'", allow_module_level=True)

from tastemaker.recipes.parts import transformer_network as of_torch

N_ITEMS = 30
V2 = recipes()["aws-user-personalization-v2"]


def walks(n_users: int = 150, length: int = 12) -> TrainingData:
    """Everybody goes round the items: mostly to the one seven places on, else to any."""
    rng = np.random.default_rng(0)
    step_UL = np.where(rng.random((n_users, length)) < 0.8, 7, rng.integers(1, N_ITEMS, (n_users, length)))
    item_UL = (np.cumsum(step_UL, axis=1) + rng.integers(0, N_ITEMS, (n_users, 1))) % N_ITEMS
    user_N = np.repeat(np.arange(n_users), length)
    return TrainingData(interactions(user_N, item_UL.ravel(), np.arange(len(user_N)) * 60, n_users, N_ITEMS))


def fitted(data: TrainingData, **given: str) -> SequenceModel:
    given = {"network_width": "16", "network_epochs": "3", **given}
    model = V2.fit(data, parse(V2.Params, given), silent)
    assert isinstance(model, SequenceModel)
    return model


@pytest.fixture(scope="module")
def model() -> SequenceModel:
    return fitted(walks())


@pytest.fixture(params=[("float32", 1e-4), ("bfloat16", 2e-2)], ids=["whole numbers", "short numbers"])
def tolerance(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> float:
    """How far results may be apart, with the numbers that this processor may or may not choose to multiply."""
    kind, bound = request.param
    monkeypatch.setattr(of_torch, "PRODUCT_TYPE", getattr(of_torch.torch, kind))
    return bound


@pytest.mark.parametrize("length", [1, 2, 7, 12])
def test_what_serves_without_torch_equals_what_was_trained_with_it(model: SequenceModel, length: int, tolerance: float):
    network = model.network
    assert network is not None
    rng = np.random.default_rng(length)
    place_L = rng.integers(0, N_ITEMS, length).astype(np.int32)
    time_s_L = np.cumsum(rng.integers(0, 9999, length))
    assert np.abs(network.logits(place_L, time_s_L) - by_torch(network, place_L, time_s_L)).max() < tolerance


def by_torch(network: Transformer, place_L: Ints, time_s_L: np.ndarray) -> np.ndarray:
    """The logits as the training computes them."""
    torch = of_torch.torch
    weights = {name: torch.from_numpy(np.array(value)) for name, value in vars(network).items() if np.ndim(value)}
    turn = tuple(map(torch.from_numpy, turns(network.length, network.item_MD.shape[1] // network.heads)))
    item_BL = torch.from_numpy(place_L[None].astype(np.int64))
    gap_BL = torch.from_numpy(gaps(time_s_L, len(place_L))[None].astype(np.int64))
    state_BLD = of_torch.forward(weights, item_BL, gap_BL, network.heads, turn, None)
    return np.asarray(state_BLD[0, -1] @ weights["item_MD"].T + weights["bias_M"])


def test_the_loss_over_the_whole_catalogue_and_its_gradients_are_those_of_cross_entropy(tolerance: float):
    torch = of_torch.torch
    torch.manual_seed(0)
    state, item, bias = (torch.randn(*shape, requires_grad=True) for shape in ((500, 8), (40, 8), (40,)))
    target, weight = torch.randint(0, 40, (500,)), torch.rand(500)
    plain = (torch.nn.functional.cross_entropy(state @ item.T + bias, target, reduction="none") * weight).sum()
    wanted = torch.autograd.grad(plain, (state, item, bias))
    ours = of_torch.FullSoftmax.apply(state, item, bias, target, weight)
    assert float(ours.detach()) == pytest.approx(float(plain.detach()), rel=tolerance / 10)
    for found, expected in zip(torch.autograd.grad(ours, (state, item, bias)), wanted, strict=True):
        assert (found - expected).norm() < tolerance * expected.norm()


def test_the_next_step_is_learned(model: SequenceModel):
    best = [int(np.argmax(model.scores(Query(np.array([item], np.int32))))) for item in range(N_ITEMS)]
    assert np.mean(np.array(best) == (np.arange(N_ITEMS) + 7) % N_ITEMS) > 0.9


def test_epochs_losses_and_the_validation_loss_are_told_on_the_way():
    told: list[Mapping[str, float]] = []
    V2.fit(walks(), parse(V2.Params, {"network_width": "16"}), lambda _, __, **facts: told.append(facts))
    epochs = [facts for facts in told if "validation_loss" in facts]
    assert [facts["epoch"] for facts in epochs] == list(range(1, len(epochs) + 1))
    assert epochs[-1]["loss"] < epochs[0]["loss"]


def test_asked_to_finish_the_training_keeps_what_it_has():
    asked = []

    def watch(done: float, total: float, /, **facts: float) -> bool:  # noqa: ARG001
        asked.append(facts.get("epoch", 0.0))
        return facts.get("epoch", 0.0) < 1

    model = V2.fit(walks(), parse(V2.Params, {"network_width": "16", "network_epochs": "50"}), watch)
    assert max(asked) <= 1.5
    assert isinstance(model, SequenceModel)
    assert model.network is not None


def test_a_model_of_most_of_the_data_is_taken_further_on_all_of_them(model: SequenceModel):
    assert isinstance(V2, Refittable)
    more = walks(200)
    params = parse(V2.Params, {"network_width": "16", "network_epochs": "3"})
    further = V2.refit(model, more, params, silent)
    assert isinstance(further, SequenceModel)
    assert further.pool == model.pool
    assert further.network is not None
    assert np.argmax(further.scores(Query(np.array([3], np.int32)))) == 10


def test_items_may_leave_the_catalogue_and_others_come(model: SequenceModel):
    place_J = np.arange(N_ITEMS, dtype=np.int32) - 1  # the first is gone
    data = walks()
    events = data.interactions
    later = events.where(events.item_N > 0)
    shifted = interactions(later.user_N, later.item_N - 1, later.time_s_N, events.n_users, N_ITEMS + 4)
    further = model.extended(place_J, TrainingData(shifted))
    score_I = further.scores(Query(np.array([4], np.int32)))
    assert score_I.shape == (N_ITEMS + 4,)
    assert np.argmax(score_I) == 11


def test_without_epochs_there_is_the_linear_model_alone():
    assert fitted(walks(), network_epochs="0").network is None


def test_what_an_event_does_to_the_score_is_its_reason(model: SequenceModel):
    query = Query(np.array([5, 20, 2], np.int32))
    reasons = model.explain(query, 9)
    assert next(iter(reasons)) == "event 2"
    without = Query(np.array([5, 20], np.int32))
    assert reasons["event 2"] == pytest.approx(float(model.scores(query)[9] - model.scores(without)[9]), abs=1e-5)


def test_a_gap_is_told_by_its_size_and_a_first_event_by_having_none():
    assert gaps(np.array([100, 100, 101, 164, 10**9]), 5).tolist() == [FIRST, 0, 1, 6, 29]
    assert gaps(None, 2).tolist() == [FIRST, 0]


def test_items_that_follow_each_other_start_close():
    events = walks().interactions
    left_N = events.start_U[events.user_N + 1] - np.arange(len(events)) - 1
    vector_MD = spectral_vectors(events.item_N, left_N, N_ITEMS, 8)
    near_MM = vector_MD @ vector_MD.T
    following = near_MM[np.arange(N_ITEMS), (np.arange(N_ITEMS) + 7) % N_ITEMS]
    assert following.mean() > near_MM[~np.eye(N_ITEMS, dtype=bool)].mean() + 0.1
    assert vector_MD.std() == pytest.approx(8**-0.5, rel=1e-3)


def test_weights_follow_what_was_chosen_and_little_data_leave_them_where_they_start():
    rng = np.random.default_rng(0)
    useful_BC, noise_BC = rng.normal(size=(2, 400, 10))
    chance_BC = np.exp(2 * useful_BC)
    place_B = np.array([rng.choice(10, p=row / row.sum()) for row in chance_BC])
    parts = np.stack([useful_BC, noise_BC], axis=1)
    weights = most_likely(parts, place_B, np.array([0.5, 0.5]))
    assert weights == pytest.approx([2, 0], abs=0.3)
    assert most_likely(parts[:1], place_B[:1], np.array([0.5, 0.5])) == pytest.approx([0.5, 0.5], abs=0.15)
