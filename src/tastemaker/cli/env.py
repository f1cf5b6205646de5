"""`tastemaker env`: the environment in which unmodified code finds the server."""

import shlex
from collections.abc import Callable, Mapping

import click

from tastemaker.cli.client import Server, asks_server
from tastemaker.cli.output import Output
from tastemaker.cli.running import environment
from tastemaker.cli.verb import Failed, verb

# How a line sets a variable for all that the shell starts.
SHELLS: dict[str, Callable[[str, str], str]] = {
    "sh": lambda name, value: f"export {name}={shlex.quote(value)};",  # eval $(...) makes one line of all
    "fish": lambda name, value: f"set -gx {name} {shlex.quote(value)};",
    "powershell": lambda name, value: f"$env:{name} = '{value}'",
}


@click.command()
@click.option("--shell", type=click.Choice(tuple(SHELLS)), default="sh", show_default=True, help="Whose lines.")
@verb
@asks_server
def env(out: Output, server: Server, shell: str) -> None:
    """Print the lines that point boto3, the AWS CLI and notebooks at the server: eval $(tastemaker env).

    The keys are those of the server's home if it has some (`tastemaker up --auth`); any do otherwise.
    """
    facts = server.page("/healthz")
    if facts is None or "sandbox" not in facts:
        raise Failed(f"{server.endpoint} is no Tastemaker server, or an older one.")
    variables = named(server, facts["region"], facts["sandbox"])
    out.value(variables)
    for name, value in variables.items():
        out.say(SHELLS[shell](name, value))


def named(server: Server, region: str, is_sandbox: bool) -> Mapping[str, str]:
    """Variables and values."""
    key, secret = server.keys()
    # An address rather than a name: botocore then puts buckets into paths, which need no name of their own.
    url = server.endpoint.replace("//localhost", "//127.0.0.1")
    around = {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false"}
    if url.startswith("http://127.0.0.1"):
        around |= {"NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}  # clients differ in which
    return {
        **environment(url, is_sandbox),
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        **around,
    }
