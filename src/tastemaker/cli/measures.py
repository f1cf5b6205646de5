"""What the measures of lists mean, in words and tables for people."""

from collections.abc import Mapping, Sequence
from typing import Any

from tastemaker.cli.output import Output

# Name in the API, without its cut -> name on the screen, and meaning; {} is the cut.
MEANING = {
    "coverage": ("coverage", "share of all items that anybody gets"),
    "mean_reciprocal_rank_at": ("MRR@{}", "1 / place of the first hit"),
    "normalized_discounted_cumulative_gain_at": ("NDCG@{}", "hits, early ones counting more"),
    "precision_at": ("precision@{}", "share of these {} taken later"),
    "recall_at": ("recall@{}", "share of what was taken later"),
    "f1_at": ("F1@{}", "both: precision and recall"),
    "hit_rate_at": ("hit rate@{}", "share of users with a hit"),
    "mean_average_precision_at": ("MAP@{}", "mean precision at the hits"),
    "diversity_at": ("diversity@{}", "how unlike the items are, 0 to 1"),
    "novelty_at": ("novelty@{}", "bits: how few know the items"),
    "popularity_bias_at": ("popularity bias@{}", "lists' popularity / users' own"),
    "rmse": ("RMSE", "error of predicted ratings, large ones weighing more"),
    "mae": ("MAE", "mean error of predicted ratings"),
    "item_popularity": ("item popularity", "share of users who chose the items"),
    "item_freshness": ("item freshness", "share of all items that are older"),
    "item_similarity": ("item similarity", "likeness to the item asked for"),
    "trend_prediction_accuracy": ("trend accuracy", "growth foretold / growth there was"),
}
CALIBRATION = "calibration_divergence_"
SIGNS = {"yes": "better", "no": "worse", "unsure": "unsure"}
NOTHING = "-"


def metric_rows(metrics: Mapping[str, float]) -> list[tuple[str, str, str]]:
    """Name, value and meaning of each."""
    return [(label(name), f"{value:.4f}", meaning(name)) for name, value in metrics.items()]


def label(name: str) -> str:
    """A metric's short name; its own for one that is not documented."""
    stem, cut = _taken_apart(name)
    if stem.startswith(CALIBRATION):
        return f"calibration {stem.removeprefix(CALIBRATION).removesuffix('_at')}@{cut}"
    return MEANING[stem][0].format(cut) if stem in MEANING else name


def meaning(name: str) -> str:
    """What a metric says; empty for one that is not documented."""
    stem, cut = _taken_apart(name)
    if stem.startswith(CALIBRATION):
        return "distance from users' own mix, 0 best"
    return MEANING[stem][1].format(cut) if stem in MEANING else ""


def show_measures(
    out: Output, measures: Mapping[str, Any], title: str, more: tuple[str, Mapping[str, str]] | None = None
) -> None:
    """A table of measures with their intervals and their baseline, if they have one.

    more: heading and cells, by measure, of a last column in place of what the measures mean.
    """
    has_baseline = any("baseline" in each for each in measures.values())
    heading, cells = more or ("meaning", {name: meaning(name) for name in measures})
    baseline = (">popularity", "lists are") if has_baseline else ()
    rows = [
        (
            label(name),
            number(each["value"]),
            _interval(each),
            *(_against(each) if has_baseline else ()),
            cells.get(name, ""),
        )
        for name, each in measures.items()
    ]
    out.table(("measure", ">value", "95 % interval", *baseline, heading), rows, title)


def show_slices(out: Output, slices: Mapping[str, Any]) -> None:
    """A table of the same measures, a column for each slice: the value, in brackets the baseline's."""
    if not slices:
        return
    names = list(dict.fromkeys(name for each in slices.values() for name in each["measures"]))
    rows = [(label(name), *(_cell(each["measures"].get(name)) for each in slices.values())) for name in names]
    headings = [f">{name.replace('_', ' ')}" for name in slices]
    out.table(("measure", *headings), rows, "By slice; in brackets the most popular items")
    out.facts(
        [(name.replace("_", " "), f"{each['what']}; {each['users']} users") for name, each in slices.items()], "Slices"
    )


def number(value: float | None) -> str:
    """Four decimals, or a dash for what has no value."""
    return NOTHING if value is None else f"{value:.4f}"


def _interval(measure: Mapping[str, Any]) -> str:
    return NOTHING if measure["low"] is None else f"{number(measure['low'])} to {number(measure['high'])}"


def _against(measure: Mapping[str, Any]) -> Sequence[str]:
    return number(measure.get("baseline")), SIGNS.get(measure.get("better_than_baseline", ""), NOTHING)


def _cell(measure: Mapping[str, Any] | None) -> str:
    return "" if measure is None else f"{number(measure['value'])} ({number(measure.get('baseline'))})"


def _taken_apart(name: str) -> tuple[str, str]:
    stem, _, cut = name.rpartition("_")
    return (stem, cut) if cut.isdigit() else (name, "")
