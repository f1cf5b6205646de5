"""Locations on this machine's disk: what is read, what is written, and what is refused."""

from pathlib import Path

import pytest

from tastemaker.errors import InvalidInputException
from tastemaker.storage.objects import Access, ObjectsFailed, check_location, deliver, fetch


@pytest.fixture
def access(tmp_path: Path) -> Access:
    """A home with the bucket `films`."""
    (tmp_path / "buckets" / "films").mkdir(parents=True)
    return Access(tmp_path / "buckets")


def written(access: Access, destination: str, *names: str) -> list[str]:
    """Files with their names as contents, delivered there."""
    source = access.buckets.parent / "source"
    source.mkdir(exist_ok=True)
    files = [(name, source / str(place)) for place, name in enumerate(names)]
    for name, path in files:
        path.write_text(name)
    return deliver(files, destination, access, lambda _, __: None)


def names(access: Access, location: str, recursive: bool) -> list[str]:
    """The names of what is fetched there."""
    return [found.name for found in fetch(location, access, access.buckets, lambda _, __: None, recursive=recursive)]


@pytest.mark.parametrize(
    "destination", ["s3://films/out", "s3://films/out/", "{buckets}/films/out", "file://{buckets}/films/out/"]
)
def test_an_output_folder_may_be_a_bucket_or_a_path_with_or_without_its_last_slash(
    access: Access, destination: str
) -> None:
    destination = destination.format(buckets=access.buckets)
    assert written(access, destination, "a.csv", "more/b.csv") == [
        f"{destination.rstrip('/')}/a.csv",
        f"{destination.rstrip('/')}/more/b.csv",
    ]
    assert (access.buckets / "films/out/more/b.csv").read_text() == "more/b.csv"
    assert names(access, destination, recursive=False) == ["a.csv"]
    assert names(access, destination, recursive=True) == ["a.csv", "more/b.csv"]


def test_a_file_is_replaced_whole_or_not_at_all(access: Access) -> None:
    written(access, "s3://films/out", "a.csv")

    def stop(_: float, __: float) -> None:
        raise KeyboardInterrupt

    (access.buckets / "new").write_text("new")
    with pytest.raises(KeyboardInterrupt):
        deliver([("a.csv", access.buckets / "new")], "s3://films/out", access, stop)
    assert [path.name for path in (access.buckets / "films/out").iterdir()] == ["a.csv"]
    assert (access.buckets / "films/out/a.csv").read_text() == "a.csv"


def test_a_file_in_the_way_of_an_output_folder_is_named(access: Access) -> None:
    (access.buckets / "films/out").write_text("a file")
    with pytest.raises(ObjectsFailed, match=r"^Invalid S3 output path\. s3://films/out/: .*films/out is in the way"):
        written(access, "s3://films/out/", "a.csv")


@pytest.mark.parametrize("name", ["../a.csv", "/a.csv", "a/../b.csv", "", "a/"])
def test_a_name_that_leads_elsewhere_is_refused(access: Access, name: str) -> None:
    with pytest.raises(ObjectsFailed, match=r"^Invalid S3 output path\. .* is no name of a file"):
        written(access, "s3://films/out", name)


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("s3://../x/a.csv", "leads out of its bucket"),
        ("s3://films/../../a.csv", "leads out of its bucket"),
        ("s3://", "names no bucket"),
        ("s3:///a.csv", "names no bucket"),
        ("http://films/a.csv", "give s3://bucket/key"),
        ("s3://films/a\0.csv", "give s3://bucket/key"),
        ("", "give s3://bucket/key"),
        (f"s3://{'b' * 300}/a.csv", "too long"),
    ],
)
def test_a_location_that_can_never_be_read_is_refused_with_its_member(
    access: Access, location: str, words: str
) -> None:
    with pytest.raises(InvalidInputException, match=rf"^jobOutput\.path is .*{words}"):
        check_location(location, access, "jobOutput.path")


def test_paths_are_refused_where_other_machines_may_name_them(access: Access) -> None:
    check_location("/a.csv", access)
    with pytest.raises(InvalidInputException, match=r"dataLocation is '/a.csv': this server is reachable"):
        check_location("/a.csv", Access(access.buckets, local_paths=False))


def test_a_folder_without_anything_to_read_is_said(access: Access) -> None:
    (access.buckets / "films/readme.txt").write_text("no data")
    with pytest.raises(ObjectsFailed, match=r"^Invalid Data location\. s3://films/ is a folder without any \.csv"):
        names(access, "s3://films/", recursive=True)
    with pytest.raises(ObjectsFailed, match=r"^Invalid S3 input path\. s3://films/ is a folder without any file that"):
        fetch(
            "s3://films/",
            access,
            access.buckets,
            lambda _, __: None,
            wanted=lambda name: name.endswith(".json"),
            invalid="Invalid S3 input path.",
        )
