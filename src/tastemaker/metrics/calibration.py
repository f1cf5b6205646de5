"""The temperature at which the softmax of the scores is the most likely probability of what users chose next."""

import numpy as np
from numpy.typing import NDArray

WIDEST = 1e4  # the search reaches from this part of the scores' standard deviation to this multiple of it


def temperature(scores_UI: NDArray[np.float32], truth_U: NDArray[np.int32]) -> float:
    """What to divide the scores by: maximum likelihood of item truth_U[u] under softmax(scores_UI[u] / temperature).

    Scores of users the model did not learn from, else it will be too sure of itself. If the scores were divided by a
    temperature already, the result multiplies it. 1.0 where there is nothing to learn: no user, or equal scores.
    About 30 passes over the scores. Source: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.
    """
    from scipy.optimize import minimize_scalar  # heavy: servers answer without SciPy, only training needs it
    from scipy.special import logsumexp  # heavy, too

    score_UI = np.asarray(scores_UI, np.float64)
    spread = float(score_UI.std(axis=1).mean()) if len(score_UI) else 0.0
    if spread == 0:
        return 1.0
    score_UI = (score_UI - score_UI.max(axis=1, keepdims=True)) / spread
    true_score_U = score_UI[np.arange(len(score_UI)), truth_U]

    def surprise(log_temperature: float) -> float:
        """Mean negative log likelihood."""
        sharpness = np.exp(-log_temperature)
        return float((logsumexp(score_UI * sharpness, axis=1) - true_score_U * sharpness).mean())

    found = minimize_scalar(surprise, bounds=(-np.log(WIDEST), np.log(WIDEST)), method="bounded")
    return float(np.exp(found.x) * spread)
