"""What `tastemaker board` found, as tables for people, in the terminal and in Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tastemaker.resources.kind import Body
from tastemaker.training.board import BASELINE, Entry

PROTOCOLS = {
    "users": "a tenth of the users held out, the newest tenth of their events to be foretold",
    "last": "everybody's last event to be foretold, learned from all but the last two",
}
# A heading that begins with > is of a column of numbers.
HEADINGS = (
    "recipe",
    ">NDCG@10",
    "95 % interval",
    "vs pop.",
    ">P@10",
    ">cover",
    ">RMSE",
    ">CPU-s",
    ">ms/user",
)
RATED_HEADINGS = ("predicted by", ">RMSE", "95 % interval", ">MAE", "95 % interval", "vs bias", ">ratings")
BASELINES = {"global_mean": "the mean of all ratings", "bias": "bias model: mean + user + item"}
NOTHING = "-"
MEANINGS = (
    "Lists of 10. Intervals are drawn over users. *vs pop.*: whether the whole interval of the difference to "
    f"{BASELINE} is on one side of zero; *vs bias*: the same for squared errors. *P*: precision; *cover*: share of all "
    "items that anybody got; *CPU-s*: to train; *ms/user*: CPU time of one list."
)


@dataclass
class Found:
    """entries: what recipes came to. ratings: RMSE and MAE of the baselines, by name. failed: recipe -> reason."""

    ratings: dict[str, Body]
    entries: list[Entry] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def best_first(self) -> list[Entry]:
        """By NDCG."""
        return sorted(self.entries, key=lambda each: -each.found["ndcg"])

    @property
    def told(self) -> Body:
        """For programs."""
        shown = {each.recipe: each.found for each in self.best_first}
        return {"recipes": shown, "rating_baselines": self.ratings, "failed": self.failed}


def rows(found: Found) -> list[tuple[str, ...]]:
    """A row for each recipe, best first."""
    return [
        (
            each.recipe,
            f"{each.found['ndcg']:.4f}",
            _interval(each.found["interval"]),
            each.found["vs_popularity"] or NOTHING,
            f"{each.found['precision']:.3f}",
            f"{each.found['coverage']:.3f}",
            f"{each.found['rmse']:.4f}" if "rmse" in each.found else NOTHING,
            f"{each.found['train_cpu_s']:.1f}",
            f"{each.found['user_ms']:.2f}",
        )
        for each in found.best_first
    ]


def rated_rows(found: Found) -> list[tuple[str, ...]]:
    """A row for each recipe that predicts ratings, and for each baseline, best first."""
    predicted = {BASELINES[name]: figures for name, figures in found.ratings.items()}
    predicted |= {each.recipe: each.found for each in found.entries if "rmse" in each.found}
    return [
        (
            name,
            f"{figures['rmse']:.4f}",
            _interval(figures["rmse_interval"]),
            f"{figures['mae']:.4f}",
            _interval(figures["mae_interval"]),
            figures["vs_bias"] or NOTHING,
            f"{figures['ratings']:,}",
        )
        for name, figures in sorted(predicted.items(), key=lambda pair: pair[1]["rmse"])
    ]


def markdown(title: str, found: Found) -> str:
    """The same as a page."""
    parts = [f"{title}.", MEANINGS, _table(HEADINGS, rows(found))]
    if found.ratings:
        parts.append(_table(RATED_HEADINGS, rated_rows(found)))
    parts += [f"{name} is left out: {why}" for name, why in found.failed.items()]
    return "\n\n".join(parts) + "\n"


def _table(headings: Sequence[str], found: Sequence[Sequence[str]]) -> str:
    rule = ["---:" if heading.startswith(">") else "---" for heading in headings]
    cells = [[heading.lstrip(">") for heading in headings], rule, *found]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in cells)


def _interval(ends: Sequence[float]) -> str:
    return f"{ends[0]:.3f} to {ends[1]:.3f}"
