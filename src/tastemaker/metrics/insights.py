"""What a dataset is like, column by column, and what of it will trouble whoever trains on it.

The checks are those of the service's data insights: guide, "Analyzing data quality and quantity".
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from tastemaker.data.schemas import Column, Schema

COMPLETE_MIN, TEXTUAL_COMPLETE_MIN = 0.70, 0.85
CATEGORIES_MAX, EVENT_TYPES_MAX = 30, 10
INTERACTIONS_MIN, USERS_MIN = 1000, 25
TOP = 5
OUTLIER_SPREADS = 3.0  # distances between quartiles beyond which a number is an outlier (Tukey's outer fence)


@dataclass(frozen=True)
class Insight:
    """What is the matter, and what to do about it."""

    dataset: str
    column: str | None
    finding: str
    advice: str


@dataclass(frozen=True)
class Portrait:
    """One dataset. columns: name -> statistics."""

    rows: int
    columns: dict[str, dict[str, Any]]
    facts: dict[str, Any] = field(default_factory=dict)


def portrait(frame: pl.DataFrame, schema: Schema) -> Portrait:
    """The statistics of every column, and of events their users, items, types and time."""
    facts: dict[str, Any] = {}
    for name in ("USER_ID", "ITEM_ID", "ACTION_ID"):
        if name in frame.columns:
            facts[f"different_{name.lower()}s"] = frame[name].n_unique()
    if "TIMESTAMP" in frame.columns and len(frame):
        facts["first_s"], facts["last_s"] = frame["TIMESTAMP"].min(), frame["TIMESTAMP"].max()
        per_user = frame.group_by("USER_ID").len()["len"]
        facts["users_with_two_events"] = int((per_user >= 2).sum())
        facts["events_per_user_median"] = per_user.median()
    if "EVENT_TYPE" in frame.columns:
        counts = frame["EVENT_TYPE"].drop_nulls().value_counts(sort=True)
        facts["event_types"] = dict(counts.iter_rows())
    return Portrait(
        len(frame), {column.name: statistics(frame[column.name], column) for column in schema.columns}, facts
    )


def statistics(values: pl.Series, column: Column) -> dict[str, Any]:
    """Completeness of a column, and what its values are like."""
    given = values.drop_nulls()
    found: dict[str, Any] = {
        "type": column.kind,
        "complete": round(len(given) / len(values), 4) if len(values) else None,
        "different": given.n_unique(),
    }
    if column.is_numeric and len(given):
        low, middle, high = (float(given.quantile(share) or 0.0) for share in (0.25, 0.5, 0.75))
        reach = OUTLIER_SPREADS * (high - low)
        outliers = int(((given < low - reach) | (given > high + reach)).sum()) if high > low else 0
        found |= {"min": given.min(), "median": middle, "mean": given.mean(), "max": given.max(), "outliers": outliers}
    elif column.is_string and not column.textual:
        parts = given.str.split("|").explode().drop_nulls() if column.categorical else given
        found["most_frequent"] = dict(parts.value_counts(sort=True).head(TOP).iter_rows())
        if column.categorical:
            found["categories"] = parts.n_unique()
    elif column.textual and len(given):
        found["characters_median"] = given.str.len_chars().median()
    return found


def findings(dataset: str, schema: Schema, found: Portrait) -> Iterable[Insight]:
    """What is the matter with one dataset."""
    if not found.rows:
        yield Insight(dataset, None, "it is empty", "Import data, or put records one by one.")
        return
    for column in schema.columns:
        yield from _of_column(dataset, column, found.columns[column.name])
    if dataset != "INTERACTIONS":
        return
    if found.rows < INTERACTIONS_MIN:
        yield Insight(
            dataset,
            None,
            f"{found.rows} interactions; the original service asks for {INTERACTIONS_MIN}",
            "Training works all the same, and gets better with more events.",
        )
    if found.facts["users_with_two_events"] < USERS_MIN:
        yield Insight(
            dataset,
            None,
            f"{found.facts['users_with_two_events']} users have two events or more; the service asks for {USERS_MIN}",
            "Models learn from what a user did next: record more events of each user.",
        )
    if len(found.facts.get("event_types", {})) > EVENT_TYPES_MAX:
        yield Insight(
            dataset,
            "EVENT_TYPE",
            f"{len(found.facts['event_types'])} event types; the original service fails beyond {EVENT_TYPES_MAX}",
            "Join types that mean the same.",
        )
    if found.rows > 1 and found.facts["first_s"] == found.facts["last_s"]:
        yield Insight(
            dataset, "TIMESTAMP", "all timestamps are equal", "Models that learn from order need the real times."
        )


def _of_column(dataset: str, column: Column, found: dict[str, Any]) -> Iterable[Insight]:
    least = TEXTUAL_COMPLETE_MIN if column.textual else COMPLETE_MIN
    if found["complete"] is not None and found["complete"] < least:
        yield Insight(
            dataset,
            column.name,
            f"{found['complete']:.0%} of the rows have a value; {least:.0%} are recommended",
            "Fill it, or leave the column out of training.",
        )
    if found.get("categories", 0) > CATEGORIES_MAX:
        yield Insight(
            dataset, column.name, f"{found['categories']} categories", "Join rare ones: few items teach little each."
        )
    if found.get("outliers"):
        yield Insight(
            dataset,
            column.name,
            f"{found['outliers']} values lie far from all others",
            "See whether they are mistakes.",
        )


def unused(dataset: str, id_column: str, records: pl.DataFrame, events: pl.DataFrame) -> Iterable[Insight]:
    """Items or users that no interaction is about."""
    if not len(records):
        return
    without = int((~records[id_column].is_in(events[id_column].unique().to_list())).sum())
    if without:
        yield Insight(
            dataset,
            id_column,
            f"{without} of {len(records)} have no interaction",
            "They can be recommended by exploration or metadata alone." if id_column == "ITEM_ID" else "No harm.",
        )
