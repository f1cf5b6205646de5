"""The files that the walk imports: made up, small, the same for the same seed; and the place where they lie.

As many interactions and users as the original service documents as its minimum, so that it trains on them, too.
"""

import json
import random
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from tastemaker.cli.verb import Failed

N_USERS, N_ITEMS, EVENTS_EACH = 200, 40, 10
ACTIONS = ("join", "app", "offer")
BEGIN_S = 1_700_000_000
DAY_S = 86_400


def files(seed: int = 0) -> dict[str, str]:
    """Texts by name. Users with even numbers mostly choose even items, the others odd ones."""
    draw = random.Random(seed)
    rows: dict[str, list[str]] = {
        "interactions.csv": ["USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP"],
        "items.csv": ["ITEM_ID,GENRES,CREATION_TIMESTAMP"],
        "users.csv": ["USER_ID,PLAN"],
        "actions.csv": ["ACTION_ID,VALUE"],
        "action-interactions.csv": ["USER_ID,ACTION_ID,EVENT_TYPE,TIMESTAMP"],
        "forget.csv": ["USER_ID", "u0", "u1"],
    }
    for item in range(N_ITEMS):
        rows["items.csv"].append(f"i{item},{'Drama|Crime' if item % 2 == 0 else 'Comedy'},{BEGIN_S}")
    rows["actions.csv"] += [f"{action},{place + 1}" for place, action in enumerate(ACTIONS)]
    for user in range(N_USERS):
        rows["users.csv"].append(f"u{user},{'gold' if user % 2 else 'basic'}")
        for place in range(EVENTS_EACH):
            at_s = BEGIN_S + DAY_S + user * 1000 + place * 60
            # The sum of two draws: some items are taken more often than others, as in life.
            near = (draw.randrange(N_ITEMS // 4) + draw.randrange(N_ITEMS // 4)) * 2 + (user + (place == 9)) % 2
            rows["interactions.csv"].append(f"u{user},i{near},Watch,{at_s}")
        for action in ACTIONS:
            kind = "Taken" if draw.random() < 0.5 else "Not Taken"
            rows["action-interactions.csv"].append(f"u{user},{action},{kind},{BEGIN_S + DAY_S + user * 60}")
    texts = {name: "".join(f"{line}\n" for line in lines) for name, lines in rows.items()}
    texts["batch-users.json"] = "".join(json.dumps({"userId": f"u{user}"}) + "\n" for user in range(3))
    texts["batch-items.json"] = "".join(json.dumps({"itemId": f"i{item}"}) + "\n" for item in range(3))
    return texts


@dataclass(frozen=True)
class Place:
    """Where the files are. location: as requests name it. folder: of this machine; None: in S3, found as boto3 does."""

    location: str
    folder: Path | None

    def write(self, texts: dict[str, str]) -> None:
        """Put the files there. Raises Failed."""
        if self.folder is None:
            bucket, prefix = self._key()
            for name, text in texts.items():
                self._s3().put_object(Bucket=bucket, Key=f"{prefix}/{name}", Body=text.encode())
            return
        try:
            self.folder.mkdir(parents=True)
            for name, text in texts.items():
                (self.folder / name).write_text(text, encoding="utf-8")
        except OSError as problem:
            raise Failed(f"{self.folder} cannot be written: {problem.strerror}. Name a --data-location.") from None

    def remove(self) -> None:
        """Remove them, and what jobs wrote beside them."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
            return
        bucket, prefix = self._key()
        for page in self._s3().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{prefix}/"):
            for each in page.get("Contents", []):
                self._s3().delete_object(Bucket=bucket, Key=each["Key"])

    def _key(self) -> tuple[str, str]:
        bucket, _, prefix = self.location.removeprefix("s3://").partition("/")
        return bucket, prefix

    def _s3(self) -> Any:
        client: Any = boto3.client
        return client("s3")


def place_of(given: str | None, run: str, home: Path | None) -> Place:
    """A place of its own for one run. given: --data-location. home: of the server; None for AWS. Raises Failed."""
    if given and given.startswith("s3://"):
        return Place(f"{given.rstrip('/')}/{run}", None)
    if home is None:
        raise Failed("AWS reads no files of this machine: name a place in S3 with --data-location s3://bucket/prefix.")
    if given:
        folder = Path(given).absolute() / run
        return Place(str(folder), folder)
    if not home.is_dir():
        raise Failed(
            f"There is no folder {home}, so this is no home of the server, where it would read data. Name its home "
            "with --home, or with --data-location an s3://bucket/prefix or a folder that it reads."
        )
    # A bucket of the run's own: a server of ours reads s3://<run>/... from this folder.
    return Place(f"s3://{run}", home / "buckets" / run)
