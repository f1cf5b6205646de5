"""A correction allows what is needed, keeps what was there, and gives no action that nobody asked for."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.test_document import FILMS, statement
from policies.test_evaluate import JOB
from tastemaker.policies.correct import corrected
from tastemaker.policies.document import SERVICE, PolicyError, role_rules, understood
from tastemaker.policies.evaluate import GET, PUT, assume_need, object_needs, verdict

READ = object_needs(GET, "films", ["in/one.csv", "in/two.csv"], JOB)
WRITE = object_needs(PUT, "films", ["out/a.csv"], JOB)
BOTH = ["arn:aws:s3:::films", "arn:aws:s3:::films/*"]
READS = ["s3:GetObject", "s3:ListBucket"]
OURS = {"Service": SERVICE}
ROLE = "arn:aws:iam::123456789012:role/admin"


def repaired(*statements: dict[str, Any], needs: Any = READ) -> list[dict[str, Any]]:
    """The statements of the corrected document, which is seen to allow."""
    found = corrected({"Statement": list(statements)}, needs, FILMS)
    policy = understood(found, FILMS)
    assert all(verdict(policy, need).allowed for need in needs)
    return list(found["Statement"])


def test_an_object_that_is_missing_is_granted_with_its_folder() -> None:
    (found,) = repaired(statement(Action=READS, Resource=BOTH[0]))
    assert found["Resource"] == ["arn:aws:s3:::films", "arn:aws:s3:::films/in/*"]


def test_another_principal_keeps_what_it_may() -> None:
    (found,) = repaired(statement(Principal={"AWS": ROLE}, Action=READS, Resource=BOTH))
    assert found["Principal"] == {"AWS": ROLE} | OURS
    (found,) = repaired(statement(Principal={"Service": "s3.amazonaws.com"}, Action=READS, Resource=BOTH))
    assert found["Principal"] == {"Service": ["s3.amazonaws.com", SERVICE]}


@pytest.mark.parametrize(
    "given_one",
    [
        statement(Principal={"AWS": ROLE}, Action="s3:*", Resource=BOTH),  # the service would get all actions
        statement(Principal=OURS | {"AWS": ROLE}, Action="s3:GetObject", Resource=BOTH),  # the role would get more
        statement(Action=[*READS, "s3:PutObject"], Resource=["arn:aws:s3:::films", "arn:aws:s3:::films/out/*"]),
        statement(Action=None, NotAction="s3:GetObject", Resource=BOTH),
        statement(Resource=None, NotResource="arn:aws:s3:::films/in/*"),
    ],
)
def test_where_an_extension_would_give_more_another_statement_is_added(given_one: dict[str, Any]) -> None:
    kept, added = repaired(given_one)
    assert kept == given_one
    assert (added["Effect"], added["Principal"]) == ("Allow", OURS)
    assert "s3:PutObject" not in added["Action"]


def test_writing_is_added_beside_reading() -> None:
    kept, added = repaired(statement(Action=READS, Resource=BOTH), needs=WRITE)
    assert kept["Action"] == READS
    assert added == statement(Action="s3:PutObject", Resource="arn:aws:s3:::films/out/*")


@pytest.mark.parametrize(
    ("denying", "left"),
    [
        (statement(Effect="Deny", Principal="*", Action="s3:*"), None),
        (statement(Effect="Deny"), None),
        (
            statement(Effect="Deny", Principal="*", Action=["s3:GetObject", "s3:PutObject"]),
            statement(Effect="Deny", Principal="*", Action="s3:PutObject"),
        ),
        (
            statement(Effect="Deny", Principal={"Service": [SERVICE, "s3.amazonaws.com"]}, Action="s3:*"),
            statement(Effect="Deny", Principal={"Service": "s3.amazonaws.com"}, Action="s3:*"),
        ),
        (
            statement(Effect="Deny", Principal=OURS | {"AWS": ROLE}, Action="s3:*"),
            statement(Effect="Deny", Principal={"AWS": ROLE}, Action="s3:*"),
        ),
        (statement(Effect="Deny", Principal="*", Action=None, NotAction=["s3:PutObject", "s3:ListBucket"]), None),
    ],
)
def test_what_is_denied_is_lifted_for_the_service_and_for_others_only_if_it_must(
    denying: dict[str, Any], left: dict[str, Any] | None
) -> None:
    allowing = statement(Action=READS, Resource=BOTH)
    assert repaired(allowing, denying) == ([allowing, left] if left else [allowing])
    assert repaired(denying)[: bool(left)] == ([left] if left else [])


@pytest.mark.parametrize(
    ("condition", "becomes"),
    [
        (
            {"StringEquals": {"aws:SourceAccount": "000000000000"}},
            {"StringEquals": {"aws:SourceAccount": ["000000000000", "123456789012"]}},
        ),
        (
            {"ArnLike": {"aws:SourceArn": "arn:aws:personalize:eu-west-1:123456789012:*"}},
            {
                "ArnLike": {
                    "aws:SourceArn": [
                        "arn:aws:personalize:eu-west-1:123456789012:*",
                        "arn:aws:personalize:us-east-1:123456789012:*",
                    ]
                }
            },
        ),
        (
            {
                "StringEquals": {
                    "aws:SourceArn": "arn:aws:personalize:us-east-1:123456789012:*",
                    "aws:SourceAccount": "123456789012",
                }
            },
            {
                "ArnLike": {"aws:SourceArn": "arn:aws:personalize:us-east-1:123456789012:*"},
                "StringEquals": {"aws:SourceAccount": "123456789012"},
            },
        ),
    ],
)
def test_a_condition_gets_the_value_of_the_job(condition: dict[str, Any], becomes: dict[str, Any]) -> None:
    (found,) = repaired(statement(Action=READS, Resource=BOTH, Condition=condition))
    assert found["Condition"] == becomes


@pytest.mark.parametrize(
    "broken",
    [
        None,
        {},
        {"Statement": "x"},
        {"Statement": [7]},
        {"Statement": statement(Effect="allow")},
        {"Statement": statement(Effect=None, Action="s3:*")},
        {"Statement": statement(Effect="Deny", Action=None)},
        {"Statement": statement(Effect=None, Principal={"AWS": ROLE})},
        {"Statement": statement(Action=[{}])},
        {"Statement": statement(Action=None, NotAction=[])},
        {"Statement": statement(Condition={"Bool": {"aws:SecureTransport": "true"}})},
    ],
)
def test_where_nobody_can_know_what_was_meant_a_whole_document_is_offered(broken: Any) -> None:
    found = corrected(broken, READ, FILMS)
    assert found["Statement"][0]["Action"] == READS
    assert found["Statement"][0]["Resource"] == ["arn:aws:s3:::films", "arn:aws:s3:::films/in/*"]
    assert len(found["Statement"]) == 1


def test_a_trust_policy_for_another_service_is_extended() -> None:
    other = {"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}
    found = corrected({"Statement": other}, [assume_need(JOB)], role_rules("films"))
    assert found == {"Statement": [other | {"Principal": {"Service": ["glue.amazonaws.com", SERVICE]}}]}


def some(*values: Any) -> st.SearchStrategy[Any]:
    """One of these, or a list of some."""
    return st.sampled_from(values) | st.lists(st.sampled_from(values), min_size=1, max_size=3)


ACCOUNTS = some("123456789012", "000000000000")
ARNS = some("arn:aws:personalize:us-east-1:123456789012:*", "arn:aws:personalize:*:*:*", "arn:aws:s3:::films", JOB)
STATEMENTS = st.fixed_dictionaries(
    {
        "Effect": st.sampled_from(["Allow", "Deny"]),
        "Principal": st.just("*")
        | st.dictionaries(st.just("Service"), some(SERVICE, "s3.amazonaws.com"), min_size=1)
        | st.fixed_dictionaries({"AWS": some("*", ROLE)}, optional={"Service": some(SERVICE, "s3.amazonaws.com")}),
    },
    optional={
        "Condition": st.dictionaries(
            st.sampled_from(["StringEquals", "StringLike", "ArnLike", "ArnEquals", "StringEqualsIfExists"]),
            st.fixed_dictionaries({}, optional={"aws:SourceAccount": ACCOUNTS, "aws:SourceArn": ARNS}),
        )
    },
).flatmap(
    lambda kept: st.tuples(
        st.sampled_from(["Action", "NotAction"]),
        some("s3:*", "s3:GetObject", "S3:ListBucket", "s3:PutObject", "*"),
        st.sampled_from(["Resource", "NotResource"]),
        some("*", *BOTH, "arn:aws:s3:::films/in/*", "arn:aws:s3:::films/in/one.csv"),
    ).map(lambda drawn: kept | {drawn[0]: drawn[1], drawn[2]: drawn[3]})
)


@settings(deadline=None, max_examples=300)
@given(st.lists(STATEMENTS, min_size=1, max_size=4), st.booleans())
def test_whatever_was_given_the_correction_allows_and_nobody_gets_another_action(
    statements: list[dict[str, Any]], writing: bool
) -> None:
    needs = WRITE if writing else READ
    before = json.dumps(statements)
    found = corrected({"Statement": statements}, needs, FILMS)
    policy = understood(found, FILMS)
    assert all(verdict(policy, need).allowed for need in needs)
    assert json.dumps(statements) == before
    kept = [each for each in found["Statement"] if each in statements]
    wanted = {need.action.lower() for need in needs}
    for each in found["Statement"]:
        if each["Effect"] == "Allow" and each not in kept:
            actions = each["Action"] if isinstance(each["Action"], list) else [each["Action"]]
            assert {action.lower() for action in actions} <= wanted


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["Statement", "Effect", "Principal", "Action", "Resource", "Sid", "Condition"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=20,
    )
)
def test_whatever_json_is_given_the_correction_allows(value: Any) -> None:
    document = value if isinstance(value, dict) else {"Statement": value}
    with suppress(PolicyError):
        understood(document, FILMS)
    policy = understood(corrected(document, READ, FILMS), FILMS)
    assert all(verdict(policy, need).allowed for need in READ)
