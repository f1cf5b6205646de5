"""The documented percentile filters: who is left out of training for having too short or too long a history.

"min_user_history_length_percentile: the minimum percentile of user history lengths to include in model training", and
likewise for the maximum and for the number of interactions of an item (guide, pages of the recipes).
"""

import numpy as np

from tastemaker.data.interactions import Bools, Interactions, Longs


def within_percentiles(count_X: Longs, low: float, high: float) -> Bools:
    """Which of the counts lie between the two percentiles (0 to 1) of those that are not zero, shape (X,).

    Both ends belong to the range. All that have anything are kept when low > high, which nothing could satisfy.
    """
    present_X = count_X > 0
    if not present_X.any() or low > high:
        return present_X
    least, most = np.quantile(count_X[present_X], [low, high], method="inverted_cdf")
    return np.asarray(present_X & (count_X >= least) & (count_X <= most))


def of_users_within(events: Interactions, low: float, high: float) -> Interactions:
    """The events of those users whose history length lies between the two percentiles."""
    return events.where(is_of_users_within(events, low, high))


def is_of_users_within(events: Interactions, low: float, high: float) -> Bools:
    """The same as a mask, shape (N,)."""
    return within_percentiles(np.diff(events.start_U), low, high)[events.user_N]
