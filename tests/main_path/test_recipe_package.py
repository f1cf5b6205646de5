"""A recipe in somebody else's package, written by `tastemaker new-recipe` and installed from outside, serves."""

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from click.testing import CliRunner

from main_path.served import INTERACTIONS, Deployed, recipe
from tastemaker.cli.main import main
from tastemaker.cli.new_recipe import files

EXAMPLE = Path(__file__).parents[2] / "examples" / "recent-popularity"
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith(("TASTEMAKER_", "AWS_"))}
NAME = "recent-popularity"
END_S = 120.0


def test_the_example_is_what_the_verb_writes(tmp_path: Path):
    ended = CliRunner().invoke(main, ["new-recipe", "recent-popularity", "--into", str(tmp_path / "made")])
    assert ended.exit_code == 0, ended.output
    for path in files("recent-popularity"):
        assert (EXAMPLE / path).read_text() == (tmp_path / "made" / path).read_text(), f"{path} is out of date"


@pytest.mark.parametrize(
    ("name", "code", "why"),
    [
        ("Recent", 2, "lower-case words"),
        ("aws-sims", 1, "is a recipe aws-sims already"),
        ("taken", 1, "is there already"),
    ],
)
def test_a_name_that_cannot_be_is_refused(tmp_path: Path, name: str, code: int, why: str):
    (tmp_path / "taken").mkdir()
    refused = CliRunner().invoke(main, ["new-recipe", name, "--into", str(tmp_path / name)])
    assert refused.exit_code == code
    assert why in refused.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package as pip installs it."""
    folder = tmp_path_factory.mktemp("site")
    wanted = ["--no-deps", "--no-build-isolation", "--quiet", "--disable-pip-version-check", "--target", str(folder)]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", *wanted, str(EXAMPLE)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_its_own_tests_pass_where_it_is_installed(installed: Path):
    path = os.pathsep.join(filter(None, [str(installed), os.environ.get("PYTHONPATH", "")]))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(installed)]
    done = subprocess.run(
        [*command, str(EXAMPLE / "tests")],
        env=CLEAN | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.fixture(scope="module")
def with_package(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Any]]:
    """Clients of a server that has the package."""
    home = tmp_path_factory.mktemp("home")
    path = os.pathsep.join(filter(None, [str(installed), os.environ.get("PYTHONPATH", "")]))
    command = [sys.executable, "-m", "tastemaker", "up", "--home", str(home), "--port", "0", "--json"]
    with (
        (home / "up.log").open("wb") as log,
        subprocess.Popen(command, env=CLEAN | {"PYTHONPATH": path}, stdout=subprocess.PIPE, stderr=log) as process,
    ):
        assert process.stdout is not None
        endpoint = json.loads(process.stdout.readline())["endpoint"]
        given = {"region_name": "us-east-1", "aws_access_key_id": "a", "aws_secret_access_key": "b"}
        config = Config(retries={"total_max_attempts": 1})
        yield tuple(
            boto3.client(service, endpoint_url=endpoint, config=config, **given)
            for service in ("personalize", "personalize-runtime")
        )
        process.send_signal(signal.SIGTERM)
        assert process.wait(END_S) == 0


def test_it_is_listed_described_trained_and_deployed_like_any_other(
    with_package: tuple[Any, Any], tmp_path: Path, deploy: Callable[..., Deployed]
):
    client, runtime = with_package
    assert recipe(NAME) in [each["recipeArn"] for each in client.list_recipes(maxResults=100)["recipes"]]
    algorithm = client.describe_algorithm(algorithmArn=f"arn:aws:personalize:::algorithm/{NAME}")["algorithm"]
    assert algorithm["defaultHyperParameters"] == {"half_life_days": "30.0"}

    with (tmp_path / "events.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["USER_ID", "ITEM_ID", "EVENT_TYPE", "TIMESTAMP"])
        for n in range(100):
            item, day = ("old", 0) if n < 70 else ("new", 300)
            rows.writerow([f"u{n}", item, "watch", 1_700_000_000 + 86_400 * day])
    shop = deploy("shop", {"Interactions": (INTERACTIONS, tmp_path / "events.csv")}, (NAME,), client=client)
    items = runtime.get_recommendations(campaignArn=shop.campaigns[NAME], userId="u1")["itemList"]
    assert [item["itemId"] for item in items] == ["new", "old"]
