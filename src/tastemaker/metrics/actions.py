"""How well the chances of actions hold: measures over the proposals that held-out users got, averaged over actions.

"The values are averages over all actions" (guide, "Metrics for PERSONALIZED_ACTIONS recipes").
"""

from dataclasses import replace

import numpy as np

from tastemaker.data.interactions import Bools, Floats, TrainingData
from tastemaker.data.proposals import TAKEN, proposals
from tastemaker.data.ranking import top
from tastemaker.data.splits import Split
from tastemaker.metrics.report import Scores

LIKELY = 0.5
LIST_LENGTH = 5  # what a request gets that asks for no number


def action_measures(model: Scores, data: TrainingData, split: Split, period_s: int) -> dict[str, float]:
    """coverage, precision, recall and auc; {} without a test user.

    coverage: share of all actions that some test user would get among the first five. The others judge the proposals
    among the newest events of each test user by what was known before all of these, and are means over the actions
    that were taken and were not, without which they are left out. precision, recall: of the chances of 0.5 and more; of
    an action that never has one they are 0. auc: the probability that a taken proposal got the higher chance, ties
    counting half. A proposal whose period is not over counts as not taken.
    """
    events, taken_N = data.interactions, data.is_of_type(TAKEN)
    asked = proposals(events, taken_N, period_s)
    chances, places, listed = [], [], []
    for user, first, query in zip(split.tested.tolist(), split.first_N.tolist(), split.queries, strict=True):
        value_L = taken_N[events.start_U[user] : first].astype(np.float32)
        chance_I = model.scores(replace(query, item=None, value_L=value_L))
        span = np.arange(*np.searchsorted(asked.place_P, [first, events.start_U[user + 1]]))
        places.append(span)
        chances.append(chance_I[events.item_N[asked.place_P[span]]])
        listed.append(top(chance_I, None, LIST_LENGTH))
    if not listed:
        return {}
    place_T, chance_T = np.concatenate(places), np.concatenate(chances)
    action_T, taken_T = events.item_N[asked.place_P[place_T]], asked.taken_P[place_T]
    found = []
    for action in np.unique(action_T):
        own_T = action_T == action
        if 0 < taken_T[own_T].sum() < own_T.sum():
            found.append(_judged(chance_T[own_T], taken_T[own_T]))
    names = ("precision", "recall", "auc")
    return {
        "coverage": len(np.unique(np.concatenate(listed))) / max(1, events.n_items),
        **(dict(zip(names, np.mean(found, axis=0).tolist(), strict=True)) if found else {}),
    }


def _judged(chance_T: Floats, taken_T: Bools) -> tuple[float, float, float]:
    """Precision, recall and area under the curve of one action."""
    likely_T = chance_T >= LIKELY
    right = int((likely_T & taken_T).sum())
    others = np.sort(chance_T[~taken_T])
    beaten = np.searchsorted(others, chance_T[taken_T], "left") + np.searchsorted(others, chance_T[taken_T], "right")
    return right / max(1, int(likely_T.sum())), right / int(taken_T.sum()), float(beaten.mean() / 2 / len(others))
