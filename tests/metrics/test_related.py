"""Lists of related items: popularity, freshness and likeness, by hand."""

import numpy as np
import pytest

from tastemaker.metrics.beyond_accuracy import Popularity
from tastemaker.metrics.related import freshness, related_measures, similarity

LIKE = np.array([[1.0, 0.5, 0.1], [0.5, 1.0, 0.3], [0.1, 0.3, 1.0]], np.float32)
LISTS = [np.array([1, 2], np.int32), np.array([0, 1], np.int32)]
KNOWN = Popularity(np.array([4, 2, 1]), 4)


def test_likeness_leaves_the_asked_item_out():
    assert similarity(LISTS, [0, 0], lambda item: LIKE[item]) == pytest.approx([0.3, 0.5])
    assert np.isnan(similarity([np.array([0])], [0], lambda item: LIKE[item])[0])


def test_freshness_is_the_share_of_older_items_and_equals_count_half():
    created_s_I = np.array([10, 20, 30, 40, 0])
    lists = [np.array([3]), np.array([0]), np.arange(5), np.array([4])]
    assert freshness(lists, created_s_I)[:3] == pytest.approx([3.5 / 4, 0.5 / 4, 0.5])
    assert np.isnan(freshness(lists, created_s_I)[3])
    assert freshness([np.array([1])], np.array([7, 7, 7])) == pytest.approx([0.5])


def test_means_over_lists_have_the_keys_of_the_service():
    found = related_measures(LISTS, [0, 0], KNOWN, np.array([1, 2, 3]), lambda item: LIKE[item])
    assert found == pytest.approx({"item_popularity": 0.5625, "item_freshness": 0.5, "item_similarity": 0.4}, abs=0.1)
    assert found["item_popularity"] == pytest.approx(((2 + 1) / 8 + (4 + 2) / 8) / 2)
    undated = related_measures(LISTS, [0, 0], KNOWN, None, lambda item: LIKE[item])
    assert set(undated) == {"item_popularity", "item_similarity"}
