"""The documented minimum of data, held with `--strict-minimums` alone; without it one event is enough to train.

Source: guide, "Minimum data requirements": 1000 interactions, and 25 users with two each, who are 1 % of all users.
"""

import numpy as np

from tastemaker.data.selection import Selection
from tastemaker.resources.kind import WorkFailed
from tastemaker.training.corpus import Corpus

INTERACTIONS_MIN = 1000
USERS_MIN, EACH_MIN = 25, 2


def require_enough(corpus: Corpus, chosen: Selection, needs: str | None = None) -> None:
    """Raise WorkFailed, in the words of the service, for less. needs: an event type of which there must be as many."""
    used_N = corpus.used_N(chosen)
    counted = ", ".join(sorted(chosen.by_type or ()))
    if needs is not None:
        counted = needs
        used_N = corpus.used_N(Selection({needs.lower(): chosen.others}))
    if int(used_N.sum()) < INTERACTIONS_MIN:
        if counted:
            raise WorkFailed(
                f"Dataset has fewer than {INTERACTIONS_MIN} interactions after filtering by event type: {counted}"
            )
        raise WorkFailed(f"Create failed. Dataset has fewer than {INTERACTIONS_MIN} interactions.")
    count_U = np.bincount(corpus.events.user_N[used_N], minlength=len(corpus.user_ids))
    n_enough = int((count_U >= EACH_MIN).sum())
    if n_enough < USERS_MIN or n_enough < 0.01 * int((count_U > 0).sum()):
        raise WorkFailed(
            f"Create failed. Dataset has fewer than {USERS_MIN} users with at least {EACH_MIN} interactions each."
        )
