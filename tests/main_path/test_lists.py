"""Long lists in pages, and tags: what holds for resources of every kind."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from main_path.served import INTERACTIONS, Deployed


@pytest.fixture(scope="module")
def many(personalize: Any) -> list[str]:
    """One hundred and one more schemas, in order of their creation."""
    names = [f"many-{place:03}" for place in range(101)]
    for name in names:
        personalize.create_schema(name=name, schema=INTERACTIONS)
    return names


def names_of(page: dict[str, Any]) -> list[str]:
    return [each["name"] for each in page["schemas"]]


def test_the_101st_result_is_on_the_next_page(personalize: Any, many: list[str]) -> None:
    first = personalize.list_schemas()
    assert len(first["schemas"]) == 100

    names = names_of(first)
    while "nextToken" in (page := personalize.list_schemas(nextToken=first["nextToken"])):
        names += names_of(page)
        first = page
    names += names_of(page)
    assert [name for name in names if name.startswith("many-")] == many


def test_a_paginator_with_small_pages_gives_each_result_once(personalize: Any, many: list[str]) -> None:
    pages = list(personalize.get_paginator("list_schemas").paginate(PaginationConfig={"PageSize": 7}))

    assert {len(page["schemas"]) for page in pages[:-1]} == {7}
    names = [name for page in pages for name in names_of(page)]
    assert [name for name in names if name.startswith("many-")] == many
    assert len(set(names)) == len(names)


def test_the_last_page_has_no_token_even_when_it_is_full(personalize: Any, shop: Deployed) -> None:
    n_solutions = len(personalize.list_solutions(datasetGroupArn=shop.group)["solutions"])

    assert "nextToken" not in personalize.list_solutions(datasetGroupArn=shop.group, maxResults=n_solutions)
    assert "nextToken" in personalize.list_solutions(datasetGroupArn=shop.group, maxResults=n_solutions - 1)


@pytest.mark.parametrize(
    "operation",
    [
        "list_campaigns",
        "list_dataset_groups",
        "list_dataset_import_jobs",
        "list_datasets",
        "list_event_trackers",
        "list_filters",
        "list_recipes",
        "list_schemas",
        "list_solution_versions",
        "list_solutions",
        "list_recommenders",
        "list_batch_inference_jobs",
    ],
)
def test_every_list_has_a_paginator_that_ends(personalize: Any, shop: Deployed, operation: str) -> None:
    assert shop
    paginator = personalize.get_paginator(operation)
    found = paginator.paginate(PaginationConfig={"PageSize": 2}).build_full_result()
    assert paginator.result_keys[0].expression in found


@pytest.mark.parametrize("token", ["x", "AAAA", "W10=", "é", "WzEsMl0=", "1" * 1500])
def test_a_token_that_was_made_up_is_refused(personalize: Any, token: str) -> None:
    with pytest.raises(ClientError) as refused:
        personalize.list_schemas(nextToken=token)
    assert refused.value.response["Error"]["Code"] in ("InvalidNextTokenException", "InvalidInputException")
    if token.isascii():
        assert refused.value.response["Error"]["Code"] == "InvalidNextTokenException"


def test_a_token_of_another_operation_or_of_other_arguments_is_refused(
    personalize: Any, shop: Deployed, movielens: Deployed
) -> None:
    of_shop = personalize.list_solutions(datasetGroupArn=shop.group, maxResults=1)["nextToken"]

    assert personalize.list_solutions(datasetGroupArn=shop.group, nextToken=of_shop, maxResults=50)["solutions"]
    for foreign in (
        lambda: personalize.list_solutions(datasetGroupArn=movielens.group, nextToken=of_shop),
        lambda: personalize.list_solutions(nextToken=of_shop),
        lambda: personalize.list_schemas(nextToken=of_shop),
    ):
        with pytest.raises(personalize.exceptions.InvalidNextTokenException, match="nextToken"):
            foreign()


def test_lists_by_parent_show_what_belongs_to_it_alone(personalize: Any, shop: Deployed, movielens: Deployed) -> None:
    for group in (shop.group, movielens.group):
        shown = personalize.list_datasets(datasetGroupArn=group)["datasets"]
        assert shown
        assert all(group.rpartition("/")[2] in each["datasetArn"] for each in shown)
    nobody = shop.group.replace("shop", "nobody")
    assert personalize.list_datasets(datasetGroupArn=nobody)["datasets"] == []
    with pytest.raises(personalize.exceptions.ResourceNotFoundException):
        personalize.list_solution_versions(solutionArn=nobody.replace("dataset-group", "solution"))


def test_tags_given_at_creation_and_later_are_one_set(personalize: Any) -> None:
    arn = personalize.create_dataset_group(name="tagged", tags=[{"tagKey": "env", "tagValue": "dev"}])[
        "datasetGroupArn"
    ]
    personalize.tag_resource(
        resourceArn=arn, tags=[{"tagKey": "env", "tagValue": "prod"}, {"tagKey": "Überfluß", "tagValue": ""}]
    )
    personalize.untag_resource(resourceArn=arn, tagKeys=["never-there"])

    assert tags_of(personalize, arn) == {"env": "prod", "Überfluß": ""}
    personalize.untag_resource(resourceArn=arn, tagKeys=["env"])
    assert tags_of(personalize, arn) == {"Überfluß": ""}
    assert "tags" not in personalize.describe_dataset_group(datasetGroupArn=arn)["datasetGroup"]


def tags_of(personalize: Any, arn: str) -> dict[str, str]:
    return {each["tagKey"]: each["tagValue"] for each in personalize.list_tags_for_resource(resourceArn=arn)["tags"]}


def test_a_resource_has_fifty_tags_and_not_one_more(personalize: Any) -> None:
    fifty = [{"tagKey": f"k{place}", "tagValue": "v"} for place in range(50)]
    arn = personalize.create_dataset_group(name="fifty", tags=fifty)["datasetGroupArn"]

    with pytest.raises(personalize.exceptions.TooManyTagsException):
        personalize.tag_resource(resourceArn=arn, tags=[{"tagKey": "one-more", "tagValue": "v"}])
    personalize.tag_resource(resourceArn=arn, tags=[{"tagKey": "k7", "tagValue": "again"}])
    assert tags_of(personalize, arn)["k7"] == "again"
    with pytest.raises(personalize.exceptions.TooManyTagKeysException):
        personalize.untag_resource(resourceArn=arn, tagKeys=[f"k{place}" for place in range(51)])


def test_schemas_and_recipes_have_no_tags(personalize: Any, many: list[str]) -> None:
    schema = personalize.list_schemas(maxResults=1)["schemas"][0]["schemaArn"]
    recipe = personalize.list_recipes(maxResults=1)["recipes"][0]["recipeArn"]
    assert many

    with pytest.raises(personalize.exceptions.InvalidInputException, match="no tags"):
        personalize.tag_resource(resourceArn=schema, tags=[{"tagKey": "a", "tagValue": "b"}])
    with pytest.raises(personalize.exceptions.InvalidInputException, match="no tags"):
        personalize.list_tags_for_resource(resourceArn=recipe)
    with pytest.raises(personalize.exceptions.InvalidInputException, match="aws:"):
        personalize.create_dataset_group(name="reserved", tags=[{"tagKey": "aws:mine", "tagValue": "b"}])
