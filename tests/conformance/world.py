"""The one world that the cases share: two dataset groups with data, trained and deployed, made through boto3 alone."""

import copy
import json
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from conformance.case import ABSENT, Body, Case, errors_of, status_of
from conformance.valid import (
    ACTION_INTERACTIONS,
    ACTIONS,
    INTERACTIONS,
    ITEMS,
    METRIC,
    USERS,
    VALID,
    VIDEO_EVENTS,
    VIDEOS,
    WATCHED,
)
from conformance.wire import Wire

WAIT_S = 7200.0  # the original service trains for an hour
POLL_S = 0.02
NAMES_S = 1_700_000_000
CHANGING = ("PENDING", "IN_PROGRESS", "STOPPING")
PLAIN = {"itemExplorationConfig": {"explorationWeight": "0"}}
RECIPES = {
    "up": "aws-user-personalization",
    "v2": "aws-user-personalization-v2",
    "ranking": "aws-personalized-ranking",
    "sims": "aws-sims",
    "popular": "aws-popularity-count",
    "affinity": "aws-item-affinity",
    "actions": "aws-next-best-action",
}
FILTERS = {
    "watched": WATCHED,
    "genre": "INCLUDE ItemID WHERE Items.GENRES IN ($G)",
    "not_genre": "EXCLUDE ItemID WHERE Items.GENRES IN ($G)",
    "near": "INCLUDE ItemID WHERE Items.GENRES IN CurrentItem.GENRES",
    "minors": 'EXCLUDE ItemID WHERE Items.GENRES IN ("Crime") IF CurrentUser.AGE < 18',
    "users": "INCLUDE UserID WHERE Users.PLAN IN ($PLAN)",
    "valuable": "INCLUDE ActionID WHERE Actions.VALUE > ($V)",
}

ONCE = Config(retries={"total_max_attempts": 1})


@dataclass(frozen=True)
class Endpoint:
    """Where requests go: url with `{service}` where each service has a host of its own; location: of all data."""

    url: str
    region: str
    role: str
    location: str
    folder: Path | None = None  # of the location, where the server was started here; else it is in S3
    poll_s: float = POLL_S
    session: Any = field(default_factory=boto3.Session)

    def client(self, service: str) -> Any:
        """An unmodified boto3 client, told not to try again by itself: refusals are what is looked for."""
        url = self.url.replace("{service}", service)
        return self.session.client(service, endpoint_url=url, region_name=self.region, config=ONCE)

    def wire(self) -> Wire:
        """A connection for requests that boto3 would not send."""
        return Wire(self.url, self.region, self.session.get_credentials().get_frozen_credentials())

    def write(self, key: str, text: str) -> str:
        """Put an object below the location; gives where it is."""
        if self.folder is not None:
            path = self.folder / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        else:
            bucket, prefix = self._bucket()
            self.session.client("s3").put_object(Bucket=bucket, Key=prefix + key, Body=text.encode())
        return f"{self.location}/{key}"

    def read(self, key: str) -> dict[str, str]:
        """The objects below a key of the location: their texts by what follows the key."""
        if self.folder is not None:
            root = self.folder / key
            return {str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()}
        bucket, prefix = self._bucket()
        s3 = self.session.client("s3")
        listed = s3.list_objects_v2(Bucket=bucket, Prefix=prefix + key)["Contents"]
        return {
            each["Key"].removeprefix(prefix + key).lstrip("/"): s3.get_object(Bucket=bucket, Key=each["Key"])["Body"]
            .read()
            .decode()
            for each in listed
        }

    def _bucket(self) -> tuple[str, str]:
        bucket, _, prefix = self.location.removeprefix("s3://").partition("/")
        return bucket, f"{prefix}/" if prefix else ""


class World:
    """Clients of an endpoint, and what was made there. words: ARNs and ids by the words of the cases."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.prefix = f"c-{uuid.uuid4().hex[:6]}"
        self.personalize = endpoint.client("personalize")
        self.runtime = endpoint.client("personalize-runtime")
        self.events = endpoint.client("personalize-events")
        self.send = endpoint.wire()
        self.words: dict[str, str] = {"$role": endpoint.role, "$data": endpoint.location}
        self.statuses: dict[str, list[str]] = {}
        self.answers: dict[str, Body] = {}
        self._n_names = 0

    # Names and requests

    def name(self, word: str = "x") -> str:
        """A name that nothing has yet."""
        self._n_names += 1
        return f"{self.prefix}-{word}-{self._n_names}"

    def filled(self, value: Any) -> Any:
        """The value with ARNs for words."""
        if isinstance(value, dict):
            return {name: self.filled(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self.filled(each) for each in value]
        return self.word(value) if isinstance(value, str) and value.startswith("$") else value

    def word(self, text: str) -> str:
        """What one word stands for; what follows a slash stays."""
        word, slash, rest = text.partition("/")
        if word == "$new":
            return self.name()
        if word.startswith("$no."):
            return f"{self.account}{word.removeprefix('$no.')}/{self.prefix}-no-such{slash}{rest}"
        if word.startswith("$recipe."):
            return f"arn:aws:personalize:::recipe/{word.removeprefix('$recipe.')}"
        return self.words.get(word, word) + slash + rest

    @property
    def account(self) -> str:
        """How ARNs begin."""
        return self.words["$group"].rpartition("dataset-group/")[0]

    def request(self, case: Case) -> Body:
        """The valid request of the case's operation, with the case's changes."""
        request = copy.deepcopy(VALID[case.operation]) | dict(case.changes)
        return dict(self.filled({name: value for name, value in request.items() if value is not ABSENT}))

    def call(self, operation: str, **changes: Any) -> Body:
        """What an operation answers through boto3 to its valid request with these changes."""
        words = "".join(f"_{each}" if each.isupper() else each for each in operation).lstrip("_").lower()
        answer = getattr(self.client_of(operation), words)(**self.request(Case(operation, "", "", changes=changes)))
        del answer["ResponseMetadata"]
        return dict(answer)

    def client_of(self, operation: str) -> Any:
        """The client that has the operation."""
        if operation.startswith("Put"):
            return self.events
        is_runtime = operation in ("GetRecommendations", "GetPersonalizedRanking", "GetActionRecommendations")
        return self.runtime if is_runtime else self.personalize

    def refuses(self, case: Case) -> str:
        """Sends the request of a case; it must be refused with the case's exception, under its modelled status."""
        assert case.error in errors_of(case.operation), f"{case.operation} does not model {case.error}"
        status, found = self.send(case.operation, self.request(case))
        message = refused((status, found), case.error)
        assert status == status_of(case.operation, case.error)
        return message

    # Waiting

    def describe(self, arn: str) -> Body:
        """What Describe shows of an ARN."""
        kind, _, name = arn.split(":", 5)[5].partition("/")
        kind = "solution-version" if kind == "solution" and "/" in name else kind
        first, *rest = kind.split("-")
        member = first + "".join(part.title() for part in rest)
        answer = getattr(self.personalize, f"describe_{kind.replace('-', '_')}")(**{member + "Arn": arn})
        return dict(answer[member])

    def settled(self, arn: str, update: str = "") -> Body:
        """What Describe shows when nothing is going on any more; the statuses on the way are kept."""
        seen = self.statuses.setdefault(arn + update, [])
        deadline_s = time.monotonic() + WAIT_S
        while True:
            found = self.describe(arn)
            status = found[update]["status"] if update else found["status"]
            if status not in seen[-1:]:
                seen.append(status)
            if not any(word in status for word in CHANGING):
                return found
            if time.monotonic() > deadline_s:
                pytest.fail(f"{arn} is still {status} after {WAIT_S} s")
            time.sleep(self.endpoint.poll_s)

    def active(self, arn: str) -> str:
        """The ARN, when it is ACTIVE."""
        found = self.settled(arn)
        if found["status"] not in ("ACTIVE", "COMPLETED"):
            pytest.fail(f"{arn} is {found['status']}: {found.get('failureReason')}")
        return arn

    def eventually(self, look: Callable[[], Any]) -> Any:
        """What `look` finds, as soon as it finds something."""
        deadline_s = time.monotonic() + WAIT_S
        while not (found := look()) and time.monotonic() < deadline_s:
            time.sleep(self.endpoint.poll_s)
        return found

    def gone(self, arn: str) -> list[str]:
        """Waits until Describe finds nothing; the statuses that it showed before."""
        seen: list[str] = []

        def is_gone() -> bool:
            try:
                status = str(self.describe(arn)["status"])
            except self.personalize.exceptions.ResourceNotFoundException:
                return True
            if status not in seen[-1:]:
                seen.append(status)
            return False

        self.eventually(is_gone)
        return seen

    # Making

    def make(self, operation: str, word: str = "", **changes: Any) -> str:
        """Create something, keep the answer, and let the word stand for its ARN."""
        answer = self.call(operation, **changes)
        arn = next(value for name, value in answer.items() if name.endswith("Arn"))
        if word:
            self.words[word] = arn
            self.answers[word] = answer
            self.statuses[arn] = [self.describe(arn).get("status", "")]
        return str(arn)

    def build(self) -> "World":
        """Everything that the words of the cases stand for."""
        for name, text in data().items():
            self.endpoint.write(name, text)
        self._groups_and_datasets()
        self._everything_on_the_data()
        return self

    def _groups_and_datasets(self) -> None:
        self.make("CreateDatasetGroup", "$group", name=self.name("group"), tags=[{"tagKey": "made", "tagValue": "by"}])
        self.make("CreateDatasetGroup", "$videos", name=self.name("videos"), domain="VIDEO_ON_DEMAND")
        self.make("CreateDatasetGroup", "$empty", name=self.name("empty"))
        texts = {
            "Interactions": INTERACTIONS,
            "Items": ITEMS,
            "Users": USERS,
            "Actions": ACTIONS,
            "Action_Interactions": ACTION_INTERACTIONS,
        }
        for kind, text in texts.items():
            self.make("CreateSchema", f"$schema.{kind}", name=self.name("schema"), schema=text)
        for kind, text in {"Interactions": VIDEO_EVENTS, "Items": VIDEOS}.items():
            self.make(
                "CreateSchema", f"$schema.video.{kind}", name=self.name("s"), schema=text, domain="VIDEO_ON_DEMAND"
            )
        for group in ("$group", "$videos", "$empty"):
            self.active(self.words[group])
        wanted = [("", "$group", kind) for kind in texts]
        wanted += [("video.", "$videos", kind) for kind in ("Interactions", "Items")]
        for mark, group, kind in wanted:
            self.make(
                "CreateDataset",
                f"$dataset.{mark}{kind}",
                schemaArn=f"$schema.{mark}{kind}",
                datasetGroupArn=group,
                datasetType=kind,
            )
        for mark, _, kind in wanted:
            self.active(self.words[f"$dataset.{mark}{kind}"])
        jobs = []
        for mark, _, kind in wanted:
            key = f"{mark.replace('.', '-')}{kind.lower()}.csv"
            jobs.append((f"$import.{mark}{kind}", f"$dataset.{mark}{kind}", f"$data/{key}"))
        for word, dataset, location in jobs:
            self.make(
                "CreateDatasetImportJob", word, datasetArn=dataset, dataSource={"dataLocation": self.word(location)}
            )
        self._all_active([word for word, _, _ in jobs])
        tracked = self.describe(self.words["$dataset.Action_Interactions"])
        self.words["$actionTrackingId"] = tracked["trackingId"]

    def _everything_on_the_data(self) -> None:
        for short, recipe in RECIPES.items():
            self.make("CreateSolution", f"$solution.{short}", recipeArn=f"$recipe.{recipe}")
        self.make("CreateRecommender", "$recommender")
        self.make("CreateEventTracker", "$tracker", datasetGroupArn="$group")
        self.words["$trackingId"] = self.answers["$tracker"]["trackingId"]
        for short, expression in FILTERS.items():
            self.make("CreateFilter", f"$filter.{short}", filterExpression=expression)
            self.active(self.words[f"$filter.{short}"])
        self.make("CreateMetricAttribution", "$attribution", datasetGroupArn="$group", metrics=[METRIC])
        self._all_active([f"$solution.{short}" for short in RECIPES])
        for short in RECIPES:
            self.make("CreateSolutionVersion", f"$version.{short}", solutionArn=f"$solution.{short}")
        self._all_active([f"$version.{short}" for short in RECIPES])
        deployed = [short for short in RECIPES if short != "affinity"]
        for short in deployed:
            # Nothing is left to chance in lists that cases look at.
            config = {"campaignConfig": PLAIN} if RECIPES[short] == "aws-user-personalization" else {}
            self.make("CreateCampaign", f"$campaign.{short}", solutionVersionArn=f"$version.{short}", **config)
        self._all_active([f"$campaign.{short}" for short in deployed])
        self._all_active(["$recommender", "$tracker", "$attribution"])

    def _all_active(self, words: list[str]) -> None:
        # At the same time, so that short states of each are seen.
        with ThreadPoolExecutor(len(words)) as pool:
            list(pool.map(lambda word: self.active(self.words[word]), words))

    def take_down(self) -> None:
        """Delete everything whose name says that it was made here, in the documented order."""
        p = self.personalize
        for operation, member, kind in (
            ("list_campaigns", "campaigns", "campaign"),
            ("list_recommenders", "recommenders", "recommender"),
            ("list_solutions", "solutions", "solution"),
            ("list_event_trackers", "eventTrackers", "event_tracker"),
            ("list_metric_attributions", "metricAttributions", "metric_attribution"),
            ("list_filters", "Filters", "filter"),
            ("list_datasets", "datasets", "dataset"),
            ("list_dataset_groups", "datasetGroups", "dataset_group"),
            ("list_schemas", "schemas", "schema"),
        ):
            first, *rest = kind.split("_")
            arn_member = first + "".join(part.title() for part in rest) + "Arn"
            found = [each for page in p.get_paginator(operation).paginate() for each in page[member]]
            for each in found:
                if self.prefix in each["name"] or f"/{self.prefix}-" in each[arn_member]:
                    getattr(p, f"delete_{kind}")(**{arn_member: each[arn_member]})
                    if kind != "schema":
                        self.gone(each[arn_member])


def refused(answer: tuple[int, Body], error: str) -> str:
    """The message of an answer that must be this error. error: with `Exception`."""
    _status, found = answer
    assert found.get("__type") == error, answer
    assert found["message"]
    return str(found["message"])


def data() -> dict[str, str]:
    """The files: 120 users who choose even items or odd ones; three actions, "join" taken most often."""
    rows: dict[str, list[str]] = {
        "interactions.csv": ["USER_ID,ITEM_ID,EVENT_TYPE,EVENT_VALUE,DEVICE,TIMESTAMP"],
        "items.csv": ["ITEM_ID,GENRES,PRICE,NUM_RATINGS,TITLE,PLOT,FREE,CREATION_TIMESTAMP"],
        "users.csv": ["USER_ID,AGE,PLAN"],
        "actions.csv": ["ACTION_ID,VALUE,CATEGORY,REPEAT_FREQUENCY", "join,5,club,", "app,2,tech,7", "offer,3,club,"],
        "action_interactions.csv": ["USER_ID,ACTION_ID,EVENT_TYPE,TIMESTAMP"],
        "video-interactions.csv": ["USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP"],
        "video-items.csv": ["ITEM_ID,GENRES,CREATION_TIMESTAMP"],
    }
    for user in range(120):
        for place in range(10):
            item = (user * user % 7 + place * (1 + user % 3)) % 20 * 2 + user % 2
            at_s = NAMES_S + user * 1000 + place * 60
            kind = "click" if place % 5 == 4 else "watch"
            rows["interactions.csv"].append(f"u{user},i{item},{kind},{1 + place % 5},tv,{at_s}")
            rows["video-interactions.csv"] += [f"u{user},i{item},Watch,{at_s}", f"u{user},i{item},Click,{at_s + 1}"]
        for place, (action, share) in enumerate({"join": 70, "app": 55, "offer": 60}.items()):
            kind = "Taken" if user < share else "Not Taken"
            rows["action_interactions.csv"].append(f"u{user},{action},{kind},{NAMES_S + user * 60 + place}")
        rows["users.csv"].append(f"u{user},{10 + user % 50},{'gold' if user % 2 else 'basic'}")
    for item in range(40):
        genre = "Drama|Crime" if item % 2 == 0 else "Comedy"
        rows["items.csv"].append(f'i{item},{genre},{item}.5,{item},Item {item},"About {item}.",,{NAMES_S}')
        rows["video-items.csv"].append(f"i{item},{genre},{NAMES_S}")
    files = {name: "\n".join(lines) + "\n" for name, lines in rows.items()}
    files["batch/users.json"] = "".join(json.dumps({"userId": f"u{user}"}) + "\n" for user in range(3))
    files["batch/items.json"] = "".join(json.dumps({"itemId": f"i{item}"}) + "\n" for item in range(3))
    files["forget/below/users.csv"] = "USER_ID\nu118\nu119\nunknown\n"
    return files
