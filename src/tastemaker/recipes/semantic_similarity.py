"""aws-semantic-similarity: items whose texts mean the same, so that an item has neighbours before anybody chose it.

Texts become vectors (parts/text_vectors.py). The likeness of two items is the cosine of what their texts are about, and
the cosine of the words themselves for the rest. Interactions say nothing of likeness; they order what is left, and
count where the deployment asks for popularity.
"""

from dataclasses import dataclass, replace

import numpy as np

from tastemaker.data.interactions import Bools, Floats, Influence, Ints, Longs, Query, TrainingData
from tastemaker.recipes.contract import Progress, Reasons, Recipe, RecipeType, Traits, hyperparameter, silent, stage
from tastemaker.recipes.parts.popularity import below, users_per_item
from tastemaker.recipes.parts.text_vectors import Catalogue, TextEncoder, TextVectors, encoded, learned

ITEMS_MAX = 10_000_000  # "Semantic-Similarity can train on up to 10 million items"
ALIKE_MIN = 0.01  # a likeness below it is chance: such items are not alike, and follow by popularity
DAY_S = 86_400.0


@dataclass(frozen=True)
class Model:
    """users_I: users who chose each item. born_s_I: when it came, in Unix seconds. meaning: its share of likeness."""

    encoder: TextEncoder
    vectors: TextVectors
    users_I: Longs
    born_s_I: Longs
    meaning: float

    def similarity(self, item: int) -> Floats:
        """How alike every item's texts are to this one's, -1 to 1, 0 for an item without a word; shape (I,).

        meaning * cosine of the directions + (1 - meaning) * cosine of the words.
        """
        alike_I = self.meaning * self.vectors.by_meaning(item) + (1 - self.meaning) * self.vectors.by_words(item)
        return np.asarray(alike_I, np.float32)

    def scores(self, query: Query) -> Floats:
        """What is alike, then the other items by popularity, then the query's item; shape (I,). O(I * D).

        An item that is alike scores its likeness; under an influence, each standardised over the items that are alike,
        z(likeness) + POPULARITY * z(ln(1 + users)) + FRESHNESS * z(-ln(1 + days since it came, up to the newest item)).
        So an influence of 1 weighs as much as likeness, and nothing that is not alike gets in by being popular.
        """
        score_I = np.full(len(self.users_I), -np.inf, np.float32)
        if query.item is None:
            return below(score_I, self.users_I)
        alike_I = self.similarity(query.item)
        found = self._found(alike_I, query.item)
        score_I[found] = self._influenced(alike_I[found], found, query.influence)
        score_I = below(score_I, self.users_I)
        score_I[query.item] = score_I.min() - 1
        return score_I

    def explain(self, query: Query, item: int) -> Reasons:
        """What each word of this item adds to its likeness to the asked one, be it in both or only of a kind with it.

        Both cosines are sums over the words of one item: weight of the word * (its axis . the other item's direction),
        and weight * weight there; words beyond the strongest ones are told together. Under an influence the shares are
        in its units, beside popularity and freshness; they sum to the score, less what is the same for all items.
        """
        by_popularity = {"popularity": float(self.users_I[item])}
        if query.item is None:
            return by_popularity
        alike_I = self.similarity(query.item)
        found = self._found(alike_I, query.item)
        if item not in found:
            return by_popularity
        reasons = self._words(query.item, item, float(alike_I[item]))
        if any(query.influence):
            spread = float(alike_I[found].std()) or 1.0
            reasons = {word: share / spread for word, share in reasons.items()}
            reasons |= self._beside(found, query.influence, found == item)
        return dict(sorted(reasons.items(), key=lambda pair: -pair[1]))

    def extended(self, place_J: Ints, data: TrainingData) -> "Model":  # noqa: ARG002  all items are described anew
        """The same over another catalogue, by the same encoder: new items have their place, changed texts theirs."""
        return described(self.encoder, data, self.meaning, silent)

    def _found(self, alike_I: Floats, item: int) -> Longs:
        """The items that are alike, without the item itself."""
        is_alike_I = alike_I > ALIKE_MIN
        is_alike_I[item] = False
        return np.flatnonzero(is_alike_I)

    def _influenced(self, alike_F: Floats, found: Longs, influence: Influence) -> Floats:
        """The scores of the items found, shape (F,)."""
        if not any(influence):
            return alike_F
        score_F = _standardised(alike_F)
        for value_F in self._factors(found, influence).values():
            score_F = score_F + value_F
        return score_F

    def _factors(self, found: Longs, influence: Influence) -> dict[str, Floats]:
        """What popularity and freshness add to the items found, each of shape (F,)."""
        age_days_F = (self.born_s_I.max(initial=0) - self.born_s_I[found]) / DAY_S
        return {
            "popularity": influence.popularity * _standardised(np.log1p(self.users_I[found])),
            "freshness": influence.freshness * _standardised(-np.log1p(age_days_F)),
        }

    def _beside(self, found: Longs, influence: Influence, is_item_F: Bools) -> dict[str, float]:
        return {name: float(value_F[is_item_F][0]) for name, value_F in self._factors(found, influence).items()}

    def _words(self, asked: int, item: int, alike: float) -> dict[str, float]:
        own, others = self.vectors.terms(item), self.vectors.terms(asked)
        direction_D, length = self.vectors.vector_ID[asked], self.vectors.length_I[item]
        shares = {}
        for term, weight in own.items():
            by_meaning = float(self.encoder.axis_TD[term] @ direction_D) / length
            share = weight * (self.meaning * by_meaning + (1 - self.meaning) * others.get(term, 0.0))
            shares[self.encoder.terms[term]] = float(share)
        rest = alike - sum(shares.values())
        return shares | ({"other words": rest} if abs(rest) > ALIKE_MIN else {})


def _standardised(value_F: Floats) -> Floats:
    """Less its mean, by its standard deviation; 0 where all are equal."""
    return np.asarray((value_F - value_F.mean()) / (value_F.std() or 1.0), np.float32) if len(value_F) else value_F


def described(encoder: TextEncoder, data: TrainingData, meaning: float, progress: Progress) -> Model:
    """The model of the catalogue as it is now."""
    catalogue = Catalogue(data.item_texts, data.item_categories, data.interactions.n_items)
    vectors = encoded(encoder, catalogue, progress)
    return Model(encoder, vectors, users_per_item(data.interactions), _born(data), meaning)


def _born(data: TrainingData) -> Longs:
    """When each item came, shape (I,): CREATION_TIMESTAMP; without it the first interaction; without any, just now."""
    events = data.interactions
    first_s_I = np.full(events.n_items, np.iinfo(np.int64).max)
    np.minimum.at(first_s_I, events.item_N, events.time_s_N)
    if data.item_created_s is not None:
        first_s_I = np.where(data.item_created_s > 0, data.item_created_s, first_s_I)
    is_known_I = first_s_I < np.iinfo(np.int64).max
    return np.where(is_known_I, first_s_I, first_s_I[is_known_I].max(initial=0)).astype(np.int64)


class SemanticSimilarity:
    """Learns what words mean in this catalogue."""

    name = "aws-semantic-similarity"
    recipe_type: RecipeType = "RELATED_ITEMS"
    description = "Items whose names and descriptions mean the same, new ones too."
    traits = Traits(
        datasets=("INTERACTIONS", "ITEMS"),
        item_texts=True,
        incremental_update=True,
        ranking_influence=True,
        metadata_always=True,
    )

    @dataclass(frozen=True)
    class Params:
        """The service has none; docs/recipes/aws-semantic-similarity.md has the figures behind these defaults."""

        width: int = hyperparameter(128, low=8, high=512)  # directions of meaning
        meaning: float = hyperparameter(0.5, low=0.0, high=1.0)  # what they count beside the words themselves

    def fit(self, data: TrainingData, params: Params, progress: Progress) -> Model:
        """O(words), and 1 KB for an item at the default width. Raises ValueError for more than ITEMS_MAX items."""
        n_items = data.interactions.n_items
        if n_items > ITEMS_MAX:
            raise ValueError(
                f"The dataset group has {n_items:,} items, and {self.name} compares {ITEMS_MAX:,} at most. Import the "
                "Items dataset anew without those that are no longer offered."
            )
        catalogue = Catalogue(data.item_texts, data.item_categories, n_items)
        encoder = learned(catalogue, params.width, data.seed, stage(progress, 0.0, 0.5))
        return described(encoder, data, params.meaning, stage(progress, 0.5, 0.5))

    def refit(self, model: Model, data: TrainingData, params: Params, progress: Progress) -> Model:  # noqa: ARG002
        """The measured model knew all texts already; only who chose what is new."""
        found = replace(model, users_I=users_per_item(data.interactions), born_s_I=_born(data))
        progress(1, 1)
        return found


RECIPES: tuple[Recipe, ...] = (SemanticSimilarity(),)
