"""What users saw: explicit impressions, and the lists behind the recommendation ids that events send back."""

import sqlite3
from typing import Any

from main_path.served import Deployed, Server
from tastemaker.resources.recommendations import mark_of, recommendation_id
from tastemaker.storage.database import Database
from tastemaker.storage.events import responses_of
from tastemaker.storage.store import DATABASE


def test_an_event_that_sends_a_reply_back_keeps_what_was_in_its_list(
    runtime: Any, events: Any, shop: Deployed, server: Server
) -> None:
    campaign = shop.campaigns["aws-user-personalization"]
    reply = runtime.get_recommendations(campaignArn=campaign, userId="u2", numResults=3)
    names = [item["itemId"] for item in reply["itemList"]]
    long = runtime.get_recommendations(campaignArn=campaign, userId="u2", numResults=40)
    foreign = recommendation_id(1, (mark_of(reply["recommendationId"]) or 0) ^ 1)
    sent = {"eventType": "watch", "sentAt": 1_700_000_100}
    events.put_events(
        trackingId=shop.tracking_id,
        sessionId="saw-lists",
        eventList=[
            {**sent, "itemId": "i1", "recommendationId": reply["recommendationId"]},
            {**sent, "itemId": "i2", "recommendationId": long["recommendationId"]},
            {**sent, "itemId": "i3", "recommendationId": reply["recommendationId"], "impression": ["i3", "i9"]},
            {**sent, "itemId": "i4", "recommendationId": foreign},
            {**sent, "itemId": "i5", "recommendationId": "made elsewhere"},
        ],
    )
    with sqlite3.connect(server.home / DATABASE) as plain:
        (first, dataset), *_ = plain.execute("SELECT seq, dataset_seq FROM events WHERE session_id = 'saw-lists'")
    database = Database(server.home / DATABASE)
    with database.read() as connection:
        found = responses_of(connection, dataset, first - 1, first + 9)
    database.close()
    all_of_long = [item["itemId"] for item in long["itemList"]]
    assert [(each.item_id, each.shown) for each in found] == [
        ("i1", names),
        ("i2", all_of_long[:25]),
        ("i3", ["i3", "i9"]),
    ]
