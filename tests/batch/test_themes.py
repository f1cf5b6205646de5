"""Themes: what a list has in common and the catalogue has not."""

import numpy as np
import polars as pl
import pytest

from main_path.served import schema
from tastemaker.batch import themes as module
from tastemaker.batch.themes import themes
from tastemaker.data.schemas import parse_schema

ITEMS = parse_schema(
    schema(
        "Items",
        {"name": "ITEM_ID", "type": "string"},
        {"name": "TITLE", "type": ["null", "string"]},
        {"name": "GENRES", "type": ["null", "string"], "categorical": True},
        {"name": "PRICE", "type": ["null", "float"]},
        {"name": "PLOT", "type": ["null", "string"], "textual": True},
    )
)
SUBJECTS = {
    "sea": ("Adventure", "The whale follows the sailors and their ship over the ocean"),
    "space": ("Science fiction", "The spaceship leaves the planet and the robots follow"),
    "crime": ("Crime", "The detective finds the murderer and the knife"),
}
N_EACH = 20


@pytest.fixture
def frame() -> pl.DataFrame:
    rows = [
        (f"{subject}{n}", f"Part {n}", genre if n else None, float(n), text if n != 1 else None)
        for subject, (genre, text) in SUBJECTS.items()
        for n in range(N_EACH)
    ]
    return pl.DataFrame(rows, schema=[column.name for column in ITEMS.columns], orient="row")


def ids(subject: str, *numbers: int) -> list[str]:
    return [f"{subject}{n}" for n in numbers]


def test_the_title_names_what_is_frequent_here_and_rare_elsewhere(frame: pl.DataFrame) -> None:
    sea, crime = themes(frame, ITEMS, "TITLE", [ids("sea", *range(2, 8)), ids("crime", *range(2, 8))])
    assert sea.title.startswith("Adventure: ")
    assert set(sea.title.removeprefix("Adventure: ").replace(" and ", ", ").split(", ")) <= set(
        SUBJECTS["sea"][1].lower().split()
    )
    assert crime.title.startswith("Crime: ")
    assert "the " not in sea.title.lower()


def test_items_that_do_not_belong_have_little_to_do_with_the_theme(frame: pl.DataFrame) -> None:
    (found,) = themes(frame, ITEMS, "TITLE", [[*ids("sea", 2, 3, 4, 5), "crime5", "unknown"]])
    belongs_K, stranger, unknown = found.relevance_K[:4], found.relevance_K[4], found.relevance_K[5]
    assert belongs_K.min() > 2 * stranger
    assert unknown == 0
    assert (found.relevance_K <= 1).all()


def test_slices_of_the_catalogue_change_nothing(frame: pl.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    lists = [ids("sea", 2, 3, 4), ids("space", 0, 1, 2), []]
    whole = themes(frame, ITEMS, "TITLE", lists)
    monkeypatch.setattr(module, "SLICE_ROWS", 7)
    sliced = themes(frame, ITEMS, "TITLE", lists)
    assert [each.title for each in whole] == [each.title for each in sliced]
    for one, other in zip(whole, sliced, strict=True):
        np.testing.assert_array_equal(one.relevance_K, other.relevance_K)


def test_lists_without_anything_in_common_have_a_title_all_the_same(frame: pl.DataFrame) -> None:
    empty, nothing_said = themes(frame, ITEMS, "TITLE", [[], ["unknown", "never seen"]])
    assert empty.title == nothing_said.title == "Related items"
    assert empty.relevance_K.shape == (0,)
