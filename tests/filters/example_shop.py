"""The datasets of the specification's worked examples: eight items, four users and four actions that tell them apart.

Their ids are single letters, so that what a filter lets through is a word.
"""

import numpy as np
import polars as pl

from tastemaker.data.schemas import Column, Schema
from tastemaker.data.table import types_of
from tastemaker.filters import Candidates, Touched, allowed, columns_of, parse


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
        ("b", "Crime", 7.0, 2001, "new", 200, None, False),
        ("c", "Crime|Horror", 25.0, 2020, "live", 300, None, None),
        ("d", "comedy", None, None, None, 400, None, None),
        ("e", "Drama", 9.5, 2020, "premium", 500, None, None),
        ("f", "a|b", 20.0, 1990, "out", 600, None, None),
        ("g", "b", 5.0, 2001, "sale", 700, None, None),
    ],
    schema=types_of(SCHEMAS["Items"]),
    orient="row",
)
NOW_S, DAY_S = 1_700_000_000, 86_400
# With which item, and how many days ago.
EVENTS = {
    "purchase": {"b": 1},
    "watch": {"a": 10, "c": 40},
    "dislike": {"e": 5},
    "like": {"d": 100},
    "save": {"n": 2},
    "favorite": {"e": 3},
    "buy": {"b": 1},
}

# A kid, a teenager, an adult, and one without a record.
USER_IDS = "ktvw"
USERS = pl.DataFrame(
    [("k", 10, "basic"), ("t", 16, "gold"), ("v", 30, "gold|staff")], schema=types_of(SCHEMAS["Users"]), orient="row"
)
USER_EVENTS = {"Click": {"t": 3}, "watch": {"k": 1, "t": 1}, "RATING": {"v": 50}}

# To join, the app, an offer, and one without a record.
ACTION_IDS = "jpox"
ACTIONS = pl.DataFrame(
    [("j", "club", 5, None), ("p", "tech", 2, 7), ("o", "club", 3, None)],
    schema=types_of(SCHEMAS["Actions"]),
    orient="row",
)
ACTION_EVENTS = {"Not Taken": {"p": 1}, "taken": {"j": 20}}


def shop(user: dict[str, object] | None = None, current: str | None = None) -> Candidates:
    """The catalogue as a request sees it: a user of 16 years unless another is given."""
    return Candidates(
        n_items=len(IDS),
        now_s=NOW_S,
        columns=columns_of(ITEMS, SCHEMAS["Items"], list(IDS)),
        events=touched(EVENTS, IDS),
        user={"AGE": 16, "PLAN": "gold"} if user is None else user,
        current_item=None if current is None else IDS.index(current),
    )


def people() -> Candidates:
    """The users as a segment job sees them."""
    return Candidates(
        n_items=len(USER_IDS),
        now_s=NOW_S,
        target="UserID",
        columns=columns_of(USERS, SCHEMAS["Users"], list(USER_IDS), "USER_ID"),
        events=touched(USER_EVENTS, USER_IDS),
    )


def club() -> Candidates:
    """The actions as a request of the user of 16 years sees them."""
    return Candidates(
        n_items=len(ACTION_IDS),
        now_s=NOW_S,
        target="ActionID",
        columns=columns_of(ACTIONS, SCHEMAS["Actions"], list(ACTION_IDS), "ACTION_ID"),
        events=touched(ACTION_EVENTS, ACTION_IDS),
        user={"AGE": 16, "PLAN": "gold"},
    )


def touched(events: dict[str, dict[str, int]], ids: str) -> dict[str, Touched]:
    """Events as candidates have them."""
    return {
        name: Touched(
            np.array([ids.index(item) for item in days_ago], np.int32),
            np.array([NOW_S - days * DAY_S for days in days_ago.values()], np.int64),
        )
        for name, days_ago in events.items()
    }


def let_through(expression: str, candidates: Candidates, values: dict[str, str]) -> str:
    """The ids that a filter lets through, one after the other."""
    ids = {"ItemID": IDS, "UserID": USER_IDS, "ActionID": ACTION_IDS}[candidates.target]
    mask_I = allowed(parse(expression), candidates, values)
    return "".join(name for name, is_allowed in zip(ids, mask_I, strict=True) if is_allowed)
