"""The two documents of the service's walk-through: as they are, and with every single element taken out in turn."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tastemaker.policies.correct import corrected, sufficient
from tastemaker.policies.document import PolicyError, bucket_rules, parse, role_rules, understood
from tastemaker.policies.evaluate import GET, Need, assume_need, object_needs, verdict

JOB = "arn:aws:personalize:us-east-1:000000000000:dataset-import-job/films"
BUCKET_POLICY = {
    "Version": "2012-10-17",
    "Id": "PersonalizeS3BucketAccessPolicy",
    "Statement": [
        {
            "Sid": "PersonalizeS3BucketAccessPolicy",
            "Effect": "Allow",
            "Principal": {"Service": "personalize.amazonaws.com"},
            "Action": ["s3:GetObject", "s3:ListBucket"],
            "Resource": ["arn:aws:s3:::BUCKET", "arn:aws:s3:::BUCKET/*"],
        }
    ],
}
TRUST_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "personalize.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
BUCKET, ROLE = bucket_rules("BUCKET"), role_rules("films")
READ, ASSUME = object_needs(GET, "BUCKET", ["films.csv"], JOB), [assume_need(JOB)]

Steps = tuple[str | int, ...]

# What becomes of a document without this element: allowed, or the words with which it is malformed or refused.
BUCKET_ELEMENTS: dict[Steps, str] = {
    ("Version",): "allowed",
    ("Id",): "allowed",
    ("Statement",): "Statement: it is missing",
    ("Statement", 0): "Statement: it is an empty list",
    ("Statement", 0, "Sid"): "allowed",
    ("Statement", 0, "Effect"): r"Statement\[0\]\.Effect: it is missing",
    ("Statement", 0, "Principal"): r"Statement\[0\]\.Principal: it is missing",
    ("Statement", 0, "Principal", "Service"): r'Statement\[0\]\.Principal: give \{"Service": "personalize',
    ("Statement", 0, "Action"): r"Statement\[0\]\.Action: it is missing",
    (
        "Statement",
        0,
        "Action",
        0,
    ): r"s3:GetObject .*/films\.csv: .* statement 1 \(Pers.* nearest, but its Action does not",
    (
        "Statement",
        0,
        "Action",
        1,
    ): r"s3:ListBucket .*::BUCKET: .* statement 1 \(Pers.* nearest, but its Action does not",
    ("Statement", 0, "Resource"): r"Statement\[0\]\.Resource: it is missing",
    ("Statement", 0, "Resource", 0): r"s3:ListBucket .*::BUCKET: .* nearest, but its Resource does not",
    ("Statement", 0, "Resource", 1): r"s3:GetObject .*/films\.csv: .* nearest, but its Resource does not",
}
TRUST_ELEMENTS: dict[Steps, str] = {
    ("Version",): "allowed",
    ("Statement",): "Statement: it is missing",
    ("Statement", 0): "Statement: it is an empty list",
    ("Statement", 0, "Effect"): r"Statement\[0\]\.Effect: it is missing",
    ("Statement", 0, "Principal"): r"Statement\[0\]\.Principal: it is missing",
    ("Statement", 0, "Principal", "Service"): r'Statement\[0\]\.Principal: give \{"Service": "personalize',
    ("Statement", 0, "Action"): r"Statement\[0\]\.Action: it is missing",
}
CASES = [
    *((BUCKET_POLICY, BUCKET, READ, path, words) for path, words in BUCKET_ELEMENTS.items()),
    *((TRUST_POLICY, ROLE, ASSUME, path, words) for path, words in TRUST_ELEMENTS.items()),
]


def elements(value: Any, above: Steps = ()) -> Iterator[Steps]:
    """Every key of each object and every member of each list."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in inside:
        yield (*above, key)
        yield from elements(below, (*above, key))


def without(document: Any, path: Steps) -> Any:
    """A copy of the document that lacks this element."""
    copy = json.loads(json.dumps(document))
    place = copy
    for step in path[:-1]:
        place = place[step]
    del place[path[-1]]
    return copy


def judged(text: str, rules: Any, needs: list[Need]) -> str:
    """allowed, or why not."""
    try:
        policy = parse(text.encode(), rules)
    except PolicyError as error:
        return str(error)
    refused = [found for need in needs if not (found := verdict(policy, need)).allowed]
    return "; ".join(f"{each.need.text}: {each.reason}" for each in refused) or "allowed"


def test_the_page_for_users_has_the_two_documents() -> None:
    page = (Path(__file__).parents[2] / "docs" / "permissions.md").read_text(encoding="utf-8")
    assert [json.loads(block) for block in re.findall(r"```json\n(.*?)```", page, re.DOTALL)] == [
        BUCKET_POLICY,
        TRUST_POLICY,
    ]


def test_the_cases_are_all_elements_of_the_two_documents() -> None:
    assert set(elements(BUCKET_POLICY)) == set(BUCKET_ELEMENTS)
    assert set(elements(TRUST_POLICY)) == set(TRUST_ELEMENTS)


@pytest.mark.parametrize(("document", "rules", "needs"), [(BUCKET_POLICY, BUCKET, READ), (TRUST_POLICY, ROLE, ASSUME)])
def test_the_documents_allow_and_are_what_is_offered_where_none_was_given(
    document: Any, rules: Any, needs: list[Need]
) -> None:
    assert judged(json.dumps(document), rules, needs) == "allowed"
    assert corrected(document, needs, rules) == document
    assert judged(json.dumps(sufficient(needs, rules)), rules, needs) == "allowed"
    everything = sufficient(object_needs(GET, "BUCKET", ["*"], JOB), BUCKET) if rules is BUCKET else None
    assert everything in (None, document)


@pytest.mark.parametrize(("document", "rules", "needs", "path", "words"), CASES)
def test_without_one_element_it_is_allowed_or_says_which_and_is_corrected(
    document: Any, rules: Any, needs: list[Need], path: Steps, words: str
) -> None:
    broken = without(document, path)
    found = judged(json.dumps(broken), rules, needs)
    assert re.match(words, found.removeprefix("personalize.amazonaws.com ")), found

    repaired = corrected(broken, needs, rules)
    assert judged(json.dumps(repaired), rules, needs) == "allowed"
    if words == "allowed":
        assert repaired == broken
    elif path != ("Statement",) and path != ("Statement", 0):
        assert canonical(repaired) == canonical(document)
    assert broken == without(document, path)


def canonical(document: Any) -> Any:
    """The document with all lists in one order, and a list of one as its member."""
    if isinstance(document, dict):
        return {key: canonical(value) for key, value in document.items()}
    if isinstance(document, list):
        inside = sorted((canonical(each) for each in document), key=str)
        return inside[0] if len(inside) == 1 else inside
    return document


def test_a_repaired_document_is_read_as_it_stands() -> None:
    assert understood(corrected({}, READ, BUCKET), BUCKET).statements[0].actions == ("s3:GetObject", "s3:ListBucket")
