"""What training costs as data grow: CPU-seconds, wall time and peak memory of each recipe on made-up events.

    python benchmarks/scale.py [--events 1000000 10000000] [--items 4000 50000] [--recipe NAME ...] [--save]

The events have what costs depend on and what a model can learn: item popularity with a long tail (Zipf's law, shifted),
history lengths with a long tail (log-normal, mean 100), tastes (most choices come from one of few genres) and order (an
item is often followed by one of its few successors). Each case trains in a process of its own, from arrays on disk; its
memory is the peak of that process, data included, and without what it had before the training in `fit`. A case that
needs more than --memory-gb or --seconds is reported as that. The exponent at the end of a row is the growth of
CPU-seconds from the case with fewer events: 1 is linear. --profile says where a case's time went, on stderr. Run it
with OMP_NUM_THREADS=1, else waiting threads are counted, too.
"""

import argparse
import cProfile
import json
import math
import os
import pstats
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rows import save

from tastemaker.data.interactions import Interactions, TrainingData
from tastemaker.recipes.catalogue import recipes
from tastemaker.recipes.contract import parse, silent

RESULTS = Path(__file__).parent / "results" / "scale.jsonl"
USUAL = (
    "aws-popularity-count",
    "aws-sims",
    "aws-similar-items",
    "aws-user-personalization",
    "aws-user-personalization-v2",
    "tastemaker-implicit-als",
)
EVENTS_PER_USER, SPREAD = 100, 1.0  # mean, and standard deviation of the logarithm, of history lengths
SHIFT = 20  # Zipf's law is cut off at the head, as no item has a tenth of all events
GENRES, IN_TASTE, FOLLOWS = 20, 0.7, 0.4
GIB = 1 << 30

Row = dict[str, Any]


def made_up(n_events: int, n_items: int, seed: int) -> Interactions:
    """About n_events events of n_events / 100 users; the same seed gives the same ones. O(N log I) by whole arrays."""
    rng = np.random.default_rng(seed)
    n_users = max(2, n_events // EVENTS_PER_USER)
    drawn_U = rng.lognormal(0.0, SPREAD, n_users)
    length_U = np.maximum(3, np.round(drawn_U * (n_events / drawn_U.sum()))).astype(np.int64)
    length_U = -np.sort(-length_U)
    start_U = np.concatenate([[0], np.cumsum(length_U)])
    item_N = np.empty(start_U[-1], np.int32)
    taste_U = rng.integers(0, GENRES, n_users)
    cumulated_I = np.cumsum(1 / (np.arange(n_items) + SHIFT))
    cumulated_I /= cumulated_I[-1]
    last_U = np.zeros(n_users, np.int64)
    for step in range(int(length_U[0])):  # all users who have so many events at once, longest histories first
        n = int(np.searchsorted(-length_U, -step, "left"))
        rank_U = np.searchsorted(cumulated_I, rng.random(n))
        genre_U = np.where(rng.random(n) < IN_TASTE, taste_U[:n], rank_U % GENRES)
        chosen_U = rank_U - rank_U % GENRES + genre_U  # the item of that genre with about the same popularity
        next_U = last_U[:n] + GENRES * rng.integers(1, 5, n)
        item_U = np.where((rng.random(n) < FOLLOWS) & (step > 0), next_U, chosen_U) % n_items
        item_N[start_U[:n] + step] = item_U
        last_U[:n] = item_U
    user_N = np.repeat(np.arange(n_users, dtype=np.int32), length_U)
    place_N = np.arange(len(item_N)) - start_U[user_N]
    order_U = rng.permutation(n_users)  # else the first users would be those with the longest histories
    user_N = order_U[user_N].astype(np.int32)
    order_N = np.argsort(user_N, kind="stable")
    time_s_N = (1_577_836_800 + place_N * 3600)[order_N]
    return Interactions(user_N[order_N], item_N[order_N], time_s_N, n_users, n_items)


def case(folder: Path, name: str, given: Mapping[str, str], memory_gb: float, profile: bool) -> Row:
    """Train once, here: what it cost. The peak is that of the process, which should do nothing else."""
    meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    user_N, item_N, time_s_N = (np.load(folder / f"{column}.npy") for column in ("user", "item", "time"))
    events = Interactions(user_N, item_N, time_s_N, meta["users"], meta["items"])
    recipe = recipes()[name]
    params = parse(recipe.Params, given)
    resource.setrlimit(resource.RLIMIT_DATA, (int(memory_gb * GIB), int(memory_gb * GIB)))
    before_gb = _peak_gb()
    profiler = cProfile.Profile(time.process_time) if profile else None
    began_s, began_cpu_s = time.monotonic(), time.process_time()
    if profiler:
        profiler.enable()
    try:
        recipe.fit(TrainingData(events), params, silent)
    except MemoryError:
        return {"failed": f"more than {memory_gb:g} GB"}
    finally:
        if profiler:
            profiler.disable()
    cpu_s, wall_s = time.process_time() - began_cpu_s, time.monotonic() - began_s
    if profiler:
        pstats.Stats(profiler, stream=sys.stderr).sort_stats("tottime").print_stats(18)
    return {
        "train_cpu_s": round(cpu_s, 1),
        "train_wall_s": round(wall_s, 1),
        "peak_gb": round(_peak_gb(), 2),
        "fit_gb": round(_peak_gb() - before_gb, 2),
    }


def _peak_gb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / GIB


def written(events: Interactions, folder: Path) -> None:
    """The arrays of a case, for its processes."""
    for column, array in (("user", events.user_N), ("item", events.item_N), ("time", events.time_s_N)):
        np.save(folder / f"{column}.npy", array)
    meta = {"users": events.n_users, "items": events.n_items, "events": len(events)}
    (folder / "meta.json").write_text(json.dumps(meta), encoding="utf-8")


def apart(folder: Path, name: str, given: Mapping[str, str], options: argparse.Namespace) -> Row:
    """A case in a process of its own."""
    command = [sys.executable, __file__, "--case", str(folder), "--recipe", name, "--memory-gb", str(options.memory_gb)]
    command += ["--profile"] if options.profile else []
    for key, value in given.items():
        command += ["--set", f"{key}={value}"]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, timeout=options.seconds)
    except subprocess.TimeoutExpired:
        return {"failed": f"more than {options.seconds} s"}
    if done.returncode:
        return {"failed": f"ended with {done.returncode}"}
    found: Row = json.loads(done.stdout)
    return found


def shown(name: str, row: Row, fewer: Row | None) -> str:
    """A line of the table; fewer: the case with fewer events."""
    head = f"{name:30}{row['events']:>12,}{row['items']:>9,}"
    if "failed" in row:
        return f"{head}  {row['failed']}"
    line = f"{head}{row['train_cpu_s']:9.1f}{row['train_wall_s']:9.1f}{row['peak_gb']:8.2f}{row['fit_gb']:8.2f}"
    return line if fewer is None else f"{line}{growth(row, fewer):9.2f}"


def growth(row: Row, fewer: Row) -> float:
    """The exponent by which CPU-seconds grow with events, from one case to the other; nan where one failed."""
    if "failed" in row or "failed" in fewer:
        return math.nan
    ratio = max(row["train_cpu_s"], 0.1) / max(fewer["train_cpu_s"], 0.1)
    return math.log(ratio) / math.log(row["events"] / fewer["events"])


def main(arguments: Sequence[str]) -> None:
    """Measure and print; with --save also keep the rows in results/scale.jsonl."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--items", type=int, nargs="+", default=[4_000, 50_000])
    able = [name for name, recipe in recipes().items() if recipe.recipe_type != "PERSONALIZED_ACTIONS"]
    parser.add_argument("--recipe", action="append", choices=able)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a hyperparameter")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--memory-gb", type=float, default=12.0, help="what a case may take")
    parser.add_argument("--seconds", type=int, default=3600, help="wall time that a case may take")
    parser.add_argument("--profile", action="store_true", help="say which functions took the time, on stderr")
    parser.add_argument("--save", action="store_true", help="append the rows to benchmarks/results/scale.jsonl")
    parser.add_argument("--case", type=Path, help=argparse.SUPPRESS)  # what a child is told: the folder of its data
    options = parser.parse_args(arguments)
    given = dict(pair.split("=", 1) for pair in options.set)
    if options.case:
        print(json.dumps(case(options.case, options.recipe[0], given, options.memory_gb, options.profile)))
        return
    heads = f"{'CPU-s':>9}{'wall s':>9}{'peak GB':>8}{'fit GB':>8}{'exponent':>9}"
    print(f"{'recipe':30}{'events':>12}{'items':>9}{heads}", flush=True)
    found: dict[tuple[str, int], Row] = {}
    for n_events in sorted(options.events):
        for n_items in sorted(options.items):
            with tempfile.TemporaryDirectory(prefix="tastemaker-scale-") as folder:
                events = made_up(n_events, n_items, options.seed)
                about = {"events": len(events), "items": n_items, "users": events.n_users, "seed": options.seed}
                written(events, Path(folder))
                del events
                for name in options.recipe or USUAL:
                    fields = recipes()[name].Params.__dataclass_fields__
                    own = {key: value for key, value in given.items() if key in fields}
                    row = {**about, **apart(Path(folder), name, own, options)}
                    print(shown(name, row, found.get((name, n_items))), flush=True)
                    found[name, n_items] = row
                    if options.save:
                        threads = os.environ.get("OMP_NUM_THREADS", "")
                        save({"recipe": name, "given": own, "threads": threads, **row}, RESULTS)


if __name__ == "__main__":
    main(sys.argv[1:])
