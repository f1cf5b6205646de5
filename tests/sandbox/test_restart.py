"""What was acknowledged is there after a kill -9: objects, what is known of them, buckets, roles, parameters."""

import json
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from sandbox.running import Sandbox, sandbox_in
from sandbox.test_walk import MANAGED, TRUST, allowing

PUTS = 20


def putting_until_killed(sandbox: Sandbox) -> list[str]:
    """Puts objects without a pause while the server is killed; gives the keys of those that it acknowledged."""
    acknowledged: list[str] = []

    def put() -> None:
        s3 = sandbox.client("s3", retries={"total_max_attempts": 1})
        with suppress(BotoCoreError, ClientError):
            while True:
                key = f"put/{len(acknowledged)}"
                s3.put_object(Bucket="films", Key=key, Body=key.encode() * 1000, Metadata={"key": key})
                acknowledged.append(key)

    thread = threading.Thread(target=put)
    thread.start()
    while len(acknowledged) < PUTS and thread.is_alive():
        time.sleep(0.001)
    sandbox.end(kills=True)
    thread.join()
    assert len(acknowledged) >= PUTS
    return acknowledged


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with sandbox_in(home) as first:
        s3, iam, ssm = first.client("s3"), first.client("iam"), first.client("ssm")
        s3.create_bucket(Bucket="films", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        s3.put_bucket_policy(Bucket="films", Policy=allowing("films"))
        s3.put_bucket_tagging(Bucket="films", Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
        s3.put_object(
            Bucket="films", Key="in/a.csv", Body=b"abc", ContentType="text/csv", Metadata={"w": "me"}, Tagging="t=1"
        )
        s3.create_bucket(Bucket="gone")
        s3.put_bucket_policy(Bucket="gone", Policy=allowing("gone"))
        s3.delete_bucket(Bucket="gone")
        s3.create_bucket(Bucket="gone")
        role = iam.create_role(RoleName="R", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]
        iam.attach_role_policy(RoleName="R", PolicyArn=MANAGED)
        iam.put_role_policy(RoleName="R", PolicyName="own", PolicyDocument=allowing("films"))
        iam.create_role(RoleName="Gone", AssumeRolePolicyDocument=json.dumps(TRUST))
        iam.delete_role(RoleName="Gone")
        ssm.put_parameter(Name="/a", Value="1", Type="SecureString")
        ssm.put_parameter(Name="/a", Value="2", Type="SecureString", Overwrite=True)
        head = s3.head_object(Bucket="films", Key="in/a.csv")
        acknowledged = putting_until_killed(first)

    log = home / "sandbox" / "calls.jsonl"
    assert log.stat().st_mode & 0o077 == 0, "parameters may be secrets"
    with log.open("ab") as writer:
        writer.write(b'{"service": "iam", "cut of')  # the last call of a process that was killed while it wrote

    with sandbox_in(home) as second:
        s3, iam, ssm = second.client("s3"), second.client("iam"), second.client("ssm")
        found = s3.get_object(Bucket="films", Key="in/a.csv")
        assert found["Body"].read() == b"abc"
        assert (found["ContentType"], found["Metadata"]) == ("text/csv", {"w": "me"})
        assert (found["ETag"], found["LastModified"]) == (head["ETag"], head["LastModified"])
        for key in acknowledged:
            assert s3.get_object(Bucket="films", Key=key)["Body"].read() == key.encode() * 1000
            assert s3.head_object(Bucket="films", Key=key)["Metadata"] == {"key": key}
        assert s3.get_object_tagging(Bucket="films", Key="in/a.csv")["TagSet"] == [{"Key": "t", "Value": "1"}]
        assert json.loads(s3.get_bucket_policy(Bucket="films")["Policy"]) == json.loads(allowing("films"))
        assert s3.get_bucket_tagging(Bucket="films")["TagSet"] == [{"Key": "k", "Value": "v"}]
        assert s3.get_bucket_location(Bucket="films")["LocationConstraint"] == "eu-west-1"
        with pytest.raises(ClientError, match="NoSuchBucketPolicy"):
            s3.get_bucket_policy(Bucket="gone")
        again = iam.get_role(RoleName="R")["Role"]
        assert (again["Arn"], again["RoleId"]) == (role["Arn"], role["RoleId"])
        assert again["AssumeRolePolicyDocument"] == TRUST
        assert [p["PolicyArn"] for p in iam.list_attached_role_policies(RoleName="R")["AttachedPolicies"]] == [MANAGED]
        assert iam.list_role_policies(RoleName="R")["PolicyNames"] == ["own"]
        with pytest.raises(iam.exceptions.NoSuchEntityException):
            iam.get_role(RoleName="Gone")
        parameter = ssm.get_parameter(Name="/a", WithDecryption=True)["Parameter"]
        assert (parameter["Value"], parameter["Version"]) == ("2", 2)
        iam.delete_role_policy(RoleName="R", PolicyName="own")

    with sandbox_in(home) as third:
        assert third.client("iam").list_role_policies(RoleName="R")["PolicyNames"] == []
