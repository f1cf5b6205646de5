"""Files and artifacts are there whole or not at all, and come back as they were."""

from pathlib import Path

import numpy as np
import pytest

from tastemaker.storage import artifacts
from tastemaker.storage.copies import Copies
from tastemaker.storage.files import new_file, new_folder, sweep


def test_a_folder_appears_when_it_is_complete(tmp_path: Path) -> None:
    place = tmp_path / "below" / "it"
    with new_folder(place) as aside:
        (aside / "a").write_text("1")
        assert not place.exists()
    assert (place / "a").read_text() == "1"
    assert [path.name for path in place.parent.iterdir()] == ["it"]


@pytest.mark.parametrize("make", [new_file, new_folder])
def test_what_could_not_be_completed_leaves_no_trace(tmp_path: Path, make: object) -> None:
    with pytest.raises(ZeroDivisionError), make(tmp_path / "it") as aside:  # type: ignore[operator]  # noqa: PT012
        assert aside.exists()
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_a_file_replaces_the_one_before_and_has_its_mode(tmp_path: Path) -> None:
    for text in ("old", "new"):
        with new_file(tmp_path / "it", mode=0o600) as aside:
            aside.write_text(text)
    assert (tmp_path / "it").read_text() == "new"
    assert (tmp_path / "it").stat().st_mode & 0o777 == 0o600


def test_a_sweep_removes_what_nobody_names_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / ".aside-x").mkdir()
    (tmp_path / "lost.csv").write_text("")
    assert sorted(sweep(tmp_path, {"kept", "elsewhere"})) == [".aside-x", "lost.csv"]
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert sweep(tmp_path / "nowhere", set()) == []


def test_an_artifact_comes_back_as_it_was_and_cannot_be_written(tmp_path: Path) -> None:
    arrays = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "empty": np.zeros((0, 4), np.int32)}
    artifacts.save(tmp_path / "it", arrays, {"facts": {"é": [1, 2.5, None]}})
    found, manifest = artifacts.load(tmp_path / "it")
    assert manifest["facts"] == {"é": [1, 2.5, None]}
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)
    with pytest.raises(ValueError, match="read-only"):
        found["a"][0, 0] = 1
    with pytest.raises(FileNotFoundError):
        artifacts.load(tmp_path / "nowhere")


def test_copies_are_read_again_when_the_generation_moves_and_failures_are_not_kept() -> None:
    read: list[str] = []

    def load(key: str) -> int:
        read.append(key)
        if key == "broken":
            raise ZeroDivisionError
        return len(read)

    copies = Copies(load)
    assert [copies.get("a", 1), copies.get("a", 1), copies.get("a", 2)] == [1, 1, 2]
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            copies.get("broken", 2)
    assert read == ["a", "a", "broken", "broken"]
