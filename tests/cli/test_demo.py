"""`demo` and `up`: a server in a terminal, from its first line to Ctrl-C."""

import json
import re
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

import boto3
import polars as pl

from cli.conftest import CLEAN, COMMAND, END_S
from tastemaker.cli.films import Item
from tastemaker.cli.story import story


def test_the_demo_shows_two_lists_and_what_was_watched_between(shown: dict[str, Any]) -> None:
    assert len(shown["before"]) == len(shown["after"]) == 10
    assert set(shown["before"]) != set(shown["after"])
    assert not set(shown["events"]) & {*shown["before"], *shown["after"], *shown["watched"]}
    assert shown["first_list_s"] < END_S


def test_without_the_sample_films_are_made_up_and_a_second_demo_goes_on_with_them_for_somebody_else(
    tmp_path: Path,
) -> None:
    asked = [*COMMAND, "demo", "--sample", "synthetic", "--home", str(tmp_path), "--port", "0"]
    unavailable = ["--sample", "ml-100k", "--samples", str(tmp_path / "nowhere"), "--exit"]
    first = subprocess.run([*asked, *unavailable], env=CLEAN, capture_output=True, text=True, timeout=END_S, check=True)
    with subprocess.Popen(asked, env=CLEAN, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as second:
        assert second.stdout is not None
        assert second.stderr is not None
        lines = []
        for line in second.stdout:
            lines.append(line)
            if line.startswith("Next:"):
                second.send_signal(signal.SIGINT)
                second.send_signal(signal.SIGINT)  # an impatient second one changes nothing
        code, errors = second.wait(END_S), second.stderr.read()

    assert "nowhere does not exist" in first.stdout
    assert "Going on with made-up films." in first.stdout
    screen = "".join(lines)
    assert (code, errors) == (0, "")
    trained, user = (
        re.search(pattern, first.stdout) for pattern in (r"describe (\S+)", r"Next: tastemaker recs (\d+)")
    )
    assert trained is not None
    assert user is not None
    assert trained[1] in screen  # not trained again
    assert f"recs {user[1]} " not in screen
    assert "made up" in screen
    assert "export AWS_ENDPOINT_URL_PERSONALIZE_RUNTIME=http://127.0.0.1:" in screen
    assert str(tmp_path / "server.log") in screen
    assert lines[-1] == "Stopped.\n"


def test_up_says_where_the_keys_are_but_not_the_secret_and_ends_with_0(tmp_path: Path) -> None:
    asked = [*COMMAND, "up", "--home", str(tmp_path), "--port", "0", "--auth"]
    with subprocess.Popen(asked, env=CLEAN, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("Next:"):
                keys = json.loads((tmp_path / "credentials.json").read_text())
                url = next(line for line in lines if "PERSONALIZE=" in line).strip().partition("=")[2]
                client = boto3.client("personalize", endpoint_url=url, region_name="us-east-1", **keys)
                assert client.list_schemas()["schemas"] == []
                process.send_signal(signal.SIGTERM)
        assert process.wait(END_S) == 0

    assert str(tmp_path / "credentials.json") in "".join(lines)
    assert keys["aws_secret_access_key"] not in "".join(lines)


def test_up_on_a_port_that_is_taken_says_so(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        asked = [*COMMAND, "up", "--home", str(tmp_path), "--port", port]
        ended = subprocess.run(asked, env=CLEAN, capture_output=True, text=True, timeout=END_S, check=False)

    assert ended.returncode == 1
    assert f"Port {port} of 127.0.0.1 cannot be opened" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_story_is_of_a_viewer_of_thrillers_to_whom_documentaries_are_new() -> None:
    genres = ["Thriller", "Sci-Fi|Action", "Documentary", "Drama"]
    items = {str(item): Item(f"Film {item}", genres[item % 4]) for item in range(200)}
    watched = {
        "thrills": [item for item in range(200) if item % 4 < 2][:30],
        "documents": [item for item in range(200) if item % 4 in (0, 2)][:30],
        "dramas": [item for item in range(200) if item % 4 == 3][:30],
        "few": [0, 1],
    }
    rows = [(user, str(item), time_s) for user, seen in watched.items() for time_s, item in enumerate(seen)]
    events = pl.DataFrame(rows, schema=["USER_ID", "ITEM_ID", "TIMESTAMP"], orient="row")

    told = story(events, items, "Documentary", set())

    assert told.user == "thrills"
    assert told.recent[0] == str(watched["thrills"][-1])
    assert all("Documentary" in items[item].genres for item in told.sent)
    assert len(told.sent) == 3
    assert story(events, items, "Documentary", {"thrills"}).user == "dramas"
