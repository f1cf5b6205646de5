"""Schemas: Avro JSON texts, there at once and never changed."""

from tastemaker.data.schemas import SchemaError, parse_schema
from tastemaker.errors import InvalidInputException
from tastemaker.resources.kind import Birth, Kind


def is_a_schema(birth: Birth) -> None:
    """The text says what a dataset's columns are."""
    if "domain" in birth.request:
        raise InvalidInputException(
            "domain: schemas of domains are not supported by this version of Tastemaker. Leave domain out; a custom "
            "schema may have the same columns."
        )
    try:
        parse_schema(birth.request["schema"])
    except SchemaError as error:
        raise InvalidInputException(str(error)) from None


SCHEMA = Kind(
    "Schema",
    "schema",
    statuses=None,
    rules=(is_a_schema,),
    blocked_by=("Dataset",),
    taggable=False,
)
