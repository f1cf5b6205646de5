"""`tastemaker metrics`: all measures of a trained version, with intervals, the baseline and the slices."""

from collections.abc import Callable
from typing import Any

from cli.conftest import Films, Run
from tastemaker.cli.client import server_at
from tastemaker.cli.waiting import until_active

Value = Callable[..., Any]
ITEM_AFFINITY = "arn:aws:personalize:::recipe/aws-item-affinity"


def test_every_measure_stands_beside_its_interval_and_popularity(run: Run, value: Value, films: Films) -> None:
    found = value("metrics", films.shown["version"])
    gain = found["evaluation"]["measures"]["normalized_discounted_cumulative_gain_at_10"]
    assert gain["low"] <= gain["value"] <= gain["high"]
    assert round(found["metrics"]["normalized_discounted_cumulative_gain_at_10"], 6) == gain["value"]
    assert set(found["evaluation"]["slices"]) >= {"head_items", "users_with_long_histories"}

    shown = run("metrics", films.shown["version"]).output
    assert "popularity" in shown
    assert f"{gain['value']:.4f}" in shown
    assert f"{gain['low']:.4f} to {gain['high']:.4f}" in shown
    assert all(name in shown for name in ("MRR@25", "recall@10", "F1@25", "hit rate@25", "MAP@25", "novelty@25"))
    assert "calibration GENRES@25" in shown
    assert "tail items" in shown


def test_the_evaluation_does_not_flood_what_describe_tells(run: Run, films: Films) -> None:
    shown = run("describe", films.shown["version"]).output
    assert "better_than_baseline" not in shown
    assert f"Next: tastemaker metrics {films.shown['version']}" in shown


def test_what_has_other_measures_shows_them(run: Run, value: Value, films: Films) -> None:
    server = server_at(films.endpoint, films.home)
    group = "arn:aws:personalize:us-east-1:000000000000:dataset-group/films-synthetic"
    solution = server.personalize.create_solution(name="segments", datasetGroupArn=group, recipeArn=ITEM_AFFINITY)
    until_active(server, solution["solutionArn"])
    version = server.personalize.create_solution_version(solutionArn=solution["solutionArn"])["solutionVersionArn"]
    until_active(server, version)

    assert value("metrics", version)["evaluation"] is None
    assert "hits_at_1_percent" in run("metrics", version).output


def test_what_has_no_metrics_says_what_has(run: Run, films: Films) -> None:
    campaign = run("metrics", films.shown["campaign"])
    group = run("metrics", "arn:aws:personalize:us-east-1:000000000000:dataset-group/films-synthetic")
    nothing = run("metrics", "arn:aws:personalize:us-east-1:000000000000:solution/none/0000aaaa")

    assert [each.exit_code for each in (campaign, group, nothing)] == [1, 1, 1]
    assert f"it deploys {films.shown['version']}; give that ARN" in campaign.stderr
    assert "is a DatasetGroup: give the ARN of a solution version or recommender" in group.stderr
    assert "There is no resource" in nothing.stderr
