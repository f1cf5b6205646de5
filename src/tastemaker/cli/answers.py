"""The lists that users got, a line for each in a file, so that asking goes on where it stopped.

The first line says of which campaign, which solution version and which length the lists are; only such a file is gone
on with. A line that was torn when the asking was killed is written again.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, EndpointConnectionError
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from tastemaker.cli.client import Server
from tastemaker.cli.output import Output
from tastemaker.cli.verb import Failed, no_server

AHEAD = 16  # requests of a worker that are given out at a time; a stop waits for no more than these


@dataclass(frozen=True)
class Subject:
    """What is asked, and how long its lists are; the first line of a file of answers."""

    campaignArn: str
    solutionVersionArn: str
    numResults: int

    @property
    def line(self) -> str:
        """As it is written."""
        return json.dumps(asdict(self)) + "\n"


def list_for(server: Server, subject: Subject, user: str) -> list[str]:
    """The items that a user gets, best first. Raises what boto3 raises."""
    request = {"campaignArn": subject.campaignArn, "userId": user, "numResults": subject.numResults}
    return [str(each["itemId"]) for each in server.runtime.get_recommendations(**request)["itemList"]]


def asked(
    out: Output, server: Server, subject: Subject, users: Sequence[str], file: Path, workers: int
) -> dict[str, list[str]]:
    """The list of each user: from the file where it has it, else asked now and written there. Raises Failed.

    The answers come into the file in the order of the users, each as soon as it and those before it are there.
    """
    lists = kept(file, subject)
    missing = [user for user in users if user not in lists]
    if lists:
        out.say(f"{file} has the lists of {len(users) - len(missing)} of {len(users)} users already.")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
    try:
        with file.open("a", encoding="utf-8") as lines, Progress(*columns, console=out.console) as progress:
            bar = progress.add_task("Asking", total=len(users), completed=len(users) - len(missing))
            for user, items in _answers(server, subject, missing, workers):
                lines.write(json.dumps({"userId": user, "items": items}, ensure_ascii=False) + "\n")
                lines.flush()
                lists[user] = items
                progress.advance(bar)
    except OSError as problem:
        raise Failed(f"{file} cannot be written: {problem.strerror}. Name another file with --out.") from None
    except (ClientError, BotoCoreError) as problem:
        there = sum(user in lists for user in users)
        raise Failed(f"{_told(problem)} {there} of {len(users)} lists are in {file}: run the command again.") from None
    return {user: lists[user] for user in users}


def kept(file: Path, subject: Subject) -> dict[str, list[str]]:
    """The lists in the file, which is made if it is not there; a torn last line is cut off. Raises Failed."""
    try:
        content = file.read_bytes() if file.exists() else b""
        whole = content[: content.rfind(b"\n") + 1]
        header = subject.line.encode()
        if not whole and header.startswith(content):  # new, or torn within its first line
            file.write_bytes(header)
            return {}
        lines = (whole or content).decode("utf-8").splitlines()
        _require_same(file, lines[0], subject)
        if whole != content:
            file.write_bytes(whole)
    except UnicodeDecodeError:
        raise Failed(f"{file} is no file of answers. Name another one with --out.") from None
    except OSError as problem:
        raise Failed(f"{file} cannot be used: {problem.strerror}. Name another file with --out.") from None
    return dict(_answer(file, number, line) for number, line in enumerate(lines[1:], 2))


class Rate(ProgressColumn):
    """Users a second."""

    def render(self, task: Task) -> Text:
        """Empty until it is known."""
        return Text(f"{task.speed:.0f} users/s" if task.speed else "", "progress.data.speed")


def _answers(server: Server, subject: Subject, users: Sequence[str], workers: int) -> Iterator[tuple[str, list[str]]]:
    server.runtime  # noqa: B018  made here: boto3 must not make a client in several threads at once
    with ThreadPoolExecutor(workers) as pool:
        for start in range(0, len(users), AHEAD * workers):
            block = users[start : start + AHEAD * workers]
            yield from zip(block, pool.map(lambda user: list_for(server, subject, user), block), strict=True)


def _require_same(file: Path, line: str, subject: Subject) -> None:
    try:
        found = json.loads(line)
        given: Mapping[str, Any] = {name: found[name] for name in asdict(subject)}
    except (ValueError, KeyError, TypeError):
        raise Failed(f"{file} is no file of answers. Name another one with --out.") from None
    for name, wanted in asdict(subject).items():
        if given[name] != wanted:
            raise Failed(
                f"{file} has answers of {name} {given[name]}, and this is {wanted}: lists of both cannot be judged "
                "together. Delete the file, or name another one with --out."
            )


def _answer(file: Path, number: int, line: str) -> tuple[str, list[str]]:
    try:
        found = json.loads(line)
        return str(found["userId"]), [str(item) for item in found["items"]]
    except (ValueError, KeyError, TypeError):
        raise Failed(
            f"{file}, line {number} is no answer: {line[:60]!r}. Delete the line, and the user is asked again."
        ) from None


def _told(problem: ClientError | BotoCoreError) -> str:
    if isinstance(problem, ClientError):
        error = problem.response["Error"]
        return f"The server refused: {error.get('Message')} ({error.get('Code')})."
    if isinstance(problem, EndpointConnectionError | ConnectTimeoutError):
        return no_server(str(problem.kwargs.get("endpoint_url", "")))
    return f"{problem}."
