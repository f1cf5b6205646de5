"""`tastemaker`: the group of all verbs."""

import click

from tastemaker import __version__


@click.group()
@click.version_option(__version__)
def main() -> None:
    """A recommendation server that speaks the Amazon Personalize API."""
