"""An S3 for tests, and the environment of somebody who uses it with boto3."""

from collections.abc import Iterator

import pytest

from transfer.s3_server import REGION, client, s3_server


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """The address of an S3 with the bucket `films` and something in it."""
    with s3_server() as url:
        s3 = client("s3", url)
        s3.put_object(Bucket="films", Key="in/", Body=b"")  # how the console marks a folder
        s3.put_object(Bucket="films", Key="in/one.csv", Body=b"USER_ID\n1\n")
        s3.put_object(Bucket="films", Key="in/two.CSV", Body=b"USER_ID\n2\n")
        s3.put_object(Bucket="films", Key="in/readme.txt", Body=b"no data")
        s3.put_object(Bucket="films", Key="in/deeper/three.csv", Body=b"USER_ID\n3\n")
        s3.put_object(Bucket="films", Key="inside.csv", Body=b"USER_ID\n4\n")
        yield url


@pytest.fixture
def configured(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of somebody who uses that S3 with boto3."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
