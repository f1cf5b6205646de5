"""Schemas: Avro JSON texts, there at once and never changed."""

from tastemaker.data.schemas import SchemaError, parse_schema
from tastemaker.errors import InvalidInputException
from tastemaker.resources.kind import Birth, Kind
from tastemaker.resources.quotas import at_most


def is_a_schema(birth: Birth) -> None:
    """The text says what a dataset's columns are, as its domain wants them."""
    try:
        parse_schema(birth.request["schema"], birth.request.get("domain"))
    except SchemaError as error:
        raise InvalidInputException(str(error)) from None


SCHEMA = Kind(
    "Schema",
    "schema",
    statuses=None,
    rules=(is_a_schema,),
    quotas=(at_most(500, "Schema"),),
    blocked_by=("Dataset",),
    taggable=False,
)
