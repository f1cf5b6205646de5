"""The id of a reply says who recommended, and any other text says nothing."""

import uuid

import pytest

from tastemaker.resources.recommendations import recommendation_id, recommended_by


@pytest.mark.parametrize("seq", [0, 1, 4711, 2**32 - 1])
def test_who_recommended_is_read_off_the_id(seq: int) -> None:
    made = recommendation_id(seq, str(uuid.uuid4()))
    assert len(made) == 40
    assert recommended_by(made) == seq
    assert made != recommendation_id(seq, str(uuid.uuid4()))


@pytest.mark.parametrize("text", ["", "RID-", "RID-" + "x" * 36, "0" * 40, "RID-1"])
def test_other_texts_name_nobody(text: str) -> None:
    assert recommended_by(text) is None
