"""How well recipes rank: the last choice of every MovieLens user among all items that the user had not seen.

    python benchmarks/accuracy.py --data DIR_OR_ZIP [--sample ml-1m] [--recipe NAME ...] [--both] [--set l2=100]

Leave-one-out by time: models learn from all but the last two events of each user. The last but one is the truth of
--valid, which parameters are chosen by; the last is the truth of the test, for which the last but one joins the history
but not the training; --both asks one model about both. All items are ranked, none sampled, items of the history are
left out, ties count half. Training is measured in CPU-seconds of all threads. Recipes have their names in the API, and
peers those of peers.py. Without --data the folder is the one in TASTEMAKER_SAMPLES.
"""

import argparse
import io
import os
import sys
import time
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from peers import PEERS, is_there
from rows import save

from tastemaker.data.interactions import Interactions, TrainingData, interactions
from tastemaker.data.splits import Split, leave_one_out
from tastemaker.metrics.report import Scores
from tastemaker.recipes.catalogue import recipes
from tastemaker.recipes.contract import parse, silent

RATINGS = {
    "ml-1m": ("ml-1m/ratings.dat", "::"),
    "ml-100k": ("ml-100k/u.data", "\t"),
    "ml-latest-small": ("ml-latest-small/ratings.csv", ","),
}
RESULTS = Path(__file__).parent / "results" / "accuracy.jsonl"
CUT = 10


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
    made = PEERS.get(name) or recipes()[name]
    known = {key: value for key, value in given.items() if key in made.Params.__dataclass_fields__}
    model: Scores = made.fit(TrainingData(events), parse(made.Params, known), silent)
    return model


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


def measure(name: str, splits: Mapping[str, Split], given: Mapping[str, str]) -> dict[str, dict[str, float]]:
    """For each split, which all train alike: NDCG and hit rate at 10, the standard error of the NDCG, and the costs.

    train_cpu_s: CPU-seconds of all threads; score_cpu_ms: milliseconds to score a user.
    """
    started_s = time.process_time()
    model = fit(name, next(iter(splits.values())).train, given)
    train_cpu_s = time.process_time() - started_s
    return {truth: _judged(model, split, train_cpu_s) for truth, split in splits.items()}


def _judged(model: Scores, split: Split, train_cpu_s: float) -> dict[str, float]:
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


def main(arguments: Sequence[str]) -> None:
    """Measure and print a row for each recipe; with --save also keep it in results/accuracy.jsonl."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    folder = os.environ.get("TASTEMAKER_SAMPLES")
    parser.add_argument("--data", type=Path, default=folder, required=folder is None)
    parser.add_argument("--sample", choices=RATINGS, default="ml-1m")
    usual = ["aws-popularity-count", "aws-sims", *PEERS, "aws-user-personalization"]
    usual.remove("sasrec")  # takes half an hour
    parser.add_argument("--recipe", action="append", choices=[*recipes(), *PEERS])
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--valid", action="store_true", help="judge by the last event but one; parameters are chosen so")
    which.add_argument("--both", action="store_true", help="judge one model by both events")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a hyperparameter")
    parser.add_argument("--save", action="store_true", help="append the rows to benchmarks/results/accuracy.jsonl")
    options = parser.parse_args(arguments)
    given = dict(pair.split("=", 1) for pair in options.set)
    truths = ("valid", "test") if options.both else ("valid",) if options.valid else ("test",)
    events = read(Path(options.data), options.sample)
    splits = {truth: leave_one_out(events, valid=truth == "valid") for truth in truths}
    print(
        f"{'recipe':28}{'truth':>6}{'NDCG@10':>9}{'HR@10':>8}{'SE':>8}{'train CPU-s':>13}{'score CPU-ms':>14}",
        flush=True,
    )
    for name in options.recipe or usual:
        if name in PEERS and not is_there(PEERS[name]):
            print(f"{name:28}left out: {PEERS[name].package} is not installed, `make peers` does it", flush=True)
            continue
        for truth, row in measure(name, splits, given).items():
            print(
                f"{name:28}{truth:>6}{row['ndcg_10']:9.4f}{row['hr_10']:8.4f}{row['se']:8.4f}"
                f"{row['train_cpu_s']:13.1f}{row['score_cpu_ms']:14.3f}",
                flush=True,
            )
            if options.save:
                save({"recipe": name, "sample": options.sample, "truth": truth, "given": given, **row}, RESULTS)


if __name__ == "__main__":
    main(sys.argv[1:])
