"""`tastemaker evaluate CAMPAIGN --truth FILE`: a campaign, asked for every user and judged by what came next."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import polars as pl

from tastemaker.cli.answers import Subject, asked
from tastemaker.cli.campaigns import campaign_for
from tastemaker.cli.client import Server, asks_service
from tastemaker.cli.films import NAMELESS, asking_for_names, named_items
from tastemaker.cli.hold_out import read_events, time_s
from tastemaker.cli.measures import metric_rows, number, show_measures, show_slices
from tastemaker.cli.output import Output
from tastemaker.cli.verb import Failed, verb
from tastemaker.data.interactions import interactions
from tastemaker.metrics.evaluation import Answered, Known, accuracy, evaluation

WORKERS_MAX = 10  # boto3 keeps as many connections
ASKS_ITEMS = {"RELATED_ITEMS": "an item", "PERSONALIZED_RANKING": "a list of items", "PERSONALIZED_ACTIONS": "actions"}
SEED = 0  # of the intervals alone
RECENT = 10


@dataclass(frozen=True)
class Split:
    """What was held out, and what was not, if that is known; events as texts, users in order."""

    truth: pl.DataFrame
    history: pl.DataFrame | None

    @property
    def users(self) -> list[str]:
        """Who is to be asked for."""
        return self.truth["USER_ID"].unique().sort().to_list()


@click.command()
@click.argument("campaign")
@click.option("--truth", type=click.Path(path_type=Path), required=True, help="CSV of what users chose afterwards.")
@click.option("--history", type=click.Path(path_type=Path), help="CSV of what was imported; adds baseline and slices.")
@click.option("--k", "length", type=click.IntRange(1, 500), default=25, show_default=True, help="Length of the lists.")
@click.option("--users", "n_users", type=click.IntRange(1), help="Ask for so many users only, the first in order.")
@click.option("--user", help="Show one user instead: history, what was held out, the list.")
@click.option("--out", "file", type=click.Path(path_type=Path), help="File of the answers.  [default: NAME-K.jsonl]")
@click.option(
    "--workers", type=click.IntRange(1, WORKERS_MAX), default=4, show_default=True, help="Requests at a time."
)
@verb
@asks_service
def evaluate(
    out: Output,
    campaign: str,
    truth: Path,
    history: Path | None,
    length: int,
    n_users: int | None,
    user: str | None,
    file: Path | None,
    workers: int,
    server: Server,
) -> None:
    """Ask CAMPAIGN (ARN or name) for each user of TRUTH, and measure the lists; goes on where it was stopped.

    The truth must not be among what was imported: `tastemaker hold-out` makes both files.
    """
    if user is not None and (n_users or file):
        raise click.UsageError("--user shows one user and writes no file: leave --users and --out away.")
    split = read_split(truth, history)
    subject = subject_of(server, campaign, length)
    if user is not None:
        show_user(out, server, subject, split, user)
        return
    name = subject.campaignArn.rpartition("/")[2]
    place = file or Path(f"{name}-{length}.jsonl")
    users = split.users[:n_users]
    lists = asked(out, server, subject, users, place, workers)
    if subject_of(server, campaign, length) != subject:
        raise Failed(
            f"{name} was given another solution version meanwhile. Delete {place}, then run the command again."
        )
    figures, n_items = offline(server, subject.solutionVersionArn)
    found = judged(lists, split, length, n_items)
    for measure, value in figures.items():
        if measure in found["measures"]:
            found["measures"][measure]["offline"] = value
    out.value({**vars(subject), "file": str(place), **found})
    show_measures(
        out,
        found["measures"],
        f"{name}, asked for {len(users)} users, beside {subject.solutionVersionArn.rpartition(':')[2]} in training",
        (">offline", {measure: number(value) for measure, value in figures.items()}),
    )
    show_slices(out, found["slices"])
    if history is None:
        out.say("With --history TRAIN.csv there is the popularity baseline, diversity, novelty, and the slices, too.")
    out.next(f"tastemaker evaluate {name} --truth {truth} --user {users[0]}", "shows the list of one user")


def subject_of(server: Server, campaign: str, length: int) -> Subject:
    """The campaign and the version that it deploys now. Raises Failed if it does not answer for users."""
    arn = campaign_for(server, "USER_PERSONALIZATION", campaign)
    api = server.personalize
    found = api.describe_campaign(campaignArn=arn)["campaign"]
    if found["status"] != "ACTIVE":
        raise Failed(f"{arn} is {found['status']}: wait until it is ACTIVE.")
    version = str(found["solutionVersionArn"])
    recipe = api.describe_solution_version(solutionVersionArn=version)["solutionVersion"].get("recipeArn")
    if recipe:
        kind = api.describe_recipe(recipeArn=recipe)["recipe"]["recipeType"]
        if kind in ASKS_ITEMS:
            raise Failed(f"{arn} answers for {ASKS_ITEMS[kind]} and not for users ({recipe}). Name another campaign.")
    return Subject(arn, version, length)


def read_split(truth: Path, history: Path | None) -> Split:
    """Both files. Raises Failed if they are no events, or have some in common."""
    held = read_events(truth, ("USER_ID", "ITEM_ID"))
    if history is None:
        return Split(held, None)
    before = read_events(history)
    if "TIMESTAMP" in held.columns:
        both = held.join(before, on=["USER_ID", "ITEM_ID", "TIMESTAMP"], how="semi")
        if len(both):
            raise Failed(
                f"{len(both)} events of {truth} are in {history}, too, for example {both['USER_ID'][0]} with "
                f"{both['ITEM_ID'][0]}: what a model learned is no test of it. Make both with `tastemaker hold-out`."
            )
    return Split(held, before.sort(time_s(), maintain_order=True))


def offline(server: Server, version: str) -> tuple[dict[str, float], int | None]:
    """What the training measured, and how many items it knew; of AWS the documented figures alone."""
    found = dict(server.personalize.get_solution_metrics(solutionVersionArn=version)["metrics"])
    page = None if server.is_aws else server.page(f"/resources/{version}")
    report = ((page or {}).get("body") or {}).get("report") or {}
    more = (report.get("evaluation") or {}).get("measures") or {}
    return {name: each["value"] for name, each in more.items()} | found, report.get("items")


def judged(lists: dict[str, list[str]], split: Split, length: int, n_items: int | None) -> dict[str, Any]:
    """All measures of these users' lists."""
    code: dict[str, int] = {}
    recommended_UK = np.full((len(lists), length), -1, np.int32)
    for place, items in enumerate(lists.values()):
        recommended_UK[place, : len(items)] = _codes(items, code)
    empty = pl.DataFrame(schema={"USER_ID": pl.String, "ITEM_ID": pl.String, "TIMESTAMP": pl.String})
    before = empty if split.history is None else split.history
    truths, histories = _by_user(split.truth, code), _by_user(before, code)
    item_N = _codes(before["ITEM_ID"].to_list(), code)
    people = before["USER_ID"].unique().sort()
    user_N = before["USER_ID"].cast(pl.Enum(people)).to_physical().cast(pl.Int32).to_numpy()
    time_s_N = before.select(time_s())["TIMESTAMP"].to_numpy()
    known = Known(interactions(user_N, item_N, time_s_N, len(people), len(code)), n_items)
    nothing = np.zeros(0, np.int32)
    test = Answered(recommended_UK, [truths[user] for user in lists], [histories.get(user, nothing) for user in lists])
    return evaluation(test, length, known, seed=SEED, with_baseline=split.history is not None)


def show_user(out: Output, server: Server, subject: Subject, split: Split, user: str) -> None:
    """One user: what was chosen, what was held out, the list with its matches."""
    held = split.truth.filter(pl.col("USER_ID") == user)["ITEM_ID"].unique(maintain_order=True).to_list()
    if not held:
        raise Failed(f"User {user!r} is not in the truth. The first ones are {', '.join(split.users[:5])}.")
    before = [] if split.history is None else split.history.filter(pl.col("USER_ID") == user)["ITEM_ID"].to_list()
    names = asking_for_names(server, subject.campaignArn, subject.numResults)
    request = {"campaignArn": subject.campaignArn, "userId": user, "numResults": subject.numResults, **names}
    reply = server.runtime.get_recommendations(**request)
    titles, items = named_items(reply), [str(each["itemId"]) for each in reply["itemList"]]
    code: dict[str, int] = {}
    test = Answered(_codes(items, code)[None, :], [_codes(held, code)], [_codes(before, code)])
    figures = {name: each.value for name, each in accuracy(test, subject.numResults).items()}
    told = [{"itemId": item, "isMatch": item in set(held), "isInHistory": item in set(before)} for item in items]
    out.value({**vars(subject), "userId": user, "history": before, "heldOut": held, "items": told, "measures": figures})
    if before:
        out.say(f"History, {len(before)} events, newest first: {', '.join(before[::-1][:RECENT])}", "bold")
    out.say(f"Held out: {', '.join(held)}", "bold")
    rows = []
    for place, each in enumerate(told, 1):
        title = titles.get(str(each["itemId"]), NAMELESS).title
        rows.append(
            (place, each["itemId"], title, "match" if each["isMatch"] else "seen before" if each["isInHistory"] else "")
        )
    hits = sum(bool(each["isMatch"]) for each in told)
    out.table((">#", "item", "title", ""), rows, f"The list of user {user}: {hits} of {len(held)} found")
    at_the_end = {name: value or 0.0 for name, value in figures.items() if name.endswith(f"_{subject.numResults}")}
    out.table(("measure", ">value", "meaning"), metric_rows(at_the_end))
    out.next(f"tastemaker recs {user} --campaign {subject.campaignArn.rpartition('/')[2]}", "asks the same with scores")


def _codes(items: list[str], code: dict[str, int]) -> Any:
    """Positions of items, new ones behind those known."""
    return np.array([code.setdefault(item, len(code)) for item in items], np.int32)


def _by_user(events: pl.DataFrame, code: dict[str, int]) -> dict[str, Any]:
    grouped = events.group_by("USER_ID", maintain_order=True).agg("ITEM_ID")
    return {user: _codes(items, code) for user, items in grouped.iter_rows()}
