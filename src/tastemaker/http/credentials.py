"""The keys with which requests are signed: one pair per home, in a file that only its owner can read."""

import json
import secrets
from collections.abc import Callable
from pathlib import Path

from tastemaker.storage.files import new_file

FILE = "credentials.json"


def credentials(home: Path) -> tuple[str, str]:
    """The access key and secret key of a home, made at first need."""
    place = home / FILE
    if not place.exists():
        pair = {
            "aws_access_key_id": "TM" + secrets.token_hex(9).upper(),
            "aws_secret_access_key": secrets.token_urlsafe(30),
        }
        with new_file(place, mode=0o600) as aside:
            aside.write_text(json.dumps(pair, indent=1), encoding="utf-8")
    found = json.loads(place.read_text(encoding="utf-8"))
    return found["aws_access_key_id"], found["aws_secret_access_key"]


def secrets_of(home: Path) -> Callable[[str], str | None]:
    """access key -> secret key, None for one that is not of this home. Read at first need."""
    known: dict[str, str] = {}

    def secret_of(access_key: str) -> str | None:
        if not known and (home / FILE).exists():
            known.update([credentials(home)])
        return known.get(access_key)

    return secret_of
