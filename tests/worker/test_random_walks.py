"""Random walks: resources come, change and go in any order while processes are killed; what must hold, holds.

A walk asks for what may be refused, and refusals are fine; what was not refused must come to an end, in a status of
its table, with its parents there, and with no file that belongs to nobody.
"""

import json
import os
import signal
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from main_path.served import INTERACTIONS, ITEMS, Server, recipe, schema
from tastemaker.kinds import KINDS
from tastemaker.resources.statuses import CHANGING

REFUSALS = {
    "InvalidInputException",
    "LimitExceededException",
    "ResourceAlreadyExistsException",
    "ResourceInUseException",
    "ResourceNotFoundException",
}
SETTLE_S = 240.0  # only work that hangs takes so long
WIDER = schema("Items", *json.loads(ITEMS)["fields"], {"name": "MOOD", "type": ["null", "string"]})
GONE_LAST = [
    ("delete_campaign", "campaignArn", "campaign/{0}-c"),
    ("delete_solution", "solutionArn", "solution/{0}-s"),
    ("delete_filter", "filterArn", "filter/{0}"),
    ("delete_dataset", "datasetArn", "dataset/{0}-0/ITEMS"),
    ("delete_dataset", "datasetArn", "dataset/{0}-0/INTERACTIONS"),
    ("delete_dataset_group", "datasetGroupArn", "dataset-group/{0}-0"),
]
# Whose parents cannot go before them. Jobs are never deleted, so that theirs may.
DEPENDENT = ("Dataset", "EventTracker", "Filter", "Solution", "SolutionVersion", "Campaign", "MetricAttribution")
STATUSES = {kind.name: kind.statuses for kind in KINDS}

pytestmark = pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are found in /proc")


class Walk(RuleBasedStateMachine):
    """Rules act on names of a small set, so that they meet each other."""

    server: Server
    data: Path
    accepted: dict[str, int]
    numbers = iter(range(1_000_000))

    @initialize()
    def begin(self) -> None:
        """Each walk has a dataset group of its own."""
        self.name = f"walk-{next(self.numbers)}"
        self.client = self.server.client("personalize")
        self.groups, self.solutions, self.campaigns = [f"{self.name}-0"], [f"{self.name}-s"], [f"{self.name}-c"]
        self.kills = 0
        for kind, text in (("Interactions", INTERACTIONS), ("Items", ITEMS), ("Wider", WIDER)):
            self.ask("create_schema", name=f"{self.name}-{kind}", schema=text)
        self.ask("create_dataset_group", name=f"{self.name}-0")
        self.settle()
        for kind in ("Interactions", "Items"):
            self.create_dataset(kind)
        self.settle()
        self.create_import("Interactions", "FULL")
        self.create_solution("aws-popularity-count")
        self.settle()
        self.create_version()

    def arn(self, suffix: str) -> str:
        return f"arn:aws:personalize:eu-west-1:000000000000:{suffix}"

    def ask(self, operation: str, **given: Any) -> Any:
        """What is answered; None where it is refused, or where the server was killed meanwhile."""
        for _ in range(100):
            try:
                answer = getattr(self.client, operation)(**given)
            except ClientError as refusal:
                if refusal.response["Error"]["Code"] not in REFUSALS:
                    raise
                return None
            except BotoCoreError:  # the connection ended with its process: the supervisor starts another
                time.sleep(0.1)
            else:
                self.accepted[operation] = self.accepted.get(operation, 0) + 1
                return answer
        pytest.fail("the server does not come back")

    @rule(kind=st.sampled_from(["Interactions", "Items"]))
    def create_dataset(self, kind: str) -> None:
        self.ask(
            "create_dataset",
            name=kind,
            datasetType=kind,
            datasetGroupArn=self.arn(f"dataset-group/{self.name}-0"),
            schemaArn=self.arn(f"schema/{self.name}-{kind}"),
        )

    @rule(kind=st.sampled_from(["Interactions", "Items"]), mode=st.sampled_from(["FULL", "INCREMENTAL"]))
    def create_import(self, kind: str, mode: str) -> None:
        self.ask(
            "create_dataset_import_job",
            jobName=f"{self.name}-{next(self.numbers)}",
            datasetArn=self.arn(f"dataset/{self.name}-0/{kind.upper()}"),
            dataSource={"dataLocation": str(self.data / f"{kind}.csv")},
            importMode=mode,
        )

    @rule()
    def update_dataset(self) -> None:
        self.ask(
            "update_dataset",
            datasetArn=self.arn(f"dataset/{self.name}-0/ITEMS"),
            schemaArn=self.arn(f"schema/{self.name}-Wider"),
        )

    @rule()
    def create_filter_and_tracker(self) -> None:
        group = self.arn(f"dataset-group/{self.name}-0")
        self.ask("create_event_tracker", name=self.name, datasetGroupArn=group)
        self.ask(
            "create_filter",
            name=self.name,
            datasetGroupArn=group,
            filterExpression='EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("watch")',
        )

    @rule(name=st.sampled_from(["aws-popularity-count", "aws-sims"]))
    def create_solution(self, name: str) -> None:
        self.ask(
            "create_solution",
            name=self.solutions[0],
            datasetGroupArn=self.arn(f"dataset-group/{self.name}-0"),
            recipeArn=recipe(name),
            performAutoTraining=False,
        )

    @rule()
    def create_version(self) -> None:
        self.ask("create_solution_version", solutionArn=self.arn(f"solution/{self.solutions[0]}"))

    @rule()
    def stop_version(self) -> None:
        for each in self.versions():
            self.ask("stop_solution_version_creation", solutionVersionArn=each["solutionVersionArn"])

    @rule()
    def deploy(self) -> None:
        newest = self.arn(f"solution/{self.solutions[0]}/$LATEST")
        if self.ask("create_campaign", name=self.campaigns[0], solutionVersionArn=newest) is None:
            campaign = self.arn(f"campaign/{self.campaigns[0]}")
            self.ask("update_campaign", campaignArn=campaign, solutionVersionArn=newest)

    @rule()
    def update_solution(self) -> None:
        config = {"autoTrainingConfig": {"schedulingExpression": "rate(3 days)"}}
        solution = self.arn(f"solution/{self.solutions[0]}")
        self.ask("update_solution", solutionArn=solution, solutionUpdateConfig=config)

    @rule(what=st.sampled_from(GONE_LAST))
    def delete(self, what: tuple[str, str, str]) -> None:
        operation, member, suffix = what
        self.ask(operation, **{member: self.arn(suffix.format(self.name))})

    @rule(role=st.sampled_from([b"http", b"worker", b"job", b"job"]))
    @precondition(lambda self: self.kills < 5)
    def kill(self, role: bytes) -> None:
        """One process of that role, if there is one, without a warning."""
        self.kills += 1
        home = os.fsencode(self.server.home)
        for entry in Path("/proc").iterdir():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
            except OSError:
                continue
            if words[1:4] == [b"-m", b"tastemaker.app", role] and any(home in word for word in words):
                os.kill(int(entry.name), signal.SIGKILL)
                return

    @rule()
    def settle(self) -> None:
        """All work comes to an end, and then everything is as it must be."""
        deadline_s = time.monotonic() + SETTLE_S
        while (left := self.wrong()) and time.monotonic() < deadline_s:
            time.sleep(0.1)
        assert not left

    def versions(self) -> list[Any]:
        answer = self.ask("list_solution_versions", solutionArn=self.arn(f"solution/{self.solutions[0]}"))
        return list(answer["solutionVersions"]) if answer else []

    def wrong(self) -> list[str]:
        """What is not as it must be once all work is done; read where it is kept, in one transaction."""
        database = sqlite3.connect(f"file:{self.server.home / 'tastemaker.db'}?mode=ro", uri=True)
        with database:
            database.execute("BEGIN")
            rows = database.execute("SELECT arn, kind, status, body, change FROM resources").fetchall()
            links = database.execute("SELECT source, target FROM links").fetchall()
            parts = {folder for (folder,) in database.execute("SELECT folder FROM parts")}
            open_jobs = database.execute("SELECT arn FROM jobs WHERE state IN ('queued', 'running')").fetchall()
        database.close()
        known = {arn: kind for arn, kind, *_ in rows}
        found = [f"{arn} has an open job" for (arn,) in open_jobs]
        found += [
            f"{source} without {target}"
            for source, target in links
            if known[source] in DEPENDENT and target not in known
        ]
        artifacts = set()
        for arn, kind, status, body, change in rows:
            table = STATUSES[kind]
            if table is not None and (status not in table or status in CHANGING):
                found.append(f"{arn} is {status}")
            if change is not None and json.loads(change) and json.loads(change)["status"] in CHANGING:
                found.append(f"{arn} is being updated")
            artifacts.add(json.loads(body).get("artifact"))
            if kind == "SolutionVersion" and status == "ACTIVE":
                artifact = self.server.home / "artifacts" / json.loads(body)["artifact"]
                found += [] if artifact.is_dir() else [f"{arn} lacks its artifact"]
        for folder, wanted in (("datasets", parts), ("artifacts", artifacts)):
            place = self.server.home / folder
            there = {path.name for path in place.iterdir()} if place.exists() else set()
            found += [f"{folder}/{name} belongs to nobody" for name in there - wanted]
            found += [f"{folder}/{name} is missing" for name in wanted - there - {None}] if folder == "datasets" else []
        return found

    def teardown(self) -> None:
        """The end of every walk: what can go goes, in the order in which it can."""
        if not hasattr(self, "client"):
            return
        self.settle()
        for operation, member, suffix in GONE_LAST:
            self.ask(operation, **{member: self.arn(suffix.format(self.name))})
            self.settle()


@pytest.mark.parametrize(("walks", "steps"), [(3, 25), pytest.param(12, 40, marks=pytest.mark.slow)])
def test_whatever_comes_in_whatever_order_nothing_is_left_half_done(
    start_server: Callable[..., Server], two_tastes: Callable[..., Any], tmp_path: Path, walks: int, steps: int
) -> None:
    for kind, (_, path) in two_tastes(30, 10, 4).items():
        (tmp_path / f"{kind}.csv").write_text(path.read_text())

    class Here(Walk):
        server = start_server(job_workers=2)
        data = tmp_path
        accepted: ClassVar[dict[str, int]] = {}

    checks = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    limits = settings(
        max_examples=walks, stateful_step_count=steps, deadline=None, database=None, derandomize=True,
        suppress_health_check=checks, report_multiple_bugs=False,
    )  # fmt: skip
    run_state_machine_as_test(Here, settings=limits)
    # The walks went somewhere.
    assert Here.accepted["create_solution_version"] >= walks
    assert Here.accepted["delete_solution"] + Here.accepted["delete_dataset"] >= walks
