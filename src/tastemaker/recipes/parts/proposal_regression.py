"""The odds that a proposed action is taken, from what was known of the user: one logistic regression for each action.

Ridge penalties draw what every fact adds towards nothing (le Cessie and van Houwelingen, Applied Statistics 1992), so
that facts which say the same share what they say, and chances hold for users of whom much is known: naive Bayes, which
adds up what each fact says alone, is too sure of them.

Dimensions: I actions, P proposals, F facts, K what is known of users, Q facts known at proposals, E eras.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tastemaker.data.interactions import Floats, Ints, Longs

Doubles = NDArray[np.float64]

# Of half a squared log odds ratio, in nats: with 40 proposals at even odds a fact is half believed. Of 3, 10, 20 and 40
# this one foretold best in made-up worlds of 60, 100 and 500 users, with 8 and 40 actions, offered at random or aimed.
PENALTY = 10.0
ROUNDS_MAX = 100
PAIRS_MAX = 20_000_000  # facts at proposals, 24 bytes each; beyond that proposals are drawn at random
ALWAYS = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Facts:
    """Facts of users: those of user u are fact_K[start_U[u]:start_U[u + 1]], known after the time since_s_K."""

    start_U: Longs
    fact_K: Ints
    since_s_K: Longs
    n_facts: int


@dataclass(frozen=True)
class Lesson:
    """Proposals: of which action, when, to whom, how far they were taken (0 to 1), and in which era."""

    user_P: Ints
    item_P: Ints
    time_s_P: Longs
    outcome_P: Doubles
    era_P: Longs

    def at(self, place_p: Longs) -> "Lesson":
        """Some of the proposals."""
        return Lesson(
            self.user_P[place_p],
            self.item_P[place_p],
            self.time_s_P[place_p],
            self.outcome_P[place_p],
            self.era_P[place_p],
        )


def facts_of(parts: Sequence[tuple[Any, Any, Any]], n_users: int, n_facts: int) -> Facts:
    """Facts from parts in any order: users, their facts, and since when these are known, each shape (K,)."""
    user_K, fact_K, since_s_K = (np.concatenate(member) for member in zip(*parts, strict=True))
    order_K = np.argsort(user_K, kind="stable")
    start_U = np.searchsorted(user_K[order_K], np.arange(n_users + 1)).astype(np.int64)
    return Facts(start_U, fact_K[order_K].astype(np.int32), since_s_K[order_K].astype(np.int64), n_facts)


def fitted(
    lesson: Lesson, odds_EI: Doubles, strength_EI: Doubles, facts: Facts, seed: int, watch: Callable[[float], object]
) -> tuple[Doubles, Floats, NDArray[np.bool_]]:
    """Log odds of each action in each era without any fact, shape (E, I); what facts add, and where they were seen,
    both (F, I).

    odds_EI: what the log odds are drawn to, with a penalty of half of strength_EI for a squared difference. Time and
    memory grow with the facts known at all proposals.
    """
    from scipy.optimize import minimize  # heavy: only training needs it
    from scipy.special import expit  # heavy, too

    lesson = _drawn(lesson, facts, seed)
    proposal_Q, fact_Q = _known(lesson, facts)
    n_items, n_odds, n_proposals = odds_EI.shape[1], odds_EI.size, len(lesson.item_P)
    key_X, key_Q = np.unique(fact_Q.astype(np.int64) * n_items + lesson.item_P[proposal_Q], return_inverse=True)
    own_P = lesson.era_P * n_items + lesson.item_P
    prior_X = np.concatenate([odds_EI.ravel(), np.zeros(len(key_X))])
    penalty_X = np.concatenate([strength_EI.ravel(), np.full(len(key_X), PENALTY)])
    rounds = 0

    def surprise(weight_X: Doubles) -> tuple[float, Doubles]:
        nonlocal rounds
        rounds += 1
        watch(rounds / (rounds + 10))
        odds_P = weight_X[own_P] + np.bincount(proposal_Q, weight_X[n_odds + key_Q], minlength=n_proposals)
        wrong_P = expit(odds_P) - lesson.outcome_P
        moved_X = weight_X - prior_X
        slope_X = penalty_X * moved_X
        slope_X[:n_odds] += np.bincount(own_P, wrong_P, minlength=n_odds)
        slope_X[n_odds:] += np.bincount(key_Q, wrong_P[proposal_Q], minlength=len(key_X))
        nats = np.logaddexp(0, odds_P).sum() - lesson.outcome_P @ odds_P + 0.5 * (penalty_X * moved_X**2).sum()
        return float(nats), slope_X

    found_X = minimize(surprise, prior_X, jac=True, method="L-BFGS-B", options={"maxiter": ROUNDS_MAX, "maxcor": 5}).x
    added_FI = np.zeros((facts.n_facts, n_items), np.float32)
    seen_FI = np.zeros((facts.n_facts, n_items), np.bool_)
    added_FI.ravel()[key_X] = found_X[n_odds:]
    seen_FI.ravel()[key_X] = True
    return found_X[:n_odds].reshape(odds_EI.shape), added_FI, seen_FI


def _drawn(lesson: Lesson, facts: Facts, seed: int) -> Lesson:
    """All proposals, or as many drawn at random as have at most PAIRS_MAX facts."""
    count_P = np.diff(facts.start_U)[lesson.user_P]
    if count_P.sum() <= PAIRS_MAX:
        return lesson
    order_P = np.random.default_rng(seed).permutation(len(count_P))
    return lesson.at(np.sort(order_P[np.cumsum(count_P[order_P]) <= PAIRS_MAX]))


def _known(lesson: Lesson, facts: Facts) -> tuple[Longs, Ints]:
    """For every fact that was known of the user at a proposal, the proposal and the fact."""
    count_P = np.diff(facts.start_U)[lesson.user_P]
    proposal_Q = np.repeat(np.arange(len(count_P)), count_P)
    within_Q = np.arange(len(proposal_Q)) - np.repeat(np.cumsum(count_P) - count_P, count_P)
    place_Q = facts.start_U[lesson.user_P][proposal_Q] + within_Q
    is_known_Q = facts.since_s_K[place_Q] < lesson.time_s_P[proposal_Q]
    return proposal_Q[is_known_Q].astype(np.int64), facts.fact_K[place_Q[is_known_Q]]
