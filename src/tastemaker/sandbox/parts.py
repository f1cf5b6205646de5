"""The parts of a multipart upload, joined without having all of them in memory."""

import hashlib
import zlib
from base64 import b64encode
from collections.abc import Iterable, Iterator

from moto.s3.exceptions import EntityTooSmall, InvalidPart, MalformedXML
from moto.s3.models import FakeKey, FakeMultipart
from moto.s3.utils import compute_checksum
from moto.settings import S3_UPLOAD_PART_MIN_SIZE

# How a checksum of all bytes or of the parts' checksums is made, the value, and the number of parts.
Checksum = tuple[str, str, int]


def joined(upload: FakeMultipart, named: Iterable[tuple[int, str]]) -> tuple[Iterator[bytes], str, Checksum | None]:
    """The bytes of an upload, a part at a time, its ETag, and its checksum if one was asked for.

    named: number and ETag of each part, as the client lists them. Raises the S3 errors for parts that are not there
    or, except for the last, too small.
    """
    parts: list[FakeKey] = []
    for number, etag in named:
        part = upload.parts.get(number)
        if part is None or part.etag.strip('"') != etag.strip('"'):
            raise InvalidPart
        if parts and parts[-1].size < S3_UPLOAD_PART_MIN_SIZE:
            raise EntityTooSmall
        parts.append(part)
    if not parts:
        raise MalformedXML
    digests = b"".join(bytes.fromhex(part.etag.strip('"')) for part in parts)
    etag = f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(parts)}"
    return (part.value for part in parts), etag, _checksum(upload, parts)


def _checksum(upload: FakeMultipart, parts: list[FakeKey]) -> Checksum | None:
    algorithm = upload.metadata.get("x-amz-checksum-algorithm")
    if not algorithm:
        return None
    if upload.metadata.get("x-amz-checksum-type") != "FULL_OBJECT":
        of_parts = b"".join(compute_checksum(part.value, algorithm, encode_base64=False) for part in parts)
        return "COMPOSITE", compute_checksum(of_parts, algorithm).decode(), len(parts)
    if algorithm != "CRC32":
        return None
    total = 0
    for part in parts:
        total = zlib.crc32(part.value, total)
    return "FULL_OBJECT", b64encode(total.to_bytes(4, "big")).decode(), 1
