"""What a location in a request means: `s3://bucket/key`, `file://`, or a plain path; and who asks for it.

Without any S3, `s3://bucket/key` is the file `buckets/bucket/key` of the home. Where a bucket has no folder there, S3
itself is meant.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlparse

from tastemaker.errors import InvalidInputException

Watch = Callable[[float, float], object]

INVALID_INPUT = "Invalid Data location."
INVALID_OUTPUT = "Invalid S3 output path."
OBJECTS_MAX = 10_000  # in one folder: each costs a request, or a file of its own to read
REFUSED = "Insufficient privileges for accessing data in Amazon S3."


class ObjectsFailed(Exception):
    """The location cannot be read or written; the message is made for the job's failureReason."""


@dataclass(frozen=True)
class FetchedObject:
    """One object, readable as a file."""

    name: str  # what the caller called it; below a folder that was read with all its folders, the path from there
    path: Path


@dataclass(frozen=True)
class Access:
    """Where objects are, and as whom they are read and written."""

    buckets: Path  # `s3://bucket/key` is the file bucket/key here, where the folder of the bucket exists
    local_paths: bool = True  # whether a location may be a path of this machine's disk
    role: str | None = None  # the job's roleArn; assumed where S3 itself is asked
    source: str = ""  # ARN of the job that reads or writes
    policies: Path | None = None  # folder of the policies that are held; None: they are not looked at
    asks_s3: bool = True  # whether a bucket without a folder is looked for in S3 itself


def check_location(location: str, access: Access, member: str = "dataLocation") -> None:
    """Raise InvalidInputException for a location that this server could never read or write.

    member: the member of the request that holds it, for the message.
    """
    if access.policies is not None and access.role is None:
        raise InvalidInputException(
            "roleArn is missing: this server runs with --strict-iam and looks whether the role may be assumed. Name "
            "one, and give its trust policy with `tastemaker permit role NAME FILE`."
        )
    if access.policies is not None and not location.startswith("s3://"):
        raise InvalidInputException(
            f"{member} is {location!r}: this server runs with --strict-iam and holds the policies of buckets, and a "
            f"path is in none. Use the folder {access.buckets}/<bucket>/ and name s3://<bucket>/<key>."
        )
    if not location.startswith("s3://") and not access.local_paths:
        raise InvalidInputException(
            f"{member} is {location!r}: this server is reachable from other machines, so it reads and writes s3:// "
            f"only, not paths of its own disk. Use the folder {access.buckets}/<bucket>/ and name s3://<bucket>/<key>."
        )
    if location.startswith(("http://", "https://")) or "\0" in location or not location:
        raise InvalidInputException(f"{member} is {location!r}: give s3://bucket/key, file:///path or /path.")
    try:
        local_place(location, access)
    except ObjectsFailed as problem:
        raise InvalidInputException(f"{member} is {location!r}: {problem}") from None


def check_number(found: int, location: str, invalid: str) -> None:
    """Raise ObjectsFailed for a folder of too many objects, before any is read."""
    if found > OBJECTS_MAX:
        raise ObjectsFailed(f"{invalid} {location} has more than {OBJECTS_MAX:,} objects. Join them into fewer.")


def split(location: str) -> tuple[str, str]:
    """Bucket and key of an s3:// location."""
    bucket, _, key = location.removeprefix("s3://").partition("/")
    return bucket, key


def key_of(location: str, invalid: str) -> str:
    """The key of an s3:// location. Raises ObjectsFailed for one that is written in a way that may mean another."""
    key = split(location)[1]
    if key and {"", ".", ".."} & set(key.removesuffix("/").split("/")):
        raise ObjectsFailed(f"{invalid} {location}: a part of its key is empty, '.' or '..'. Rename the object.")
    return key


def local_place(location: str, access: Access) -> Path | None:
    """The place of a location on this machine's disk; None if S3 must be asked: the bucket has no folder here.

    Raises ObjectsFailed for what names no place at all.
    """
    if not location.startswith("s3://"):
        parsed = urlparse(location)
        return Path(unquote(parsed.path) if parsed.scheme == "file" else location)
    bucket, key = split(location)
    if not bucket:
        raise ObjectsFailed("it names no bucket. Give s3://bucket/key.")
    root = (access.buckets / bucket).resolve()
    place = (root / key).resolve()
    if root.parent != access.buckets.resolve() or not place.is_relative_to(root):
        raise ObjectsFailed("the key leads out of its bucket. Remove the '..'.")
    try:
        return place if root.is_dir() else None
    except OSError as error:
        raise ObjectsFailed(f"{error.strerror}.") from None
