"""The benchmarks run, on data so small that their figures say nothing; and docs/accuracy.md is what results/ say."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BENCHMARKS = ROOT / "benchmarks"


def run(script: str, *arguments: str) -> str:
    """What a benchmark prints; it must succeed."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    environment.pop("TASTEMAKER_SAMPLES", None)
    command = [sys.executable, str(BENCHMARKS / script), *arguments]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_every_measure_of_the_services_protocol_is_printed_for_each_recipe() -> None:
    printed = run("protocol.py", "--sample", "synthetic", "--recipe", "aws-popularity-count", "--recipe", "aws-sims")

    _, popularity, sims = printed.splitlines()
    for line, name in ((popularity, "aws-popularity-count"), (sims, "aws-sims")):
        assert line.split()[0] == name
        figures = [float(word) for word in line.split()[1:]]
        assert len(figures) == 12
        assert all(0 < figure <= 1 for figure in figures[:11])


def test_costs_are_measured_for_each_number_of_events_and_items() -> None:
    printed = run("scale.py", "--events", "2000", "4000", "--items", "200", "300", "--recipe", "aws-sims")

    rows = [line.split() for line in printed.splitlines()[1:]]
    assert [row[2] for row in rows] == ["200", "300", "200", "300"]
    assert all(float(row[5]) > 0 for row in rows), "a process has a size"


def test_a_case_that_takes_too_long_is_reported_and_the_others_go_on() -> None:
    printed = run("scale.py", "--events", "2000", "4000", "--items", "200", "--recipe", "aws-sims", "--seconds", "0")

    assert [line.split("  ")[-1] for line in printed.splitlines()[1:]] == ["more than 0 s"] * 2


@pytest.mark.slow
def test_a_catalogue_is_asked_with_and_without_filters_and_every_list_is_exact() -> None:
    printed = run("large.py", "--items", "3000", "--workers", "1", "--requests", "3")

    *asked, plain, filtered = printed.splitlines()
    assert [line.split()[2].rstrip(":") for line in asked] == ["all", "half", "rare"]
    assert all(line.endswith("recall 1.000") for line in asked)
    assert "all:" in plain
    assert "filters:" in filtered


def test_the_page_of_accuracy_is_what_the_results_say() -> None:
    run("tables.py", "--check")
