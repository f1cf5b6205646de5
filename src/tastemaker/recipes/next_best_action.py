"""aws-next-best-action: the probability that a user takes an action within some days, were it proposed now.

A logistic regression for each action (parts/proposal_regression.py): how often it is taken, and what it adds that the
user took or was shown this or another action before, or has a value in a column of Users. What was proposed to whom is
the seller's choice and says little by itself; only of an action that nobody of a kind was ever offered, it is asked
whether people of that kind take it.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tastemaker.data.interactions import Bools, Floats, Interactions, Ints, Longs, Query, TrainingData
from tastemaker.data.proposals import TAKEN, Proposals, proposals
from tastemaker.recipes.contract import Progress, Reasons, Recipe, RecipeType, Traits, hyperparameter
from tastemaker.recipes.parts.attributes import CHOICES_MIN, VALUES_MAX, Attributes
from tastemaker.recipes.parts.popularity import first_choices
from tastemaker.recipes.parts.proposal_regression import ALWAYS, Facts, Lesson, facts_of, fitted

Doubles = NDArray[np.float64]

DAY_S = 86_400
RECENT_S = 42 * DAY_S  # "within 6 weeks of the newest timestamp"
EACH_MIN = 50  # Taken, and others, that an action needs by the documentation before it has a score
SMOOTHING = 10.0  # pretended proposals at the former rate, so that an action proposed twice is not believed
LIFT_USERS = 20.0  # users that what was never proposed must rest on before half of it is believed
ACTIONS_MAX = 1000
HIDDEN = 1e-8  # of a chance that is not shown: 0 as answers round it, and still in its order


@dataclass(frozen=True)
class Model:
    """odds_I: log odds of taking each action, of a user of whom nothing is known. took_II, shown_II: what having taken,
    or having been shown and not taken, action a adds to those of b. attributes: what columns of Users add.

    worth_I: what a chance is multiplied with where lists are ordered. enough_I: whether there is as much data as the
    documentation asks for; with holds_minimums all others have no score. period_s: in which an action is to be taken.
    """

    odds_I: Floats
    took_II: Floats
    shown_II: Floats
    attributes: Attributes
    worth_I: Doubles
    enough_I: Bools
    period_s: int
    value_weight: float = 0.0
    holds_minimums: bool = False

    @property
    def about_columns(self) -> tuple[str, ...]:
        """What the model wants to know of users."""
        return self.attributes.columns

    def scores(self, query: Query) -> Floats:
        """Probabilities, shape (I,); they need not sum to 1. value_L: 1 where an action was taken, and 0 where not."""
        took, shown = _met(query)
        odds_I = self.odds_I + self.took_II[list(took)].sum(axis=0) + self.shown_II[list(shown)].sum(axis=0)
        about_I = self.attributes.lift(query.about)
        chance_I = 1 / (1 + np.exp(-(odds_I if about_I is None else odds_I + about_I)))
        if self.holds_minimums:
            chance_I = np.where(self.enough_I, chance_I, HIDDEN * chance_I)
        return np.asarray(chance_I, np.float32)

    def explain(self, query: Query, item: int) -> Reasons:
        """Log odds: of the action itself, and what the newest event with each action, and each column, adds."""
        took, shown = _met(query)
        reasons = {"how often it is taken": float(self.odds_I[item])}
        for met, added_II in ((took, self.took_II), (shown, self.shown_II)):
            reasons |= {f"event {event}": float(added_II[action, item]) for action, event in met.items()}
        for key in self.attributes.known(query.about):
            column, _, value = key.partition("=")
            added_I = self.attributes.lift({column: (value,)})
            assert added_I is not None, "it is known"
            reasons[column] = reasons.get(column, 0.0) + float(added_I[item])
        return dict(sorted(reasons.items(), key=lambda pair: -abs(pair[1])))

    def extended(self, place_J: Ints, data: TrainingData) -> "Model":
        """The same over another catalogue: new actions have the odds of their own proposals, and values are as now."""
        n_items = data.interactions.n_items
        old = np.flatnonzero(place_J >= 0)
        new = place_J[old]
        asked = proposals(data.interactions, data.is_of_type(TAKEN), self.period_s)
        outcome_P = _expected(data.interactions, asked, self.period_s)
        odds_I = _log_odds(_rates(data.interactions, asked, outcome_P))[0]
        odds_I[new] = self.odds_I[old]
        took_II, shown_II = np.zeros((2, n_items, n_items), np.float32)
        took_II[np.ix_(new, new)] = self.took_II[np.ix_(old, old)]
        shown_II[np.ix_(new, new)] = self.shown_II[np.ix_(old, old)]
        lift_VM = np.zeros((len(self.attributes.keys), n_items), np.float32)
        if len(lift_VM):
            lift_VM[:, new] = np.asarray(self.attributes.lift_VM)[:, old]
        return replace(
            self,
            odds_I=odds_I.astype(np.float32),
            took_II=took_II,
            shown_II=shown_II,
            attributes=replace(self.attributes, lift_VM=lift_VM),
            worth_I=_worth(data, self.value_weight),
            enough_I=_enough(data),
        )


class NextBestAction:
    """Learns from what became of proposals; histories are all that users did with actions."""

    name = "aws-next-best-action"
    recipe_type: RecipeType = "PERSONALIZED_ACTIONS"
    description = "Actions that a user is likely to take, with the probability of each."
    traits = Traits(datasets=("INTERACTIONS", "ACTIONS"), auto_update=True, batch_inference=False, promotions=False)

    @dataclass(frozen=True)
    class Params:
        """How many days ahead are considered, and how far the VALUE of an action counts in the order."""

        action_optimization_period: int = hyperparameter(14, low=7, high=28)
        value_weight: float = hyperparameter(0.0, low=0.0, high=1.0)

    def fit(self, data: TrainingData, params: Params, progress: Progress) -> Model:
        """Time grows with what is known of users at their proposals; the model takes 8 bytes for a pair of actions.

        Raises ValueError for more than ACTIONS_MAX actions.
        """
        events = data.interactions
        if events.n_items > ACTIONS_MAX:
            raise ValueError(f"There are {events.n_items} actions, and at most {ACTIONS_MAX} are possible.")
        taken_N, period_s = data.is_of_type(TAKEN), params.action_optimization_period * DAY_S
        asked = proposals(events, taken_N, period_s)
        outcome_P = _expected(events, asked, period_s)
        rate_EI = _rates(events, asked, outcome_P)
        keys, facts = _facts(data, taken_N)
        progress(1, 10)
        place_P = asked.place_P
        lesson = Lesson(
            events.user_N[place_P],
            events.item_N[place_P],
            events.time_s_N[place_P],
            outcome_P,
            _era(events)[place_P],
        )
        strength_EI = SMOOTHING * rate_EI * (1 - rate_EI)
        odds_EI, added_FI, seen_FI = fitted(
            lesson, _log_odds(rate_EI), strength_EI, facts, data.seed, lambda share: progress(1 + 8 * share, 10)
        )
        added_FI += np.where(seen_FI, 0, _company(events.where(taken_N), facts))
        progress(10, 10)
        took_II, shown_II, lift_VM = np.split(added_FI, [events.n_items, 2 * events.n_items])
        return Model(
            odds_EI[0].astype(np.float32),
            took_II,
            shown_II,
            Attributes(keys, lift_VM) if keys else Attributes(),
            _worth(data, params.value_weight),
            _enough(data),
            period_s,
            params.value_weight,
        )


def _met(query: Query) -> tuple[dict[int, int], dict[int, int]]:
    """Actions that the user took, and those shown and not taken, each with the place of its newest event."""
    took: dict[int, int] = {}
    shown: dict[int, int] = {}
    for place, action in enumerate(query.history_L.tolist()):
        is_taken = query.value_L is None or query.value_L[place] > 0
        (took if is_taken else shown)[action] = place
    return took, shown


def _era(events: Interactions) -> Longs:
    """0 for the last six weeks, 1 for what was before, shape (N,)."""
    return np.asarray(events.time_s_N < events.time_s_N.max(initial=0) - RECENT_S, np.int64)


def _expected(events: Interactions, asked: Proposals, period_s: int) -> Doubles:
    """1 for what was taken and 0 for what was not; of an open proposal the chance that it will be taken yet.

    With F(a), the share of the answers within the period that come within the age a, it is p (1 - F) / (1 - p F).
    Source: Chapelle, "Modeling Delayed Feedback in Display Advertising", KDD 2014, with the delays as they are found:
    of proposals whose period is over, or of all if there is none such.
    """
    item_P = events.item_N[asked.place_P]
    age_s_P = events.time_s_N.max(initial=0) - events.time_s_N[asked.place_P]
    is_whole_P = asked.taken_P & (age_s_P >= period_s)
    delays_s = np.sort(asked.delay_s_P[is_whole_P if is_whole_P.any() else asked.taken_P])
    passed_P = np.where(asked.open_P, np.searchsorted(delays_s, age_s_P, "right") / max(1, len(delays_s)), 1.0)
    taken_I = np.bincount(item_P, asked.taken_P, minlength=events.n_items)
    heard_I = np.bincount(item_P, np.where(asked.taken_P, 1.0, passed_P), minlength=events.n_items)
    rate_P = ((taken_I + 1) / (heard_I + 2))[item_P]
    coming_P = rate_P * (1 - passed_P) / (1 - rate_P * passed_P)
    return np.where(asked.taken_P, 1.0, np.where(asked.open_P, coming_P, 0.0))


def _rates(events: Interactions, asked: Proposals, outcome_P: Doubles) -> Doubles:
    """The share of proposals of each action that are taken, by era, shape (2, I).

    The former share is drawn towards that of all actions, and the recent one towards the former.
    """
    item_P, era_P = events.item_N[asked.place_P], _era(events)[asked.place_P]
    rate_I = np.full(events.n_items, (outcome_P.sum() + 1) / (len(outcome_P) + 2))
    found = []
    for era in (1, 0):
        own_P = era_P == era
        taken_I = np.bincount(item_P[own_P], outcome_P[own_P], minlength=events.n_items)
        asked_I = np.bincount(item_P[own_P], minlength=events.n_items)
        rate_I = (taken_I + SMOOTHING * rate_I) / (asked_I + SMOOTHING)
        found.append(rate_I)
    return np.stack(found[::-1])


def _log_odds(rate_EI: Doubles) -> Doubles:
    return np.asarray(np.log(rate_EI / (1 - rate_EI)))


def _facts(data: TrainingData, taken_N: Bools) -> tuple[list[str], Facts]:
    """What is known of users: what they took, from I on what they were shown, from 2 I on values as the keys name them.

    An action was shown where an event says so that is not the taking of it.
    """
    events = data.interactions
    parts: list[tuple[Any, Any, Any]] = []
    for first, kind_N in ((0, taken_N), (events.n_items, ~taken_N)):
        pairs = first_choices(events.where(kind_N))
        parts.append((pairs.user_N, pairs.item_N + first, pairs.time_s_N))
    keys: list[str] = []
    for name, column in data.user_categories.items():
        count_V = np.bincount(column.value_V, minlength=len(column.names))
        kept = np.argsort(-count_V, kind="stable")[:VALUES_MAX]
        kept = np.sort(kept[count_V[kept] >= CHOICES_MIN])
        number_V = np.full(len(column.names), -1)
        number_V[kept] = 2 * events.n_items + len(keys) + np.arange(len(kept))
        keys += [f"USERS.{name}={column.names[value]}" for value in kept.tolist()]
        fact_S = number_V[column.value_V]
        user_S = np.repeat(np.arange(events.n_users), np.diff(column.start_I))
        parts.append((user_S[fact_S >= 0], fact_S[fact_S >= 0], np.full(int((fact_S >= 0).sum()), ALWAYS)))
    return keys, facts_of(parts, events.n_users, 2 * events.n_items + len(keys))


def _company(taken: Interactions, facts: Facts) -> Floats:
    """What a fact adds by who has it and took the action, shape (F, I): the log of how much more often than by chance,
    and less the fewer they are. Nothing for an action and itself, and for what was shown.
    """
    from scipy.sparse import csr_array  # heavy: servers answer without SciPy, only training needs it

    n_users, n_items = taken.n_users, taken.n_items
    user_K = np.repeat(np.arange(n_users), np.diff(facts.start_U))
    one_K = np.ones(len(user_K), np.float32)
    has_UF = csr_array((one_K, (user_K, facts.fact_K)), shape=(n_users, facts.n_facts))
    both_FI = (has_UF.T @ has_UF[:, :n_items]).toarray()
    users_F = np.bincount(facts.fact_K, minlength=facts.n_facts).astype(np.float64)
    users_I = users_F[:n_items]
    expected_FI = np.outer(users_F, users_I) / max(1, n_users)
    trust_FI = np.outer(users_F / (users_F + LIFT_USERS), users_I / (users_I + LIFT_USERS))
    company_FI = np.log((both_FI + 1) / (expected_FI + 1)) * trust_FI
    np.fill_diagonal(company_FI, 0)
    company_FI[n_items : 2 * n_items] = 0
    return np.asarray(company_FI, np.float32)


def _worth(data: TrainingData, weight: float) -> Doubles:
    """VALUE to the power of the weight, shape (I,); an action without a VALUE has the lowest. It settles ties, too."""
    value_I = data.item_numbers.get("VALUE", np.ones(data.interactions.n_items, np.float32)).astype(np.float64)
    value_I = np.maximum(np.nan_to_num(value_I, nan=1.0), 1.0)
    return np.asarray(value_I**weight * (1 + 1e-9 * value_I))


def _enough(data: TrainingData) -> Bools:
    """Whether an action has as many events of both kinds in the last six weeks as the documentation asks for."""
    events, taken_N = data.interactions, data.is_of_type(TAKEN)
    recent_N = _era(events) == 0
    counts = [np.bincount(events.item_N[recent_N & kind], minlength=events.n_items) for kind in (taken_N, ~taken_N)]
    return np.asarray((counts[0] >= EACH_MIN) & (counts[1] >= EACH_MIN))


RECIPES: tuple[Recipe, ...] = (NextBestAction(),)
