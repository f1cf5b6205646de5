"""How many events PutEvents acknowledges, beside the bare store, and how soon another process knows of one.

    python benchmarks/events.py --samples DIR [--sample ml-1m] [--rounds 3] [--seconds 3] [--users 300] [--json]

Acknowledged means on disk. First: 64 connections, each request signed as boto3 does it, with one event of a user of her
own; and in turns the store's own group commit in a process of its own, on the same core, with 64 callers that each
append one such event and wait until it is on disk. Then, with two HTTP workers: an event is put through one, and the
list of its user is asked of the other as soon as the event is acknowledged; the time runs from the acknowledgement to
the end of the first answer that differs from the list before.
"""

import argparse
import asyncio
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import uvloop
from latency import Deployed, deployed
from load import SERVER_CORE, as_sent, how, load, on, pin_server

from tastemaker import samples
from tastemaker.cli.client import Server
from tastemaker.settings import Settings
from tastemaker.storage.database import Database
from tastemaker.storage.events import EventLog, StreamedEvent
from tastemaker.supervisor import Supervisor, address

CONNECTIONS = 64
TRIES_MAX = 1000  # of asking for a list that has changed


@dataclass(frozen=True)
class Acknowledged:
    """Events a second: medians over the rounds, and the ratio of these."""

    per_s: float
    p50_ms: float
    p99_ms: float
    bare_per_s: float
    ratio: float
    errors: int


@dataclass(frozen=True)
class Noticed:
    """How soon the other process answered with a changed list. first: the share of users whose first answer was it."""

    users: int
    p50_ms: float
    p99_ms: float
    worst_ms: float
    first: float


def acknowledged(server: Server, found: Deployed, options: argparse.Namespace) -> Acknowledged:
    """The events a second of the server, and of the bare store."""
    ours, bare = [], []
    for _ in range(options.rounds):
        now_s = int(time.time())
        asked = [
            {
                "trackingId": found.tracking_id,
                "userId": user,
                "sessionId": f"session-{user}",
                "eventList": [{"eventType": "watch", "itemId": str(place % 1000 + 1), "sentAt": now_s}],
            }
            for place, user in enumerate(found.users)
        ]
        requests = as_sent(server.events, "put_events", asked)
        ours.append(load(server.settings.port, requests, CONNECTIONS, options.seconds))
        command = [sys.executable, __file__, "--bare", str(options.seconds)]
        with tempfile.TemporaryDirectory(dir=server.settings.home) as folder:  # on the same disk
            done = subprocess.run(
                [*command, folder], capture_output=True, text=True, check=True, preexec_fn=on(SERVER_CORE)
            )
        bare.append(float(done.stdout))
    per_s, bare_per_s = (statistics.median(values) for values in ([each.per_s for each in ours], bare))
    return Acknowledged(
        round(per_s, 1),
        round(statistics.median(each.p50_ms for each in ours), 3),
        round(statistics.median(each.p99_ms for each in ours), 3),
        round(bare_per_s, 1),
        round(per_s / bare_per_s, 3),
        sum(each.errors for each in ours),
    )


def bare_store(folder: Path, seconds: float) -> float:
    """Events a second that the log of events commits for so many callers."""
    log = EventLog(Database(folder / "bare.db"))
    count = 0

    async def caller(number: int, until_s: float) -> None:
        nonlocal count
        while time.perf_counter() < until_s:
            user = str(number * 100_000 + count)
            row = StreamedEvent(1, user, f"session-{user}", str(count % 1000), "watch", None, 1_700_000_000, None, None)
            await asyncio.wrap_future(log.append([row]))
            count += 1

    async def all_callers() -> float:
        began_s = time.perf_counter()
        await asyncio.gather(*(caller(number, began_s + seconds) for number in range(CONNECTIONS)))
        return count / (time.perf_counter() - began_s)

    per_s = uvloop.run(all_callers())
    log.close()
    return per_s


class Worker:
    """A connection to one of the HTTP workers, known by the number that its lists' ids carry."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port)

    def send(self, request: bytes) -> bytes:
        """The body of the answer to a request as `as_sent` has it."""
        head, _, body = request.partition(b"\r\n\r\n")
        (method, path, _), *lines = (line.split(" ") for line in head.decode().split("\r\n"))
        headers = {name.rstrip(":"): " ".join(rest) for name, *rest in lines}
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        text = answer.read()
        assert answer.status == 200, text
        return text

    def number(self, request: bytes) -> str:
        """Of the ring that keeps the lists of this worker: digits 8 and 9 of a reply's id."""
        reply_id: str = json.loads(self.send(request))["recommendationId"]
        return reply_id.removeprefix("RID-").replace("-", "")[8:10]

    def items(self, request: bytes) -> list[str]:
        """The list that answers a request."""
        return [item["itemId"] for item in json.loads(self.send(request))["itemList"]]


def two_workers(port: int, request: bytes) -> tuple[Worker, Worker]:
    """Connections to two different processes. Which one takes a connection is the system's choice."""
    one = Worker(port)
    others = [Worker(port) for _ in range(64)]
    return one, next(other for other in others if other.number(request) != one.number(request))


def noticed(server: Server, found: Deployed, n_users: int) -> Noticed:
    """How soon events that one worker took change the lists of the other."""
    users, now_s = found.users[:n_users], int(time.time())
    lists = as_sent(
        server.runtime, "get_recommendations", [{"campaignArn": found.campaign, "userId": user} for user in users]
    )
    one, other = two_workers(server.settings.port, lists[0])
    took_ms, n_first = [], 0
    for user, request in zip(users, lists, strict=True):
        before = other.items(request)
        event = {"eventType": "watch", "itemId": before[0], "sentAt": now_s}
        asked = {"trackingId": found.tracking_id, "userId": user, "sessionId": user, "eventList": [event]}
        (put,) = as_sent(server.events, "put_events", [asked])
        one.send(put)
        began_s = time.perf_counter()
        tries = next(n for n in range(TRIES_MAX) if other.items(request) != before)
        took_ms.append((time.perf_counter() - began_s) * 1000)
        n_first += tries == 0
    cuts = statistics.quantiles(took_ms, n=100)
    return Noticed(len(users), round(cuts[49], 3), round(cuts[98], 3), round(max(took_ms), 3), n_first / len(users))


def without_exploration(server: Server, found: Deployed) -> None:
    """Lists that differ by what is known alone, and not by chance."""
    config = {"itemExplorationConfig": {"explorationWeight": "0"}}
    server.personalize.update_campaign(campaignArn=found.campaign, campaignConfig=config)
    while "latestCampaignUpdate" in (campaign := _described(server, found)) and (
        campaign["latestCampaignUpdate"]["status"] != "ACTIVE"
    ):
        time.sleep(0.1)


def _described(server: Server, found: Deployed) -> dict[str, dict[str, str]]:
    described: dict[str, dict[str, str]] = server.personalize.describe_campaign(campaignArn=found.campaign)["campaign"]
    return described


def main() -> None:
    """Set up, measure, print."""
    if sys.argv[1:2] == ["--bare"]:
        print(bare_store(Path(sys.argv[3]), float(sys.argv[2])))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=Path, default=os.environ.get("TASTEMAKER_SAMPLES"), help="folder of archives")
    parser.add_argument("--sample", default="ml-1m")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--users", type=int, default=300, help="whose lists the other worker is asked for")
    parser.add_argument("--json", action="store_true", help="print one JSON value and nothing else")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir()
        sample = samples.get(options.sample, Path(folder) / "sample", options.samples, lambda _, __: None)
        with (home / "server.log").open("wb") as log_file:
            found: Deployed | None = None
            for workers in (2, 1):
                supervisor = Supervisor(Settings(home=home, port=0, http_workers=workers), log_file)
                settings = supervisor.start()
                try:
                    server = Server(address(settings), settings)
                    if found is None:
                        found = deployed(server, sample, "aws-user-personalization")
                        without_exploration(server, found)
                        soon = noticed(server, found, options.users)
                    else:
                        pin_server(home)
                        done = acknowledged(server, found, options)
                finally:
                    supervisor.stop()
    if options.json:
        print(json.dumps({"load": how(), "acknowledged": asdict(done), "noticed": asdict(soon)}))
        return
    print(
        f"PutEvents, {CONNECTIONS} connections: {done.per_s:.0f} events/s on disk, p50 {done.p50_ms:.2f} ms, p99 "
        f"{done.p99_ms:.2f} ms | bare store {done.bare_per_s:.0f}/s | ratio {done.ratio:.2f}"
        + (f" | {done.errors} ERRORS" if done.errors else "")
    )
    print(
        f"from acknowledgement to a changed list of another worker, {soon.users} users: p50 {soon.p50_ms:.2f} ms, p99 "
        f"{soon.p99_ms:.2f} ms, worst {soon.worst_ms:.2f} ms; the first answer was it for {soon.first:.1%}"
    )
    print(f"load by {how()}")


if __name__ == "__main__":
    main()
