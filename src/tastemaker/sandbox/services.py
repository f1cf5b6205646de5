"""moto's services for one home: a call in, an answer out; what changes them is kept, and made again at the next start.

S3 keeps its objects as files (`sandbox/buckets.py`), and of each bucket the latest call that set each thing about it.
All else is a log of the calls that changed something. moto is called as it calls itself within a process, without a
socket; one call at a time, in an order that is the log's.
"""

import os
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote

import structlog
from moto import backends
from moto.core.config import default_user_config
from moto.core.model_instances import reset_model_data
from moto.core.request import Request
from moto.moto_api._internal import mock_random
from moto.s3.models import s3_backends
from moto.utilities.utils import get_partition
from werkzeug.exceptions import HTTPException

from tastemaker.sandbox.buckets import HomeS3
from tastemaker.sandbox.permits import ROLES, permit_bucket, permit_role
from tastemaker.sandbox.refusals import Answer, refusal
from tastemaker.storage.bucket_folder import FileBytes
from tastemaker.storage.calls import Call, CallLog, LatestCalls, LogFull
from tastemaker.storage.files import sweep
from tastemaker.storage.permissions import policies_in
from tastemaker.wire.sigv4 import Claim

log = structlog.get_logger()

REGION = "us-east-1"
OF_A_BUCKET = "calls.json"  # beside the facts of its objects, whose names are digests
SIGNATURE = ("authorization", "x-amz-security-token", "host", "user-agent", "expect", "connection", "content-length")
# What the clients call reads. All else may change something, and is kept.
READS = ("Get", "List", "Describe", "Head", "Lookup", "Simulate", "Generate", "Test", "Assume", "Decode")
PASSING = ("PutMetricData",)  # goes with the process: minutes of measurements, of which there can be millions


@dataclass(frozen=True)
class Service:
    """A service as moto has it. host: where its calls would go, with {region}."""

    name: str
    host: str


# By what signatures call them. Another one of moto's is a line here, with its test.
SERVICES = {
    "s3": Service("s3", "s3.{region}.amazonaws.com"),
    "iam": Service("iam", "iam.amazonaws.com"),
    "sts": Service("sts", "sts.{region}.amazonaws.com"),
    "ssm": Service("ssm", "ssm.{region}.amazonaws.com"),
    "monitoring": Service("cloudwatch", "monitoring.{region}.amazonaws.com"),
}

Handler = Callable[[Request, str, Any], Any]


class Services:
    """The services of one home. Not thread-safe: moto's state is the process's, and so is the log's order."""

    def __init__(self, home: Path, buckets: Path, account: str) -> None:
        """buckets: the folder in which each bucket is a folder. account: 12 digits; every caller's.

        Makes the kept calls again.
        """
        # moto reads both when it is called: names of regions of one's own, and the policies that AWS manages.
        os.environ["MOTO_ALLOW_NONEXISTENT_REGION"] = "true"
        default_user_config["iam"]["load_aws_managed_policies"] = True
        self._account, self._facts, self._policies = account, home / "sandbox" / "buckets", policies_in(home)
        s3_backends.backend = cast("Any", lambda region, account_id: HomeS3(region, account_id, buckets, self._facts))
        self._s3 = cast("HomeS3", s3_backends[account]["aws"])
        self._handlers = {name: self._handlers_of(service) for name, service in SERVICES.items()}
        self._log = CallLog(home / "sandbox" / "calls.jsonl")
        self._restore(buckets)

    def answer(self, call: Call) -> Answer:
        """What the service answers; never raises."""
        if call.service not in SERVICES:
            return refusal(
                call,
                "UnknownService",
                f"The sandbox has no {call.service!r}: it answers Personalize, S3, IAM, STS, SSM and CloudWatch. "
                f"AWS_ENDPOINT_URL_{call.service.upper().replace('-', '_')} in the environment sends it elsewhere.",
            )
        try:
            answer = self._answer_s3(call) if call.service == "s3" else self._answer_kept(call)
        except LogFull as full:
            return refusal(call, "LimitExceeded", str(full))
        except NotImplementedError as lack:
            return refusal(call, "NotImplemented", f"moto, which is the sandbox's {call.service}, lacks this: {lack}")
        except OSError as problem:
            log.error("sandbox.not_kept", service=call.service, exc_info=problem)
            return refusal(call, "ServiceUnavailable", f"The server's folder: {problem.strerror}.", 503)
        except Exception as problem:  # moto checks little of what it is given, and any input may make it stumble
            log.warning("sandbox.stumbled", service=call.service, path=call.path, exc_info=problem)
            told = f"{type(problem).__name__}: {problem}".splitlines()[0][:200]
            return refusal(
                call,
                "InvalidRequest",
                f"moto, which is the sandbox's {call.service}, could not answer this ({told}). Check the request.",
            )
        finally:
            reset_model_data()  # moto remembers every object that it ever made, for a page that is not shown here
        return answer

    def _answer_s3(self, call: Call) -> Answer:
        if call.headers.get("x-amz-bucket-object-lock-enabled", "").lower() == "true":
            return refusal(call, "NotImplemented", "A bucket of the sandbox is a folder, and cannot be locked.")
        self._s3.adopt()
        try:
            answer = self._by_moto(call)
        finally:
            self._s3.settle()
        _, bucket, *key = call.path.split("/", 2)
        if bucket and not any(key) and call.method in ("PUT", "DELETE") and answer.status < 300:
            self._keep_of_bucket(unquote(bucket), call)
        return answer

    def _keep_of_bucket(self, bucket: str, call: Call) -> None:
        """What a call set about a bucket, or that it was deleted; its folder went with it then."""
        known = self._s3.buckets.get(bucket)
        if known is not None:
            self._latest(bucket).keep(_set_by(call), call if call.method == "PUT" else None)
        if known is None or _set_by(call) == "policy":
            permit_bucket(self._policies, bucket, known.policy if known else None)

    def _answer_kept(self, call: Call) -> Answer:
        action = action_of(call)
        is_kept = call.service != "sts" and not action.startswith(READS) and action not in PASSING
        if is_kept:
            self._log.require_room()
        answer = self._by_moto(call)
        if is_kept and answer.status < 300:
            self._log.append(call)
            if action in ROLES:
                permit_role(self._policies, self._account, call)
        return answer

    def _by_moto(self, call: Call) -> Answer:
        service = SERVICES[call.service]
        region = call.region or REGION
        if call.service == "s3" and get_partition(region) != "aws":
            region = REGION  # moto has an S3 for each partition; there is one folder of buckets
        host = service.host.format(region=region)
        url = f"https://{host}{call.path}"
        # Ids drawn by lot are the same when a call is made again.
        mock_random.seed(call.seed)
        # What moto reads of a signature: who it is; without any, it takes the caller for the public.
        scope = f"AWS4-HMAC-SHA256 Credential={call.access_key}/20000101/{region}/{call.service}/aws4_request"
        own = {"host": host, "authorization": scope, "x-moto-account-id": self._account}
        headers = {**call.headers, **own}
        request = Request.from_primitives(call.method, f"{url}?{call.query}" if call.query else url, headers, call.body)
        for pattern, handler in self._handlers[call.service]:
            if pattern.match(url):
                try:
                    status, given, body = handler(request, request.raw_url, request.headers)
                except HTTPException as error:
                    status, given, body = error.code or 400, dict(error.get_headers()), error.get_body()
                finally:
                    # It names the request, which names it: both would hold the body until garbage is next collected.
                    request.environ.clear()
                body = body if isinstance(body, FileBytes) else body.encode() if isinstance(body, str) else bytes(body)
                return Answer(int(status), {name: str(value) for name, value in given.items()}, body)
        raise NotImplementedError(f"{call.method} {call.path}")

    def _restore(self, buckets: Path) -> None:
        """Make the kept calls again, and forget what was kept of buckets whose folders are gone."""
        buckets.mkdir(parents=True, exist_ok=True)
        sweep(self._facts, {path.name for path in buckets.iterdir()})
        kept = {path.name: LatestCalls(path / OF_A_BUCKET).all() for path in self._facts.glob("*")}
        for calls in kept.values():
            self._again(calls.pop("", None))
        self._s3.adopt()
        for calls in kept.values():
            for call in calls.values():
                self._again(call)
        for call in self._log:
            self._again(call)

    def _again(self, call: Call | None) -> None:
        if call is None:
            return
        try:
            self._by_moto(call)
        except Exception as problem:  # a newer moto may refuse what an older one took; the rest is worth having
            log.warning("sandbox.not_restored", service=call.service, path=call.path, exc_info=problem)

    def _latest(self, bucket: str) -> LatestCalls:
        return LatestCalls(self._facts / bucket / OF_A_BUCKET)

    def _handlers_of(self, service: Service) -> list[tuple[re.Pattern[str], Handler]]:
        of_account: Any = backends.get_backend(service.name)[self._account]  # type: ignore[call-overload]
        backend = of_account[REGION if REGION in of_account else "aws"]
        return [(re.compile(pattern), handler) for pattern, handler in backend.urls.items()]


def call_of(claim: Claim, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Call:
    """A request as it is made, and kept: without its signature."""
    rest = {name: value for name, value in headers.items() if name not in SIGNATURE}
    seed = secrets.randbits(62)
    return Call(claim.service, claim.region, claim.access_key, method, path, query, rest, body, seed)


def action_of(call: Call) -> str:
    """The name of the operation that a call asks for; empty if it is not said."""
    target = call.headers.get("x-amz-target")
    if target:
        return target.rpartition(".")[2]
    if "/operation/" in call.path:
        return call.path.rpartition("/")[2]
    found = re.search(r"(?:^|&)Action=(\w+)", call.body.decode("latin-1") or call.query)
    return found[1] if found else ""


def _set_by(call: Call) -> str:
    """What about a bucket a call sets: its sub-resource; nothing for the bucket itself."""
    parts = sorted(part.removesuffix("=") for part in call.query.split("&"))
    return "&".join(part for part in parts if not part.lower().startswith(("x-amz-", "x-id=")))
