"""`tastemaker permit bucket|role NAME FILE`: gives the server a policy, for `--strict-iam`."""

from pathlib import Path
from typing import IO

import click

from tastemaker.cli.client import settings_of
from tastemaker.cli.output import Output
from tastemaker.cli.permissions import bucket_needs, pasted, source_of
from tastemaker.cli.verb import Failed, verb
from tastemaker.policies.document import PolicyError, bucket_rules, parse, role_rules
from tastemaker.policies.evaluate import assume_need
from tastemaker.policies.judgement import judge
from tastemaker.storage.locations import ObjectsFailed
from tastemaker.storage.permissions import bucket_file, give, policies_in, role_file


@click.command()
@click.argument("kind", type=click.Choice(["bucket", "role"]))
@click.argument("name")
@click.argument("file", type=click.File("rb"))
@click.option("--home", type=click.Path(path_type=Path), help="Folder of the server.  [env: TASTEMAKER_HOME]")
@verb
def permit(out: Output, kind: str, name: str, file: IO[bytes], home: Path | None) -> None:
    """Give the server the policy in FILE: of bucket NAME, or of who may assume role NAME.

    It is checked first. Servers that run with --strict-iam hold it from the next job on. A FILE of - is standard input.
    """
    settings = settings_of({"home": home})
    policies, source = policies_in(settings.home), source_of(settings)
    try:
        if kind == "bucket":
            place, rules, needs = (
                bucket_file(policies, name),
                bucket_rules(name),
                bucket_needs(name, "*", False, source),
            )
        else:
            place, rules, needs = role_file(policies, name), role_rules(name), [assume_need(source)]
        data = file.read(rules.bytes_max + 1)
        found = judge(data, needs, rules)
        parse(data, rules)
        give(place, data)
    except PolicyError:
        raise Failed(f"{found.problem} This one suffices:\n{pasted(found)}") from None
    except (ObjectsFailed, OSError) as problem:
        raise Failed(str(problem)) from None
    out.value({"of": rules.of, "file": str(place), "allows": not found.problem, "problem": found.problem})
    out.say(f"The policy of {rules.of} is now {place}.", "green")
    if found.problem:
        out.say(found.problem, "yellow")
        out.next(f"tastemaker permissions --{kind} {name}", "prints one that does")
    else:
        out.next("tastemaker permissions", "says what all policies allow; `tastemaker up --strict-iam` holds them")
