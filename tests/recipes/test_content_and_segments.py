"""Items by what they are, and what is popular with people like the one who asks."""

import numpy as np
import pytest

from tastemaker.data.interactions import Categories, Query, TrainingData, interactions
from tastemaker.recipes.content_based import ContentBased
from tastemaker.recipes.contract import silent
from tastemaker.recipes.popular_in_segment import PopularInSegment
from tastemaker.recipes.popularity_count import PopularityCount

GENRES = {"GENRES": Categories(["comedy", "crime"], np.array([0, 1, 2, 3, 4, 5]), np.array([0, 0, 1, 1, 0], np.int32))}
TITLES = {"TITLE": ["Winter Harbour", "Golden Garden", "Harbour Signal", "Paper Garden", ""]}
# Everybody chose 3; nobody chose 4.
EVENTS = interactions(np.array([0, 0, 1, 1, 2]), np.array([3, 0, 3, 1, 3]), np.arange(5), 3, 5)
DATA = TrainingData(EVENTS, GENRES, item_texts=TITLES)


def best(score_I: np.ndarray) -> list[int]:
    return np.argsort(-score_I, kind="stable").tolist()


def test_items_of_the_same_kind_come_first_and_new_ones_among_them():
    model = ContentBased().fit(DATA, ContentBased.Params(popularity=0.0), silent)
    score_I = model.scores(Query(np.array([0], np.int32)))
    assert best(score_I)[0] == 0
    assert score_I[4] > score_I[3]  # a comedy that nobody chose, and a film that everybody did
    assert score_I[2] > score_I[3] == 0  # of another genre, with a word in common, and without


def test_popularity_decides_among_what_is_equally_alike():
    model = ContentBased().fit(TrainingData(EVENTS, GENRES), ContentBased.Params(popularity=0.1), silent)
    assert best(model.scores(Query(np.array([2], np.int32))))[:2] == [3, 2]


def test_the_newest_event_weighs_most():
    model = ContentBased().fit(TrainingData(EVENTS, GENRES), ContentBased.Params(decay=0.5, popularity=0.0), silent)
    score_I = model.scores(Query(np.array([0, 2], np.int32)))
    assert score_I[3] == pytest.approx(2 * score_I[1])


def test_events_are_one_way_to_see_the_score_and_values_another():
    model = ContentBased().fit(DATA, ContentBased.Params(), silent)
    query = Query(np.array([1, 0], np.int32))
    for item, score in enumerate(model.scores(query)):
        reasons = model.explain(query, item)
        popularity = reasons.pop("popularity")
        by_event = sum(share for reason, share in reasons.items() if reason.startswith("event "))
        assert by_event + popularity == pytest.approx(score, abs=1e-5)
        assert sum(reasons.values()) - by_event + popularity == pytest.approx(score, abs=1e-5)
    assert set(model.explain(Query(np.array([0], np.int32)), 2)) == {"event 0", "TITLE: harbour", "popularity"}


def test_a_history_of_items_without_a_description_gets_what_is_popular():
    bare = TrainingData(EVENTS, item_texts={"TITLE": [*TITLES["TITLE"][:4], ""]})
    model = ContentBased().fit(bare, ContentBased.Params(), silent)
    for query in (Query(), Query(np.array([4], np.int32))):
        assert best(model.scores(query))[0] == 3
        assert set(model.explain(query, 3)) == {"popularity"}


def segmented(n_users: int = 60) -> TrainingData:
    """In zip code 55414 people choose the items 0 to 4, in 90210 5 to 9; 1 user in 10 does not tell."""
    rng = np.random.default_rng(0)
    user_N = np.repeat(np.arange(n_users), 4)
    item_N = rng.integers(0, 5, len(user_N)) + user_N % 2 * 5
    tells_U = np.arange(n_users) % 10 != 0
    start_U = np.concatenate([[0], np.cumsum(tells_U)])
    zip_code = Categories(["55414", "90210"], start_U, (np.arange(n_users)[tells_U] % 2).astype(np.int32))
    events = interactions(user_N, item_N, np.arange(len(user_N)), n_users, 10)
    age = Categories(["old"], np.zeros(n_users + 1, np.int64), np.zeros(0, np.int32))
    return TrainingData(events, user_categories={"AGE_GROUP": age, "ZIP_CODE": zip_code})


PARAMS = PopularInSegment.Params(segment_column="ZIP_CODE", prior=10.0)


def test_the_list_is_that_of_the_zip_code():
    data = segmented()
    model = PopularInSegment().fit(data, PARAMS, silent)
    popular = PopularityCount().fit(data, PopularityCount.Params(), silent)
    assert model.about_columns == ("USERS.ZIP_CODE",)
    for code, items in (("55414", set(range(5))), ("90210", set(range(5, 10)))):
        query = Query(about={"USERS.ZIP_CODE": (code,)})
        assert set(best(model.scores(query))[:5]) == items
        assert set(best(popular.scores(query))[:5]) != items


def test_shares_are_counted_by_users_and_drawn_towards_everybody():
    events = interactions(np.array([0, 0, 1, 2]), np.array([0, 0, 1, 1]), np.arange(4), 3, 2)
    code = Categories(["a", "b"], np.arange(4), np.array([0, 0, 1], np.int32))
    data = TrainingData(events, user_categories={"CODE": code})
    model = PopularInSegment().fit(data, PopularInSegment.Params(segment_column="code", prior=3.0), silent)
    assert model.scores(Query(about={"USERS.CODE": ("a",)})) == pytest.approx([(1 + 1) / 5, (1 + 2) / 5])
    both = Query(about={"USERS.CODE": ("a", "b")})
    assert model.scores(both) == pytest.approx([(1 + 1) / 6, (2 + 2) / 6])
    assert model.explain(both, 1) == pytest.approx({"USERS.CODE: a, b": 2 / 6, "popularity": 2 / 6})


def test_where_the_attribute_is_unknown_everybody_counts():
    model = PopularInSegment().fit(segmented(), PARAMS, silent)
    share_I = model.scores(Query())
    assert share_I == pytest.approx(model.scores(Query(about={"USERS.ZIP_CODE": ("10115",)})))
    assert share_I.sum() > 1  # shares of users, who choose several items each
    assert model.explain(Query(), 3) == pytest.approx({"popularity": share_I[3]})


def test_a_column_that_users_do_not_have_is_an_error_that_names_those_there_are():
    with pytest.raises(ValueError, match=r"'POSTCODE'.*they have AGE_GROUP, ZIP_CODE"):
        PopularInSegment().fit(segmented(), PopularInSegment.Params(segment_column="POSTCODE"), silent)


def test_without_a_name_the_first_column_is_taken():
    assert PopularInSegment().fit(segmented(), PopularInSegment.Params(), silent).about_columns == ("USERS.AGE_GROUP",)
