"""The service's own protocol: whole users are held out, and lists may hold what a user has seen.

    python benchmarks/protocol.py --samples DIR [--sample ml-1m ...] [--recipe NAME ...] [--workshop] [--save]

Nine tenths of the users train. Of each other user the oldest nine tenths of the events are the query, the newest tenth
are the truth ("Evaluating a solution version with metrics"); recipes have default hyperparameters and the metadata of
the sample. The eight measures are those of GetSolutionMetrics. With --workshop, MovieLens 1M as public workshops of
the service prepare it (see PREPARATIONS), interactions alone. --samples: a folder with GroupLens's archives, or
TASTEMAKER_SAMPLES; without it they are downloaded; the sample `synthetic` needs neither. Nothing was chosen by these
figures. `tables.py` makes docs/accuracy.md of the rows that --save keeps.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rows import save

from tastemaker import samples
from tastemaker.cli.board_data import data_of, of_sample
from tastemaker.data.interactions import Interactions, TrainingData
from tastemaker.data.splits import Split, by_users, of_each_user
from tastemaker.metrics import ranking
from tastemaker.metrics.report import CUTS, interval, measures, recommended
from tastemaker.recipes.catalogue import recipes
from tastemaker.recipes.contract import silent

RESULTS = Path(__file__).parent / "results" / "protocol.jsonl"
LISTS = ("USER_PERSONALIZATION", "PERSONALIZED_RANKING", "RELATED_ITEMS", "POPULAR_ITEMS")
# One model under several names: the first is measured. That they are one, tests/contract holds for the arrays.
SAME = {
    "aws-user-personalization": ("aws-personalized-ranking", "aws-hrnn", "aws-hrnn-metadata", "aws-hrnn-coldstart"),
    "aws-user-personalization-v2": ("aws-personalized-ranking-v2",),
}
WORKSHOP = ("aws-user-personalization", "aws-user-personalization-v2", "aws-sims", "aws-popularity-count")

Measures = dict[str, float]


@dataclass(frozen=True)
class Test:
    """data: all that is known; a recipe learns from split.train alone. n_items: what coverage is a share of."""

    data: TrainingData
    split: Split
    n_items: int


def whole(data: TrainingData, n_items: int) -> Test:
    """The protocol on all of a sample."""
    return Test(data, by_users(data.interactions, seed=data.seed).knowing(data), n_items)


def all_ratings(events: Interactions, seed: int) -> Test:
    """Every rating is an event."""
    return _bare(events, by_users(events, seed=seed), seed)


def good_ratings(events: Interactions, seed: int) -> Test:
    """Ratings of 4 and 5 are events, all others are left out."""
    if events.value_N is None:
        raise ValueError("These events have no ratings: take a MovieLens sample.")
    kept = events.where(events.value_N > 3.6)
    return _bare(kept, by_users(kept, seed=seed), seed)


def newest_tenth(events: Interactions, seed: int) -> Test:
    """Every rating is an event; the newest tenth of everybody's is the truth, and all users train on the rest."""
    return _bare(events, of_each_user(events, 0.1), seed)


PREPARATIONS: Mapping[str, Callable[[Interactions, int], Test]] = {
    "all ratings": all_ratings,
    "ratings of 4 and 5": good_ratings,
    "newest tenth of everybody": newest_tenth,
}


def _bare(events: Interactions, split: Split, seed: int) -> Test:
    """Without metadata, ratings or types: what a workshop imports."""
    bare = replace(events, value_N=None, type_N=None)
    return Test(TrainingData(bare, seed=seed), split, len(np.unique(events.item_N)))


def judged(name: str, test: Test) -> dict[str, Any]:
    """The measures of a recipe, NDCG in both readings, and what training cost. Raises what the recipe raises."""
    recipe = recipes()[name]
    began_s = time.process_time()
    model = recipe.fit(replace(test.data, interactions=test.split.train), recipe.Params(), silent)
    train_cpu_s = time.process_time() - began_s
    list_UK = recommended(model, test.split.queries)
    hit_UK = ranking.hits(list_UK, test.split.truths)
    n_true_U = np.array([len(np.unique(truth)) for truth in test.split.truths], np.int64)
    low, high = interval(ranking.ndcg(hit_UK, n_true_U, 25), seed=test.data.seed)
    found = {key: round(value, 4) for key, value in measures(list_UK, test.split.truths, test.n_items).items()}
    of_hits = {f"ndcg_of_hits_at_{cut}": round(float(ndcg_of_hits(hit_UK, cut).mean()), 4) for cut in CUTS}
    return {
        **found,
        **of_hits,
        "ndcg_25_low": round(low, 4),
        "ndcg_25_high": round(high, 4),
        "users": len(test.split.queries),
        "items": test.n_items,
        "train_cpu_s": round(train_cpu_s, 1),
    }


def ndcg_of_hits(hit_UK: NDArray[np.bool_], cut: int) -> NDArray[np.float64]:
    """NDCG at the cut whose best list begins with all hits of this list, shape (U,): what was not found does not count.

    So reads the metrics.py beside the service's public temporal hold-out example, but for its weights of the first two
    places, which are equal there.
    """
    weight_C = 1 / np.log2(np.arange(2, cut + 2))
    best_K = np.concatenate([[1.0], np.cumsum(weight_C)])  # without a hit the gain is 0, whatever the best list
    n_hits_U = np.minimum(hit_UK.sum(axis=1), cut)
    return np.asarray(hit_UK[:, :cut] @ weight_C[: hit_UK.shape[1]] / best_K[n_hits_U], np.float64)


def measured(names: Sequence[str], test: Test, about: Mapping[str, Any], file: Path | None) -> None:
    """Print a line for each recipe, and keep it in a file."""
    for name in names:
        try:
            row = judged(name, test)
        except ValueError as problem:
            print(f"{name:34}left out: {problem}", flush=True)
            continue
        shown = [row["coverage"], row["mean_reciprocal_rank_at_25"]]
        shown += [row[f"normalized_discounted_cumulative_gain_at_{cut}"] for cut in CUTS]
        shown += [row[f"precision_at_{cut}"] for cut in CUTS] + [row[f"ndcg_of_hits_at_{cut}"] for cut in CUTS]
        print(f"{name:34}" + "".join(f"{value:8.4f}" for value in shown) + f"{row['train_cpu_s']:9.1f}", flush=True)
        if file:
            save({"recipe": name, **about, **row}, file)


def corpus_of(sample: str, source: Path | None, seed: int) -> Test:
    """A sample with its metadata, under the service's protocol."""
    with tempfile.TemporaryDirectory(prefix="tastemaker-protocol-") as folder:
        corpus = of_sample(samples.get(sample, Path(folder), source, silent), print)
    return whole(data_of(corpus, seed), len(corpus.item_ids))


def main(arguments: Sequence[str]) -> None:
    """Measure and print; with --save also keep the rows in results/protocol.jsonl."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    folder = os.environ.get("TASTEMAKER_SAMPLES")
    parser.add_argument("--samples", type=Path, default=Path(folder) if folder else None)
    parser.add_argument("--sample", action="append", choices=samples.NAMES)
    named = {other for others in SAME.values() for other in others}
    able = [name for name, recipe in recipes().items() if recipe.recipe_type in LISTS and name not in named]
    parser.add_argument("--recipe", action="append", choices=able)
    parser.add_argument("--workshop", action="store_true", help="MovieLens 1M as workshops prepare it")
    parser.add_argument("--preparation", action="append", choices=PREPARATIONS, help="of --workshop; default: all")
    parser.add_argument("--seed", type=int, default=0, help="of the split and of the trainings")
    parser.add_argument("--save", action="store_true", help="append the rows to benchmarks/results/protocol.jsonl")
    options = parser.parse_args(arguments)
    file = RESULTS if options.save else None
    measures_told = "coverage, MRR@25, NDCG@5/10/25, precision@5/10/25, NDCG@5/10/25 of the hits, CPU-s to train"
    if options.workshop:
        for sample in options.sample or ["ml-1m"]:
            events = corpus_of(sample, options.samples, options.seed).data.interactions
            for preparation in options.preparation or PREPARATIONS:
                print(f"{sample}, {preparation}: {measures_told}", flush=True)
                about = {"sample": sample, "preparation": preparation, "seed": options.seed}
                test = PREPARATIONS[preparation](events, options.seed)
                measured(options.recipe or WORKSHOP, test, about, file)
        return
    for sample in options.sample or ["ml-100k", "ml-latest-small", "ml-1m"]:
        print(f"{sample}: {measures_told}", flush=True)
        test = corpus_of(sample, options.samples, options.seed)
        measured(options.recipe or able, test, {"sample": sample, "preparation": "", "seed": options.seed}, file)


if __name__ == "__main__":
    main(sys.argv[1:])
