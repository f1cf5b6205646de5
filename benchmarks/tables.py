"""The tables of docs/accuracy.md, made of the rows in results/.

    python benchmarks/tables.py [--check]

Of each case the newest row counts. --check writes nothing and fails if the page is not what it would write.
"""

import argparse
import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rows import read

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "accuracy.md"

Row = dict[str, Any]

SAMPLES = {"ml-1m": "MovieLens 1M", "ml-100k": "MovieLens 100K", "ml-latest-small": "MovieLens latest-small"}
MEASURES = {
    "coverage": "coverage",
    "mean_reciprocal_rank_at_25": "MRR@25",
    "normalized_discounted_cumulative_gain_at_5": "NDCG@5",
    "normalized_discounted_cumulative_gain_at_10": "NDCG@10",
    "normalized_discounted_cumulative_gain_at_25": "NDCG@25",
    "precision_at_5": "P@5",
    "precision_at_10": "P@10",
    "precision_at_25": "P@25",
}
NDCG_25 = "normalized_discounted_cumulative_gain_at_25"
PEERS = {
    "item-knn": "peer: item-kNN, cosine",
    "ease": "peer: EASE",
    "ease-decayed": "peer: EASE, history decayed (half-life 3)",
    "implicit-als": "peer: ALS of the package implicit",
    "sasrec": "peer: SASRec of the package RecTools",
}
ALSO = {
    "aws-user-personalization": "aws-user-personalization, aws-personalized-ranking, aws-hrnn, -metadata, -coldstart",
    "aws-user-personalization-v2": "aws-user-personalization-v2, aws-personalized-ranking-v2",
}
# What a public workshop on MovieLens 1M shows of the original service, in the order of MEASURES.
SERVICE = (0.284, 0.263, 0.208, 0.275, 0.355, 0.110, 0.094, 0.066)
SERVICE_NDCG_25 = {"HRNN": 0.331, "personalized ranking": 0.347, "SIMS": 0.252, "popularity": 0.091}


def newest(rows: Iterable[Row], *keys: str) -> dict[tuple[Any, ...], Row]:
    """The last row of each case."""
    return {tuple(row.get(key) for key in keys): row for row in rows}


def table(heads: Sequence[str], lines: Iterable[Sequence[str]], left: int = 1) -> str:
    """Markdown; the first `left` columns are words."""
    rule = ["---"] * left + ["---:"] * (len(heads) - left)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (heads, rule, *lines))


def leave_one_out() -> str:
    """A table for each sample: recipes and peers by their NDCG on the test event."""
    found = newest(
        (
            {**row, "recipe": named(row)}
            for row in read(HERE / "results" / "accuracy.jsonl")
            if set(row["given"]) <= {"network_epochs"}
        ),
        "sample",
        "recipe",
        "truth",
    )
    made = []
    for sample, title in SAMPLES.items():
        names = {name for of, name, _ in found if of == sample}
        pairs = [(found.get((sample, name, "valid")), found.get((sample, name, "test")), name) for name in names]
        both = [(valid, test, name) for valid, test, name in pairs if valid and test]
        lines = [
            [
                PEERS.get(name, name),
                f"{valid['ndcg_10']:.4f}",
                f"{test['ndcg_10']:.4f} ± {1.96 * test['se']:.4f}",
                f"{test['hr_10']:.4f}",
                f"{test['train_cpu_s']:,.1f}",
                f"{test['score_cpu_ms']:.2f}",
                test["commit"].rstrip("+"),
            ]
            for valid, test, name in sorted(both, key=lambda each: -each[1]["ndcg_10"])
        ]
        heads = ["recipe", "NDCG@10 valid", "NDCG@10 test", "HR@10 test", "training, CPU-s", "a user, CPU-ms", "commit"]
        if lines:
            made.append(f"{title}, {both[0][1]['users']:,} users:\n\n{table(heads, lines)}")
    return "\n\n".join(made)


def protocol() -> str:
    """A table for each sample: every recipe that makes lists of items, by its NDCG@25."""
    found = newest(read(HERE / "results" / "protocol.jsonl"), "sample", "preparation", "recipe")
    made = []
    for sample, title in SAMPLES.items():
        rows = [row for (of, preparation, _), row in found.items() if of == sample and preparation == ""]
        rows.sort(key=lambda row: -row[NDCG_25])
        if not rows:
            continue
        heads = ["recipe", *MEASURES.values(), "95 % of NDCG@25", "training, CPU-s", "commit"]
        lines = [
            [
                ALSO.get(row["recipe"], row["recipe"]),
                *(f"{row[key]:.3f}" for key in MEASURES),
                f"{row['ndcg_25_low']:.3f} to {row['ndcg_25_high']:.3f}",
                f"{row['train_cpu_s']:,.1f}",
                row["commit"].rstrip("+"),
            ]
            for row in rows
        ]
        about = f"{title}, {rows[0]['users']:,} test users, {rows[0]['items']:,} items, seed {rows[0]['seed']}"
        made.append(f"{about}; `python benchmarks/protocol.py --sample {sample} --save`:\n\n{table(heads, lines)}")
    return "\n\n".join(made)


def workshop(of_hits: bool) -> str:
    """The service's own figures and ours, by preparation; of_hits: NDCG in the reading of the public example."""
    keys = [
        key.replace("normalized_discounted_cumulative_gain", "ndcg_of_hits") if of_hits else key for key in MEASURES
    ]
    found = newest(read(HERE / "results" / "protocol.jsonl"), "sample", "preparation", "recipe")
    rows = [row for (of, preparation, _), row in found.items() if of == "ml-1m" and preparation]
    heads = ["", "prepared as", *MEASURES.values()]
    lines = [["the service: user-personalization", "the workshop", *(f"{value:.3f}" for value in SERVICE)]]
    for name, value in SERVICE_NDCG_25.items():
        lines.append([f"the service: {name}", "the workshop", *("" for _ in range(4)), f"{value:.3f}", "", "", ""])
    for row in rows:
        cells = []
        for key, theirs in zip(keys, SERVICE, strict=True):
            is_above = row[key] > theirs and row["recipe"].startswith("aws-user-personalization")
            cells.append(f"**{row[key]:.3f}**" if is_above else f"{row[key]:.3f}")
        lines.append([row["recipe"], row["preparation"], *cells])
    return table(heads, lines, left=2)


def scale() -> str:
    """Costs by events and items, with the exponents of growth."""
    rows = [{**row, "told": str(row["given"])} for row in read(HERE / "results" / "scale.jsonl")]
    found = list(newest(rows, "recipe", "items", "events", "told").values())
    heads = ["recipe", "items", "events", "training, CPU-s", "wall s", "peak GB", "exponent", "commit"]
    lines = []
    for row in sorted(found, key=lambda row: (row["recipe"], row["told"], row["items"], row["events"])):
        same = [
            r for r in found if (r["recipe"], r["items"], r["given"]) == (row["recipe"], row["items"], row["given"])
        ]
        fewer = [other for other in same if other["events"] < row["events"]]
        head = [named(row), f"{row['items']:,}", f"{row['events']:,}"]
        if "failed" in row:
            lines.append([*head, row["failed"], "", "", "", row["commit"].rstrip("+")])
            continue
        exponent = growth(row, max(fewer, key=lambda other: int(other["events"]))) if fewer else ""
        costs = [f"{row['train_cpu_s']:,.1f}", f"{row['train_wall_s']:,.1f}", f"{row['peak_gb']:.2f}"]
        lines.append([*head, *costs, exponent, row["commit"].rstrip("+")])
    return table(heads, lines)


def exact_items() -> str:
    """What the default recipe loses and saves on ML-1M when only its most chosen items are solved exactly."""
    rows = [row for row in read(HERE / "results" / "accuracy.jsonl") if set(row["given"]) <= {"exact_items_max"}]
    rows = [row for row in rows if (row["sample"], row["recipe"]) == ("ml-1m", "aws-user-personalization")]
    counted = [{**row, "exact": row["given"].get("exact_items_max", "all")} for row in rows]
    found = newest(counted, "exact", "truth")
    counts = sorted({exact for exact, _ in found if exact != "all"}, key=int, reverse=True)
    lines = []
    for exact in ("all", *counts):
        valid, test = found[exact, "valid"], found[exact, "test"]
        accuracy = [f"{valid['ndcg_10']:.4f}", f"{test['ndcg_10']:.4f} ± {1.96 * test['se']:.4f}"]
        count = exact if exact == "all" else f"{int(exact):,}"
        lines.append([count, *accuracy, f"{test['train_cpu_s']:,.1f}", test["commit"].rstrip("+")])
    return table(["items solved exactly", "NDCG@10 valid", "NDCG@10 test", "training, CPU-s", "commit"], lines)


def named(row: Row) -> str:
    """The recipe of a row, with the parameters that it was given."""
    told = ", ".join(f"{key}={value}" for key, value in row["given"].items())
    return f"{row['recipe']} ({told})" if told else str(row["recipe"])


def growth(row: Row, fewer: Row) -> str:
    """The exponent by which CPU-seconds grow with events; none where one failed or took less than a second."""
    if "failed" in fewer or min(row["train_cpu_s"], fewer["train_cpu_s"]) < 1:
        return ""
    return f"{math.log(row['train_cpu_s'] / fewer['train_cpu_s']) / math.log(row['events'] / fewer['events']):.2f}"


TABLES: Mapping[str, Callable[[], str]] = {
    "leave-one-out": leave_one_out,
    "protocol": protocol,
    "workshop": lambda: workshop(False),
    "workshop, hits": lambda: workshop(True),
    "scale": scale,
    "exact items": exact_items,
}


def made(text: str) -> str:
    """The page with its tables as they should be."""
    for name, make in TABLES.items():
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        if begin not in text:
            raise ValueError(f"{PAGE.name} has no place for the table {name!r}: {begin}")
        text = f"{text.partition(begin)[0]}{begin}\n\n{make()}\n\n{end}{text.partition(end)[2]}"
    return text


def main(arguments: Sequence[str]) -> None:
    """Write the page, or say whether it is current."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the page is not current")
    options = parser.parse_args(arguments)
    text = PAGE.read_text(encoding="utf-8")
    if not options.check:
        PAGE.write_text(made(text), encoding="utf-8")
    elif made(text) != text:
        sys.exit("docs/accuracy.md is not what results/ says. Run: python benchmarks/tables.py")


if __name__ == "__main__":
    main(sys.argv[1:])
