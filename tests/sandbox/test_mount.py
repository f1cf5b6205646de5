"""Which requests go where, and what is said to those that nobody answers."""

import json
import os
import shlex
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from botocore.httpsession import URLLib3Session

from sandbox.running import COMMAND, OWN, Sandbox, sandbox_in
from sandbox.test_walk import TRUST, allowing, dataset, interactions, until_active


def send(sandbox: Sandbox, service: str, method: str, path: str, body: bytes = b"", **headers: str) -> Any:
    """A request as no client would send it, but signed."""
    request = AWSRequest(method, sandbox.url + path, data=body, headers=headers)
    SigV4Auth(Credentials("any", "any"), service, "us-east-1").add_auth(request)
    return URLLib3Session().send(request.prepare())


def test_personalize_and_what_is_not_signed_are_ours(sandbox: Sandbox) -> None:
    assert len(sandbox.client("personalize").list_recipes()["recipes"]) > 5
    with urllib.request.urlopen(f"{sandbox.url}/healthz") as answer:
        assert json.load(answer)["sandbox"] is True


@pytest.mark.parametrize(
    ("service", "operation"),
    [("dynamodb", "list_tables"), ("ec2", "describe_instances"), ("lambda", "list_functions"), ("s3control", None)],
)
def test_a_service_that_the_sandbox_has_not_is_named(sandbox: Sandbox, service: str, operation: str | None) -> None:
    if operation is None:
        assert send(sandbox, service, "GET", "/").status_code == 400
        return
    with pytest.raises(ClientError, match=f"has no '{service}'.*AWS_ENDPOINT_URL_{service.upper()}") as refused:
        getattr(sandbox.client(service), operation)()
    assert refused.value.response["Error"]["Code"] == "UnknownService"


def test_an_operation_that_moto_lacks_is_named(sandbox: Sandbox) -> None:
    with pytest.raises(ClientError, match="lacks this: The get_metric_stream action") as refused:
        sandbox.client("cloudwatch").get_metric_stream(Name="x")
    assert refused.value.response["Error"]["Code"] == "NotImplemented"


@pytest.mark.parametrize(
    ("service", "method", "path", "body", "headers"),
    [
        ("s3", "PATCH", "/a/b", b"", {}),
        ("s3", "PUT", "/bad-input/x", b"zz\r\n", {"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER"}),
        ("s3", "PUT", "/bad-input?policy", b"\xff\xfe", {}),
        ("s3", "PUT", "/bad-input?tagging", b"<not xml", {}),
        ("s3", "POST", "/bad-input?delete", b"<a", {}),
        ("s3", "POST", "/bad-input/x?uploadId=nothing", b"<a/>", {}),
        ("s3", "PUT", "/bad-input/x", b"", {"x-amz-copy-source": "nothing"}),
        ("s3", "GET", "/%00/%ff", b"", {}),
        ("s3", "GET", "//", b"", {}),
        ("iam", "POST", "/", b"Action=CreateRole", {"content-type": "application/x-www-form-urlencoded"}),
        ("iam", "POST", "/", b"Action=Nothing", {"content-type": "application/x-www-form-urlencoded"}),
        ("iam", "GET", "/nothing/here", b"", {}),
        ("sts", "POST", "/", b"", {}),
        ("ssm", "POST", "/", b"{", {"x-amz-target": "AmazonSSM.PutParameter"}),
        ("ssm", "POST", "/", b"[1]", {"x-amz-target": "AmazonSSM.PutParameter"}),
        ("monitoring", "POST", "/service/X/operation/PutMetricData", b"\xff", {"smithy-protocol": "rpc-v2-cbor"}),
        ("nothing", "POST", "/moto-api/reset", b"", {}),
    ],
)
def test_bad_input_is_no_failure_of_the_server(
    sandbox: Sandbox, service: str, method: str, path: str, body: bytes, headers: dict[str, str]
) -> None:
    if not (sandbox.home / "buckets" / "bad-input").exists():
        sandbox.client("s3").create_bucket(Bucket="bad-input")

    answer = send(sandbox, service, method, path, body, **headers)

    assert answer.status_code < 500, answer.content
    assert b"Traceback" not in answer.content
    assert b"moto/" not in answer.content, "no path of a file of ours"


def test_a_body_that_is_too_long_is_refused_with_what_to_do(sandbox: Sandbox) -> None:
    sandbox.client("s3").create_bucket(Bucket="too-long")
    with pytest.raises(ClientError, match="Send it in parts, as upload_file does"):
        sandbox.client("s3").put_object(Bucket="too-long", Key="a", Body=b"x" * ((1 << 28) + 1))


def test_half_an_object_is_none(sandbox: Sandbox) -> None:
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="half")
    s3.put_object(Bucket="half", Key="a", Body=b"whole")
    scope = "AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/s3/aws4_request"
    head = f"PUT /half/a HTTP/1.1\r\nHost: x\r\nAuthorization: {scope}\r\nContent-Length: 1000000\r\n\r\n"

    with socket.create_connection(("127.0.0.1", int(sandbox.url.rpartition(":")[2]))) as connection:
        connection.sendall(head.encode() + b"x" * 400_000)

    for _ in range(5):
        assert s3.get_object(Bucket="half", Key="a")["Body"].read() == b"whole"
        time.sleep(0.05)


def test_policies_given_by_code_are_held(tmp_path: Path) -> None:
    with sandbox_in(tmp_path / "home", "sandbox", "--strict-iam") as strict:
        s3, iam = strict.client("s3"), strict.client("iam")
        s3.create_bucket(Bucket="films")
        s3.put_bucket_policy(Bucket="films", Policy='{"Version": "2012-10-17", "Statement": []}')
        iam.create_role(RoleName="R", AssumeRolePolicyDocument='{"Version": "2012-10-17", "Statement": []}')
        policies = strict.home / "policies"
        personalize = strict.client("personalize")
        arn = dataset(personalize, "strict")
        s3.upload_file(str(interactions(10, tmp_path / "a.csv")), "films", "a.csv")
        assert json.loads((policies / "buckets" / "films.json").read_text())["Statement"] == []
        assert json.loads((policies / "roles" / "R.json").read_text())["Statement"] == []

        role = iam.get_role(RoleName="R")["Role"]["Arn"]
        source = {"datasetArn": arn, "dataSource": {"dataLocation": "s3://films/a.csv"}, "roleArn": role}
        refused = personalize.create_dataset_import_job(jobName="refused", **source)["datasetImportJobArn"]
        with pytest.raises(pytest.fail.Exception, match="Insufficient privileges"):
            until_active(personalize.describe_dataset_import_job, "datasetImportJob", datasetImportJobArn=refused)
        s3.put_bucket_policy(Bucket="films", Policy=allowing("films"))
        iam.update_assume_role_policy(RoleName="R", PolicyDocument=json.dumps(TRUST))
        allowed = personalize.create_dataset_import_job(jobName="allowed", **source)["datasetImportJobArn"]
        until_active(personalize.describe_dataset_import_job, "datasetImportJob", datasetImportJobArn=allowed)

        s3.delete_bucket_policy(Bucket="films")
        iam.delete_role(RoleName="R")

        assert not (policies / "buckets" / "films.json").exists()
        assert not (policies / "roles" / "R.json").exists()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--host", "0.0.0.0"), "verifies no signature"),
        (("--auth",), "verifies no signature"),
        (("--http-workers", "2"), "is in one process"),
        (("--no-sandbox",), "tastemaker up"),
    ],
)
def test_what_a_sandbox_cannot_be_is_said_at_once(tmp_path: Path, options: tuple[str, ...], told: str) -> None:
    command = [*COMMAND, "sandbox", "--home", str(tmp_path), *options]
    ended = subprocess.run(command, env=OWN, capture_output=True, text=True, timeout=60, check=False)

    assert ended.returncode == 2
    assert told in " ".join(ended.stderr.split())


@pytest.fixture
def without_moto(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No process that is started can import moto."""
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['moto'] = None\n")
    monkeypatch.setitem(OWN, "PYTHONPATH", os.pathsep.join(filter(None, (str(tmp_path), OWN.get("PYTHONPATH")))))


@pytest.mark.usefixtures("without_moto")
def test_without_a_sandbox_only_personalize_is_pointed_to_and_moto_is_not_needed(tmp_path: Path) -> None:
    with sandbox_in(tmp_path / "home", "up") as plain:
        assert "AWS_ENDPOINT_URL" not in plain.environment
        assert len(plain.client("personalize").list_recipes()["recipes"]) > 5
        assert send(plain, "iam", "POST", "/").status_code == 400


@pytest.mark.usefixtures("without_moto")
def test_a_sandbox_without_moto_says_what_to_install(tmp_path: Path) -> None:
    command = [*COMMAND, "sandbox", "--home", str(tmp_path / "home"), "--port", "0"]
    ended = subprocess.run(command, env=OWN, capture_output=True, text=True, timeout=60, check=False)

    assert ended.returncode == 1
    assert "pip install 'tastemaker[sandbox]'" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_env_gives_the_keys_of_a_server_that_demands_them(tmp_path: Path) -> None:
    with sandbox_in(tmp_path / "home", "up", "--auth", "--region", "eu-west-1") as guarded:
        keys = json.loads((guarded.home / "credentials.json").read_text())
        assert guarded.environment["AWS_ACCESS_KEY_ID"] == keys["aws_access_key_id"]
        assert guarded.environment["AWS_REGION"] == guarded.environment["AWS_DEFAULT_REGION"] == "eu-west-1"
        assert len(guarded.client("personalize").list_recipes()["recipes"]) > 5


def test_one_line_in_a_shell_is_all_that_unmodified_code_needs(sandbox: Sandbox) -> None:
    env = shlex.join([*COMMAND, "env", "--endpoint", sandbox.url])
    code = "import boto3; print(boto3.client('sts').get_caller_identity()['Account'])"
    script = f"eval $({env}) && {shlex.join([sys.executable, '-c', code])}"

    told = subprocess.run(["bash", "-c", script], env=OWN, capture_output=True, text=True, timeout=60, check=False)

    assert told.stdout == "000000000000\n", told.stderr


def test_env_speaks_the_language_of_the_shell(sandbox: Sandbox) -> None:
    assert f"export AWS_ENDPOINT_URL={sandbox.url};\n" in sandbox.tells("env")
    assert f"set -gx AWS_ENDPOINT_URL {sandbox.url};\n" in sandbox.tells("env", "--shell", "fish")
    assert f"$env:AWS_ENDPOINT_URL = '{sandbox.url}'\n" in sandbox.tells("env", "--shell", "powershell")
    assert all(line.startswith("export ") for line in sandbox.tells("env").splitlines())
