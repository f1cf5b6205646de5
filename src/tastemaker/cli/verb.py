"""What all verbs have in common: `--json`, and errors that say what to do instead of a traceback."""

import json
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import click
from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, EndpointConnectionError

from tastemaker.cli.output import output

KEYS_DIFFER = ("InvalidClientTokenId", "SignatureDoesNotMatch")
KEYS = "Name the folder of that server with --home: its keys are there."

Command = Callable[..., None]


class Failed(Exception):
    """What could not be done, and what to do about it; the verb ends with exit code 1."""


def verb(function: Command) -> Command:
    """A verb: `--json` becomes its first argument, an Output; what is refused becomes a message and exit code 1."""

    @click.option("--json", "as_json", is_flag=True, help="Print one JSON value and nothing else.")
    @wraps(function)
    def run(*given: Any, as_json: bool, **named: Any) -> None:
        try:
            function(output(as_json), *given, **named)
        except Failed as failure:
            _end(str(failure), as_json)
        except ClientError as refusal:
            error = refusal.response["Error"]
            hint = f" {KEYS}" if error.get("Code") in KEYS_DIFFER else ""
            _end(f"{error.get('Message') or refusal} ({error.get('Code')}){hint}", as_json)
        except (EndpointConnectionError, ConnectTimeoutError) as problem:
            _end(no_server(str(problem.kwargs.get("endpoint_url", ""))), as_json)
        except BotoCoreError as problem:
            _end(str(problem), as_json)

    return run


def no_server(url: str) -> str:
    """What to do where nobody answers."""
    place = "/".join(url.split("/")[:3])
    return f"No server answers at {place}. Start one with `tastemaker up`, or name the place with --endpoint."


def _end(message: str, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps({"error": message}, ensure_ascii=False) + "\n")
    else:
        click.echo(f"Error: {message}", err=True)
    raise SystemExit(1)
