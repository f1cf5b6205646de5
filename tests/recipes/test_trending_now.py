"""What grew comes first, by the numbers of two intervals that can be counted by hand."""

import numpy as np
import pytest

from tastemaker.data.interactions import Query, TrainingData, interactions
from tastemaker.recipes.contract import Refreshing, parse, silent
from tastemaker.recipes.trending_now import Model, TrendingNow

HOUR_S = 3600


def model_of(counts: dict[int, list[int]], frequency: str = "1 hour", n_items: int = 5) -> Model:
    """counts: item -> its events in the newest hour, in the one before, ...; each event of another user."""
    hours = [(item, hour) for item, row in counts.items() for hour, count in enumerate(row) for _ in range(count)]
    item_N = np.array([item for item, _ in hours], np.int32)
    time_s_N = 1_000_000_000 - HOUR_S * np.array([hour for _, hour in hours], np.int64)
    events = interactions(np.arange(len(hours), dtype=np.int32), item_N, time_s_N, len(hours), n_items)
    params = parse(TrendingNow.Params, {"trend_discovery_frequency": frequency})
    return TrendingNow().fit(TrainingData(events), params, silent)


def order(model: Model) -> list[int]:
    """Items, best first."""
    return np.argsort(-model.scores(Query()), kind="stable").tolist()


def test_growth_and_not_totals_decides() -> None:
    model = model_of({0: [50, 60], 1: [9, 2], 2: [4, 0], 3: [0, 0, 100]})
    assert model.growth_I.tolist()[:4] == [-10, 7, 4, 0]
    assert order(model) == [1, 2, 3, 0, 4]  # what nobody ever chose is last


def test_items_without_events_in_two_intervals_come_by_popularity() -> None:
    model = model_of({0: [1], 1: [0, 0, 3], 2: [0, 0, 0, 9], 3: [0, 0, 5]})
    assert order(model) == [0, 2, 3, 1, 4]


def test_a_longer_interval_sees_another_trend() -> None:
    rows = {0: [3, 0, 0, 9, 9, 9], 1: [1, 4, 4, 0, 0, 0]}
    assert order(model_of(rows, "1 hour"))[0] == 0
    assert order(model_of(rows, "3 hours"))[0] == 1


def test_a_refreshed_model_knows_new_items_and_the_trends_of_now() -> None:
    old = model_of({0: [5], 1: [0, 2]}, n_items=2)
    hours = interactions(
        np.arange(4, dtype=np.int32), np.array([1, 1, 1, 2], np.int32), np.full(4, 2_000_000_000), 4, 3
    )
    new = old.extended(np.arange(2, dtype=np.int32), TrainingData(hours))
    assert order(new) == [1, 2, 0]
    assert new.interval_s == HOUR_S


@pytest.mark.parametrize(("frequency", "refresh_s"), [("30 minutes", 1800), ("1 day", 86_400)])
def test_it_wants_to_be_refreshed_once_in_an_interval(frequency: str, refresh_s: float) -> None:
    recipe = TrendingNow()
    assert isinstance(recipe, Refreshing)
    assert recipe.refresh_s(recipe.Params(frequency)) == refresh_s
