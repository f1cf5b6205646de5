"""How well users are found for items: the measures of the user segmentation recipes.

"hits_at_1_percent" is a mean number of users, not a share (guide, "Metrics for USER_SEGMENTATION recipes").
"""

import numpy as np

from tastemaker.data.ranking import softmax
from tastemaker.data.splits import Split
from tastemaker.metrics.report import Scores

CELLS_MAX = 50_000_000  # scores held at a time, 200 MB; beyond that a sample of the items is measured


def segment_measures(model: Scores, split: Split, n_items_known: int) -> dict[str, float]:
    """coverage, hits_at_1_percent and recall_at_1_percent over the items that test users chose; {} without any.

    For each of these items: of the 1 % of users (at least one) to whom the model gives it the best chance, how many
    really chose it afterwards.
    """
    if not split.queries:
        return {}
    n_users = len(split.queries)
    user_V = np.repeat(np.arange(n_users), [len(truth) for truth in split.truths])
    item_V = np.concatenate(split.truths)
    items, first = np.unique(item_V, return_index=True)
    n_chosen, most = len(items), max(1, CELLS_MAX // n_users)
    if len(items) > most:  # evenly over when they were first seen, which says nothing about how popular they are
        items = np.sort(items[np.argsort(first)][:: -(-len(items) // most)])
    score_UJ = np.empty((n_users, len(items)), np.float32)
    for user, query in enumerate(split.queries):
        score_UJ[user] = softmax(model.scores(query))[items]
    n_best = max(1, n_users // 100)
    best_BJ = np.argpartition(-score_UJ, n_best - 1, axis=0)[:n_best]
    hits, recalls = [], []
    for place, item in enumerate(items):
        chosen_by = np.unique(user_V[item_V == item])
        n_hits = int(np.isin(best_BJ[:, place], chosen_by).sum())
        hits.append(n_hits)
        recalls.append(n_hits / len(chosen_by))
    return {
        "coverage": n_chosen / max(1, n_items_known),
        "hits_at_1_percent": float(np.mean(hits)),
        "recall_at_1_percent": float(np.mean(recalls)),
    }
