"""What it costs to get from nothing to the first recommendation: CPU-seconds of all processes of the server.

    python benchmarks/first_list.py --samples DIR [--sample ml-100k] [--json]

`tastemaker up` on an empty home, then plain boto3: import, train aws-user-personalization, deploy, GetRecommendations,
polled ten times a second. Then the server is stopped; the figure is the CPU time of `tastemaker up` and of every
process that it started, start and stop included, as the operating system counted it. The client is not in it.
"""

import argparse
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3

from tastemaker import samples

RECIPE = "arn:aws:personalize:::recipe/aws-user-personalization"
POLL_S = 0.1


def until_active(describe: Callable[[], dict[str, Any]]) -> None:
    """Poll as clients do. Raises RuntimeError with the server's reason."""
    while (found := describe())["status"] != "ACTIVE":
        if found["status"] == "CREATE FAILED":
            raise RuntimeError(found["failureReason"])
        time.sleep(POLL_S)


def first_list(url: str, sample: samples.Sample) -> list[str]:
    """The whole walk; gives the recommended items."""
    keys = {"region_name": "us-east-1", "aws_access_key_id": "any", "aws_secret_access_key": "any"}
    client: Any = boto3.client  # typed, if at all, by a stub for each of 400 services
    p = client("personalize", endpoint_url=url, **keys)
    schema = p.create_schema(name="films", schema=sample.schemas["Interactions"])["schemaArn"]
    group = p.create_dataset_group(name="films")["datasetGroupArn"]
    until_active(lambda: p.describe_dataset_group(datasetGroupArn=group)["datasetGroup"])
    dataset = p.create_dataset(name="films", schemaArn=schema, datasetGroupArn=group, datasetType="Interactions")[
        "datasetArn"
    ]
    until_active(lambda: p.describe_dataset(datasetArn=dataset)["dataset"])
    job = p.create_dataset_import_job(
        jobName="films", datasetArn=dataset, dataSource={"dataLocation": str(sample.interactions)}
    )["datasetImportJobArn"]
    until_active(lambda: p.describe_dataset_import_job(datasetImportJobArn=job)["datasetImportJob"])
    solution = p.create_solution(name="films", datasetGroupArn=group, recipeArn=RECIPE)["solutionArn"]
    until_active(lambda: p.describe_solution(solutionArn=solution)["solution"])
    version = p.create_solution_version(solutionArn=solution)["solutionVersionArn"]
    until_active(lambda: p.describe_solution_version(solutionVersionArn=version)["solutionVersion"])
    campaign = p.create_campaign(name="films", solutionVersionArn=version)["campaignArn"]
    until_active(lambda: p.describe_campaign(campaignArn=campaign)["campaign"])
    answer = client("personalize-runtime", endpoint_url=url, **keys).get_recommendations(
        campaignArn=campaign, userId="1"
    )
    return [each["itemId"] for each in answer["itemList"]]


def await_answer(url: str) -> None:
    """Return when the server serves."""
    while True:
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=1):
                return
        except OSError:
            time.sleep(0.02)


def main() -> None:
    """Start, walk, stop, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=Path, default=os.environ.get("TASTEMAKER_SAMPLES"), help="folder of archives")
    parser.add_argument("--sample", default="ml-100k")
    parser.add_argument("--json", action="store_true", help="print one JSON value and nothing else")
    options = parser.parse_args()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir()
        sample = samples.get(options.sample, Path(folder) / "sample", options.samples, lambda _, __: None)
        command = [sys.executable, "-m", "tastemaker", "up", "--home", str(home), "--port", str(port)]
        began_s = time.monotonic()
        with (home / "server.log").open("wb") as log_file:
            process = subprocess.Popen(command, stdout=log_file, stderr=log_file)
            try:
                await_answer(f"http://127.0.0.1:{port}")
                serving_s = time.monotonic() - began_s
                items = first_list(f"http://127.0.0.1:{port}", sample)
                took_s = time.monotonic() - began_s
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    figures = {
        "sample": options.sample,
        "cpu_s": round(used.ru_utime + used.ru_stime, 1),
        "wall_s": round(took_s, 1),
        "serving_after_s": round(serving_s, 2),
        "items": len(items),
    }
    if options.json:
        print(json.dumps(figures))
    else:
        print(
            f"{figures['cpu_s']} CPU-seconds of the server's processes; {figures['wall_s']} s from start to the first "
            f"list of {len(items)} items, {figures['serving_after_s']} s of them until it served"
        )


if __name__ == "__main__":
    main()
