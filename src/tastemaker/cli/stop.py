"""`tastemaker stop`: end a training before its time, with or without what it has so far."""

import click

from tastemaker.cli.client import Server, asks_server
from tastemaker.cli.output import Output
from tastemaker.cli.verb import verb


@click.command()
@click.argument("arn")
@click.option("--keep", is_flag=True, help="End with the best model so far, which can be deployed.")
@verb
@asks_server
def stop(out: Output, arn: str, keep: bool, server: Server) -> None:
    """Stop the training of the solution version ARN.

    Without --keep it becomes CREATE STOPPED, as by StopSolutionVersionCreation. With it, a network ends with its best
    epoch and a search with its best trial, at the next step; what has neither goes on to its end.
    """
    if keep:
        server.page(f"/finish/{arn}", "POST")
        out.say(f"{arn} ends with the best so far.")
    else:
        server.personalize.stop_solution_version_creation(solutionVersionArn=arn)
        out.say(f"{arn} stops.")
    out.value({"arn": arn, "kept": keep})
    out.next(f"tastemaker describe {arn}", "shows how it ends")
