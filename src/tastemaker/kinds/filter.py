"""Filters: named expressions that limit what may be recommended, and that can be edited in place."""

from collections.abc import Sequence

from sqlalchemy import Connection

from tastemaker.errors import (
    InvalidInputException,
    LimitExceededException,
    ResourceInUseException,
    ResourceNotFoundException,
)
from tastemaker.filters import Filter, FilterError, check, parse
from tastemaker.kinds.dataset_group import DATASET_GROUP
from tastemaker.resources.engine import existing, require_active, seen
from tastemaker.resources.groups import schemas_of
from tastemaker.resources.kind import Birth, Body, Kind
from tastemaker.resources.quotas import at_most
from tastemaker.resources.statuses import CHANGING, PROVISIONED
from tastemaker.storage import rows
from tastemaker.storage.database import touch
from tastemaker.storage.rows import Resource
from tastemaker.storage.store import Store

FIELDS_MAX, FIELDS_OF_GROUP_MAX = 10, 20


def is_an_expression(birth: Birth) -> None:
    """It parses, and its columns are those of the group's schemas."""
    _checked(
        birth.connection,
        birth.request["datasetGroupArn"],
        birth.request["filterExpression"],
        birth.store.filter_extensions,
    )


def fields_are_few(birth: Birth) -> None:
    """ "10 distinct fields in a filter, 20 over all filters of a dataset group"."""
    group = birth.request["datasetGroupArn"]
    others = rows.referring(birth.connection, group, ["Filter"])
    _check_fields(parse(birth.request["filterExpression"]), others)


def no_batch_uses_it(found: Resource, connection: Connection, what: str = "deleted") -> None:
    """A batch job looks at its filter as long as it goes on."""
    for user in rows.referring(connection, found.arn, ["BatchInferenceJob", "BatchSegmentJob"]):
        if user.status in CHANGING:
            raise ResourceInUseException(
                f"{found.arn} cannot be {what}: {user.arn} uses it and is {user.status}. Wait until it is done."
            )


def edit_filter(store: Store, named: str, expression: str) -> Body:
    """Gives a filter another expression, for the next request of every process; what Describe then shows.

    named: by ARN, or by a name that only one filter has. Extensions of the language are taken. Raises
    ResourceNotFoundException, ResourceInUseException, InvalidInputException, LimitExceededException.
    """
    with store.database.write() as connection:
        found = _filter_named(connection, named)
        require_active(found, "filter")
        no_batch_uses_it(found, connection, "edited")
        group, before = found.body["datasetGroupArn"], parse(found.body["filterExpression"])
        tree = _checked(connection, group, expression, extended=True)
        if tree.expressions[0].target != before.expressions[0].target:
            raise InvalidInputException(
                f"{found.arn} is about {before.expressions[0].target}, and the new expression about "
                f"{tree.expressions[0].target}. Create another filter for that."
            )
        if store.strict.quotas:
            others = rows.referring(connection, group, ["Filter"])
            _check_fields(tree, [each for each in others if each.arn != found.arn])
        rows.change(connection, found.arn, store.now_s(), body={**found.body, "filterExpression": expression})
        touch(connection)
        return seen(FILTER, existing(connection, FILTER, found.arn), connection)


def _filter_named(connection: Connection, named: str) -> Resource:
    if named.startswith("arn:"):
        return existing(connection, FILTER, named)
    found = [each for each in rows.all_of(connection, FILTER.name) if each.name == named]
    if not found:
        raise ResourceNotFoundException(f"There is no Filter {named!r}. ListFilters shows those that exist.")
    if len(found) > 1:
        raise InvalidInputException(
            f"Several regions have a filter {named!r}: give its ARN, one of {', '.join(each.arn for each in found)}."
        )
    return found[0]


def _checked(connection: Connection, group: str, expression: str, extended: bool) -> Filter:
    """The expression, which can be used with the group's datasets. Raises InvalidInputException."""
    try:
        tree = parse(expression)
        check(tree, schemas_of(connection, group), extended=extended)
    except FilterError as error:
        raise InvalidInputException(str(error)) from None
    return tree


def _check_fields(tree: Filter, others: Sequence[Resource]) -> None:
    """Raise LimitExceededException for a filter with too many fields, or too many together with the others."""
    own = tree.fields
    together = own.union(*(parse(each.body["filterExpression"]).fields for each in others))
    if len(own) > FIELDS_MAX or len(together) > FIELDS_OF_GROUP_MAX:
        raise LimitExceededException(
            f"The filter has {len(own)} distinct fields, and all filters of the group have {len(together)}: "
            f"{FIELDS_MAX} and {FIELDS_OF_GROUP_MAX} are allowed. Use fewer fields."
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
