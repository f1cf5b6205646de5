"""Court booking: 300 members, 3,000 bookings, one type of event. Small data train, and beat what is popular."""

import numpy as np
import pytest

from tastemaker.data.interactions import Categories, TrainingData, interactions
from tastemaker.data.splits import by_users
from tastemaker.metrics.report import report
from tastemaker.recipes.catalogue import recipes
from tastemaker.recipes.contract import parse, silent

MEMBERS, BOOKINGS_EACH, COURTS, HOURS = 300, 10, 8, 12
NDCG = "normalized_discounted_cumulative_gain_at_10"


@pytest.fixture(scope="module")
def bookings() -> TrainingData:
    """An item is a court at an hour. Members have a court and an hour they like, and mostly come back to both."""
    rng = np.random.default_rng(0)
    court_U, hour_U = rng.integers(0, COURTS, MEMBERS), rng.integers(0, HOURS, MEMBERS)
    user_N = np.repeat(np.arange(MEMBERS), BOOKINGS_EACH)
    stays_N = rng.random((2, len(user_N))) < 0.6
    court_N = np.where(stays_N[0], court_U[user_N], rng.integers(0, COURTS, len(user_N)))
    hour_N = np.where(stays_N[1], hour_U[user_N], rng.integers(0, HOURS, len(user_N)))
    item_N, n_items = court_N * HOURS + hour_N, COURTS * HOURS
    start_I = np.arange(n_items + 1)
    return TrainingData(
        interactions(user_N, item_N, np.arange(len(user_N)) * 3600, MEMBERS, n_items),
        {
            "COURT": Categories([f"court {n}" for n in range(COURTS)], start_I, np.repeat(np.arange(COURTS), HOURS)),
            "HOUR": Categories([f"{n + 8}:00" for n in range(HOURS)], start_I, np.tile(np.arange(HOURS), COURTS)),
        },
    )


@pytest.mark.parametrize(
    ("name", "times"),
    [("aws-user-personalization", 2), ("aws-user-personalization-v2", 2), ("aws-similar-items", 1.5)],
)
def test_three_thousand_bookings_are_enough_to_beat_popularity_by_far(bookings: TrainingData, name: str, times: float):
    gains = {}
    for each in (name, "aws-popularity-count"):
        found = []
        for seed in range(3):
            split = by_users(bookings.interactions, seed=seed).knowing(bookings)
            data = TrainingData(split.train, bookings.item_categories)
            recipe = recipes()[each]
            model = recipe.fit(data, parse(recipe.Params, {}), silent)
            found.append(report(model, split.queries, split.truths, COURTS * HOURS)[NDCG])
        gains[each] = np.mean(found)
    assert gains[name] > times * gains["aws-popularity-count"]
