"""With --auth: who has the home's key is let in, everybody else is told what is wrong."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import botocore.auth
import pytest
from botocore.exceptions import ClientError

from main_path.served import Server
from tastemaker.http.credentials import credentials


@pytest.fixture(scope="module")
def guarded(start_server: Callable[..., Server]) -> Server:
    return start_server(auth=True)


def refusal(call: Callable[..., Any], **arguments: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    answer = refused.value.response
    assert answer["Error"]["Message"]
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def test_requests_signed_with_the_keys_of_the_home_are_answered(guarded: Server) -> None:
    keys = credentials(guarded.home)
    assert guarded.client("personalize", *keys).list_schemas()["schemas"] == []
    arn = "arn:aws:personalize:eu-west-1:000000000000:campaign/none"
    code = refusal(
        guarded.client("personalize-runtime", *keys).get_recommendations, campaignArn=arn, userId="Ünï céde/%2F"
    )
    assert code == ("ResourceNotFoundException", 404)
    made = guarded.client("personalize", *keys).create_dataset_group(name="mine")["datasetGroupArn"]
    assert ":eu-west-1:" in made


def test_a_wrong_secret_and_an_unknown_key_are_told_apart(guarded: Server) -> None:
    key, secret = credentials(guarded.home)
    for service, call, arguments in (
        ("personalize", "list_schemas", {}),
        ("personalize-runtime", "get_recommendations", {"userId": "u"}),
        (
            "personalize-events",
            "put_events",
            {
                "trackingId": "t",
                "sessionId": "s",
                "eventList": [{"eventType": "e", "itemId": "i", "sentAt": 1_700_000_000}],
            },
        ),
    ):
        wrong, unknown = guarded.client(service, key, secret + "x"), guarded.client(service, "TMNOBODY", secret)
        assert refusal(getattr(wrong, call), **arguments) == ("SignatureDoesNotMatch", 403)
        assert refusal(getattr(unknown, call), **arguments) == ("InvalidClientTokenId", 403)


def test_a_clock_that_is_off_is_named(guarded: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    client = guarded.client("personalize", *credentials(guarded.home))

    class Late(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> "Late":
            return super().now(tz) - timedelta(minutes=20)

        @classmethod
        def utcnow(cls) -> "Late":
            return super().now() - timedelta(minutes=20)

    # boto3 takes the time of the signature from here; newer versions from a function of botocore.compat.
    if hasattr(botocore.auth, "get_current_datetime"):
        off = botocore.auth.get_current_datetime
        monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: off() - timedelta(minutes=20))
    else:
        monkeypatch.setattr(botocore.auth.datetime, "datetime", Late)
    assert refusal(client.list_schemas) == ("RequestExpired", 400)


def test_a_request_that_is_not_signed_is_refused_before_it_is_read(guarded: Server) -> None:
    for headers, path in (
        ({"X-Amz-Target": "AmazonPersonalize.ListSchemas"}, "/"),
        ({}, "/recommendations"),
        ({}, "/jobs"),
        ({}, "/nonsense"),
    ):
        request = urllib.request.Request(guarded.url + path, b"{not json", headers, method="POST")
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request)
        with refused.value as answer:
            assert answer.code == 403
            assert json.load(answer)["__type"] == "MissingAuthenticationToken"


def test_health_is_free_for_all(guarded: Server) -> None:
    with urllib.request.urlopen(guarded.url + "/healthz") as answer:
        assert json.load(answer)["status"] == "serving"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(guarded.url + "/jobs")
    refused.value.close()
    assert refused.value.code == 403


def test_only_the_owner_can_read_the_keys(guarded: Server) -> None:
    assert (guarded.home / "credentials.json").stat().st_mode & 0o077 == 0


def test_without_auth_a_wrong_signature_does_not_matter(server: Server) -> None:
    assert "schemas" in server.client("personalize", "whoever", "whatever").list_schemas()
