"""What texts mean, as vectors: words that stand in the same texts, or in texts of the same words, point the same way.

Latent semantic analysis (Deerwester et al., Journal of the American Society for Information Science 1990): each item is
the words of its texts, weighing (1 + ln times) * ln((1 + items) / items with the word), cut to the directions in which
items differ most. These are found by a randomised decomposition (Halko, Martinsson and Tropp, SIAM Review 2011) of a
sample of the items, so that neither time nor memory of learning grows beyond it; every item is then a product away, new
ones too, which is why the directions are kept. Rare words have no direction of their own, so the words themselves are
kept beside it: a name in two texts says more than their subject. Dimensions: T terms, D directions, W terms of all
items, one after the other, P the same sorted by term, R directions tried.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tastemaker.data.interactions import Categories, Floats, Ints, Longs
from tastemaker.recipes.contract import Progress

if TYPE_CHECKING:
    from scipy import sparse

Doubles = NDArray[np.float64]

# Letters alone: years and sizes join what has nothing else in common.
WORD = re.compile(r"[^\W\d_]{2,}")
# In a small catalogue "their" is as rare as a word that means something; in a large one its weight is small anyway.
EMPTY = """
about after again against all an and any are as at be because been before being between but by can could did do
does each for from had has have he her here hers him his how if in into is it its just me more most must my no
not of off on one only or other our out over own same she should so some such than that the their them then
there these they this those through to too under until up us very was we were what when where which while who
whom whose why will with would you your
"""
EMPTY_WORDS = frozenset(EMPTY.split())
WORDS_MAX = 500  # of one item: what it is about is said by then, and its cost is bounded
STEM = 5  # letters by which longer words are also known, so that sail, sailor and sailing are not strangers
STEM_MARK = "..."
STEM_WEIGHT = CATEGORY_WEIGHT = 0.5  # of a stem, and of a categorical value, beside a word
SAMPLE_MAX = 100_000  # items that the directions are learned from
TERMS_MAX = 50_000  # the most frequent ones; with 128 directions 25 MB
KEPT_MAX = 32  # strongest terms of an item, in both orders: 512 bytes, as many as its vector has
BLOCK = 4096  # items at a time
SPARE, ROUNDS = 16, 3  # more directions are tried than kept, and refined so often: Halko et al., section 4
NOISE = 1e-9  # of the largest squared singular value: directions below it are rounding


@dataclass(frozen=True)
class TextEncoder:
    """terms: "harbour", "harbo..." for a stem, "GENRES: Drama". weight_T: how much a term says. axis_TD: its place."""

    terms: Sequence[str] = ()
    weight_T: Floats = field(default_factory=lambda: np.zeros(0, np.float32))
    axis_TD: Floats = field(default_factory=lambda: np.zeros((0, 0), np.float32))

    @cached_property
    def number(self) -> Mapping[str, int]:
        """The place of each term."""
        return {term: place for place, term in enumerate(self.terms)}


@dataclass(frozen=True)
class TextVectors:
    """vector_ID: of length 1, or zero for an item of which nothing is known.

    Item i has the terms term_W[start_I[i]:start_I[i + 1]], strongest first, KEPT_MAX at most; all its weights together
    have length 1. The sum of weight_W / length_I times the axes of an item's terms is its vector, but for terms beyond
    these. Term t is in the items item_P[start_T[t]:start_T[t + 1]], increasing.
    """

    vector_ID: Floats
    length_I: Floats
    start_I: Longs
    term_W: Ints
    weight_W: Floats
    start_T: Longs
    item_P: Ints
    weight_P: Floats

    def by_meaning(self, item: int) -> Floats:
        """The cosine of every item's direction with this one's, -1 to 1, shape (I,)."""
        return np.asarray(self.vector_ID @ self.vector_ID[item], np.float32)

    def by_words(self, item: int) -> Floats:
        """The cosine of the words themselves, 0 to 1, shape (I,). O(items that have one of the item's words)."""
        cosine_I = np.zeros(len(self.vector_ID), np.float32)
        for term, weight in self.terms(item).items():
            span = slice(self.start_T[term], self.start_T[term + 1])
            cosine_I[self.item_P[span]] += weight * self.weight_P[span]
        return cosine_I

    def terms(self, item: int) -> dict[int, float]:
        """The terms of an item and their weights, strongest first."""
        span = slice(self.start_I[item], self.start_I[item + 1])
        return dict(zip(self.term_W[span].tolist(), self.weight_W[span].tolist(), strict=True))


@dataclass(frozen=True)
class Catalogue:
    """The words of items, made when they are looked at: all at once would be many times the texts."""

    texts: Mapping[str, Sequence[str]]
    columns: Mapping[str, Categories]
    n_items: int

    def terms(self, item: int) -> Mapping[str, int]:
        """How often each term occurs in the item; a categorical value and a stem are terms of their own."""
        words = [word for text in self.texts.values() for word in WORD.findall(text[item].lower())]
        found = Counter(word for word in words[:WORDS_MAX] if word not in EMPTY_WORDS)
        for word, times in list(found.items()):
            if len(word) > STEM:
                found[word[:STEM] + STEM_MARK] += times
        for column, values in self.columns.items():
            found.update(f"{column}: {value}" for value in values.of(item))
        return found


def learned(catalogue: Catalogue, width: int, seed: int, progress: Progress) -> TextEncoder:
    """An encoder for texts like these, with `width` directions at most; fewer where the items have no more."""
    rng = np.random.default_rng(seed)
    sample = np.sort(rng.permutation(catalogue.n_items)[:SAMPLE_MAX])
    count: Counter[str] = Counter()
    for done, item in enumerate(sample.tolist()):
        count.update(catalogue.terms(item).keys())
        if done % BLOCK == 0:
            progress(done, 2 * len(sample))
    terms = sorted(count, key=lambda term: (-count[term], term))[:TERMS_MAX]
    if not terms:
        return TextEncoder()
    rarity_T = np.log((1 + len(sample)) / np.array([count[term] for term in terms]))
    weight_T = (rarity_T * np.array([_weight_of(term) for term in terms])).astype(np.float32)
    plain = TextEncoder(terms, weight_T)
    blocks = [_weights(plain, catalogue, sample[rows]) for rows in _blocks(len(sample))]
    from scipy import sparse  # heavy: servers answer without SciPy, only training needs it

    axis_TD = _axes(sparse.csr_array(sparse.vstack(blocks)), width, rng)
    progress(1, 1)
    return TextEncoder(terms, weight_T, axis_TD.astype(np.float32))


def encoded(encoder: TextEncoder, catalogue: Catalogue, progress: Progress) -> TextVectors:
    """The vectors of all items. O(words), and the memory of the result."""
    vector_ID = np.zeros((catalogue.n_items, encoder.axis_TD.shape[1]), np.float32)
    length_I = np.ones(catalogue.n_items, np.float32)
    kept: list[tuple[Longs, Ints, Floats]] = []
    for rows in _blocks(catalogue.n_items):
        items = np.arange(catalogue.n_items)[rows]
        weight_BT = _weights(encoder, catalogue, items)
        vector_BD = np.asarray(weight_BT @ np.asarray(encoder.axis_TD))
        length_B = np.linalg.norm(vector_BD, axis=1)
        length_B[length_B < np.sqrt(NOISE)] = np.inf  # of what lies across all directions only rounding is left
        vector_ID[rows], length_I[rows] = vector_BD / length_B[:, None], length_B
        kept.append(_strongest(weight_BT))
        progress(rows.stop, catalogue.n_items)
    count_I, term_W, weight_W = (np.concatenate(parts) for parts in zip(*kept, strict=True))
    start_I = np.concatenate([[0], np.cumsum(count_I)]).astype(np.int64)
    item_W = np.repeat(np.arange(catalogue.n_items, dtype=np.int32), count_I)
    order_P = np.argsort(term_W, kind="stable")  # items stay increasing
    start_T = np.searchsorted(term_W[order_P], np.arange(len(encoder.terms) + 1)).astype(np.int64)
    return TextVectors(vector_ID, length_I, start_I, term_W, weight_W, start_T, item_W[order_P], weight_W[order_P])


def _weight_of(term: str) -> float:
    if term.endswith(STEM_MARK):
        return STEM_WEIGHT
    return CATEGORY_WEIGHT if ": " in term else 1.0


def _blocks(n_items: int) -> Iterator[slice]:
    for first in range(0, max(1, n_items), BLOCK):
        yield slice(first, min(first + BLOCK, n_items))


def _weights(encoder: TextEncoder, catalogue: Catalogue, items: Longs) -> "sparse.csr_array[Any]":
    """What the terms of each item weigh, rows of length 1 or 0, shape (B, T)."""
    from scipy import sparse  # heavy: servers answer without SciPy, only training needs it

    number = encoder.number
    place_P: list[int] = []
    times_P: list[int] = []
    end_B = [0]
    for item in items.tolist():
        for term, times in catalogue.terms(item).items():
            if term in number:
                place_P.append(number[term])
                times_P.append(times)
        end_B.append(len(place_P))
    weight_P = (1 + np.log(np.array(times_P))) * encoder.weight_T[np.array(place_P, np.int64)]
    row_P = np.repeat(np.arange(len(items)), np.diff(end_B))
    length_B = np.sqrt(np.bincount(row_P, weight_P**2, minlength=len(items)))
    shape = (len(items), len(encoder.terms))
    return sparse.csr_array(((weight_P / length_B[row_P]).astype(np.float32), place_P, end_B), shape=shape)


def _axes(weight_NT: "sparse.csr_array[Any]", width: int, rng: np.random.Generator) -> Doubles:
    """The right singular vectors of the largest singular values, shape (T, D)."""
    tried = min(width + SPARE, *weight_NT.shape)
    basis_TR = weight_NT.T @ rng.standard_normal((weight_NT.shape[0], tried))
    for _ in range(ROUNDS):
        basis_TR = weight_NT.T @ (weight_NT @ np.linalg.qr(basis_TR)[0])
    basis_TR = np.linalg.qr(basis_TR)[0]
    small_NR = weight_NT @ basis_TR
    square_R, turn_RR = np.linalg.eigh(small_NR.T @ small_NR)  # increasing
    best = np.argsort(-square_R, kind="stable")[:width]
    best = best[square_R[best] > NOISE * square_R.max()]
    return np.asarray(basis_TR @ turn_RR[:, best], np.float64)


def _strongest(weight_BT: "sparse.csr_array[Any]") -> tuple[Longs, Ints, Floats]:
    """Of each item how many terms are kept, which, and their weights."""
    row_P = np.repeat(np.arange(weight_BT.shape[0]), np.diff(weight_BT.indptr))
    order_P = np.lexsort((weight_BT.indices, -weight_BT.data, row_P))
    place_P = np.arange(len(row_P)) - weight_BT.indptr[row_P]
    order_P = order_P[place_P < KEPT_MAX]
    count_B = np.bincount(row_P[order_P], minlength=weight_BT.shape[0])
    return count_B.astype(np.int64), weight_BT.indices[order_P].astype(np.int32), weight_BT.data[order_P]
