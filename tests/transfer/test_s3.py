"""s3:// without a local bucket: endpoint and credentials are found as boto3 finds them.

The S3 here is moto's server, over real HTTP: the one thing in this suite that stands in for another.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import BotoCoreError

from tastemaker.storage.objects import FetchedObject, ObjectsFailed, fetch


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """The address of an S3 with the bucket `films`."""
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as server:
        assert server.stderr is not None
        line = next(line for line in server.stderr if "Running on" in line)
        url = line.split("Running on ")[1].split()[0]
        s3 = boto3.client(
            "s3", endpoint_url=url, aws_access_key_id="a", aws_secret_access_key="b", region_name="us-east-1"
        )
        for _ in range(50):
            try:
                s3.create_bucket(Bucket="films")
                break
            except BotoCoreError:
                time.sleep(0.1)
        s3.put_object(Bucket="films", Key="in/one.csv", Body=b"USER_ID\n1\n")
        s3.put_object(Bucket="films", Key="in/two.CSV", Body=b"USER_ID\n2\n")
        s3.put_object(Bucket="films", Key="in/readme.txt", Body=b"no data")
        s3.put_object(Bucket="films", Key="in/deeper/three.csv", Body=b"USER_ID\n3\n")
        yield url
        server.terminate()
        server.stderr.close()


@pytest.fixture
def configured(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of somebody who uses that S3 with boto3."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_PROFILE", raising=False)


def fetched(location: str, folder: Path) -> list[FetchedObject]:
    """What lies there, copied into a folder."""
    spool = folder / "spool"
    spool.mkdir(exist_ok=True)
    return fetch(location, folder / "buckets", spool, lambda _, __: None)


@pytest.mark.usefixtures("configured")
def test_one_object_is_fetched(tmp_path: Path) -> None:
    (found,) = fetched("s3://films/in/one.csv", tmp_path)
    assert (found.name, found.path.read_bytes()) == ("one.csv", b"USER_ID\n1\n")


@pytest.mark.usefixtures("configured")
def test_a_folder_stands_for_the_csv_objects_directly_in_it(tmp_path: Path) -> None:
    assert [found.name for found in fetched("s3://films/in/", tmp_path)] == ["one.csv", "two.CSV"]


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("location", ["s3://films/in/none.csv", "s3://films/none/", "s3://no-such-bucket/in/one.csv"])
def test_what_is_not_there_is_said_with_its_location(location: str, tmp_path: Path) -> None:
    with pytest.raises(ObjectsFailed, match=f"Invalid Data location. {location}"):
        fetched(location, tmp_path)


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


@pytest.mark.usefixtures("configured")
def test_a_folder_of_the_bucket_is_asked_before_any_s3(tmp_path: Path) -> None:
    place = tmp_path / "buckets" / "films" / "in"
    place.mkdir(parents=True)
    (place / "one.csv").write_bytes(b"local")
    (found,) = fetched("s3://films/in/one.csv", tmp_path)
    assert found.path.read_bytes() == b"local"
