"""The sandbox that most tests share; names of buckets, roles and the like differ between tests."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.running import Sandbox, sandbox_in


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A running one."""
    with sandbox_in(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture(scope="session")
def s3(sandbox: Sandbox) -> Any:
    """Its S3."""
    return sandbox.client("s3")


@pytest.fixture
def bucket(s3: Any, request: pytest.FixtureRequest) -> str:
    """An empty bucket with a name of its own."""
    name = re.sub("[^a-z0-9]+", "-", request.node.name.lower())[-63:].strip("-")
    s3.create_bucket(Bucket=name)
    return name
