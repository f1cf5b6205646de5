"""What is known of the moment of a request: columns of Interactions that a request names."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from main_path.served import INTERACTIONS, Deployed

PERSONAL = "aws-user-personalization"


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory, deploy: Callable[..., Deployed]) -> Deployed:
    """Everybody chooses at random: even items by phone, and odd ones on a television."""
    text = json.loads(INTERACTIONS)
    text["fields"].append({"name": "DEVICE", "type": "string", "categorical": True})
    path: Path = tmp_path_factory.mktemp("station") / "interactions.csv"
    lines, chance = ["USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP,DEVICE"], random.Random(0)
    for user in range(200):
        for place in range(8):
            item = chance.randrange(40)
            device = "television" if item % 2 else "phone"
            lines.append(f"u{user},i{item},watch,{1_700_000_000 + user * 1000 + place * 60},{device}")
    path.write_text("\n".join(lines) + "\n")
    return deploy("station", {"Interactions": (json.dumps(text), path)}, (PERSONAL,))


@pytest.mark.parametrize("user", ["u7", "a-stranger"])
def test_a_list_is_for_the_moment_of_its_request(runtime: Any, station: Deployed, user: str) -> None:
    def even(device: str) -> int:
        request = {"campaignArn": station.campaigns[PERSONAL], "userId": user, "numResults": 10}
        items = runtime.get_recommendations(**request, context={"DEVICE": device})["itemList"]
        return sum(int(item["itemId"][1:]) % 2 == 0 for item in items)

    assert even("phone") >= 8
    assert even("television") <= 2


def test_a_context_that_the_data_does_not_know_changes_nothing(runtime: Any, station: Deployed) -> None:
    request = {"campaignArn": station.campaigns[PERSONAL], "userId": "u7"}
    plain = runtime.get_recommendations(**request)["itemList"]
    assert runtime.get_recommendations(**request, context={"DEVICE": "fridge"})["itemList"] == plain
    assert runtime.get_recommendations(**request, context={"WEATHER": "rain"})["itemList"] == plain
