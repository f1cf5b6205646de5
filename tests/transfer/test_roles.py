"""The role of a job is assumed where S3 itself is asked; this S3 refuses whatever IAM does not allow."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from tastemaker.storage.objects import Access, FetchedObject, ObjectsFailed, deliver, fetch
from tastemaker.storage.s3 import EARLY, assumed
from transfer.s3_server import REGION, client, s3_server

ACCOUNT = "123456789012"
ROLES = f"arn:aws:iam::{ACCOUNT}:role/"


def document(action: str, resource: str | list[str]) -> str:
    """A policy that allows this."""
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture(scope="module")
def guarded() -> Iterator[tuple[str, str, str]]:
    """Address and keys of a server that holds its policies: its user may become `reader` and `nobody`, and no more."""
    with s3_server() as url:
        client("s3", url).put_object(Bucket="films", Key="in/one.csv", Body=b"USER_ID\n1\n")
        iam = client("iam", url)
        iam.create_user(UserName="server")
        keys = iam.create_access_key(UserName="server")["AccessKey"]
        anybody = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [anybody]})
        for name, action in {"reader": "s3:*", "nobody": "s3:ListAllMyBuckets", "other": "s3:*"}.items():
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
            iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(action, "*"))
        may = document("sts:AssumeRole", [ROLES + "reader", ROLES + "nobody"])
        iam.put_user_policy(UserName="server", PolicyName="p", PolicyDocument=may)
        held = urllib.request.Request(
            f"{url}/moto-api/reset-auth", data=b"0", method="POST", headers={"Content-Type": "text/plain"}
        )
        urllib.request.urlopen(held).close()
        yield url, keys["AccessKeyId"], keys["SecretAccessKey"]


@pytest.fixture
def access(guarded: tuple[str, str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Access:
    """Without a role, in the environment of that user."""
    url, key, secret = guarded
    for service in ("S3", "STS"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    return Access(tmp_path / "buckets")


def fetched(location: str, access: Access, folder: Path) -> list[FetchedObject]:
    """What that role reads there."""
    return fetch(location, access, folder, lambda _, __: None)


def as_role(access: Access, name: str) -> Access:
    """The same, as a role."""
    return Access(access.buckets, role=ROLES + name)


@pytest.mark.parametrize("location", ["s3://films/in/one.csv", "s3://films/in/"])
def test_objects_are_read_as_the_role(access: Access, tmp_path: Path, location: str) -> None:
    (found,) = fetched(location, as_role(access, "reader"), tmp_path)
    assert found.path.read_bytes() == b"USER_ID\n1\n"


def test_objects_are_written_as_the_role(access: Access, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"USER_ID\n1\n")
    (written,) = deliver([("a.csv", tmp_path / "a")], "s3://films/out", as_role(access, "reader"), lambda _, __: None)
    (found,) = fetched(written, as_role(access, "reader"), tmp_path)
    assert found.path.read_bytes() == b"USER_ID\n1\n"


@pytest.mark.parametrize("location", ["s3://films/in/one.csv", "s3://films/in/"])
@pytest.mark.parametrize("role", [None, "nobody"])
def test_what_a_role_may_not_read_is_said_with_the_role(
    access: Access, tmp_path: Path, location: str, role: str | None
) -> None:
    who = as_role(access, role) if role else access
    words = rf"^Insufficient privileges for accessing data in Amazon S3\. {location}"
    with pytest.raises(ObjectsFailed, match=words + (rf" \(as {ROLES}nobody\): " if role else ": ")) as refused:
        fetched(location, who, tmp_path)
    assert "Debug source" not in str(refused.value)


def test_what_a_role_may_not_write_is_said_with_the_role(access: Access, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    with pytest.raises(ObjectsFailed, match=rf"Amazon S3\. s3://films/out/a\.csv \(as {ROLES}nobody\): AccessDenied"):
        deliver([("a.csv", tmp_path / "a")], "s3://films/out", as_role(access, "nobody"), lambda _, __: None)


@pytest.mark.parametrize("name", ["other", "absent"])
def test_a_role_that_is_refused_is_named_with_the_reason(access: Access, tmp_path: Path, name: str) -> None:
    words = (
        rf"^Insufficient privileges for accessing data in Amazon S3\. The role {ROLES}{name} cannot be assumed: "
        r"AccessDenied: .*sts:AssumeRole"
    )
    with pytest.raises(ObjectsFailed, match=words):
        fetched("s3://films/in/one.csv", as_role(access, name), tmp_path)
    (tmp_path / "a").write_bytes(b"x")
    with pytest.raises(ObjectsFailed, match=words):
        deliver([("a.csv", tmp_path / "a")], "s3://films/out", as_role(access, name), lambda _, __: None)


@pytest.mark.usefixtures("access")
def test_credentials_of_a_role_are_new_each_time_and_end_early() -> None:
    sts = boto3.Session().client("sts")  # the default session may remember the keys of another test
    credentials = assumed(sts, ROLES + "reader")
    first, second = credentials(), credentials()
    ends = sts.assume_role(RoleArn=ROLES + "reader", RoleSessionName="test")["Credentials"]["Expiration"]
    assert first["access_key_id"] != second["access_key_id"]
    assert first["expires_at"] <= second["expires_at"] <= ends - EARLY
