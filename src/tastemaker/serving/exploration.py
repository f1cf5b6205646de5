"""Exploration: places of a list that go to items of which little is known, by what came of showing them.

An item is cold if it is young and had few interactions when the model was trained, or came after that. Its appeal, how
much more often than others it is chosen when shown, is drawn from what is known of it (Thompson sampling: Chapelle and
Li, "An Empirical Evaluation of Thompson Sampling", NeurIPS 2011): impressions without a choice lower it, choices raise
it, and of an item that was never shown it may be anything.

Dimensions: I items of the catalogue, C cold items, K places of a list.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from weakref import WeakKeyDictionary

import numpy as np

from tastemaker.data.exposure import fit
from tastemaker.data.interactions import Bools, Floats, Ints, Longs
from tastemaker.filters import Numbers, texts_of
from tastemaker.resources.contents import ID_COLUMNS
from tastemaker.serving.catalogue import Catalogue, Records
from tastemaker.serving.deployments import Deployment
from tastemaker.serving.rankings import Ranking
from tastemaker.serving.remembered import Remembered
from tastemaker.storage.events import newest_seq, responses_of
from tastemaker.storage.store import Store
from tastemaker.storage.trained import Histories

DAY_S = 86_400
FRESH_S = 1.0  # how old the counts of impressions may be
LOOK_MAX = 5_000  # events read at a time, about 10 ms: who is behind by more, after a restart, catches up look by look
DRAWS_MIN, DRAWS_MAX, DRAWN_MAX = 8, 256, 1_000_000  # appeals are drawn for many replies at once; and numbers in all
LEAST_FIT = 1e-30  # of an item that may be explored, however little it suits
FITS_MAX = 64  # of one deployment that are remembered after the model computed them: 4 bytes for each cold item
# Choices of which a new item is thought to have had one, and impressions for as many on average: a prior of mean 1.
PRIOR = 1.0
RATE_SHOWN = 25.0  # impressions as which the usual share of choices is known beforehand: one of a list of 25


@dataclass(frozen=True, eq=False)
class Cold:
    """What may be explored: cold items of the catalogue, and newcomers, which the model does not know.

    ids: of both, shape (C,). known_C: the places in the catalogue of the former, rising; they are the first. newcomers:
    a catalogue of the latter alone, to be filtered as the other is. kept_c, kept_h: those whose fit the artifact keeps,
    among these and among the kept; are_kept: all of them, in their order.
    """

    ids: Sequence[str]
    known_C: Ints
    kept_c: Longs
    kept_h: Longs
    are_kept: bool
    newcomers: Deployment | None


@dataclass
class _Seen:
    """What a process knows of a deployment's cold items. shown, chosen: by item, since the training.

    source, as_of: the records that cold follows from, and the counter of these. draws: as of looked_s; every reply
    takes one of them. places: by length of a list and by draw, which places are explored.
    """

    cold: Cold
    source: object
    as_of: int
    through_seq: int
    shown: Counter[str] = field(default_factory=Counter)
    chosen: Counter[str] = field(default_factory=Counter)
    looked_s: float = -np.inf
    draws: Sequence[Floats] = ()
    places: dict[int, Sequence[Sequence[int]]] = field(default_factory=dict)


class Explorers:
    """Exploration of all deployments of one server process; used by one thread."""

    def __init__(self, store: Store, catalogue: Catalogue) -> None:
        self._store, self._catalogue = store, catalogue
        self._seen: WeakKeyDictionary[Deployment, _Seen] = WeakKeyDictionary()
        self._fits = Remembered[Floats](FITS_MAX)

    def suits(
        self,
        deployment: Deployment,
        ranking: Ranking,
        listed_K: Ints,
        allowed_I: Bools | None,
        allowed_among: Callable[[Deployment], Bools | None],
        as_of: int,
    ) -> Floats:
        """How well the cold items suit a list, 0 for those that may not be in it; shape (C,).

        listed_K: what is in it by relevance. as_of: the counter of the records.
        allowed_I: what may be in it, None for everything; allowed_among: the same of another catalogue.
        """
        cold = self._up_to_date(deployment, as_of).cold
        fit_C = np.maximum(self._fit(deployment, ranking, cold), LEAST_FIT)
        n_known = len(cold.known_C)
        if allowed_I is not None:
            fit_C[:n_known][~allowed_I[cold.known_C]] = 0
        if n_known:
            near_K = np.minimum(cold.known_C.searchsorted(listed_K), n_known - 1)
            fit_C[near_K[cold.known_C[near_K] == listed_K]] = 0
        if cold.newcomers is not None and (of_newcomers := allowed_among(cold.newcomers)) is not None:
            fit_C[n_known:][~of_newcomers] = 0
        return fit_C

    def picked(
        self, deployment: Deployment, suits_C: Floats, wanted: int, as_of: int, chance: int
    ) -> list[tuple[int, str]]:
        """Places of a list of so many items that go to cold ones, and the ids of these; in the order of the places.

        suits_C: what `suits` said as of the same records. chance: the seed.
        """
        seen = self._up_to_date(deployment, as_of)
        places_R = seen.places.get(wanted)
        if places_R is None:
            places_R = seen.places[wanted] = self._places(deployment, wanted, len(seen.draws))
        draw = chance % len(places_R)
        places = places_R[draw]
        # Should other records have come between a look at their counter and one at them, nothing is explored once.
        if not places or len(suits_C) != len(seen.cold.ids) or not len(suits_C):
            return []
        worth_C = suits_C * seen.draws[draw]
        found = []
        for place in places:
            best = int(worth_C.argmax())
            if not worth_C[best]:
                break
            found.append((place, seen.cold.ids[best]))
            worth_C[best] = 0
        return found

    def _places(self, deployment: Deployment, wanted: int, n_draws: int) -> Sequence[Sequence[int]]:
        """Which places of a list of this length are explored, so many times: each with the same chance."""
        exploration = deployment.manner.exploration
        assert exploration is not None, "asked of deployments that explore"
        rng = np.random.default_rng(self._store.new_chance())
        n_R = rng.binomial(wanted, exploration.share, n_draws).tolist()
        first_R = rng.integers(max(1, wanted), size=n_draws).tolist()
        return [
            # From a place where all begin on in even steps.
            sorted([(first + step * wanted // n) % wanted for step in range(n)])
            for n, first in zip(n_R, first_R, strict=True)
        ]

    def _up_to_date(self, deployment: Deployment, as_of: int) -> _Seen:
        now_s, seen = self._store.now_s(), self._seen.get(deployment)
        if seen is None or seen.as_of != as_of:
            records = self._catalogue.records(deployment.group, deployment.things, as_of)
            if seen is None or seen.source is not records.frame:
                cold = _cold(deployment, records, self._catalogue.candidate_columns(deployment, as_of))
                known = seen or _Seen(cold, records.frame, as_of, deployment.trained.through_seq)
                seen = self._seen[deployment] = replace(known, cold=cold, source=records.frame, looked_s=-np.inf)
            seen.as_of = as_of
        if now_s - seen.looked_s >= FRESH_S:
            self._count(deployment, seen)
            seen.draws = _draws(deployment, seen, self._store.new_chance())
            seen.places.clear()
            seen.looked_s = now_s
        return seen

    def _count(self, deployment: Deployment, seen: _Seen) -> None:
        """Take in what was shown and chosen since the last look."""
        with self._store.database.read() as connection:
            through_seq = min(newest_seq(connection), seen.through_seq + LOOK_MAX)
            new = responses_of(connection, deployment.dataset_seq, seen.through_seq, through_seq)
        seen.through_seq = through_seq
        for each in new:
            seen.shown.update(set(each.shown))
            if each.item_id in each.shown and deployment.manner.chosen.weight(each.event_type, each.event_value) > 0:
                seen.chosen[each.item_id] += 1

    def _fit(self, deployment: Deployment, ranking: Ranking, cold: Cold) -> Floats:
        """How well the model finds that each cold item suits; relative to their mean, which is that of newcomers."""
        heads = deployment.trained.heads
        kept_UC = heads.fit_UC if heads is not None and ranking.head is not None else None
        if kept_UC is not None and cold.are_kept:
            return kept_UC[ranking.head].astype(np.float32)
        if kept_UC is None and len(cold.known_C):
            return self._fits.get(deployment, ranking, cold.known_C, lambda: _scored(deployment, ranking, cold))
        fit_C = np.ones(len(cold.ids), np.float32)
        if kept_UC is not None:
            fit_C[cold.kept_c] = kept_UC[ranking.head, cold.kept_h]
        return fit_C


def _scored(deployment: Deployment, ranking: Ranking, cold: Cold) -> Floats:
    fit_C = np.ones(len(cold.ids), np.float32)
    fit_C[: len(cold.known_C)] = fit(ranking.scores_of(deployment, cold.known_C))
    return fit_C


def _cold(deployment: Deployment, records: Records, columns: Mapping[str, object]) -> Cold:
    known_C = _young(deployment, columns)
    newcomers = _newcomers(deployment, records)
    ids = [*(deployment.trained.item_ids[place] for place in known_C.tolist()), *newcomers]
    heads = deployment.trained.heads
    kept = np.zeros(0, np.int32) if heads is None or heads.cold_C is None else heads.cold_C
    _, kept_c, kept_h = np.intersect1d(known_C, kept, assume_unique=True, return_indices=True)
    of_newcomers = _of_newcomers(deployment, newcomers) if newcomers else None
    are_kept = not newcomers and np.array_equal(known_C, kept)
    return Cold(ids, known_C, kept_c, kept_h, are_kept, of_newcomers)


def _newcomers(deployment: Deployment, records: Records) -> list[str]:
    """Ids of the records that the model does not know; all at once, as to look each of a million up takes seconds."""
    if records.schema is None:
        return []
    ids = records.frame[ID_COLUMNS[deployment.things]]
    return ids.filter(~ids.is_in(texts_of(deployment.trained.item_ids).implode())).to_list()


def _young(deployment: Deployment, columns: Mapping[str, object]) -> Ints:
    """Places of the items with few interactions that are no older than the deployment says; shape (C,).

    "Age = newest interaction of the dataset - CREATION_TIMESTAMP"; where that is missing an item is as old as its first
    interaction, and without any as new as can be.
    """
    exploration = deployment.manner.exploration
    assert exploration is not None, "asked of deployments that explore"
    age = deployment.ages
    born_s_I = age.first_s_I
    created = columns.get("CREATION_TIMESTAMP")
    if isinstance(created, Numbers):
        created_s_I = created.value_I[:-1]
        born_s_I = np.where(np.isnan(created_s_I), born_s_I, created_s_I)
    is_young_I = born_s_I >= age.newest_s - exploration.age_days_max * DAY_S
    return np.flatnonzero(is_young_I & age.is_cold_I).astype(np.int32)


def _of_newcomers(deployment: Deployment, ids: Sequence[str]) -> Deployment:
    """The same deployment over a catalogue of items that its model does not know."""
    nothing = Histories(np.zeros(1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.bool_), [])
    trained = replace(deployment.trained, user_ids=[], item_ids=list(ids), histories=nothing, heads=None)
    return replace(deployment, trained=trained)


def _draws(deployment: Deployment, seen: _Seen, seed: int) -> Sequence[Floats]:
    """What each cold item's appeal may be, by how often it was shown and chosen; of shape (C,), many times.

    0 for those that are found to be chosen less often than others.
    """
    cold, exposure = seen.cold, deployment.trained.exposure
    shown_C = np.array([seen.shown[name] for name in cold.ids], np.float64)
    chosen_C = np.array([seen.chosen[name] for name in cold.ids], np.float64)
    all_shown, all_chosen = seen.shown.total(), seen.chosen.total()
    if exposure is not None:
        known = slice(len(cold.known_C))
        shown_C[known] += exposure.shown_I[cold.known_C]
        chosen_C[known] += exposure.chosen_I[cold.known_C]
        all_shown, all_chosen = all_shown + int(exposure.shown_I.sum()), all_chosen + int(exposure.chosen_I.sum())
    usual = (1 + all_chosen) / (RATE_SHOWN + all_shown)
    n_rows = max(DRAWS_MIN, min(DRAWS_MAX, DRAWN_MAX // max(1, len(cold.ids))))
    rng = np.random.default_rng(seed)
    appeal_RC = rng.gamma(PRIOR + chosen_C, 1 / (PRIOR + usual * shown_C), (n_rows, len(cold.ids))).astype(np.float32)
    appeal_RC[appeal_RC < 1] = 0
    return list(appeal_RC)
