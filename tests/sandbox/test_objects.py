"""The S3 of the sandbox: objects are files of the home, in both directions."""

import os
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.running import Sandbox

PART_BYTES = 5 << 20


def keys(s3: Any, bucket: str, **given: str) -> list[str]:
    """The keys that are listed."""
    return [each["Key"] for each in s3.list_objects_v2(Bucket=bucket, **given).get("Contents", [])]


def folder(sandbox: Sandbox, bucket: str) -> Path:
    """Where the objects of a bucket are."""
    return sandbox.home / "buckets" / bucket


def test_what_is_put_is_a_file_and_what_is_deleted_is_none(sandbox: Sandbox, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="in/a.csv", Body=b"USER_ID\n1\n")
    place = folder(sandbox, bucket) / "in" / "a.csv"
    assert place.read_bytes() == b"USER_ID\n1\n"

    s3.delete_object(Bucket=bucket, Key="in/a.csv")

    assert not place.parent.exists(), "a folder without objects is none"
    s3.delete_object(Bucket=bucket, Key="in/a.csv")  # as in S3, nothing happens


def test_a_file_that_somebody_writes_is_an_object(sandbox: Sandbox, s3: Any, bucket: str) -> None:
    place = folder(sandbox, bucket) / "out" / "b.json"
    place.parent.mkdir()
    place.write_text("{}")

    assert keys(s3, bucket) == ["out/b.json"]
    first = s3.get_object(Bucket=bucket, Key="out/b.json")
    assert first["Body"].read() == b"{}"

    place.write_text("[1, 2]")
    again = s3.get_object(Bucket=bucket, Key="out/b.json")
    assert again["Body"].read() == b"[1, 2]"
    assert again["ETag"] != first["ETag"]
    place.unlink()
    assert keys(s3, bucket) == []


def test_a_file_that_replaces_an_object_has_none_of_its_facts(sandbox: Sandbox, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"old", ContentType="text/csv", Metadata={"who": "me"}, Tagging="k=v")

    (folder(sandbox, bucket) / "a").write_bytes(b"newer")

    found = s3.get_object(Bucket=bucket, Key="a")
    assert (found["ContentType"], found["Metadata"]) == ("binary/octet-stream", {})
    assert s3.get_object_tagging(Bucket=bucket, Key="a")["TagSet"] == []


def test_a_folder_made_by_hand_is_a_bucket_and_one_removed_is_none(sandbox: Sandbox, s3: Any) -> None:
    place = folder(sandbox, "by-hand")
    place.mkdir()
    (place / "a.csv").write_text("x")

    assert keys(s3, "by-hand") == ["a.csv"]
    assert "by-hand" in [each["Name"] for each in s3.list_buckets()["Buckets"]]

    (place / "a.csv").unlink()
    place.rmdir()
    with pytest.raises(ClientError, match="NoSuchBucket"):
        s3.list_objects_v2(Bucket="by-hand")


def test_media_type_metadata_and_tags_come_back(s3: Any, bucket: str) -> None:
    s3.put_object(
        Bucket=bucket, Key="a", Body=b"abc", ContentType="text/csv", Metadata={"made_by": "me"}, Tagging="k=v&l=w"
    )

    head = s3.head_object(Bucket=bucket, Key="a")
    assert (head["ContentLength"], head["ContentType"], head["Metadata"]) == (3, "text/csv", {"made_by": "me"})
    assert head["ETag"] == '"900150983cd24fb0d6963f7d28e17f72"', "the MD5 of abc"
    assert s3.get_object_tagging(Bucket=bucket, Key="a")["TagSet"] == [
        {"Key": "k", "Value": "v"},
        {"Key": "l", "Value": "w"},
    ]


def test_parts_of_an_object_can_be_read(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"0123456789")

    part = s3.get_object(Bucket=bucket, Key="a", Range="bytes=2-4")
    assert (part["Body"].read(), part["ContentRange"]) == (b"234", "bytes 2-4/10")
    assert s3.get_object(Bucket=bucket, Key="a", Range="bytes=-3")["Body"].read() == b"789"
    with pytest.raises(ClientError, match="InvalidRange"):
        s3.get_object(Bucket=bucket, Key="a", Range="bytes=50-")


def test_an_upload_in_parts_is_one_object(sandbox: Sandbox, s3: Any, bucket: str) -> None:
    parts = [os.urandom(PART_BYTES), os.urandom(PART_BYTES), b"end"]
    upload = s3.create_multipart_upload(Bucket=bucket, Key="deep/whole", ContentType="text/csv")["UploadId"]
    named = []
    for number, part in enumerate(parts, 1):
        etag = s3.upload_part(Bucket=bucket, Key="deep/whole", UploadId=upload, PartNumber=number, Body=part)["ETag"]
        named.append({"PartNumber": number, "ETag": etag})
    assert keys(s3, bucket) == [], "nothing is there before it is whole"
    assert len(s3.list_parts(Bucket=bucket, Key="deep/whole", UploadId=upload)["Parts"]) == 3

    done = s3.complete_multipart_upload(
        Bucket=bucket, Key="deep/whole", UploadId=upload, MultipartUpload={"Parts": named}
    )

    assert (folder(sandbox, bucket) / "deep" / "whole").read_bytes() == b"".join(parts)
    assert done["ETag"].endswith('-3"')
    assert s3.head_object(Bucket=bucket, Key="deep/whole")["ContentType"] == "text/csv"
    assert s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []) == []
    assert s3.get_object(Bucket=bucket, Key="deep/whole")["Body"].read() == b"".join(parts)


def test_an_upload_that_is_given_up_leaves_nothing(sandbox: Sandbox, s3: Any, bucket: str) -> None:
    upload = s3.create_multipart_upload(Bucket=bucket, Key="a")["UploadId"]
    s3.upload_part(Bucket=bucket, Key="a", UploadId=upload, PartNumber=1, Body=b"x")
    s3.abort_multipart_upload(Bucket=bucket, Key="a", UploadId=upload)

    assert list(folder(sandbox, bucket).iterdir()) == []
    with pytest.raises(ClientError, match="NoSuchUpload"):
        s3.upload_part(Bucket=bucket, Key="a", UploadId=upload, PartNumber=2, Body=b"x")


def test_objects_are_copied_with_what_is_known_of_them(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"abc", ContentType="text/csv", Metadata={"who": "me"}, Tagging="k=v")

    s3.copy_object(Bucket=bucket, Key="to/b", CopySource={"Bucket": bucket, "Key": "a"})

    found = s3.get_object(Bucket=bucket, Key="to/b")
    assert (found["Body"].read(), found["ContentType"], found["Metadata"]) == (b"abc", "text/csv", {"who": "me"})
    assert s3.get_object_tagging(Bucket=bucket, Key="to/b")["TagSet"] == [{"Key": "k", "Value": "v"}]


def test_a_large_object_is_copied_in_parts(s3: Any, bucket: str) -> None:
    body = os.urandom(9 << 20)
    s3.put_object(Bucket=bucket, Key="a", Body=body)

    s3.copy({"Bucket": bucket, "Key": "a"}, bucket, "b")

    assert s3.get_object(Bucket=bucket, Key="b")["Body"].read() == body


def test_lists_know_prefix_delimiter_and_pages(s3: Any, bucket: str) -> None:
    for key in ("a.csv", "in/1.csv", "in/2.csv", "in/deep/3.csv", "out/4.csv"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")

    assert keys(s3, bucket, Prefix="in/") == ["in/1.csv", "in/2.csv", "in/deep/3.csv"]
    below = s3.list_objects_v2(Bucket=bucket, Delimiter="/")
    assert [each["Prefix"] for each in below["CommonPrefixes"]] == ["in/", "out/"]
    assert [each["Key"] for each in below["Contents"]] == ["a.csv"]
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, PaginationConfig={"PageSize": 2})
    assert [len(page["Contents"]) for page in pages] == [2, 2, 1]


def test_many_objects_are_deleted_at_once(s3: Any, bucket: str) -> None:
    for key in ("a", "b/c", "b/d"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")

    found = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in ("a", "b/c", "nothing")]})

    assert [each["Key"] for each in found["Deleted"]] == ["a", "b/c", "nothing"]
    assert keys(s3, bucket) == ["b/d"]
    with pytest.raises(ClientError, match="BucketNotEmpty"):
        s3.delete_bucket(Bucket=bucket)


def test_a_key_that_ends_with_a_slash_is_a_folder_made_on_purpose(sandbox: Sandbox, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="data/")
    s3.put_object(Bucket=bucket, Key="data/a", Body=b"x")
    s3.delete_object(Bucket=bucket, Key="data/a")

    assert keys(s3, bucket) == ["data/"]
    assert s3.head_object(Bucket=bucket, Key="data/")["ContentLength"] == 0
    assert (folder(sandbox, bucket) / "data").is_dir()
    s3.delete_object(Bucket=bucket, Key="data/")
    assert not (folder(sandbox, bucket) / "data").exists()


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("../out", "names no file"),
        ("a//b", "names no file"),
        ("a/./b", "names no file"),
        (".aside-x", "names no file"),
        ("n" * 250, "too long"),
        ("taken/below", "'taken' is an object"),
        ("above", "there are objects below above/"),
        ("full/", "has bytes"),
    ],
)
def test_a_key_that_no_file_can_stand_for_is_refused_clearly(sandbox: Sandbox, key: str, told: str) -> None:
    s3 = sandbox.client("s3")
    if "keys-refused" not in [each["Name"] for each in s3.list_buckets()["Buckets"]]:
        s3.create_bucket(Bucket="keys-refused")
        s3.put_object(Bucket="keys-refused", Key="taken", Body=b"x")
        s3.put_object(Bucket="keys-refused", Key="above/a", Body=b"x")

    with pytest.raises(ClientError, match=told) as refused:
        s3.put_object(Bucket="keys-refused", Key=key, Body=b"x")
    assert refused.value.response["Error"]["Code"] == "InvalidArgument"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert keys(s3, "keys-refused") == ["above/a", "taken"]


@pytest.mark.parametrize("key", ["a b+c.csv", "ü/ñ.csv", "100%.csv", "a?b=c", "a&b;c,d'e\"f", "日本語"])
def test_keys_may_have_any_characters(sandbox: Sandbox, s3: Any, key: str) -> None:
    bucket = "any-characters"
    if bucket not in [each["Name"] for each in s3.list_buckets()["Buckets"]]:
        s3.create_bucket(Bucket=bucket)

    s3.put_object(Bucket=bucket, Key=key, Body=key.encode())

    assert (folder(sandbox, bucket) / key).read_text(encoding="utf-8") == key
    assert key in keys(s3, bucket)
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key})
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == key.encode()


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_presigned_urls_read_and_write(sandbox: Sandbox, bucket: str, version: str) -> None:
    client = sandbox.client("s3", signature_version=version)
    put = client.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "a"})
    urllib.request.urlopen(urllib.request.Request(put, data=b"abc", method="PUT", headers={"Content-Type": ""})).close()

    get = client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "a"})
    with urllib.request.urlopen(get) as answer:
        assert answer.read() == b"abc"


def test_a_bucket_of_ones_own_may_be_made_again(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    s3.create_bucket(Bucket=bucket)
    assert keys(s3, bucket) == ["a"]


def test_what_a_folder_cannot_keep_is_refused(sandbox: Sandbox, s3: Any, bucket: str) -> None:
    with pytest.raises(ClientError, match="keeps one version"):
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    with pytest.raises(ClientError, match="cannot be locked"):
        s3.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    for name in ("Not_A_Name", "n" * 64):
        with pytest.raises(ClientError, match="InvalidBucketName"):
            s3.create_bucket(Bucket=name)
        assert not folder(sandbox, name).exists()


def test_a_link_is_no_object(sandbox: Sandbox, s3: Any, bucket: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    (folder(sandbox, bucket) / "link").symlink_to(tmp_path / "secret")
    (folder(sandbox, bucket) / "away").symlink_to(tmp_path)

    assert keys(s3, bucket) == []
    for key in ("link", "away/secret"):
        with pytest.raises(ClientError, match="NoSuchKey"):
            s3.get_object(Bucket=bucket, Key=key)
    with pytest.raises(ClientError, match="leads through a link"):
        s3.put_object(Bucket=bucket, Key="away/new", Body=b"x")
