"""What the documentation asks of data, held with `--strict-minimums` and `--strict-quotas`; one event is enough else.

Source: guide, "Minimum data requirements": 1000 interactions, and 25 users with two each, who are 1 % of all users.
"""

import numpy as np

from tastemaker.data.selection import Selection
from tastemaker.resources.kind import WorkFailed
from tastemaker.training.corpus import Corpus

INTERACTIONS_MIN = 1000
USERS_MIN, EACH_MIN = 25, 2
TYPES_AND_COLUMNS_MAX = 10


def require_few_types(corpus: Corpus) -> None:
    """Raise WorkFailed for more event types and optional columns of events than the quotas allow."""
    n_types = len([name for name in corpus.types if name])
    if n_types + corpus.optional_columns > TYPES_AND_COLUMNS_MAX:
        raise WorkFailed(
            f"Create failed. Dataset has {n_types} event types and {corpus.optional_columns} optional columns, and can "
            f"have {TYPES_AND_COLUMNS_MAX} of both together."
        )


def require_texts(corpus: Corpus) -> None:
    """Raise WorkFailed if no item has a text: a recipe that compares texts has nothing to compare."""
    if not any(any(texts) for texts in corpus.item_texts.values()):
        raise WorkFailed(
            "Create failed. No item has a name or a text in the columns marked itemName and textual: import items with "
            "texts into the Items dataset, then train again."
        )


def require_enough(corpus: Corpus, chosen: Selection, recipe_type: str, needs: str | None = None) -> None:
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
    if recipe_type == "USER_SEGMENTATION" and np.ptp(corpus.events.time_s_N[used_N]) == 0:
        raise WorkFailed("Create failed. All interactions have the same timestamp: segments are learned from order.")
    count_U = np.bincount(corpus.events.user_N[used_N], minlength=len(corpus.user_ids))
    n_enough = int((count_U >= EACH_MIN).sum())
    if n_enough < USERS_MIN or n_enough < 0.01 * int((count_U > 0).sum()):
        raise WorkFailed(
            f"Create failed. Dataset has fewer than {USERS_MIN} users with at least {EACH_MIN} interactions each."
        )
