"""What the metrics of a solution version mean, in words for people."""

from collections.abc import Mapping

# Name in the API, without its cut -> name on the screen, and meaning; {} is the cut.
MEANING = {
    "coverage": ("coverage", "share of all items that anybody gets to see"),
    "mean_reciprocal_rank_at": ("MRR@{}", "1 / place of the first hit, 0 without one"),
    "normalized_discounted_cumulative_gain_at": ("NDCG@{}", "hits in the first {}, early ones counting more"),
    "precision_at": ("precision@{}", "share of the first {} that were taken later"),
}


def metric_rows(metrics: Mapping[str, float]) -> list[tuple[str, str, str]]:
    """Name, value and meaning of each."""
    return [(label(name), f"{value:.4f}", meaning(name)) for name, value in metrics.items()]


def label(name: str) -> str:
    """A metric's short name; its own for one that is not documented."""
    stem, cut = _taken_apart(name)
    return MEANING[stem][0].format(cut) if stem in MEANING else name


def meaning(name: str) -> str:
    """What a metric says; empty for one that is not documented."""
    stem, cut = _taken_apart(name)
    return MEANING[stem][1].format(cut) if stem in MEANING else ""


def _taken_apart(name: str) -> tuple[str, str]:
    stem, _, cut = name.rpartition("_")
    return (stem, cut) if cut.isdigit() else (name, "")
