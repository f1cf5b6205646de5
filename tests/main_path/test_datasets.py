"""What datasets hold beside imports: single records, replaced schemas, what is exported, and who is forgotten."""

import json
import time
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from main_path.served import INTERACTIONS, Body, Deployed, Server, schema
from tastemaker.storage.trained import load

Group = Callable[..., tuple[str, dict[str, str]]]
ROLE = "arn:aws:iam::000000000000:role/R"
ITEMS = schema(
    "Items",
    {"name": "ITEM_ID", "type": "string"},
    {"name": "GENRES", "type": ["null", "string"], "categorical": True},
    {"name": "NUM_RATINGS", "type": ["int", "null"]},
    {"name": "PRICE", "type": "float"},
)
USERS = schema("Users", {"name": "USER_ID", "type": "string"}, {"name": "AGE", "type": ["int", "null"]})


@pytest.fixture(scope="module")
def store_front(group_of: Group) -> tuple[str, dict[str, str]]:
    """A group with empty datasets of interactions, items and users."""
    return group_of("store-front", Interactions=INTERACTIONS, Items=ITEMS, Users=USERS)


@pytest.fixture
def export(personalize: Any, server: Server, until: Callable[..., Body]) -> Callable[..., Path]:
    """The file that an export job writes of a dataset."""

    def run(dataset: str, mode: str | None = None) -> Path:
        bucket = server.home / "buckets" / "exports"
        bucket.mkdir(exist_ok=True)
        name = f"export-{uuid.uuid4()}"
        job = personalize.create_dataset_export_job(
            jobName=name,
            datasetArn=dataset,
            roleArn=ROLE,
            jobOutput={"s3DataDestination": {"path": "s3://exports/out"}},
            **({"ingestionMode": mode} if mode else {}),
        )
        found = until(job["datasetExportJobArn"], "ACTIVE")
        assert found["ingestionMode"] == (mode or "PUT")
        return bucket / "out" / name / "part-00000.csv"

    return run


@pytest.fixture
def exported(export: Callable[..., Path]) -> Callable[..., pl.DataFrame]:
    """The rows of a dataset as an export job writes them."""
    return lambda dataset, mode=None: pl.read_csv(export(dataset, mode), infer_schema=False)


def import_csv(p: Any, until_active: Any, dataset: str, path: Path, text: str, mode: str = "FULL") -> None:
    path.write_text(text)
    job = p.create_dataset_import_job(
        jobName=f"import-{uuid.uuid4()}", datasetArn=dataset, dataSource={"dataLocation": str(path)}, importMode=mode
    )
    until_active(job["datasetImportJobArn"])


def test_a_put_record_replaces_the_whole_one_before_and_survives_a_full_import(
    personalize: Any,
    events: Any,
    store_front: Any,
    exported: Callable[..., pl.DataFrame],
    until_active: Any,
    tmp_path: Path,
) -> None:
    _, datasets = store_front
    put = lambda item, **given: events.put_items(  # noqa: E731
        datasetArn=datasets["Items"], items=[{"itemId": item, "properties": json.dumps(given)}]
    )
    put("i1", genres="Drama|Crime", numRatings="4", PRICE=2.5)
    put("i1", price=3, numRatings=None)
    put("i2", price="1.5", NUM_RATINGS=7)
    import_csv(
        personalize, until_active, datasets["Items"], tmp_path / "i.csv", "ITEM_ID,GENRES,NUM_RATINGS,PRICE\ni2,,1,9\n"
    )

    newest = {row["ITEM_ID"]: row for row in exported(datasets["Items"], "ALL").to_dicts()}
    assert newest["i1"] == {"ITEM_ID": "i1", "GENRES": None, "NUM_RATINGS": None, "PRICE": "3.0"}
    assert newest["i2"]["PRICE"] == "9.0"  # the later of the two, whichever way it came
    put("i2", price=1)
    assert {row["ITEM_ID"]: row["PRICE"] for row in exported(datasets["Items"], "ALL").to_dicts()}["i2"] == "1.0"
    assert len(exported(datasets["Items"])) == 4  # every version that was put
    assert exported(datasets["Items"], "BULK")["PRICE"].to_list() == ["9.0"]


@pytest.mark.parametrize(
    ("properties", "told"),
    [
        ({"nope": 1, "price": 1}, "nope is no property"),
        ({"price": "cheap"}, "PRICE is not a number"),
        ({"genres": "Drama"}, "PRICE"),
        ({"price": 1, "genres": ["Drama"]}, "several separated by"),
        ({"price": 1, "numRatings": 1.5}, "not a whole number"),
        ({"price": 1, "genres": "x" * 1001}, "1000"),
    ],
)
def test_a_record_that_does_not_fit_the_schema_is_refused(
    events: Any, store_front: Any, properties: Body, told: str
) -> None:
    with pytest.raises(events.exceptions.InvalidInputException, match=told):
        events.put_items(
            datasetArn=store_front[1]["Items"], items=[{"itemId": "bad", "properties": json.dumps(properties)}]
        )


def test_records_go_into_datasets_of_their_type_alone(events: Any, store_front: Any) -> None:
    _, datasets = store_front
    with pytest.raises(events.exceptions.InvalidInputException, match="type ITEMS"):
        events.put_users(datasetArn=datasets["Items"], users=[{"userId": "u"}])
    with pytest.raises(events.exceptions.ResourceNotFoundException):
        events.put_users(datasetArn=datasets["Users"] + "X", users=[{"userId": "u"}])
    with pytest.raises(events.exceptions.InvalidInputException, match="datasetArn"):
        events.put_users(datasetArn=store_front[0], users=[{"userId": "u"}])


def test_what_was_put_is_seen_by_the_next_filtered_request(
    personalize: Any, runtime: Any, events: Any, shop: Deployed, until_active: Any
) -> None:
    items = next(
        each["datasetArn"]
        for each in personalize.list_datasets(datasetGroupArn=shop.group)["datasets"]
        if each["datasetType"] == "ITEMS"
    )
    made = personalize.create_filter(
        name="fresh",
        datasetGroupArn=shop.group,
        filterExpression='INCLUDE ItemID WHERE Items.GENRES IN ("Fresh")',
    )
    until_active(made["filterArn"])
    ask = lambda: [  # noqa: E731
        each["itemId"]
        for each in runtime.get_recommendations(
            campaignArn=shop.campaigns["aws-popularity-count"], filterArn=made["filterArn"]
        )["itemList"]
    ]
    assert ask() == []
    events.put_items(datasetArn=items, items=[{"itemId": "i3", "properties": '{"genres": "Fresh"}'}])
    assert ask() == ["i3"]
    events.put_items(datasetArn=items, items=[{"itemId": "i3", "properties": '{"genres": "Comedy"}'}])
    assert ask() == []


def test_a_schema_is_replaced_by_one_with_more_columns_and_rows_have_null_there(
    personalize: Any, events: Any, group_of: Group, exported: Any, until_active: Any, tmp_path: Path
) -> None:
    _, datasets = group_of("evolving", Items=ITEMS)
    import_csv(
        personalize, until_active, datasets["Items"], tmp_path / "i.csv", "ITEM_ID,GENRES,NUM_RATINGS,PRICE\ni1,,1,9\n"
    )
    fields = json.loads(ITEMS)["fields"]
    wider = personalize.create_schema(
        name="evolving-2", schema=schema("Items", *fields, {"name": "MOOD", "type": ["null", "string"]})
    )["schemaArn"]
    described = personalize.describe_dataset(datasetArn=datasets["Items"])["dataset"]
    assert "latestDatasetUpdate" not in described
    personalize.update_dataset(datasetArn=datasets["Items"], schemaArn=wider)
    seen = set()
    while True:
        found = personalize.describe_dataset(datasetArn=datasets["Items"])["dataset"]
        seen.add(found["status"])
        assert found["latestDatasetUpdate"]["status"] == found["status"]
        if found["status"] == "ACTIVE":
            break
    assert seen <= {"UPDATE PENDING", "UPDATE IN_PROGRESS", "ACTIVE"}
    assert found["schemaArn"] == found["latestDatasetUpdate"]["schemaArn"] == wider
    events.put_items(
        datasetArn=datasets["Items"], items=[{"itemId": "i2", "properties": '{"price": 1, "mood": "dark"}'}]
    )
    rows = exported(datasets["Items"], "ALL").to_dicts()
    assert [(row["ITEM_ID"], row["MOOD"]) for row in rows] == [("i1", None), ("i2", "dark")]
    with pytest.raises(personalize.exceptions.ResourceInUseException):
        personalize.delete_schema(schemaArn=wider)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ([{"name": "ITEM_ID", "type": "string"}, {"name": "PRICE", "type": "float"}], "lacks the column GENRES"),
        ([*json.loads(ITEMS)["fields"][:-1], {"name": "PRICE", "type": "double"}], "PRICE differs"),
        ([*json.loads(ITEMS)["fields"], {"name": "NEW", "type": "string"}], "NEW may not be null"),
    ],
)
def test_a_schema_that_would_change_what_is_there_is_refused(
    personalize: Any, store_front: Any, fields: list[Body], told: str
) -> None:
    other = personalize.create_schema(name=f"other-{uuid.uuid4()}"[:60], schema=schema("Items", *fields))["schemaArn"]
    with pytest.raises(personalize.exceptions.InvalidInputException, match=told):
        personalize.update_dataset(datasetArn=store_front[1]["Items"], schemaArn=other)


def test_the_schema_of_interactions_stays(personalize: Any, store_front: Any) -> None:
    datasets = store_front[1]
    same = personalize.describe_dataset(datasetArn=datasets["Interactions"])["dataset"]["schemaArn"]
    with pytest.raises(personalize.exceptions.InvalidInputException, match="Items and Users"):
        personalize.update_dataset(datasetArn=datasets["Interactions"], schemaArn=same)


def test_an_export_can_be_imported_again_as_it_is(
    personalize: Any, events: Any, group_of: Group, export: Callable[..., Path], until_active: Any
) -> None:
    texts = ["plain", "with, comma", 'with "quotes"', "back\\slash", "two\nlines", " blank ", 'a\\"b']
    users = schema("Users", {"name": "USER_ID", "type": "string"}, {"name": "NOTE", "type": ["string", "null"]})
    _, datasets = group_of("texts", Users=users)
    for place, text in enumerate(texts):
        record = {"userId": f"u{place}", "properties": json.dumps({"note": text})}
        events.put_users(datasetArn=datasets["Users"], users=[record])
    written = export(datasets["Users"])
    job = personalize.create_dataset_import_job(
        jobName="texts-again", datasetArn=datasets["Users"], dataSource={"dataLocation": str(written)}
    )
    until_active(job["datasetImportJobArn"])
    assert export(datasets["Users"], "BULK").read_text() == written.read_text()
    assert written.read_text().splitlines()[:4] == [
        "USER_ID,NOTE",
        "u0,plain",
        'u1,"with, comma"',
        'u2,"with \\"quotes\\""',
    ]


def test_a_forgotten_user_is_gone_from_every_place(
    personalize: Any,
    runtime: Any,
    events: Any,
    server: Server,
    deploy: Callable[..., Deployed],
    two_tastes: Callable[..., Any],
    exported: Any,
    until: Callable[..., Body],
) -> None:
    shop = deploy("forgetful", two_tastes(60), ("aws-user-personalization",))
    events.put_events(
        trackingId=shop.tracking_id,
        userId="u7",
        sessionId="s7",
        eventList=[{"eventType": "watch", "itemId": "i4", "sentAt": int(time.time())}],
    )
    events.put_events(
        trackingId=shop.tracking_id,
        sessionId="s7",
        eventList=[{"eventType": "watch", "itemId": "i6", "sentAt": int(time.time())}],
    )
    stranger = runtime.get_recommendations(campaignArn=shop.campaigns["aws-user-personalization"], userId="nobody")
    before = runtime.get_recommendations(campaignArn=shop.campaigns["aws-user-personalization"], userId="u7")
    assert before["itemList"] != stranger["itemList"]

    folder = server.home / "buckets" / "forget" / "below" / "deeper"
    folder.mkdir(parents=True)
    (folder / "users.csv").write_text("USER_ID\nu7\nu9\nunknown\n")
    (folder / "users.txt").write_text("not read")
    job = personalize.create_data_deletion_job(
        jobName="forget", datasetGroupArn=shop.group, roleArn=ROLE, dataSource={"dataLocation": "s3://forget/below/"}
    )["dataDeletionJobArn"]
    found = until(job, "COMPLETED")
    assert found["numDeleted"] == 2
    assert (
        personalize.list_data_deletion_jobs(datasetGroupArn=shop.group)["dataDeletionJobs"][0]["status"] == "COMPLETED"
    )

    rows = exported(shop.interactions, "ALL")
    assert not {"u7", "u9"} & set(rows["USER_ID"])
    assert rows["USER_ID"].n_unique() == 58
    version = personalize.describe_campaign(campaignArn=shop.campaigns["aws-user-personalization"])["campaign"]
    facts = json.loads(urllib.request.urlopen(f"{server.url}/resources/{version['solutionVersionArn']}").read())
    kept = load(server.home / "artifacts" / facts["body"]["artifact"])
    assert not {"u7", "u9"} & set(kept.user_ids)
    assert len(kept.histories.item_N) == kept.histories.start_U[-1] == 58 * 8
    assert facts["body"]["forgot_users_s"] > 0  # what the model learned from them goes with the next training
    deadline_s = time.monotonic() + 20
    while True:  # servers load the model without them beside the requests
        after = runtime.get_recommendations(campaignArn=shop.campaigns["aws-user-personalization"], userId="u7")
        if after["itemList"] == stranger["itemList"] or time.monotonic() > deadline_s:
            break
        time.sleep(0.05)
    assert after["itemList"] == stranger["itemList"]
    trained = personalize.create_solution_version(
        solutionArn=shop.versions["aws-user-personalization"].rpartition("/")[0]
    )["solutionVersionArn"]
    until(trained, "ACTIVE")


def test_a_list_of_users_that_cannot_be_read_fails_the_job(
    personalize: Any, shop: Deployed, tmp_path: Path, until: Callable[..., Body]
) -> None:
    (tmp_path / "ids.csv").write_text("NAME\nu1\n")
    job = personalize.create_data_deletion_job(
        jobName="unreadable",
        datasetGroupArn=shop.group,
        roleArn=ROLE,
        dataSource={"dataLocation": f"file://{tmp_path}"},
    )["dataDeletionJobArn"]
    assert "USER_ID" in until(job, "FAILED")["failureReason"]
