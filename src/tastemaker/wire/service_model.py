"""The 79 operations of the three services, compiled from the service models that ship with botocore.

botocore itself is not imported: its models are read as the files they are, which keeps 0.2 s out of a server's start.
"""

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tastemaker.errors import ApiError, InvalidInputException
from tastemaker.wire.check import Check, compile_shape
from tastemaker.wire.render import Render, compile_render

SERVICES = {"personalize": "2018-05-22", "personalize-runtime": "2018-05-22", "personalize-events": "2018-03-22"}


class Checked(dict[str, Any]):
    """A checked request, which nobody changes. words: the body that it came in, if it is short: users come again in the
    same words, and what was made of these may be remembered by them."""

    words: bytes | None = None


@dataclass(frozen=True)
class Operation:
    """One operation: how a request for it is recognised, checked and answered."""

    name: str
    service: str
    path: str
    target: str | None  # the X-Amz-Target header of the control plane; None where the path says it all
    content_type: str
    check: Check
    render: Render | None  # None: the answer has no body
    error_status: Mapping[str, int]  # of the errors that this service models
    errors: frozenset[str]  # that this operation declares

    def parse(self, body: Any) -> dict[str, Any]:
        """The request, checked. Raises InvalidInputException naming every violation at once."""
        found: list[str] = []
        request: dict[str, Any] = self.check(body, "", found)
        if found:
            one = "error" if len(found) == 1 else "errors"
            raise InvalidInputException(f"{len(found)} validation {one} detected: {'; '.join(found)}")
        return request

    def status_of(self, error: ApiError) -> int:
        """The HTTP status under which this service sends the error."""
        return self.error_status.get(error.code, error.status)


@cache
def operations() -> Mapping[str, Operation]:
    """All operations by name."""
    return {op.name: op for service, version in SERVICES.items() for op in _of(_read(service, version), service)}


def _read(service: str, version: str) -> dict[str, Any]:
    spec = find_spec("botocore")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "data" / service / version
    packed = folder / "service-2.json.gz"
    text = gzip.decompress(packed.read_bytes()) if packed.exists() else (folder / "service-2.json").read_bytes()
    model: dict[str, Any] = json.loads(text)
    return model


def _of(model: Mapping[str, Any], service: str) -> list[Operation]:
    shapes, metadata = model["shapes"], model["metadata"]
    prefix = metadata.get("targetPrefix")
    error_status = {
        name: shape.get("error", {}).get("httpStatusCode", 400)
        for name, shape in shapes.items()
        if shape.get("exception")
    }
    return [
        Operation(
            name=name,
            service=service,
            path=op["http"]["requestUri"],
            target=f"{prefix}.{name}" if prefix else None,
            content_type=f"application/x-amz-json-{metadata['jsonVersion']}" if prefix else "application/json",
            check=compile_shape(op["input"]["shape"], shapes),
            render=compile_render(op["output"]["shape"], shapes) if "output" in op else None,
            error_status=error_status,
            errors=frozenset(error["shape"] for error in op.get("errors", [])),
        )
        for name, op in model["operations"].items()
    ]
