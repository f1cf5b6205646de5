"""What recommendations led to: events counted, or a column of theirs summed, by who recommended and by quarter hour.

Source: guide, "Measuring the impact of recommendations".
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

WINDOW_S = 900
UNKNOWN_SOURCE = "SOURCE_NAME_UNDEFINED"
EXPRESSION = re.compile(r"\s*(?:(SAMPLECOUNT)\s*\(\s*\)|SUM\s*\(\s*(ITEMS|INTERACTIONS)\s*\.\s*(\w+)\s*\))\s*", re.I)
COLUMNS = ("METRIC_NAME", "EVENT_TYPE", "VALUE", "MATH_FUNCTION", "EVENT_ATTRIBUTION_SOURCE", "TIMESTAMP")


@dataclass(frozen=True)
class Measure:
    """One metric. dataset and column: what is summed, None for a count."""

    name: str
    event_type: str
    dataset: str | None = None
    column: str | None = None

    @property
    def function(self) -> str:
        """As reports write it."""
        return "samplecount" if self.column is None else "sum"


def measure(name: str, event_type: str, expression: str) -> Measure:
    """A metric from its expression: SAMPLECOUNT(), SUM(Items.COLUMN) or SUM(Interactions.COLUMN). Raises ValueError."""
    found = EXPRESSION.fullmatch(expression)
    if found is None:
        raise ValueError(
            f"The expression of {name} is {expression!r}: write SAMPLECOUNT(), SUM(Items.COLUMN) or "
            "SUM(Interactions.COLUMN)."
        )
    if found[1]:
        return Measure(name, event_type)
    return Measure(name, event_type, found[2].capitalize(), found[3])


def attributed(
    events: pl.DataFrame, items: pl.DataFrame | None, measures: Sequence[Measure], sources: Mapping[str, str]
) -> pl.DataFrame:
    """The values of all metrics, newest window first; columns as in a report.

    events: EVENT_TYPE, TIMESTAMP and ITEM_ID, the columns that are summed, and, if there are such,
    EVENT_ATTRIBUTION_SOURCE and RECOMMENDATION_ID. items: the newest record of each, by ITEM_ID. sources:
    recommendation id -> who recommended. An event counts as often as it is there; an item without a value adds nothing.
    """
    found = [_values(events, items, each, sources) for each in measures]
    types = dict.fromkeys(COLUMNS, pl.String) | {"VALUE": pl.Float64, "TIMESTAMP": pl.Int64}
    return pl.concat([pl.DataFrame(schema=types), *found]).sort(
        ["TIMESTAMP", "METRIC_NAME", "EVENT_ATTRIBUTION_SOURCE"], descending=[True, False, False]
    )


def _values(
    events: pl.DataFrame, items: pl.DataFrame | None, wanted: Measure, sources: Mapping[str, str]
) -> pl.DataFrame:
    mine = events.filter(pl.col("EVENT_TYPE").str.to_lowercase() == wanted.event_type.lower())
    value: pl.Expr = pl.len().cast(pl.Float64)
    if wanted.column is not None:
        if wanted.dataset == "Items":
            records = pl.DataFrame(schema={"ITEM_ID": pl.String, wanted.column: pl.Float64})
            if items is not None and wanted.column in items.columns:
                records = items.select("ITEM_ID", pl.col(wanted.column).cast(pl.Float64))
            mine = mine.drop(wanted.column, strict=False).join(records, on="ITEM_ID", how="left")
        value = pl.col(wanted.column).cast(pl.Float64).sum()
    return (
        mine.with_columns(
            _source(mine, sources).alias("EVENT_ATTRIBUTION_SOURCE"),
            (pl.col("TIMESTAMP") // WINDOW_S * WINDOW_S).alias("TIMESTAMP"),
        )
        .group_by("EVENT_ATTRIBUTION_SOURCE", "TIMESTAMP")
        .agg(value.alias("VALUE"))
        .select(
            pl.lit(wanted.name.upper()).alias("METRIC_NAME"),
            pl.lit(wanted.event_type.upper()).alias("EVENT_TYPE"),
            "VALUE",
            pl.lit(wanted.function).alias("MATH_FUNCTION"),
            "EVENT_ATTRIBUTION_SOURCE",
            pl.col("TIMESTAMP").cast(pl.Int64),
        )
    )


def _source(events: pl.DataFrame, sources: Mapping[str, str]) -> pl.Expr:
    """What the event says itself, else who made the list that it names."""
    known = [pl.lit(None, pl.String)]
    if "EVENT_ATTRIBUTION_SOURCE" in events.columns:
        known.append(pl.col("EVENT_ATTRIBUTION_SOURCE"))
    if "RECOMMENDATION_ID" in events.columns:
        known.append(pl.col("RECOMMENDATION_ID").replace_strict(dict(sources), default=None, return_dtype=pl.String))
    return pl.coalesce([*known, pl.lit(UNKNOWN_SOURCE)])
