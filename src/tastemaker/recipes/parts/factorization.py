"""Learning a factorization machine whose features are those of an item and of a user's history; see the recipe.

The rating that a row is about is taken out of the row's history, else the machine would learn to look it up. A batch is
all rows of some users, so that a history is added up once for all of them.
Source of the steps: Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015.
Dimensions: N events of histories, R rows, U users of a batch, I items, C categories, D factors, E = D + 1 with the
weight last; a 1 at the end is a column.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from tastemaker.data.interactions import Categories, Interactions, Ints
from tastemaker.data.ratings import Biases, biases, rated
from tastemaker.recipes.parts.popularity import first_choices
from tastemaker.recipes.parts.tastes import Doubles

if TYPE_CHECKING:
    from scipy import sparse

ROWS_AT_ONCE = 50_000  # of a batch: about 50 MB with 16 factors
BATCHES = 20  # at least, where there are so many users: fewer steps would not get there in `epochs`
NEGATIVES = 4  # rows of target 0 for each choice, where nothing is rated
START = 0.05  # spread of the factors at the beginning
FIRST_MOMENT, SECOND_MOMENT, DUST = 0.9, 0.99, 1e-8  # of Adam; the second shorter than usual, for few hundred steps


@dataclass(frozen=True)
class Table:
    """history: one event of each user and item. left_N: what mean and item leave of its rating, 0 if nothing is rated.

    user_R, item_R: of the rows to learn from, sorted by user. target_R: what the bias model leaves of each rating, or
    of 1 and 0. event_R: the event that a row is about, -1 for none. level_R: how the user rates, without that event.
    """

    history: Interactions
    left_N: Doubles
    biases: Biases
    is_rated: bool
    user_R: Ints
    item_R: Ints
    target_R: Doubles
    event_R: Ints
    level_R: Doubles


def table_of(events: Interactions, seed: int) -> Table:
    """The rows that events teach: one for each rating, or, without any, of choices and of items not chosen."""
    ratings = rated(events)
    if not len(ratings):
        return _of_choices(first_choices(events), seed)
    assert ratings.value_N is not None, "ratings have values"
    known = biases(ratings)
    left_N = known.left(ratings.item_N, ratings.value_N).astype(np.float64)
    user_N = ratings.user_N
    sum_U = np.bincount(user_N, left_N, ratings.n_users)
    others_U = np.bincount(user_N, minlength=ratings.n_users) - 1
    level_N = (sum_U[user_N] - left_N) / (known.l2 + others_U[user_N])
    event_N = np.arange(len(ratings), dtype=np.int32)
    return Table(ratings, left_N, known, True, user_N, ratings.item_N, left_N - level_N, event_N, level_N)


def _of_choices(chosen: Interactions, seed: int) -> Table:
    """Rows of 1 for what was chosen, and of 0 for items drawn at random that the user did not choose."""
    n = len(chosen)
    drawn_R = np.random.default_rng(seed).integers(0, max(1, chosen.n_items), n * NEGATIVES)
    user_R = np.concatenate([chosen.user_N, np.repeat(chosen.user_N, NEGATIVES)])
    item_R = np.concatenate([chosen.item_N, drawn_R]).astype(np.int32)
    pair_R = user_R.astype(np.int64) * chosen.n_items + item_R
    keep_R = np.concatenate([np.ones(n, np.bool_), ~np.isin(pair_R[n:], pair_R[:n])])
    event_R = np.where(np.arange(len(user_R)) < n, np.arange(len(user_R)), -1).astype(np.int32)
    order_R = np.flatnonzero(keep_R)[np.argsort(user_R[keep_R], kind="stable")]
    event_R = event_R[order_R]
    target_R = (event_R >= 0).astype(np.float64)
    mean = float(target_R.mean()) if n else 0.0
    known = Biases(mean, np.zeros(chosen.n_items, np.float32), 1.0)
    level_R = np.zeros(len(order_R))
    return Table(chosen, np.zeros(n), known, False, user_R[order_R], item_R[order_R], target_R - mean, event_R, level_R)


def category_matrix(columns: Mapping[str, Categories], n_items: int) -> "sparse.csr_matrix":
    """Which categories each item has, of length 1 for each column, shape (I, C)."""
    from scipy import sparse  # heavy: servers answer without SciPy, only training needs it

    blocks = [sparse.csr_matrix((n_items, 0))]
    for column in columns.values():
        weight_V = np.repeat(np.maximum(1, np.diff(column.start_I)) ** -0.5, np.diff(column.start_I))
        blocks.append(sparse.csr_matrix((weight_V, column.value_V, column.start_I), (n_items, len(column.names))))
    found: sparse.csr_matrix = sparse.hstack(blocks, "csr")
    return found


def users_of_batches(table: Table, seed: int) -> list[Ints]:
    """Users in random batches of about as many rows."""
    users, rows_U = np.unique(table.user_R, return_counts=True)
    order_U = np.random.default_rng(seed).permutation(len(users))
    n_batches = min(len(users), max(BATCHES, -(-len(table.user_R) // ROWS_AT_ONCE)))
    share_U = np.cumsum(rows_U[order_U]) / max(1, len(table.user_R)) * n_batches
    edges = np.searchsorted(share_U, np.arange(n_batches + 1) + 1e-9)
    edges[-1:] = len(users)
    return [np.sort(users[order_U[low:high]]) for low, high in pairwise(edges) if high > low]


class Batch:
    """The rows of some users, and sparse matrices that add up over them: made once, used in every epoch."""

    def __init__(self, table: Table, users: Ints) -> None:
        from scipy import sparse  # heavy: servers answer without SciPy, only training needs it

        at_R = np.flatnonzero(np.isin(table.user_R, users))
        at_N = np.flatnonzero(np.isin(table.history.user_N, users))
        n_items = table.history.n_items
        self.share = len(at_R) / len(table.user_R)
        self.item_R, self.target_R = table.item_R[at_R], table.target_R[at_R]
        self.user_R = np.searchsorted(users, table.user_R[at_R])
        user_N = np.searchsorted(users, table.history.user_N[at_N])
        # A row of the history itself is about one event less.
        length_U = np.maximum(1, np.bincount(user_N, minlength=len(users)) - 1.0)
        weight_N = length_U[user_N] ** -0.5
        where = (user_N, table.history.item_N[at_N])
        self.chosen_UI = sparse.csr_matrix((weight_N, where), (len(users), n_items))
        self.rated_UI = sparse.csr_matrix((weight_N * table.left_N[at_N], where), (len(users), n_items))
        is_own_R = table.event_R[at_R] >= 0
        own_R = np.where(is_own_R, length_U[self.user_R] ** -0.5, 0.0)
        self.own_chosen_R1 = own_R[:, None]
        self.own_rated_R1 = (own_R * table.left_N[table.event_R[at_R]])[:, None]
        self.level_R1 = table.level_R[at_R][:, None]
        ones_R, rows_R = np.ones(len(at_R)), np.arange(len(at_R))
        self.to_item_IR = sparse.csr_matrix((ones_R, (self.item_R, rows_R)), (n_items, len(at_R)))
        self.to_user_UR = sparse.csr_matrix((ones_R, (self.user_R, rows_R)), (len(users), len(at_R)))


class Machine:
    """The weights and factors while they are learned, with the moments of their gradients."""

    def __init__(self, table: Table, category_IC: "sparse.csr_matrix", n_factors: int, l2: float, seed: int) -> None:
        rng = np.random.default_rng(seed)
        n_items, n_categories = category_IC.shape
        is_known_I1 = (np.bincount(table.item_R, minlength=n_items) > 0)[:, None]

        def factors(n: int) -> Doubles:
            start_XE = rng.normal(0, START, (n, n_factors + 1))
            start_XE[:, -1] = 0
            return start_XE

        self.table, self.category_IC, self.l2 = table, category_IC, l2
        self.parts: dict[str, Doubles] = {
            # What no row is about stays at zero: nothing would ever move it from where it began.
            "item": factors(n_items) * is_known_I1,
            "category": factors(n_categories),
            "chosen": factors(n_items) * is_known_I1,
            "rated": factors(n_items) * (is_known_I1 if table.is_rated else 0.0),
            "level": np.zeros((1, n_factors + 1)),
        }
        self.moments = {name: (np.zeros_like(part), np.zeros_like(part)) for name, part in self.parts.items()}
        self.n_steps = 0

    def step(self, batch: Batch, rate: float) -> None:
        """One step of Adam along the gradient of the squared errors and of l2."""
        self.n_steps += 1
        for name, gradient_XE in self.gradients(batch).items():
            part_XE, (first_XE, second_XE) = self.parts[name], self.moments[name]
            gradient_XE += self.l2 * batch.share * part_XE
            first_XE += (1 - FIRST_MOMENT) * (gradient_XE - first_XE)
            second_XE += (1 - SECOND_MOMENT) * (gradient_XE**2 - second_XE)
            expected_XE = first_XE / (1 - FIRST_MOMENT**self.n_steps)
            spread_XE = np.sqrt(second_XE / (1 - SECOND_MOMENT**self.n_steps))
            part_XE -= rate * expected_XE / (spread_XE + DUST)

    def gradients(self, batch: Batch) -> dict[str, Doubles]:
        """Half the gradient of the squared errors, by part."""
        parts = self.parts
        item_RE = self.item_side()[batch.item_R]
        user_UE = batch.chosen_UI @ parts["chosen"] + batch.rated_UI @ parts["rated"]
        user_RE = user_UE[batch.user_R] + batch.level_R1 * parts["level"]
        user_RE -= batch.own_chosen_R1 * parts["chosen"][batch.item_R]
        user_RE -= batch.own_rated_R1 * parts["rated"][batch.item_R]
        pairs_R = np.einsum("rd,rd->r", item_RE[:, :-1], user_RE[:, :-1])
        error_R1 = (item_RE[:, -1] + user_RE[:, -1] + pairs_R - batch.target_R)[:, None]
        # The weight of one side meets the 1 of the other: from here on the last column stands for that.
        item_RE[:, -1], user_RE[:, -1] = 1, 1
        by_item_IE = batch.to_item_IR @ (error_R1 * user_RE)
        user_slope_RE = error_R1 * item_RE
        by_user_UE = batch.to_user_UR @ user_slope_RE
        return {
            "item": by_item_IE,
            "category": self.category_IC.T @ by_item_IE,
            "chosen": batch.chosen_UI.T @ by_user_UE - batch.to_item_IR @ (batch.own_chosen_R1 * user_slope_RE),
            "rated": batch.rated_UI.T @ by_user_UE - batch.to_item_IR @ (batch.own_rated_R1 * user_slope_RE),
            "level": (batch.level_R1 * user_slope_RE).sum(axis=0, keepdims=True),
        }

    def item_side(self) -> Doubles:
        """What each item brings to a product with a user's side: its own and its categories', shape (I, E)."""
        return np.asarray(self.parts["item"] + self.category_IC @ self.parts["category"])
