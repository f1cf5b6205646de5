"""Who chose what, and when: the arrays that every recipe is given, and the query that every model answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

NO_EVENTS = np.zeros(0, np.int32)


@dataclass(frozen=True)
class Interactions:
    """Events sorted by user, then by time, then by order of arrival.

    user_N, item_N: positions in the vocabularies, below n_users and n_items. time_s_N: Unix seconds.
    type_N: position in the list of event types; value_N: EVENT_VALUE, NaN where there is none; weight_N: how much it
    is worth that a model finds the event, 1 if not given. context: for each contextual column the position of the
    event's value in its names (TrainingData.context_names), -1 where there is none. All optional.
    Build unsorted arrays with `interactions()`.
    """

    user_N: Ints
    item_N: Ints
    time_s_N: Longs
    n_users: int
    n_items: int
    type_N: Ints | None = None
    value_N: Floats | None = None
    weight_N: Floats | None = None
    context: Mapping[str, Ints] = field(default_factory=dict)

    @cached_property
    def start_U(self) -> Longs:
        """Where each user's events start, and one more: the events of u are start_U[u]:start_U[u + 1]."""
        return np.searchsorted(self.user_N, np.arange(self.n_users + 1)).astype(np.int64)

    @property
    def pair_N(self) -> Longs:
        """One number for each pair of a user and an item, shape (N,)."""
        return self.user_N.astype(np.int64) * self.n_items + self.item_N

    def __len__(self) -> int:
        return len(self.user_N)

    def history(self, user: int) -> Ints:
        """The items of one user, oldest first; a view, not a copy."""
        return self.item_N[self.start_U[user] : self.start_U[user + 1]]

    def where(self, keep_N: Bools | Longs) -> "Interactions":
        """The events at these places (a mask, or increasing positions); users and items keep their positions."""
        return Interactions(
            self.user_N[keep_N],
            self.item_N[keep_N],
            self.time_s_N[keep_N],
            self.n_users,
            self.n_items,
            None if self.type_N is None else self.type_N[keep_N],
            None if self.value_N is None else self.value_N[keep_N],
            None if self.weight_N is None else self.weight_N[keep_N],
            {column: code_N[keep_N] for column, code_N in self.context.items()},
        )


def interactions(
    user_N: Ints,
    item_N: Ints,
    time_s_N: Longs,
    n_users: int,
    n_items: int,
    type_N: Ints | None = None,
    value_N: Floats | None = None,
    context: Mapping[str, Ints] | None = None,
) -> Interactions:
    """Interactions from events in order of arrival; ties in time keep that order."""
    order_N = np.lexsort((np.arange(len(user_N)), time_s_N, user_N))
    arrived = Interactions(
        np.asarray(user_N, np.int32),
        np.asarray(item_N, np.int32),
        np.asarray(time_s_N, np.int64),
        n_users,
        n_items,
        None if type_N is None else np.asarray(type_N, np.int32),
        None if value_N is None else np.asarray(value_N, np.float32),
        context={column: np.asarray(code_N, np.int32) for column, code_N in (context or {}).items()},
    )
    return arrived.where(order_N)


def newest(key_N: NDArray[np.integer[Any]]) -> Longs:
    """Places of the last occurrence of each key, increasing."""
    return np.sort(len(key_N) - 1 - np.unique(key_N[::-1], return_index=True)[1]).astype(np.int64)


@dataclass(frozen=True)
class Categories:
    """One categorical column: thing i has the values value_V[start_I[i]:start_I[i + 1]]; V counts all values given."""

    names: Sequence[str]
    start_I: Longs
    value_V: Ints

    def of(self, thing: int) -> tuple[str, ...]:
        """The values of one item, or of one user."""
        return tuple(self.names[value] for value in self.value_V[self.start_I[thing] : self.start_I[thing + 1]])


@dataclass(frozen=True)
class TrainingData:
    """Everything a recipe may learn from. Recipes that need less take less.

    item_categories, item_numbers (NaN for none), item_texts ("" for none): columns of the items, by name, shape (I,).
    item_created_s: Unix seconds, 0 where unknown. user_categories: columns of the users. event_types, context_names:
    what type_N and the context of the interactions count. seed: all that chance may depend on.
    """

    interactions: Interactions
    item_categories: Mapping[str, Categories] = field(default_factory=dict)
    event_types: Sequence[str] = ()
    item_numbers: Mapping[str, Floats] = field(default_factory=dict)
    item_texts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    item_created_s: Longs | None = None
    user_categories: Mapping[str, Categories] = field(default_factory=dict)
    context_names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    seed: int = 0

    def is_of_type(self, name: str) -> Bools:
        """Which events are of the type, whatever its case, shape (N,)."""
        wanted = [place for place, known in enumerate(self.event_types) if known.lower() == name.lower()]
        types_N = self.interactions.type_N
        return np.zeros(len(self.interactions), np.bool_) if types_N is None else np.isin(types_N, wanted)

    def about(self, user: int, event: int | None = None) -> "About":
        """What is known of a user and, at one event, of the moment: as in `Query.about`."""
        found = {f"USERS.{name}": column.of(user) for name, column in self.user_categories.items()}
        if event is not None:
            for name, code_N in self.interactions.context.items():
                if code_N[event] >= 0:
                    found[f"CONTEXT.{name}"] = (self.context_names[name][code_N[event]],)
        return found


About = Mapping[str, tuple[str, ...]]


class Influence(NamedTuple):
    """How far popularity and freshness count beside likeness, each 0 to 1, for recipes whose traits have it."""

    popularity: float = 0.0
    freshness: float = 0.0


NO_INFLUENCE = Influence()


@dataclass(frozen=True)
class Query:
    """What a model is asked about.

    history_L: the user's items, oldest first, every one below the model's n_items; empty for a user never seen.
    item: the item of a related-items request; None when there is none, or when the model never saw it.
    value_L: EVENT_VALUE of the events (NaN for none), for recipes whose traits ask for it. time_s_L: their Unix
    seconds, None where nobody knows.
    Of an action the value is 1 where it was taken, and 0 where it was only shown; without values all were taken.
    about: "USERS.GENDER" or "CONTEXT.DEVICE" -> the values of this user, or of this moment; only what is known.
    influence: what the deployment was told.
    """

    history_L: Ints = field(default_factory=lambda: NO_EVENTS)
    item: int | None = None
    value_L: Floats | None = None
    time_s_L: Longs | None = None
    about: About = field(default_factory=dict)
    influence: Influence = NO_INFLUENCE
