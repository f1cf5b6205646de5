"""`tastemaker permissions`: what the policies that a server was given allow, and what they should be."""

import json
from pathlib import Path

import click

from tastemaker.cli.client import settings_of
from tastemaker.cli.output import Output
from tastemaker.cli.verb import Failed, verb
from tastemaker.policies.evaluate import GET, PUT, Need, object_needs
from tastemaker.policies.judgement import Judgement
from tastemaker.settings import Settings
from tastemaker.storage.locations import ObjectsFailed
from tastemaker.storage.permissions import is_name, judge_bucket, judge_role, policies_in


@click.command()
@click.option("--bucket", help="Look at this bucket; else at all that have a policy or a folder.")
@click.option("--role", help="Look at this role; else at all that have a policy.")
@click.option("--key", default="*", show_default=True, help="Object that is read; in/* is all of a folder.")
@click.option("--write", is_flag=True, help="Look at what jobs that write need, too.")
@click.option("--home", type=click.Path(path_type=Path), help="Folder of the server.  [env: TASTEMAKER_HOME]")
@verb
def permissions(out: Output, bucket: str | None, role: str | None, key: str, write: bool, home: Path | None) -> None:
    """Say what policies allow Personalize, and print what would allow the rest. Exit code 1 if there is a rest."""
    settings = settings_of({"home": home})
    policies, source = policies_in(settings.home), source_of(settings)
    everything = bucket is None and role is None
    buckets = known_buckets(settings) if everything else [bucket] if bucket else []
    roles = names_in(policies / "roles") if everything else [role] if role else []
    try:
        found = [judge_bucket(policies, each, bucket_needs(each, key, write, source)) for each in buckets]
        found += [judge_role(policies, each, source) for each in roles]
    except ObjectsFailed as problem:
        raise Failed(str(problem)) from None
    show(out, found)
    if any(each.problem for each in found):
        raise SystemExit(1)


def show(out: Output, found: list[Judgement]) -> None:
    """Each need with its verdict, then each document that should be another one."""
    needs = [
        {
            "of": each.rules.of,
            "action": verdict.need.action,
            "resource": verdict.need.resource,
            "allowed": verdict.allowed,
            "why": verdict.reason,
        }
        for each in found
        for verdict in each.verdicts
    ]
    wrong = [each for each in found if each.problem]
    out.value({"allowed": not wrong, "needs": needs, "corrected": {each.rules.of: each.correction for each in wrong}})
    if not found:
        out.say("No policy was given, and there is no bucket.")
        out.next("tastemaker permit bucket NAME FILE", "gives the server the policy of a bucket")
        return
    rows = [
        (each["of"], f"{each['action']} {each['resource']}", "allowed" if each["allowed"] else "refused", each["why"])
        for each in needs
    ]
    out.table(("policy of", "what Personalize needs", "", "why"), rows)
    for each in wrong:
        out.say(f"A policy of {each.rules.of} that suffices:", "bold")
        out.say(pasted(each))
        out.say()
    if wrong:
        out.next(f"tastemaker permit {wrong[0].rules.of} FILE", "gives it to the server, when it is saved in FILE")
    else:
        out.next("tastemaker up --strict-iam", "starts a server that holds them")


def pasted(found: Judgement) -> str:
    """The document that would allow all, as people write it."""
    return json.dumps(found.correction, indent=2)


def bucket_needs(bucket: str, key: str, write: bool, source: str) -> list[Need]:
    """What reading that key takes, and writing it if asked."""
    written = object_needs(PUT, bucket, [key], source)[1:] if write else []
    return [*object_needs(GET, bucket, [key], source), *written]


def source_of(settings: Settings) -> str:
    """What conditions compare: any resource of this server."""
    return f"arn:aws:personalize:{settings.region}:{settings.account}:*"


def known_buckets(settings: Settings) -> list[str]:
    """Buckets that have a policy, or a folder in the home."""
    folder = settings.home / "buckets"
    folders = [path.name for path in folder.glob("*/") if is_name(path.name)]
    return sorted({*folders, *names_in(policies_in(settings.home) / "buckets")})


def names_in(folder: Path) -> list[str]:
    """Whose policies are in a folder."""
    return sorted(path.stem for path in folder.glob("*.json") if is_name(path.stem))
