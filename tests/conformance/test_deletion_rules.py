"""What keeps what from deletion (the table of 4.6), what becomes of names, and children of what is not ready (4.3)."""

from conformance.case import EXCEPTION, Case, case, cases, refusal
from conformance.world import World, refused

KEPT = [
    ("DeleteSchema", "a dataset uses it", {}),
    ("DeleteDatasetGroup", "it has datasets, solutions, trackers", {}),
    ("DeleteDatasetGroup", "it has a recommender", {"datasetGroupArn": "$videos"}),
    ("DeleteDataset", "a filter exists in the group", {"datasetArn": "$dataset.Users"}),
    ("DeleteDataset", "an event tracker exists, campaigns are ACTIVE", {}),
    ("DeleteDataset", "a campaign is ACTIVE", {"datasetArn": "$dataset.Items"}),
    ("DeleteSolution", "a campaign uses one of its versions", {}),
]


@cases([refusal(name, "4.6", f"Refused while {why}", "ResourceInUse", **changes) for name, why, changes in KEPT])
def test_what_is_needed_is_kept(world: World, case: Case) -> None:
    world.refuses(case)


# What keeps an empty group, and how it is made and deleted.
KEEPERS = {
    "a dataset": (
        "CreateDataset",
        "DeleteDataset",
        "datasetArn",
        {"schemaArn": "$schema.Users", "datasetType": "Users"},
    ),
    "an event tracker": ("CreateEventTracker", "DeleteEventTracker", "eventTrackerArn", {}),
}


@cases(
    [
        Case("DeleteDatasetGroup", "4.6", f"Refused while it has {what}", EXCEPTION, more=row)
        for what, row in KEEPERS.items()
    ]
)
def test_a_group_with_something_in_it_is_kept(world: World, case: Case) -> None:
    create, delete, member, changes = case.more
    group = world.active(world.make("CreateDatasetGroup"))
    inside = world.active(world.make(create, datasetGroupArn=group, **changes))
    world.refuses(refusal("DeleteDatasetGroup", "", "", "ResourceInUse", datasetGroupArn=group))
    world.call(delete, **{member: inside})
    world.gone(inside)
    world.call("DeleteDatasetGroup", datasetGroupArn=group)
    world.gone(group)


@case("DeleteDataset", "4.6", "Refused while any filter exists in the group: also alone", EXCEPTION)
def test_a_filter_keeps_datasets(world: World) -> None:
    group = world.active(world.make("CreateDatasetGroup"))
    dataset = world.active(
        world.make("CreateDataset", datasetGroupArn=group, schemaArn="$schema.Users", datasetType="Users")
    )
    text = 'INCLUDE UserID WHERE Users.PLAN IN ("x")'
    kept_by = world.active(world.make("CreateFilter", datasetGroupArn=group, filterExpression=text))
    world.refuses(refusal("DeleteDataset", "", "", "ResourceInUse", datasetArn=dataset))
    world.refuses(refusal("DeleteDatasetGroup", "", "", "ResourceInUse", datasetGroupArn=group))
    world.call("DeleteFilter", filterArn=kept_by)
    world.gone(kept_by)
    world.call("DeleteDataset", datasetArn=dataset)
    world.gone(dataset)
    world.call("DeleteDatasetGroup", datasetGroupArn=group)
    world.gone(group)


@case(
    "DeleteDataset",
    "4.6",
    "A metric attribution keeps the Interactions dataset; in its order everything goes",
    EXCEPTION,
)
def test_an_attribution_keeps_interactions(world: World) -> None:
    group = world.active(world.make("CreateDatasetGroup"))
    dataset = world.active(world.make("CreateDataset", datasetGroupArn=group))
    attribution = world.active(world.make("CreateMetricAttribution", datasetGroupArn=group))
    world.refuses(refusal("DeleteDataset", "", "", "ResourceInUse", datasetArn=dataset))
    world.call("DeleteMetricAttribution", metricAttributionArn=attribution)
    assert set(world.gone(attribution)) <= {"DELETE PENDING", "DELETE IN_PROGRESS"}
    world.call("DeleteDataset", datasetArn=dataset)
    world.gone(dataset)
    world.call("DeleteDatasetGroup", datasetGroupArn=group)
    world.gone(group)


@cases(
    [
        Case(name, "4.3", "A parent that is not ready: ResourceInUse", EXCEPTION, more=changes)
        for name, changes in {
            "CreateDataset": {},
            "CreateEventTracker": {},
        }.items()
    ]
)
def test_children_wait_for_their_parent(world: World, case: Case) -> None:
    groups = []
    for _ in range(50):  # a group may be ready before the next request comes
        group = world.make("CreateDatasetGroup")
        groups.append(group)
        made = world.send(
            case.operation, world.request(Case(case.operation, "", "", changes={"datasetGroupArn": group}))
        )
        if made[0] != 200:
            break
        (arn,) = [value for name, value in made[1].items() if name.endswith("Arn")]
        world.active(arn)
        member = "eventTrackerArn" if "event-tracker" in arn else "datasetArn"
        world.call(case.operation.replace("Create", "Delete"), **{member: arn})
        world.gone(arn)
    refused(made, "ResourceInUseException")
    for group in groups:
        world.active(group)
        world.call("DeleteDatasetGroup", datasetGroupArn=group)
        world.gone(group)


@case("DeleteDatasetGroup", "5", "Only DELETE PENDING is visible, then the group is gone")
def test_a_group_goes(world: World) -> None:
    group = world.active(world.make("CreateDatasetGroup"))
    assert world.call("DeleteDatasetGroup", datasetGroupArn=group) == {}
    assert set(world.gone(group)) <= {"DELETE PENDING"}


@case("DeleteSchema", "5", "Synchronous, with an empty answer")
def test_a_schema_goes_at_once(world: World) -> None:
    arn = world.make("CreateSchema")
    assert world.call("DeleteSchema", schemaArn=arn) == {}
    world.refuses(refusal("DescribeSchema", "", "", "ResourceNotFound", schemaArn=arn))


@case("DeleteEventTracker", "5", "The tracking id stops working; a new tracker has another", EXCEPTION)
def test_a_tracking_id_ends(world: World) -> None:
    one = world.call("CreateEventTracker")
    world.active(one["eventTrackerArn"])
    world.call("PutEvents", trackingId=one["trackingId"])
    assert world.call("DeleteEventTracker", eventTrackerArn=one["eventTrackerArn"]) == {}
    world.gone(one["eventTrackerArn"])
    world.refuses(refusal("PutEvents", "", "", "InvalidInput", trackingId=one["trackingId"]))
    two = world.call("CreateEventTracker")
    assert two["trackingId"] != one["trackingId"]
    world.active(two["eventTrackerArn"])
    world.call("DeleteEventTracker", eventTrackerArn=two["eventTrackerArn"])
    world.gone(two["eventTrackerArn"])


@cases(
    [
        Case(
            "CreateEventTracker",
            "5",
            "A second tracker of a group: LimitExceeded",
            EXCEPTION,
            {"datasetGroupArn": "$group"},
        ),
        Case(
            "CreateMetricAttribution", "5", "A second attribution of a group", EXCEPTION, {"datasetGroupArn": "$group"}
        ),
    ]
)
def test_a_group_has_one_of_them(world: World, case: Case) -> None:
    world.refuses(Case(case.operation, "", "", EXCEPTION, case.changes, "LimitExceededException"))


@case("DeleteCampaign", "4.6", "ResourceInUse while it is being created", EXCEPTION)
def test_what_is_being_created_is_in_use(world: World) -> None:
    for _ in range(20):
        arn = world.make("CreateCampaign", solutionVersionArn="$version.popular")
        answer = world.send("DeleteCampaign", {"campaignArn": arn})
        if answer[0] != 200:
            world.active(arn)
            world.call("DeleteCampaign", campaignArn=arn)
            break
        world.gone(arn)
    refused(answer, "ResourceInUseException")
    world.gone(arn)
