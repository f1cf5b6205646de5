"""Related items: counts by hand, the discount of popularity, the documented filters, and neighbours for new items."""

import numpy as np
import pytest

from tastemaker.data.interactions import Categories, Floats, Interactions, Ints, Query, TrainingData, interactions
from tastemaker.recipes.contract import parse, silent
from tastemaker.recipes.parts.lengths import within_percentiles
from tastemaker.recipes.parts.neighbours import best
from tastemaker.recipes.similar_items import SimilarItems
from tastemaker.recipes.sims import Sims

OPEN = {
    "min_cointeraction_count": "1",
    "min_user_history_length_percentile": "0",
    "max_user_history_length_percentile": "1",
    "min_item_interaction_count_percentile": "0",
    "max_item_interaction_count_percentile": "1",
}


def events_of(histories: list[list[int]], n_items: int) -> Interactions:
    user_N = np.repeat(np.arange(len(histories)), [len(history) for history in histories])
    return interactions(user_N, np.concatenate(histories), np.arange(len(user_N)), len(histories), n_items)


EVENTS = events_of([[0, 1, 0], [0, 1], [0, 2], [0], [2, 3], [0, 4]], 6)  # item 0 is popular


def test_shared_users_are_counted_once_each_and_explained():
    model = Sims().fit(TrainingData(EVENTS), parse(Sims.Params, OPEN), silent)
    assert model.explain(Query(item=0), 1) == {"users who chose both": 2}
    assert model.explain(Query(item=1), 3) == {"popularity": 1}


@pytest.mark.parametrize(("discount", "similarity"), [("0", 2 / 5), ("0.5", 2 / np.sqrt(5 * 2)), ("1", 2 / 2)])
def test_the_discount_leads_from_the_share_of_users_over_the_cosine_to_correlation(discount: str, similarity: float):
    params = parse(Sims.Params, OPEN | {"popularity_discount_factor": discount})
    score_I = Sims().fit(TrainingData(EVENTS), params, silent).scores(Query(item=0))
    assert score_I[1] == pytest.approx(similarity)


def test_the_item_asked_about_comes_last_and_what_is_no_neighbour_by_popularity_before_it():
    model = Sims().fit(TrainingData(EVENTS), parse(Sims.Params, OPEN), silent)
    assert np.argsort(-model.scores(Query(item=3)), kind="stable").tolist() == [2, 0, 1, 4, 5, 3]
    assert np.argsort(-model.scores(Query(item=5)), kind="stable").tolist()[0] == 0
    assert np.argsort(-model.scores(Query()), kind="stable").tolist() == [0, 1, 2, 3, 4, 5]


def test_too_few_shared_users_are_no_neighbourhood():
    model = Sims().fit(TrainingData(EVENTS), parse(Sims.Params, OPEN | {"min_cointeraction_count": "2"}), silent)
    assert model.explain(Query(item=0), 4) == {"popularity": 1}
    assert model.explain(Query(item=0), 1) == {"users who chose both": 2}


def test_users_and_rare_items_beyond_the_percentiles_are_left_out():
    rare_out = parse(Sims.Params, OPEN | {"min_item_interaction_count_percentile": "0.5"})
    model = Sims().fit(TrainingData(EVENTS), rare_out, silent)
    assert model.explain(Query(item=0), 4) == {"popularity": 1}
    long_out = parse(Sims.Params, OPEN | {"max_user_history_length_percentile": "0.8"})
    model = Sims().fit(TrainingData(EVENTS), long_out, silent)
    assert model.explain(Query(item=0), 1) == {"users who chose both": 1}


def test_the_most_popular_item_has_neighbours_at_the_documented_defaults():
    model = Sims().fit(TrainingData(EVENTS), parse(Sims.Params, {"min_cointeraction_count": "1"}), silent)
    assert model.explain(Query(item=0), 1) == {"users who chose both": 2}


def test_percentiles_are_of_those_that_have_anything_and_both_ends_belong():
    count_X = np.array([0, 1, 2, 3, 4, 0])
    assert within_percentiles(count_X, 0.0, 1.0).tolist() == [False, True, True, True, True, False]
    assert within_percentiles(count_X, 0.3, 0.7).tolist() == [False, False, True, True, False, False]
    assert within_percentiles(count_X, 0.7, 0.3).sum() == 4
    assert within_percentiles(count_X[:1], 0.0, 1.0).tolist() == [False]


@pytest.mark.parametrize("seed", range(20))
def test_the_best_neighbours_are_those_that_sorting_all_pairs_would_find(seed: int):
    rng = np.random.default_rng(seed)
    pair_P = rng.permutation(40 * 60)[:1500]  # of 40 items some have many more neighbours than are kept, some fewer
    pair_P = pair_P[rng.random(len(pair_P)) < (pair_P // 60) / 40]
    source_P, target_P = np.divmod(pair_P[np.argsort(pair_P // 60, kind="stable")].astype(np.int32), np.int32(60))
    shared_P = rng.integers(1, 4, len(source_P)).astype(np.float32)
    similarity_P = (rng.integers(1, 4, len(source_P)) / 4).astype(np.float32)  # few values, so that most are equal
    for kept_max in (1, 2, 7, 20, 1000):
        found = best(source_P, target_P, shared_P, similarity_P, kept_max)
        expected = best_of_sorted(source_P, target_P, shared_P, similarity_P, kept_max)
        for found_V, expected_V in zip(found, expected, strict=True):
            np.testing.assert_array_equal(found_V, expected_V)
            assert found_V.dtype == expected_V.dtype


def best_of_sorted(
    source_P: Ints, target_P: Ints, shared_P: Floats, similarity_P: Floats, kept_max: int
) -> tuple[Ints, Ints, Floats, Floats]:
    """What `best` gives, by sorting all pairs."""
    order_P = np.lexsort((target_P, -shared_P, -similarity_P, source_P))
    source_P = source_P[order_P]
    is_kept_P = np.arange(len(source_P)) - np.searchsorted(source_P, source_P) < kept_max
    order_P = order_P[is_kept_P]
    return source_P[is_kept_P], target_P[order_P], shared_P[order_P], similarity_P[order_P]


def test_without_a_pair_there_are_no_neighbours():
    none_P, nothing_P = np.zeros(0, np.int32), np.zeros(0, np.float32)
    assert [len(found_V) for found_V in best(none_P, none_P, nothing_P, nothing_P, 5)] == [0, 0, 0, 0]


GENRES = {  # item 5, which nobody chose, is a comedy like 3; item 4 is of both genres
    "GENRE": Categories(["drama", "comedy"], np.array([0, 1, 2, 3, 4, 6, 7]), np.array([0, 0, 0, 1, 0, 1, 1], np.int32))
}


def test_an_item_that_nobody_chose_has_neighbours_by_metadata():
    model = SimilarItems().fit(TrainingData(EVENTS, GENRES), SimilarItems.Params(), silent)
    assert np.argsort(-model.scores(Query(item=5)), kind="stable").tolist()[:2] == [3, 4]
    assert model.explain(Query(item=5), 3) == {"shared metadata values": 1}
    assert model.explain(Query(item=5), 0) == {"popularity": 5}


def test_a_new_item_is_a_neighbour_of_known_ones_and_shared_users_count_more_the_more_there_are():
    histories = [[0, 1]] * 50 + [[2]] * 50
    model = SimilarItems().fit(TrainingData(events_of(histories, 6), GENRES), SimilarItems.Params(), silent)
    score_I = model.scores(Query(item=0))
    assert score_I[1] > score_I[2] > 0  # the same genre, and as many users, but none shared
    assert model.scores(Query(item=3))[5] == pytest.approx(1)


def test_without_metadata_or_users_popular_items_are_the_answer():
    model = SimilarItems().fit(TrainingData(EVENTS), SimilarItems.Params(), silent)
    assert np.argsort(-model.scores(Query(item=5)), kind="stable").tolist()[0] == 0


def test_a_new_item_is_beside_those_whose_texts_have_its_words():
    events = interactions(np.arange(4), np.array([0, 0, 1, 1]), np.arange(4), 4, 4)
    texts = {"DESCRIPTION": ["sails and harbours", "gardens and roses", "a harbour with sails", "roses in gardens"]}
    model = SimilarItems().fit(TrainingData(events, item_texts=texts), SimilarItems.Params(), silent)
    assert np.argsort(-model.scores(Query(item=2)))[0] == 0
    assert np.argsort(-model.scores(Query(item=3)))[0] == 1
    assert model.explain(Query(item=3), 1)["shared metadata values"] == 2
