"""Which events and columns count, for arrays and for a single streamed event alike."""

import numpy as np
import pytest

from tastemaker.data.selection import selection

TYPES = ["Watch", "click", ""]
TYPE = np.array([0, 0, 1, 1, 2], np.int32)
VALUE = np.array([3.0, np.nan, 5.0, 0.5, np.nan], np.float32)

CHOICES = {
    "everything": ({}, [1, 1, 1, 1, 1]),
    "a type": ({"eventType": "WATCH"}, [1, 1, 0, 0, 0]),
    "a threshold": ({"solutionConfig": {"eventValueThreshold": "3"}}, [1, 0, 1, 0, 0]),
    "both": ({"eventType": "click", "solutionConfig": {"eventValueThreshold": "1"}}, [0, 0, 1, 0, 0]),
    "weights": (
        {
            "solutionConfig": {
                "eventsConfig": {
                    "eventParametersList": [
                        {"eventType": "watch", "weight": 0.5},
                        {"eventType": "Click", "weight": 0.1, "eventValueThreshold": 1.0},
                    ]
                }
            }
        },
        [0.5, 0.5, 0.1, 0, 0],
    ),
}


@pytest.mark.parametrize(("body", "weights"), CHOICES.values(), ids=CHOICES)
def test_arrays_and_single_events_are_weighed_alike(body: dict[str, object], weights: list[float]) -> None:
    chosen = selection(body)
    assert chosen.weights(TYPES, TYPE, VALUE).tolist() == pytest.approx(weights)
    single = [
        chosen.weight(TYPES[kind], None if np.isnan(value) else float(value))
        for kind, value in zip(TYPE, VALUE, strict=True)
    ]
    assert single == pytest.approx(weights)


def test_columns_are_left_out_included_alone_or_unknown_when_the_solution_was_made() -> None:
    assert selection({}).learns_from("ITEMS", "GENRES")
    config = {"trainingDataConfig": {"excludedDatasetColumns": {"Items": ["genres"]}}}
    assert not selection({"solutionConfig": config}).learns_from("ITEMS", "GENRES")
    config = {"trainingDataConfig": {"includedDatasetColumns": {"ITEMS": ["MOOD"]}}}
    assert not selection({"solutionConfig": config}).learns_from("ITEMS", "GENRES")
    known = {"knownColumns": {"ITEMS": ["ITEM_ID", "GENRES"]}}
    assert selection(known).learns_from("ITEMS", "GENRES")
    assert not selection(known).learns_from("ITEMS", "MOOD")  # it came later
    assert selection({**known, "solutionConfig": config}).learns_from("ITEMS", "MOOD")  # and was included then
