"""The Dockerfile and compose.yaml: what matters in them, and their commands run as they stand, without Docker."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from botocore.exceptions import ClientError

from tastemaker.settings import Settings, load
from tastemaker.storage.objects import Access, ObjectsFailed, fetch
from transfer.s3_server import client, s3_server

REPOSITORY = Path(__file__).parents[1]
START_S, STOP_S = 60.0, 10.0  # `docker stop` waits for ten seconds
TEXT = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((REPOSITORY / "compose.yaml").read_text(encoding="utf-8"))


def instructions() -> list[tuple[str, str]]:
    """The lines of the Dockerfile, continued ones joined, without comments: the instruction, and the rest."""
    text = re.sub(r"^\s*#.*\n", "", TEXT, flags=re.MULTILINE).replace("\\\n", " ")
    return [(line.partition(" ")[0], line.partition(" ")[2].strip()) for line in text.splitlines() if line.strip()]


def stages() -> list[list[tuple[str, str]]]:
    """The instructions of each stage."""
    found: list[list[tuple[str, str]]] = []
    for each in instructions():
        if each[0] == "FROM":
            found.append([])
        found[-1].append(each)
    return found


def only(name: str) -> str:
    """The rest of the last stage's only instruction of that name."""
    (found,) = [rest for instruction, rest in stages()[-1] if instruction == name]
    return found


def health_words() -> list[str]:
    """The command of HEALTHCHECK."""
    return list(json.loads(only("HEALTHCHECK").partition("CMD ")[2]))


def image_environment() -> dict[str, str]:
    """What ENV sets."""
    return dict(pair.split("=", 1) for pair in only("ENV").split())


# The Dockerfile


def test_there_are_two_stages_from_a_pinned_slim_python_with_the_version_that_is_tested() -> None:
    bases = [stage[0][1].partition(" ")[0] for stage in stages()]
    assert len(bases) == 2
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.\d+-slim-[a-z]+", bases[0])
    wanted = re.search(r'requires-python = ">=(3\.\d+)"', (REPOSITORY / "pyproject.toml").read_text())
    assert wanted is not None
    assert f":{wanted[1]}-" in bases[0]


def test_the_server_is_no_root_and_cannot_change_what_it_runs() -> None:
    names = [name for name, _ in stages()[-1]]
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", only("USER"))
    assert names.index("USER") < names.index("ENTRYPOINT")
    assert f"--uid {only('USER').partition(':')[0]} " in only("RUN")
    assert only("COPY") == "--from=build --chown=root:root /opt/tastemaker /opt/tastemaker"


def test_nothing_is_fetched_but_packages_and_no_key_is_in_the_image() -> None:
    assert "ADD" not in [name for name, _ in instructions()]
    assert "curl" not in TEXT
    assert "wget" not in TEXT
    assert "PIP_CONSTRAINT=/source/constraints.txt" in TEXT
    assert not re.search(r"(?i)(secret|password|access_key)\s*=", TEXT)


def test_what_is_kept_is_in_the_volume_that_the_user_owns() -> None:
    home = image_environment()["TASTEMAKER_HOME"]
    assert json.loads(only("VOLUME")) == [home]
    assert f"--owner tastemaker --group tastemaker --mode 0700 {home}" in only("RUN")
    assert only("EXPOSE") == image_environment()["TASTEMAKER_PORT"]


def test_what_is_sent_to_the_engine_makes_a_wheel_with_all_that_the_package_reads(tmp_path: Path) -> None:
    ignored = (REPOSITORY / ".dockerignore").read_text(encoding="utf-8").split("\n")
    assert "*" in ignored
    for name in [line[1:] for line in ignored if line.startswith("!")]:
        place = REPOSITORY / name
        copy = shutil.copytree if place.is_dir() else shutil.copyfile
        copy(place, tmp_path / name)
    copied = " ".join(rest for name, rest in stages()[0] if name == "COPY").split()
    assert set(copied) - {"./"} == {path.name for path in tmp_path.iterdir()}

    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    subprocess.run(build, cwd=tmp_path, check=True, capture_output=True, timeout=60)

    (wheel,) = (tmp_path / "dist").iterdir()
    inside = set(zipfile.ZipFile(wheel).namelist())
    for path in (REPOSITORY / "src" / "tastemaker").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert path.relative_to(REPOSITORY / "src").as_posix() in inside


# Its commands


def test_the_entry_point_serves_signed_requests_is_healthy_and_stops_at_sigterm(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TASTEMAKER_", "AWS_"))}
    own = {"TASTEMAKER_HOME": str(tmp_path / "home"), "TASTEMAKER_PORT": str(port)}
    assert set(own) <= set(image_environment())
    # A proxy that is not there: the health check must not ask it.
    environment = clean | own | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{clean['PATH']}"}
    proxied = environment | {"http_proxy": "http://127.0.0.1:9"}

    def is_healthy() -> bool:
        asked = subprocess.run(health_words(), env=proxied, capture_output=True, timeout=20, check=False)
        return asked.returncode == 0

    assert not is_healthy()
    words = [*json.loads(only("ENTRYPOINT")), *(json.loads(rest) for name, rest in stages()[-1] if name == "CMD")]
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen(words, env=environment, stdout=log, stderr=log, cwd=tmp_path) as server,
    ):
        try:
            deadline_s = time.monotonic() + START_S
            while not is_healthy():
                assert server.poll() is None, (tmp_path / "log").read_text()
                assert time.monotonic() < deadline_s
            keys = json.loads((tmp_path / "home" / "credentials.json").read_text())
            at = {"endpoint_url": f"http://127.0.0.1:{port}", "region_name": "us-east-1"}
            assert boto3.client("personalize", **at, **keys).list_schemas()["schemas"] == []
            with pytest.raises(ClientError):
                boto3.client("personalize", **at, aws_access_key_id="a", aws_secret_access_key="b").list_schemas()
            server.send_signal(signal.SIGTERM)
            assert server.wait(STOP_S) == 0
        finally:
            server.kill()
    assert not is_healthy()


# compose.yaml


def given(service: str, **variables: str) -> dict[str, str]:
    """The environment that a service gets, where these variables are set."""

    def value(text: str) -> str:
        return re.sub(r"\$\{(\w+):-([^}]*)\}", lambda found: variables.get(found[1]) or found[2], text)

    return {name: value(text) for name, text in COMPOSE["services"][service]["environment"].items()}


def test_compose_has_the_server_and_beside_it_only_what_was_asked_for() -> None:
    services = COMPOSE["services"]
    assert [name for name, each in services.items() if "profiles" not in each] == ["server"]
    assert services["s3"]["profiles"] == ["s3"]
    assert re.fullmatch(r"[\w/]+:v\d+\.\d+\.\d+", services["s3"]["image"])


def test_ports_are_published_on_loopback_alone() -> None:
    ports = [port for each in COMPOSE["services"].values() for port in each["ports"]]
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert ports[0].endswith(f":{image_environment()['TASTEMAKER_PORT']}")


def test_what_is_kept_is_in_named_volumes_and_stopping_has_the_time_it_takes() -> None:
    server = COMPOSE["services"]["server"]
    assert server["volumes"] == [f"home:{image_environment()['TASTEMAKER_HOME']}"]
    named = {volume.partition(":")[0] for each in COMPOSE["services"].values() for volume in each["volumes"]}
    assert named == set(COMPOSE["volumes"])
    assert int(server["stop_grace_period"].removesuffix("s")) > Settings.stop_s + 5
    assert server["init"] is True
    assert server["cap_drop"] == ["ALL"]
    assert "healthcheck" not in server  # the image has one
    assert load({}, given("server"))[0].demands_signatures is False  # that is what --host of the entry point is for
    assert load({"host": "0.0.0.0"}, given("server"))[0].demands_signatures is True


def test_without_a_store_no_s3_is_asked_and_with_one_its_buckets_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    (tmp_path / "spool").mkdir()

    def read() -> Any:
        access = Access(tmp_path / "buckets", local_paths=False)
        return fetch("s3://films/one.csv", access, tmp_path / "spool", lambda _, __: None)

    for name, value in given("server").items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ObjectsFailed, match="no S3 credentials"):
        read()

    with s3_server() as url:
        keys = {"TASTEMAKER_S3_KEY": "a", "TASTEMAKER_S3_SECRET": "b"}
        client("s3", url).put_object(Bucket="films", Key="one.csv", Body=b"USER_ID\n1\n")
        for name, value in given("server", TASTEMAKER_S3_ENDPOINT=url, **keys).items():
            monkeypatch.setenv(name, value)
        (found,) = read()
    assert found.path.read_bytes() == b"USER_ID\n1\n"
    assert set(given("s3", **keys).values()) == {"a", "b"}
