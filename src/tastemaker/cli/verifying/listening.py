"""Hears every reply that boto3's clients receive, before they parse it, and keeps what is wrong with each."""

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tastemaker.cli.verifying.replies import Finding, Reply, findings


@dataclass
class Heard:
    """What came from one operation. found: how often each thing was wrong."""

    service: str
    operation: str
    calls: int = 0
    took_s: float = 0.0
    found: Counter[Finding] = field(default_factory=Counter)


class Listener:
    """Ears for the clients of a walk. location: where the data of the walk are."""

    def __init__(self, location: str) -> None:
        self._location = location
        self._sent_s = 0.0
        self.heard: dict[str, Heard] = {}

    def attach(self, client: Any) -> None:
        """Listen to a client. It stays as it is: boto3 offers these events to everybody."""
        model = client.meta.service_model
        for name in model.operation_names:
            self.heard[name] = Heard(model.service_name, name)
        client.meta.events.register("before-send", self._sent)
        client.meta.events.register("before-parse", self._received)

    def say(self, operation: str, finding: Finding) -> None:
        """Keep what else is wrong with an operation."""
        self.heard[operation].found[finding] += 1

    def _sent(self, **_: Any) -> None:
        self._sent_s = time.perf_counter()

    def _received(self, operation_model: Any, response_dict: Any, **_: Any) -> None:
        heard = self.heard[operation_model.name]
        heard.calls += 1
        heard.took_s += time.perf_counter() - self._sent_s
        headers = {name.lower(): value for name, value in response_dict["headers"].items()}
        reply = Reply(response_dict["status_code"], headers, response_dict["body"])
        heard.found.update(findings(operation_model, reply, self._location))
