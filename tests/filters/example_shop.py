"""The datasets of the specification's worked examples, with eight items that tell the examples apart."""

import numpy as np
import polars as pl

from tastemaker.data.schemas import Column, Schema
from tastemaker.data.table import types_of
from tastemaker.filters import Candidates, columns_of


def string(name: str, *, categorical: bool = False, textual: bool = False) -> Column:
    return Column(name, "string", nullable=True, categorical=categorical, textual=textual)


SCHEMAS = {
    "Items": Schema(
        "Items",
        (
            string("ITEM_ID"),
            string("GENRES", categorical=True),
            Column("PRICE", "float", nullable=True),
            Column("YEAR", "int", nullable=True),
            string("STATUS", categorical=True),
            Column("CREATION_TIMESTAMP", "long", nullable=True),
            string("PLOT", textual=True),
            Column("FREE", "boolean", nullable=True),
        ),
    ),
    "Users": Schema(
        "Users", (string("USER_ID"), Column("AGE", "int", nullable=True), string("PLAN", categorical=True))
    ),
    "Interactions": Schema(
        "Interactions",
        (
            string("USER_ID"),
            string("ITEM_ID"),
            string("EVENT_TYPE"),
            string("DEVICE", categorical=True),
            Column("TIMESTAMP", "long", nullable=False),
        ),
    ),
    "Actions": Schema(
        "Actions",
        (
            string("ACTION_ID"),
            string("CATEGORY", categorical=True),
            Column("VALUE", "long", nullable=True),
            Column("REPEAT_FREQUENCY", "long", nullable=True),
        ),
    ),
    "Action_Interactions": Schema(
        "ActionInteractions",
        (string("USER_ID"), string("ACTION_ID"), string("EVENT_TYPE"), Column("TIMESTAMP", "long", nullable=False)),
    ),
}

# n has events and no record; d has a record and few values.
IDS = "abcdefgn"
ITEMS = pl.DataFrame(
    [
        ("a", "Drama|Comedy", 4.0, 1999, "live", 100, "a sea", True),
        ("b", "Crime", 7.0, 2001, "new", 200, None, None),
        ("c", "Crime|Horror", 25.0, 2020, "live", 300, None, None),
        ("d", "comedy", None, None, None, 400, None, None),
        ("e", "Drama", 9.5, 2020, "premium", 500, None, None),
        ("f", "a|b", 20.0, 1990, "out", 600, None, None),
        ("g", "b", 5.0, 2001, "sale", 700, None, None),
    ],
    schema=types_of(SCHEMAS["Items"]),
    orient="row",
)
EVENTS = {
    "purchase": "b",
    "watch": "ac",
    "dislike": "e",
    "like": "d",
    "save": "n",
    "favorite": "e",
    "buy": "b",
}


def shop(user: dict[str, object] | None = None, current: str | None = None) -> Candidates:
    """The catalogue as a request sees it: a user of 16 years unless another is given."""
    return Candidates(
        n_items=len(IDS),
        columns=columns_of(ITEMS, SCHEMAS["Items"], list(IDS)),
        events={name: np.array([IDS.index(item) for item in items], np.int32) for name, items in EVENTS.items()},
        user={"AGE": 16, "PLAN": "gold"} if user is None else user,
        current_item=None if current is None else IDS.index(current),
    )
