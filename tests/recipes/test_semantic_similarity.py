"""Items whose texts mean the same; popularity and freshness beside that; new items by the same encoder."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recipes.plots import FILMS, NEW, theme
from tastemaker.data.interactions import Categories, Influence, Interactions, Query, TrainingData, interactions
from tastemaker.recipes import semantic_similarity
from tastemaker.recipes.contract import silent
from tastemaker.recipes.parts import text_vectors
from tastemaker.recipes.parts.text_vectors import KEPT_MAX, Catalogue, encoded, learned
from tastemaker.recipes.semantic_similarity import Model, SemanticSimilarity

NAMES = list(FILMS)
DAY_S = 86_400


def chosen(*users_of_item: int) -> Interactions:
    """Each item chosen by so many users, at the same time."""
    item_N = np.repeat(np.arange(len(users_of_item)), users_of_item)
    user_N = np.concatenate([np.arange(count) for count in users_of_item])
    return interactions(user_N, item_N, user_N * 0 + 1000 * DAY_S, max(users_of_item), len(users_of_item))


def films(events: Interactions | None = None, **more: Any) -> TrainingData:
    """The sixteen films; everybody chose the first one most."""
    texts = {"TITLE": [title for title, _ in FILMS.values()], "PLOT": [plot for _, plot in FILMS.values()]}
    return TrainingData(events or chosen(*range(16, 0, -1)), item_texts=texts, **more)


def fitted(data: TrainingData, width: int = 128, meaning: float = 0.5) -> Model:
    return SemanticSimilarity().fit(data, SemanticSimilarity.Params(width, meaning), silent)


def best(model: Model, item: int, influence: Influence = Influence(), k: int = 3) -> list[int]:  # noqa: B008
    score_I = model.scores(Query(item=item, influence=influence))
    return np.argsort(-score_I, kind="stable")[:k].tolist()


def test_films_of_one_theme_stand_beside_each_other():
    model = fitted(films())
    for item, name in enumerate(NAMES):
        assert theme(NAMES[best(model, item)[0]]) == theme(name), name
        assert best(model, item, k=16)[-1] == item


def test_texts_of_one_subject_are_alike_without_a_word_in_common():
    """Each text has four words of its subject; few directions tell subjects apart, many tell words apart."""
    rng = np.random.default_rng(0)
    subject_I = np.arange(400) % 8
    words = [[f"{chr(97 + subject)}{chr(97 + word)}" for word in rng.permutation(20)[:4]] for subject in subject_I]
    data = TrainingData(chosen(*[1] * 400), item_texts={"PLOT": [" ".join(each) for each in words]})
    strangers = [item for item in range(400) if not set(words[item]) & set(words[0])]
    same = [item for item in strangers if subject_I[item] == subject_I[0]]
    other = [item for item in strangers if subject_I[item] != subject_I[0]]
    narrow, wide = fitted(data, 8, 1.0).similarity(0), fitted(data, 160, 1.0).similarity(0)
    assert narrow[same].min() > 0.5 > 0.05 > np.abs(narrow[other]).max()
    assert wide[same].max() < 0.2
    assert not fitted(data, 8, 0.0).similarity(0)[strangers].any()


def test_the_words_themselves_count_by_their_cosine():
    data = TrainingData(chosen(1, 1, 1), item_texts={"PLOT": ["red ship ship", "ship", "red oven"]})
    alike_I = fitted(data, meaning=0.0).similarity(0)
    red, ship, oven = np.log(4 / 2), np.log(4 / 2), np.log(4)
    first = np.array([red, (1 + np.log(2)) * ship])
    first /= np.linalg.norm(first)
    wanted = [1.0, first[1], first[0] * red / np.hypot(red, oven)]
    assert alike_I == pytest.approx(wanted, abs=1e-6)


def test_inflections_meet_by_their_stem():
    data = TrainingData(chosen(1, 1, 1), item_texts={"PLOT": ["gardening", "gardeners", "mountains"]})
    alike_I = fitted(data).similarity(0)
    assert alike_I[1] > 0.05 > 0.001 > abs(alike_I[2])


def test_words_count_more_than_categories():
    column = Categories(["new", "old"], np.arange(4), np.array([0, 1, 0], np.int32))
    data = TrainingData(chosen(1, 1, 1), {"STATE": column}, item_texts={"NAME": ["harbour", "harbour", "mountain"]})
    assert best(fitted(data), 0)[:2] == [1, 2]


def test_what_has_no_text_follows_by_popularity_and_an_unknown_item_has_what_is_popular():
    data = replace(films(), item_texts={"PLOT": [*(plot for _, plot in list(FILMS.values())[:14]), "", ""]})
    data = replace(data, interactions=chosen(*[1] * 14, 2, 3))
    model = fitted(data)
    assert best(model, 14, k=16) == [15, *range(14), 14]
    assert best(model, 15, k=2) == [14, 0]
    assert np.argsort(-model.scores(Query()), kind="stable")[:2].tolist() == [15, 14]
    assert model.explain(Query(item=14), 15) == {"popularity": 3.0}


def test_the_words_of_an_item_say_what_made_it_alike():
    model = fitted(films())
    query = Query(item=NAMES.index("sea-1"))
    reasons = model.explain(query, NAMES.index("sea-2"))
    assert next(iter(reasons)) in ("captain", "ship", "harbour", "capta...", "harbo...")
    score = float(model.scores(query)[NAMES.index("sea-2")])
    assert sum(reasons.values()) == pytest.approx(score, abs=1e-5)


def test_reasons_sum_to_the_score_also_where_an_item_has_more_words_than_are_kept():
    long_text = " ".join(f"word{chr(97 + number // 26)}{chr(97 + number % 26)}" for number in range(3 * KEPT_MAX))
    data = TrainingData(chosen(1, 1, 1), item_texts={"PLOT": [long_text, long_text + " more", "mountain"]})
    model = fitted(data)
    reasons = model.explain(Query(item=0), 1)
    assert len(reasons) == KEPT_MAX + 1
    assert sum(reasons.values()) == pytest.approx(float(model.scores(Query(item=0))[1]), abs=1e-5)


def test_popularity_moves_what_is_alike_and_brings_in_nothing_else():
    users = np.ones(16, np.int64)
    users[[NAMES.index("sea-4"), NAMES.index("cook-4")]] = 50, 500
    model = fitted(films(chosen(*users)))
    asked = NAMES.index("sea-1")
    alike = set(np.flatnonzero(model.similarity(asked) > semantic_similarity.ALIKE_MIN)) - {asked}
    plain, popular = best(model, asked, k=16), best(model, asked, Influence(popularity=1.0), k=16)
    assert popular.index(NAMES.index("sea-4")) < plain.index(NAMES.index("sea-4"))
    assert set(popular[: len(alike)]) == set(plain[: len(alike)]) == alike
    reasons = model.explain(Query(item=asked, influence=Influence(popularity=1.0)), NAMES.index("sea-4"))
    assert reasons["popularity"] > 0 == reasons["freshness"]


def test_the_scores_under_an_influence_are_the_documented_sum():
    days = np.arange(16) * 10
    data = films(item_created_s=(days + 1) * DAY_S)
    model = fitted(data)
    asked, influence = 0, Influence(0.3, 0.7)
    found = np.flatnonzero(model.similarity(asked) > semantic_similarity.ALIKE_MIN)[1:]

    def z(value_F: np.ndarray) -> np.ndarray:
        return (value_F - value_F.mean()) / value_F.std()

    users_I = np.arange(16, 0, -1)
    wanted = z(model.similarity(asked)[found]) + 0.3 * z(np.log1p(users_I[found]))
    wanted = wanted + 0.7 * z(-np.log1p(days.max() - days[found]))
    score_I = model.scores(Query(item=asked, influence=influence))
    assert score_I[found] == pytest.approx(wanted, abs=1e-4)
    others = np.setdiff1d(np.arange(16), found)
    assert score_I[others].max() < score_I[found].min()


def test_an_item_without_a_date_came_with_its_first_interaction_or_just_now():
    events = interactions(np.array([0, 1]), np.array([0, 1]), np.array([5, 7]) * DAY_S, 2, 3)
    created_s_I = np.array([3 * DAY_S, 0, 0])
    model = fitted(TrainingData(events, item_texts={"PLOT": ["one", "two", "three"]}, item_created_s=created_s_I))
    assert model.born_s_I.tolist() == [3 * DAY_S, 7 * DAY_S, 7 * DAY_S]


def test_a_new_item_is_described_by_the_same_encoder_and_changed_texts_count():
    data = films()
    model = fitted(data)
    texts = {"TITLE": [NEW[0], *data.item_texts["TITLE"]], "PLOT": [NEW[1], *data.item_texts["PLOT"]]}
    changed = 1 + NAMES.index("cook-4")
    texts["PLOT"][changed] = "Astronauts bring a rocket to the station of a silent planet."
    grown = model.extended(
        np.arange(1, 17, dtype=np.int32), replace(data, interactions=chosen(0, *range(16, 0, -1)), item_texts=texts)
    )
    assert grown.encoder is model.encoder
    place = np.setdiff1d(np.arange(1, 17), [changed])
    assert np.array_equal(grown.vectors.vector_ID[place], model.vectors.vector_ID[place - 1])
    assert theme(NAMES[best(grown, 0)[0] - 1]) == "sea"
    assert best(grown, 1 + NAMES.index("sea-1"), k=4).count(0) == 1
    assert theme(NAMES[best(grown, changed)[0] - 1]) == "space"


def test_learning_goes_on_from_the_measured_model_without_reading_the_texts_again():
    data = films()
    measured = fitted(replace(data, interactions=chosen(*[1] * 16)))
    refitted = SemanticSimilarity().refit(measured, data, SemanticSimilarity.Params(), silent)
    whole = fitted(data)
    for query in (Query(), Query(item=3), Query(item=3, influence=Influence(1.0, 1.0))):
        assert np.array_equal(refitted.scores(query), whole.scores(query))


def test_the_directions_are_learned_from_a_sample_and_hold_for_all(monkeypatch: pytest.MonkeyPatch):
    texts = {"PLOT": [plot for _, plot in FILMS.values()] * 10}
    monkeypatch.setattr(text_vectors, "SAMPLE_MAX", 60)
    monkeypatch.setattr(text_vectors, "BLOCK", 7)
    catalogue = Catalogue(texts, {}, 160)
    encoder = learned(catalogue, 16, 0, silent)
    vectors = encoded(encoder, catalogue, silent)
    length_I = np.linalg.norm(vectors.vector_ID, axis=1)
    assert encoder.axis_TD.shape[1] <= 16
    assert length_I == pytest.approx(np.ones(160), abs=1e-5)
    assert np.array_equal(vectors.vector_ID[:16], vectors.vector_ID[144:])


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch):
    whole = fitted(films())
    monkeypatch.setattr(text_vectors, "BLOCK", 3)
    assert fitted(films()).vectors.vector_ID @ whole.vectors.vector_ID[0] == pytest.approx(
        whole.similarity(0), abs=1e-4
    )


def test_too_many_items_are_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(semantic_similarity, "ITEMS_MAX", 10)
    with pytest.raises(ValueError, match=r"16 items, and aws-semantic-similarity compares 10 at most\. Import"):
        fitted(films())
