"""A batch job that is interrupted goes on where it was: what is done is not done again, and nothing is missing."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tastemaker.batch.chunks import Chunk
from tastemaker.batch.lines import Answered, NoAnswer, answer, read
from tastemaker.batch.work import Course, carry_out
from tastemaker.recipes.contract import Progress
from tastemaker.resources.kind import Outcome, Task, WorkFailed
from tastemaker.settings import Strict
from tastemaker.storage.rows import Resource
from tastemaker.storage.store import Store, open_store

COURSE = Course(chunk_lines=2, object_lines_max=7)


class Interrupted(Exception):
    """The process died."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "home")
    yield opened
    opened.database.close()


@pytest.fixture
def task(store: Store, tmp_path: Path) -> Callable[..., Task]:
    """The task of a job over files with these texts."""

    def make(*texts: str, output: str = "out", **more: Any) -> Task:
        (tmp_path / "in").mkdir(exist_ok=True)
        for place, text in enumerate(texts):
            (tmp_path / "in" / f"{place}.jsonl").write_text(text)
        body = {
            "jobInput": {"s3DataSource": {"path": str(tmp_path / "in")}},
            "jobOutput": {"s3DataDestination": {"path": str(tmp_path / output)}},
            "roleArn": "any",
        }
        job = Resource(5, "arn", "BatchInferenceJob", "job", "r", "CREATE IN_PROGRESS", None, 0.0, 0.0, body, None)
        return replace(Task(job, store, lambda _, __: None), **more)

    return make


class Twice:
    """Answers numbers with their double, and dies after so many chunks."""

    def __init__(self, dies_after: int | None = None) -> None:
        self.chunks: list[list[bytes]] = []
        self._dies_after = dies_after

    def __call__(self, chunk: Chunk, _: Progress) -> Iterator[Answered]:
        if len(self.chunks) == self._dies_after:
            raise Interrupted
        self.chunks.append(chunk.lines)
        for text in chunk.lines:
            yield answer(text, lambda line: {"twice": line["n"] * 2})


def numbers(start: int, end: int) -> str:
    return "".join(f'{{"n": {n}}}\n' for n in range(start, end))


def out(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def done(outcome: Outcome) -> Any:
    return outcome(None)["report"]  # type: ignore[arg-type]


def test_every_line_of_every_file_is_answered_in_order(task: Callable[..., Task], tmp_path: Path) -> None:
    report = done(carry_out(task(numbers(0, 3), numbers(3, 4)), COURSE, Twice()))
    assert report == {
        "lines": 4,
        "failed": 0,
        "files": [f"{tmp_path}/out/0.jsonl.out", f"{tmp_path}/out/1.jsonl.out"],
    }
    assert out(tmp_path / "out") == {
        "0.jsonl.out": "".join(
            f'{{"input":{{"n":{n}}},"output":{{"twice":{n * 2}}},"error":null}}\n' for n in range(3)
        ),
        "1.jsonl.out": '{"input":{"n":3},"output":{"twice":6},"error":null}\n',
    }


@pytest.mark.parametrize("dies_after", [0, 1, 2, 3])
def test_what_was_done_before_an_interruption_is_not_done_again(
    task: Callable[..., Task], tmp_path: Path, dies_after: int
) -> None:
    texts = (numbers(0, 5), numbers(5, 8))
    first, second = Twice(dies_after), Twice()
    with pytest.raises(Interrupted):
        carry_out(task(*texts), COURSE, first)
    assert not (tmp_path / "out").exists()
    carry_out(task(*texts), COURSE, second)
    interrupted = out(tmp_path / "out")

    assert len(first.chunks) == dies_after
    assert first.chunks + second.chunks == [
        [b'{"n": 0}', b'{"n": 1}'],
        [b'{"n": 2}', b'{"n": 3}'],
        [b'{"n": 4}'],
        [b'{"n": 5}', b'{"n": 6}'],
        [b'{"n": 7}'],
    ]
    assert "".join(interrupted.values()).count("\n") == 8


def test_input_that_changed_meanwhile_is_answered_anew(task: Callable[..., Task], tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        carry_out(task(numbers(0, 5)), COURSE, Twice(2))
    again = Twice()
    carry_out(task(numbers(0, 2) + numbers(10, 13)), COURSE, again)
    assert len(again.chunks) == 2
    assert '"n":12' in out(tmp_path / "out")["0.jsonl.out"]


def test_progress_only_goes_forward_and_ends_at_one(task: Callable[..., Task]) -> None:
    seen: list[float] = []
    carry_out(task(numbers(0, 5), numbers(5, 8), watch=lambda at, of: seen.append(at / of)), COURSE, Twice())
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_the_quotas_of_files_are_held_only_if_asked_for(task: Callable[..., Task], store: Store) -> None:
    strict = replace(store, strict=Strict(quotas=True))
    carry_out(task(numbers(0, 8)), COURSE, Twice())
    carry_out(task(numbers(0, 7), store=strict), COURSE, Twice())
    with pytest.raises(WorkFailed, match=r"0\.jsonl has more than 7 lines"):
        carry_out(task(numbers(0, 8), store=strict), COURSE, Twice())
    with pytest.raises(WorkFailed, match=r"has 1,001 files .*; a job reads at most 1,000 files"):
        carry_out(task(*[""] * 1001, store=strict), COURSE, Twice())


def test_a_job_that_has_nothing_to_deliver_fails(task: Callable[..., Task], tmp_path: Path) -> None:
    with pytest.raises(WorkFailed, match=r"None of the 2 lines could be answered\. The first: The line is not JSON"):
        carry_out(task("?\n?\n"), COURSE, Twice())
    with pytest.raises(WorkFailed, match="has no lines"):
        carry_out(task("\n"), COURSE, Twice())
    with pytest.raises(WorkFailed, match="Invalid S3 output path"):
        carry_out(task(numbers(0, 1), output="in"), COURSE, Twice())
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", [b"{", b"", b"\xff", b"1", b"[" * 100_000, b'{"a": 1} {"b": 2}'])
def test_what_is_no_object_is_no_line(text: bytes) -> None:
    with pytest.raises(NoAnswer, match="one object a line"):
        read(text)
