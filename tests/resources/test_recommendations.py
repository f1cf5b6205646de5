"""The id of a reply says who recommended and which list it was, and any other text says nothing."""

import pytest

from tastemaker.resources.recommendations import mark_of, recommendation_id, recommended_by


@pytest.mark.parametrize("seq", [0, 1, 4711, 2**32 - 1])
@pytest.mark.parametrize("mark", [0, 12345678901234567890, 2**96 - 1])
def test_who_recommended_what_is_read_off_the_id(seq: int, mark: int) -> None:
    made = recommendation_id(seq, mark)
    assert len(made) == 40
    assert recommended_by(made) == seq
    assert mark_of(made) == mark


@pytest.mark.parametrize("text", ["", "RID-", "RID-" + "x" * 36, "0" * 40, "RID-1", "RID-" + "-" * 36])
def test_other_texts_name_nobody(text: str) -> None:
    assert recommended_by(text) is None
    assert mark_of(text) is None
