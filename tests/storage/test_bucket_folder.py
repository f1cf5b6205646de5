"""A folder as a bucket: one suite over files that we write and files that others write."""

from pathlib import Path

import pytest

from tastemaker.storage.bucket_folder import BucketFolder, FileBytes, KeyRefused


@pytest.fixture
def bucket(tmp_path: Path) -> BucketFolder:
    """An empty one."""
    (tmp_path / "films").mkdir()
    return BucketFolder(tmp_path / "films", tmp_path / "facts")


def test_facts_are_of_the_file_that_they_were_kept_for(bucket: BucketFolder) -> None:
    assert bucket.write("in/a", [b"ab", b"c"]) == "900150983cd24fb0d6963f7d28e17f72", "the MD5 of abc"
    bucket.keep("in/a", {"kind": "letters"})
    status = bucket.status("in/a")
    assert status is not None
    assert bucket.facts("in/a", status) == {"kind": "letters"}

    (bucket.folder / "in" / "a").write_bytes(b"abcd")

    status = bucket.status("in/a")
    assert status is not None
    assert bucket.facts("in/a", status) is None


def test_what_is_listed_is_what_can_be_read(bucket: BucketFolder, tmp_path: Path) -> None:
    bucket.write("a/b", [b"x"])
    bucket.write("made/", [])
    bucket.keep("made/", {})
    (bucket.folder / "empty").mkdir()
    (bucket.folder / ".aside-half").write_text("half")
    (bucket.folder / "link").symlink_to(tmp_path)
    (bucket.folder / b"\xff".decode("utf-8", "surrogateescape")).write_text("x")

    assert sorted(bucket) == ["a/b", "made/"]
    assert all(bucket.status(key) is not None for key in bucket)
    assert [bucket.status(key) for key in ("empty/", "empty", "link", "a", "../x")] == [None] * 5


def test_folders_go_with_their_last_object(bucket: BucketFolder) -> None:
    bucket.write("a/b/c/d", [b"x"])
    bucket.write("a/e", [b"x"])

    bucket.remove("a/b/c/d")
    assert sorted(path.name for path in (bucket.folder / "a").iterdir()) == ["e"]
    bucket.remove("a/e")
    assert list(bucket.folder.iterdir()) == []
    assert bucket.folder.exists()


@pytest.mark.parametrize("key", ["", "/a", "a//b", "a/../b", ".", "a\0b", "n" * 240])
def test_a_key_without_a_file_is_refused(bucket: BucketFolder, key: str) -> None:
    with pytest.raises(KeyRefused):
        bucket.write(key, [b"x"])


def test_bytes_of_a_file_are_those_of_when_it_was_opened(bucket: BucketFolder) -> None:
    bucket.write("a", [b"0123456789"])
    found = FileBytes(bucket.place("a"))

    bucket.write("a", [b"other"])

    assert (len(found), found[2:5], found[-3:], found[:], b"".join(found)) == (
        10,
        b"234",
        b"789",
        b"0123456789",
        b"0123456789",
    )
