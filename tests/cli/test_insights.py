"""Data insights: statistics, findings and readiness, by the verb and by the page behind it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from main_path.served import INTERACTIONS, ITEMS, Deployed, Server
from tastemaker.cli.main import main


def insights(server: Server, group: str, *more: str) -> str:
    asked = ["insights", group, "--endpoint", server.url, "--home", str(server.home), *more]
    ended = CliRunner().invoke(main, asked, catch_exceptions=False, env={"TASTEMAKER_REGION": "eu-west-1"})
    assert ended.exit_code == 0, ended.output
    return ended.output


def report(server: Server, arn: str) -> Any:
    return json.loads(insights(server, arn, "--json"))


def test_the_data_of_a_group_are_described_and_what_can_be_trained_is_said(server: Server, movielens: Deployed) -> None:
    found = report(server, movielens.group)
    events = found["datasets"]["INTERACTIONS"]
    assert events["rows"] == 100_000
    assert events["facts"]["different_user_ids"] == 943
    assert events["facts"]["users_with_two_events"] == 943
    genres = found["datasets"]["ITEMS"]["columns"]["GENRES"]
    assert genres["categories"] == 18
    assert next(iter(genres["most_frequent"])) == "Drama"
    ready = {each["recipe"]: each["state"] for each in found["readiness"]}
    assert ready["aws-user-personalization"] == "ready"
    assert ready["aws-next-best-action"] == "missing"


def test_what_is_wrong_with_data_is_found_and_comes_with_advice(
    server: Server, group_of: Callable[..., Any], personalize: Any, until_active: Any, tmp_path: Path
) -> None:
    group, datasets = group_of("insightful", Interactions=INTERACTIONS, Items=ITEMS)
    texts = {
        "Interactions": ["USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP", *(f"u{n},i{n % 3},type{n % 12},5" for n in range(24))],
        "Items": ["ITEM_ID,GENRES", "i0,Drama", "i8,", "i9,"],
    }
    for kind, lines in texts.items():
        (tmp_path / kind).write_text("\n".join(lines) + "\n")
        job = personalize.create_dataset_import_job(
            jobName=f"insightful-{kind}", datasetArn=datasets[kind], dataSource={"dataLocation": str(tmp_path / kind)}
        )
        until_active(job["datasetImportJobArn"])
    findings = {(each["dataset"], each["column"]): each["finding"] for each in report(server, group)["insights"]}
    assert "all timestamps are equal" in findings["INTERACTIONS", "TIMESTAMP"]
    assert "12 event types" in findings["INTERACTIONS", "EVENT_TYPE"]
    assert "33% of the rows" in findings["ITEMS", "GENRES"]
    assert "2 of 3" in findings["ITEMS", "ITEM_ID"]
    shown = insights(server, group)
    assert "What to look at" in shown
    assert "trains, on little" in shown
