"""Whether a server that is used in every way for twenty minutes makes an error, or grows.

    python benchmarks/soak.py --samples DIR [--sample ml-1m] [--minutes 20] [--seed 0] [--json]

Two HTTP workers. All at once, by unmodified boto3 clients whose retries bridge restarts as they do for any user: lists
without and with filters; events, each followed by a list that must not have its item any more; a filter edited in place
and asked at once; a campaign updated again and again. In the first third the server is stopped and started twice, and
an HTTP worker and the worker of jobs are killed with SIGKILL and come back. Any refusal, any list that is short or
breaks its filter, any event that was acknowledged and is not in the database at the end, is an error. Private memory of
every process is read each second of the last half: at its end it may be GROWTH_MB more than at its beginning. Linux
only: memory is read from /proc.
"""

import argparse
import csv
import json
import os
import random
import signal
import sqlite3
import tempfile
import threading
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError
from latency import deployed
from load import processes_of

from tastemaker import samples
from tastemaker.cli.client import Server
from tastemaker.settings import Settings
from tastemaker.storage.store import DATABASE
from tastemaker.supervisor import Supervisor, address

GROWTH_MB = 32.0
BUSY_USERS = 500  # who send events
GENRES = ("Horror", "Comedy", "Drama")
RESULTS = 25
ERRORS_SHOWN = 5
AWAY_S = 30.0  # how long a restart may take
RECIPE = "aws-user-personalization"
RETRIES = Config(retries={"mode": "standard", "max_attempts": 10}, connect_timeout=10, read_timeout=60)


@dataclass
class Tally:
    """What was done, what went wrong, and private memory in MB by process: at the beginning, the end, and at most."""

    minutes: float = 0.0
    done: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    memory_mb: dict[str, tuple[float, float, float]] = field(default_factory=dict)

    @property
    def is_clean(self) -> bool:
        """Whether nothing went wrong and nothing grew."""
        return not self.errors and all(end - begin <= GROWTH_MB for begin, end, _ in self.memory_mb.values())


class Soak:
    """One server under use."""

    def __init__(self, home: Path, sample: samples.Sample, minutes: float, seed: int) -> None:
        self._home, self._sample, self._seconds, self._seed = home, sample, minutes * 60, seed
        self._log = (home / "server.log").open("ab")
        self._stopping = threading.Event()
        self._acknowledged: list[str] = []
        self._lock = threading.Lock()
        self.tally = Tally(minutes)
        with sample.items.open(encoding="utf-8") as file:
            self._genres = {row["ITEM_ID"]: set(row["GENRES"].split("|")) for row in csv.DictReader(file)}

    def run(self) -> Tally:
        """All of it. Raises what keeps the server from starting."""
        self._start(Settings(home=self._home, port=0, http_workers=2))
        try:
            self._found = deployed(Server(address(self._settings), self._settings), self._sample, RECIPE)
            self._until_s = time.monotonic() + self._seconds
            jobs = [self._read, self._read, self._send, self._send, self._edit, self._update, self._disturb]
            threads = [
                threading.Thread(target=self._repeat, args=(job, random.Random(self._seed + number)))
                for number, job in enumerate(jobs)
            ]
            for thread in threads:
                thread.start()
            self._watch_memory()
            for thread in threads:
                thread.join()
            self._look_for_events()
        finally:
            self._stop()
            self._log.close()
        return self.tally

    def _start(self, settings: Settings) -> None:
        self._supervisor = Supervisor(settings, self._log)
        self._settings = self._supervisor.start()
        self._stopping = threading.Event()
        self._watch = threading.Thread(target=self._supervisor.watch, args=(self._stopping,))
        self._watch.start()

    def _stop(self) -> None:
        self._stopping.set()
        self._watch.join()
        self._supervisor.stop()

    def _repeat(self, job: Callable[[random.Random], None], rng: random.Random) -> None:
        while time.monotonic() < self._until_s:
            try:
                job(rng)
            except Exception as problem:  # noqa: BLE001  whatever it is, it is an error of the run
                self._error(f"{job.__name__.strip('_')}: {type(problem).__name__}: {problem}")

    def _client(self, service: str) -> Any:
        known = self._clients.__dict__
        if service not in known:
            known[service] = boto3.client(
                service,
                endpoint_url=address(self._settings),
                region_name=self._settings.region,
                aws_access_key_id="any",
                aws_secret_access_key="any",
                config=RETRIES,
            )
        return known[service]

    _clients = threading.local()

    def _list(self, user: str, **more: Any) -> list[str]:
        runtime = self._client("personalize-runtime")
        reply = runtime.get_recommendations(campaignArn=self._found.campaign, userId=user, **more)
        ids = [item["itemId"] for item in reply["itemList"]]
        if len(set(ids)) != RESULTS:
            self._error(f"a list of {len(ids)} items, {len(set(ids))} different ones: {user} {more}")
        return ids

    def _read(self, rng: random.Random) -> None:
        filters = [{}, {"filterArn": self._found.filters["unseen"]}, {"filterArn": self._found.filters["genres"]}]
        self._list(rng.choice(self._found.users), **rng.choice(filters))
        self._count("lists")

    def _send(self, rng: random.Random) -> None:
        user = rng.choice(self._found.users[:BUSY_USERS])
        unseen = {"filterArn": self._found.filters["unseen"]}
        item, event_id = rng.choice(self._list(user, **unseen)), uuid.uuid4().hex
        event = {"eventId": event_id, "eventType": "watch", "itemId": item, "sentAt": int(time.time())}
        self._client("personalize-events").put_events(
            trackingId=self._found.tracking_id, userId=user, sessionId=f"session-{user}", eventList=[event]
        )
        with self._lock:
            self._acknowledged.append(event_id)
        if item in self._list(user, **unseen):
            self._error(f"{item} is in the list of {user} after its event")
        self._count("events")

    def _edit(self, rng: random.Random) -> None:
        without = rng.choice(GENRES)
        arn = self._found.filters["genres"]
        self._edited(arn, f'EXCLUDE ItemID WHERE Items.GENRES IN ("{without}")')
        listed = self._list(rng.choice(self._found.users), filterArn=arn)
        if wrong := [item for item in listed if without in self._genres.get(item, ())]:
            self._error(f"{wrong} are {without}, which the filter leaves out")
        self._count("filter edits")
        time.sleep(0.5)

    def _edited(self, arn: str, expression: str) -> None:
        """Tell the server; again while it is away, as boto3 does it for its own requests."""
        deadline = time.monotonic() + AWAY_S
        while True:
            try:
                server = Server(address(self._settings), self._settings)
                server.tell(f"/filters/{arn}", {"filterExpression": expression}, "PUT")
            except EndpointConnectionError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
            else:
                return

    def _update(self, rng: random.Random) -> None:
        personalize, arn = self._client("personalize"), self._found.campaign
        weight = {"explorationWeight": rng.choice(["0", "0.3", "0.7"])}
        personalize.update_campaign(campaignArn=arn, campaignConfig={"itemExplorationConfig": weight})
        deadline = time.monotonic() + 60
        while personalize.describe_campaign(campaignArn=arn)["campaign"]["latestCampaignUpdate"]["status"] != "ACTIVE":
            if time.monotonic() > deadline:
                self._error("an update of the campaign is not ACTIVE after a minute")
                break
            time.sleep(0.1)
        self._count("campaign updates")
        time.sleep(2)

    def _disturb(self, _: random.Random) -> None:
        """The restarts, at their times within the first third."""
        began_s = time.monotonic()
        for place, disturbance in enumerate((self._restart, self._kill_http, self._kill_worker, self._restart), 1):
            time.sleep(max(0.0, began_s + self._seconds / 3 * place / 4 - time.monotonic()))
            disturbance()
        time.sleep(max(0.0, self._until_s - time.monotonic()))

    def _restart(self) -> None:
        self._stop()
        self._start(replace(self._settings))
        self._count("restarts")

    def _kill_http(self) -> None:
        self._kill("http")

    def _kill_worker(self) -> None:
        self._kill("worker")

    def _kill(self, role: str) -> None:
        pid = next(pid for pid, its in processes_of(self._home).items() if its == role)
        os.kill(pid, signal.SIGKILL)
        self._count("kills")

    def _watch_memory(self) -> None:
        time.sleep(max(0.0, self._until_s - self._seconds / 2 - time.monotonic()))
        seen: dict[str, list[float]] = defaultdict(list)
        while time.monotonic() < self._until_s:
            for pid, role in processes_of(self._home).items():
                if role != "job":  # jobs come and go
                    seen[f"{role} {pid}"].append(_private_mb(pid))
            time.sleep(1)
        for name, values in seen.items():
            tenth = max(1, len(values) // 10)
            begin, end = (sum(part) / len(part) for part in (values[:tenth], values[-tenth:]))
            self.tally.memory_mb[name] = (round(begin, 1), round(end, 1), round(max(values), 1))

    def _look_for_events(self) -> None:
        with closing(sqlite3.connect(self._home / DATABASE)) as database:
            present = {row[0] for row in database.execute("SELECT event_id FROM events")}
        if lost := set(self._acknowledged) - present:
            self._error(f"{len(lost)} of {len(self._acknowledged)} acknowledged events are not in the database")

    def _count(self, what: str) -> None:
        with self._lock:
            self.tally.done[what] += 1

    def _error(self, text: str) -> None:
        with self._lock:
            self.tally.errors.append(text)


def _private_mb(pid: int) -> float:
    """Memory that the process shares with nobody, in MB; 0 if it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("RssAnon:")), 0.0)


def main() -> None:
    """Set up, use, print; fails if anything went wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=Path, default=os.environ.get("TASTEMAKER_SAMPLES"), help="folder of archives")
    parser.add_argument("--sample", default="ml-1m")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print one JSON value and nothing else")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir()
        sample = samples.get(options.sample, Path(folder) / "sample", options.samples, lambda _, __: None)
        tally = Soak(home, sample, options.minutes, options.seed).run()
    if options.json:
        print(json.dumps(asdict(tally)))
    else:
        print(f"{tally.minutes:g} minutes: " + ", ".join(f"{n} {what}" for what, n in tally.done.most_common()))
        for name, (begin, end, most) in tally.memory_mb.items():
            print(f"{name.split()[0]:8} private memory {begin:.1f} MB, {end:.1f} at the end, {most:.1f} at most")
        print(f"{len(tally.errors)} errors", *tally.errors[:ERRORS_SHOWN], sep="\n  ")
    if not tally.is_clean:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
