"""Schemas, dataset groups and datasets (5; datasets 1-5)."""

import json
from collections.abc import Iterator

import pytest

from conformance.case import BOUNDARY, EXCEPTION, Case, case, cases, refusal
from conformance.valid import INTERACTIONS, USERS, VIDEOS, column, schema
from conformance.world import World, refused

IDS = [column("USER_ID"), column("ITEM_ID"), column("TIMESTAMP", "long")]
KMS = "arn:aws:kms:eu-west-1:000000000000:key/k"


def interactions(*more: object) -> str:
    """A schema of interactions with these columns besides."""
    return schema("Interactions", *IDS, *more)  # type: ignore[arg-type]


def items(*more: object) -> str:
    """A schema of items with these columns."""
    return schema("Items", column("ITEM_ID"), *more)  # type: ignore[arg-type]


def numbered(n: int, **marks: bool) -> list[object]:
    """So many columns."""
    return [column(f"C{place}", "string", categorical=True, **marks) for place in range(n)]


BAD_SCHEMAS = [
    ("Invalid JSON is refused", "{"),
    ("A schema is a record: another JSON value is refused", "[]"),
    ("The schema's name is one of the five", schema("Clicks", *IDS)),
    ("A type is one of float, double, int, long, string, boolean, null", interactions(column("X", "date"))),
    ("A schema is flat: no arrays", interactions({"name": "X", "type": {"type": "array", "items": "string"}})),
    ("A name begins with no digit", interactions(column("1X"))),
    ("Names are letters, digits and underscores", interactions(column("X-Y"))),
    ("Names differ after removing underscores", interactions(column("A_B"), column("AB"))),
    ("Interactions need USER_ID", schema("Interactions", *IDS[1:])),
    ("Interactions need ITEM_ID", schema("Interactions", IDS[0], IDS[2])),
    ("Interactions need TIMESTAMP", schema("Interactions", *IDS[:2])),
    ("TIMESTAMP is a long", schema("Interactions", *IDS[:2], column("TIMESTAMP"))),
    ("Required ids cannot be nullable", schema("Interactions", column("USER_ID", ["null", "string"]), *IDS[1:])),
    ("EVENT_TYPE is a string", interactions(column("EVENT_TYPE", "int"))),
    ("EVENT_VALUE is a float", interactions(column("EVENT_VALUE", "string"))),
    ("Interactions have at most 5 metadata columns", interactions(*numbered(6))),
    ("Items need ITEM_ID", schema("Items", column("X", categorical=True))),
    ("Items need at least 1 metadata field", items()),
    ("Items have at most 100 metadata fields", items(*numbered(101))),
    ("One textual column per Items schema", items(column("A", textual=True), column("B", textual=True))),
    ("Textual is for Items alone", schema("Users", column("USER_ID"), column("X", textual=True))),
    ("Categorical is for strings alone", items(column("X", "int", categorical=True))),
    ("Users need USER_ID", schema("Users", column("AGE", "int"))),
    ("Users need at least 1 metadata field", schema("Users", column("USER_ID"))),
    ("Users have at most 25 metadata fields", schema("Users", column("USER_ID"), *numbered(26))),
    ("Actions need ACTION_ID", schema("Actions", column("VALUE", "long"))),
    ("Actions have at most 10 columns", schema("Actions", column("ACTION_ID"), *numbered(10))),
    ("ActionInteractions need EVENT_TYPE", schema("ActionInteractions", IDS[0], column("ACTION_ID"), IDS[2])),
]
DOMAIN_SCHEMAS = [
    ("VIDEO_ON_DEMAND", "VOD Interactions need EVENT_TYPE", interactions()),
    ("VIDEO_ON_DEMAND", "VOD Items need GENRES", items(column("CREATION_TIMESTAMP", "long"))),
    ("VIDEO_ON_DEMAND", "GENRES is categorical", VIDEOS.replace('"categorical": true', '"categorical": false')),
    ("ECOMMERCE", "ECOMMERCE Items need PRICE", items(column("CATEGORY_L1", categorical=True))),
    ("ECOMMERCE", "ECOMMERCE Items need CATEGORY_L1", items(column("PRICE", "float"))),
    ("ECOMMERCE", "Actions are not available in domains", schema("Actions", column("ACTION_ID"))),
]
GOOD_SCHEMAS = [
    ("A union with null may begin with it", items(column("X", ["null", "string"], categorical=True))),
    ("A union with null may end with it", items(column("X", ["string", "null"], categorical=True))),
    ("A one-element list is allowed as a type", items(column("X", ["string"], categorical=True))),
    ("A plain string is allowed in Items", items(column("X"))),
    ("itemName marks a string column of Items", items(column("X", itemName=True), column("Y", textual=True))),
    ("Any version is accepted", INTERACTIONS.replace('"1.0"', "1")),
    ("Fields may come in any order", schema("Interactions", *reversed(IDS))),
    ("5 metadata columns are allowed in Interactions", interactions(*numbered(5))),
    ("Reserved columns do not count as metadata", interactions(*numbered(5), column("EVENT_TYPE"))),
    ("100 metadata fields are allowed in Items", items(*numbered(100))),
    ("25 metadata fields are allowed in Users", schema("Users", column("USER_ID"), *numbered(25))),
    ("20,000 characters are allowed", INTERACTIONS.ljust(20_000)),
]

REFUSED = [
    *(refusal("CreateSchema", "datasets 2-3", says, "InvalidInput", schema=text) for says, text in BAD_SCHEMAS),
    *(
        refusal("CreateSchema", "datasets 4", says, "InvalidInput", schema=text, domain=domain)
        for domain, says, text in DOMAIN_SCHEMAS
    ),
    refusal("CreateDatasetGroup", "4.1", "A KMS key requires roleArn, too", "InvalidInput", kmsKeyArn=KMS),
    refusal("CreateDataset", "5", "Anything else than the five types is refused", "InvalidInput", datasetType="Clicks"),
    refusal(
        "CreateDataset",
        "5",
        "The schema's name must match the type",
        "InvalidInput",
        datasetGroupArn="$empty",
        datasetType="Users",
    ),
    refusal(
        "CreateDataset",
        "5",
        "The schema's domain must equal the group's",
        "InvalidInput",
        datasetGroupArn="$videos",
        datasetType="Users",
        schemaArn="$schema.Users",
    ),
    refusal(
        "CreateDataset",
        "5",
        "A custom group takes no schema of a domain",
        "InvalidInput",
        datasetGroupArn="$empty",
        schemaArn="$schema.video.Interactions",
    ),
    refusal(
        "CreateDataset",
        "5",
        "Actions only in custom groups",
        "InvalidInput",
        datasetGroupArn="$videos",
        datasetType="Actions",
        schemaArn="$schema.Actions",
    ),
    refusal("CreateDataset", "5", "One dataset per type per group", "ResourceAlreadyExists"),
    refusal(
        "UpdateDataset",
        "5",
        "Not for Interactions",
        "InvalidInput",
        datasetArn="$dataset.Interactions",
        schemaArn="$schema.Interactions",
    ),
    refusal(
        "UpdateDataset",
        "5",
        "Not for Actions",
        "InvalidInput",
        datasetArn="$dataset.Actions",
        schemaArn="$schema.Actions",
    ),
    refusal(
        "UpdateDataset",
        "5",
        "Not for Action_Interactions",
        "InvalidInput",
        datasetArn="$dataset.Action_Interactions",
        schemaArn="$schema.Action_Interactions",
    ),
    refusal("UpdateDataset", "5", "The new schema is of the same type", "InvalidInput", schemaArn="$schema.Users"),
    refusal("UpdateDataset", "5", "The same domain", "InvalidInput", schemaArn="$schema.video.Items"),
]


@cases(REFUSED)
def test_what_cannot_be_is_refused(world: World, case: Case) -> None:
    world.refuses(case)


@cases([Case("CreateSchema", "datasets 2-3", says, more=text) for says, text in GOOD_SCHEMAS])
def test_a_schema_that_is_allowed_is_kept_and_can_be_deleted(world: World, case: Case) -> None:
    arn = world.make("CreateSchema", schema=case.more)
    assert world.describe(arn)["schema"] == case.more
    world.personalize.delete_schema(schemaArn=arn)


@cases(
    [
        Case("CreateSchema", "7", "name may have 63 characters", BOUNDARY, {"name": "n" * 63}),
        Case("CreateDatasetGroup", "7", "name may have 63 characters", BOUNDARY, {"name": "n" * 63}),
        Case("CreateDatasetGroup", "5", "domain may be ECOMMERCE", BOUNDARY, {"domain": "ECOMMERCE"}),
        Case(
            "CreateDatasetGroup",
            "4.1",
            "A KMS key with a role is taken",
            changes={"kmsKeyArn": KMS, "roleArn": "$role"},
        ),
    ]
)
def test_what_is_just_allowed_is_made(world: World, case: Case) -> None:
    arn = world.make(case.operation, **case.changes)
    found = world.describe(arn)
    for member, value in case.changes.items():
        assert found[member] == world.filled(value)
    if case.operation == "CreateSchema":
        world.personalize.delete_schema(schemaArn=arn)
    else:
        world.active(arn)
        world.personalize.delete_dataset_group(datasetGroupArn=arn)
        world.gone(arn)


@case("CreateDatasetGroup", "5", "The response contains domain only when one was given")
def test_the_domain_is_repeated(world: World) -> None:
    assert world.answers["$videos"]["domain"] == "VIDEO_ON_DEMAND"
    assert "domain" not in world.answers["$group"]


@cases(
    [
        Case("DescribeDatasetGroup", "5", "domain only if set", more="$group"),
        Case("DescribeSchema", "5", "domain only if set", more="$schema.Items"),
    ]
)
def test_a_domain_is_shown_only_if_set(world: World, case: Case) -> None:
    assert "domain" not in world.describe(world.words[case.more])
    with_domain = {"$group": "$videos", "$schema.Items": "$schema.video.Items"}[case.more]
    assert world.describe(world.words[with_domain])["domain"] == "VIDEO_ON_DEMAND"


@cases(
    [
        Case("CreateDataset", "5", f"datasetType is case-insensitive: {given}", more=given)
        for given in ("users", "USERS", "uSeRs")
    ]
)
def test_types_are_taken_in_any_case(world: World, case: Case) -> None:
    arn = world.make("CreateDataset", datasetGroupArn="$empty", schemaArn="$schema.Users", datasetType=case.more)
    assert arn.endswith("/USERS")
    world.active(arn)
    world.personalize.delete_dataset(datasetArn=arn)
    assert set(world.gone(arn)) <= {"DELETE PENDING", "DELETE IN_PROGRESS"}


def wider(text: str, *more: object) -> str:
    """The schema with more columns."""
    found = json.loads(text)
    return json.dumps(found | {"fields": [*found["fields"], *more]})


CHANGED = [
    (
        "All old fields must be there",
        schema("Users", column("USER_ID"), column("PLAN", categorical=True)),
    ),
    ("Old fields keep their types", USERS.replace('["int", "null"]', '["long", "null"]')),
    ("Old fields keep their attributes", USERS.replace('"categorical": true', '"categorical": false')),
    ("Additional fields must allow null", wider(USERS, column("NEW"))),
]


@cases(
    [Case("UpdateDataset", "5", says, EXCEPTION, error="InvalidInputException", more=text) for says, text in CHANGED]
)
def test_a_schema_that_would_change_what_is_there_is_refused(world: World, case: Case) -> None:
    arn = world.make("CreateSchema", schema=case.more)
    changes = {"datasetArn": "$dataset.Users", "schemaArn": arn}
    world.refuses(Case(case.operation, case.section, case.sentence, case.kind, changes, case.error))
    world.personalize.delete_schema(schemaArn=arn)


@pytest.fixture(scope="module")
def users(world: World) -> Iterator[str]:
    """A dataset of its own, whose schema can be replaced again and again."""
    made = world.make("CreateDataset", datasetGroupArn="$empty", schemaArn="$schema.Users", datasetType="Users")
    yield world.active(made)
    world.personalize.delete_dataset(datasetArn=made)
    world.gone(made)


def replaced(world: World, dataset: str) -> str:
    """Begin to give a dataset one more column; the new schema."""
    text = world.describe(world.describe(dataset)["schemaArn"])["schema"]
    count = len(json.loads(text)["fields"])
    new = world.make("CreateSchema", schema=wider(text, column(f"NEW{count}", ["null", "string"])))
    world.call("UpdateDataset", datasetArn=dataset, schemaArn=new)
    return new


@case("UpdateDataset", "3", "UPDATE PENDING, UPDATE IN_PROGRESS, ACTIVE, mirrored in latestDatasetUpdate")
def test_a_dataset_gets_another_schema(world: World, users: str) -> None:
    assert "latestDatasetUpdate" not in world.describe(users)
    new, seen = replaced(world, users), []
    while (found := world.describe(users))["status"] != "ACTIVE":
        seen.append(found["status"])
        assert found["latestDatasetUpdate"]["status"] == found["status"]
        assert found["latestDatasetUpdate"]["schemaArn"] == new
    assert seen == sorted(seen, key=["UPDATE PENDING", "UPDATE IN_PROGRESS"].index)
    assert found["schemaArn"] == new
    assert set(found["latestDatasetUpdate"]) == {"schemaArn", "status", "creationDateTime", "lastUpdatedDateTime"}


@cases(
    [
        Case("UpdateDataset", "4.7", "A second update while one runs is ResourceInUse", EXCEPTION),
        Case("PutUsers", "datasets 8.3", "ResourceInUse (409) while an UpdateDataset is in progress", EXCEPTION),
        Case("DeleteSchema", "4.6", "ResourceInUse while it is the target of an update", EXCEPTION),
        Case("DeleteDataset", "4.6", "ResourceInUse in any changing state", EXCEPTION),
    ]
)
def test_what_is_changing_is_in_use(world: World, users: str, case: Case) -> None:
    for _ in range(20):  # an update may be done before the next request comes
        new = replaced(world, users)
        request = {
            "UpdateDataset": {"datasetArn": users, "schemaArn": new},
            "PutUsers": {"datasetArn": users, "users": [{"userId": "u", "properties": '{"plan": "gold"}'}]},
            "DeleteSchema": {"schemaArn": new},
            "DeleteDataset": {"datasetArn": users},
        }[case.operation]
        status, found = world.send(case.operation, request)
        if status != 200 or case.operation == "DeleteDataset":
            break
        world.active(users)
    world.settled(users)
    refused((status, found), "ResourceInUseException")
    assert status == (409 if case.operation == "PutUsers" else 400)
