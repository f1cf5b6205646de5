# %% [markdown]
# # What a viewer does counts at once
#
# After `getting_started_campaign.py`: an event tracker, three films watched, and after each what is recommended next.

# %%
import json
import time
import uuid
from pathlib import Path

import boto3
from films import films

stored = json.loads(Path("store.json").read_text())
campaign_arn, user_id = stored["campaign_arn"], stored["user_id"]

personalize = boto3.client("personalize")
personalize_runtime = boto3.client("personalize-runtime")
personalize_events = boto3.client(service_name="personalize-events")

# %%
response = personalize.create_event_tracker(name="MovieClickTracker", datasetGroupArn=stored["dataset_group_arn"])
print(response["eventTrackerArn"])
print(response["trackingId"])
TRACKING_ID = response["trackingId"]
event_tracker_arn = response["eventTrackerArn"]

# %%
titles = {item: film.title for item, film in films().items()}
columns = {"OriginalRecs": stored["recommendations"]}
session_dict: dict[str, str] = {}


def send_movie_click(user: str, item: str) -> None:
    """The item is named among the event's properties alone, as the older samples do."""
    session = session_dict.setdefault(user, str(uuid.uuid1()))
    personalize_events.put_events(
        trackingId=TRACKING_ID,
        userId=user,
        sessionId=session,
        eventList=[{"sentAt": int(time.time()), "eventType": "EVENT_TYPE", "properties": json.dumps({"itemId": item})}],
    )


# %% The least known films: what they are followed by is least like the list so far.
for item in list(titles)[-3:]:
    send_movie_click(str(user_id), item)
    reply = personalize_runtime.get_recommendations(campaignArn=campaign_arn, userId=str(user_id))
    columns[titles[item]] = [titles[each["itemId"]] for each in reply["itemList"]]

# %%
for place, row in enumerate(zip(*columns.values(), strict=False), 1):
    print(f"{place:2}  " + "".join(f"{title:32.30}" for title in row))
before, *_, after = columns.values()
print(f"{len(set(after) - set(before))} of {len(after)} were not recommended before the three clicks")

# %%
Path("store.json").write_text(json.dumps(stored | {"event_tracker_arn": event_tracker_arn}))
