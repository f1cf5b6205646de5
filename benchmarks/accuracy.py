"""How well recipes rank: the last choice of every MovieLens user among all items that the user had not seen.

    python benchmarks/accuracy.py --data DIR_OR_ZIP [--sample ml-1m] [--recipe NAME ...] [--valid] [--set l2=100]

Leave-one-out by time: models learn from all but the last two events of each user. The last but one is the truth of
--valid, which parameters are chosen by; the last is the truth of the test, for which the last but one joins the history
but not the training. All items are ranked, none sampled, items of the history are left out, ties count half. Training
is measured in CPU-seconds of all threads. Without --data the folder is the one in TASTEMAKER_SAMPLES.
"""

import argparse
import io
import json
import os
import platform
import subprocess
import sys
import time
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import inv

from tastemaker.data.interactions import Floats, Interactions, Query, TrainingData, interactions
from tastemaker.data.splits import Split, leave_one_out
from tastemaker.metrics.report import Scores
from tastemaker.recipes.catalogue import recipes
from tastemaker.recipes.contract import parse, silent

RATINGS = {
    "ml-1m": ("ml-1m/ratings.dat", "::"),
    "ml-100k": ("ml-100k/u.data", "\t"),
    "ml-latest-small": ("ml-latest-small/ratings.csv", ","),
}
PEERS = ("ease", "ease-decayed")
RESULTS = Path(__file__).parent / "results" / "accuracy.jsonl"
CUT = 10


@dataclass(frozen=True)
class Ease:
    """The peer that is hard to beat without order: one regression of all items on all others.

    weight_II: what each item of the history adds. half_life: an event `age` places from the end counts
    2**(-age / half_life) when a history is read; 0 for all alike.
    Source: Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019.
    """

    weight_II: Floats
    half_life: float

    @classmethod
    def fit(cls, events: Interactions, half_life: float, l2: float = 500.0) -> "Ease":
        """One inverse of the (I, I) Gram matrix."""
        chosen_UI = np.zeros((events.n_users, events.n_items), np.float32)
        chosen_UI[events.user_N, events.item_N] = 1
        inverse_II = inv(chosen_UI.T @ chosen_UI + l2 * np.eye(events.n_items, dtype=np.float32), overwrite_a=True)
        weight_II = inverse_II / -np.diag(inverse_II)
        np.fill_diagonal(weight_II, 0)
        return cls(weight_II.astype(np.float32), half_life)

    def scores(self, query: Query) -> Floats:
        """Shape (I,)."""
        age_L = np.arange(len(query.history_L), dtype=np.float32)[::-1]
        weight_L = np.exp2(-age_L / self.half_life) if self.half_life else np.ones_like(age_L)
        return np.asarray(weight_L @ self.weight_II[query.history_L], np.float32)


def read(place: Path, sample: str) -> Interactions:
    """The ratings of a sample as events, ties in time in the order of the file. place: the zip, or its folder."""
    path, separator = RATINGS[sample]
    with zipfile.ZipFile(place / f"{sample}.zip" if place.is_dir() else place) as archive:
        text = archive.read(path).decode("latin-1").replace(separator, " ")
    has_header = int(text.startswith("userId"))
    rows = np.loadtxt(io.StringIO(text), dtype=np.int64, usecols=(0, 1, 3), skiprows=has_header)
    users, user_N = np.unique(rows[:, 0], return_inverse=True)
    items, item_N = np.unique(rows[:, 1], return_inverse=True)
    return interactions(user_N.astype(np.int32), item_N.astype(np.int32), rows[:, 2], len(users), len(items))


def fit(name: str, events: Interactions, given: Mapping[str, str]) -> Scores:
    """The model of a recipe, or of a peer, with the parameters that it knows of those given."""
    if name in PEERS:
        return Ease.fit(events, half_life=3.0 if name == "ease-decayed" else 0.0)
    recipe = recipes()[name]
    known = {key: value for key, value in given.items() if key in recipe.Params.__dataclass_fields__}
    return recipe.fit(TrainingData(events), parse(recipe.Params, known), silent)


def ranks(model: Scores, split: Split) -> NDArray[np.float64]:
    """Rank of each user's true item among the items not in the history, 1 is best; a tie counts half; shape (U,)."""
    rank_U = np.empty(len(split.queries))
    for user, (query, truth) in enumerate(zip(split.queries, split.truths, strict=True)):
        score_I = model.scores(query)
        others_I = np.ones(len(score_I), np.bool_)
        others_I[query.history_L] = False
        others_I[truth[0]] = False
        rest = score_I[others_I]
        own = score_I[truth[0]]
        rank_U[user] = 1 + np.count_nonzero(rest > own) + 0.5 * np.count_nonzero(rest == own)
    return rank_U


def measure(name: str, split: Split, given: Mapping[str, str]) -> dict[str, float]:
    """NDCG and hit rate at 10, the standard error of the NDCG, CPU-seconds to train, milliseconds to score a user."""
    started_s = time.process_time()
    model = fit(name, split.train, given)
    train_cpu_s = time.process_time() - started_s
    started_s = time.process_time()
    rank_U = ranks(model, split)
    per_user_ms = 1000 * (time.process_time() - started_s) / len(rank_U)
    gain_U = np.where(rank_U <= CUT, 1 / np.log2(rank_U + 1), 0)
    return {
        "ndcg_10": round(float(gain_U.mean()), 4),
        "hr_10": round(float((rank_U <= CUT).mean()), 4),
        "se": round(float(gain_U.std() / len(gain_U) ** 0.5), 4),
        "train_cpu_s": round(train_cpu_s, 1),
        "score_cpu_ms": round(per_user_ms, 3),
        "users": len(rank_U),
    }


def commit() -> str:
    """The commit that is measured; a plus says that files were changed since."""
    command = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parent)
    return done.stdout.strip() or "unknown"


def main(arguments: Sequence[str]) -> None:
    """Measure and print a row for each recipe; with --save also keep it in results/accuracy.jsonl."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    folder = os.environ.get("TASTEMAKER_SAMPLES")
    parser.add_argument("--data", type=Path, default=folder, required=folder is None)
    parser.add_argument("--sample", choices=RATINGS, default="ml-1m")
    usual = ["aws-popularity-count", "aws-sims", *PEERS, "aws-user-personalization"]
    parser.add_argument("--recipe", action="append", choices=[*recipes(), *PEERS])
    parser.add_argument(
        "--valid", action="store_true", help="judge by the last event but one; parameters are chosen so"
    )
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a hyperparameter")
    parser.add_argument("--save", action="store_true", help="append the rows to benchmarks/results/accuracy.jsonl")
    options = parser.parse_args(arguments)
    given = dict(pair.split("=", 1) for pair in options.set)
    split = leave_one_out(read(Path(options.data), options.sample), valid=options.valid)
    print(f"{'recipe':28}{'NDCG@10':>9}{'HR@10':>8}{'SE':>8}{'train CPU-s':>13}{'score CPU-ms':>14}", flush=True)
    for name in options.recipe or usual:
        row = measure(name, split, given)
        print(
            f"{name:28}{row['ndcg_10']:9.4f}{row['hr_10']:8.4f}{row['se']:8.4f}"
            f"{row['train_cpu_s']:13.1f}{row['score_cpu_ms']:14.3f}",
            flush=True,
        )
        if options.save:
            kept = {
                "recipe": name,
                "sample": options.sample,
                "truth": "valid" if options.valid else "test",
                "given": given,
                **row,
                "commit": commit(),
                "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
                "date": datetime.now(UTC).date().isoformat(),
            }
            RESULTS.parent.mkdir(exist_ok=True)
            with RESULTS.open("a", encoding="utf-8") as file:
                file.write(json.dumps(kept) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
