"""Requests as bytes, for what boto3 would refuse to send."""

import http.client
import json
from typing import Any
from urllib.parse import urlparse

from botocore.loaders import Loader

from main_path.served import REGION, Body
from tastemaker.wire.service_model import operations

# The service models as boto3 reads them.
MODELS = {
    service: Loader().load_service_model(service, "service-2")
    for service in ("personalize", "personalize-runtime", "personalize-events")
}

# The region of a request is that of its signature, which nobody verifies without --auth.
SIGNATURE = (
    f"AWS4-HMAC-SHA256 Credential=any/20260101/{REGION}/personalize/aws4_request, SignedHeaders=host, "
    f"Signature={'0' * 64}"
)


class Raw:
    """One connection to a server."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urlparse(url).netloc, timeout=60)

    def __call__(self, operation: str, body: Any) -> tuple[int, Body]:
        """Status and answer; `body` is sent as it is if it is bytes, else as JSON."""
        model = operations()[operation]
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.send("POST", model.path, content, {"X-Amz-Target": model.target} if model.target else {})

    def send(self, method: str, path: str, content: bytes = b"", headers: dict[str, str] | None = None) -> Any:
        """Status and answer of any request."""
        try:
            self._connection.request(method, path, content, {"Authorization": SIGNATURE, **(headers or {})})
            answer = self._connection.getresponse()
            text = answer.read()
        except (http.client.HTTPException, ConnectionError):
            self._connection.close()  # the next request opens it again
            raise
        found = json.loads(text) if text else {}
        if answer.status != 200:
            assert answer.headers["x-amzn-errortype"] == found["__type"]
        assert len(answer.headers["x-amzn-requestid"]) == 36
        return answer.status, found

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
