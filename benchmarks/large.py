"""What a large catalogue costs while it is served: p50 and p99 of requests, with filters, and memory of each process.

    python benchmarks/large.py [--items 100000 1000000] [--workers 1 2] [--requests 100] [--json] [--save]

A real server imports made-up events and items and trains tastemaker-implicit-als through its API, with a single factor,
which takes seconds. Then, before it is deployed, the model in the artifact is replaced by one of 64 made-up factors per
item (clusters of items, one of them a user's taste), as training would take hours; ids, histories and all else stay as
they were trained. Lists computed ahead are left out, so that the first request of each user computes hers.

Requests go one by one over one connection. `cold` is a user's first request, `warm` the same once more; `half` and
`rare` are filters on a categorical column that let 50 % and 1 % of the items through. The limit is a bare product of
the vectors with one user's, timed in this process in turns with the requests. recall is that of the 25 items answered,
in both rounds, against a plain sort of all scores in double precision. Memory is that of the HTTP processes after all
requests, as Linux counts it (smaps_rollup): proportional (PSS), and private; `empty` before anything is deployed.
Linux only.
"""

import argparse
import http.client
import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from rows import save as save_row
from scale import made_up

from tastemaker.arn import service_arn
from tastemaker.cli import walk
from tastemaker.cli.client import Server
from tastemaker.cli.waiting import until_active, unwatched
from tastemaker.recipes.implicit_als import Model
from tastemaker.settings import Settings
from tastemaker.storage.trained import Trained, load, save
from tastemaker.supervisor import Supervisor, address

RESULTS = Path(__file__).parent / "results" / "large.jsonl"
RECIPE, NAME, FACTORS, K = "tastemaker-implicit-als", "large", 64, 25
SETTLE_S = 5  # until allocators have given back what they took for a moment
EVENTS, CLUSTERS = 100_000, 500  # few events: histories do not grow with the catalogue
CASES = {"all": None, "half": "even", "rare": "rare"}  # name -> genre that is asked for; None: no filter

SCHEMAS: dict[str, list[tuple[str, Any]]] = {
    "Interactions": [("USER_ID", "string"), ("ITEM_ID", "string"), ("EVENT_TYPE", "string"), ("TIMESTAMP", "long")],
    "Items": [("ITEM_ID", "string"), ("GENRES", ["null", "string"]), ("PRICE", ["null", "float"])],
}


@dataclass(frozen=True)
class Latency:
    """Of one case: milliseconds of first and of repeated requests, the bare product, and what was found."""

    items: int
    case: str
    requests: int
    cold_p50_ms: float
    cold_p99_ms: float
    warm_p50_ms: float
    warm_p99_ms: float
    limit_ms: float
    cold_by_limit: float
    recall: float


@dataclass(frozen=True)
class Memory:
    """Of all HTTP processes of one server, in MiB; private of each."""

    items: int
    workers: int
    after: str  # "all": lists without filters were asked for; "filters": with them as well
    empty_mb: float
    pss_mb: float
    private_mb: list[float]
    second_mb: float | None = None  # what the second process adds
    second_share: float | None = None  # of what the first took, an empty process left out of both


def written(folder: Path, n_items: int, seed: int) -> dict[str, Path]:
    """The CSV files of the two datasets."""
    events = made_up(EVENTS, n_items, seed)
    rng = np.random.default_rng(seed)
    ids = pl.Series([f"B{n:09d}" for n in range(n_items)])
    interactions = {
        "USER_ID": [f"u{n}" for n in events.user_N],
        "ITEM_ID": ids[events.item_N],
        "EVENT_TYPE": ["watch"] * len(events),
        "TIMESTAMP": events.time_s_N,
    }
    is_rare_I = rng.random(n_items) < 0.01
    genre_I = np.where(rng.random(n_items) < 0.5, "even", "odd")
    genre_I = np.where(is_rare_I, np.char.add(genre_I, "|rare"), genre_I)
    items = {"ITEM_ID": ids, "GENRES": genre_I.tolist(), "PRICE": rng.integers(1, 1000, n_items) / 10}
    places = {name: folder / f"{name}.csv" for name in SCHEMAS}
    pl.DataFrame(interactions).write_csv(places["Interactions"])
    pl.DataFrame(items).write_csv(places["Items"])
    return places


def trained(server: Server, places: dict[str, Path]) -> tuple[str, str]:
    """Import and train through the API: the dataset group, and the solution version."""
    group = walk.dataset_group(server, NAME)
    for kind, columns in SCHEMAS.items():
        fields = [{"name": name, "type": kind_of, **_categorical(name)} for name, kind_of in columns]
        schema = {"type": "record", "name": kind, "namespace": "com.amazonaws.personalize.schema", "version": "1.0"}
        dataset = walk.dataset(server, group, NAME, kind, json.dumps({**schema, "fields": fields}))
        walk.imported(server, dataset, f"{NAME}-{kind}", str(places[kind]), unwatched)
    created = server.personalize.create_solution(
        name=NAME,
        datasetGroupArn=group,
        recipeArn=service_arn(f"recipe/{RECIPE}"),
        performAutoTraining=False,
        solutionConfig={"algorithmHyperParameters": {"factors": "1", "iterations": "1"}},
    )
    until_active(server, created["solutionArn"])
    return group, str(walk.trained(server, created["solutionArn"], unwatched)["arn"])


def _categorical(name: str) -> dict[str, bool]:
    return {"categorical": True} if name == "GENRES" else {}


def with_factors(place: Path, seed: int) -> Trained:
    """Puts made-up factors into an artifact, and takes lists computed ahead out of it; gives a copy."""
    kept = load(place)
    assert isinstance(kept.model, Model)
    n_items = len(kept.item_ids)
    rng = np.random.default_rng(seed)
    centre_CD = rng.standard_normal((CLUSTERS, FACTORS), dtype=np.float32)
    factor_ID = rng.standard_normal((n_items, FACTORS), dtype=np.float32)
    factor_ID += 2 * centre_CD[rng.integers(0, CLUSTERS, n_items)]
    factor_ID *= np.float32(0.02) * rng.lognormal(0.0, 0.3, (n_items, 1)).astype(np.float32)
    model = replace(kept.model, factor_ID=factor_ID, gram_DD=factor_ID.T @ factor_ID, temperature=0.1)
    beside = place.parents[2] / "new"  # not among the artifacts, of which the server removes what no row names
    save(beside, replace(kept, model=model, heads=None))
    shutil.rmtree(place)
    beside.rename(place)
    # From files of its own: pages that this process maps, too, would count as the servers' by half.
    return load(shutil.copytree(place, place.parents[2] / "copy"))


@contextmanager
def server_of(home: Path, workers: int) -> Iterator[Server]:
    """A server on the home."""
    with (home.parent / "server.log").open("ab") as log_file:
        supervisor = Supervisor(Settings(home=home, port=0, http_workers=workers), log_file)
        settings = supervisor.start()
        try:
            yield Server(address(settings), settings)
        finally:
            supervisor.stop()


class Asker:
    """Sends requests over one connection."""

    def __init__(self, server: Server, campaign: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", server.settings.port, timeout=120)
        self._campaign = campaign

    def ask(self, user: str, filter_arn: str | None) -> tuple[list[str], float]:
        """The items of the answer, and the milliseconds that it took."""
        asked = {"campaignArn": self._campaign, "userId": user, "numResults": K}
        body = json.dumps(asked | ({"filterArn": filter_arn} if filter_arn else {}))
        began_s = time.perf_counter()
        self._connection.request("POST", "/recommendations", body)
        answer = self._connection.getresponse()
        text = answer.read()
        took_s = time.perf_counter() - began_s
        if answer.status != 200:
            raise RuntimeError(text.decode())
        return [item["itemId"] for item in json.loads(text)["itemList"]], took_s * 1000


def filters(server: Server, group: str) -> dict[str, str | None]:
    """The ARN of the filter of each case."""
    found: dict[str, str | None] = {}
    for case, genre in CASES.items():
        if genre is None:
            found[case] = None
            continue
        expression = f'INCLUDE ItemID WHERE Items.GENRES IN ("{genre}")'
        created = server.personalize.create_filter(name=case, datasetGroupArn=group, filterExpression=expression)
        until_active(server, created["filterArn"])
        found[case] = created["filterArn"]
    return found


def measured(
    asker: Asker, model: Trained, genres: Sequence[str], by_case: dict[str, str | None], n: int
) -> list[Latency]:
    """All cases, each with users of its own, cold and then warm."""
    assert isinstance(model.model, Model)
    factor_ID = np.array(model.model.factor_ID)
    found = []
    for turn, (case, arn) in enumerate(by_case.items()):
        users = range(turn * (n + 1), (turn + 1) * (n + 1))
        asker.ask(model.user_ids[users[0]], arn)  # reads what is read once
        genre = CASES[case]
        allowed_I = np.array([genre is None or genre in each.split("|") for each in genres])
        cold: list[float] = []
        warm: list[float] = []
        limit: list[float] = []
        recalls: list[float] = []
        for user in users[1:]:
            items, took_ms = asker.ask(model.user_ids[user], arn)
            cold.append(took_ms)
            again, took_ms = asker.ask(model.user_ids[user], arn)
            warm.append(took_ms)
            began_s = time.perf_counter()
            _bare = factor_ID @ factor_ID[user]
            limit.append((time.perf_counter() - began_s) * 1000)
            if len(recalls) < 2 * 20:
                best = exact(model, user, allowed_I)
                recalls += [len(best & set(given)) / K for given in (items, again)]
        found.append(_latency(len(genres), case, cold, warm, limit, statistics.mean(recalls)))
    return found


def _latency(
    n_items: int, case: str, cold: list[float], warm: list[float], limit: list[float], recall: float
) -> Latency:
    def cut(took_ms: list[float], percent: int) -> float:
        return round(float(np.percentile(took_ms, percent)), 2)

    cold_ms, bare_ms = cut(cold, 50), cut(limit, 50)
    return Latency(
        items=n_items,
        case=case,
        requests=len(cold),
        cold_p50_ms=cold_ms,
        cold_p99_ms=cut(cold, 99),
        warm_p50_ms=cut(warm, 50),
        warm_p99_ms=cut(warm, 99),
        limit_ms=bare_ms,
        cold_by_limit=round(cold_ms / bare_ms, 2),
        recall=round(recall, 4),
    )


def exact(trained: Trained, user: int, allowed_I: Any) -> set[str]:
    """The best allowed items by a plain sort."""
    model, query = trained.model, trained.histories.query(user)
    assert isinstance(model, Model)
    exact_model = replace(model, factor_ID=model.factor_ID.astype(np.float64))
    score_I = np.where(allowed_I, exact_model.scores(query), -np.inf)
    return {trained.item_ids[place] for place in np.argsort(-score_I, kind="stable")[:K].tolist()}


def http_processes(home: Path) -> list[int]:
    """The HTTP processes of the server on this home."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
        except OSError:
            continue  # it ended
        if b"tastemaker.app" in words and b"http" in words and any(os.fsencode(home) in word for word in words):
            found.append(int(entry.name))
    return found


def memory_mb(process: int) -> tuple[float, float]:
    """Proportional and private."""
    text = Path(f"/proc/{process}/smaps_rollup").read_text()
    sizes = {line.split(":")[0]: int(line.split()[1]) for line in text.splitlines()[1:]}
    return sizes["Pss"] / 1024, (sizes["Private_Clean"] + sizes["Private_Dirty"]) / 1024


def visited(server: Server, campaign: str, arns: Sequence[str | None], users: Sequence[str], home: Path) -> None:
    """Every process answers with every filter: each connection stays with the process that took it."""
    for _ in range(40 if len(http_processes(home)) > 1 else 1):
        asker = Asker(server, campaign)
        for arn in arns:
            for user in users:
                asker.ask(user, arn)


def benchmark(n_items: int, options: argparse.Namespace) -> tuple[list[Latency], list[Memory]]:
    """One catalogue: latencies with one process, memory for each number of them."""
    with tempfile.TemporaryDirectory(prefix="tastemaker-large-") as folder:
        home = Path(folder) / "home"
        home.mkdir()
        places = written(Path(folder), n_items, options.seed)
        genres = pl.read_csv(places["Items"]).select("ITEM_ID", "GENRES")
        with server_of(home, 1) as server:
            empty_mb = memory_mb(http_processes(home)[0])[1]
            group, version = trained(server, places)
            (place,) = (home / "artifacts").iterdir()
            model = with_factors(place, options.seed)
            campaign = server.personalize.create_campaign(name=NAME, solutionVersionArn=version)["campaignArn"]
            until_active(server, campaign)
            by_case = filters(server, group)
        genre_of = dict(genres.iter_rows())
        genre_I = [genre_of[item] for item in model.item_ids]
        latencies: list[Latency] = []
        memories: list[Memory] = []
        for workers in sorted(options.workers):
            with server_of(home, workers) as server:
                until_served(server, campaign)
                asked: dict[str, list[str | None]] = {"all": [None], "filters": list(by_case.values())}
                for after, arns in asked.items():
                    visited(server, campaign, arns, model.user_ids[-3:], home)
                    time.sleep(SETTLE_S)
                    sizes = [memory_mb(process) for process in http_processes(home)]
                    memories.append(_memory(n_items, after, empty_mb, sizes, memories))
                if workers == 1:
                    latencies = measured(Asker(server, campaign), model, genre_I, by_case, options.requests)
        return latencies, memories


def until_served(server: Server, campaign: str) -> None:
    """Wait for the first answer."""
    Asker(server, campaign).ask("nobody", None)


def _memory(n_items: int, after: str, empty_mb: float, sizes: list[tuple[float, float]], fewer: list[Memory]) -> Memory:
    private = [round(private_mb, 1) for _, private_mb in sizes]
    found = Memory(
        n_items, len(sizes), after, round(empty_mb, 1), round(sum(pss_mb for pss_mb, _ in sizes), 1), private
    )
    first = next((each for each in fewer if (each.workers, each.after) == (1, after)), None)
    if first is None or len(sizes) != 2:
        return found
    second_mb = found.pss_mb - first.pss_mb
    share = (second_mb - empty_mb) / (first.pss_mb - empty_mb)
    return replace(found, second_mb=round(second_mb, 1), second_share=round(share, 3))


def line(found: Latency | Memory) -> str:
    """A row as people read it."""
    if isinstance(found, Memory):
        private = ", ".join(f"{each:.0f}" for each in found.private_mb)
        text = f"{found.items:>9,} items, {found.workers} processes, {found.after}: {found.pss_mb:.0f} MiB, "
        text += f"private {private} (empty {found.empty_mb:.0f})"
        if found.second_mb is not None and found.second_share is not None:
            text += (
                f"; the second adds {found.second_mb:.0f}, beyond an empty one {found.second_share:.1%} of the first"
            )
        return text
    return (
        f"{found.items:>9,} items, {found.case:4}: cold p50 {found.cold_p50_ms:6.2f} p99 {found.cold_p99_ms:6.2f} ms, "
        f"warm p50 {found.warm_p50_ms:5.2f} p99 {found.warm_p99_ms:5.2f} | bare product {found.limit_ms:5.2f} ms, "
        f"cold {found.cold_by_limit:.2f} of it | recall {found.recall:.3f}"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--requests", type=int, default=100, help="users of each case")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print one JSON value and nothing else")
    parser.add_argument("--save", action="store_true", help="append the rows to benchmarks/results/large.jsonl")
    options = parser.parse_args()
    rows: list[Latency | Memory] = []
    for n_items in sorted(options.items):
        latencies, memories = benchmark(n_items, options)
        found: list[Latency | Memory] = [*latencies, *memories]
        rows += found
        if not options.json:
            print("\n".join(map(line, found)), flush=True)
    if options.json:
        print(json.dumps([asdict(each) for each in rows]))
    if options.save:
        for each in rows:
            save_row(asdict(each), RESULTS)


if __name__ == "__main__":
    main()
