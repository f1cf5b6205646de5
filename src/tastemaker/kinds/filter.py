"""Filters: named expressions that limit what may be recommended."""

from tastemaker.errors import InvalidInputException
from tastemaker.filters import FilterError, check, parse
from tastemaker.kinds.dataset_group import DATASET_GROUP
from tastemaker.resources.groups import schemas_of
from tastemaker.resources.kind import Birth, Kind
from tastemaker.resources.statuses import PROVISIONED


def is_an_expression(birth: Birth) -> None:
    """It parses, and its columns are those of the group's schemas."""
    try:
        tree = parse(birth.request["filterExpression"])
        check(tree, schemas_of(birth.connection, birth.request["datasetGroupArn"]))
    except FilterError as error:
        raise InvalidInputException(str(error)) from None


FILTER = Kind(
    "Filter",
    "filter",
    PROVISIONED,
    list_member="Filters",  # the one list whose member has a capital letter
    parents={"datasetGroupArn": DATASET_GROUP},
    listed_by="datasetGroupArn",
    rules=(is_an_expression,),
    on_servers=True,
)
