"""Recipes of our own over HTTP: scores that are ratings, and lists that depend on a column of Users."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from main_path.served import ITEMS, Deployed, schema

RATED = "tastemaker-item-knn"
SEGMENT = "tastemaker-popular-in-segment"
EVENTS = schema(
    "Interactions",
    {"name": "USER_ID", "type": "string"},
    {"name": "ITEM_ID", "type": "string"},
    {"name": "EVENT_TYPE", "type": "string"},
    {"name": "EVENT_VALUE", "type": ["null", "float"]},
    {"name": "TIMESTAMP", "type": "long"},
)
USERS = schema(
    "Users",
    {"name": "USER_ID", "type": "string"},
    {"name": "ZIP_CODE", "type": ["null", "string"], "categorical": True},
)


@pytest.fixture(scope="module")
def rated(tmp_path_factory: pytest.TempPathFactory, deploy: Callable[..., Deployed]) -> Deployed:
    """In zip code 55414 people choose mostly even items and rate them 4, odd ones 2; in 90210 it is the other way."""
    folder, rng = tmp_path_factory.mktemp("rated"), np.random.default_rng(0)
    lines = ["USER_ID,ITEM_ID,EVENT_TYPE,EVENT_VALUE,TIMESTAMP"]
    for user in range(80):
        own, others = rng.permutation(10)[:6] * 2 + user % 2, rng.permutation(10)[:3] * 2 + 1 - user % 2
        for item in [*own.tolist(), *others.tolist()]:
            rating = 4 if item % 2 == user % 2 else 2
            lines.append(f"u{user},i{item},watch,{rating},{1_700_000_000 + len(lines)}")
    (folder / "events.csv").write_text("\n".join(lines) + "\n")
    (folder / "items.csv").write_text("ITEM_ID,GENRES\n" + "".join(f"i{item},Drama\n" for item in range(20)))
    people = [f"u{user},{'90210' if user % 2 else '55414'}" for user in range(80)]
    (folder / "users.csv").write_text("\n".join(["USER_ID,ZIP_CODE", *people]) + "\n")
    files: dict[str, tuple[str, Path]] = {
        "Interactions": (EVENTS, folder / "events.csv"),
        "Items": (ITEMS, folder / "items.csv"),
        "Users": (USERS, folder / "users.csv"),
    }
    return deploy("rated", files, (RATED, SEGMENT))


def listed(runtime: Any, deployed: Deployed, recipe: str, **asked: Any) -> dict[str, float | None]:
    answer = runtime.get_recommendations(campaignArn=deployed.campaigns[recipe], numResults=20, **asked)
    return {each["itemId"]: each.get("score") for each in answer["itemList"]}


def mean(scores: dict[str, Any], parity: int) -> float:
    return float(np.mean([score for item, score in scores.items() if int(item[1:]) % 2 == parity]))


def test_scores_are_predicted_ratings_of_known_and_of_new_users(runtime: Any, rated: Deployed) -> None:
    known = listed(runtime, rated, RATED, userId="u0")
    assert mean(known, 0) > 3.5
    assert mean(known, 1) < 2.7
    unknown = listed(runtime, rated, RATED, userId="nobody")
    assert mean(unknown, 0) == pytest.approx(mean(unknown, 1), abs=0.3)


def test_a_streamed_rating_counts_from_the_next_request_on(runtime: Any, events: Any, rated: Deployed) -> None:
    for item, rating in (("i0", 2.0), ("i1", 4.0), ("i2", 2.0), ("i3", 4.0)):
        event = {"eventType": "watch", "itemId": item, "eventValue": rating, "sentAt": int(time.time())}
        events.put_events(trackingId=rated.tracking_id, sessionId="s", userId="newcomer", eventList=[event])
    scores = listed(runtime, rated, RATED, userId="newcomer")
    assert mean(scores, 1) > mean(scores, 0) + 0.5


def test_the_metrics_of_a_version_have_the_errors_of_its_ratings(personalize: Any, rated: Deployed) -> None:
    metrics = personalize.get_solution_metrics(solutionVersionArn=rated.versions[RATED])["metrics"]
    assert 0 < metrics["mae"] <= metrics["rmse"] < 1.5
    assert "rmse" not in personalize.get_solution_metrics(solutionVersionArn=rated.versions[SEGMENT])["metrics"]


def test_what_is_popular_depends_on_the_column_of_who_asks(runtime: Any, rated: Deployed) -> None:
    for user, parity in (("u0", 0), ("u1", 1)):
        first = list(listed(runtime, rated, SEGMENT, userId=user))[:5]
        assert {int(item[1:]) % 2 for item in first} == {parity}
    assert len(listed(runtime, rated, SEGMENT)) == 20
    assert len(listed(runtime, rated, SEGMENT, userId="nobody")) == 20


def test_a_put_user_is_in_a_segment_at_once(runtime: Any, events: Any, personalize: Any, rated: Deployed) -> None:
    (users,) = [
        each["datasetArn"]
        for each in personalize.list_datasets(datasetGroupArn=rated.group)["datasets"]
        if each["datasetType"].lower() == "users"
    ]
    events.put_users(datasetArn=users, users=[{"userId": "moved-in", "properties": '{"zipCode": "90210"}'}])
    first = list(listed(runtime, rated, SEGMENT, userId="moved-in"))[:5]
    assert {int(item[1:]) % 2 for item in first} == {1}
