"""Lists judged from all sides: every measure with its interval, beside the popularity baseline, by slice.

Made alike of lists that a model gives in training and of lists that a server gave over HTTP. docs/metrics.md has the
definitions for people.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tastemaker.data.interactions import Bools, Categories, Interactions, Ints
from tastemaker.data.ranking import top
from tastemaker.metrics import beyond_accuracy, ranking
from tastemaker.metrics.beyond_accuracy import Popularity
from tastemaker.metrics.bootstrap import DRAWS, LEVEL, Interval, Ratio, intervals, mean, ratio_of_means
from tastemaker.metrics.report import CUTS

Lists = NDArray[np.int32]
Body = dict[str, Any]

HEAD_SHARE = 0.8
LOWER_IS_BETTER = ("popularity_bias", "calibration_divergence")


@dataclass(frozen=True)
class Known:
    """What is known apart from the test: events that are no truth, the catalogue's categories and its size.

    n_items_known: None leaves coverage out.
    """

    events: Interactions
    n_items_known: int | None
    categories: Mapping[str, Categories] = field(default_factory=dict)

    @cached_property
    def popularity(self) -> Popularity:
        """Who chose what."""
        return beyond_accuracy.popularity(self.events)

    @property
    def in_head_I(self) -> Bools:
        """The fewest items that have HEAD_SHARE of all events, the most popular ones, shape (I,).

        Source: the 80/20 rule, by which Yin et al., VLDB 2012, tell the long tail.
        """
        events_I = np.bincount(self.events.item_N, minlength=self.events.n_items)
        by_size = np.argsort(-events_I, kind="stable")
        before = np.cumsum(events_I[by_size]) - events_I[by_size]
        in_head_I = np.zeros(self.events.n_items, np.bool_)
        in_head_I[by_size[before < HEAD_SHARE * len(self.events)]] = True
        return in_head_I & (events_I > 0)


@dataclass(frozen=True)
class Answered:
    """Users, what they got, and what they chose afterwards.

    recommended_UK: best first, negative behind the end of a list shorter than others. truths: none is empty.
    histories: what the users had chosen before; may be empty.
    """

    recommended_UK: Lists
    truths: Sequence[Ints]
    histories: Sequence[Ints]

    def of(self, users: Sequence[int]) -> "Answered":
        """The same for these users alone."""
        return Answered(
            self.recommended_UK[np.asarray(users, np.int64)],
            [self.truths[user] for user in users],
            [self.histories[user] for user in users],
        )

    @property
    def lists(self) -> list[Ints]:
        """The lists without what is behind their ends."""
        return [row_K[row_K >= 0] for row_K in self.recommended_UK]


def most_popular(known: Known, length: int) -> Ints:
    """The baseline: one list for everybody, of the items that most users chose."""
    return top(known.popularity.users_I.astype(np.float32), None, length)


def evaluation(test: Answered, length: int, known: Known, *, seed: int, with_baseline: bool = True) -> Body:
    """All measures of lists of `length` items: over all users, then over each slice.

    Each measure: value, low and high (None where there is no interval: coverage is no mean of users); with a baseline
    also its value, the interval of the difference, and whether the lists are better: "yes", "no" or "unsure".
    Raises ValueError without a user.
    """
    if not test.truths:
        raise ValueError("There is no test user: it takes two users, one of them with two interactions.")
    popular = None
    if with_baseline:
        popular_UK = np.tile(most_popular(known, length), (len(test.truths), 1))
        popular = replace(test, recommended_UK=popular_UK)
    found: Body = {"users": len(test.truths), "length": length, "level": LEVEL, "draws": DRAWS, "seed": seed}
    found["measures"] = _judged(test, popular, length, known, seed)
    return found | {"slices": _slices(test, popular, length, known, seed) if with_baseline else {}}


def cuts_of(length: int) -> tuple[int, ...]:
    """Where lists of that length are cut off: as documented, and at their ends."""
    return (*(cut for cut in CUTS if cut < length), length)


def accuracy(test: Answered, length: int) -> dict[str, Ratio]:
    """How well the lists foretell what is chosen next, under the documented keys and keys made like them."""
    hit_UK = ranking.hits(test.recommended_UK, test.truths)
    n_true_U = np.array([len(np.unique(truth)) for truth in test.truths], np.int64)
    found = {f"mean_reciprocal_rank_at_{length}": ranking.reciprocal_rank(hit_UK, length)}
    for cut in cuts_of(length):
        found[f"normalized_discounted_cumulative_gain_at_{cut}"] = ranking.ndcg(hit_UK, n_true_U, cut)
    for cut in cuts_of(length):
        found[f"precision_at_{cut}"] = ranking.precision(hit_UK, cut)
    for cut in cuts_of(length):
        found[f"recall_at_{cut}"] = ranking.recall(hit_UK, n_true_U, cut)
    for cut in cuts_of(length):
        found[f"f1_at_{cut}"] = ranking.f1(hit_UK, n_true_U, cut)
    for cut in cuts_of(length):
        found[f"hit_rate_at_{cut}"] = ranking.hit_rate(hit_UK, cut)
    found[f"mean_average_precision_at_{length}"] = ranking.average_precision(hit_UK, n_true_U, length)
    return {name: mean(value_U) for name, value_U in found.items()}


def qualities(test: Answered, length: int, known: Known) -> dict[str, Ratio]:
    """What the lists are like besides right or wrong."""
    lists, histories = test.lists, [np.unique(history) for history in test.histories]
    found = {
        f"diversity_at_{length}": mean(beyond_accuracy.diversity(lists, known.events)),
        f"novelty_at_{length}": mean(beyond_accuracy.novelty(lists, known.popularity)),
        f"popularity_bias_at_{length}": ratio_of_means(
            beyond_accuracy.mean_popularity(lists, known.popularity),
            beyond_accuracy.mean_popularity(histories, known.popularity),
        ),
    }
    for name, column in known.categories.items():
        away_U = beyond_accuracy.divergence(lists, histories, column)
        found[f"calibration_divergence_{name}_at_{length}"] = mean(away_U)
    return found


def _judged(test: Answered, popular: Answered | None, length: int, known: Known, seed: int) -> Body:
    """Coverage, accuracy and, where histories are known, the other qualities."""
    measures = accuracy(test, length)
    others = accuracy(popular, length) if popular else None
    if popular and others:
        measures |= qualities(test, length, known)
        others |= qualities(popular, length, known)
    told = _told(measures, others, seed)
    return {**_coverage(test, popular, known), **told}


def _coverage(test: Answered, popular: Answered | None, known: Known) -> Body:
    """A share of the catalogue grows with the number of users, so that drawing users again says nothing of it."""
    if not known.n_items_known:
        return {}
    found: Body = {"value": round(ranking.coverage(test.recommended_UK, known.n_items_known), 6)}
    found |= {"low": None, "high": None}
    if popular:
        found["baseline"] = round(ranking.coverage(popular.recommended_UK, known.n_items_known), 6)
    return {"coverage": found}


def _slices(test: Answered, popular: Answered | None, length: int, known: Known, seed: int) -> Body:
    """New and old users; popular and rare items: what each of them gets out of it."""
    size_U = np.array([len(history) for history in test.histories])
    middle = float(np.median(size_U))
    sides = {
        "users_with_short_histories": (size_U < middle, f"fewer than {middle:g} events before, the median"),
        "users_with_long_histories": (size_U >= middle, f"{middle:g} events or more before, the median"),
    }
    found: Body = {}
    for name, (is_in_U, what) in sides.items():
        users = np.flatnonzero(is_in_U).tolist()
        if users:
            mine, theirs = test.of(users), popular.of(users) if popular else None
            judged = _judged(mine, theirs, length, known, seed)
            judged.pop("coverage", None)  # of fewer users, so not to be held against the whole
            found[name] = {"what": what, "users": len(users), "measures": judged}
    in_head_I = known.in_head_I
    halves = {
        "head_items": (in_head_I, f"true items among the most popular that have {HEAD_SHARE:.0%} of the events"),
        "tail_items": (~in_head_I, "true items among all others"),
    }
    for name, (is_in_I, what) in halves.items():
        truths = [truth[is_in_I[truth]] for truth in test.truths]
        users = [user for user, truth in enumerate(truths) if len(truth)]
        if users:
            mine = replace(test, truths=truths).of(users)
            theirs = replace(popular, truths=truths).of(users) if popular else None
            told = _told(accuracy(mine, length), accuracy(theirs, length) if theirs else None, seed)
            found[name] = {"what": what, "users": len(users), "items": int(is_in_I.sum()), "measures": told}
    return found


def _told(measures: dict[str, Ratio], others: dict[str, Ratio] | None, seed: int) -> Body:
    """Values with intervals, rounded; a measure that is about nobody is left out."""
    around, apart = intervals(measures, others, seed=seed)
    found: Body = {}
    for name, between in around.items():
        found[name] = {"value": _short(measures[name].value), **_ends(between)}
        if others is not None:
            difference = apart.get(name)
            found[name] |= {
                "baseline": _short(others[name].value),
                "difference": _ends(difference) if difference else None,
                "better_than_baseline": _better(name, difference),
            }
    return found


def _better(name: str, difference: Interval | None) -> str:
    """Whether the whole interval of the difference lies on the good side of zero, or on the other."""
    if difference is None or difference.low <= 0 <= difference.high:
        return "unsure"
    return "yes" if (difference.low > 0) != name.startswith(LOWER_IS_BETTER) else "no"


def _ends(between: Interval) -> Body:
    return {"low": _short(between.low), "high": _short(between.high)}


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
