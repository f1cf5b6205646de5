"""`tastemaker evaluate`: a campaign asked for every user over HTTP, stopped and gone on with, and judged."""

import json
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner, Result

from cli.conftest import CLEAN, COMMAND
from main_path.served import REGION, Deployed, Server
from tastemaker.cli.main import main

KEY = "normalized_discounted_cumulative_gain_at_25"


@dataclass(frozen=True)
class HeldOut:
    """Two tastes, deployed without everybody's newest events. name: of the campaign."""

    deployed: Deployed
    train: Path
    truth: Path
    name: str = "held-aws-user-personalization"


@pytest.fixture(scope="module")
def held(
    tmp_path_factory: pytest.TempPathFactory, two_tastes: Callable[..., Any], deploy: Callable[..., Deployed]
) -> HeldOut:
    files, folder = two_tastes(n_items=80), tmp_path_factory.mktemp("held")
    schema, path = files["Interactions"]
    train, truth = folder / "train.csv", folder / "truth.csv"
    ended = CliRunner().invoke(main, ["hold-out", str(path), "--train", str(train), "--truth", str(truth)])
    assert ended.exit_code == 0, ended.output
    recipes = ("aws-user-personalization", "aws-sims", "aws-popularity-count")
    return HeldOut(deploy("held", {**files, "Interactions": (schema, train)}, recipes), train, truth)


@pytest.fixture
def asked(server: Server, held: HeldOut) -> Callable[..., Result]:
    """Runs the verb on that campaign, or on another one."""

    def run(*more: str, campaign: str = held.name, truth: Path = held.truth) -> Result:
        arguments = ["evaluate", campaign, "--truth", str(truth), *more]
        environment = {"TASTEMAKER_REGION": REGION, "TASTEMAKER_ENDPOINT": server.url}
        return CliRunner(env=environment).invoke(main, [*arguments, "--home", str(server.home)])

    return run


def figures(ended: Result) -> Any:
    assert ended.exit_code == 0, ended.output
    found = json.loads(ended.stdout)
    del found["file"]
    return found


def test_every_user_is_asked_and_the_lists_are_judged_beside_the_training(
    asked: Callable[..., Result], held: HeldOut, tmp_path: Path, personalize: Any
) -> None:
    file = tmp_path / "answers.jsonl"
    found = figures(asked("--history", str(held.train), "--out", str(file), "--json"))

    assert found["users"] == 200
    assert found["solutionVersionArn"] == held.deployed.versions["aws-user-personalization"]
    gain = found["measures"][KEY]
    assert gain["better_than_baseline"] == "yes"  # two tastes were planted, and popularity knows one list
    offline = personalize.get_solution_metrics(solutionVersionArn=found["solutionVersionArn"])["metrics"]
    assert gain["offline"] == offline[KEY]
    assert {"tail_items", "head_items"} <= set(found["slices"])
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert lines[0]["numResults"] == 25
    users = pl.read_csv(held.truth)["USER_ID"].unique().sort().to_list()
    assert [line["userId"] for line in lines[1:]] == users
    assert all(len(line["items"]) == 25 for line in lines[1:])


def test_the_figures_are_those_of_the_lists_that_boto3_gets(
    asked: Callable[..., Result], held: HeldOut, tmp_path: Path, runtime: Any
) -> None:
    found = figures(asked("--users", "20", "--out", str(tmp_path / "a.jsonl"), "--json"))

    truth = pl.read_csv(held.truth).group_by("USER_ID").agg("ITEM_ID").sort("USER_ID").head(20)
    ranks = []
    for user, items in truth.iter_rows():
        reply = runtime.get_recommendations(
            campaignArn=held.deployed.campaigns["aws-user-personalization"], userId=user
        )
        places = [place for place, each in enumerate(reply["itemList"], 1) if each["itemId"] in items]
        ranks.append(1 / places[0] if places else 0)
    assert found["users"] == 20
    assert found["measures"]["mean_reciprocal_rank_at_25"]["value"] == pytest.approx(sum(ranks) / 20, abs=1e-6)


def test_stopped_half_way_it_goes_on_and_comes_to_the_same_figures(
    asked: Callable[..., Result], held: HeldOut, tmp_path: Path, server: Server
) -> None:
    whole, broken = tmp_path / "whole.jsonl", tmp_path / "broken.jsonl"
    expected = figures(asked("--history", str(held.train), "--out", str(whole), "--json"))
    arguments = ["evaluate", held.name, "--truth", str(held.truth), "--out", str(broken), "--workers", "1"]
    environment = {**CLEAN, "TASTEMAKER_REGION": REGION, "TASTEMAKER_HOME": str(server.home)}
    with subprocess.Popen([*COMMAND, *arguments, "--endpoint", server.url], env=environment) as process:
        while process.poll() is None and not (broken.exists() and broken.read_bytes().count(b"\n") > 20):
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
    # Whatever was written when it was killed: half of that, and the last line torn.
    lines = broken.read_bytes().splitlines(keepends=True)
    broken.write_bytes(b"".join(lines[: len(lines) // 2]) + lines[len(lines) // 2][:15])

    assert figures(asked("--history", str(held.train), "--out", str(broken), "--json")) == expected
    assert broken.read_bytes() == whole.read_bytes()
    again = asked("--out", str(broken))
    assert "has the lists of 200 of 200 users already" in again.stdout


def test_a_file_of_other_lists_is_not_gone_on_with(asked: Callable[..., Result], tmp_path: Path) -> None:
    file = str(tmp_path / "answers.jsonl")
    assert asked("--users", "3", "--out", file).exit_code == 0

    longer = asked("--users", "3", "--out", file, "--k", "30")
    other = asked("--users", "3", "--out", file, campaign="held-aws-popularity-count")
    assert (longer.exit_code, other.exit_code) == (1, 1)
    assert "has answers of numResults 25, and this is 30" in longer.stderr
    assert "has answers of campaignArn" in other.stderr
    Path(file).write_text("USER_ID,ITEM_ID\nu,i\n")
    assert "is no file of answers" in asked("--users", "3", "--out", file).stderr
    Path(file).write_text("notes without a line's end")
    assert "is no file of answers" in asked("--users", "3", "--out", file).stderr
    assert Path(file).read_text() == "notes without a line's end"


def test_a_refused_request_is_shown_and_what_was_asked_before_is_kept(
    asked: Callable[..., Result], held: HeldOut, tmp_path: Path
) -> None:
    truth, file = tmp_path / "truth.csv", tmp_path / "answers.jsonl"
    truth.write_text(f"{held.truth.read_text()}{'z' * 300},i1,watch,1800000000\n")

    ended = asked("--out", str(file), truth=truth)
    assert ended.exit_code == 1
    assert "The server refused" in ended.stderr
    assert f"200 of 201 lists are in {file}: run the command again" in ended.stderr


def test_one_user_is_shown_with_what_was_before_what_came_and_what_was_found(
    asked: Callable[..., Result], held: HeldOut
) -> None:
    user, item = pl.read_csv(held.truth).select("USER_ID", "ITEM_ID").row(0)
    found = figures_of_user(asked("--user", user, "--history", str(held.train), "--json"))

    assert found["heldOut"] == [item]
    assert len(found["history"]) == 7
    places = [place for place, each in enumerate(found["items"], 1) if each["isMatch"]]
    assert found["measures"]["mean_reciprocal_rank_at_25"] == (1 / places[0] if places else 0)
    shown = asked("--user", user, "--history", str(held.train)).stdout
    assert "newest first" in shown
    assert f"Held out: {item}" in shown
    assert ("match" in shown) == bool(places)


def figures_of_user(ended: Result) -> Any:
    assert ended.exit_code == 0, ended.output
    return json.loads(ended.stdout)


def test_what_cannot_be_judged_says_why(asked: Callable[..., Result], held: HeldOut, tmp_path: Path) -> None:
    leaked = asked("--history", str(held.truth))
    related = asked(campaign="held-aws-sims")
    nobody = asked("--user", "nobody")
    (tmp_path / "bad.csv").write_text("USER_ID,THING\nu,i\n")
    for ended, words in (
        (leaked, "what a model learned is no test of it"),
        (related, "answers for an item and not for users"),
        (nobody, "User 'nobody' is not in the truth"),
        (asked(truth=tmp_path / "bad.csv"), "has no column ITEM_ID; it has USER_ID, THING"),
        (asked(campaign="none"), "There is no campaign 'none'"),
        (asked("--endpoint", "http://127.0.0.1:9"), "No server answers"),
    ):
        assert ended.exit_code == 1, ended.output
        assert words in ended.stderr
    assert asked("--user", "u1", "--users", "3").exit_code == 2
