"""Impressions of bulk data and of streamed events count alike."""

import polars as pl

from tastemaker.data.exposure import Exposure
from tastemaker.data.schemas import Column, Schema
from tastemaker.data.selection import Kept, Selection
from tastemaker.storage.events import Response
from tastemaker.training.exposures import exposure_of, of_bulk, of_streamed

ITEMS = ["a", "b", "c", "d"]
NAMES = {"USER_ID": "string", "ITEM_ID": "string", "EVENT_TYPE": "string", "IMPRESSION": "string"}
SCHEMA = Schema("Interactions", tuple(Column(name, kind, False) for name, kind in NAMES.items()))
EVERYTHING = Selection()
LISTS = [("b", "watch", ["a", "b"]), ("a", "watch", ["b", "c"]), ("b", "skip", ["b", "gone"]), ("c", "watch", ["c"])]


def told(found: Exposure) -> tuple[list[int], list[int]]:
    return found.shown_I.tolist(), found.chosen_I.tolist()


def streamed() -> list[Response]:
    return [Response(seq, item, kind, None, shown) for seq, (item, kind, shown) in enumerate(LISTS)]


def test_an_item_is_chosen_where_the_event_meets_it_among_what_was_shown():
    assert told(exposure_of(of_streamed(streamed()), EVERYTHING, ITEMS)) == ([1, 3, 2, 0], [0, 2, 1, 0])


def test_an_event_that_the_solution_does_not_learn_from_shows_without_a_choice():
    watched = Selection({"watch": Kept()})
    assert told(exposure_of(of_streamed(streamed()), watched, ITEMS)) == ([1, 3, 2, 0], [0, 1, 1, 0])


def test_bulk_lists_are_separated_by_bars_and_none_is_no_list():
    rows = [("u", item, kind, "|".join(shown)) for item, kind, shown in LISTS] + [("u", "d", "watch", None)]
    bulk = pl.DataFrame(rows, schema=list(NAMES), orient="row")
    both = pl.concat([of_bulk(bulk, SCHEMA), of_streamed(streamed())])
    assert told(exposure_of(both, EVERYTHING, ITEMS)) == ([2, 6, 4, 0], [0, 4, 2, 0])


def test_without_lists_nothing_was_shown():
    assert told(exposure_of(of_streamed([]), EVERYTHING, ITEMS)) == ([0] * 4, [0] * 4)
