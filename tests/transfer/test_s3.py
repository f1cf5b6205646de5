"""s3:// without a local bucket: endpoint and credentials are found as boto3 finds them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tastemaker.policies.document import SERVICE
from tastemaker.storage.objects import Access, FetchedObject, ObjectsFailed, deliver, fetch, is_csv
from tastemaker.storage.permissions import bucket_file, give, role_file
from tastemaker.storage.s3 import PART_BYTES
from transfer.s3_server import client

ROLE = "arn:aws:iam::123456789012:role/reader"


def fetched(
    location: str,
    folder: Path,
    wanted: Callable[[str], bool] = is_csv,
    recursive: bool = False,
    role: str | None = None,
) -> list[FetchedObject]:
    """What lies there, copied into a folder."""
    spool = folder / "spool"
    spool.mkdir(exist_ok=True)
    return fetch(location, Access(folder / "buckets", role=role), spool, lambda _, __: None, wanted, recursive)


def written(folder: Path, destination: str, **files: bytes) -> list[str]:
    """Files of these contents, delivered there; gives their locations."""
    for name, content in files.items():
        (folder / name).write_bytes(content)
    given = [(f"{name}.out", folder / name) for name in files]
    return deliver(given, destination, Access(folder / "buckets"), lambda _, __: None)


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("role", [None, ROLE])
def test_one_object_is_fetched_and_no_role_is_asked_for_where_there_is_no_sts(tmp_path: Path, role: str | None) -> None:
    (found,) = fetched("s3://films/in/one.csv", tmp_path, role=role)
    assert (found.name, found.path.read_bytes()) == ("one.csv", b"USER_ID\n1\n")


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("location", ["s3://films/in/", "s3://films/in"])
def test_a_folder_stands_for_the_csv_objects_directly_in_it(tmp_path: Path, location: str) -> None:
    assert [found.name for found in fetched(location, tmp_path)] == ["one.csv", "two.CSV"]


@pytest.mark.usefixtures("configured")
def test_a_folder_may_be_read_with_the_folders_below_it(tmp_path: Path) -> None:
    found = fetched("s3://films/in/", tmp_path, recursive=True)
    assert {each.name: each.path.read_bytes() for each in found} == {
        "deeper/three.csv": b"USER_ID\n3\n",
        "one.csv": b"USER_ID\n1\n",
        "two.CSV": b"USER_ID\n2\n",
    }
    assert "in/deeper/three.csv" in [each.name for each in fetched("s3://films", tmp_path, recursive=True)]


@pytest.mark.usefixtures("configured")
def test_who_fetches_says_which_objects_of_a_folder_are_wanted(tmp_path: Path) -> None:
    (found,) = fetched("s3://films/in/", tmp_path, wanted=lambda name: name.endswith(".txt"))
    assert found.name == "readme.txt"


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize(
    "location",
    ["s3://films/in/none.csv", "s3://films/none/", "s3://no-such-bucket/in/one.csv", "s3://films/in//a.csv"],
)
def test_what_is_not_there_is_said_with_its_location(location: str, tmp_path: Path) -> None:
    with pytest.raises(ObjectsFailed, match=f"Invalid Data location. {location}"):
        fetched(location, tmp_path)


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("destination", ["s3://films/out", "s3://films/out/"])
def test_files_are_written_below_an_output_folder(endpoint: str, tmp_path: Path, destination: str) -> None:
    long = b"0123456789abcdef" * (2 * PART_BYTES // 16) + b"the end"
    found = written(tmp_path, destination, long=long, empty=b"", short=b"one line\n")
    assert found == ["s3://films/out/long.out", "s3://films/out/empty.out", "s3://films/out/short.out"]
    s3 = client("s3", endpoint)
    for name, content in {"long": long, "empty": b"", "short": b"one line\n"}.items():
        assert s3.get_object(Bucket="films", Key=f"out/{name}.out")["Body"].read() == content


class Stop(Exception):
    """What a watch raises."""


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("size", [10, 3 * PART_BYTES])
def test_an_upload_that_is_stopped_leaves_nothing_unfinished(endpoint: str, tmp_path: Path, size: int) -> None:
    (tmp_path / "a").write_bytes(b"x" * size)

    def watch(done: float, total: float) -> None:
        assert 0 < done <= total == 2 * size
        raise Stop

    given = [("a.out", tmp_path / "a"), ("b.out", tmp_path / "a")]
    with pytest.raises(Stop):
        deliver(given, f"s3://films/stopped-{size}", Access(tmp_path / "buckets"), watch)
    s3 = client("s3", endpoint)
    begun = {each["Key"] for each in s3.list_multipart_uploads(Bucket="films").get("Uploads", [])}
    there = s3.list_objects_v2(Bucket="films", Prefix=f"stopped-{size}/").get("Contents", [])
    assert not begun
    assert [each["Key"] for each in there] == ([] if size > 10 else [f"stopped-{size}/a.out"])


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("size", [1, 2 * PART_BYTES])
def test_a_bucket_that_is_not_there_cannot_be_written(tmp_path: Path, size: int) -> None:
    with pytest.raises(ObjectsFailed, match=r"Invalid S3 output path\. s3://no-such-bucket/out/a\.out: NoSuchBucket"):
        written(tmp_path, "s3://no-such-bucket/out/", a=b"x" * size)


@pytest.mark.usefixtures("configured")
def test_policies_are_held_for_objects_in_s3_before_any_is_read(tmp_path: Path) -> None:
    policies, spool = tmp_path / "policies", tmp_path / "spool"
    spool.mkdir()
    trust = {"Effect": "Allow", "Principal": {"Service": SERVICE}, "Action": "sts:AssumeRole"}
    films = ["arn:aws:s3:::films", "arn:aws:s3:::films/in/one.csv"]
    reads = {"Effect": "Allow", "Principal": {"Service": SERVICE}, "Action": ["s3:*"], "Resource": films}
    give(role_file(policies, "reader"), json.dumps({"Statement": trust}).encode())
    give(bucket_file(policies, "films"), json.dumps({"Statement": reads}).encode())
    access = Access(tmp_path / "buckets", role=ROLE, policies=policies)

    with pytest.raises(ObjectsFailed, match=r"s3:GetObject on arn:aws:s3:::films/in/two\.CSV \(no statement"):
        fetch("s3://films/in/", access, spool, lambda _, __: None)
    assert not list(spool.iterdir())
    (found,) = fetch("s3://films/in/one.csv", access, spool, lambda _, __: None)
    assert found.path.read_bytes() == b"USER_ID\n1\n"


def test_without_bucket_folder_and_credentials_both_ways_out_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(ObjectsFailed, match=r"Put the file at .*buckets/films/in/one.csv, or set AWS_ACCESS_KEY_ID"):
        fetched("s3://films/in/one.csv", tmp_path)
    with pytest.raises(ObjectsFailed, match=r"Make the folder .*buckets/films, or set AWS_ACCESS_KEY_ID"):
        written(tmp_path, "s3://films/out/", a=b"x")


@pytest.mark.usefixtures("configured")
def test_a_folder_of_the_bucket_is_asked_before_any_s3(tmp_path: Path) -> None:
    place = tmp_path / "buckets" / "films" / "in"
    place.mkdir(parents=True)
    (place / "one.csv").write_bytes(b"local")
    (found,) = fetched("s3://films/in/one.csv", tmp_path, role=ROLE)
    assert found.path.read_bytes() == b"local"
    assert written(tmp_path, "s3://films/out", a=b"x") == ["s3://films/out/a.out"]
    assert (tmp_path / "buckets" / "films" / "out" / "a.out").read_bytes() == b"x"
