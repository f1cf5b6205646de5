"""The columns of a catalogue, aligned with the ids of a model."""

from dataclasses import dataclass, field

import polars as pl
import pytest

from tastemaker.data.schemas import parse_schema
from tastemaker.filters import Ids, Numbers, Texts, columns_of

SCHEMA = parse_schema(
    '{"type": "record", "name": "Items", "namespace": "com.amazonaws.personalize.schema", "version": "1.0", "fields": ['
    '{"name": "ITEM_ID", "type": "string"}, {"name": "YEAR", "type": ["null", "long"]},'
    '{"name": "GENRES", "type": ["null", "string"], "categorical": true},'
    '{"name": "TEXT", "type": ["null", "string"], "textual": true}]}'
)
FRAME = pl.DataFrame({"ITEM_ID": ["b", "x", "a"], "YEAR": [2, 9, 1], "GENRES": ["c|d", "d", None], "TEXT": ["-"] * 3})


@dataclass
class Watched:
    """A table that tells which of its columns were taken."""

    frame: pl.DataFrame
    taken: list[str] = field(default_factory=list)

    def select(self, name: str) -> pl.DataFrame:
        return self.frame.select(name)

    def __getitem__(self, name: str) -> pl.Series:
        self.taken.append(name)
        return self.frame[name]


def test_values_stand_where_the_models_ids_stand_and_what_has_no_record_has_none() -> None:
    columns = columns_of(FRAME, SCHEMA, ["a", "b", "new"], more_ids=["last"])
    year, genres, ids = columns["YEAR"], columns["GENRES"], columns["ITEM_ID"]
    assert isinstance(year, Numbers)
    assert isinstance(genres, Texts)
    assert isinstance(ids, Ids)
    assert year.value_I.tolist()[:2] == [1, 2]
    assert (year.value_I != year.value_I).tolist() == [False, False, True, True]
    assert [genres.of(item) for item in range(4)] == [[], ["c", "d"], [], []]
    assert [ids.of(item) for item in range(4)] == [["a"], ["b"], ["new"], ["last"]]
    assert ids.has_any(["last", "b", "x", "unheard of"]).tolist() == [False, True, False, True]
    assert not ids.has_any([]).any()
    assert list(columns) == ["ITEM_ID", "YEAR", "GENRES"]


def test_only_what_is_asked_for_is_made_and_once() -> None:
    watched = Watched(FRAME)
    columns = columns_of(watched, SCHEMA, ["a", "b"])  # type: ignore[arg-type]
    assert "GENRES" in columns
    assert columns.get("TEXT") is columns.get("MISSING") is None
    assert watched.taken == []
    assert columns["YEAR"] is columns["YEAR"]
    assert watched.taken == ["YEAR"]


def test_a_mask_that_was_asked_for_before_is_the_same_and_cannot_be_changed() -> None:
    genres = columns_of(FRAME, SCHEMA, ["a", "b", "x"])["GENRES"]
    assert isinstance(genres, Texts)
    first = genres.has_any(["d"])
    assert first.tolist() == [False, True, True]
    assert genres.has_any(["d"]) is first
    with pytest.raises(ValueError, match="read-only"):
        first[0] = True
    for n in range(100):  # others come and go
        assert not genres.has_any([f"none {n}"]).any()
    assert genres.has_any(["d"]).tolist() == first.tolist()
    assert genres.has_any(["c", "d"]).tolist() == [False, True, True]
    assert genres.has_any(["c"]).tolist() == [False, True, False]
