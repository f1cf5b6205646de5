"""Other clients than boto3 do the main walk: the AWS CLI, the AWS SDK for JavaScript v3, the AWS SDK for Go.

`make clients` installs them beside the repository's own environment; a client that is not there is named as skipped.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from main_path.served import INTERACTIONS, Server

HERE = Path(__file__).parent
INSTALLED = HERE.parents[1] / ".clients"
GO_PATH = Path("/usr/share/gocode")  # where Debian's packages put Go's libraries
GO_SDK = GO_PATH / "src/github.com/aws/aws-sdk-go/service/personalizeruntime"
END_S = 300.0

pytestmark = pytest.mark.clients


@pytest.fixture
def walk(server: Server, two_tastes: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """Runs a walk against the shared server: a command, to which the endpoint and the data are added."""

    def run(name: str, command: list[str], **environment: str) -> Any:
        (tmp_path / "schema.json").write_text(INTERACTIONS)
        bucket = server.home / "buckets" / "clients"
        bucket.mkdir(exist_ok=True)
        shutil.copy(two_tastes()["Interactions"][1], bucket / "interactions.csv")
        asked = [*command, server.url, name, "s3://clients/interactions.csv", str(tmp_path / "schema.json")]
        ended = subprocess.run(
            asked, env={**os.environ, **environment}, capture_output=True, text=True, timeout=END_S, check=False
        )
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)

    return run


def check(told: Any, name: str) -> None:
    """Ten items before and after, other ones after an event, all measures, and nothing left behind."""
    assert len(told["before"]) == len(told["after"]) == 10
    assert told["before"] != told["after"]
    # i7 was watched: a newcomer of odd tastes, to whom popular items of the other taste still count.
    odd = {when: sum(int(item[1:]) % 2 for item in told[when][:5]) for when in ("before", "after")}
    assert odd["after"] > odd["before"]
    assert told["metrics"] == 8
    assert len(told["deleted"]) == 5
    assert all(name in arn or "event-tracker" in arn for arn in told["deleted"])


def test_the_aws_cli_does_the_main_walk(walk: Callable[..., Any]) -> None:
    aws = INSTALLED / "aws" / "bin" / "aws"
    if not aws.exists():
        pytest.skip("the AWS CLI is not installed here: make clients")
    check(walk("by-cli", ["bash", str(HERE / "walk.sh"), str(aws)]), "by-cli")


def test_the_javascript_sdk_does_the_main_walk(walk: Callable[..., Any]) -> None:
    folder = INSTALLED / "js"
    if not (folder / "node_modules" / "@aws-sdk" / "client-personalize").exists() or not shutil.which("node"):
        pytest.skip("the AWS SDK for JavaScript is not installed here: make clients")
    shutil.copy(HERE / "walk.mjs", folder)  # node looks for libraries beside the file
    check(walk("by-js", ["node", str(folder / "walk.mjs")]), "by-js")


def test_the_go_sdk_does_the_main_walk(walk: Callable[..., Any]) -> None:
    if not GO_SDK.exists() or not shutil.which("go"):
        pytest.skip("the AWS SDK for Go is not installed here: make clients, as root on Debian")
    check(walk("by-go", ["go", "run", str(HERE / "walk.go")], GO111MODULE="off", GOPATH=str(GO_PATH)), "by-go")
