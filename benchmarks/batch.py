"""A batch inference job of a million lines: lines a second, the memory it takes, and what a killed process costs.

    python benchmarks/batch.py --samples DIR [--sample ml-1m] [--lines 1000000] [--filter] [--json]

A real server imports the sample and trains aws-user-personalization; users of the sample in random order are the lines.
The job runs twice: left alone, and with its process killed when half of the chunks are there. Both outputs must be the
same bytes, and no chunk from before the kill may be made again. The memory is the peak of the job's process as Linux
counts it (VmHWM), which includes the pages of the model that it maps. Linux only: processes are found in /proc.
"""

import argparse
import hashlib
import json
import os
import random
import signal
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tastemaker import samples
from tastemaker.batch.inference import INFERENCE
from tastemaker.cli import walk
from tastemaker.cli.client import Server
from tastemaker.cli.waiting import until_active, unwatched
from tastemaker.settings import Settings
from tastemaker.supervisor import Supervisor, address

POLL_S = 0.01
BUCKET = "s3://batch"


@dataclass
class Figures:
    """What was measured. kept: chunks from before the kill that were still as they were; repeated: lines done twice."""

    sample: str
    lines: int
    lines_a_second: float = 0.0
    took_s: float = 0.0
    cpu_s: float = 0.0  # of the job's process, within a tenth of a second: other work on the machine is not in it
    peak_mb: float = 0.0
    output_mb: float = 0.0
    chunks_before_kill: int = 0
    chunks_kept: int = 0
    repeated_lines_max: int = 0
    same_output: bool = False


def write(place: Path, sample: samples.Sample, n_lines: int) -> None:
    """Users of the sample in random order."""
    with sample.interactions.open() as reader:
        column = reader.readline().strip().split(",").index("USER_ID")
        users = sorted({line.split(",")[column] for line in reader})
    choose = random.Random(0).choices
    place.parent.mkdir(parents=True)
    with place.open("w") as writer:
        for _ in range(0, n_lines, 1000):
            writer.writelines(f'{{"userId": "{user}"}}\n' for user in choose(users, k=1000))


def start(server: Server, name: str, version: str, filter_arn: str | None) -> str:
    """A job; gives its ARN."""
    answer = server.personalize.create_batch_inference_job(
        jobName=name,
        solutionVersionArn=version,
        jobInput={"s3DataSource": {"path": f"{BUCKET}/in/users.jsonl"}},
        jobOutput={"s3DataDestination": {"path": f"{BUCKET}/{name}/"}},
        roleArn="arn:aws:iam::000000000000:role/batch",
        **({"filterArn": filter_arn} if filter_arn else {}),
    )
    return str(answer["batchInferenceJobArn"])


def status(server: Server, arn: str) -> str:
    """Of a job. Raises RuntimeError if it failed."""
    found = server.personalize.describe_batch_inference_job(batchInferenceJobArn=arn)["batchInferenceJob"]
    if found["status"] == "CREATE FAILED":
        raise RuntimeError(found["failureReason"])
    return str(found["status"])


def processes(home: Path) -> list[int]:
    """Those that carry out a job of this home."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
        except OSError:
            continue  # it ended meanwhile
        if words[1:4] == [b"-m", b"tastemaker.app", b"job"] and any(os.fsencode(home) in word for word in words):
            found.append(int(entry.name))
    return found


def peak_mb(process: int) -> float:
    """The most memory that a process had so far."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


def cpu_s(process: int) -> float:
    """The processor time that a process had so far."""
    try:
        values = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(values[11]) + int(values[12])) / os.sysconf("SC_CLK_TCK")


def left_alone(server: Server, home: Path, version: str, filter_arn: str | None, figures: Figures) -> None:
    """The first job: how fast, and how much memory."""
    others = set(processes(home))  # that of the training may be on its way out
    began_s = time.monotonic()
    arn = start(server, "whole", version, filter_arn)
    while status(server, arn) != "ACTIVE":
        for process in {*processes(home)} - others:
            figures.peak_mb = max(figures.peak_mb, peak_mb(process))
            figures.cpu_s = max(figures.cpu_s, cpu_s(process))
        time.sleep(POLL_S * 10)
    figures.took_s = round(time.monotonic() - began_s, 1)
    figures.lines_a_second = round(figures.lines / figures.took_s)
    figures.peak_mb = round(figures.peak_mb)


def killed(server: Server, home: Path, version: str, filter_arn: str | None, figures: Figures) -> None:
    """The second one: killed when half of its chunks are there."""
    n_chunks = -(-figures.lines // INFERENCE.chunk_lines)
    before = {path.name for path in (home / "batches").iterdir()}
    arn = start(server, "killed", version, filter_arn)
    found: dict[Path, int] = {}
    while len(found) < n_chunks // 2:
        folders = [path for path in (home / "batches").iterdir() if path.name not in before]
        found = {tally: tally.stat().st_mtime_ns for folder in folders for tally in folder.glob("*.tally")}
        time.sleep(POLL_S)
    for process in processes(home):
        os.kill(process, signal.SIGKILL)
    figures.chunks_before_kill = len(found)
    while status(server, arn) != "ACTIVE":
        kept = [path for path, made_ns in found.items() if path.exists() and path.stat().st_mtime_ns == made_ns]
        figures.chunks_kept = len(kept) or figures.chunks_kept
        time.sleep(POLL_S * 10)
    # A chunk that was begun, and one that became whole between the look and the kill.
    figures.repeated_lines_max = INFERENCE.chunk_lines * (1 + len(found) - figures.chunks_kept)


def digest(place: Path) -> str:
    """Of a file, read in pieces."""
    with place.open("rb") as reader:
        return hashlib.file_digest(reader, "blake2b").hexdigest()


def measure(home: Path, sample: samples.Sample, n_lines: int, filtered: bool) -> Figures:
    """The whole course."""
    figures = Figures(sample.name, n_lines)
    with (home / "server.log").open("wb") as log_file:
        supervisor = Supervisor(Settings(home=home, port=0), log_file)
        settings = supervisor.start()
        try:
            server = Server(address(settings), settings)
            write(home / "buckets" / "batch" / "in" / "users.jsonl", sample, n_lines)
            group = walk.dataset_group(server, "batch")
            dataset = walk.dataset(server, group, "batch", "Interactions", sample.schemas["Interactions"])
            walk.imported(server, dataset, "batch", str(sample.interactions), unwatched)
            version = str(walk.trained(server, walk.solution(server, group, "batch", walk.FOR_USERS), unwatched)["arn"])
            filter_arn = walk.unseen_filter(server, group, "batch") if filtered else None
            if filter_arn:
                until_active(server, filter_arn)
            left_alone(server, home, version, filter_arn, figures)
            killed(server, home, version, filter_arn, figures)
            whole, again = (home / "buckets" / "batch" / name / "users.jsonl.out" for name in ("whole", "killed"))
            figures.output_mb = round(whole.stat().st_size / 2**20)
            figures.same_output = digest(whole) == digest(again)
            return figures
        finally:
            supervisor.stop()


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=Path, default=os.environ.get("TASTEMAKER_SAMPLES"), help="folder of archives")
    parser.add_argument("--sample", default="ml-1m")
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--filter", action="store_true", help="leave out what each user watched")
    parser.add_argument("--json", action="store_true", help="print one JSON value and nothing else")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir()
        archives = options.samples and Path(options.samples)
        sample = samples.get(options.sample, Path(folder) / "sample", archives, lambda _, __: None)
        found: dict[str, Any] = asdict(measure(home, sample, options.lines, options.filter))
    if options.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name.replace('_', ' '):22}{value}")


if __name__ == "__main__":
    main()
