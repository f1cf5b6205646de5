"""How fast GetRecommendations answers over HTTP, beside the same server answering a fixed reply of the same size.

    python benchmarks/latency.py --samples DIR [--connections 1 16 64] [--rounds 3] [--seconds 3] [--json]

MovieLens 1M, 25 results, distinct users, one HTTP worker. Three cases: users as trained; users each with an event newer
than their list, which is computed anew; and the filter that leaves out what the user watched. Every round measures our
server and then uvicorn with the same configuration answering constant bytes of the same length; the ratio is that of
the medians of the rounds. The load comes from wrk where it is installed, else from asyncio in this process, which is
slower than what it measures. With two cores or more the server under test has one for itself and the load another.
"""

import argparse
import asyncio
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tastemaker import samples
from tastemaker.cli import walk
from tastemaker.cli.client import Server
from tastemaker.cli.waiting import until_active, unwatched
from tastemaker.settings import Settings
from tastemaker.supervisor import Supervisor, address

CONNECTIONS_MAX = 64
SERVER_CORE, LOAD_CORE = {0}, {1}
CASES = ("as trained", "fresh event", "filtered")
SCRIPT = """
local place, paths, bodies = 0, {}, {}
for line in io.lines("%(requests)s") do
  local path, body = line:match("^(%%S+) (.*)$")
  table.insert(paths, path)
  table.insert(bodies, body)
end
function request()
  place = place %% #bodies + 1
  return wrk.format("POST", paths[place], {["Content-Type"] = "application/json"}, bodies[place])
end
function done(summary, latency, requests)
  io.write(string.format("RESULT %%d %%d %%d %%d %%d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99),
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout))
end
"""


@dataclass(frozen=True)
class Load:
    """What one round of requests saw."""

    requests: int
    per_s: float
    p50_ms: float
    p99_ms: float
    errors: int


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
    ratio: float
    ratio_min: float
    ratio_max: float
    errors: int


@dataclass(frozen=True)
class Request:
    """A request as lines of a script have it."""

    path: str
    body: str

    def __str__(self) -> str:
        return f"{self.path} {self.body}"


def load(port: int, requests: list[Request], connections: int, seconds: float) -> Load:
    """Send the requests, in order and from the start again, over so many connections for so long."""
    if shutil.which("wrk"):
        return _wrk(port, requests, connections, seconds)
    return asyncio.run(_asyncio(port, requests, connections, seconds))


def _wrk(port: int, requests: list[Request], connections: int, seconds: float) -> Load:
    with tempfile.TemporaryDirectory() as folder:
        lines, script = Path(folder) / "requests", Path(folder) / "requests.lua"
        lines.write_text("\n".join(map(str, requests)) + "\n")
        script.write_text(SCRIPT % {"requests": lines})
        command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", "10s"]
        command += ["-s", str(script), f"http://127.0.0.1:{port}"]
        found = subprocess.run(command, capture_output=True, text=True, check=True, preexec_fn=_on(LOAD_CORE))
    match = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) (\d+)", found.stdout)
    assert match, found.stdout + found.stderr
    n, took_us, p50_us, p99_us, errors = (int(group) for group in match.groups())
    return Load(n, n / took_us * 1e6, p50_us / 1000, p99_us / 1000, errors)


async def _asyncio(port: int, requests: list[Request], connections: int, seconds: float) -> Load:
    order = iter(range(1 << 60))
    took_s: list[float] = []
    errors = 0
    deadline = time.perf_counter() + seconds

    async def one() -> None:
        nonlocal errors
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() < deadline:
            request = requests[next(order) % len(requests)]
            body = request.body.encode()
            began_s = time.perf_counter()
            writer.write(
                f"POST {request.path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
            )
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
            assert length
            await reader.readexactly(int(length[1]))
            took_s.append(time.perf_counter() - began_s)
            errors += b" 200 " not in head[:20]
        writer.close()

    began_s = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(connections)))
    per_s = len(took_s) / (time.perf_counter() - began_s)
    cuts = statistics.quantiles(took_s, n=100)
    return Load(len(took_s), per_s, cuts[49] * 1000, cuts[98] * 1000, errors)


def _on(cores: set[int]) -> Callable[[], None]:
    """What pins a process to cores, if there are enough of them."""

    def pin() -> None:
        if hasattr(os, "sched_setaffinity") and len(os.sched_getaffinity(0)) > 1:
            os.sched_setaffinity(0, cores)

    return pin


def fixed_reply(descriptor: int, body: bytes) -> None:
    """Serve constant bytes with the configuration of our server; runs in a process of its own."""
    import uuid  # what our edge does for every answer, too, is done here as well

    import uvicorn

    from tastemaker.http.protocol import bounded

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            while (message := await receive())["type"]:
                await send({"type": message["type"] + ".complete"})
                if message["type"] == "lifespan.shutdown":
                    return
        while (await receive()).get("more_body"):
            pass
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"x-amzn-requestid", str(uuid.uuid4()).encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    config = uvicorn.Config(
        app,
        loop="uvloop",
        http=bounded(Settings().header_bytes_max),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=2048,
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=descriptor)])


@contextmanager
def fixed_server(body: bytes) -> Iterator[int]:
    """The port of a server that answers these bytes."""
    listener = socket.create_server(("127.0.0.1", 0))
    with tempfile.NamedTemporaryFile() as file:
        file.write(body)
        file.flush()
        command = [sys.executable, __file__, "--fixed-reply", str(listener.fileno()), file.name]
        process = subprocess.Popen(command, pass_fds=[listener.fileno()], preexec_fn=_on(SERVER_CORE))
        try:
            port: int = listener.getsockname()[1]
            load(port, [Request("/recommendations", "{}")], 1, 1)  # until it serves, and warm
            yield port
        finally:
            process.terminate()
            process.wait()
            listener.close()


def pin_server(home: Path) -> None:
    """The HTTP worker alone on its core; the worker of jobs and whatever else there is on the other."""
    if not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2:
        return
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            words = (entry / "cmdline").read_bytes().split(b"\0")
            if b"tastemaker.app" in words and any(os.fsencode(home) in word for word in words):
                cores = SERVER_CORE if b"http" in words else LOAD_CORE
                for thread in (entry / "task").iterdir():
                    os.sched_setaffinity(int(thread.name), cores)


def deployed(server: Server, sample: samples.Sample, recipe: str) -> walk.Deployed:
    """The sample imported, trained and deployed under its own name."""
    name = sample.name
    group = walk.dataset_group(server, name)
    for kind, path in {"Interactions": sample.interactions, "Items": sample.items}.items():
        dataset = walk.dataset(server, group, name, kind, sample.schemas[kind])
        walk.imported(server, dataset, f"{name}-{kind}", str(path), unwatched)
    solution = walk.solution(server, group, name, recipe)
    version = walk.trained(server, solution, unwatched)["arn"]
    created = server.personalize.create_campaign(name=name, solutionVersionArn=version)
    until_active(server, created["campaignArn"])
    unseen = walk.unseen_filter(server, group, name)
    return walk.Deployed(group, created["campaignArn"], unseen, walk.tracking_id(server, group, name))


def requests_of(case: str, found: walk.Deployed, users: list[str]) -> list[Request]:
    """What the case asks, user by user."""
    asked = {"campaignArn": found.campaign, **({"filterArn": found.unseen} if case == "filtered" else {})}
    return [Request("/recommendations", json.dumps({**asked, "userId": user})) for user in users]


def freshen(port: int, found: walk.Deployed, users: list[str]) -> None:
    """One event for every user, so that no list is as it was."""
    event = {"eventType": "watch", "itemId": "1", "sentAt": int(time.time())}
    bodies = [
        {"trackingId": found.tracking_id, "userId": user, "sessionId": user, "eventList": [event]} for user in users
    ]
    requests = [Request("/events", json.dumps(body)) for body in bodies]
    while requests:
        n_sent = load(port, requests, CONNECTIONS_MAX, 1).requests
        requests = requests[max(1, n_sent - CONNECTIONS_MAX) :]  # those under way at the end may not have arrived


def measure(server: Server, found: walk.Deployed, users: list[str], options: argparse.Namespace) -> list[Row]:
    """All cases at all numbers of connections."""
    port = server.settings.port
    rows: list[Row] = []
    for case in CASES:
        requests = requests_of(case, found, users)
        answer = server.runtime.get_recommendations(**json.loads(requests[0].body))
        answer.pop("ResponseMetadata")
        with fixed_server(json.dumps(answer, separators=(",", ":")).encode()) as fixed_port:
            for connections in options.connections:
                ours, fixed = [], []
                for _ in range(options.rounds):
                    seconds = options.seconds
                    if case == "fresh event":
                        freshen(port, found, users)
                        seconds = 1  # so short that nobody is asked for twice
                    ours.append(load(port, requests, connections, seconds))
                    if case == "fresh event" and ours[-1].requests > len(users):
                        print(f"{ours[-1].requests} requests for {len(users)} users: some lists were not computed anew")
                    fixed.append(load(fixed_port, requests, connections, seconds))
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
        round(of(ours, "per_s") / of(fixed, "per_s"), 3),
        round(min(ratios), 3),
        round(max(ratios), 3),
        sum(each.errors for each in [*ours, *fixed]),
    )


def line(row: Row) -> str:
    """A row as people read it."""
    return (
        f"{row.case:12} {row.connections:3} connections: {row.per_s:6.0f} requests/s, p50 {row.p50_ms:6.2f} ms, "
        f"p99 {row.p99_ms:6.2f} ms | fixed {row.fixed_per_s:6.0f}/s, p50 {row.fixed_p50_ms:.2f}, p99 "
        f"{row.fixed_p99_ms:.2f} | ratio {row.ratio:.2f} ({row.ratio_min:.2f} to {row.ratio_max:.2f})"
        + (f" | {row.errors} ERRORS" if row.errors else "")
    )


def main() -> None:
    """Set up, measure, print."""
    if sys.argv[1:2] == ["--fixed-reply"]:
        fixed_reply(int(sys.argv[2]), Path(sys.argv[3]).read_bytes())
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=Path, default=os.environ.get("TASTEMAKER_SAMPLES"), help="folder of archives")
    parser.add_argument("--sample", default="ml-1m")
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 16, 64])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--json", action="store_true", help="print one JSON value and nothing else")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir()
        sample = samples.get(options.sample, Path(folder) / "sample", options.samples, lambda _, __: None)
        with (home / "server.log").open("wb") as log_file:
            supervisor = Supervisor(Settings(home=home, port=0), log_file)
            settings = supervisor.start()
            try:
                server = Server(address(settings), settings)
                found = deployed(server, sample, "aws-user-personalization")
                users = sorted({row.split(",")[0] for row in sample.interactions.read_text().splitlines()[1:]})
                pin_server(home)
                load(settings.port, requests_of(CASES[0], found, users), 16, 2)
                rows = measure(server, found, users, options)
            finally:
                supervisor.stop()
    tool = "wrk, one thread" if shutil.which("wrk") else "asyncio in this process"
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    how = f"{tool}; {cores} cores" + (", one for the server, another for the load and all else" if cores > 1 else "")
    if options.json:
        print(json.dumps({"load": how, "users": len(users), "rows": [asdict(row) for row in rows]}))
    else:
        print(f"{len(users)} users of {options.sample}; load by {how}")


if __name__ == "__main__":
    main()
