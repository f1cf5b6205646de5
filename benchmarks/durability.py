"""Whether anything is lost when every process of the server is killed at a random moment, again and again.

    python benchmarks/durability.py [--rounds 50] [--seed 0] [--json]

Each round: threads send events, each with an id of its own, and note those that were acknowledged, while resources are
created, imported, trained, deployed, updated and deleted. At a random moment all processes of the server get SIGKILL:
supervisor, worker, HTTP server, and the processes of jobs. The server is started again on the same home. Then every
acknowledged event must be in the database, all resources must reach a final status, no file may be left without its
row, and a recommendation must be answered. Linux only: processes are found in /proc.
"""

import argparse
import http.client
import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

SENDERS = 3
LIFE_S = (0.2, 3.0)  # how long a server lives, at least and at most
OPEN_JOBS_MAX = 3  # more would only wait
LITTER_S = 20.0  # the worker cleans up a moment after a job has ended
WAIT_S = 300.0  # nothing takes so long unless it hangs
FINAL = (None, "ACTIVE", "CREATE STOPPED")
RECIPE = "arn:aws:personalize:::recipe/aws-user-personalization"
INTERACTIONS = json.dumps(
    {
        "type": "record",
        "name": "Interactions",
        "namespace": "com.amazonaws.personalize.schema",
        "version": "1.0",
        "fields": [
            {"name": "USER_ID", "type": "string"},
            {"name": "ITEM_ID", "type": "string"},
            {"name": "EVENT_TYPE", "type": "string"},
            {"name": "TIMESTAMP", "type": "long"},
        ],
    }
)


@dataclass
class Tally:
    """What was done, and what went wrong: the lists must be empty."""

    rounds: int = 0
    processes_killed: int = 0
    jobs_interrupted: int = 0
    events_acknowledged: int = 0
    changes_acknowledged: int = 0
    restart_s_max: float = 0.0
    events_lost: list[str] = field(default_factory=list)
    not_final: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    litter: list[str] = field(default_factory=list)
    server_errors: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether nothing went wrong."""
        return not (self.events_lost or self.not_final or self.failed or self.litter or self.server_errors)


class Victim:
    """A server in processes of its own, and how to kill all of them."""

    def __init__(self, home: Path) -> None:
        self.home = home
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]

    def start(self) -> float:
        """Start it; gives the seconds until it answered."""
        began_s = time.monotonic()
        command = [sys.executable, "-m", "tastemaker", "up", "--home", str(self.home), "--port", str(self.port)]
        with (self.home / "server.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise RuntimeError(f"the server ended at its start; see {self.home / 'server.log'}")
            try:
                self.get("/healthz")
            except OSError:
                time.sleep(0.02)
            else:
                return time.monotonic() - began_s
        raise RuntimeError("the server did not answer")

    def get(self, path: str) -> Any:
        """The JSON value of one of our own pages."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def client(self, service: str) -> Any:
        """A boto3 client that gives up at once when the server is gone."""
        return boto3.client(
            service,
            endpoint_url=f"http://127.0.0.1:{self.port}",
            region_name="eu-west-1",
            aws_access_key_id="any",
            aws_secret_access_key="any",
            config=Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=30),
        )

    def kill(self) -> int:
        """SIGKILL to every process that has this home in its command line; gives their number."""
        n_killed = 0
        while pids := self._pids():
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGKILL)
                    n_killed += 1
                except ProcessLookupError:
                    continue
            if self._process.pid in pids:
                self._process.wait()
        return n_killed

    def _pids(self) -> list[int]:
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and os.fsencode(self.home) in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue  # it ended meanwhile
        return [pid for pid in found if pid != os.getpid()]


@dataclass(frozen=True)
class World:
    """What is deployed before the first kill."""

    group: str
    dataset: str
    solution: str
    version: str
    campaign: str
    tracking_id: str
    csv: Path


def prepare(victim: Victim) -> World:
    """A small data set, imported, trained and deployed."""
    p = victim.client("personalize")
    csv = victim.home.parent / f"{victim.home.name}.csv"
    rows = [f"u{n % 100},i{n * 7 % 37},watch,{1_700_000_000 + n}" for n in range(1500)]
    csv.write_text("\n".join(["USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP", *rows]) + "\n")
    schema = p.create_schema(name="world", schema=INTERACTIONS)["schemaArn"]
    group = p.create_dataset_group(name="world")["datasetGroupArn"]
    _settle(victim)
    dataset = p.create_dataset(name="world", schemaArn=schema, datasetGroupArn=group, datasetType="Interactions")[
        "datasetArn"
    ]
    tracker = p.create_event_tracker(name="world", datasetGroupArn=group)
    _settle(victim)
    p.create_dataset_import_job(jobName="world", datasetArn=dataset, dataSource={"dataLocation": str(csv)})
    _settle(victim)
    solution = p.create_solution(name="world", datasetGroupArn=group, recipeArn=RECIPE)["solutionArn"]
    _settle(victim)
    version = p.create_solution_version(solutionArn=solution)["solutionVersionArn"]
    _settle(victim)
    campaign = p.create_campaign(name="world", solutionVersionArn=version)["campaignArn"]
    _settle(victim)
    return World(group, dataset, solution, version, campaign, tracker["trackingId"], csv)


def run(home: Path, rounds: int, seed: int, report: Callable[[str], None]) -> Tally:
    """Kill and restart, `rounds` times. Raises RuntimeError if the server does not come back."""
    rng = random.Random(seed)
    victim, tally = Victim(home), Tally()
    victim.start()
    try:
        world = prepare(victim)
        acknowledged: list[str] = []
        for each in range(rounds):
            acknowledged += _one_life(victim, world, rng, tally)
            tally.rounds = each + 1
            _check(victim, world, acknowledged, tally)
            report(f"round {each + 1}: {len(acknowledged)} events, {tally.processes_killed} processes killed")
            if not tally.is_clean:
                break
        tally.events_acknowledged = len(acknowledged)
    finally:
        victim.kill()
    return tally


def _one_life(victim: Victim, world: World, rng: random.Random, tally: Tally) -> list[str]:
    """Load the server, kill it at a random moment, start it again; gives the ids of acknowledged events."""
    stopping = threading.Event()
    noted: list[list[str]] = [[] for _ in range(SENDERS)]
    threads = [threading.Thread(target=_send, args=(victim, world, stopping, acks, tally)) for acks in noted]
    threads.append(threading.Thread(target=_change, args=(victim, world, rng.random(), stopping, tally)))
    for thread in threads:
        thread.start()
    time.sleep(rng.uniform(*LIFE_S))
    tally.processes_killed += victim.kill()
    stopping.set()
    for thread in threads:
        thread.join()
    with sqlite3.connect(victim.home / "tastemaker.db") as database:
        tally.jobs_interrupted += database.execute("SELECT count(*) FROM jobs WHERE state = 'running'").fetchone()[0]
    database.close()
    tally.restart_s_max = max(tally.restart_s_max, victim.start())
    return [event_id for acks in noted for event_id in acks]


def _send(victim: Victim, world: World, stopping: threading.Event, acks: list[str], tally: Tally) -> None:
    """Events, one to ten a call, as fast as they are acknowledged."""
    client = victim.client("personalize-events")
    for place in range(1_000_000):
        ids = [str(uuid.uuid4()) for _ in range(1 + place % 10)]
        try:
            client.put_events(
                trackingId=world.tracking_id,
                userId=f"u{place % 200}",
                sessionId=f"s{place % 200}",
                eventList=[
                    {"eventId": name, "eventType": "watch", "itemId": f"i{place % 37}", "sentAt": int(time.time())}
                    for name in ids
                ],
            )
        except (BotoCoreError, ClientError) as error:
            _note(error, tally)
            return
        acks += ids
        if stopping.is_set():
            return
        time.sleep(0.002)


def _change(victim: Victim, world: World, seed: float, stopping: threading.Event, tally: Tally) -> None:
    """Create, change and delete resources of every kind, in random order."""
    rng, p = random.Random(seed), victim.client("personalize")

    def name() -> str:
        return f"n-{uuid.UUID(int=rng.getrandbits(128))}"

    def any_of(listed: list[dict[str, Any]], member: str) -> str:
        found: list[str] = [each[member] for each in listed]
        return rng.choice([each for each in found if not each.endswith("/world")])

    expression = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("watch")'
    source = {"dataLocation": str(world.csv)}
    deeds: list[Callable[[], Any]] = [
        lambda: p.create_schema(name=name(), schema=INTERACTIONS),
        lambda: p.create_dataset_group(name=name()),
        lambda: p.delete_dataset_group(
            datasetGroupArn=any_of(p.list_dataset_groups()["datasetGroups"], "datasetGroupArn")
        ),
        lambda: p.create_filter(name=name(), datasetGroupArn=world.group, filterExpression=expression),
        lambda: p.delete_filter(filterArn=any_of(p.list_filters()["Filters"], "filterArn")),
        lambda: p.create_dataset_import_job(jobName=name(), datasetArn=world.dataset, dataSource=source),
        lambda: p.create_dataset_import_job(
            jobName=name(), datasetArn=world.dataset, dataSource=source, importMode="INCREMENTAL"
        ),
        lambda: p.create_solution(name=name(), datasetGroupArn=world.group, recipeArn=RECIPE),
        lambda: p.delete_solution(solutionArn=any_of(p.list_solutions()["solutions"], "solutionArn")),
        lambda: p.create_solution_version(solutionArn=any_of(p.list_solutions()["solutions"], "solutionArn")),
        lambda: p.create_solution_version(solutionArn=world.solution),
        lambda: p.create_campaign(name=name(), solutionVersionArn=f"{world.solution}/$LATEST"),
        lambda: p.update_campaign(campaignArn=world.campaign, solutionVersionArn=f"{world.solution}/$LATEST"),
        lambda: p.delete_campaign(campaignArn=any_of(p.list_campaigns()["campaigns"], "campaignArn")),
    ]
    while not stopping.is_set():
        try:
            states = [job["state"] for job in victim.get("/jobs")["jobs"]]
            if sum(state in ("queued", "running") for state in states) < OPEN_JOBS_MAX:
                rng.choice(deeds)()
                tally.changes_acknowledged += 1
        except IndexError:
            continue  # nothing there to choose from
        except ClientError as error:
            _note(error, tally)  # in use, still changing: what other clients do
        except (BotoCoreError, OSError, http.client.HTTPException, ValueError):
            return  # killed in the middle of an answer
        time.sleep(0.02)


def _note(error: BotoCoreError | ClientError, tally: Tally) -> None:
    """An answer that says that the server failed is a failure; a connection that broke is the point of all this."""
    if isinstance(error, ClientError) and error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
        tally.server_errors.append(str(error))


def _settle(victim: Victim) -> None:
    """Wait until no job is open."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        if all(job["state"] not in ("queued", "running") for job in victim.get("/jobs")["jobs"]):
            return
        time.sleep(0.05)


def _check(victim: Victim, world: World, acknowledged: list[str], tally: Tally) -> None:
    """Hold the database and the folders against what must be there."""
    _settle(victim)
    database = sqlite3.connect(victim.home / "tastemaker.db")
    try:
        kept = {row[0] for row in database.execute("SELECT event_id FROM events")}
        rows = database.execute("SELECT arn, status, failure_reason, change FROM resources").fetchall()
    finally:
        database.close()
    tally.events_lost += sorted(set(acknowledged) - kept)
    for arn, status, reason, change in rows:
        changing = json.loads(change)["status"] if change and json.loads(change) else "ACTIVE"
        if "FAILED" in f"{status} {changing}":
            tally.failed.append(f"{arn}: {status}, update {changing}: {reason or change}")
        elif status not in FINAL or changing != "ACTIVE":
            tally.not_final.append(f"{arn}: {status}, update {changing}")
    deadline = time.monotonic() + LITTER_S
    while (litter := _litter(victim)) and time.monotonic() < deadline:
        time.sleep(0.1)
    tally.litter += litter
    answer = victim.client("personalize-runtime").get_recommendations(campaignArn=world.campaign, userId="u1")
    if len(answer["itemList"]) != 25:
        tally.server_errors.append(f"{len(answer['itemList'])} items recommended")


def _litter(victim: Victim) -> list[str]:
    """Files and folders without a row, and rows without theirs."""
    database = sqlite3.connect(victim.home / "tastemaker.db")
    try:
        parts = {row[0] for row in database.execute("SELECT folder FROM parts")}
        bodies = [json.loads(row[0]) for row in database.execute("SELECT body FROM resources")]
    finally:
        database.close()
    named = {
        "datasets": parts,
        "artifacts": {body["artifact"] for body in bodies if "artifact" in body},
        "rejects": {body["rejects"] for body in bodies if "rejects" in body},
        "spool": set(),
    }
    litter = [f"{path.name} in the home" for path in victim.home.glob(".aside-*")]
    for folder, wanted in named.items():
        found = {path.name for path in (victim.home / folder).glob("*")}
        litter += [f"{folder}/{name} has no row" for name in sorted(found - wanted)]
        litter += [f"{folder}/{name} is missing" for name in sorted(wanted - found)]
    return litter


def main() -> None:
    """Run the rounds, print the tally."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print one JSON value and nothing else")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir()
        tally = run(home, options.rounds, options.seed, (lambda _: None) if options.json else print)
    print(json.dumps(asdict(tally)) if options.json else "\n".join(f"{k}: {v}" for k, v in asdict(tally).items()))
    sys.exit(0 if tally.is_clean else 1)


if __name__ == "__main__":
    main()
