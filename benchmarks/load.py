"""What the benchmarks of speed share: requests as boto3 sends them, a load of them, a fixed reply to compare with.

The load comes from wrk where it is installed, else from asyncio in this process, which is slower than what it measures.
With two cores or more the server under test has one for itself, and the load and all else another.
"""

import asyncio
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse

SERVER_CORE, LOAD_CORE = {0}, {1}
DROPPED = ("connection", "expect", "accept-encoding")  # headers of one connection, or that say nothing here
SCRIPT = """
local place, requests = 0, {}
local file = io.open("%(requests)s", "rb")
while true do
  local length = file:read("*n")
  if not length then break end
  file:read(1)
  table.insert(requests, file:read(length))
end
function request()
  place = place %% #requests + 1
  return requests[place]
end
function done(summary, latency, requests)
  io.write(string.format("RESULT %%d %%d %%d %%d %%d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99),
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout))
end
"""


@dataclass(frozen=True)
class Load:
    """What one round of requests saw. cpu_us: CPU time of the server for one request."""

    requests: int
    per_s: float
    p50_ms: float
    p99_ms: float
    errors: int
    cpu_us: float = 0.0


def as_sent(client: Any, operation: str, asked: Iterable[Mapping[str, Any]]) -> list[bytes]:
    """What a boto3 client writes to its socket for each of these: headers, signature and all. Nothing is sent."""
    found: list[bytes] = []

    def keep(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        body = request.body or b""
        body = body if isinstance(body, bytes) else body.encode()
        headers = {name.lower(): value for name, value in request.headers.items() if name.lower() not in DROPPED}
        texts = {name: value if isinstance(value, str) else value.decode() for name, value in headers.items()}
        _, _, host, path = request.url.split("/", 3)
        texts = {"host": host, "accept-encoding": "identity", **texts, "content-length": str(len(body))}
        head = "".join(f"{name}: {value}\r\n" for name, value in texts.items())
        found.append(f"{request.method} /{path} HTTP/1.1\r\n{head}\r\n".encode() + body)
        return _NoResponse(request.url)

    event = f"before-send.{client.meta.service_model.service_id.hyphenize()}"
    name = "".join(part.capitalize() for part in operation.split("_"))
    client.meta.events.register(f"{event}.{name}", keep)
    try:
        for each in asked:
            getattr(client, operation)(**each)
    finally:
        client.meta.events.unregister(f"{event}.{name}", keep)
    return found


class _NoResponse(AWSResponse):  # type: ignore[misc]  # botocore has no types
    """An answer without anything in it."""

    def __init__(self, url: str) -> None:
        super().__init__(url, 200, {}, None)

    @property
    def content(self) -> bytes:
        return b"{}"


def load(port: int, requests: list[bytes], connections: int, seconds: float, pid: int | None = None) -> Load:
    """Send the requests, in order and from the start again, over so many connections for so long.

    pid: of the process that answers, whose CPU time is taken.
    """
    before_s = 0.0 if pid is None else cpu_s(pid)
    if shutil.which("wrk"):
        found = _wrk(port, requests, connections, seconds)
    else:
        found = asyncio.run(_asyncio(port, requests, connections, seconds))
    used_s = 0.0 if pid is None else cpu_s(pid) - before_s
    return replace(found, cpu_us=round(used_s / max(1, found.requests) * 1e6, 1))


def how() -> str:
    """What made the load, and how the cores were split; for people."""
    tool = "wrk, one thread" if shutil.which("wrk") else "asyncio in this process"
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return f"{tool}; {cores} cores" + (", one for the server, another for the load and all else" if cores > 1 else "")


def _wrk(port: int, requests: list[bytes], connections: int, seconds: float) -> Load:
    with tempfile.TemporaryDirectory() as folder:
        file, script = Path(folder) / "requests", Path(folder) / "requests.lua"
        file.write_bytes(b"".join(b"%d\n%s" % (len(each), each) for each in requests))
        script.write_text(SCRIPT % {"requests": file})
        command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", "10s"]
        command += ["-s", str(script), f"http://127.0.0.1:{port}"]
        found = subprocess.run(command, capture_output=True, text=True, check=True, preexec_fn=on(LOAD_CORE))
    match = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) (\d+)", found.stdout)
    assert match, found.stdout + found.stderr
    n, took_us, p50_us, p99_us, errors = (int(group) for group in match.groups())
    return Load(n, n / took_us * 1e6, p50_us / 1000, p99_us / 1000, errors)


async def _asyncio(port: int, requests: list[bytes], connections: int, seconds: float) -> Load:
    order = iter(range(1 << 60))
    took_s: list[float] = []
    errors = 0
    deadline = time.perf_counter() + seconds

    async def one() -> None:
        nonlocal errors
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() < deadline:
            began_s = time.perf_counter()
            writer.write(requests[next(order) % len(requests)])
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


def on(cores: set[int]) -> Callable[[], None]:
    """What pins a process to cores, if there are enough of them."""

    def pin() -> None:
        if hasattr(os, "sched_setaffinity") and len(os.sched_getaffinity(0)) > 1:
            os.sched_setaffinity(0, cores)

    return pin


def processes_of(home: Path) -> dict[int, str]:
    """Process id -> http, worker or job, of the server of this home. Linux only."""
    found: dict[int, str] = {}
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
        except OSError:
            continue  # it ended meanwhile
        if b"tastemaker.app" in words and any(os.fsencode(home) in word for word in words):
            found[int(entry.name)] = words[words.index(b"tastemaker.app") + 1].decode()
    return found


def pin_server(home: Path) -> int:
    """The HTTP worker alone on its core; the worker of jobs and all else on the other. Gives the HTTP worker's id."""
    found = processes_of(home)
    if hasattr(os, "sched_setaffinity") and len(os.sched_getaffinity(0)) > 1:
        for pid, role in found.items():
            for thread in Path(f"/proc/{pid}/task").iterdir():
                os.sched_setaffinity(int(thread.name), SERVER_CORE if role == "http" else LOAD_CORE)
    return next(pid for pid, role in found.items() if role == "http")


def cpu_s(pid: int) -> float:
    """CPU time that a process has used, its own and the system's for it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def fixed_reply(descriptor: int, body: bytes) -> None:
    """Serve constant bytes with the configuration of our server; runs in a process of its own."""
    import uvicorn

    from tastemaker.http.edge import new_request_id  # what our edge does for every answer, too, is done here as well
    from tastemaker.http.protocol import bounded
    from tastemaker.settings import Settings

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
            (b"x-amzn-requestid", new_request_id().encode()),
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
def fixed_server(body: bytes) -> Iterator[tuple[int, int]]:
    """Port and process id of a server that answers these bytes."""
    listener = socket.create_server(("127.0.0.1", 0))
    with tempfile.NamedTemporaryFile() as file:
        file.write(body)
        file.flush()
        command = [sys.executable, __file__, str(listener.fileno()), file.name]
        process = subprocess.Popen(command, pass_fds=[listener.fileno()], preexec_fn=on(SERVER_CORE))
        try:
            port: int = listener.getsockname()[1]
            load(port, [b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"], 1, 1)  # until it serves, and warm
            yield port, process.pid
        finally:
            process.terminate()
            process.wait()
            listener.close()


if __name__ == "__main__":
    fixed_reply(int(sys.argv[1]), Path(sys.argv[2]).read_bytes())
