"""`tastemaker sandbox`: the server, and the S3, IAM, STS, SSM and CloudWatch that code around it calls."""

from typing import Any

import click

from tastemaker.cli.output import Output
from tastemaker.cli.up import all_settings, serve
from tastemaker.cli.verb import verb


@click.command()
@verb
@all_settings
def sandbox(out: Output, **given: Any) -> None:
    """Start the server with S3, IAM, STS, SSM and CloudWatch on the same port; Ctrl-C stops it.

    Takes the options of `tastemaker up`.
    """
    if given["sandbox"] is False:
        raise click.UsageError("--no-sandbox is what `tastemaker up` is for.")
    serve(out, {**given, "sandbox": True})
