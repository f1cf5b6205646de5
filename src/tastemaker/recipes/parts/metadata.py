"""What items are, as vectors: their categorical values, and the words of their texts, rare ones weighing more.

A value weighs its inverse document frequency (Spärck Jones, Journal of Documentation 1972); the vector of an item has
length 1, so that the product of two is their cosine.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tastemaker.data.interactions import Categories, Floats, Ints, Longs

WORD = re.compile(r"\w{3,}")
WORDS_MAX = 200  # of one text


@dataclass(frozen=True)
class Vectors:
    """Item i has the values value_W[start_I[i]:start_I[i + 1]] with these weights; an item without any is at zero.

    names: "GENRES: Drama" for each value, or "TITLE: harbour" for a word.
    """

    start_I: Longs
    value_W: Ints
    weight_W: Floats
    n_values: int
    names: Sequence[str] = ()


def vectors(columns: Mapping[str, Categories], texts: Mapping[str, Sequence[str]], n_items: int) -> Vectors:
    """The vectors of all items, the values of all columns and words numbered through."""
    named = [*columns.items(), *((column, _words(written)) for column, written in texts.items())]
    parts = [part for _, part in named]
    item_W = np.concatenate(
        [np.zeros(0, np.int64), *(np.repeat(np.arange(n_items), np.diff(part.start_I)) for part in parts)]
    )
    first = np.cumsum([0, *(len(part.names) for part in parts)])
    value_W = np.concatenate(
        [np.zeros(0, np.int64), *(part.value_V + start for part, start in zip(parts, first, strict=False))]
    )
    n_values = max(1, int(first[-1]))
    pair_W = np.unique(item_W * n_values + value_W)
    item_W, value_W = pair_W // n_values, pair_W % n_values
    rarity_W = np.log1p(n_items / np.bincount(value_W, minlength=n_values)[value_W])
    length_I = np.sqrt(np.bincount(item_W, rarity_W**2, minlength=n_items))
    start_I = np.searchsorted(item_W, np.arange(n_items + 1)).astype(np.int64)
    weight_W = (rarity_W / length_I[item_W]).astype(np.float32)
    names = [f"{column}: {name}" for column, part in named for name in part.names]
    return Vectors(start_I, value_W.astype(np.int32), weight_W, n_values, names)


def _words(texts: Sequence[str]) -> Categories:
    """The words of each text as the values of a column; words of a single item are left out: they join nothing."""
    found = [sorted(set(_listed(text))) for text in texts]
    count: dict[str, int] = {}
    for words in found:
        for word in words:
            count[word] = count.get(word, 0) + 1
    names = sorted(word for word, n in count.items() if n > 1)
    number = {word: place for place, word in enumerate(names)}
    kept = [[number[word] for word in words if word in number] for words in found]
    start_I = np.cumsum([0, *map(len, kept)]).astype(np.int64)
    return Categories(names, start_I, np.array([word for words in kept for word in words], np.int32))


def _listed(text: str) -> Iterator[str]:
    for place, match in enumerate(WORD.finditer(text.lower())):
        if place == WORDS_MAX:
            return
        yield match.group()
