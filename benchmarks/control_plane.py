"""How long Describe and List take, and how that grows with the number of resources.

    python benchmarks/control_plane.py [--resources 10000] [--json]

A real server on a temporary home. Its store is filled through the API, first to a hundredth of the number, then to all
of it: schemas, and dataset groups with one filter's worth of datasets each. At both sizes the same requests are sent
one after the other on one connection, unsigned, interleaved so that noise falls on all of them alike; the medians and
their ratio are printed. A reply of the same server that looks at nothing (`/healthz`) is measured beside them.
"""

import argparse
import http.client
import json
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tastemaker.settings import Settings
from tastemaker.supervisor import Supervisor, address

ROUNDS = 400
GROUPS_SHARE = 20  # one dataset group for so many resources
SCHEMA = json.dumps(
    {
        "type": "record",
        "name": "Interactions",
        "namespace": "com.amazonaws.personalize.schema",
        "version": "1.0",
        "fields": [
            {"name": "USER_ID", "type": "string"},
            {"name": "ITEM_ID", "type": "string"},
            {"name": "TIMESTAMP", "type": "long"},
        ],
    }
)


class Client:
    """One connection; what it sends is what boto3 sends, without its own time."""

    def __init__(self, url: str) -> None:
        host, port = url.removeprefix("http://").split(":")
        self._connection = http.client.HTTPConnection(host, int(port))

    def __call__(self, operation: str, **given: Any) -> Any:
        """The reply. Raises RuntimeError for a refusal."""
        headers = {"X-Amz-Target": f"AmazonPersonalize.{operation}", "Content-Type": "application/x-amz-json-1.1"}
        self._connection.request("POST", "/", json.dumps(given), headers)
        answer = self._connection.getresponse()
        content = json.loads(answer.read() or b"{}")
        if answer.status != 200:
            raise RuntimeError(f"{operation}: {content}")
        return content

    def nothing(self) -> None:
        """A reply that looks at nothing."""
        self._connection.request("GET", "/healthz")
        self._connection.getresponse().read()


def fill(url: str, begin: int, end: int) -> None:
    """Resources number begin to end."""
    local = threading.local()

    def add(number: int) -> None:
        client = local.__dict__.setdefault("client", Client(url))
        if number % GROUPS_SHARE == 0:
            client("CreateDatasetGroup", name=f"r{number}")
        else:
            client("CreateSchema", name=f"r{number}", schema=SCHEMA)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(add, range(begin, end)))


def medians(url: str, n: int) -> dict[str, float]:
    """Median milliseconds by request, with n resources there."""
    client, rng = Client(url), random.Random(n)
    account = "arn:aws:personalize:us-east-1:000000000000:"

    def some(group: bool) -> int:
        number = rng.randrange(0, n, GROUPS_SHARE)
        return number if group else number + 1

    asked: dict[str, Callable[[], Any]] = {
        "nothing (/healthz)": client.nothing,
        "DescribeSchema": lambda: client("DescribeSchema", schemaArn=f"{account}schema/r{some(False)}"),
        "DescribeDatasetGroup": lambda: client(
            "DescribeDatasetGroup", datasetGroupArn=f"{account}dataset-group/r{some(True)}"
        ),
        "ListTagsForResource": lambda: client(
            "ListTagsForResource", resourceArn=f"{account}dataset-group/r{some(True)}"
        ),
        "ListSchemas, first 25": lambda: client("ListSchemas", maxResults=25),
        "ListDatasets of a group": lambda: client(
            "ListDatasets", datasetGroupArn=f"{account}dataset-group/r{some(True)}"
        ),
    }
    took_ms: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(ROUNDS):
        for name, ask in asked.items():
            began_s = time.perf_counter()
            ask()
            took_ms[name].append(1000 * (time.perf_counter() - began_s))
    return {name: statistics.median(found) for name, found in took_ms.items()}


def settled(url: str) -> None:
    """Wait until no dataset group is being made."""
    client = Client(url)
    token: dict[str, str] = {}
    while True:
        page = client("ListDatasetGroups", **token)
        if any(each["status"] != "ACTIVE" for each in page["datasetGroups"]):
            time.sleep(0.5)
            continue
        if "nextToken" not in page:
            return
        token = {"nextToken": page["nextToken"]}


def measure(n: int) -> list[dict[str, Any]]:
    """One row for each request."""
    few = max(GROUPS_SHARE * 2, n // 100)
    with tempfile.TemporaryDirectory() as home, Path(home, "server.log").open("wb") as log:
        supervisor = Supervisor(Settings(home=Path(home), port=0), log)
        url = address(supervisor.start())
        stopping = threading.Event()
        watching = threading.Thread(target=supervisor.watch, args=(stopping,))
        watching.start()
        try:
            fill(url, 0, few)
            settled(url)
            small = medians(url, few)
            fill(url, few, n)
            settled(url)
            large = medians(url, n)
        finally:
            stopping.set()
            watching.join()
            supervisor.stop()
    return [
        {"request": name, f"ms_at_{few}": small[name], f"ms_at_{n}": large[name], "growth": large[name] / small[name]}
        for name in small
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--resources", type=int, default=10_000)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rows = measure(given.resources)
    if given.json:
        print(json.dumps(rows))
        return
    print("| " + " | ".join(rows[0]) + " |")
    print("|" + "---|" * len(rows[0]))
    for row in rows:
        print(
            "| "
            + " | ".join(f"{value:.2f}" if isinstance(value, float) else str(value) for value in row.values())
            + " |"
        )


if __name__ == "__main__":
    main()
