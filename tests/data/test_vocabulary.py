"""Ids by their positions, and positions by ids."""

from zlib import crc32

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tastemaker.data.vocabulary import Positions, Vocabulary, slots

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)


@given(st.lists(texts, max_size=20))
def test_ids_come_back_as_they_were(ids: list[str]) -> None:
    known = Vocabulary.of(ids)
    again = Vocabulary(known.byte_B, known.end_I)

    assert list(again) == [again[place] for place in range(len(again))] == ids
    assert again[1:3] == ids[1:3]
    assert again[::-2] == ids[::-2]
    assert ids == again != [*ids, "another"]
    if ids:
        assert again[-1] == ids[-1]
    with pytest.raises(IndexError):
        again[len(ids)]


@given(st.lists(texts, unique=True, max_size=40), st.lists(texts, max_size=5))
def test_an_id_is_found_where_it_is_as_in_a_dict(ids: list[str], asked: list[str]) -> None:
    expected = {name: place for place, name in enumerate(ids) if name}
    known = Vocabulary.of(ids)
    kept = Vocabulary(known.byte_B, known.end_I, known.slot_S)
    for found in (known.position, kept.position, Positions(ids)):
        assert dict(found) == expected
        assert len(found) == len(expected)
        for name in [*ids, *asked]:
            assert (name in found) is (name in expected)
            assert found.get(name) == expected.get(name)
            assert found.get(name, -1) == expected.get(name, -1)
    assert kept.positions([*asked, *ids]) == [expected[name] for name in [*asked, *ids] if name in expected]


def test_an_id_that_is_not_there_is_a_key_error_also_one_that_is_no_unicode() -> None:
    position = Vocabulary.of(["a"]).position
    for unknown in ("b", "", "\ud800"):
        with pytest.raises(KeyError):
            position[unknown]


def test_ids_of_the_same_hash_are_told_apart() -> None:
    one, other = "codding", "gnu"
    assert crc32(one.encode()) == crc32(other.encode())
    assert Vocabulary.of([other, one, "third"]).positions([one, other, "third"]) == [1, 0, 2]


def test_many_users_without_an_id_cost_nothing() -> None:
    """Those who were forgotten: each of them would stand in the way of the next."""
    known = Vocabulary.of(["a", *[""] * 300_000, "b"])
    assert known.positions(["b", "", "a"]) == [300_001, 0]


def test_the_table_is_at_most_half_full_and_the_same_for_the_same_ids() -> None:
    ids = [f"item {n}" for n in range(1000)]
    table = slots(ids)
    assert len(table) == 2048
    assert table.tolist() == slots(ids).tolist()
    assert sorted(table[table >= 0].tolist()) == list(range(1000))


def test_texts_are_the_same_whether_kept_or_made_anew() -> None:
    ids = [f"item {n}" for n in range(40_000)]  # more than are kept
    known = Vocabulary.of(ids)
    for _ in range(2):
        assert [known[place] for place in range(len(ids))] == ids
    assert known[np.int32(7)] == "item 7"
    with pytest.raises(IndexError):
        known[-len(ids) - 1]
