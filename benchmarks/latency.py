"""How fast GetRecommendations answers over HTTP, beside the same server answering a fixed reply of the same size.

    python benchmarks/latency.py --samples DIR [--connections 1 16 64] [--rounds 3] [--seconds 3] [--auth] [--json]

MovieLens 1M, 25 results, distinct users, requests as boto3 signs them, one HTTP worker, exploration at its default
weight. Four cases: users as trained; the filter that leaves out what the user watched; a filter on the genres of films;
and users each with an event newer than their list, which is computed anew. Every round measures our server and then
uvicorn with the same configuration answering constant bytes of the same length to the same requests; the ratio is that
of the medians of the rounds. With --auth our server verifies the signatures; the fixed reply never does.

Requests a second say little where something else uses the cores: who is quicker waits for the load then. So the CPU
time of a request is taken, too, and its ratio: what the ratio of requests a second is where the cores are quiet.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from load import Load, as_sent, fixed_server, how, load, pin_server

from tastemaker import samples
from tastemaker.cli import walk
from tastemaker.cli.client import Server
from tastemaker.cli.waiting import until_active, unwatched
from tastemaker.settings import Settings
from tastemaker.supervisor import Supervisor, address

CONNECTIONS_MAX = 64
HORROR = 'EXCLUDE ItemID WHERE Items.GENRES IN ("Horror", "War")'
CASES = ("as trained", "unseen", "genres", "first time", "fresh event")
FIRST_TIMES = 3  # campaigns whose users ask for the first time in a round of one second


@dataclass(frozen=True)
class Row:
    """One line of the result: medians over the rounds."""

    case: str
    connections: int
    per_s: float
    p50_ms: float
    p99_ms: float
    fixed_per_s: float
    fixed_p50_ms: float
    fixed_p99_ms: float
    cpu_us: float
    fixed_cpu_us: float
    ratio: float
    cpu_ratio: float
    ratio_min: float
    ratio_max: float
    errors: int


@dataclass(frozen=True)
class Deployed:
    """What is asked. filters: the ARN of the filter of a case, if it has one."""

    name: str
    version: str
    campaign: str
    filters: dict[str, str]
    tracking_id: str
    users: list[str]


def deployed(server: Server, sample: samples.Sample, recipe: str) -> Deployed:
    """The sample imported, trained and deployed under its own name."""
    name = sample.name
    group = walk.dataset_group(server, name)
    for kind, path in {"Interactions": sample.interactions, "Items": sample.items}.items():
        dataset = walk.dataset(server, group, name, kind, sample.schemas[kind])
        walk.imported(server, dataset, f"{name}-{kind}", str(path), unwatched)
    solution = walk.solution(server, group, name, recipe)
    version = walk.trained(server, solution, unwatched)["arn"]
    campaign = deployed_as(server, name, version)
    genres = server.personalize.create_filter(name="genres", datasetGroupArn=group, filterExpression=HORROR)
    until_active(server, genres["filterArn"])
    filters = {"unseen": walk.unseen_filter(server, group, name), "genres": genres["filterArn"]}
    users = sorted({row.split(",")[0] for row in sample.interactions.read_text().splitlines()[1:]})
    return Deployed(name, version, campaign, filters, walk.tracking_id(server, group, name), users)


def deployed_as(server: Server, name: str, version: str) -> str:
    """A campaign of this name."""
    arn: str = server.personalize.create_campaign(name=name, solutionVersionArn=version)["campaignArn"]
    until_active(server, arn)
    return arn


def first_times(server: Server, found: Deployed, numbers: range) -> list[bytes]:
    """Requests of all users for campaigns that are new, one of each number."""
    campaigns = [deployed_as(server, f"{found.name}-{number}", found.version) for number in numbers]
    asked = [{"campaignArn": campaign, "userId": user} for campaign in campaigns for user in found.users]
    return as_sent(server.runtime, "get_recommendations", asked)


def requests_of(case: str, server: Server, found: Deployed) -> list[bytes]:
    """What the case asks, user by user."""
    filtered = {"filterArn": found.filters[case]} if case in found.filters else {}
    asked = [{"campaignArn": found.campaign, **filtered, "userId": user} for user in found.users]
    return as_sent(server.runtime, "get_recommendations", asked)


def freshen(server: Server, found: Deployed) -> None:
    """One event for every user, so that no list is as it was."""
    event = {"eventType": "watch", "itemId": "1", "sentAt": int(time.time())}
    asked = [
        {"trackingId": found.tracking_id, "userId": user, "sessionId": user, "eventList": [event]}
        for user in found.users
    ]
    requests = as_sent(server.events, "put_events", asked)
    while requests:
        n_sent = load(server.settings.port, requests, CONNECTIONS_MAX, 1).requests
        requests = requests[max(1, n_sent - CONNECTIONS_MAX) :]  # those under way at the end may not have arrived


def measure(server: Server, found: Deployed, options: argparse.Namespace, pid: int) -> list[Row]:
    """All cases at all numbers of connections. pid: of the HTTP worker."""
    port = server.settings.port
    rows: list[Row] = []
    n_new = 0
    for case in options.cases:
        asked = {"campaignArn": found.campaign, "userId": found.users[0]}
        answer = server.runtime.get_recommendations(**asked)
        answer.pop("ResponseMetadata")
        with fixed_server(json.dumps(answer, separators=(",", ":")).encode()) as (fixed_port, fixed_pid):
            for connections in options.connections:
                ours, fixed = [], []
                requests = requests_of(case, server, found)  # signed anew, since signatures grow old
                for _ in range(options.rounds):
                    seconds = options.seconds
                    if case == "fresh event":
                        freshen(server, found)
                    if case == "first time":
                        requests = first_times(server, found, range(n_new, n_new + FIRST_TIMES))
                        n_new += FIRST_TIMES
                    if case in ("first time", "fresh event"):
                        seconds = 1  # so short that nobody is asked for twice
                    ours.append(load(port, requests, connections, seconds, pid))
                    if case in ("first time", "fresh event") and ours[-1].requests > len(requests):
                        print(f"{case}: {ours[-1].requests} requests, of which {len(requests)} are different ones")
                    fixed.append(load(fixed_port, requests, connections, seconds, fixed_pid))
                rows.append(_row(case, connections, ours, fixed))
                if not options.json:
                    print(line(rows[-1]), flush=True)
    return rows


def _row(case: str, connections: int, ours: list[Load], fixed: list[Load]) -> Row:
    def of(loads: list[Load], name: str) -> float:
        return float(round(statistics.median(getattr(each, name) for each in loads), 3))

    ratios = [each.per_s / other.per_s for each, other in zip(ours, fixed, strict=True)]
    return Row(
        case,
        connections,
        of(ours, "per_s"),
        of(ours, "p50_ms"),
        of(ours, "p99_ms"),
        of(fixed, "per_s"),
        of(fixed, "p50_ms"),
        of(fixed, "p99_ms"),
        of(ours, "cpu_us"),
        of(fixed, "cpu_us"),
        round(of(ours, "per_s") / of(fixed, "per_s"), 3),
        round(of(fixed, "cpu_us") / max(1.0, of(ours, "cpu_us")), 3),
        round(min(ratios), 3),
        round(max(ratios), 3),
        sum(each.errors for each in [*ours, *fixed]),
    )


def line(row: Row) -> str:
    """A row as people read it."""
    return (
        f"{row.case:12} {row.connections:3} connections: {row.per_s:6.0f} requests/s, p50 {row.p50_ms:6.2f} ms, "
        f"p99 {row.p99_ms:6.2f} ms | fixed {row.fixed_per_s:6.0f}/s, p50 {row.fixed_p50_ms:.2f}, p99 "
        f"{row.fixed_p99_ms:.2f} | ratio {row.ratio:.2f} ({row.ratio_min:.2f} to {row.ratio_max:.2f}) | CPU "
        f"{row.cpu_us:.0f} and {row.fixed_cpu_us:.0f} us, ratio {row.cpu_ratio:.2f}"
        + (f" | {row.errors} ERRORS" if row.errors else "")
    )


def main() -> None:
    """Set up, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=Path, default=os.environ.get("TASTEMAKER_SAMPLES"), help="folder of archives")
    parser.add_argument("--sample", default="ml-1m")
    parser.add_argument("--cases", nargs="+", choices=CASES, default=CASES)
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 16, 64])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--auth", action="store_true", help="signatures are verified")
    parser.add_argument("--json", action="store_true", help="print one JSON value and nothing else")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir()
        sample = samples.get(options.sample, Path(folder) / "sample", options.samples, lambda _, __: None)
        with (home / "server.log").open("wb") as log_file:
            supervisor = Supervisor(Settings(home=home, port=0, auth=options.auth), log_file)
            settings = supervisor.start()
            try:
                server = Server(address(settings), settings)
                found = deployed(server, sample, "aws-user-personalization")
                pid = pin_server(home)
                load(settings.port, requests_of(CASES[0], server, found), 16, 2)
                rows = measure(server, found, options, pid)
            finally:
                supervisor.stop()
    if options.json:
        print(json.dumps({"load": how(), "users": len(found.users), "rows": [asdict(row) for row in rows]}))
    else:
        print(f"{len(found.users)} users of {options.sample}; load by {how()}")


if __name__ == "__main__":
    main()
