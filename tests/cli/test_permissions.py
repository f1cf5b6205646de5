"""`permit` and `permissions`: policies are checked, given and explained without a server."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from policies.test_document import statement
from policies.test_walk_through import BUCKET_POLICY, TRUST_POLICY
from tastemaker.cli.main import main

FILMS = json.loads(json.dumps(BUCKET_POLICY).replace("BUCKET", "films"))

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a verb on a home of its own."""

    def invoke(*arguments: str, given: str = "") -> Result:
        environment = {"TASTEMAKER_HOME": str(tmp_path), "TASTEMAKER_ACCOUNT": "123456789012"}
        return CliRunner(env=environment).invoke(main, arguments, input=given)

    return invoke


def permit(run: Run, kind: str, name: str, document: Any, *more: str) -> Result:
    """Gives a policy on standard input."""
    return run("permit", kind, name, "-", *more, given=json.dumps(document))


def test_the_documents_of_the_walk_through_are_taken_and_allow(run: Run, tmp_path: Path) -> None:
    given = permit(run, "bucket", "films", FILMS)
    assert (given.exit_code, "Next: tastemaker permissions" in given.output) == (0, True)
    assert permit(run, "role", "films", TRUST_POLICY).exit_code == 0
    assert json.loads((tmp_path / "policies/buckets/films.json").read_text()) == FILMS
    assert json.loads((tmp_path / "policies/roles/films.json").read_text()) == TRUST_POLICY

    found = run("permissions", "--json")
    value = json.loads(found.output)
    assert (found.exit_code, value["allowed"], value["corrected"]) == (0, True, {})
    assert [(each["of"], each["action"]) for each in value["needs"]] == [
        ("bucket films", "s3:ListBucket"),
        ("bucket films", "s3:GetObject"),
        ("role films", "sts:AssumeRole"),
    ]
    assert "Next: tastemaker up --strict-iam" in run("permissions").output


def test_what_is_refused_is_explained_and_the_document_that_is_printed_suffices(run: Run) -> None:
    permit(run, "bucket", "films", {"Statement": statement(Action="s3:GetObject", Resource="arn:aws:s3:::films/in/*")})
    shown = run("permissions", "--bucket", "films")
    assert shown.exit_code == 1
    assert "A policy of bucket films that suffices:" in shown.output

    value = json.loads(run("permissions", "--bucket", "films", "--key", "in/*", "--write", "--json").output)
    assert [(each["action"], each["allowed"]) for each in value["needs"]] == [
        ("s3:ListBucket", False),
        ("s3:GetObject", True),
        ("s3:PutObject", False),
    ]
    assert permit(run, "bucket", "films", value["corrected"]["bucket films"]).exit_code == 0
    assert run("permissions", "--bucket", "films", "--key", "in/*", "--write").exit_code == 0


def test_a_bucket_without_a_policy_is_offered_one(run: Run, tmp_path: Path) -> None:
    assert "No policy was given, and there is no bucket." in run("permissions").output
    (tmp_path / "buckets/films").mkdir(parents=True)
    (tmp_path / "buckets/.hidden").mkdir()
    found = run("permissions", "--json")
    value = json.loads(found.output)
    assert (found.exit_code, value["corrected"]) == (1, {"bucket films": FILMS})
    assert {each["why"] for each in value["needs"]} == {"no policy was given"}
    assert json.loads(run("permissions", "--role", "r", "--json").output)["corrected"] == {"role r": TRUST_POLICY}


def test_a_policy_that_allows_too_little_is_taken_and_says_so(run: Run) -> None:
    given = permit(run, "bucket", "films", {"Statement": statement(Action="s3:PutObject")})
    assert given.exit_code == 0
    assert "does not allow personalize.amazonaws.com s3:ListBucket on arn:aws:s3:::films" in given.output
    assert "Next: tastemaker permissions --bucket films" in given.output
    assert json.loads(permit(run, "role", "r", TRUST_POLICY, "--json").output)["allows"] is True


def test_what_is_no_policy_is_not_taken_and_the_old_one_stays(run: Run, tmp_path: Path) -> None:
    permit(run, "bucket", "films", FILMS)
    for_people = permit(run, "bucket", "films", BUCKET_POLICY)
    for_programs = permit(run, "bucket", "films", BUCKET_POLICY, "--json")
    assert for_people.exit_code == for_programs.exit_code == 1
    words = (
        "The policy of bucket films cannot be used: Statement[0].Resource[0]: 'arn:aws:s3:::BUCKET' is not in bucket"
    )
    assert words in for_people.stderr
    assert words in json.loads(for_programs.stdout)["error"]
    offer = for_people.stderr.partition("This one suffices:\n")[2]
    assert json.loads(offer) == FILMS
    assert json.loads((tmp_path / "policies/buckets/films.json").read_text()) == FILMS


@pytest.mark.parametrize("name", ["..", "a/b", "-"])
def test_a_name_that_is_none_is_refused(run: Run, name: str) -> None:
    for ended in (run("permit", "bucket", "--", name, "-", given="{}"), run("permissions", f"--bucket={name}")):
        assert ended.exit_code == 1
        assert "is no name of a bucket or a role" in ended.stderr
