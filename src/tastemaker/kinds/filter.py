"""Filters: named expressions that limit what may be recommended."""

from sqlalchemy import Connection

from tastemaker.errors import InvalidInputException, LimitExceededException, ResourceInUseException
from tastemaker.filters import FilterError, check, fields, parse
from tastemaker.kinds.dataset_group import DATASET_GROUP
from tastemaker.resources.groups import schemas_of
from tastemaker.resources.kind import Birth, Kind
from tastemaker.resources.quotas import at_most
from tastemaker.resources.statuses import CHANGING, PROVISIONED
from tastemaker.storage import rows
from tastemaker.storage.rows import Resource

FIELDS_MAX, FIELDS_OF_GROUP_MAX = 10, 20


def is_an_expression(birth: Birth) -> None:
    """It parses, and its columns are those of the group's schemas."""
    try:
        tree = parse(birth.request["filterExpression"])
        check(tree, schemas_of(birth.connection, birth.request["datasetGroupArn"]))
    except FilterError as error:
        raise InvalidInputException(str(error)) from None


def fields_are_few(birth: Birth) -> None:
    """ "10 distinct fields in a filter, 20 over all filters of a dataset group"."""
    own = fields(parse(birth.request["filterExpression"]))
    others = rows.referring(birth.connection, birth.request["datasetGroupArn"], ["Filter"])
    together = own.union(*(fields(parse(each.body["filterExpression"])) for each in others))
    if len(own) > FIELDS_MAX or len(together) > FIELDS_OF_GROUP_MAX:
        raise LimitExceededException(
            f"The filter has {len(own)} distinct fields, and all filters of the group have {len(together)}: "
            f"{FIELDS_MAX} and {FIELDS_OF_GROUP_MAX} are allowed. Use fewer fields."
        )


def no_batch_uses_it(found: Resource, connection: Connection) -> None:
    """A batch job looks at its filter as long as it goes on."""
    for user in rows.referring(connection, found.arn, ["BatchInferenceJob", "BatchSegmentJob"]):
        if user.status in CHANGING:
            raise ResourceInUseException(
                f"{found.arn} cannot be deleted: {user.arn} uses it and is {user.status}. Wait until it is done."
            )


FILTER = Kind(
    "Filter",
    "filter",
    PROVISIONED,
    list_member="Filters",  # the one list whose member has a capital letter
    parents={"datasetGroupArn": DATASET_GROUP},
    listed_by="datasetGroupArn",
    rules=(is_an_expression,),
    quotas=(at_most(30, "Filter", "datasetGroupArn"), fields_are_few),
    may_delete=(no_batch_uses_it,),
    on_servers=True,
)
