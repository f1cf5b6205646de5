"""How often items were shown and chosen until a training: impressions of bulk data, and of what was streamed."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from tastemaker.data.exposure import Exposure
from tastemaker.data.schemas import Schema
from tastemaker.data.selection import Selection
from tastemaker.storage.events import Response

COLUMNS = {"item": pl.String(), "type": pl.String(), "value": pl.Float32(), "shown": pl.List(pl.String())}


def exposure_of(lists: pl.DataFrame, chosen: Selection, item_ids: Sequence[str]) -> Exposure:
    """What these lists say of the catalogue. lists: as `of_bulk` and `of_streamed` give them."""
    types = lists["type"].unique().sort()
    type_N = lists["type"].cast(pl.Enum(types)).to_physical().to_numpy()
    weight_N = chosen.weights(types.to_list(), type_N, lists["value"].fill_null(float("nan")).to_numpy())
    is_choice = (pl.col("item") == pl.col("shown")) & pl.col("counts")
    counted = (
        lists.with_columns(pl.Series("counts", weight_N > 0))
        .explode("shown")
        .group_by("shown")
        .agg(pl.len().alias("n"), is_choice.sum().alias("n_chosen"))
    )
    found = pl.DataFrame({"shown": item_ids}, schema={"shown": pl.String()})
    found = found.join(counted, on="shown", how="left", maintain_order="left").fill_null(0)
    return Exposure(found["n"].to_numpy().astype(np.int32), found["n_chosen"].to_numpy().astype(np.int32))


def of_bulk(frame: pl.DataFrame, schema: Schema) -> pl.DataFrame:
    """The lists in the column IMPRESSION: ids that are separated by `|`."""
    absent = {"EVENT_TYPE": pl.lit(""), "EVENT_VALUE": pl.lit(None)}
    told = {name: pl.col(name) if schema.column(name) else value for name, value in absent.items()}
    return frame.filter(pl.col("IMPRESSION").fill_null("") != "").select(
        pl.col("ITEM_ID").alias("item"),
        told["EVENT_TYPE"].fill_null("").cast(pl.String).alias("type"),
        told["EVENT_VALUE"].cast(pl.Float32).alias("value"),
        pl.col("IMPRESSION").str.split("|").alias("shown"),
    )


def of_streamed(responses: Sequence[Response]) -> pl.DataFrame:
    """The lists that streamed events tell of."""
    rows = [(each.item_id, each.event_type, each.event_value, each.shown) for each in responses]
    return pl.DataFrame(rows, schema=COLUMNS, orient="row")
