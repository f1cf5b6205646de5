"""What a policy says to a need: an explicit deny wins, then an allow, else it is refused."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.test_document import FILMS, statement
from tastemaker.policies.document import understood
from tastemaker.policies.evaluate import GET, LIST, PUT, Verdict, like, like_arn, object_needs, verdict

JOB = "arn:aws:personalize:us-east-1:123456789012:dataset-import-job/films"
LISTED, READ = object_needs(GET, "films", ["in/one.csv"], JOB)
(_, WRITTEN) = object_needs(PUT, "films", ["out/a.csv"], JOB)


def says(*statements: dict[str, Any], need: Any = READ) -> Verdict:
    """The verdict of a document of these statements."""
    return verdict(understood({"Statement": list(statements)}, FILMS), need)


def test_reading_and_writing_need_the_bucket_listed_and_each_object() -> None:
    found = object_needs(PUT, "films", ["a.csv", "out/b/c.csv", "out/*"], JOB)
    assert [(need.action, need.resource, need.grant) for need in found] == [
        (LIST, "arn:aws:s3:::films", "arn:aws:s3:::films"),
        (PUT, "arn:aws:s3:::films/a.csv", "arn:aws:s3:::films/*"),
        (PUT, "arn:aws:s3:::films/out/b/c.csv", "arn:aws:s3:::films/out/b/*"),
        (PUT, "arn:aws:s3:::films/out/*", "arn:aws:s3:::films/out/*"),
    ]


@pytest.mark.parametrize(
    ("changes", "allowed"),
    [
        ({}, True),
        ({"Principal": "*"}, True),
        ({"Principal": {"AWS": "*"}}, True),
        ({"Principal": {"Service": ["s3.amazonaws.com", "personalize.amazonaws.com"]}}, True),
        ({"Principal": {"Service": "s3.amazonaws.com"}}, False),
        ({"Principal": {"AWS": "arn:aws:iam::123456789012:role/films"}}, False),
        ({"Action": "S3:getobject"}, True),
        ({"Action": "s3:*"}, True),
        ({"Action": "*"}, True),
        ({"Action": "s3:Get?bject"}, True),
        ({"Action": "s3:GetObjectAcl"}, False),
        ({"Action": None, "NotAction": ["s3:PutObject", "s3:Delete*"]}, True),
        ({"Action": None, "NotAction": "s3:Get*"}, False),
        ({"Resource": "arn:aws:s3:::films/in/*"}, True),
        ({"Resource": "arn:aws:s3:::films/in/*.csv"}, True),
        ({"Resource": "arn:aws:s3:::films/IN/*"}, False),
        ({"Resource": "arn:aws:s3:::films"}, False),
        ({"Resource": None, "NotResource": "arn:aws:s3:::films/out/*"}, True),
        ({"Resource": None, "NotResource": "arn:aws:s3:::films/in/*"}, False),
        ({"Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}}}, True),
        ({"Condition": {"StringEquals": {"AWS:sourceaccount": ["1", "123456789012"]}}}, True),
        ({"Condition": {"StringEquals": {"aws:SourceAccount": "000000000000"}}}, False),
        ({"Condition": {"StringEqualsIfExists": {"aws:SourceAccount": "000000000000"}}}, False),
        ({"Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:personalize:us-east-1:123456789012:*"}}}, True),
        ({"Condition": {"ArnEquals": {"aws:SourceArn": "arn:aws:personalize:*:123456789012:*"}}}, True),
        ({"Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:*:dataset-import-job/films"}}}, False),
        ({"Condition": {"StringLike": {"aws:SourceArn": "arn:aws:*:dataset-import-job/films"}}}, True),
        ({"Condition": {"StringEquals": {"aws:SourceArn": "arn:aws:personalize:us-east-1:123456789012:*"}}}, False),
        ({"Condition": {"StringEquals": {"aws:SourceAccount": "123456789012", "aws:SourceArn": "x"}}}, False),
    ],
)
def test_a_statement_is_about_what_its_elements_cover(changes: dict[str, Any], allowed: bool) -> None:
    assert says(statement(**changes)).allowed == allowed
    denied = says(statement(Action="*"), statement(Effect="Deny", **changes))
    assert denied.allowed == (not allowed)
    assert denied.reason == ("statement 2 denies it" if allowed else "statement 1 allows it")


def test_a_condition_on_what_is_not_known_is_not_met_unless_it_says_so() -> None:
    unknown = object_needs(GET, "films", ["a"], "")[1]
    condition = {"aws:SourceAccount": "123456789012"}
    assert not says(statement(Condition={"StringEquals": condition}), need=unknown).allowed
    assert says(statement(Condition={"StringEqualsIfExists": condition}), need=unknown).allowed


@pytest.mark.parametrize(
    ("statements", "need", "reason"),
    [
        ([statement(Effect="Deny", Action="s3:Put*")], READ, "no statement allows it"),
        (
            [statement(Principal={"AWS": "1"}, Action="s3:Put*", Resource="arn:aws:s3:::films")],
            READ,
            "no statement allo",
        ),
        ([statement()], WRITTEN, "no statement allows it; statement 1 comes nearest, but its Action does not cover it"),
        (
            [statement(Action="s3:Put*", Resource="arn:aws:s3:::films/in/*"), statement(Sid="Second")],
            LISTED,
            "no statement allows it; statement 1 comes nearest, but its Action and Resource do not cover it",
        ),
        (
            [statement(Sid="Ours", Condition={"StringEquals": {"aws:SourceAccount": "1"}})],
            READ,
            f"statement 1 (Ours) comes nearest, but its Condition does not cover it (aws:SourceArn is {JOB})",
        ),
    ],
)
def test_a_refusal_names_the_nearest_statement_and_what_it_lacks(statements: Any, need: Any, reason: str) -> None:
    found = says(*statements, need=need)
    assert not found.allowed
    assert reason in found.reason


@given(st.text("ab*?", max_size=8), st.text("ab", max_size=8))
def test_patterns_are_those_of_a_regular_expression(pattern: str, text: str) -> None:
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    assert like(text, pattern) == (re.fullmatch(expression, text) is not None)


def test_a_pattern_of_many_stars_is_answered() -> None:
    assert not like("a" * 1000, "*a" * 500 + "b")


def test_a_star_in_an_arn_stays_between_its_colons() -> None:
    assert like_arn(JOB, "arn:aws:*:*:*:dataset-*")
    assert not like_arn(JOB, "arn:aws:*:dataset-import-job/films")
