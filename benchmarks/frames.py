"""How much of our code a request passes from the ASGI edge to its answer: frames, functions and files.

    python benchmarks/frames.py [--json]

The application is put together in this process over a home with a small synthetic sample, deployed by a real server
before. Each request is sent twice; the second one, with everything in memory, is counted by `sys.setprofile`, also in
the threads it is handed to. Frames: the deepest stack of our own calls, the part of the event loop's thread included;
comprehensions are no frames here, libraries and the standard library are not ours.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import tastemaker
from tastemaker import operations, samples
from tastemaker.cli import walk
from tastemaker.cli.client import Server
from tastemaker.cli.waiting import until_active, unwatched
from tastemaker.events.streams import Streams
from tastemaker.http.credentials import secrets_of
from tastemaker.http.edge import Edge
from tastemaker.kinds.campaign import CAMPAIGN
from tastemaker.kinds.filter import FILTER
from tastemaker.kinds.recommender import RECOMMENDER
from tastemaker.processes import configure_log
from tastemaker.rest.native import pages
from tastemaker.serving.answer import Answers
from tastemaker.serving.caps import Caps
from tastemaker.serving.deployments import Deployments
from tastemaker.serving.explaining import Explainer
from tastemaker.serving.tracing import Tracer
from tastemaker.settings import Settings
from tastemaker.storage.events import EventLog
from tastemaker.storage.live import Live
from tastemaker.storage.shown import ShownLists
from tastemaker.storage.store import open_store
from tastemaker.supervisor import Supervisor, address
from tastemaker.wire.service_model import operations as modelled

OURS = str(Path(tastemaker.__file__).parent)
NOT_FUNCTIONS = ("<listcomp>", "<dictcomp>", "<setcomp>", "<genexpr>", "<module>")
TARGETS = {"frames": 9, "functions": 25, "files": 9}


@dataclass
class Count:
    """What a request passed through."""

    frames: int = 0
    functions: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    stack: tuple[str, ...] = ()  # the deepest one

    def figures(self) -> dict[str, int]:
        """The three numbers."""
        return {"frames": self.frames, "functions": len(self.functions), "files": len(self.files)}


class Profiler:
    """Counts our functions in all threads between `start` and `stop`."""

    def __init__(self) -> None:
        self.count = Count()
        self._handed_over: tuple[str, ...] = ()  # our stack at the moment when work went to another thread

    def start(self) -> None:
        """Count from here on."""
        sys.setprofile(self._seen)
        threading.setprofile(self._seen)

    def stop(self) -> None:
        """Count no more."""
        sys.setprofile(None)
        threading.setprofile(None)

    def _seen(self, frame: FrameType, event: str, _: Any) -> None:
        if event != "call":
            return
        code = frame.f_code
        if code.co_name == "submit" and code.co_filename.endswith("concurrent/futures/thread.py"):
            self._handed_over = _our_stack(frame)
        if not _is_ours(frame):
            return
        stack = _our_stack(frame)
        if threading.current_thread() is not threading.main_thread():
            stack = self._handed_over + stack
        file = code.co_filename.removeprefix(OURS + "/")
        self.count.functions.add(f"{file}:{code.co_qualname}")
        self.count.files.add(file)
        if len(stack) > self.count.frames:
            self.count.frames, self.count.stack = len(stack), stack


def _is_ours(frame: FrameType) -> bool:
    return frame.f_code.co_filename.startswith(OURS) and frame.f_code.co_name not in NOT_FUNCTIONS


def _our_stack(frame: FrameType | None) -> tuple[str, ...]:
    """Names of our functions, outermost first."""
    names = []
    while frame is not None:
        if _is_ours(frame):
            names.append(frame.f_code.co_qualname)
        frame = frame.f_back
    return tuple(reversed(names))


def prepare(home: Path) -> dict[str, str]:
    """Deploy on a real server, stop it; gives ARNs by kind of resource."""
    sample = samples.get("synthetic", home / "sample", None, lambda _, __: None)
    with (home / "server.log").open("wb") as log_file:
        supervisor = Supervisor(Settings(home=home, port=0), log_file)
        settings = supervisor.start()
        try:
            server = Server(address(settings), settings)
            group = walk.dataset_group(server, "frames")
            dataset = walk.dataset(server, group, "frames", "Interactions", sample.schemas["Interactions"])
            walk.imported(server, dataset, "frames", str(sample.interactions), unwatched)
            solution = walk.solution(server, group, "frames", walk.FOR_USERS)
            version = walk.trained(server, solution, unwatched)["arn"]
            campaign = server.personalize.create_campaign(name="frames", solutionVersionArn=version)["campaignArn"]
            until_active(server, campaign)
            unseen = walk.unseen_filter(server, group, "frames")
            walk.tracking_id(server, group, "frames")
            p = server.personalize
            return {
                "DatasetGroup": group,
                "Dataset": dataset,
                "Schema": p.describe_dataset(datasetArn=dataset)["dataset"]["schemaArn"],
                "DatasetImportJob": p.list_dataset_import_jobs()["datasetImportJobs"][0]["datasetImportJobArn"],
                "EventTracker": p.list_event_trackers()["eventTrackers"][0]["eventTrackerArn"],
                "Filter": unseen,
                "Solution": solution,
                "SolutionVersion": version,
                "Campaign": campaign,
                "Recipe": "arn:aws:personalize:::recipe/aws-user-personalization",
            }
        finally:
            supervisor.stop()


async def _nothing() -> None:
    """What runs beside the requests of this measurement."""


async def answered(edge: Edge, operation: str, request: dict[str, Any], profiler: Profiler | None) -> None:
    """One request through the edge. Raises AssertionError if it is refused."""
    model, statuses = modelled()[operation], []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": json.dumps(request).encode()}

    async def send(message: dict[str, Any]) -> None:
        statuses.append(message.get("status"))

    headers = [(b"x-amz-target", model.target.encode())] if model.target else []
    path = {"path": model.path, "raw_path": model.path.encode(), "query_string": b""}
    scope = {"type": "http", "method": "POST", **path, "headers": headers}
    if profiler:
        profiler.start()
    await edge(scope, receive, send)
    if profiler:
        profiler.stop()
    assert statuses[0] == 200, (operation, statuses)


def measure(home: Path, arns: dict[str, str]) -> dict[str, Count]:
    """The counts by request."""
    store = open_store(home)
    settings = Settings(home=home)
    live = Live(store.database, settings.live_events_per_user_max, settings.users_cached_max)
    deployments, event_log = Deployments(store, CAMPAIGN, RECOMMENDER, FILTER), EventLog(store.database)
    shown = ShownLists(store.shown, settings.shown_bytes)
    caps = Caps(shown, settings.users_cached_max)
    answers = Answers(store, live, deployments, shown, caps, settings.users_cached_max)
    table = operations.table(store, answers, Streams(store, live, event_log, shown))
    events_max = settings.live_events_per_user_max
    tracer, explainer = Tracer(store, deployments, shown, events_max), Explainer(store, deployments, shown, events_max)
    native = pages(store, tracer, explainer, {})

    def count(operation: str, request: dict[str, Any]) -> Count:
        # Made anew each time: only threads that start later count.
        edge, profiler = Edge(settings, table, native, secrets_of(home), _nothing), Profiler()
        warming = Edge(settings, table, native, secrets_of(home), _nothing)
        asyncio.run(answered(warming, operation, request, None))
        asyncio.run(answered(edge, operation, request, profiler))
        return profiler.count

    requests: dict[str, tuple[str, dict[str, Any]]] = {
        f"Describe{kind}": (f"Describe{kind}", {kind[0].lower() + kind[1:] + "Arn": arn}) for kind, arn in arns.items()
    }
    asked = {"campaignArn": arns["Campaign"], "userId": "nobody"}
    requests["GetRecommendations"] = "GetRecommendations", asked
    requests["GetRecommendations, filtered"] = "GetRecommendations", {**asked, "filterArn": arns["Filter"]}
    try:
        return {name: count(*request) for name, request in requests.items()}
    finally:
        event_log.close()
        deployments.close()
        live.close()
        shown.close()
        store.database.close()


def main() -> None:
    """Prepare, count, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=Path, help="not needed: the sample is synthetic")
    parser.add_argument("--json", action="store_true", help="print one JSON value and nothing else")
    parser.add_argument("--verbose", action="store_true", help="name the deepest stack and all functions")
    options = parser.parse_args()
    configure_log()  # to standard error: only figures are printed
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir()
        counts = measure(home, prepare(home))
    if options.json:
        print(json.dumps({name: count.figures() for name, count in counts.items()}))
        return
    for name, count in counts.items():
        print(f"{name:30} " + ", ".join(f"{value:2} {what}" for what, value in count.figures().items()))
        if options.verbose:
            print("  deepest: " + " > ".join(count.stack))
            print("  " + "\n  ".join(sorted(count.functions)))
    describes = [count.figures() for name, count in counts.items() if name.startswith("Describe")]
    worst = {what: max(figures[what] for figures in describes) for what in TARGETS}
    print(
        "most of any Describe: "
        + ", ".join(f"{worst[what]} {what} (target {target})" for what, target in TARGETS.items())
    )


if __name__ == "__main__":
    main()
