"""S3 itself, or what speaks like it: endpoint and credentials are found as boto3 finds them, roles are assumed.

Bytes go through in chunks, both ways: an object may be longer than the memory.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tastemaker.storage.locations import (
    INVALID_OUTPUT,
    OBJECTS_MAX,
    REFUSED,
    Access,
    FetchedObject,
    ObjectsFailed,
    Watch,
    check_number,
    key_of,
    split,
)

AMAZON = "amazonaws.com"
SESSION = "tastemaker"  # the name of our sessions in the role owner's CloudTrail
REGION = "us-east-1"  # where none is configured; what boto3 takes for S3, too
EARLY = timedelta(minutes=5)  # a role's credentials are renewed so long before they end
READ_BYTES = 1 << 20
PART_BYTES = 8 << 20
PARTS_MAX = 9_000  # S3 takes 10 000 in one upload
UPLOADS = 2  # parts on their way at once; each is in memory

Wanted = Callable[[str], bool]
Admit = Callable[[Sequence[str]], None]


def fetch(
    location: str,
    access: Access,
    spool: Path,
    watch: Watch,
    wanted: Wanted,
    recursive: bool,
    invalid: str,
    admit: Admit,
) -> list[FetchedObject]:
    """The objects at an s3:// location, copied into `spool` after `admit` saw their keys. Raises ObjectsFailed."""
    import obstore  # heavy, as boto3 is: only where a bucket is not a folder of ours
    from obstore.exceptions import BaseError

    key = key_of(location, invalid)
    store = _open(location, access, invalid, f"Put the file at {access.buckets / location.removeprefix('s3://')}")
    fetched = []
    try:
        found = _found(store, key, wanted, recursive)
        check_number(len(found), location, invalid)
        admit([path for _, path, _ in found])
        total, done = float(sum(size for _, _, size in found)), 0.0
        for place, (name, path, size) in enumerate(found):
            target = spool / f"{place}-{name.rpartition('/')[2]}"
            with target.open("wb") as file:
                for chunk in obstore.get(store, path).stream(min_chunk_size=READ_BYTES) if size else ():
                    done += file.write(chunk)
                    watch(done, total)
            fetched.append(FetchedObject(name, target))
    except (BaseError, OSError) as error:
        raise _failure(error, location, access, invalid) from None
    return fetched


def _found(store: Any, key: str, wanted: Wanted, recursive: bool) -> list[tuple[str, str, int]]:
    """Name, path and size of the object of that key, or of what is wanted in the folder of that name."""
    import obstore  # heavy

    if not key or key.endswith("/"):
        return _inside(store, key.rstrip("/"), wanted, recursive)
    try:
        meta = obstore.head(store, key)
    except FileNotFoundError:
        inside = _inside(store, key, wanted, recursive)
        if not inside:
            raise
        return inside
    return [(key.rpartition("/")[2], meta["path"], meta["size"])]


def _inside(store: Any, folder: str, wanted: Wanted, recursive: bool) -> list[tuple[str, str, int]]:
    import obstore  # heavy

    if recursive:
        listed: Any = (meta for batch in obstore.list(store, folder or None) for meta in batch)
    else:
        listed = obstore.list_with_delimiter(store, folder or None)["objects"]
    found = []
    for meta in listed:
        name = meta["path"].removeprefix(folder).lstrip("/")
        # Without a name: the empty object by which the console marks a folder.
        if name and wanted(name.rpartition("/")[2]):
            found.append((name, meta["path"], meta["size"]))
        if len(found) > OBJECTS_MAX:
            break
    return sorted(found)


def deliver(files: Sequence[tuple[str, Path]], access: Access, watch: Watch) -> None:
    """Upload each (location, file); all are of one bucket. Raises ObjectsFailed."""
    import obstore  # heavy
    from obstore.exceptions import BaseError

    total, done = float(sum(source.stat().st_size for _, source in files)), 0.0

    def parts(source: Path, part_bytes: int) -> Iterator[bytes]:
        nonlocal done
        with source.open("rb") as file:
            while chunk := file.read(part_bytes):
                yield chunk
                done += len(chunk)
                watch(done, total)

    store = None
    for location, source in files:
        bucket, key = split(location)[0], key_of(location, INVALID_OUTPUT)
        store = store or _open(location, access, INVALID_OUTPUT, f"Make the folder {access.buckets / bucket}")
        size = source.stat().st_size
        part_bytes = max(PART_BYTES, -(-size // PARTS_MAX))
        try:
            if size <= part_bytes:
                obstore.put(store, key, source, use_multipart=False)
                done += size
                watch(done, total)
            else:
                # An iterator and not the file: what `watch` raises comes out as it is, and the upload is aborted.
                uploaded = parts(source, part_bytes)
                obstore.put(store, key, uploaded, chunk_size=part_bytes, max_concurrency=UPLOADS)
        except (BaseError, OSError) as error:
            raise _failure(error, location, access, INVALID_OUTPUT) from None


def _open(location: str, access: Access, invalid: str, way_out: str) -> Any:
    """The store of the location's bucket, with the credentials of the role if there is one."""
    import boto3  # heavy

    bucket = split(location)[0]
    session = boto3.Session()
    if session.get_credentials() is None:
        raise ObjectsFailed(
            f"{invalid} There is no folder {access.buckets / bucket}, and no S3 credentials are configured. {way_out}, "
            "or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        )
    return _store(session, bucket, access.role)


def _store(session: Any, bucket: str, role: str | None) -> Any:
    from obstore.auth.boto3 import Boto3CredentialProvider  # heavy: it imports boto3
    from obstore.store import S3Store

    # botocore knows all the places where an endpoint may be configured; S3-compatible ones want path style.
    endpoint = session.client("s3").meta.endpoint_url
    own = AMAZON not in endpoint
    credentials: Callable[[], Any] = Boto3CredentialProvider(session)
    if role is not None:
        sts = _sts(session)
        # Keys of an S3-compatible store mean nothing to Amazon's STS: without an STS of its own it has no roles.
        if not own or AMAZON not in sts.meta.endpoint_url:
            credentials = assumed(sts, role)
    return S3Store(
        bucket,
        region=session.region_name or REGION,
        credential_provider=credentials,
        virtual_hosted_style_request=not own,
        **({"endpoint": endpoint} if own else {}),
        client_options={"allow_http": own},
        retry_config={"max_retries": 3},
    )


def _sts(session: Any) -> Any:
    from botocore.config import Config  # heavy

    patience = Config(connect_timeout=10, read_timeout=30, retries={"max_attempts": 3})
    return session.client("sts", region_name=session.region_name or REGION, config=patience)


def assumed(sts: Any, role: str) -> Callable[[], Any]:
    """Gives credentials of a role, new ones whenever obstore asks again. Raises ObjectsFailed if they are refused."""
    from botocore.exceptions import BotoCoreError, ClientError  # heavy

    def ask() -> Any:
        try:
            given = sts.assume_role(RoleArn=role, RoleSessionName=SESSION)["Credentials"]
        except (ClientError, BotoCoreError) as error:
            known = error.response["Error"] if isinstance(error, ClientError) else {}
            reason = f"{known.get('Code')}: {known.get('Message')}" if known else str(error)
            raise ObjectsFailed(
                f"{REFUSED} The role {role} cannot be assumed: {reason.rstrip('.')}. Its trust policy and the "
                "policies of the server's own credentials must allow sts:AssumeRole."
            ) from None
        ends = given["Expiration"].astimezone(UTC)  # obstore takes no other zone
        return {
            "access_key_id": given["AccessKeyId"],
            "secret_access_key": given["SecretAccessKey"],
            "token": given["SessionToken"],
            "expires_at": ends - min(EARLY, (ends - datetime.now(UTC)) / 2),
        }

    first = [ask()]  # here, so that a refusal is told as it is, and not as an error of some object
    return lambda: first.pop() if first else ask()


def _failure(error: Exception, location: str, access: Access, invalid: str) -> ObjectsFailed:
    """What S3 said, for the failureReason."""
    from obstore.exceptions import PermissionDeniedError, UnauthenticatedError  # heavy

    text = str(error).partition("\n\nDebug source")[0]
    told = re.search(r"<Code>(.*?)</Code>\s*<Message>(.*?)</Message>", text, re.DOTALL)
    reason = f"{told[1]}: {told[2]}" if told else " ".join(text.split())
    # obstore has no class of its own for a list that is refused.
    if isinstance(error, PermissionDeniedError | UnauthenticatedError) or "403 Forbidden" in text:
        whose = f" (as {access.role})" if access.role else ""
        return ObjectsFailed(f"{REFUSED} {location}{whose}: {reason}")
    if isinstance(error, FileNotFoundError) and not told:
        return ObjectsFailed(f"{invalid} {location} is not there.")
    return ObjectsFailed(f"{invalid} {location}: {reason}")
