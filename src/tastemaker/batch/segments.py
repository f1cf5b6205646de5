"""Which users are most likely to choose some items: one pass over the users of a training serves many questions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tastemaker.data.interactions import About, Bools, Ints
from tastemaker.data.ranking import softmax, top
from tastemaker.filters import Candidates, Touched, columns_of
from tastemaker.serving.catalogue import Records
from tastemaker.storage.trained import NOTHING, Trained

SHARD_USERS = 20_000  # whose best are kept together: with 500 questions 40 MB of chances, and 80 MB of places at most
BLOCK_CELLS = 8_000_000  # chances of users for the whole catalogue held at a time, 32 MB

BEST = np.dtype([("user", np.int32), ("chance", np.float32)])
NOBODY = -1  # in the place of a user, where a row has fewer

Best = NDArray[np.void]


@dataclass(frozen=True)
class Shard:
    """Users start to end of a training."""

    trained: Trained
    start: int
    end: int

    @property
    def ids(self) -> Sequence[str]:
        return self.trained.user_ids[self.start : self.end]

    @property
    def known_U(self) -> Bools:
        """False for users who were forgotten since: they have no id."""
        return np.array([name != "" for name in self.ids], np.bool_)


def shards(trained: Trained) -> list[Shard]:
    """All users, in order."""
    n_users = len(trained.user_ids)
    return [Shard(trained, start, min(n_users, start + SHARD_USERS)) for start in range(0, n_users, SHARD_USERS)]


def best_of_shard(
    shard: Shard,
    items_of: Sequence[Ints],
    allowed_of: Sequence[Bools],
    most: int,
    watch: Callable[[float, float], object],
    about_of: Callable[[str], About] = lambda _: NOTHING,
) -> Best:
    """For each question, the users most likely to choose one of its items next, best first; shape (questions, most).

    allowed_of: for each question, the users of the shard that count. about_of: what the model is told of the user of
    an id. One call of the model for each user.
    """
    trained, n_users = shard.trained, shard.end - shard.start
    chance_UJ = np.empty((n_users, len(items_of)), np.float32)
    block = max(1, BLOCK_CELLS // max(1, len(trained.item_ids)))
    for first in range(0, n_users, block):
        watch(first, n_users)
        users = range(shard.start + first, min(shard.end, shard.start + first + block))
        queries = (trained.histories.query(user, about_of(trained.user_ids[user])) for user in users)
        chance_BI = np.stack([softmax(trained.model.scores(query)) for query in queries])
        for question, items in enumerate(items_of):
            chance_UJ[first : first + len(users), question] = chance_BI[:, items].sum(axis=1)
    best_JK = np.zeros((len(items_of), min(most, n_users)), BEST)
    best_JK["user"] = NOBODY
    for question, allowed_U in enumerate(allowed_of):
        chance_U = np.ascontiguousarray(chance_UJ[:, question])
        place_K = top(chance_U, allowed_U, most)
        best_JK["user"][question, : len(place_K)] = place_K + shard.start
        best_JK["chance"][question, : len(place_K)] = chance_U[place_K]
    return best_JK


def merged(files: Sequence[Path], question: int, most: int) -> Ints:
    """The best users of all shards for a question, from the files of `best_of_shard`; users in order settle ties."""
    best_K = np.concatenate([np.zeros(0, BEST), *(np.load(file, mmap_mode="r")[question] for file in files)])
    best_K = best_K[best_K["user"] != NOBODY]
    user_K: Ints = best_K["user"][np.argsort(-best_K["chance"], kind="stable")[:most]]
    return user_K


def candidates_of(shard: Shard, users: Records, now_s: float) -> Candidates:
    """The users of a shard as filters see them: their records, and types and times of the events of the training."""
    histories = shard.trained.histories
    span = slice(histories.start_U[shard.start], histories.start_U[shard.end])
    lengths_U = np.diff(histories.start_U[shard.start : shard.end + 1])
    user_N = np.repeat(np.arange(shard.end - shard.start, dtype=np.int32), lengths_U)
    type_N, time_s_N = histories.type_N[span], histories.time_s_N

    def touched(place: int) -> Touched:
        is_of_type_N = type_N == place
        return Touched(user_N[is_of_type_N], None if time_s_N is None else time_s_N[span][is_of_type_N])

    return Candidates(
        n_items=shard.end - shard.start,
        now_s=now_s,
        target="UserID",
        columns=columns_of(users.frame, users.schema, shard.ids, "USER_ID") if users.schema else {},
        events={name: touched(place) for place, name in enumerate(histories.types)},
    )
