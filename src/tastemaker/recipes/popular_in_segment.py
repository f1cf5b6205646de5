"""tastemaker-popular-in-segment: what is popular among the users who share an attribute, such as their zip code.

score = (users of the segment who chose the item + prior * share of all users who chose it) / (users of the segment +
prior): small segments answer nearly as everybody does, large ones for themselves (Dirichlet prior: Zhai and Lafferty,
TOIS 2004). A user whose attribute is unknown, or whose segment is, gets what is popular with everybody.
Dimensions: I items, G segments, V pairs of a segment and an item that somebody in it chose.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tastemaker.data.interactions import Categories, Floats, Interactions, Ints, Longs, Query, TrainingData
from tastemaker.recipes.contract import Progress, Reasons, Recipe, RecipeType, Traits, hyperparameter
from tastemaker.recipes.parts.popularity import first_choices


@dataclass(frozen=True)
class Model:
    """segments: values of the column. In segment g, users_V[start_G[g]:start_G[g + 1]] users chose each of item_V.

    users_G: users of each segment. share_I: of all users, those who chose each item.
    """

    column: str
    segments: list[str]
    start_G: Longs
    item_V: Ints
    users_V: Ints
    users_G: Longs
    share_I: Floats
    prior: float

    @property
    def about_columns(self) -> tuple[str, ...]:
        """The one column that it asks about; none if there was none to learn from."""
        return (f"USERS.{self.column}",) if self.column else ()

    def scores(self, query: Query) -> Floats:
        """The share of users who chose each item, in the segment as far as it is known; shape (I,)."""
        chosen_I, n_users = self._segment(query)
        return np.asarray((chosen_I + self.prior * self.share_I) / (n_users + self.prior), np.float32)

    def explain(self, query: Query, item: int) -> Reasons:
        """What the segment, such as "USERS.ZIP_CODE: 55414", and everybody add; their sum is the score."""
        chosen_I, n_users = self._segment(query)
        weight = 1 / (n_users + self.prior)
        reasons = {"popularity": float(self.prior * self.share_I[item] * weight)}
        if n_users:
            told = ", ".join(query.about[f"USERS.{self.column}"])
            reasons[f"USERS.{self.column}: {told}"] = float(chosen_I[item] * weight)
        return dict(sorted(reasons.items(), key=lambda pair: -pair[1]))

    def _segment(self, query: Query) -> tuple[Floats, int]:
        """Users of the segment who chose each item, and users of the segment; those of several segments added up."""
        chosen_I = np.zeros(len(self.share_I), np.float32)
        n_users = 0
        for name in query.about.get(f"USERS.{self.column}", ()):
            if name in self.segments:
                segment = self.segments.index(name)
                span = slice(self.start_G[segment], self.start_G[segment + 1])
                chosen_I[self.item_V[span]] += self.users_V[span]
                n_users += int(self.users_G[segment])
        return chosen_I, n_users


class PopularInSegment:
    """Counts users by segment; a user who chose an item ten times counts once."""

    name = "tastemaker-popular-in-segment"
    recipe_type: RecipeType = "POPULAR_ITEMS"
    description = "Items by the number of users who chose them, among the users who share an attribute."
    traits = Traits(datasets=("INTERACTIONS", "USERS"))

    @dataclass(frozen=True)
    class Params:
        """segment_column: a categorical column of Users; the first one by name if none is given."""

        segment_column: str = hyperparameter("")
        prior: float = hyperparameter(50.0, low=0.1, high=100_000.0, is_tunable=True)  # users of everybody that count

    def fit(self, data: TrainingData, params: Params, progress: Progress) -> Model:
        """O(N log N); 8 bytes for each segment and item in it. Raises ValueError if Users have no such column."""
        column = _column(params.segment_column, data.user_categories)
        pairs = first_choices(data.interactions)
        n_users = max(1, int(np.count_nonzero(np.diff(pairs.start_U))))
        share_I = np.bincount(pairs.item_N, minlength=pairs.n_items) / n_users
        progress(1, 2)
        segments = data.user_categories.get(column) or Categories((), np.zeros(pairs.n_users + 1, np.int64), _NONE)
        start_G, item_V, users_V, users_G = _counted(pairs, segments)
        progress(2, 2)
        names, prior = list(segments.names), params.prior
        return Model(column, names, start_G, item_V, users_V, users_G, share_I.astype(np.float32), prior)


_NONE = np.zeros(0, np.int32)


def _column(asked: str, known: Mapping[str, Categories]) -> str:
    """The column as the schema names it; "" if nothing is asked for and there is none."""
    by_key = {name.replace("_", "").lower(): name for name in sorted(known)}
    if not asked:
        return next(iter(sorted(known)), "")
    if (found := by_key.get(asked.replace("_", "").lower())) is None:
        raise ValueError(
            f"Hyperparameter segment_column is {asked!r}, and Users have no categorical column of that name to learn "
            f"from; they have {', '.join(sorted(known)) or 'none'}. Name one of these, or mark the column as "
            "categorical in the schema of Users and import them anew."
        )
    return found


def _counted(pairs: Interactions, segments: Categories) -> tuple[Longs, Ints, Ints, Longs]:
    """Start of each segment, its items and how many of its users chose each, and users of each who chose anything."""
    n_segments, length_U = len(segments.names), np.diff(segments.start_I)
    events_U = np.diff(pairs.start_U)
    user_S = np.repeat(np.arange(pairs.n_users), length_U)  # a user in several segments counts in each
    users_G = np.bincount(segments.value_V[events_U[user_S] > 0], minlength=n_segments)
    segment_P = np.repeat(segments.value_V, events_U[user_S])
    before_S = np.cumsum(events_U[user_S]) - events_U[user_S]
    place_P = np.arange(len(segment_P)) + np.repeat(pairs.start_U[user_S] - before_S, events_U[user_S])
    key_P = segment_P.astype(np.int64) * pairs.n_items + pairs.item_N[place_P]
    key_V, users_V = np.unique(key_P, return_counts=True)
    start_G = np.searchsorted(key_V, np.arange(n_segments + 1) * pairs.n_items).astype(np.int64)
    return start_G, (key_V % pairs.n_items).astype(np.int32), users_V.astype(np.int32), users_G.astype(np.int64)


RECIPES: tuple[Recipe, ...] = (PopularInSegment(),)
