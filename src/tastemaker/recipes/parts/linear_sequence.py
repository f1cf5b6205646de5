"""The linear sequence model: next item from the history, each event's say decaying with its age, all in closed form.

Trained in seconds, it is far above item-to-item models on data in which order matters, and every chance is a sum over
the events of the history, so that it can be explained exactly.

The regression's targets are 1 for the item that came next and 0 for the others, so it estimates chances. A score is
the logarithm of that estimate, mixed with popularity so that it is never zero; the softmax of the scores then is a
distribution that holds better than any temperature of the bare sum would make it (benchmarks/LOG.md).

Source: ridge regression on items as in Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019, carried
from sets to sequences: features are decayed histories at two speeds, targets the items that follow.
Dimensions: K decays, M modelled items (at most `catalogue_items_max`), I items of the catalogue, L events.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tastemaker.data.interactions import Floats, Interactions, Ints, Query, TrainingData
from tastemaker.recipes.contract import PLAIN, Progress, Reasons, RecipeType, Traits, hyperparameter
from tastemaker.recipes.parts.lengths import of_users_within
from tastemaker.recipes.parts.next_item_regression import coefficients, reach
from tastemaker.recipes.parts.popularity import users_per_item, worth_per_item

NO_NETWORK = "The model is solved in closed form and has no hidden layer."
NO_WINDOW = "Learning is not cut into windows; how far back it reaches follows from short_decay and long_decay."
NO_MASK = "Recent events of the user count more by short_decay and long_decay; popularity counts all events alike."

# Popularity's weight beside the history's after L events is FLOOR + START * FADE**L: a history of one event says less
# about the next than popularity does, one of ten says more. All three measured, benchmarks/LOG.md.
FLOOR = 0.2
START = 10.0
FADE = 0.7


# Cost grows with the cube of the modelled items. On ml-latest-small (9,724 items), those with fewer than 5 users are
# two thirds of them and add nothing to NDCG@10 (benchmarks/LOG.md); a catalogue of 2,000 trains in seconds as it is.
ALWAYS_MODELLED = 2000


@dataclass(frozen=True)
class Solved:
    """The hyperparameters of the model itself."""

    l2: float = hyperparameter(300.0, low=1.0, high=1e5, is_tunable=True)
    short_decay: float = hyperparameter(0.5, low=0.1, high=0.9, is_tunable=True)
    long_decay: float = hyperparameter(0.95, low=0.5, high=0.99, is_tunable=True)
    horizon: float = hyperparameter(0.4, low=0.0, high=0.9, is_tunable=True)
    catalogue_items_max: int = hyperparameter(8000, low=1, high=20_000)  # memory: 40 bytes times its square
    item_users_min: int = hyperparameter(5, low=1, high=1000)  # beyond the first ALWAYS_MODELLED items
    min_user_history_length_percentile: float = hyperparameter(0.0, low=0.0, high=1.0, is_feature=True)
    max_user_history_length_percentile: float = hyperparameter(0.99, low=0.0, high=1.0, is_feature=True)


@dataclass(frozen=True)
class Params(Solved):
    """The same, and those that the service documents for its recurrent network."""

    hidden_dimension: int = hyperparameter(149, low=32, high=256, is_tunable=True, effect=False, why=NO_NETWORK)
    bptt: int = hyperparameter(32, low=2, high=32, is_tunable=True, effect=False, why=NO_WINDOW)
    recency_mask: bool = hyperparameter(True, is_tunable=True, effect=False, why=NO_MASK)


@dataclass(frozen=True)
class LinearSequence:
    """decay_K, coefficient_KMM: what an event of item m, `age` events ago, adds: sum_k decay_k**age * coefficient_k[m].

    modelled_M: the modelled items' places in the catalogue. place_I: the reverse, -1 for the others, whose events are
    passed over. floor_M + fade**L * start_M: what popularity adds after L events. popular_I: log of popularity.
    temperature: scores are divided by it; 1 until training has measured it. bonus_I: what an objective adds to the
    scores; empty without one.
    """

    decay_K: Floats
    coefficient_KMM: Floats
    modelled_M: Ints
    place_I: Ints
    floor_M: Floats
    start_M: Floats
    fade: float
    popular_I: Floats
    temperature: float
    bonus_I: Floats = field(default_factory=lambda: np.zeros(0, np.float32))

    def scores(self, query: Query) -> Floats:
        """Logits, shape (I,). Items that are not modelled come last, by popularity. O(K * reach * M).

        A history without a modelled item gets log popularity, whatever the temperature: its softmax is the share of
        users each item has.
        """
        score_I = self._relevance(query)
        return score_I + self.bonus_I if len(self.bonus_I) else score_I

    def _relevance(self, query: Query) -> Floats:
        place_L = self._places(query.history_L)
        if len(place_L) == 0:
            return self.popular_I
        linear_M = sum(
            weight_l @ coefficient_MM[place_l] for weight_l, place_l, coefficient_MM in self._windows(place_L)
        )
        return self._logits(np.asarray(linear_M), self.fade ** len(place_L) * self.start_M)

    def explain(self, query: Query, item: int) -> Reasons:
        """What each event, "event 0" the oldest, and popularity add to the chance whose logarithm is the score.

        Their sum is exp(score * temperature), except where the events together speak against the item. An item that is
        not modelled, or a history without a modelled item, has the share of its users.
        """
        place_L = self._places(query.history_L)
        target = self.place_I[item]
        if len(place_L) == 0 or target < 0:
            return {"popularity": float(np.exp(self.popular_I[item]))}
        event_L = np.flatnonzero(self.place_I[query.history_L] >= 0)
        share_L = np.zeros(len(place_L))
        for weight_l, place_l, coefficient_MM in self._windows(place_L):
            share_L[len(share_L) - len(place_l) :] += weight_l * coefficient_MM[place_l, target]
        popularity = float(self.floor_M[target] + self.fade ** len(place_L) * self.start_M[target])
        shares = {f"event {event}": float(share) for event, share in zip(event_L, share_L, strict=True) if share}
        return dict(sorted((shares | {"popularity": popularity}).items(), key=lambda pair: -abs(pair[1])))

    def extended(self, place_J: Ints, data: TrainingData) -> "LinearSequence":
        """The same coefficients over another catalogue, with popularity as of these data.

        place_J: where each item of the present catalogue is in the new one, -1 for those that are gone.
        """
        place_M = place_J[self.modelled_M]
        kept = np.flatnonzero(place_M >= 0)
        popular_I = _log_popularity(worth_per_item(data.interactions))
        modelled_M = place_M[kept].astype(np.int32)
        place_I = np.full(data.interactions.n_items, -1, np.int32)
        place_I[modelled_M] = np.arange(len(modelled_M))
        popular_M: Floats = np.exp(popular_I[modelled_M])
        coefficient_KMM = np.asarray(self.coefficient_KMM)
        if len(kept) < len(place_M):
            coefficient_KMM = coefficient_KMM[:, kept][:, :, kept]
        bonus_I = np.zeros(0, np.float32)
        if len(self.bonus_I):  # of an item that is new the objective says nothing
            bonus_I = np.zeros(data.interactions.n_items, np.float32)
            bonus_I[place_J[place_J >= 0]] = np.asarray(self.bonus_I)[place_J >= 0]
        return replace(
            self,
            bonus_I=bonus_I,
            coefficient_KMM=coefficient_KMM,
            modelled_M=modelled_M,
            place_I=place_I,
            floor_M=FLOOR * popular_M,
            start_M=START * popular_M,
            popular_I=popular_I,
        )

    def _places(self, history_L: Ints) -> Ints:
        place_L = self.place_I[history_L]
        return np.asarray(place_L[place_L >= 0], np.int32)

    def _windows(self, place_L: Ints) -> list[tuple[Floats, Ints, Floats]]:
        """For each decay: the weights of the events that still count, their places, and the coefficients."""
        windows = []
        for decay, coefficient_MM in zip(self.decay_K, np.asarray(self.coefficient_KMM), strict=True):
            place_l = place_L[-reach(float(decay)) :]
            windows.append((decay ** np.arange(len(place_l), dtype=np.float32)[::-1], place_l, coefficient_MM))
        return windows

    def _logits(self, linear_M: Floats, popular_M: Floats) -> Floats:
        """Scores of all items from what the events and what fading popularity add for the modelled ones, shape (I,)."""
        chance_M = np.maximum(linear_M, 0) + self.floor_M + popular_M
        logit_M: Floats = (np.log(chance_M) / np.float32(self.temperature)).astype(np.float32)
        if len(logit_M) == len(self.place_I):
            return logit_M  # modelled_M is increasing, so it is the whole catalogue in order
        logit_I: Floats = logit_M.min() - 1 + self.popular_I - self.popular_I.max()
        logit_I[self.modelled_M] = logit_M
        return logit_I


@dataclass(frozen=True)
class LinearSequenceRecipe:
    """A recipe that is this model under a name of the API."""

    name: str
    recipe_type: RecipeType
    description: str
    traits: Traits = PLAIN
    Params: type[Solved] = Params

    def fit(self, data: TrainingData, params: Any, progress: Progress) -> LinearSequence:
        """Time and memory as in `fit`."""
        return fit(data, params, progress)


def fit(data: TrainingData, params: Solved, progress: Progress) -> LinearSequence:
    """The model of these interactions; without a user who has two events it knows popularity alone.

    Only the catalogue_items_max most chosen items are modelled, of large catalogues those of several users. At its
    default the training takes 2.5 GB and the model 0.5 GB at most. Raises ValueError if l2 is too small, and whatever
    progress raises.
    """
    events = data.interactions
    popular_I = _log_popularity(worth_per_item(events))
    decay_K = np.array([params.short_decay, params.long_decay], np.float32)
    learned = of_users_within(
        events, params.min_user_history_length_percentile, params.max_user_history_length_percentile
    )
    modelled_M, place_I = _modelled(learned, params.catalogue_items_max, params.item_users_min)
    popular_M: Floats = np.exp(popular_I[modelled_M])
    n_modelled = len(modelled_M)
    if n_modelled:
        learned = learned.where(place_I[learned.item_N] >= 0)
        left_N = learned.start_U[learned.user_N + 1] - np.arange(len(learned)) - 1
        coefficient_KMM = coefficients(
            place_I[learned.item_N],
            left_N,
            n_modelled,
            decay_K,
            params.l2,
            params.horizon,
            lambda share: progress(share, 1.0),
            learned.weight_N,
        )
    else:
        coefficient_KMM = np.zeros((len(decay_K), 0, 0), np.float32)
    progress(1, 1)
    return LinearSequence(
        decay_K, coefficient_KMM, modelled_M, place_I, FLOOR * popular_M, START * popular_M, FADE, popular_I, 1.0
    )


def _log_popularity(users_I: Floats) -> Floats:
    """The logarithm of each item's share of the users, one user added to each."""
    share_I: Floats = np.log((users_I + 1.0) / (users_I.sum() + len(users_I))).astype(np.float32)
    return share_I


def _modelled(events: Interactions, items_max: int, users_min: int) -> tuple[Ints, Ints]:
    """The most frequent items in increasing order, and the place of each item among them or -1; none without a pair.

    From place ALWAYS_MODELLED on, an item needs users_min users: rarer ones cost most and are never found.
    """
    count_I = np.bincount(events.item_N, minlength=events.n_items)
    place_I = np.full(events.n_items, -1, np.int32)
    if len(events) == 0 or np.diff(events.start_U).max() < 2:
        return np.zeros(0, np.int32), place_I
    best = np.argsort(-count_I, kind="stable")[:items_max]
    needed = np.where(np.arange(len(best)) < ALWAYS_MODELLED, 1, users_min)
    modelled_M = np.sort(best[users_per_item(events)[best] >= needed]).astype(np.int32)
    place_I[modelled_M] = np.arange(len(modelled_M))
    return modelled_M, place_I
