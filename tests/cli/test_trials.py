"""`tastemaker trials`: what a search tried, and what was best."""

from collections.abc import Callable
from typing import Any

from cli.conftest import Films, Run
from tastemaker.cli.client import server_at
from tastemaker.cli.waiting import until_active

GROUP = "arn:aws:personalize:us-east-1:000000000000:dataset-group/films-synthetic"
RANGES = {"continuousHyperParameterRanges": [{"name": "popularity_discount_factor", "minValue": 0.0, "maxValue": 1.0}]}


def test_every_trial_is_shown_and_the_best_is_marked(run: Run, value: Callable[..., Any], films: Films) -> None:
    server = server_at(films.endpoint, films.home)
    solution = server.personalize.create_solution(
        name="searched-sims",
        datasetGroupArn=GROUP,
        recipeArn="arn:aws:personalize:::recipe/aws-sims",
        performHPO=True,
        solutionConfig={
            "hpoConfig": {
                "algorithmHyperParameterRanges": RANGES,
                "hpoResourceConfig": {"maxNumberOfTrainingJobs": "3", "maxParallelTrainingJobs": "1"},
            }
        },
    )["solutionArn"]
    until_active(server, solution)
    version = server.personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"]
    until_active(server, version)

    found = value("trials", version)["trials"]
    assert len(found) == 3
    assert found[0]["parameters"]["popularity_discount_factor"] == "0.5"
    shown = run("trials", version).output
    assert shown.count("best") >= 1
    assert f"{max(trial['value'] for trial in found):.4f}" in shown


def test_a_version_that_searched_nothing_says_what_would_search(run: Run, films: Films) -> None:
    refused = run("trials", films.shown["version"])
    assert refused.exit_code == 1
    assert "performHPO" in refused.stderr
