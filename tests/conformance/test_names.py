"""Names are unique per kind, across dataset groups, and a repeated Create always fails (2 and 4.2)."""

from conformance.case import EXCEPTION, Case, cases
from conformance.world import World

# operation: the word of what exists already.
TAKEN = {
    "CreateSchema": "$schema.Items",
    "CreateDatasetGroup": "$group",
    "CreateDatasetImportJob": "$import.Interactions",
    "CreateSolution": "$solution.up",
    "CreateCampaign": "$campaign.up",
    "CreateRecommender": "$recommender",
    "CreateFilter": "$filter.watched",
    "CreateEventTracker": "$tracker",
}


def again(world: World, operation: str, word: str) -> dict[str, str]:
    """The member with the name that is taken."""
    found = world.describe(world.words[word])
    return {"jobName": found["jobName"]} if operation.endswith("Job") else {"name": found["name"]}


@cases(
    [
        Case(name, "4.2", "Repeating a Create with the same name is ResourceAlreadyExists", EXCEPTION, more=word)
        for name, word in TAKEN.items()
    ]
)
def test_a_name_is_taken(world: World, case: Case) -> None:
    changes = again(world, case.operation, case.more)
    error = "ResourceAlreadyExistsException"
    message = world.refuses(Case(case.operation, "", "", EXCEPTION, changes, error))
    assert world.words[case.more] in message


@cases(
    [
        Case(name, "2", "Names are unique across dataset groups", EXCEPTION, more=(word, changes))
        for name, word, changes in (
            ("CreateFilter", "$filter.watched", {"datasetGroupArn": "$videos"}),
            ("CreateSolution", "$solution.up", {"datasetGroupArn": "$videos"}),
            ("CreateEventTracker", "$tracker", {"datasetGroupArn": "$videos"}),
        )
    ]
)
def test_a_name_is_taken_in_other_groups_too(world: World, case: Case) -> None:
    word, changes = case.more
    changes = {**changes, **again(world, case.operation, word)}
    world.refuses(Case(case.operation, "", "", EXCEPTION, changes, "ResourceAlreadyExistsException"))


@cases([Case("CreateSchema", "1.4", "Another resource with Arn <arn> already exists.", EXCEPTION)])
def test_the_text_is_that_of_the_service(world: World, case: Case) -> None:
    changes = again(world, case.operation, "$schema.Items")
    message = world.refuses(Case(case.operation, "", "", EXCEPTION, changes, "ResourceAlreadyExistsException"))
    assert message == f"Another resource with Arn {world.words['$schema.Items']} already exists."
