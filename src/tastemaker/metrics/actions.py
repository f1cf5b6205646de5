"""How well the chances of actions hold: measures over the proposals that held-out users got."""

import numpy as np

from tastemaker.data.interactions import Query, TrainingData
from tastemaker.data.splits import Split
from tastemaker.metrics.report import Scores

TAKEN = "taken"
LIKELY = 0.5


def action_measures(model: Scores, data: TrainingData, split: Split) -> dict[str, float]:
    """coverage, precision, recall and auc of "taken" against all other proposals; {} without both kinds.

    The newest events of each test user are judged by what the user took before them. auc: the chance that a taken
    proposal got the higher score, ties count half.
    """
    events, is_taken_N = data.interactions, data.is_of_type(TAKEN)
    chances, outcomes = [], []
    for user, first, query, truth in zip(split.tested, split.first_N, split.queries, split.truths, strict=True):
        took_L = is_taken_N[events.start_U[user] : first]
        score_I = model.scores(Query(query.history_L[took_L], about=query.about))
        chances.append(score_I[truth])
        outcomes.append(is_taken_N[first : first + len(truth)])
    if not chances:
        return {}
    chance_N, taken_N = np.concatenate(chances), np.concatenate(outcomes)
    if taken_N.all() or not taken_N.any():
        return {}
    likely_N = chance_N >= LIKELY
    right = int((likely_N & taken_N).sum())
    below_N = np.searchsorted(np.sort(chance_N[~taken_N]), chance_N[taken_N], "left")
    upto_N = np.searchsorted(np.sort(chance_N[~taken_N]), chance_N[taken_N], "right")
    return {
        "coverage": len(np.unique(np.concatenate(split.truths))) / max(1, events.n_items),
        "precision": right / max(1, int(likely_N.sum())),
        "recall": right / int(taken_N.sum()),
        "auc": float(((below_N + upto_N) / 2).mean() / int((~taken_N).sum())),
    }
