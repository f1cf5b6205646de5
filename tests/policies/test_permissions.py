"""Policies are held before any object is read or written, on this machine's disk and in S3 alike."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from policies.test_document import statement
from policies.test_walk_through import BUCKET_POLICY, TRUST_POLICY
from tastemaker.errors import InvalidInputException
from tastemaker.policies.document import SERVICE
from tastemaker.storage.locations import REFUSED
from tastemaker.storage.objects import Access, FetchedObject, ObjectsFailed, check_location, deliver, fetch
from tastemaker.storage.permissions import bucket_file, give, role_file

ROLE = "arn:aws:iam::123456789012:role/service/films"
JOB = "arn:aws:personalize:us-east-1:123456789012:dataset-import-job/films"
READS = ["s3:GetObject", "s3:ListBucket"]
BUCKET = "arn:aws:s3:::films"


@pytest.fixture
def access(tmp_path: Path) -> Access:
    """A home with the bucket `films` and the trust policy of the walk-through."""
    for name in ("a.csv", "in/b.csv", "in/c.csv", "in/deeper/d.csv"):
        path = tmp_path / "buckets/films" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    policies = tmp_path / "policies"
    give(role_file(policies, "films"), json.dumps(TRUST_POLICY).encode())
    return Access(tmp_path / "buckets", local_paths=True, role=ROLE, source=JOB, policies=policies)


def permit(access: Access, *statements: dict[str, Any]) -> None:
    """Give the policy of the bucket."""
    assert access.policies is not None
    give(bucket_file(access.policies, "films"), json.dumps({"Statement": list(statements)}).encode())


def read(access: Access, location: str, recursive: bool = False) -> list[FetchedObject]:
    """What is fetched there."""
    return fetch(location, access, access.buckets, lambda _, __: None, recursive=recursive)


def write(access: Access, destination: str) -> list[str]:
    """One file, delivered there."""
    source = access.buckets.parent / "source"
    source.write_text("x")
    return deliver([("a.csv", source), ("more/b.csv", source)], destination, access, lambda _, __: None)


def refusal(access: Access, location: str, recursive: bool = False) -> str:
    """Why it may not be read."""
    with pytest.raises(ObjectsFailed) as refused:
        read(access, location, recursive)
    return str(refused.value)


def offered(text: str) -> Any:
    """The document in a message, the first if there are more."""
    return json.JSONDecoder().raw_decode(text, text.index("{"))[0]


def test_the_walk_through_suffices_for_reading_and_not_for_writing(access: Access) -> None:
    permit(access, *json.loads(json.dumps(BUCKET_POLICY).replace("BUCKET", "films"))["Statement"])
    for location, n in {"s3://films/a.csv": 1, "s3://films/in/": 2, "s3://films/in": 2, "s3://films": 1}.items():
        assert len(read(access, location)) == n
    assert len(read(access, "s3://films/", recursive=True)) == 4
    with pytest.raises(ObjectsFailed, match=r"does not allow personalize.amazonaws.com s3:PutObject on .*/out/a\.csv"):
        write(access, "s3://films/out")
    assert not (access.buckets / "films/out").exists()


def test_without_a_policy_it_is_refused_and_what_is_offered_suffices(access: Access) -> None:
    text = refusal(access, "s3://films/in/")
    assert text.startswith(f"{REFUSED} No policy was given for bucket films. This one suffices: {{")
    assert text.endswith("Save it as FILE, run `tastemaker permit bucket films FILE`, then create the job again.")
    permit(access, *offered(text)["Statement"])
    assert len(read(access, "s3://films/in/")) == 2
    assert "arn:aws:s3:::films/a.csv" in refusal(access, "s3://films/a.csv")


def test_a_role_that_is_not_trusted_is_told_beside_the_bucket(access: Access) -> None:
    text = refusal(replace(access, role=ROLE.replace("films", "other")), "s3://films/a.csv")
    assert "No policy was given for role other. This one suffices: " in text
    assert "No policy was given for bucket films." in text
    assert "run `tastemaker permit role other FILE` and `tastemaker permit bucket films FILE`, then" in text
    assert offered(text) == TRUST_POLICY


def test_each_object_of_a_folder_is_asked_for(access: Access) -> None:
    permit(
        access,
        statement(Action=READS, Resource=[BUCKET, f"{BUCKET}/*"]),
        statement(Sid="Secret", Effect="Deny", Principal="*", Resource=[f"{BUCKET}/in/c.csv", f"{BUCKET}/in/deeper/*"]),
    )
    text = refusal(access, "s3://films/in", recursive=True)
    assert f"s3:GetObject on {BUCKET}/in/c.csv (statement 2 (Secret) denies it); nor {SERVICE} s3:GetObject" in text
    assert "in/b.csv" not in text
    assert len(offered(text)["Statement"]) == 1
    assert len(read(access, "s3://films/a.csv")) == 1


def test_a_pattern_may_allow_just_the_files_that_are_there(access: Access) -> None:
    permit(access, statement(Action=READS, Resource=[BUCKET, f"{BUCKET}/in/?.csv"]))
    assert len(read(access, "s3://films/in/")) == 2


def test_what_may_not_be_listed_is_not_looked_for(access: Access) -> None:
    permit(access, statement(Resource=f"{BUCKET}/*"))
    there, absent = refusal(access, "s3://films/a.csv"), refusal(access, "s3://films/none.csv")
    assert there == absent
    assert f"s3:ListBucket on {BUCKET} (no statement allows it" in there


def test_output_may_be_written_where_the_policy_says(access: Access) -> None:
    permit(access, statement(Action=["s3:PutObject", "s3:ListBucket"], Resource=[BUCKET, f"{BUCKET}/out/*"]))
    assert write(access, "s3://films/out/") == ["s3://films/out/a.csv", "s3://films/out/more/b.csv"]
    with pytest.raises(ObjectsFailed, match=r"s3:PutObject on arn:aws:s3:::films/output/a\.csv") as refused:
        write(access, "s3://films/output")
    permit(access, *offered(str(refused.value))["Statement"])
    assert len(write(access, "s3://films/output")) == 2


@pytest.mark.parametrize("key", ["in/../a.csv", "in//b.csv", "./a.csv", ".."])
def test_a_key_that_means_another_one_is_refused(access: Access, key: str) -> None:
    permit(access, statement(Action="s3:*", Resource=[BUCKET, f"{BUCKET}/*"]))
    with pytest.raises(ObjectsFailed, match=r"a part of its key is empty, '\.' or '\.\.'|leads out of its bucket"):
        read(access, f"s3://films/{key}")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"{", "The policy of bucket films cannot be used: it is no JSON: Expecting property name"),
        (b'{"Statement": []}', "cannot be used: Statement: it is an empty list. This one suffices: {"),
        (b" " * 30_000, "cannot be used: it is longer than 20,480 bytes"),
    ],
)
def test_a_policy_that_was_spoilt_by_hand_is_refused_with_its_place(access: Access, data: bytes, words: str) -> None:
    assert access.policies is not None
    give(bucket_file(access.policies, "films"), data)
    text = refusal(access, "s3://films/a.csv")
    assert words in text
    permit(access, *offered(text[text.index("suffices") :])["Statement"])
    assert len(read(access, "s3://films/a.csv")) == 1


def test_conditions_see_the_job(access: Access) -> None:
    condition = {"ArnLike": {"aws:SourceArn": "arn:aws:personalize:us-east-1:123456789012:*"}}
    permit(access, statement(Action=READS, Resource=[BUCKET, f"{BUCKET}/*"], Condition=condition))
    assert len(read(access, "s3://films/a.csv")) == 1
    elsewhere = replace(access, source=JOB.replace("us-east-1", "eu-west-1"))
    assert f"its Condition does not cover it (aws:SourceArn is {elsewhere.source})" in refusal(
        elsewhere, "s3://films/a.csv"
    )


def test_a_job_needs_a_role_and_a_bucket(access: Access) -> None:
    check_location("s3://films/a.csv", access)
    with pytest.raises(InvalidInputException, match="roleArn is missing: this server runs with --strict-iam"):
        check_location("s3://films/a.csv", replace(access, role=None))
    with pytest.raises(InvalidInputException, match="a path is in none"):
        check_location(str(access.buckets / "films/a.csv"), access)
    for location, who in {"s3://films/a.csv": replace(access, role=None), "/a.csv": access}.items():
        with pytest.raises(ObjectsFailed, match="with --strict-iam a job needs a roleArn, and names s3://bucket/key"):
            read(who, location)


@pytest.mark.parametrize("name", ["", "..", "a/b", ".hidden", "a\0b", "x" * 200])
def test_a_name_that_could_be_another_file_is_refused(access: Access, name: str) -> None:
    assert access.policies is not None
    with pytest.raises(ObjectsFailed, match="is no name of a bucket or a role"):
        bucket_file(access.policies, name)
