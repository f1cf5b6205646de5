"""Where a dataLocation leads: `s3://bucket/key`, `file://`, or a plain path, a single object or a folder of them.

Without any S3, `s3://bucket/key` is the file `buckets/bucket/key` of the home. Where a bucket has no folder there, S3
itself is asked, with endpoint and credentials found as boto3 finds them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from tastemaker.errors import InvalidInputException

Watch = Callable[[float, float], None]


class ObjectsFailed(Exception):
    """The location cannot be read; the message is made for the job's failureReason."""


@dataclass(frozen=True)
class FetchedObject:
    """One object, readable as a file."""

    name: str  # what the caller called it
    path: Path


def check_location(location: str, buckets: Path, local_paths: bool) -> None:
    """Raise InvalidInputException for a location that this server could never read."""
    if not location.startswith("s3://") and not local_paths:
        raise InvalidInputException(
            f"dataLocation is {location!r}: this server is reachable from other machines, so it reads s3:// only, not "
            f"paths of its own disk. Put the file under {buckets}/<bucket>/ and name it s3://<bucket>/<key>."
        )
    if location.startswith(("http://", "https://")):
        raise InvalidInputException(f"dataLocation is {location!r}: give s3://bucket/key, file:///path or /path.")
    if location.startswith("s3://"):
        _local_bucket(location, buckets)


def fetch(location: str, buckets: Path, spool: Path, watch: Watch) -> list[FetchedObject]:
    """The objects at a location: local files as they lie, others copied into `spool` (an existing folder).

    A folder stands for the CSV objects directly in it. Raises ObjectsFailed.
    """
    if not location.startswith("s3://"):
        parsed = urlparse(location)
        return _local(location, Path(unquote(parsed.path) if parsed.scheme == "file" else location))
    local = _local_bucket(location, buckets)
    if local is not None:
        return _local(location, local)
    return _from_s3(location, buckets, spool, watch)


def _local_bucket(location: str, buckets: Path) -> Path | None:
    """The place of an s3:// location below the home; None if the bucket has no folder there."""
    bucket, _, key = location.removeprefix("s3://").partition("/")
    root = (buckets / bucket).resolve()
    place = (root / key).resolve()
    if root.parent != buckets.resolve() or not place.is_relative_to(root):
        raise InvalidInputException(f"dataLocation is {location!r}: the key leads out of its bucket. Remove the '..'.")
    return place if root.is_dir() else None


def _local(location: str, path: Path) -> list[FetchedObject]:
    try:
        if path.is_dir():
            inside = sorted(child for child in path.iterdir() if child.is_file() and _is_csv(child.name))
            if not inside:
                raise ObjectsFailed(
                    f"Invalid Data location. {location} is a folder without any .csv or .csv.gz file in it."
                )
            return [FetchedObject(child.name, child) for child in inside]
        if path.is_file():
            with path.open("rb"):
                return [FetchedObject(path.name, path)]
    except PermissionError as error:
        raise ObjectsFailed(f"Insufficient privileges for accessing data at {location}: {error.strerror}.") from None
    except OSError as error:
        raise ObjectsFailed(f"Invalid Data location. {location}: {error.strerror}.") from None
    raise ObjectsFailed(f"Invalid Data location. {location} is not there: no file or folder {path}.")


def _is_csv(name: str) -> bool:
    return name.lower().endswith((".csv", ".csv.gz")) and not name.startswith(".")


def _from_s3(location: str, buckets: Path, spool: Path, watch: Watch) -> list[FetchedObject]:
    import boto3  # heavy: only where a bucket is not a folder of ours
    import obstore
    from obstore.exceptions import BaseError

    bucket, _, key = location.removeprefix("s3://").partition("/")
    session = boto3.Session()
    if session.get_credentials() is None:
        raise ObjectsFailed(
            f"Invalid Data location. There is no folder {buckets / bucket}, and no S3 credentials are configured. Put "
            f"the file at {buckets / bucket / key}, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        )
    store = _s3_store(session, bucket)
    try:
        if key and not key.endswith("/"):
            found = [obstore.head(store, key)]
        else:
            listed = obstore.list_with_delimiter(store, key or None)["objects"]
            found = [meta for meta in listed if _is_csv(meta["path"].rpartition("/")[2])]
        if not found:
            raise ObjectsFailed(f"Invalid Data location. {location} has no .csv or .csv.gz object directly in it.")
        total, done, fetched = float(sum(meta["size"] for meta in found)), 0.0, []
        for place, meta in enumerate(found):
            target = spool / f"{place}-{meta['path'].rpartition('/')[2]}"
            with target.open("wb") as file:
                for chunk in obstore.get(store, meta["path"]).stream(min_chunk_size=1 << 20):
                    done += file.write(chunk)
                    watch(done, total)
            fetched.append(FetchedObject(meta["path"].rpartition("/")[2], target))
        return fetched
    except FileNotFoundError:
        raise ObjectsFailed(f"Invalid Data location. {location} is not there.") from None
    except PermissionError as error:
        raise ObjectsFailed(f"Insufficient privileges for accessing data in Amazon S3. {location}: {error}") from None
    except (BaseError, OSError) as error:
        raise ObjectsFailed(f"Invalid Data location. {location}: {error}") from None


def _s3_store(session: Any, bucket: str) -> Any:
    from obstore.auth.boto3 import Boto3CredentialProvider  # heavy: it imports boto3
    from obstore.store import S3Store

    # botocore knows all the places where an endpoint may be configured; S3-compatible ones want path style.
    endpoint = session.client("s3").meta.endpoint_url
    own = "amazonaws.com" not in endpoint
    return S3Store(
        bucket,
        region=session.region_name or "us-east-1",
        credential_provider=Boto3CredentialProvider(session),
        virtual_hosted_style_request=not own,
        **({"endpoint": endpoint} if own else {}),
        client_options={"allow_http": own},
        retry_config={"max_retries": 3},
    )
