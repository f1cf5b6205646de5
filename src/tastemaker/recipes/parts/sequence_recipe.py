"""How the model of parts/sequence_model.py is learned: items chosen, parts fitted, weights found on users held out."""

import importlib.util
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tastemaker.data.interactions import Bools, Interactions, Ints, Longs, Query, TrainingData
from tastemaker.recipes.contract import PLAIN, Progress, RecipeType, Traits, hyperparameter, stage
from tastemaker.recipes.parts.attributes import attributes
from tastemaker.recipes.parts.lengths import is_of_users_within
from tastemaker.recipes.parts.linear_sequence import LinearSequence
from tastemaker.recipes.parts.low_rank_sequence import HeadAndTail, low_rank
from tastemaker.recipes.parts.next_item_regression import coefficients
from tastemaker.recipes.parts.popularity import users_per_item
from tastemaker.recipes.parts.sequence_model import Pool, SequenceModel, catalogue, untrained
from tastemaker.recipes.parts.transformer import FIRST, Transformer, gaps

Doubles = NDArray[np.float64]

NO_NETWORK = "The model is solved in closed form and has no hidden layer."
NO_WINDOW = "Learning is not cut into windows; how far back it reaches follows from short_decay and long_decay."

# Cost grows with the cube of the modelled items. On ml-latest-small (9,724 items), those with fewer than 5 users are
# two thirds of them and add nothing to NDCG@10 (benchmarks/LOG.md); a catalogue of 2,000 trains in seconds as it is.
ALWAYS_MODELLED = 2000
ROUGH_L2 = 10.0  # of features that are sums of unit vectors' places; hardly matters (benchmarks/LOG.md)

EXAM_SHARE, EXAM_USERS_MAX = 0.1, 1000  # users whose last event is held out, to weigh the parts and to stop the network
CANDIDATES = 100  # best items of both models among which the weights are found: lists are made of these
POOL_PENALTY = 5.0  # nats by unit of squared distance from even weights: what little data cannot tell, they do not say
STEPS_MIN = 150  # of one epoch of the network, with at least TOKENS_MIN events each
TOKENS_MIN, TOKENS_MAX = 512, 6400
LINEAR_WORK = 0.1  # share of the progress where a network is trained, too


@dataclass(frozen=True)
class Solved:
    """The hyperparameters of the linear model."""

    l2: float = hyperparameter(300.0, low=1.0, high=1e5, is_tunable=True)
    short_decay: float = hyperparameter(0.5, low=0.1, high=0.9, is_tunable=True)
    long_decay: float = hyperparameter(0.95, low=0.5, high=0.99, is_tunable=True)
    horizon: float = hyperparameter(0.4, low=0.0, high=0.9, is_tunable=True)
    exact_items_max: int = hyperparameter(8000, low=1, high=20_000)  # memory: 40 bytes times its square
    rough_width: int = hyperparameter(256, low=8, high=1024)  # of the vectors of items beyond those
    item_users_min: int = hyperparameter(5, low=1, high=1000)  # beyond the first ALWAYS_MODELLED items
    min_user_history_length_percentile: float = hyperparameter(0.0, low=0.0, high=1.0, is_feature=True)
    max_user_history_length_percentile: float = hyperparameter(0.99, low=0.0, high=1.0, is_feature=True)


@dataclass(frozen=True)
class Params(Solved):
    """The same, and those that the service documents for its recurrent network."""

    hidden_dimension: int = hyperparameter(149, low=32, high=256, is_tunable=True, effect=False, why=NO_NETWORK)
    bptt: int = hyperparameter(32, low=2, high=32, is_tunable=True, effect=False, why=NO_WINDOW)
    recency_mask: bool = hyperparameter(True, is_tunable=True)  # popularity counts recent choices more


@dataclass(frozen=True)
class Deep(Solved):
    """The hyperparameters of a linear model and a network beside it."""

    network_epochs: int = hyperparameter(10, low=0, high=100)  # at most; 0: the linear model alone
    network_width: int = hyperparameter(128, low=8, high=512, is_tunable=True)
    network_layers: int = hyperparameter(2, low=1, high=6, is_tunable=True)
    network_dropout: float = hyperparameter(0.2, low=0.0, high=0.8, is_tunable=True)
    learning_rate: float = hyperparameter(0.003, low=1e-5, high=0.1, is_tunable=True)
    network_events_max: int = hyperparameter(2_000_000, low=1)  # of users drawn at random, where there are more


@dataclass(frozen=True)
class SequenceRecipe:
    """A recipe that is this model under a name of the API. With `Deep` parameters it trains a network as well."""

    name: str
    recipe_type: RecipeType
    description: str
    traits: Traits = PLAIN
    Params: type[Solved] = Params

    def fit(self, data: TrainingData, params: Any, progress: Progress) -> SequenceModel:
        """Time and memory as in `fit`."""
        return fit(data, params, progress)

    def refit(self, model: SequenceModel, data: TrainingData, params: Any, progress: Progress) -> SequenceModel:
        """A model of all the data from one of most of them: the network goes on from where it was."""
        return fit(data, params, progress, model)


def fit(data: TrainingData, params: Solved, progress: Progress, before: SequenceModel | None = None) -> SequenceModel:
    """The model of these interactions; without a user who has two events it knows popularity alone.

    Of large catalogues the items of several users are modelled, and the exact_items_max most chosen ones exactly (see
    parts/low_rank_sequence.py). At its default the exact part takes 2.5 GB to train and 0.5 GB in the model. before:
    the weights of its parts are kept, and the network's is what the training starts with. Raises ValueError if l2 is
    too small or the network diverges, and whatever progress raises.
    """
    events = data.interactions
    lengths = (params.min_user_history_length_percentile, params.max_user_history_length_percentile)
    learned_N = is_of_users_within(events, *lengths)
    modelled_M, place_I = _modelled(events.where(learned_N), params.item_users_min)
    if not len(modelled_M):
        progress(1, 1)
        return untrained(data, _is_recent(params))
    learned_N &= place_I[events.item_N] >= 0
    deep = params if isinstance(params, Deep) and params.network_epochs and _can_train_networks() else None
    is_pooled = deep is not None or bool(data.user_categories or events.context)
    examined = _examined(events, learned_N, data.seed) if is_pooled else np.zeros(0, np.int64)
    learned_N[examined] = False
    learned = events.where(learned_N)
    linear_share = LINEAR_WORK if deep else 1.0
    linear = _linear(learned, place_I, len(modelled_M), params, data.seed, stage(progress, 0.0, linear_share))
    network = None
    if deep:
        network = _network(
            data, learned, examined, place_I, modelled_M, deep, stage(progress, LINEAR_WORK, 0.9), before
        )
    progress(1, 1)
    model = SequenceModel(
        linear,
        network=network,
        attributes=attributes(data, learned_N, place_I, len(modelled_M)),
        **catalogue(data, modelled_M, _is_recent(params)),
    )
    if before is not None:
        return replace(model, pool=before.pool)
    return replace(model, pool=_pool(model, data, examined)) if is_pooled else model


def _modelled(events: Interactions, users_min: int) -> tuple[Ints, Ints]:
    """The items to model in increasing order, and the place of each item among them or -1; none without a pair.

    From place ALWAYS_MODELLED on, an item needs users_min users: rarer ones cost most and are never found.
    """
    count_I = np.bincount(events.item_N, minlength=events.n_items)
    place_I = np.full(events.n_items, -1, np.int32)
    if len(events) == 0 or np.diff(events.start_U).max() < 2:
        return np.zeros(0, np.int32), place_I
    best = np.argsort(-count_I, kind="stable")
    needed = np.where(np.arange(len(best)) < ALWAYS_MODELLED, 1, users_min)
    modelled_M = np.sort(best[users_per_item(events)[best] >= needed]).astype(np.int32)
    place_I[modelled_M] = np.arange(len(modelled_M))
    return modelled_M, place_I


def _examined(events: Interactions, learned_N: Bools, seed: int) -> Longs:
    """Places of the events that are held out, increasing: the last one of some users with at least three."""
    place_N = np.flatnonzero(learned_N)
    user_N = events.user_N[place_N]
    count_U = np.bincount(user_N, minlength=events.n_users)
    last_U = np.cumsum(count_U) - 1
    able = np.flatnonzero(count_U >= 3)
    n_users = min(EXAM_USERS_MAX, int(EXAM_SHARE * len(able)))
    users = np.sort(np.random.default_rng(seed).permutation(able)[:n_users])
    return np.asarray(place_N[last_U[users]], np.int64)


def _linear(
    learned: Interactions, place_I: Ints, n_modelled: int, params: Solved, seed: int, progress: Progress
) -> LinearSequence | HeadAndTail:
    if n_modelled <= params.exact_items_max:
        return _exact(learned, place_I, n_modelled, params, progress)
    decay_K = np.array([params.short_decay, params.long_decay], np.float32)
    rough = low_rank(
        place_I[learned.item_N],
        learned.start_U,
        n_modelled,
        decay_K,
        ROUGH_L2,
        params.rough_width,
        seed,
        lambda share: progress(0.5 * share, 1.0),
        learned.weight_N,
    )
    count_M = np.bincount(place_I[learned.item_N], minlength=n_modelled)
    head = np.sort(np.argsort(-count_M, kind="stable")[: params.exact_items_max])
    head_M = np.full(n_modelled, -1, np.int32)
    head_M[head] = np.arange(len(head))
    head_I = np.where(place_I >= 0, head_M[place_I], -1)
    of_head = learned.where(head_I[learned.item_N] >= 0)
    exact = _exact(of_head, head_I, len(head), params, stage(progress, 0.5, 0.5))
    return HeadAndTail(exact, rough, head_M)


def _exact(learned: Interactions, place_I: Ints, n_modelled: int, params: Solved, progress: Progress) -> LinearSequence:
    left_N = learned.start_U[learned.user_N + 1] - np.arange(len(learned)) - 1
    decay_K = np.array([params.short_decay, params.long_decay], np.float32)
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
    return LinearSequence(decay_K, coefficient_KMM)


def _network(
    data: TrainingData,
    learned: Interactions,
    examined: Longs,
    place_I: Ints,
    modelled_M: Ints,
    deep: Deep,
    progress: Progress,
    before: SequenceModel | None,
) -> Transformer:
    from tastemaker.recipes.parts import transformer_training as training  # heavy: torch, the extra `deep`

    queries = [_query_before(data.interactions, event, place_I) for event in examined.tolist()]
    exam = training.Exam(
        [place_I[query.history_L] for query in queries],
        [gaps(query.time_s_L, len(query.history_L)) for query in queries],
        place_I[data.interactions.item_N[examined]],
    )
    plan = training.Plan(
        width=deep.network_width,
        layers=deep.network_layers,
        epochs=deep.network_epochs if before is None else 1,
        rate=deep.learning_rate if before is None else deep.learning_rate / 3,
        dropout=deep.network_dropout,
        tokens=int(np.clip(len(learned) // STEPS_MIN, TOKENS_MIN, TOKENS_MAX)),
    )
    sampled = _sampled(learned, deep.network_events_max, data.seed)
    lessons = training.Lessons(
        place_I[sampled.item_N], sampled.start_U, len(modelled_M), _gaps_of_all(sampled), sampled.weight_N
    )
    start = None
    if before is not None and before.network is not None:
        start = (before.network, before.place_I[modelled_M])
    return training.trained(
        lessons, exam, plan, data.seed, lambda share, facts: progress(share, 1.0, **facts) is not False, start
    )


def _sampled(events: Interactions, events_max: int, seed: int) -> Interactions:
    """All events, or those of as many users, drawn at random, as have at most events_max."""
    if len(events) <= events_max:
        return events
    order = np.random.default_rng(seed).permutation(events.n_users)
    is_kept_U = np.zeros(events.n_users, np.bool_)
    is_kept_U[order[np.cumsum(np.diff(events.start_U)[order]) <= events_max]] = True
    return events.where(is_kept_U[events.user_N])


def _gaps_of_all(events: Interactions) -> Ints:
    """The class of the time before each event, shape (N,)."""
    gap_N = gaps(events.time_s_N, len(events))
    starts = events.start_U[:-1][np.diff(events.start_U) > 0]
    gap_N[starts] = FIRST
    return gap_N


def _pool(model: SequenceModel, data: TrainingData, examined: Longs) -> Pool:
    """The weights that find what came next most likely among the best candidates, for users held out."""
    events = data.interactions
    even = 1.0 if model.network is None else 0.5
    start = np.array([even, 0.0 if model.network is None else even, 0.0 if not model.about_columns else 0.5])
    queries = [_query_before(events, event, model.place_I, data) for event in examined.tolist()]
    truth_B = model.place_I[events.item_N[examined]].astype(np.int64)
    parts_BXC = np.zeros((len(queries), len(start), CANDIDATES))
    place_B = np.zeros(len(queries), np.int64)
    is_among_B = np.zeros(len(queries), np.bool_)
    n_candidates = min(CANDIDATES, len(model.modelled_M))
    for row, (query, truth) in enumerate(zip(queries, truth_B, strict=True)):
        part_XM = np.stack(model.parts(query))
        best_C = np.argpartition(-(start @ part_XM), n_candidates - 1)[:n_candidates]
        parts_BXC[row, :, :n_candidates] = part_XM[:, best_C]
        is_among_B[row] = (best_C == truth).any()
        place_B[row] = (best_C == truth).argmax()
    used = is_among_B
    weights = most_likely(parts_BXC[used][:, :, :n_candidates], place_B[used], start)
    about_new = _about_new(model, data, examined)
    return Pool(float(weights[0]), float(weights[1]), float(weights[2]), about_new)


def _about_new(model: SequenceModel, data: TrainingData, examined: Longs) -> float:
    """How much columns count for somebody without a history, by the first choices of the users held out."""
    if not model.about_columns:
        return 0.0
    events = data.interactions
    first = events.start_U[events.user_N[examined]]
    truth_B = model.place_I[events.item_N[first]].astype(np.int64)
    kept = np.flatnonzero(truth_B >= 0)
    lift_BM = np.zeros((len(kept), 2, len(model.modelled_M)))
    lift_BM[:, 0] = model.popular_I[model.modelled_M]
    for row, place in enumerate(kept.tolist()):
        lift_M = model.attributes.lift(data.about(int(events.user_N[first[place]]), int(first[place])))
        if lift_M is not None:
            lift_BM[row, 1] = lift_M
    return float(most_likely(lift_BM, truth_B[kept], np.array([1.0, 0.5]), fixed=1)[1])


def most_likely(parts_BXC: Doubles, place_B: Longs, start_X: Doubles, fixed: int = 0) -> Doubles:
    """Weights of the parts, none below zero, under whose softmax the candidates at these places are most likely.

    The first `fixed` weights, and those of parts that are zero everywhere, stay as they start.
    """
    from scipy.optimize import minimize  # heavy: only training needs it
    from scipy.special import logsumexp  # heavy, too

    moved = np.flatnonzero((np.arange(len(start_X)) >= fixed) & (np.abs(parts_BXC).sum(axis=(0, 2)) > 0))
    row_B = np.arange(len(place_B))

    def surprise(weight_x: Doubles) -> float:
        weight_X = start_X.copy()
        weight_X[moved] = weight_x
        score_BC = np.einsum("bxc,x->bc", parts_BXC, weight_X)
        nats = (logsumexp(score_BC, axis=1) - score_BC[row_B, place_B]).sum()
        return float(nats + POOL_PENALTY * np.square(weight_x - start_X[moved]).sum())

    found = start_X.copy()
    if len(moved) and len(place_B):
        found[moved] = minimize(surprise, start_X[moved], bounds=[(0.0, None)] * len(moved)).x
    return found


def _query_before(events: Interactions, event: int, place_I: Ints, data: TrainingData | None = None) -> Query:
    """What was known before an event, of modelled items only."""
    user = int(events.user_N[event])
    before = np.arange(events.start_U[user], event)
    before = before[place_I[events.item_N[before]] >= 0]
    about = {} if data is None else data.about(user, event)
    return Query(events.item_N[before], None, None, events.time_s_N[before], about)


def _is_recent(params: Solved) -> bool:
    """What the recipe's parameter for it says, under whichever name it has one; recipes without one say yes."""
    return bool(getattr(params, "recency_mask", getattr(params, "apply_recency_bias", True)))


def _can_train_networks() -> bool:
    return importlib.util.find_spec("torch") is not None
