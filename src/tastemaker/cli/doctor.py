"""`tastemaker doctor`: whether a server could start here, and what each setting is and why."""

import fcntl
import json
import os
import platform
import shutil
import sys
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import boto3
import click
from botocore.exceptions import BotoCoreError

from tastemaker import __version__
from tastemaker.cli.output import Output
from tastemaker.cli.running import is_free
from tastemaker.cli.up import all_settings
from tastemaker.cli.verb import verb
from tastemaker.recipes.catalogue import broken, recipes
from tastemaker.settings import Origin, Settings, load
from tastemaker.supervisor import LOCK, address

PYTHON_MIN = (3, 11)
FREE_BYTES_LITTLE = 1 << 30  # a data set, its models, and room for the next version of both
PACKAGES = ("boto3", "botocore", "numpy", "polars", "scipy", "sqlalchemy", "uvicorn")
WAIT_S = 2.0
STYLES = {"ok": "green", "note": "yellow", "fails": "red"}


@dataclass(frozen=True)
class Finding:
    """What was looked at. state: ok; note, worth knowing; fails, which keeps a server from starting."""

    what: str
    state: str
    found: str
    fix: str = ""


@click.command()
@verb
@all_settings
def doctor(out: Output, **given: Any) -> None:
    """Check whether a server could start here. Exit code 1 if not."""
    origins: list[Origin] = []
    findings = [python(), packages(), algorithms(), s3()]
    try:
        settings, origins = load(given)
        findings += [home(settings), disk(settings), port(settings)]
        if settings.sandbox:
            findings.append(sandbox())
    except ValueError as problem:
        findings.append(Finding("settings", "fails", str(problem), "Change the option or the variable."))
    fails = any(finding.state == "fails" for finding in findings)
    shown = [{"name": each.name, "value": str(each.value), "origin": each.origin} for each in origins]
    out.value({"can_start": not fails, "checks": [asdict(finding) for finding in findings], "settings": shown})
    if origins:
        out.table(("setting", "value", "from"), [(each.name, str(each.value), each.origin) for each in origins])
    for finding in findings:
        out.say(f"{finding.state:>5}  {finding.what}: {finding.found}", STYLES[finding.state])
        if finding.fix:
            out.say(f"       {finding.fix}")
    if fails:
        out.next("tastemaker doctor", "again, when the lines marked `fails` are dealt with")
        raise SystemExit(1)
    if any(finding.what == "port" and finding.state == "note" for finding in findings):
        out.next("tastemaker ps", "shows what the server works on")
    else:
        out.next("tastemaker up", "starts the server; `tastemaker demo` shows it at work")


def python() -> Finding:
    """The interpreter and the machine."""
    found = f"Python {platform.python_version()} on {platform.system()} {platform.release()} ({platform.machine()})"
    if sys.version_info < PYTHON_MIN:
        return Finding("python", "fails", found, "Install Python 3.11 or newer.")
    return Finding("python", "ok", f"{found}, {os.cpu_count()} processors")


def packages() -> Finding:
    """The versions that a bug report should have."""
    found = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return Finding("versions", "ok", f"tastemaker {__version__}, {found}")


def home(settings: Settings) -> Finding:
    """Whether the folder can be written, and whether a server has it."""
    place = existing(settings.home)
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        return Finding("home", "fails", f"{settings.home} cannot be written", "Give another folder with --home.")
    if is_locked(settings.home / LOCK):
        return Finding("home", "note", f"{settings.home}: a server runs on it", "Stop it before you start another.")
    what = "can be written" if place == settings.home else "will be made"
    return Finding("home", "ok", f"{settings.home} {what}")


def existing(path: Path) -> Path:
    """The path, or the nearest folder above it that exists."""
    return next((each for each in (path, *path.parents) if each.exists()), path)


def is_locked(lock: Path) -> bool:
    """Whether a server holds the lock of its home."""
    try:
        with lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def disk(settings: Settings) -> Finding:
    """Free space where the home is, or will be."""
    free = shutil.disk_usage(existing(settings.home)).free
    found = f"{free / (1 << 30):.1f} GiB free"
    if free < FREE_BYTES_LITTLE:
        return Finding("disk", "note", found, "Free some, or give a --home on another disk.")
    return Finding("disk", "ok", found)


def port(settings: Settings) -> Finding:
    """Whether the port is free, or what answers there."""
    if is_free(settings.host, settings.port):
        return Finding("port", "ok", f"{settings.port} of {settings.host} is free")
    url = f"{address(settings)}/healthz"
    try:
        with urllib.request.urlopen(url, timeout=WAIT_S) as answer:
            status = json.load(answer)
            return Finding("port", "note", f"Tastemaker {status['version']} serves at {address(settings)}")
    except (urllib.error.URLError, OSError, ValueError, KeyError, TypeError):
        found = f"{settings.port} of {settings.host} cannot be opened, and no Tastemaker answers there"
        return Finding("port", "fails", found, "Give another --port; 0 takes a free one.")


def sandbox() -> Finding:
    """Whether the services of a sandbox are here."""
    if find_spec("moto") is None:
        return Finding("sandbox", "fails", "moto is not here", "pip install 'tastemaker[sandbox]'")
    return Finding("sandbox", "ok", f"moto {version('moto')} answers S3, IAM, STS, SSM and CloudWatch")


def algorithms() -> Finding:
    """The recipes, and what is wrong with those that other packages bring."""
    if not broken():
        return Finding("recipes", "ok", ", ".join(recipes()))
    found = "; ".join(f"{declared}: {problem}" for declared, problem in broken().items())
    return Finding("recipes", "note", found, "The server starts without them.")


def s3() -> Finding:
    """Whether buckets that are no folders of the home could be read. The keys themselves are not shown."""
    try:
        found = boto3.Session().get_credentials()
    except BotoCoreError as problem:
        return Finding("s3", "note", str(problem), "Repair the AWS configuration, or import from local folders.")
    if found is None:
        text = "no S3 credentials; s3://bucket/key is read from the folder buckets of the home"
        return Finding("s3", "ok", text)
    return Finding("s3", "ok", f"S3 credentials found ({found.method})")
