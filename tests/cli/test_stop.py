"""`tastemaker stop`: a training ends before its time, and the best so far can be kept."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cli.conftest import Films, Run
from tastemaker.cli.client import Server, server_at
from tastemaker.cli.waiting import until_active

LONG = {"network_epochs": "100", "network_width": "16"}
WAIT_S = 60.0


@pytest.fixture
def training(films: Films) -> Iterator[tuple[Server, str]]:
    """A version that would train for an hour, in its first epochs."""
    server = server_at(films.endpoint, films.home)
    group = "arn:aws:personalize:us-east-1:000000000000:dataset-group/films-synthetic"
    solution = server.personalize.create_solution(
        name=f"long-{time.time_ns()}",
        datasetGroupArn=group,
        recipeArn="arn:aws:personalize:::recipe/aws-user-personalization-v2",
        solutionConfig={"algorithmHyperParameters": LONG},
    )["solutionArn"]
    until_active(server, solution)
    version = server.personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"]
    yield server, version
    server.personalize.delete_solution(solutionArn=solution)


def job_when(server: Server, arn: str, is_so: Callable[[Any], bool]) -> Any:
    """The job of a resource as soon as it is so."""
    end_s = time.monotonic() + WAIT_S
    while time.monotonic() < end_s:
        job = server.page(f"/resources/{arn}")["job"]
        if is_so(job):
            return job
        time.sleep(0.1)
    raise AssertionError(f"the job of {arn} is still {job}")


def test_a_training_tells_its_way_and_ends_with_the_best_so_far(run: Run, training: tuple[Server, str]) -> None:
    pytest.importorskip("torch", reason="networks need the extra `deep`")
    server, version = training
    job = job_when(server, version, lambda job: "validation_loss" in job["facts"])
    assert job["facts"]["epoch"] >= 1
    assert job["facts"]["memory_mb"] > 10
    assert "epoch" in run("ps").output

    ended = run("stop", version, "--keep")
    assert ended.exit_code == 0
    until_active(server, version)
    metrics = server.personalize.get_solution_metrics(solutionVersionArn=version)["metrics"]
    assert metrics["mean_reciprocal_rank_at_25"] > 0


def test_what_is_stopped_without_keeping_is_gone(run: Run, training: tuple[Server, str]) -> None:
    server, version = training
    job_when(server, version, lambda job: job["state"] == "running")
    assert run("stop", version).exit_code == 0
    job_when(server, version, lambda job: job["state"] == "stopped")
    status = server.personalize.describe_solution_version(solutionVersionArn=version)["solutionVersion"]["status"]
    assert status == "CREATE STOPPED"


def test_where_nothing_runs_there_is_nothing_to_keep(run: Run, films: Films) -> None:
    refused = run("stop", films.shown["version"], "--keep")
    assert refused.exit_code == 1
    assert "Nothing runs for" in refused.stderr
