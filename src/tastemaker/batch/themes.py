"""What a list of items has in common, in a few words: what is frequent in the list and rare in the catalogue.

Each item is a vector of its words and categories, weighted by tf-idf (Spärck Jones, Journal of Documentation 1972;
Salton and Buckley, IPM 1988). The theme is the mean of the list's vectors, its title the terms that weigh most; what an
item has to do with it is the cosine of both.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from tastemaker.data.interactions import Floats
from tastemaker.data.schemas import Column, Schema

WORD = r"\p{L}[\p{L}\p{M}'’-]{2,}"  # three letters or more
SLICE_ROWS = 20_000  # of the catalogue, whose words are in memory at a time
COMMON_SHARE = 0.5  # what more of all items have says nothing of a list
TITLE_WORDS, TITLE_CATEGORIES = 3, 2
HELD_BY = 2  # items of the list that must have a term of the title
UNTITLED = "Related items"

WORDS = ""  # the column of what is a word, and not a category


@dataclass(frozen=True)
class Theme:
    """A title, and how much each item of the list has to do with it: 0 to 1."""

    title: str
    relevance_K: Floats


def themes(frame: pl.DataFrame, schema: Schema, name: str, lists: Sequence[Sequence[str]]) -> list[Theme]:
    """A theme for each list of ids, against a catalogue with one row for each item. name: the column of item names.

    Time and memory: the words of the catalogue in slices, then only those of the lists.
    """
    wanted = pl.DataFrame({"item": pl.Series([*dict.fromkeys(each for ids in lists for each in ids)], dtype=pl.String)})
    columns = _columns(schema, name)
    listed = _terms(frame.join(wanted, left_on="ITEM_ID", right_on="item", how="semi"), columns)
    weighted = _weighted(listed, _held_by(frame, columns, listed), len(frame))
    return [_theme(ids, weighted) for ids in lists]


def _columns(schema: Schema, name: str) -> list[Column]:
    """Those that say something of an item: its name, its text, its categories."""
    named = schema.column(name)
    return [each for each in schema.columns if each.textual or each.categorical or each is named]


def _terms(rows: pl.DataFrame, columns: Sequence[Column]) -> pl.DataFrame:
    """Each term of each item with its count: item, column (WORDS for words), term, count."""
    frames = []
    for column in columns:
        values = rows.select(pl.col("ITEM_ID").alias("item"), pl.col(column.name).alias("term")).drop_nulls()
        if column.categorical:
            terms = values.with_columns(pl.col("term").str.split("|"), pl.lit(column.name).alias("column"))
        else:
            terms = values.with_columns(
                pl.col("term").str.to_lowercase().str.extract_all(WORD), pl.lit(WORDS).alias("column")
            )
        frames.append(terms.explode("term").filter(pl.col("term") != ""))
    none = pl.DataFrame(schema={"item": pl.String, "term": pl.String, "column": pl.String})
    found = pl.concat([none, *(frame.select("item", "term", "column") for frame in frames)])
    return found.group_by("item", "column", "term", maintain_order=True).len("count")


def _held_by(frame: pl.DataFrame, columns: Sequence[Column], listed: pl.DataFrame) -> pl.DataFrame:
    """How many items of the whole catalogue have each of the listed terms: column, term, items."""
    terms = listed.select("column", "term").unique(maintain_order=True)
    counted = terms.with_columns(pl.lit(0, pl.UInt32).alias("items"))
    for rows in frame.iter_slices(SLICE_ROWS):
        here = _terms(rows, columns).join(terms, on=["column", "term"], how="semi").group_by("column", "term").len("n")
        counted = counted.join(here, on=["column", "term"], how="left", maintain_order="left").select(
            "column", "term", pl.col("items") + pl.col("n").fill_null(0)
        )
    return counted


def _weighted(listed: pl.DataFrame, held_by: pl.DataFrame, n_items: int) -> pl.DataFrame:
    """item, column, term, weight: the vector of each item, without what most items have; its length is 1."""
    found = listed.join(held_by, on=["column", "term"], maintain_order="left")
    found = found.filter(pl.col("items") <= COMMON_SHARE * n_items)
    rarity = ((1 + n_items) / pl.col("items")).log()
    found = found.with_columns(((1 + pl.col("count").log()) * rarity).alias("weight"))
    return found.with_columns(pl.col("weight") / (pl.col("weight") ** 2).sum().sqrt().over("item"))


def _theme(ids: Sequence[str], weighted: pl.DataFrame) -> Theme:
    items = pl.DataFrame({"item": pl.Series(ids, dtype=pl.String)}).with_row_index("place")
    own = weighted.join(items, on="item")
    theme = own.group_by("column", "term").agg(pl.col("weight").sum().alias("of_theme"), pl.len().alias("held_by"))
    length = float(np.linalg.norm(theme["of_theme"].to_numpy()))
    shares = own.join(theme, on=["column", "term"]).group_by("place").agg((pl.col("weight") * pl.col("of_theme")).sum())
    relevance_K = np.zeros(len(ids), np.float32)
    relevance_K[shares["place"].to_numpy()] = shares["weight"].to_numpy() / (length or 1.0)
    return Theme(_title(theme), relevance_K)


def _title(theme: pl.DataFrame) -> str:
    """Categories and words that weigh most, of those that several items have: "Crime, Drama: murder and detective"."""
    best = theme.filter(pl.col("held_by") >= HELD_BY).sort("of_theme", "term", descending=[True, False])
    categories = best.filter(pl.col("column") != WORDS)["term"].head(TITLE_CATEGORIES).to_list()
    told = {word for category in categories for word in category.lower().split()}
    words = [word for word in best.filter(pl.col("column") == WORDS)["term"] if word not in told][:TITLE_WORDS]
    listed = f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)
    title = ": ".join(part for part in (", ".join(categories), listed) if part)
    return title[:1].upper() + title[1:] or UNTITLED
