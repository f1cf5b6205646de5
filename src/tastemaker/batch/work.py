"""The course of every batch job: objects in, chunk by chunk, objects out; taken up again where it was interrupted.

Each finished chunk is a file that appears whole, and then its tally. A job that is taken up again reads its input anew
and skips the chunks whose tally is there; the name of a file says which lines it answers, so that changed input is
answered anew.
"""

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import structlog
from sqlalchemy import Connection

from tastemaker.batch.chunks import Chunk, LineTooLong, chunks
from tastemaker.batch.lines import Answered, encode
from tastemaker.recipes.contract import Progress, stage
from tastemaker.resources.kind import Body, Outcome, Task, WorkFailed
from tastemaker.storage import objects
from tastemaker.storage.files import new_file
from tastemaker.storage.objects import FetchedObject

log = structlog.get_logger()

INVALID_INPUT, INVALID_OUTPUT = "Invalid S3 input path.", "Invalid S3 output path."
FILES_MAX, BYTES_MAX = 1000, 10**9  # quotas: "input files per job", "input size per job"
OUT, MARKER = ".out", "_CHECK"
ANSWERING = 0.95  # the share of the work that is not delivering

# Answers for the lines of a chunk, in their order. The watch is that of this chunk alone.
Answer = Callable[[Chunk, Progress], Iterable[Answered]]


class Tally(msgspec.Struct):
    """What is in a chunk's file. first: the error of its first failed line."""

    lines: int
    failed: int
    first: str | None


@dataclass(frozen=True)
class Course:
    """How a kind of batch job cuts its input. object_lines_max: a quota."""

    chunk_lines: int
    object_lines_max: int


def carry_out(task: Task, course: Course, answer: Answer) -> Outcome:
    """Answer every line of every object, and deliver one object for each. Raises WorkFailed."""
    folder = task.store.batches / str(task.resource.seq)
    folder.mkdir(parents=True, exist_ok=True)
    task.store.spool.mkdir(exist_ok=True)
    _require_two_places(task.resource.body)
    try:
        with TemporaryDirectory(dir=task.store.spool) as spool:
            found = _fetched(task, Path(spool))
            done = _answered(task, course, found, folder, answer)
            report = _report(done, task.resource.body["jobInput"]["s3DataSource"]["path"])
            files = [
                (f"{each.name}{OUT}", _joined(Path(spool), place, done[place])) for place, each in enumerate(found)
            ]
            path = task.resource.body["jobOutput"]["s3DataDestination"]["path"]
            access = task.store.access(task.resource.body["roleArn"], task.resource.arn)
            written = objects.deliver(files, path, access, stage(task.watch, ANSWERING, 1 - ANSWERING))
    except objects.ObjectsFailed as problem:
        raise WorkFailed(str(problem)) from None
    log.info("batch.answered", job=task.resource.arn, **report)

    def outcome(_: Connection) -> Body:
        return {"report": {**report, "files": written}}

    return outcome


def kept(folder: Path, name: str, make: Callable[[Path], None]) -> Path:
    """The file of that name in the folder of a job, made if it is not there from before an interruption."""
    place = folder / name
    if not place.exists():
        with new_file(place) as aside:
            make(aside)
    return place


def is_input(name: str) -> bool:
    """Whether an object of a folder is input: not what a job wrote, nor what is hidden."""
    return name != MARKER and not name.endswith(OUT) and not name.startswith(".")


def _require_two_places(body: Mapping[str, Any]) -> None:
    came_from = body["jobInput"]["s3DataSource"]["path"].rstrip("/")
    if body["jobOutput"]["s3DataDestination"]["path"].rstrip("/") == came_from:
        raise WorkFailed(f"{INVALID_OUTPUT} {came_from} is where the input lies. Name another folder.")


def _fetched(task: Task, spool: Path) -> list[FetchedObject]:
    path = task.resource.body["jobInput"]["s3DataSource"]["path"]
    access = task.store.access(task.resource.body["roleArn"], task.resource.arn)
    into = spool / "input"
    into.mkdir()
    found = objects.fetch(path, access, into, lambda _, __: task.watch(0.0, 1.0), is_input, invalid=INVALID_INPUT)
    n_bytes = sum(each.path.stat().st_size for each in found)
    if task.store.strict.quotas and (len(found) > FILES_MAX or n_bytes > BYTES_MAX):
        raise WorkFailed(
            f"{INVALID_INPUT} {path} has {len(found):,} files of {n_bytes:,} bytes together; a job reads at most "
            f"{FILES_MAX:,} files of {BYTES_MAX:,} bytes. Make several jobs."
        )
    return found


def _answered(
    task: Task, course: Course, found: Sequence[FetchedObject], folder: Path, answer: Answer
) -> list[list[tuple[Path, Tally]]]:
    """The chunks of each object, all there."""
    total = sum(each.path.stat().st_size for each in found)
    before, done = 0, []
    for place, each in enumerate(found):
        pieces: list[tuple[Path, Tally]] = []
        n_lines, at = 0, before
        for chunk in _chunks(each, place, course):
            n_lines += len(chunk.lines)
            if task.store.strict.quotas and n_lines > course.object_lines_max:
                raise WorkFailed(
                    f"{each.name} has more than {course.object_lines_max:,} lines, which is the most that this job "
                    "reads from one file. Write several files."
                )
            share = ANSWERING * (before + chunk.end - at) / total
            watch = stage(task.watch, ANSWERING * at / total, share)
            pieces.append(_piece(folder, chunk, partial(answer, chunk, watch)))
            at = before + chunk.end
            watch(1.0, 1.0)
        before += each.path.stat().st_size
        done.append(pieces)
    return done


def _chunks(found: FetchedObject, place: int, course: Course) -> Iterator[Chunk]:
    try:
        with found.path.open("rb") as reader:
            yield from chunks(reader, f"{place:04}", course.chunk_lines)
    except LineTooLong as problem:
        raise WorkFailed(f"{found.name}: {problem}. Write JSON Lines: one JSON object a line.") from None


def _piece(folder: Path, chunk: Chunk, answers: Callable[[], Iterable[Answered]]) -> tuple[Path, Tally]:
    """The file of a chunk, and what is in it."""
    path = folder / f"{chunk.name}.jsonl"

    def make(tally_aside: Path) -> None:
        with new_file(path) as aside:
            tally = _write(aside, answers())
        tally_aside.write_bytes(encode(tally))

    tally = kept(folder, f"{chunk.name}.tally", make)
    return path, msgspec.json.decode(tally.read_bytes(), type=Tally)


def _write(aside: Path, answers: Iterable[Answered]) -> Tally:
    tally = Tally(0, 0, None)
    with aside.open("wb") as writer:
        for each in answers:
            writer.write(encode(each) + b"\n")
            tally.lines += 1
            if each.error is not None:
                tally.failed += 1
                tally.first = tally.first or each.error
    return tally


def _report(done: Sequence[Sequence[tuple[Path, Tally]]], path: str) -> dict[str, Any]:
    """How many lines there were. Raises WorkFailed if none could be answered."""
    tallies = [tally for pieces in done for _, tally in pieces]
    n_lines, n_failed = sum(each.lines for each in tallies), sum(each.failed for each in tallies)
    if n_lines == 0:
        raise WorkFailed(f"{INVALID_INPUT} {path} has no lines. Write one JSON object a line.")
    if n_failed == n_lines:
        first = next(each.first for each in tallies if each.first)
        raise WorkFailed(f"None of the {n_lines:,} lines could be answered. The first: {first}")
    return {"lines": n_lines, "failed": n_failed}


def _joined(spool: Path, place: int, pieces: Sequence[tuple[Path, Tally]]) -> Path:
    joined = spool / f"output-{place}"
    with joined.open("wb") as writer:
        for path, _ in pieces:
            with path.open("rb") as reader:
                shutil.copyfileobj(reader, writer)
    return joined
