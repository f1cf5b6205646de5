"""`tastemaker up`: the server."""

from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import click

from tastemaker.cli.client import settings_of
from tastemaker.cli.output import Output
from tastemaker.cli.running import environment, forever, interruptible, running
from tastemaker.cli.verb import Command, verb
from tastemaker.http.credentials import FILE
from tastemaker.settings import PREFIX, Settings
from tastemaker.supervisor import address


def all_settings(function: Command) -> Command:
    """An option for each setting, with the name, type, default and text that the setting has."""
    for item in reversed(fields(Settings)):
        assert item.default is not MISSING, "every setting has a default"
        name = item.name.replace("_", "-")
        kind: Any = click.Path(path_type=Path) if isinstance(item.default, Path) else type(item.default)
        text = item.metadata["text"]
        text = f"{text[0].upper()}{text[1:]}.  [env: {PREFIX}{item.name.upper()}; default: {item.default}]"
        if isinstance(item.default, bool):
            option = click.option(f"--{name}/--no-{name}", default=None, help=text)
        else:
            option = click.option(f"--{name}", type=kind, help=text)
        function = option(function)
    return function


@click.command()
@verb
@all_settings
def up(out: Output, **given: Any) -> None:
    """Start the server; Ctrl-C stops it."""
    serve(out, given)


def serve(out: Output, given: dict[str, Any]) -> None:
    """Run a server with these settings until it is stopped."""
    with interruptible(), running(settings_of(given)) as settings:
        out.value({"endpoint": address(settings), "home": str(settings.home), "auth": settings.demands_signatures})
        with_what = ", S3, IAM, STS, SSM and CloudWatch with it," if settings.sandbox else ""
        out.say(
            f"Tastemaker serves at {address(settings)}{with_what} and keeps everything in {settings.home}.", "green"
        )
        how_to_call(out, settings)
        out.next("tastemaker doctor", "says whether all is well; Ctrl-C here stops the server")
        forever()
    out.say("Stopped.")


def how_to_call(out: Output, settings: Settings) -> None:
    """How boto3 finds the server, and its keys if it demands any."""
    out.say("Any boto3 code talks to it after:")
    if settings.sandbox:
        out.say(f"  eval $(tastemaker env --endpoint {address(settings)})")
        return
    for name, value in environment(address(settings), is_sandbox=False).items():
        out.say(f"  export {name}={value}")
    if settings.demands_signatures:
        out.say(f"Requests must be signed with the key pair in {settings.home / FILE}: AWS_ACCESS_KEY_ID,")
        out.say("AWS_SECRET_ACCESS_KEY. The verbs of `tastemaker` read it there themselves.")
