"""What every recipe promises. A new recipe is here by being found; nothing is to be added."""

import tracemalloc
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tastemaker.data.interactions import Categories, Interactions, Query, TrainingData, interactions
from tastemaker.recipes.catalogue import recipes
from tastemaker.recipes.contract import Model, Recipe, parse, silent
from tastemaker.storage.trained import Histories, Trained, load, save

ITEMS_MAX = 500  # of the large catalogue, for recipes whose memory grows with the square of what they model
PEAK_BYTES_MAX = 200 << 20

every_recipe = pytest.mark.parametrize("recipe", recipes().values(), ids=recipes().keys())


def two_tastes(n_users: int = 200, n_items: int = 40, each: int = 8, seed: int = 0) -> Interactions:
    """Half of the users choose only even items, the other half only odd ones."""
    rng = np.random.default_rng(seed)
    user_N = np.repeat(np.arange(n_users), each)
    item_N = rng.integers(0, n_items // 2, len(user_N)) * 2 + user_N % 2
    return taken(interactions(user_N, item_N, np.arange(len(user_N)) * 60, n_users, n_items))


def taken(events: Interactions) -> Interactions:
    """All of one type: what recipes for actions call a success."""
    return replace(events, type_N=np.zeros(len(events), np.int32))


def parity(n_items: int) -> dict[str, Categories]:
    """A column that says of every item whether it is even or odd."""
    start_I = np.arange(n_items + 1)
    return {"PARITY": Categories(["even", "odd"], start_I, (np.arange(n_items) % 2).astype(np.int32))}


def fitted(recipe: Recipe, data: TrainingData | None = None, **given: str) -> Model:
    data = data or TrainingData(two_tastes(), parity(40))
    data = replace(data, event_types=("Taken",))
    return recipe.fit(data, parse(recipe.Params, given), silent)


def history(*items: int) -> np.ndarray[Any, Any]:
    return np.array(items, np.int32)


QUERIES = [
    Query(),
    Query(history(0)),
    Query(history(3, 3, 5), 5),
    Query(history(), 7),
    Query(np.arange(40, dtype=np.int32)),
]


def through_disk(recipe: Recipe, model: Model, folder: Path) -> Model:
    """The model of a saved artifact: arrays mapped read-only, everything else through JSON."""
    none = np.zeros(0, np.int32)
    histories = Histories(np.zeros(1, np.int64), none, none, none.astype(np.bool_), [])
    save(folder / "artifact", Trained(recipe.name, model, [], [], histories, None, 0, {}))
    return load(folder / "artifact").model


@every_recipe
def test_the_same_data_give_the_same_scores(recipe: Recipe):
    first, second = fitted(recipe), fitted(recipe)
    for query in QUERIES:
        assert np.array_equal(first.scores(query), second.scores(query))


@every_recipe
@pytest.mark.parametrize(
    "data", [TrainingData(two_tastes()), TrainingData(two_tastes(1, 2, 1))], ids=["some", "one event"]
)
def test_a_model_survives_the_disk_without_pickle(recipe: Recipe, data: TrainingData, tmp_path: Path):
    model = fitted(recipe, data)
    loaded = through_disk(recipe, model, tmp_path)
    for query in (Query(), Query(history(0)), Query(history(1, 0), 1)):
        assert np.array_equal(loaded.scores(query), model.scores(query))
        assert loaded.explain(query, 1) == model.explain(query, 1)


@every_recipe
def test_every_query_is_answered_for_every_item_with_a_finite_float(recipe: Recipe):
    model = fitted(recipe)
    for query in QUERIES:
        score_I = model.scores(query)
        assert score_I.shape == (40,)
        assert score_I.dtype == np.float32
        assert np.isfinite(score_I).all()


@every_recipe
def test_asking_changes_nothing(recipe: Recipe):
    """Models are shared by threads and mapped read-only; what they hand out may be theirs, but stays as it was."""
    model = fitted(recipe)
    before = [model.scores(query).copy() for query in QUERIES]
    for query in QUERIES:
        model.explain(query, 0)
    assert all(np.array_equal(model.scores(query), scores) for query, scores in zip(QUERIES, before, strict=True))


@every_recipe
@pytest.mark.parametrize("lengths", [[1], [1, 1], [2], [1, 3], []], ids=str)
@pytest.mark.parametrize("n_items", [1, 5])
def test_very_little_data_are_enough(recipe: Recipe, lengths: list[int], n_items: int):
    user_N = np.repeat(np.arange(len(lengths)), lengths)
    events = interactions(user_N, np.arange(len(user_N)) % min(n_items, 3), user_N * 0, max(1, len(lengths)), n_items)
    model = fitted(recipe, TrainingData(events, parity(n_items)))
    for query in (Query(), Query(history(0), 0), Query(history(n_items - 1, 0), n_items - 1)):
        assert np.isfinite(model.scores(query)).all()
        assert model.explain(query, 0)


@every_recipe
def test_items_that_nobody_chose_are_scored_last_for_a_user_never_seen(recipe: Recipe):
    events = two_tastes()
    wider = taken(Interactions(events.user_N, events.item_N, events.time_s_N, events.n_users, 50))
    score_I = fitted(recipe, TrainingData(wider)).scores(Query())
    assert score_I[:40].min() > score_I[40:].max()


@every_recipe
def test_what_is_ranked_is_explained(recipe: Recipe):
    model = fitted(recipe)
    for query in QUERIES:
        for item in np.argsort(-model.scores(query))[:5].tolist():
            reasons = model.explain(query, item)
            assert reasons
            assert all(np.isfinite(share) for share in reasons.values())
            places = [int(reason.removeprefix("event ")) for reason in reasons if reason.startswith("event ")]
            assert all(0 <= place < len(query.history_L) for place in places)


@every_recipe
def test_the_planted_tastes_are_found(recipe: Recipe):
    if recipe.recipe_type == "POPULAR_ITEMS":
        pytest.skip("the same list for everybody")
    model = fitted(recipe)
    rng = np.random.default_rng(1)
    found = []
    for taste in (0, 1) * 20:
        seen = (rng.integers(0, 20, 5) * 2 + taste).astype(np.int32)
        found.extend(np.argsort(-model.scores(Query(seen, int(seen[-1]))))[:10] % 2 == taste)
    assert np.mean(found) > 0.9


@every_recipe
def test_memory_is_bounded_on_a_large_catalogue(recipe: Recipe):
    if recipe.recipe_type == "PERSONALIZED_ACTIONS":
        pytest.skip("a catalogue of actions has 1000 at most, and a larger one is refused")
    rng = np.random.default_rng(0)
    item_N = np.minimum(rng.geometric(0.0005, 40_000) - 1, 19_999)
    events = interactions(np.arange(40_000) // 10, item_N, np.arange(40_000), 4000, 20_000)
    limited = {"exact_items_max": str(ITEMS_MAX)} if hasattr(recipe.Params, "exact_items_max") else {}
    tracemalloc.start()
    model = fitted(recipe, TrainingData(events, parity(20_000)), **limited)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < PEAK_BYTES_MAX
    score_I = model.scores(Query(np.array([0, 19_999], np.int32), 0))
    assert score_I.shape == (20_000,)
    assert np.isfinite(score_I).all()


@every_recipe
def test_progress_rises_to_the_end_and_may_stop_the_work(recipe: Recipe):
    told: list[float] = []
    data = TrainingData(two_tastes(n_items=400))
    recipe.fit(data, recipe.Params(), lambda done, total, **_: told.append(done / total))
    assert told == sorted(told)
    assert told[-1] == 1

    def stop(done: float, total: float, /, **facts: float) -> None:  # noqa: ARG001
        raise InterruptedError

    with pytest.raises(InterruptedError):
        recipe.fit(data, recipe.Params(), stop)


@every_recipe
def test_parameters_are_checked_and_an_error_names_what_is_wrong(recipe: Recipe):
    with pytest.raises(ValueError, match=r"nonsense is unknown to this recipe. Known: "):
        parse(recipe.Params, {"nonsense": "1"})
    for item in fields(recipe.Params):
        limits = item.metadata["limits"]
        assert limits.effect or limits.why, f"{item.name} has no effect and does not say why"
        if not isinstance(item.default, str):
            with pytest.raises(ValueError, match=f"{item.name} is 'many'; give"):
                parse(recipe.Params, {item.name: "many"})
        for bound, step in ((limits.low, -1), (limits.high, 1)):
            if bound is not None:
                assert getattr(parse(recipe.Params, {item.name: str(bound)}), item.name) == bound
                with pytest.raises(ValueError, match=f"{item.name} is .*; give a number from"):
                    parse(recipe.Params, {item.name: str(bound + step)})
