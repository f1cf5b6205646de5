"""What is no policy, or none that can be evaluated: refused, with the place and what to write instead."""

import json
from typing import Any

import pytest

from tastemaker.policies.document import PolicyError, bucket_rules, parse, role_rules

FILMS = bucket_rules("films")


def statement(**changes: Any) -> dict[str, Any]:
    """One statement that is as it should be, but for this; None takes an element away."""
    whole = {
        "Effect": "Allow",
        "Principal": {"Service": "personalize.amazonaws.com"},
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::films/*",
    } | changes
    return {name: value for name, value in whole.items() if value is not None}


def document(**changes: Any) -> str:
    """A document with one such statement."""
    return json.dumps({"Version": "2012-10-17", "Statement": [statement(**changes)]})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "it is no JSON: Expecting value in line 1, column 1"),
        ('{"Version": "2012-10-17",\n "Statement": [}', "in line 2, column 16"),
        ("[]", "it is no JSON object"),
        ('{"Statement": NaN}', "it is no JSON: NaN"),
        ('{"a": 1, "a": 2}', "the element 'a' twice"),
        ("[" * 20_000, "nested too deeply"),
        ('{"Statement": ' + "1" * 5000 + "}", "a number that is too long"),
        (json.dumps({"Version": "2012-10-17", "Id": "x" * 20_480}), "longer than 20,480 bytes"),
        ('{"Id": "\\ud800"}', "half a character"),
        ('{"Statements": []}', "Statements: there is no such element here: use Version, Id, Statement"),
        ('{"Version": "2020-01-01", "Statement": []}', "Version: it is '2020-01-01': give '2012-10-17'"),
        ('{"Id": 1, "Statement": []}', "Id: 1 is no string"),
        ('{"Statement": []}', "Statement: it is an empty list"),
        ('{"Statement": ["x"]}', r"Statement\[0\]: it is no JSON object"),
        (document(Effect="allow"), r"Statement\[0\].Effect: it must be Allow or Deny"),
        (document(Principle="*"), r"Statement\[0\].Principle: there is no such element here"),
        (document(Principal=None, NotPrincipal="*"), "NotPrincipal: this server does not evaluate it: name the"),
        (document(Principal="personalize.amazonaws.com"), r'Principal: give {"Service": "personalize.amazonaws.com"}'),
        (document(Principal={}), "Principal: give"),
        (document(Principal={"Services": "x"}), "Principal.Services: there is no such element here: use Service, AWS"),
        (document(Principal={"Service": []}), "Principal.Service: it is an empty list"),
        (document(Principal={"Service": ["a.amazonaws.com", 7]}), r"Principal.Service\[1\]: 7 is no string"),
        (document(Action=[]), "Action: it is an empty list"),
        (document(NotAction="s3:PutObject"), "NotAction: Action is there, too: remove one"),
        (document(Action=["s3:GetObject", "GetObject"]), r"Action\[1\]: 'GetObject' is no action: write it like s3:G"),
        (document(Action="sts:AssumeRole"), r"'sts:AssumeRole' is no action on a bucket: those begin with s3:"),
        (document(Resource=None), r"Statement\[0\].Resource: it is missing"),
        (document(NotResource="arn:aws:s3:::films"), "NotResource: Resource is there, too"),
        (document(Resource="arn:aws:s3:::BUCKET/*"), "is not in bucket films: write arn:aws:s3:::films for the bucket"),
        (document(Resource="arn:aws:s3:::films2"), "is not in bucket films"),
        (document(Resource="arn:aws:s3:::film"), "is not in bucket films"),
        (document(Resource="s3://films/*"), "is not in bucket films"),
        (document(Resource="arn:aws:s3:::films/${aws:username}"), "does not evaluate policy variables"),
        (document(Condition=[]), "Condition: it is no JSON object"),
        (
            document(Condition={"Bool": {"aws:SecureTransport": "true"}}),
            r"Statement\[0\].Condition.Bool: this server evaluates only StringEquals, StringEqualsIfExists, StringLike",
        ),
        (
            document(Condition={"StringEquals": {"s3:prefix": "in/"}}),
            "StringEquals.s3:prefix: this server evaluates only conditions on aws:SourceAccount and aws:SourceArn",
        ),
        (
            document(Condition={"StringEquals": {"aws:SourceAccount": 123456789012}}),
            "aws:SourceAccount: 123456789012 is no string: write it in quotation marks",
        ),
    ],
)
def test_what_cannot_be_evaluated_is_refused_with_its_place(text: str, words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        parse(text.encode(), FILMS)


def test_a_trust_policy_has_no_resource_and_other_actions() -> None:
    role = role_rules("films")
    with pytest.raises(PolicyError, match=r"Statement\[0\]\.Resource: there is no such element here"):
        parse(document(Action="sts:AssumeRole").encode(), role)
    with pytest.raises(PolicyError, match="is no action on a role: those begin with sts:"):
        parse(document(Resource=None).encode(), role)
    with pytest.raises(PolicyError, match="longer than 10,240 bytes"):
        parse(document(Resource=None, Action="sts:AssumeRole", Sid="x" * 10_240).encode(), role)
    assert parse(document(Resource=None, Action="sts:AssumeRole").encode(), role).statements[0].resources == ()


def test_a_file_is_utf_8_with_or_without_its_mark() -> None:
    assert parse(b"\xef\xbb\xbf" + document(Sid="Ŝerco").encode(), FILMS).statements[0].sid == "Ŝerco"
    with pytest.raises(PolicyError, match=r"byte 9 is no UTF-8"):
        parse(b'{"Id": "\xff"}', FILMS)


def test_an_error_keeps_the_document_where_there_is_one() -> None:
    with pytest.raises(PolicyError) as refused:
        parse(b'{"Statement": []}', FILMS)
    assert refused.value.document == {"Statement": []}


@pytest.mark.parametrize("resource", ["*", "arn:aws:s3:::*", "arn:aws:s3:::fil*", "arn:aws:s3:::films?", "arn:*/in/*"])
def test_a_resource_may_be_a_pattern_that_the_bucket_may_fit(resource: str) -> None:
    assert parse(document(Resource=resource).encode(), FILMS).statements[0].resources == (resource,)


def test_one_statement_needs_no_list_and_a_name_is_how_messages_call_it() -> None:
    (found,) = parse(json.dumps({"Statement": statement(Sid="Readers")}).encode(), FILMS).statements
    assert found.name == "statement 1 (Readers)"
    assert (found.services, found.everyone, found.allows) == (("personalize.amazonaws.com",), False, True)
