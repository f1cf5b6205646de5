"""moto's S3 over the bucket folders of the home: what moto holds of an object is its facts, the bytes are the file.

moto keeps the value of an object in a buffer with the methods of a file; here that buffer is the object's file.
Everything else of S3 (requests, checks, listings, policies, answers) stays moto's.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, cast

from moto.s3.exceptions import InvalidBucketName, MissingKey, NoSuchUpload, S3ClientError
from moto.s3.models import FakeBucket, FakeKey, FakeMultipart, S3Backend

from tastemaker.sandbox.keys import FolderKeys, attach
from tastemaker.sandbox.parts import joined
from tastemaker.storage.bucket_folder import CHUNK_BYTES, BucketFolder, KeyRefused
from tastemaker.storage.files import sync
from tastemaker.storage.permissions import is_name

# What moto knows of an object beyond its bytes, its media type and metadata, and its tags.
KEPT = (
    "_etag",
    "_storage_class",
    "checksum_algorithm",
    "checksum_type",
    "checksum_parts",
    "encryption",
    "kms_key_id",
    "bucket_key_enabled",
    "website_redirect_location",
)
NAME_LENGTHS = range(3, 64)  # of buckets: moto's rule, which is the service's
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]+[a-z0-9]")  # S3's rule for new buckets; folders may have other names


class HomeS3(S3Backend):
    """The S3 of one home."""

    def __init__(self, region_name: str, account_id: str, folders: Path, facts: Path) -> None:
        """folders: one for each bucket. facts: one for each, with what is kept of it and its objects beside."""
        super().__init__(region_name, account_id)
        self.folders, self.facts = folders, facts
        self._touched: dict[tuple[str, str], FakeKey] = {}

    def adopt(self) -> None:
        """Know the buckets that are there as folders, and forget those that are not: the folder counts."""
        self.folders.mkdir(parents=True, exist_ok=True)
        there = {path.name for path in self.folders.iterdir() if path.is_dir() and not path.is_symlink()}
        for name in [name for name in self.buckets if name not in there]:
            self._forget(name)
        for name in sorted(there - self.buckets.keys()):
            if is_name(name) and len(name) in NAME_LENGTHS:
                self._know(super().create_bucket(name, "us-east-1"))

    def create_bucket(self, bucket_name: str, *given: Any, **named: Any) -> FakeBucket:
        """Make the folder, too."""
        if not BUCKET.fullmatch(bucket_name) or len(bucket_name) not in NAME_LENGTHS:
            raise InvalidBucketName
        (self.folders / bucket_name).mkdir(exist_ok=True)
        sync(self.folders)
        return self._know(super().create_bucket(bucket_name, *given, **named))

    def delete_bucket(self, bucket_name: str) -> FakeBucket | None:
        """Remove the folder, too; None if there are objects in it."""
        folder = self._folder(bucket_name)
        deleted = super().delete_bucket(bucket_name)
        if deleted is not None:
            folder.remove_all()
        return deleted

    def put_bucket_versioning(self, bucket_name: str, status: str) -> None:
        """Refused where it would promise what a folder does not keep."""
        if status == "Enabled":
            raise NotHere("A bucket of the sandbox is a folder, which keeps one version of each object.")
        super().put_bucket_versioning(bucket_name, status)

    def put_object(self, bucket_name: str, key_name: str, value: Any, *given: Any, **named: Any) -> FakeKey:
        """Write the file. value: bytes, text, or an iterable of bytes."""
        folder = self._folder(bucket_name)
        named.pop("multipart", None)  # its parts are gone when the object is whole
        key = super().put_object(bucket_name, key_name, b"", *given, **named)
        try:
            digest = folder.write(key_name, _chunks(value))
        except KeyRefused as refusal:
            raise InvalidKey(str(refusal)) from None
        key._etag = key._etag or digest
        attach(key, folder.place(key_name))
        cast("FolderKeys", self.get_bucket(bucket_name).keys).hold(key)
        self._touched[bucket_name, key_name] = key
        return key

    def put_object_tagging(self, key: FakeKey, tags: dict[str, str] | None) -> FakeKey:
        """Tags are kept with the object's facts."""
        self._touched[str(key.bucket_name), key.name] = key
        return super().put_object_tagging(key, tags)

    def delete_object_tagging(self, bucket_name: str, key_name: str, version_id: str | None = None) -> None:
        """So is that there are none."""
        super().delete_object_tagging(bucket_name, key_name, version_id)
        self._touched[bucket_name, key_name] = self.buckets[bucket_name].keys[key_name]

    def create_multipart_upload(self, bucket_name: str, key_name: str, *given: Any, **named: Any) -> FakeMultipart:
        """Refuse a key that no file can stand for before its parts are sent."""
        try:
            self._folder(bucket_name).place(key_name)
        except KeyRefused as refusal:
            raise InvalidKey(str(refusal)) from None
        return super().create_multipart_upload(bucket_name, key_name, *given, **named)

    def upload_part(self, bucket_name: str, multipart_id: str, part_id: int, value: bytes) -> FakeKey:
        """Refuse a part of an upload that is unknown, in which moto would stumble."""
        return self._upload(bucket_name, multipart_id).set_part(part_id, value)

    def upload_part_copy(
        self,
        dest_bucket_name: str,
        multipart_id: str,
        part_id: int,
        src_bucket_name: str,
        src_key_name: str,
        src_version_id: str | None,
        start_byte: int | None,
        end_byte: int | None,
    ) -> FakeKey:
        """Take a part from another object: all of it, or from one byte to another, both included."""
        source = self.get_object(src_bucket_name, src_key_name, src_version_id)
        if source is None:
            raise MissingKey(key=src_key_name)
        value = source.value[start_byte or 0 : None if end_byte is None else end_byte + 1]
        return self.upload_part(dest_bucket_name, multipart_id, part_id, value)

    def complete_multipart_upload(
        self, bucket_name: str, multipart_id: str, body: Iterable[tuple[int, str]]
    ) -> FakeKey | None:
        """Write the object from its parts, of which never more than one is in memory."""
        upload = self._upload(bucket_name, multipart_id)
        value, etag, checksum = joined(upload, body)
        key = self.put_object(
            bucket_name,
            upload.key_name,
            value,
            storage=upload.storage,
            etag=etag,
            encryption=upload.sse_encryption,
            kms_key_id=upload.kms_key_id,
        )
        key.set_metadata(upload.metadata)
        key.set_acl(upload.acl)
        if checksum:
            key.checksum_algorithm = upload.metadata.get("x-amz-checksum-algorithm")
            key.checksum_type, key.checksum_value, key.checksum_parts = checksum
        self.put_object_tagging(key, upload.tags)
        del self.get_bucket(bucket_name).multiparts[multipart_id]
        return key

    def settle(self) -> None:
        """Keep the facts of all objects that the request touched, before it is answered."""
        touched, self._touched = self._touched, {}
        for (bucket_name, name), key in touched.items():
            folder = self._folder(bucket_name)
            if folder.place(name).exists():
                tags = self.tagger.get_tag_dict_for_resource(key.arn)
                checksum = key.checksum_value
                facts = {member: getattr(key, member, None) for member in KEPT}
                facts["checksum_value"] = checksum.decode() if isinstance(checksum, bytes) else checksum
                folder.keep(name, {**facts, "metadata": dict(key.metadata), "tags": tags})
                cast("FolderKeys", self.get_bucket(bucket_name).keys).hold(key)

    def load(self, bucket: FakeBucket, folder: BucketFolder, name: str) -> FakeKey:
        """The object of a file that moto does not know yet, or not as it is now."""
        status = folder.status(name)
        assert status is not None, "asked for what is there"
        key = FakeKey(name, b"", self.account_id, self.region_name, version_id="null", bucket_name=bucket.name)
        facts = folder.facts(name, status)
        self.tagger.delete_all_tags_for_resource(key.arn)
        if facts is None:
            # The ETag of an upload in parts is no MD5, and no client takes it for one: the file need not be read.
            key._etag = f"{status.st_mtime_ns:024x}{status.st_size:08x}-1"
        else:
            for member in (*KEPT, "checksum_value"):
                setattr(key, member, facts.get(member))
            key.set_metadata(facts["metadata"])
            self.tagger.tag_resource(key.arn, [{"Key": tag, "Value": value} for tag, value in facts["tags"].items()])
        attach(key, folder.place(name))
        return key

    def _upload(self, bucket_name: str, multipart_id: str) -> FakeMultipart:
        upload = self.get_bucket(bucket_name).multiparts.get(multipart_id)
        if upload is None:
            raise NoSuchUpload(upload_id=multipart_id)
        return upload

    def _folder(self, bucket_name: str) -> BucketFolder:
        return cast("FolderKeys", self.get_bucket(bucket_name).keys).folder

    def _know(self, bucket: FakeBucket) -> FakeBucket:
        folder = BucketFolder(self.folders / bucket.name, self.facts / bucket.name)
        bucket.keys = FolderKeys(folder, lambda name: self.load(bucket, folder, name))
        return bucket

    def _forget(self, name: str) -> None:
        folder = self._folder(name)
        folder.remove_all()
        self.buckets[name].keys.clear()
        super().delete_bucket(name)


class InvalidKey(S3ClientError):
    """A key that no file can stand for."""

    code = "InvalidArgument"


class NotHere(S3ClientError):
    """What S3 has and a folder has not."""

    code = "NotImplemented"


def _chunks(value: Any) -> Iterable[bytes]:
    """A value in pieces."""
    if isinstance(value, str):
        value = value.encode()
    return _cut(value) if isinstance(value, bytes) else value


def _cut(value: bytes) -> Iterator[bytes]:
    for start in range(0, len(value), CHUNK_BYTES):
        yield value[start : start + CHUNK_BYTES]
