"""An S3, an STS and an IAM for tests: moto's server, over real HTTP; the one thing that stands in for another."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError

REGION = "us-east-1"


@contextmanager
def s3_server() -> Iterator[str]:
    """The address of one that has the bucket `films`."""
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as server:
        assert server.stderr is not None
        lines = server.stderr
        url = next(line for line in lines if "Running on" in line).split("Running on ")[1].split()[0]
        reading = threading.Thread(target=lambda: [None for _ in lines])  # a full pipe would stop the server
        reading.start()
        s3 = client("s3", url)
        for _ in range(50):
            try:
                s3.create_bucket(Bucket="films")
                break
            except BotoCoreError:
                time.sleep(0.1)
        yield url
        server.terminate()
        reading.join()


def client(service: str, url: str) -> Any:
    """A boto3 client of it."""
    return boto3.client(service, endpoint_url=url, aws_access_key_id="a", aws_secret_access_key="b", region_name=REGION)
