"""`tastemaker`: the group of all verbs. A verb is a file of this folder that has a command of the same name."""

from importlib import import_module

import click

from tastemaker import __version__

VERBS = (
    "up",
    "sandbox",
    "env",
    "demo",
    "doctor",
    "ps",
    "describe",
    "stop",
    "metrics",
    "trials",
    "recs",
    "dials",
    "similar",
    "filter",
    "event",
    "data",
    "hold-out",
    "evaluate",
    "plan",
    "apply",
    "verify",
    "board",
    "new-recipe",
    "insights",
    "attribution",
    "permit",
    "permissions",
    "down",
)


class Verbs(click.Group):
    """Loads a verb when it is asked for: most need boto3 or polars, and both are slow to import."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """All verbs, in the order in which one needs them."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        """The verb of that name."""
        if cmd_name not in VERBS:
            return None
        module = cmd_name.replace("-", "_")
        found: click.Command = getattr(import_module(f"tastemaker.cli.{module}"), module)
        return found


@click.group(cls=Verbs)
@click.version_option(__version__)
def main() -> None:
    """A recommendation server that speaks the Amazon Personalize API.

    Every verb takes --json. Exit codes: 0 done, 1 refused or failed, 2 wrongly asked, or, of `plan`, something to do.
    """
