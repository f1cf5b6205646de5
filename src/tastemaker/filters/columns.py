"""The catalogue as filters see it: per column an array over items, so that a condition is a few array operations."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tastemaker.data.interactions import Bools, Categories, Ints, Longs
from tastemaker.data.schemas import Column, Schema
from tastemaker.data.vocabulary import Vocabulary

AT_ONCE = 65_536  # ids
MASKS_MAX = 8  # of a column that are remembered: most filters ask every time for the same values

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Numbers:
    """A numeric column: one number per item, NaN where there is none."""

    value_I: Doubles


@dataclass(frozen=True)
class Truths:
    """A boolean column: 1 for true, 0 for false, NaN where there is neither."""

    value_I: Doubles


@dataclass(frozen=True)
class Texts:
    """A string column: an item has any number of values; the parts of a categorical value are values of their own.

    names: the distinct values, C of them. item_V: the items of each, in order, one value after the other: those of
    names[code] are item_V[start_C[code]:start_C[code + 1]].
    """

    n_items: int
    names: Sequence[str]
    start_C: Longs
    item_V: Ints

    @cached_property
    def code(self) -> dict[str, int]:
        """value -> its code in the column."""
        return {name: code for code, name in enumerate(self.names)}

    @cached_property
    def categories(self) -> Categories:
        """The same by item; made when it is first asked for, as most filters only look for items by their values."""
        start_I = np.zeros(self.n_items + 1, np.int64)
        np.cumsum(np.bincount(self.item_V, minlength=self.n_items), out=start_I[1:])
        code_V = np.repeat(np.arange(len(self.names), dtype=np.int32), np.diff(self.start_C))
        by_item = pl.DataFrame({"item": self.item_V, "code": code_V}).sort("item", maintain_order=True)
        return Categories(self.names, start_I, by_item["code"].to_numpy())

    @cached_property
    def _masks(self) -> OrderedDict[tuple[str, ...], Bools]:
        return OrderedDict()

    def has_any(self, values: Sequence[str]) -> Bools:
        """True for the items that have one of the values; not to be changed.

        O(I) to clear the mask, then only the items found; nothing for values that were asked about of late.
        """
        known = self._masks.get(tuple(values))
        if known is not None:
            self._masks.move_to_end(tuple(values))
            return known
        has_I = np.zeros(self.n_items, np.bool_)
        for value in values:
            code = self.code.get(value)
            if code is not None:
                has_I[self.item_V[self.start_C[code] : self.start_C[code + 1]]] = True
        has_I.flags.writeable = False
        self._masks[tuple(values)] = has_I
        if len(self._masks) > MASKS_MAX:
            self._masks.popitem(last=False)
        return has_I

    def of(self, item: int) -> list[str]:
        """The values of one item."""
        return list(self.categories.of(item))


@dataclass(frozen=True)
class Ids:
    """The column that names the items: each has its id alone, found in the vocabulary, whose files processes share.

    more: ids of items that come after those of the vocabulary.
    """

    known: Vocabulary
    more: Sequence[str]

    def has_any(self, values: Sequence[str]) -> Bools:
        """True for the items that have one of the ids."""
        has_I = np.zeros(len(self.known) + len(self.more), np.bool_)
        has_I[self.known.positions(values)] = True
        has_I[len(self.known) :] = [name in values for name in self.more]
        return has_I

    def of(self, item: int) -> list[str]:
        """The id of one item."""
        return [self.known[item] if item < len(self.known) else self.more[item - len(self.known)]]


ItemColumn = Numbers | Truths | Texts | Ids


class Columns(Mapping[str, ItemColumn]):
    """Columns by their names in the schema, each made when it is first asked for.

    A filter looks at one or two, and of a large catalogue each takes memory.
    """

    def __init__(self, make: Callable[[Column], ItemColumn], columns: Iterable[Column]) -> None:
        """make: a column as filters see it."""
        self._make, self._columns = make, {column.name: column for column in columns}
        self._made: dict[str, ItemColumn] = {}

    def __getitem__(self, name: str) -> ItemColumn:
        column = self._columns[name]
        if name not in self._made:
            self._made[name] = self._make(column)
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)


def columns_of(
    frame: pl.DataFrame,
    schema: Schema,
    item_ids: Sequence[str],
    id_name: str = "ITEM_ID",
    more_ids: Sequence[str] = (),
) -> Mapping[str, ItemColumn]:
    """The filterable columns, by schema name, aligned with item_ids; items without a record have no values.

    frame: typed as the schema says, each id once. Textual columns cannot be filtered and are left out.
    id_name: the column that names a candidate, where these are users or actions. more_ids: what follows item_ids.
    """

    ids, rows = texts_of(item_ids).append(texts_of(more_ids)), frame.select(id_name).with_row_index("row")
    row_I = ids.alias(id_name).to_frame().join(rows, on=id_name, how="left", maintain_order="left")["row"]

    def make(column: Column) -> ItemColumn:
        if column.name == id_name:  # an item is known by its id even when it has no record
            return Ids(Vocabulary.of(item_ids), more_ids)
        return _column(frame[column.name].gather(row_I), column)

    return Columns(make, [column for column in schema.columns if not column.textual])


def texts_of(ids: Sequence[str]) -> pl.Series:
    """Ids as polars has them; some at a time, as a million Python strings would leave their memory taken."""
    parts = [pl.Series(ids[start : start + AT_ONCE], dtype=pl.String) for start in range(0, len(ids), AT_ONCE)]
    return pl.concat(parts) if parts else pl.Series(dtype=pl.String)


def _column(values: pl.Series, column: Column) -> ItemColumn:
    if not column.is_string:
        value_I = values.cast(pl.Float64).fill_null(float("nan")).to_numpy()
        return Numbers(value_I) if column.is_numeric else Truths(value_I)
    parts = pl.DataFrame({"value": values}).with_row_index("item").drop_nulls()
    if column.categorical:
        parts = parts.with_columns(pl.col("value").str.split("|")).explode("value")
        parts = parts.filter(pl.col("value") != "")
    # All in polars, which gives memory back at once: what NumPy had for a moment would stay with the process.
    found = parts.group_by("value", maintain_order=True).agg(pl.col("item").cast(pl.Int32))
    start_C = np.append(0, found["item"].list.len().cum_sum()).astype(np.int64)
    return Texts(len(values), found["value"].to_list(), start_C, found["item"].explode().to_numpy())
