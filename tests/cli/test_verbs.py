"""The verbs that are clients of the API, against a real server that demands signatures."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cli.conftest import Films, Run
from tastemaker.cli.client import server_at
from tastemaker.cli.main import VERBS, main
from tastemaker.cli.waiting import until_active

Value = Callable[..., Any]
GROUPS = {"data": (("data", "get"),), "filter": tuple(("filter", each) for each in ("list", "edit", "test"))}
NOBODY = "http://127.0.0.1:9"  # the discard port; nobody listens


def test_recs_shows_titles_genres_and_probabilities_best_first(run: Run, value: Value, films: Films) -> None:
    found = value("recs", "7", "-n", "5", "--campaign", "films-synthetic")["items"]
    shown = run("recs", "7", "-n", "5")

    assert [item["score"] for item in found] == sorted((item["score"] for item in found), reverse=True)
    assert all(item["metadata"]["title"] in shown.output for item in found)
    assert "Next: tastemaker event 7" in shown.output
    assert value("recs", "7", "-n", "5", "--campaign", films.shown["campaign"])["items"] == found


def test_why_names_the_films_that_carried_each_one(run: Run, value: Value) -> None:
    found = value("recs", "7", "-n", "3", "--why")
    shown = run("recs", "7", "-n", "3", "--why").output

    plain = value("recs", "7", "-n", "3")["items"]
    assert [item["itemId"] for item in found["items"]] == [item["itemId"] for item in plain]
    events = [reason["event"] for item in found["items"] for reason in item["because"] if "event" in reason]
    assert events
    assert events[0]["metadata"]["title"] in shown
    assert found["method"] in shown


def test_a_cap_is_set_by_a_verb_and_tried_by_another(run: Run, value: Value) -> None:
    first = [item["itemId"] for item in value("recs", "13", "-n", "5")["items"]]
    tried = value("recs", "13", "-n", "5", "--cap", "1", "--cap-hours", "0.5")
    assert tried["dials"] == {"cap": 1, "capHours": 0.5}
    assert not set(first) & {item["itemId"] for item in tried["items"]}
    try:
        assert value("dials", "films-synthetic", "--cap", "1")["dials"] == {"cap": 1}
        second = [item["itemId"] for item in value("recs", "13", "-n", "5")["items"]]
        assert second == [item["itemId"] for item in tried["items"]]
        refused = run("dials", "films-synthetic", "--cap-hours", "2")
        assert refused.exit_code != 0
        assert "give cap" in refused.output
    finally:
        assert value("dials", "films-synthetic")["dials"] == {}


def test_a_user_whom_nobody_knows_gets_a_list(value: Value) -> None:
    assert len(value("recs", "nobody", "-n", "3")["items"]) == 3


def test_an_event_changes_the_next_list(run: Run, value: Value) -> None:
    before = value("recs", "11")["items"]
    assert value("event", "11", before[0]["itemId"], "--value", "5")["itemId"] == before[0]["itemId"]
    after = value("recs", "11", "--filter", "films-synthetic-unseen")["items"]

    assert before[0]["itemId"] not in {item["itemId"] for item in after}
    assert "Next: tastemaker recs 11" in run("event", "11", "4", "--group", "films-synthetic").output


def test_similar_leaves_out_the_item_itself(run: Run, value: Value) -> None:
    found = value("similar", "5", "-n", "4")["items"]

    assert len(found) == 4
    assert "5" not in {item["itemId"] for item in found}
    assert found[0]["metadata"]["title"] in run("similar", "5").output


def test_a_long_list_has_ids_and_says_when_titles_are_shown(run: Run) -> None:
    assert "Titles are shown for" in run("recs", "7", "-n", "60").output


def test_ps_shows_the_newest_job_first(run: Run, value: Value) -> None:
    jobs = value("ps")["jobs"]

    assert [job["id"] for job in jobs] == sorted((job["id"] for job in jobs), reverse=True)
    assert {"SolutionVersion", "DatasetImportJob"} <= {job["kind"] for job in jobs}
    assert "campaign/films-synthetic" in run("ps").output


def test_describe_tells_seed_fingerprint_and_metrics_of_a_training(run: Run, value: Value, films: Films) -> None:
    version = films.shown["version"]
    report = value("describe", version)["body"]["report"]
    shown = run("describe", version).output

    assert {"seed", "data_fingerprint", "interactions"} <= report.keys()
    assert report["data_fingerprint"] in shown
    assert f"{report['metrics']['normalized_discounted_cumulative_gain_at_10']:.4f}" in shown
    assert version in shown


def test_describe_tells_what_became_of_an_import_and_where_the_rejects_are(
    run: Run, films: Films, tmp_path: Path
) -> None:
    (tmp_path / "more.csv").write_text(
        "USER_ID,ITEM_ID,EVENT_TYPE,EVENT_VALUE,TIMESTAMP\n1,2,watch,3,x\n1,3,watch,,5\n"
    )
    arn = "arn:aws:personalize:us-east-1:000000000000:dataset/films-synthetic/INTERACTIONS"
    api = server_at(films.endpoint, films.home)
    job = api.personalize.create_dataset_import_job(
        jobName="more",
        datasetArn=arn,
        dataSource={"dataLocation": str(tmp_path / "more.csv")},
        importMode="INCREMENTAL",
        roleArn="arn:aws:iam::000000000000:role/any",
    )["datasetImportJobArn"]
    until_active(api, job)

    report = json.loads(run("describe", job, "--json").stdout)["body"]["report"]
    assert (report["records"], report["imported"], report["rejected"]) == (2, 1, 1)
    assert "more.csv,2,TIMESTAMP" in Path(report["rejects"]).read_text()
    assert report["rejects"] in run("describe", job).output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("recs", "7", "--campaign", "films"), "There is no campaign 'films'. There are: films-synthetic"),
        (("recs", "7", "--filter", "none"), "There is no filter 'none'"),
        (("recs", "7", "--filter", "films-synthetic-unseen", "--value", "G"), "give NAME=VALUE"),
        (("similar", "5", "--campaign", "films-synthetic"), "userId is missing"),
        (("event", "7", "5", "--group", "shop"), "The dataset group shop has no event tracker"),
        (("describe", "arn:aws:personalize:us-east-1:000000000000:campaign/x"), "There is no resource"),
        (("down", "--group", "shop", "--yes"), "There is no dataset group 'shop'. There are: films-synthetic"),
        (("ps", "--home", "/nowhere"), "--home"),
        (("recs", "7", "--home", "/nowhere"), "--home"),
        (("ps", "--endpoint", NOBODY), f"No server answers at {NOBODY}. Start one with `tastemaker up`"),
        (("recs", "7", "--endpoint", NOBODY), f"No server answers at {NOBODY}"),
    ],
)
def test_what_is_refused_says_what_to_do_in_both_voices(run: Run, arguments: tuple[str, ...], words: str) -> None:
    for_people, for_programs = run(*arguments), run(*arguments, "--json")

    assert for_people.exit_code == for_programs.exit_code == 1
    assert words in for_people.stderr
    assert words in json.loads(for_programs.stdout)["error"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("recs",), "Missing argument 'USER'"),
        (("recs", "7", "-n", "0"), "1<=x<=500"),
        (("ps", "--endpoint", "8080"), "give an address like"),
        (("describe", "films"), "is no ARN"),
        (("down", "--group", "films-synthetic", "--json"), "add --yes"),
        (("fly",), "No such command 'fly'"),
        (("up", "--port", "70000"), "give a number from 0 to 65535"),
    ],
)
def test_a_wrong_question_ends_with_2(run: Run, arguments: tuple[str, ...], words: str) -> None:
    ended = run(*arguments)

    assert ended.exit_code == 2
    assert words in ended.stderr


def test_every_verb_is_in_the_help_and_has_json(run: Run) -> None:
    overview = run("--help").output
    for name in VERBS:
        assert f"\n  {name} " in overview
        for asked in GROUPS.get(name, ((name,),)):
            assert "--json" in run(*asked, "--help").output


def test_doctor_says_where_each_setting_comes_from(run: Run, value: Value, films: Films) -> None:
    port = films.endpoint.rpartition(":")[2]
    found = value("doctor", "--port", port)

    settings = {each["name"]: each for each in found["settings"]}
    assert settings["home"] == {"name": "home", "value": str(films.home), "origin": "TASTEMAKER_HOME"}
    assert (settings["port"]["origin"], settings["seed"]["origin"]) == ("option", "default")
    states = {each["what"]: each["state"] for each in found["checks"]}
    assert (states["home"], states["port"], states["recipes"]) == ("note", "note", "ok")
    assert "serves at" in run("doctor", "--port", port).output


def test_doctor_ends_with_1_where_no_server_could_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")

    ended = CliRunner().invoke(main, ["doctor", "--home", str(tmp_path / "file"), "--port", "0", "--json"])
    wrong = CliRunner(env={"TASTEMAKER_SEED": "x"}).invoke(main, ["doctor", "--port", "0"])

    assert ended.exit_code == wrong.exit_code == 1
    failing = [each for each in json.loads(ended.stdout)["checks"] if each["state"] == "fails"]
    assert [each["what"] for each in failing] == ["home"]
    assert "TASTEMAKER_SEED is 'x': give a whole number." in wrong.output


def test_data_get_writes_files_with_schemas_beside_them(run: Run, tmp_path: Path) -> None:
    ended = run("data", "get", "synthetic", "--into", str(tmp_path), "--json")

    files = json.loads(ended.stdout)["files"]
    assert {each["dataset"]: each["rows"] for each in files} == {"Interactions": 30_000, "Items": 400, "Users": 600}
    for each in files:
        assert json.loads(Path(each["schema"]).read_text())["name"] == each["dataset"]
        assert Path(each["file"]).is_file()
    assert run("data", "get", "ml-1m", "--from", str(tmp_path / "no"), "--into", str(tmp_path)).exit_code == 1
