"""Every setting and every limit: typed, with its unit, its default and its reason; read once, at start.

A setting may be given by an option of `tastemaker up`, else by the environment (TASTEMAKER_HOME for `home`), else it
has its default. Nobody else reads the environment.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

PREFIX = "TASTEMAKER_"
SHOWN_BYTES_MIN = 1 << 16  # room for the longest list
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def setting(default: Any, text: str) -> Any:
    """One setting: its default, and what it is in a sentence."""
    return field(default=default, metadata={"text": text})


@dataclass(frozen=True)
class Strict:
    """Which of the original service's limits are held; by default none is."""

    quotas: bool = False
    minimums: bool = False
    iam: bool = False


@dataclass(frozen=True)
class Settings:
    """What the operator may choose."""

    home: Path = setting(Path.home() / ".tastemaker", "folder of everything that is kept")
    host: str = setting("127.0.0.1", "address to listen on; one beyond loopback turns `auth` on")
    port: int = setting(8080, "port of all three services; 0 takes a free one")
    http_workers: int = setting(1, "processes that answer requests")
    auth: bool = setting(False, "demand requests signed (SigV4) with the key of `tastemaker up --auth`")
    sandbox: bool = setting(False, "answer S3, IAM, STS, SSM and CloudWatch on the same port, as `tastemaker sandbox`")
    region: str = setting("us-east-1", "region of ARNs made for requests that name none")
    account: str = setting("000000000000", "account in every ARN, 12 digits")
    seed: int = setting(0, "seed of splits and training")
    strict_quotas: bool = setting(False, "hold the documented quotas of the service, with its errors")
    strict_minimums: bool = setting(False, "refuse to import and train on less data than the service documents")
    strict_iam: bool = setting(False, "touch only objects that the policies given with `tastemaker permit` allow")
    filter_extensions: bool = setting(False, "CreateFilter takes time windows and booleans, which the service refuses")
    auto_training_delay_s: float = setting(3600.0, "from an ACTIVE solution to its first automatic training")
    auto_update_s: float = setting(7200.0, "between two updates of a deployed model with new items and events")
    trend_refresh_s: float = setting(7200.0, "between two refreshes of trends, where their interval is longer")
    incremental_update_s: float = setting(1800.0, "between two incremental updates, which describe new items")
    job_workers: int = setting(1, "jobs that run at the same time")
    body_bytes_max: int = setting(1 << 21, "longest request body; ten items of 32,000 characters need 1.3 MB at most")
    header_bytes_max: int = setting(1 << 16, "longest request head")
    live_events_per_user_max: int = setting(500, "newest streamed events that a request looks at")
    users_cached_max: int = setting(20_000, "users whose live events, and lists per campaign, a server process keeps")
    shown_bytes: int = setting(1 << 26, "newest lists that a server process remembers: 100,000 of 25 short ids")
    lease_s: float = setting(15.0, "a job whose worker gave no sign for so long is taken up by another")
    attempts_max: int = setting(3, "times a job is taken up again after its process died, before it fails")
    clock_skew_s: float = setting(900.0, "how far the clock of a signed request may be off; AWS allows 15 minutes")
    keep_alive_s: float = setting(75.0, "how long an idle connection stays open")
    stop_s: float = setting(10.0, "how long running requests may take when the server stops")

    def __post_init__(self) -> None:
        """Raise ValueError for what cannot work, before anything is started."""
        if len(self.account) != 12 or not self.account.isdigit():
            raise ValueError(f"account is {self.account!r}: give 12 digits, for example 000000000000.")
        if not 0 <= self.port <= 65535:
            raise ValueError(f"port is {self.port}: give a number from 0 to 65535.")
        for name in ("http_workers", "job_workers", "body_bytes_max", "users_cached_max", "attempts_max"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}: give 1 or more.")
        if self.shown_bytes < SHOWN_BYTES_MIN:
            raise ValueError(f"shown_bytes is {self.shown_bytes}: give {SHOWN_BYTES_MIN} or more.")
        self._check_sandbox()

    def _check_sandbox(self) -> None:
        if not self.sandbox:
            return
        if self.demands_signatures:
            raise ValueError(
                f"host is {self.host} and auth is {str(self.auth).lower()}: a sandbox answers S3 and IAM to whoever "
                "reaches it, and verifies no signature there. Give --host 127.0.0.1 and --no-auth."
            )
        if self.http_workers > 1:
            raise ValueError(
                f"http_workers is {self.http_workers}: what a sandbox's IAM and S3 know is in one process. Give 1."
            )

    @property
    def strict(self) -> Strict:
        """The limits that are held."""
        return Strict(self.strict_quotas, self.strict_minimums, self.strict_iam)

    @property
    def demands_signatures(self) -> bool:
        """Whether requests must be signed: asked for, or reachable from beyond this machine."""
        return self.auth or self.host not in LOOPBACK

    @property
    def reads_local_paths(self) -> bool:
        """Whether a dataLocation may be a path of the server's disk: only callers on this machine may name one."""
        return self.host in LOOPBACK


@dataclass(frozen=True)
class Origin:
    """Where a setting's value came from, for `doctor`."""

    name: str
    value: Any
    origin: str
    text: str


def load(given: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> tuple[Settings, list[Origin]]:
    """Settings from options (None: not given), environment and defaults. Raises ValueError naming a bad value."""
    values: dict[str, Any] = {}
    origins: list[Origin] = []
    for item in fields(Settings):
        variable = PREFIX + item.name.upper()
        if given.get(item.name) is not None:
            value, origin = given[item.name], "option"
        elif variable in environment:
            value, origin = _read(variable, environment[variable], type(item.default)), variable
        else:
            value, origin = item.default, "default"
        value = value.expanduser().absolute() if isinstance(value, Path) else value
        values[item.name] = value
        origins.append(Origin(item.name, value, origin, item.metadata["text"]))
    return Settings(**values), origins


def _read(variable: str, text: str, kind: Any) -> Any:
    if kind is bool:
        if text.lower() not in ("0", "1", "true", "false", "yes", "no"):
            raise ValueError(f"{variable} is {text!r}: give true or false.")
        return text.lower() in ("1", "true", "yes")
    if issubclass(kind, Path):
        return Path(text)
    try:
        return kind(text)
    except ValueError:
        raise ValueError(f"{variable} is {text!r}: give {'a whole number' if kind is int else 'a number'}.") from None
