"""Filters made at random: of a small vocabulary, so that all meets all; texts that are nearly filters; and any text.

They are made of bytes, as fuzzers have it: a byte decides what comes next, and smaller bytes make shorter and plainer
texts, so that hypothesis finds the plainest one that fails.
"""

from collections.abc import Sequence
from typing import TypeVar

from hypothesis import strategies as st

from tastemaker.data.schemas import Column, Schema

T = TypeVar("T")

ITEMS = Schema(
    "Items",
    (
        Column("ITEM_ID", "string", nullable=False),
        Column("G", "string", nullable=True, categorical=True),
        Column("T", "string", nullable=True),
        Column("N", "int", nullable=True),
        Column("B", "boolean", nullable=True),
    ),
)
USERS = Schema(
    "Users",
    (
        Column("USER_ID", "string", nullable=False),
        Column("AGE", "int", nullable=True),
        Column("PLAN", "string", nullable=True, categorical=True),
        Column("VIP", "boolean", nullable=True),
    ),
)
EVENTS = Schema("Interactions", (Column("EVENT_TYPE", "string", nullable=False),))
SCHEMAS = {"Items": ITEMS, "Users": USERS, "Interactions": EVENTS}

WINDOWS = ("1 MINUTE", "2 HOURS", "1 DAYS")
COMPARATORS = ("=", "!=", "<", "<=", ">", ">=")
EQUAL, LISTED = ("=", "!="), ("IN", "NOT IN")

WORDS = r"""INCLUDE EXCLUDE ItemID UserID ActionID WHERE Items . .GENRES .YEAR Items.FREE Interactions.EVENT_TYPE IN NOT
    AND OR IF | ( ) , = != < "a" "\ " ' $A 1 -2.5 * CurrentUser.AGE CurrentItem. NOT_IN WITHIN 30 DAYS MINUTE true false
    "*" "$A" 1e9 -0 é $ && -- /* */ IS NULL LIKE"""
PIECES = (*WORDS.split(), "\n", "\0", "\u2028", "\ud800", "9" * 400, "x" * 60, "")


class Maker:
    """Makes texts out of bytes; when these are used up, each choice is the first one."""

    def __init__(self, choices: bytes) -> None:
        self._choices = iter(choices)

    def number(self, below: int) -> int:
        """A number from 0 on, below 256 at most."""
        return next(self._choices, 0) % below

    def one(self, of: Sequence[T]) -> T:
        return of[self.number(len(of))]

    def filter(self) -> str:
        """One to three expressions."""
        return " | ".join(self.expression() for _ in range(1 + self.number(3)))

    def expression(self) -> str:
        action, by_events = self.one(("INCLUDE", "EXCLUDE")), self.number(2)
        conditions = self.event_condition() if by_events else self.item_condition()
        for _ in range(self.number(4)):
            more = self.event_condition() if by_events else self.item_condition()
            conditions += f" {self.one(('AND', 'OR'))} {more}"
        only_if = " AND ".join(self.user_condition() for _ in range(self.number(3)))
        return f"{action} ItemID WHERE {conditions}{only_if and f' IF {only_if}'}"

    def item_condition(self) -> str:
        kind = self.number(9)
        if kind < 5:
            return self.compared("Items.G", "Items.N", "Items.B")
        if kind == 5:
            return f"Items.T {self.one(LISTED)} {self.list()}"
        if kind == 6:
            return self.one(("Items.G IN CurrentItem.G", "Items.T IN CurrentItem.G"))
        if kind == 7:
            return f"Items.N {self.one(COMPARATORS)} CurrentItem.N"
        return f"Items.B {self.one(EQUAL)} CurrentItem.B"

    def event_condition(self) -> str:
        kind = self.number(4)
        what = f"{self.one(LISTED)} {self.list().upper()}" if kind < 2 else ('IN ("*")', "IN ($SOME)")[kind - 2]
        within = self.one(("", *(f" WITHIN {window}" for window in WINDOWS)))
        return f"Interactions.EVENT_TYPE {what}{within}"

    def user_condition(self) -> str:
        return self.compared("CurrentUser.PLAN", "CurrentUser.AGE", "CurrentUser.VIP")

    def compared(self, text: str, number: str, truth: str) -> str:
        """A condition on a column of one of the types."""
        kind = self.number(5)
        if kind == 0:
            return f"{text} {self.one(LISTED)} {self.list()}"
        if kind == 1:
            return f"{text} {self.one(EQUAL)} {self.one(('$ONE', QUOTE_A, QUOTE_B))}"
        if kind == 2:
            return f"{text} IN ($SOME)"
        if kind == 3:
            return f"{number} {self.one(COMPARATORS)} {self.one(('$NUMBER', '0', '1', '2', '3'))}"
        return f"{truth} {self.one(EQUAL)} {self.one(('$TRUTH', 'true', 'false'))}"

    def list(self) -> str:
        return "(" + ", ".join(self.one((QUOTE_A, QUOTE_B, '"c"')) for _ in range(1 + self.number(2))) + ")"

    def nearly(self) -> str:
        """A filter with one to three places changed."""
        text = self.filter()
        for _ in range(1 + self.number(3)):
            at, length = (self.number(256) * 256 + self.number(256)) % (len(text) + 1), self.number(8)
            new = self.one(PIECES) if self.number(2) else chr(self.number(256) * self.number(256))
            text = text[:at] + new + text[at + length :]
        return text

    def anything(self) -> str:
        """Words of the language in any order, or any characters."""
        if self.number(2):
            return " ".join(self.one(PIECES) for _ in range(self.number(40)))
        return "".join(chr(self.number(256) * self.one((1, 1, 1, 256))) for _ in range(self.number(200)))

    def text(self) -> str:
        """A filter, or what is none, in equal parts."""
        return self.one((self.filter, self.nearly, self.anything))()


QUOTE_A, QUOTE_B = '"a"', '"b"'
FILTER = st.binary(min_size=60, max_size=60).map(lambda choices: Maker(choices).filter())
# Ten at a time: to think of bytes takes hypothesis longer than it takes us to read what is made of them.
TEXTS = st.binary(min_size=1200, max_size=1200).map(
    lambda choices: [Maker(choices[place : place + 120]).text() for place in range(0, 1200, 120)]
)
