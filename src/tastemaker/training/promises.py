"""What every recipe promises, as checks that the author of one can run: each raises AssertionError where it is broken.

    from tastemaker.training.promises import PROMISES

    @pytest.mark.parametrize("promise", PROMISES)
    def test_the_recipe_keeps_its_promises(promise):
        promise(MyRecipe())

Our own recipes are held to the same list.
"""

import tempfile
import tracemalloc
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import numpy as np

from tastemaker.data.interactions import Categories, Interactions, Ints, Query, TrainingData, interactions
from tastemaker.recipes.contract import Model, Recipe, ScoresSome, parse, silent
from tastemaker.storage.trained import Histories, Trained, load, save

MODELLED_MAX = 500  # items of the large catalogue, for recipes whose memory grows with the square of what they model
PEAK_BYTES_MAX = 200 << 20
PERSONAL_SHARE_MIN = 0.9  # of a list that must be of the taste that the history shows

Promise = Callable[[Recipe], None]


def history(*items: int) -> Ints:
    """A history of these items, oldest first."""
    return np.array(items, np.int32)


QUERIES = (
    Query(),
    Query(history(0)),
    Query(history(3, 3, 5), 5),
    Query(history(), 7),
    Query(np.arange(40, dtype=np.int32)),
)


def two_tastes(n_users: int = 200, n_items: int = 40, each: int = 8, seed: int = 0) -> Interactions:
    """Half of the users choose only even items, the other half only odd ones."""
    rng = np.random.default_rng(seed)
    user_N = np.repeat(np.arange(n_users, dtype=np.int32), each)
    item_N = (rng.integers(0, n_items // 2, len(user_N)) * 2 + user_N % 2).astype(np.int32)
    return taken(interactions(user_N, item_N, np.arange(len(user_N)) * 60, n_users, n_items))


def taken(events: Interactions) -> Interactions:
    """All of one type: what recipes for actions call a success."""
    return replace(events, type_N=np.zeros(len(events), np.int32))


def parity(n_items: int) -> dict[str, Categories]:
    """A column that says of every item whether it is even or odd."""
    start_I = np.arange(n_items + 1)
    return {"PARITY": Categories(["even", "odd"], start_I, (np.arange(n_items) % 2).astype(np.int32))}


def fitted(recipe: Recipe, data: TrainingData | None = None, **given: str) -> Model:
    """The recipe's model of these data, or of two tastes."""
    data = replace(data or TrainingData(two_tastes(), parity(40)), event_types=("Taken",))
    return recipe.fit(data, parse(recipe.Params, given), silent)


def the_same_data_give_the_same_scores(recipe: Recipe) -> None:
    """Chance depends on the seed of the data alone."""
    first, second = fitted(recipe), fitted(recipe)
    for query in QUERIES:
        assert np.array_equal(first.scores(query), second.scores(query)), f"{query} has two answers"


def a_model_survives_the_disk_without_pickle(recipe: Recipe) -> None:
    """A model is arrays and plain numbers, and answers as before when it is mapped from disk."""
    for data in (TrainingData(two_tastes()), TrainingData(two_tastes(1, 2, 1))):
        model = fitted(recipe, data)
        with tempfile.TemporaryDirectory() as folder:
            loaded = _through_disk(recipe, model, Path(folder) / "artifact")
            for query in (Query(), Query(history(0)), Query(history(1, 0), 1)):
                assert np.array_equal(loaded.scores(query), model.scores(query)), f"{query} has another answer"
                assert loaded.explain(query, 1) == model.explain(query, 1), f"{query} has another reason"


def every_query_is_answered_for_every_item_with_a_finite_float(recipe: Recipe) -> None:
    """Users and items never seen, repeated events, long histories."""
    model = fitted(recipe)
    for query in QUERIES:
        score_I = model.scores(query)
        assert score_I.shape == (40,), f"{score_I.shape} scores for 40 items"
        assert score_I.dtype == np.float32, f"scores are {score_I.dtype}, not float32"
        assert np.isfinite(score_I).all(), f"{query} has scores that are no numbers"


def asking_changes_nothing(recipe: Recipe) -> None:
    """Models are shared by threads and mapped read-only; what they hand out may be theirs, but stays as it was."""
    model = fitted(recipe)
    before = [model.scores(query).copy() for query in QUERIES]
    for query in QUERIES:
        model.explain(query, 0)
    for query, scores in zip(QUERIES, before, strict=True):
        assert np.array_equal(model.scores(query), scores), f"{query} has another answer when it is asked again"


def very_little_data_are_enough(recipe: Recipe) -> None:
    """No event, one event, one item: there is a model, and it answers."""
    for lengths in ([1], [1, 1], [2], [1, 3], []):
        for n_items in (1, 5):
            user_N = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
            item_N = np.arange(len(user_N), dtype=np.int32) % min(n_items, 3)
            time_s_N = np.zeros(len(user_N), np.int64)
            events = interactions(user_N, item_N, time_s_N, max(1, len(lengths)), n_items)
            model = fitted(recipe, TrainingData(events, parity(n_items)))
            for query in (Query(), Query(history(0), 0), Query(history(n_items - 1, 0), n_items - 1)):
                assert np.isfinite(model.scores(query)).all(), f"histories of {lengths} events: no number"
                assert model.explain(query, 0), f"histories of {lengths} events: no reason"


def items_that_nobody_chose_are_scored_last_for_a_user_never_seen(recipe: Recipe) -> None:
    """Where nothing else is known of them."""
    events = two_tastes()
    wider = taken(Interactions(events.user_N, events.item_N, events.time_s_N, events.n_users, 50))
    score_I = fitted(recipe, TrainingData(wider)).scores(Query())
    assert score_I[:40].min() > score_I[40:].max()


def some_scores_are_those_of_all(recipe: Recipe) -> None:
    """Of a model that scores some items for less than all."""
    model = fitted(recipe)
    if not isinstance(model, ScoresSome):
        return
    item_A = np.array([7, 0, 39, 7], np.int32)
    for query in QUERIES:
        score_I = model.scores(query)
        assert np.allclose(model.scores_of(query, item_A), score_I[item_A], rtol=1e-4, atol=1e-5)


def what_is_ranked_is_explained(recipe: Recipe) -> None:
    """Every item of a list has finite reasons; "event 3" is a place in the history."""
    model = fitted(recipe)
    for query in QUERIES:
        for item in np.argsort(-model.scores(query))[:5].tolist():
            reasons = model.explain(query, item)
            assert reasons, f"item {item} has no reason"
            assert all(np.isfinite(share) for share in reasons.values()), f"{reasons} are not all numbers"
            places = [int(reason.removeprefix("event ")) for reason in reasons if reason.startswith("event ")]
            assert all(0 <= place < len(query.history_L) for place in places), f"{reasons} names events there are not"


def the_planted_tastes_are_found(recipe: Recipe) -> None:
    """Who chose even items gets even items; the same list for everybody is excused."""
    if recipe.recipe_type == "POPULAR_ITEMS":
        return
    model = fitted(recipe)
    rng = np.random.default_rng(1)
    found: list[bool] = []
    for taste in (0, 1) * 20:
        seen = (rng.integers(0, 20, 5) * 2 + taste).astype(np.int32)
        found.extend(np.argsort(-model.scores(Query(seen, int(seen[-1]))))[:10] % 2 == taste)
    assert np.mean(found) > PERSONAL_SHARE_MIN, f"only {np.mean(found):.0%} of the lists are of the user's taste"


def memory_is_bounded_on_a_large_catalogue(recipe: Recipe) -> None:
    """20,000 items and 40,000 events; catalogues of actions have 1000 at most, and are excused."""
    if recipe.recipe_type == "PERSONALIZED_ACTIONS":
        return
    rng = np.random.default_rng(0)
    item_N = np.minimum(rng.geometric(0.0005, 40_000) - 1, 19_999).astype(np.int32)
    user_N = np.arange(40_000, dtype=np.int32) // 10
    events = interactions(user_N, item_N, np.arange(40_000), 4000, 20_000)
    limited = {"exact_items_max": str(MODELLED_MAX)} if hasattr(recipe.Params, "exact_items_max") else {}
    tracemalloc.start()
    try:
        model = fitted(recipe, TrainingData(events, parity(20_000)), **limited)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < PEAK_BYTES_MAX, f"the training took {peak_bytes >> 20} MB, and may take {PEAK_BYTES_MAX >> 20}"
    score_I = model.scores(Query(np.array([0, 19_999], np.int32), 0))
    assert score_I.shape == (20_000,)
    assert np.isfinite(score_I).all()


def progress_rises_to_the_end_and_may_stop_the_work(recipe: Recipe) -> None:
    """What is told never falls, ends with all, and what `progress` raises passes through."""
    told: list[float] = []
    data = TrainingData(two_tastes(n_items=400))

    def watch(done: float, total: float, /, **_: float) -> None:
        told.append(done / total)

    recipe.fit(data, recipe.Params(), watch)
    assert told == sorted(told), "progress went back"
    assert told[-1] == 1, f"progress ended at {told[-1]:.0%}"

    def stop(done: float, total: float, /, **facts: float) -> None:
        raise InterruptedError(done, total, facts)

    try:
        recipe.fit(data, recipe.Params(), stop)
    except InterruptedError:
        return
    raise AssertionError("the work went on after progress raised")


def parameters_are_checked_and_an_error_names_what_is_wrong(recipe: Recipe) -> None:
    """Limits hold at both ends, and a parameter without effect says why."""
    assert "nonsense is unknown to this recipe. Known: " in _refused(recipe, "nonsense", "1")
    for item in fields(recipe.Params):
        limits = item.metadata["limits"]
        assert limits.effect or limits.why, f"{item.name} has no effect and does not say why"
        if not isinstance(item.default, str):
            assert f"{item.name} is 'many'; give" in _refused(recipe, item.name, "many")
        for bound, step in ((limits.low, -1), (limits.high, 1)):
            if bound is not None:
                assert getattr(parse(recipe.Params, {item.name: str(bound)}), item.name) == bound
                assert "; give a number from" in _refused(recipe, item.name, str(bound + step))


PROMISES: tuple[Promise, ...] = (
    the_same_data_give_the_same_scores,
    a_model_survives_the_disk_without_pickle,
    every_query_is_answered_for_every_item_with_a_finite_float,
    asking_changes_nothing,
    very_little_data_are_enough,
    items_that_nobody_chose_are_scored_last_for_a_user_never_seen,
    some_scores_are_those_of_all,
    what_is_ranked_is_explained,
    the_planted_tastes_are_found,
    memory_is_bounded_on_a_large_catalogue,
    progress_rises_to_the_end_and_may_stop_the_work,
    parameters_are_checked_and_an_error_names_what_is_wrong,
)


def _through_disk(recipe: Recipe, model: Model, place: Path) -> Model:
    none = np.zeros(0, np.int32)
    histories = Histories(np.zeros(1, np.int64), none, none, none.astype(np.bool_), [])
    save(place, Trained(recipe.name, model, [], [], histories, None, 0, {}))
    return load(place).model


def _refused(recipe: Recipe, name: str, text: str) -> str:
    """Why a value is refused. Raises AssertionError if it is not."""
    try:
        parse(recipe.Params, {name: text})
    except ValueError as error:
        return str(error)
    raise AssertionError(f"{name} may be {text!r}")
