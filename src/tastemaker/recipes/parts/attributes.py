"""What a user's columns and the context of a request say: items chosen more often by such users, at such moments.

The lift of an item for a value is the logarithm of its share among the choices with that value, relative to its share
among all; shares of rare values are drawn towards the share among all (Dirichlet smoothing: Zhai and Lafferty, TOIS
2004). Lifts of several columns add up, as if the columns were independent.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from tastemaker.data.interactions import About, Bools, Floats, Interactions, Ints, TrainingData
from tastemaker.recipes.parts.popularity import first_choices

SMOOTHING = 500.0  # choices that a value needs before its own share counts as much as that among all
CHOICES_MIN = 20  # of a value that is looked at
VALUES_MAX = 300  # of a column, those with most choices
CELLS_MAX = 20_000_000  # values of a column times items, 80 MB


@dataclass(frozen=True)
class Attributes:
    """keys: "USERS.GENDER=F" for each row of lift_VM. Empty where the data have no such columns."""

    keys: Sequence[str] = ()
    lift_VM: Floats = field(default_factory=lambda: np.zeros((0, 0), np.float32))

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The columns that it wants to be told."""
        return tuple(dict.fromkeys(key.split("=", 1)[0] for key in self.keys))

    @cached_property
    def _row(self) -> dict[str, int]:
        return {key: row for row, key in enumerate(self.keys)}

    def known(self, about: About) -> list[str]:
        """The keys of what is told that it knows something of."""
        keys = (f"{column}={value}" for column, values in about.items() for value in values)
        return [key for key in keys if key in self._row]

    def lift(self, about: About) -> Floats | None:
        """What is told adds this to the logarithm of an item's chance, shape (M,); None for nothing."""
        found = self.known(about)
        return np.asarray(self.lift_VM)[[self._row[key] for key in found]].sum(axis=0) if found else None

    def of_items(self, kept_m: Ints) -> "Attributes":
        """The same for some of the modelled items only."""
        return replace(self, lift_VM=np.asarray(self.lift_VM)[:, kept_m]) if self.keys else self


def attributes(data: TrainingData, learned_N: Bools, place_I: Ints, n_modelled: int) -> Attributes:
    """The lifts of all categorical columns of the users and of the context. learned_N: events to learn from."""
    keys: list[str] = []
    rows: list[Floats] = []
    for column, names, value_P, place_P in _choices(data, learned_N, place_I):
        count_V = np.bincount(value_P, minlength=len(names))
        kept = np.argsort(-count_V, kind="stable")[: min(VALUES_MAX, CELLS_MAX // n_modelled)]
        for value in np.sort(kept[count_V[kept] >= CHOICES_MIN]).tolist():
            keys.append(f"{column}={names[value]}")
            rows.append(_lift(place_P[value_P == value], place_P, n_modelled))
    return Attributes(keys, np.stack(rows)) if rows else Attributes()


def _lift(own_P: Ints, all_P: Ints, n_modelled: int) -> Floats:
    everywhere_M = np.bincount(all_P, minlength=n_modelled) + 1.0
    everywhere_M /= everywhere_M.sum()
    here_M = np.bincount(own_P, minlength=n_modelled) + SMOOTHING * everywhere_M
    return np.asarray(np.log(here_M / here_M.sum() / everywhere_M), np.float32)


def _choices(data: TrainingData, learned_N: Bools, place_I: Ints) -> Iterator[tuple[str, Sequence[str], Ints, Ints]]:
    """For each column its name, its values, and pairs of a value and the place of an item chosen with it.

    A user counts once for each item; an event with a context counts for itself.
    """
    events = data.interactions.where(learned_N & (place_I[data.interactions.item_N] >= 0))
    pairs: Interactions = first_choices(events)
    for name, column in data.user_categories.items():
        n_values_U = np.diff(column.start_I)
        n_values_P = n_values_U[pairs.user_N]
        end_P = np.cumsum(n_values_P)
        within_P = np.arange(int(n_values_P.sum())) - np.repeat(end_P - n_values_P, n_values_P)
        value_P = column.value_V[np.repeat(column.start_I[pairs.user_N], n_values_P) + within_P]
        yield f"USERS.{name}", column.names, value_P, np.repeat(place_I[pairs.item_N], n_values_P)
    for name, code_N in events.context.items():
        is_told_N = code_N >= 0
        yield f"CONTEXT.{name}", data.context_names[name], code_N[is_told_N], place_I[events.item_N[is_told_N]]
