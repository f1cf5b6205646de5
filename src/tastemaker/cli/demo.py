"""`tastemaker demo`: real films, a trained model, and a list that changes while one watches."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import polars as pl
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.text import Text

from tastemaker.cli import walk
from tastemaker.cli.client import Server, settings_of
from tastemaker.cli.data import fetched, parts
from tastemaker.cli.event import send
from tastemaker.cli.films import NAMELESS, Item, Items, named_items, read_items
from tastemaker.cli.measures import metric_rows
from tastemaker.cli.output import Output
from tastemaker.cli.running import forever, interruptible, is_free, running
from tastemaker.cli.story import Story, new_genre, story
from tastemaker.cli.up import how_to_call
from tastemaker.cli.verb import Failed, verb
from tastemaker.cli.waiting import Watch
from tastemaker.samples import NAMES, Sample, SampleUnavailable
from tastemaker.settings import Settings
from tastemaker.supervisor import address

HOME = Path("~/.tastemaker/demo")
LOG, TOLD = "server.log", "shown-{}"
LENGTH = 10


@click.command()
@click.option("--sample", "name", type=click.Choice(NAMES), default="ml-100k", show_default=True, help="Which data.")
@click.option(
    "--samples",
    "source",
    type=click.Path(path_type=Path),
    envvar="TASTEMAKER_SAMPLES",
    help="Folder with the sample's zip, or the zip; without it, it is downloaded.  [env: TASTEMAKER_SAMPLES]",
)
@click.option(
    "--home",
    type=click.Path(path_type=Path),
    envvar="TASTEMAKER_HOME",
    default=HOME,
    show_default=True,
    help="Folder of everything that is kept; a second run goes on with it.  [env: TASTEMAKER_HOME]",
)
@click.option("--port", type=int, help="Port of the server.  [default: 8080, or a free one if that is taken]")
@click.option("--exit", "is_short", is_flag=True, help="Stop the server at the end instead of keeping it.")
@verb
def demo(out: Output, name: str, source: Path | None, home: Path, port: int | None, is_short: bool) -> None:
    """Start a server, train on films, show how a list changes; Ctrl-C stops it."""
    settings = with_free_port(settings_of({"home": home, "port": port}), port)
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
        log_file = (settings.home / LOG).open("a")
    except OSError as problem:
        raise Failed(f"{settings.home} cannot be written: {problem.strerror}. Give another --home.") from None
    began_s = time.monotonic()
    with log_file, interruptible(), running(settings, log_file) as settings:
        out.say(f"Tastemaker serves at {address(settings)}; it logs to {settings.home / LOG}.", "green")
        shown = show(out, Server(address(settings), settings), name, source, began_s)
        out.value({"endpoint": address(settings), "home": str(settings.home), **shown})
        out.say()
        how_to_call(out, settings)
        out.say("  boto3.client('personalize-runtime').get_recommendations(")
        out.say(f"      campaignArn='{shown['campaign']}', userId='{shown['user']}')")
        for line in (f"event {shown['user']} ITEM", f"similar {shown['events'][0]}", f"describe {shown['version']}"):
            out.say(f"  tastemaker {line}{at(settings)}", "cyan")
        out.next(f"tastemaker recs {shown['user']}{at(settings)}", "in another terminal; Ctrl-C here stops the server")
        if not is_short:
            forever()
    out.say("Stopped.")


def with_free_port(settings: Settings, asked: int | None) -> Settings:
    """A demo that nobody gave a port does not fail because 8080 is taken."""
    if asked is not None or is_free(settings.host, settings.port):
        return settings
    return replace(settings, port=0)


def at(settings: Settings) -> str:
    """What a verb needs to find this server; nothing if it is where all look first."""
    return "" if settings.port == Settings.port else f" --endpoint {address(settings)}"


def show(out: Output, server: Server, name: str, source: Path | None, began_s: float) -> dict[str, Any]:
    """The whole demo on a running server: what it showed, for programs."""
    sample = get_sample(out, server.settings.home, name, source)
    items = read_items(sample.items)
    deployed, version = deploy(out, server, sample)
    show_training(out, version)
    told_file = server.settings.home / TOLD.format(sample.name)
    told = told_file.read_text(encoding="utf-8").split() if told_file.exists() else []
    events = pl.read_csv(sample.interactions, schema_overrides={"USER_ID": pl.String, "ITEM_ID": pl.String})
    plot = story(events, items, new_genre(sample.name), set(told))
    told_file.write_text("\n".join([*told, plot.user]) + "\n", encoding="utf-8")
    out.table(
        ("title", "genres"),
        [(items[item].title, items[item].genres) for item in plot.recent],
        f"User {plot.user} watched, newest first",
    )
    before = recommended(server, deployed, plot.user)
    first_list_s = round(time.monotonic() - began_s, 1)
    show_films(out, before, {}, f"Recommended to user {plot.user}, {first_list_s} s after the start")
    after = watch_three(out, server, deployed, plot, items, before)
    out.say()
    deploy_related(out, server, deployed.group, f"films-{sample.name}-related")
    return {
        "sample": sample.name,
        "note": sample.note,
        "campaign": deployed.campaign,
        "version": version["arn"],
        "metrics": version["body"]["metrics"],
        "user": plot.user,
        "watched": plot.recent,
        "before": list(before),
        "events": plot.sent,
        "after": list(after),
        "first_list_s": first_list_s,
    }


def get_sample(out: Output, home: Path, name: str, source: Path | None) -> Sample:
    """The sample as CSV files, made up if the real one cannot be had; says what it is."""
    folder = home / "samples"
    try:
        sample = fetched(out, name, folder / name, source)
    except SampleUnavailable as problem:
        out.say(str(problem), "yellow")
        out.say("Going on with made-up films.", "yellow")
        sample = fetched(out, "synthetic", folder / "synthetic", None)
    if sample.note:
        out.say(sample.note, "yellow")
    return sample


def deploy(out: Output, server: Server, sample: Sample) -> tuple[walk.Deployed, dict[str, Any]]:
    """From files to a campaign, with bars; and what is known of the version that it deploys."""
    name = f"films-{sample.name}"
    bucket = server.settings.home / "buckets" / name
    bucket.mkdir(parents=True, exist_ok=True)
    group = walk.dataset_group(server, name)
    with bars(out) as step:
        for kind, path, schema in parts(sample):
            shutil.copyfile(path, bucket / path.name)
            arn = walk.dataset(server, group, name, kind, schema)
            location = f"s3://{name}/{path.name}"
            walk.imported(server, arn, f"{name}-{kind.lower()}", location, step(f"Importing {location}"))
        solution = walk.solution(server, group, name, walk.FOR_USERS)
        version = dict(walk.trained(server, solution, step(f"Training {walk.FOR_USERS}")))
        campaign = walk.campaign(server, name, version["arn"], walk.FOR_USERS)
    unseen = walk.unseen_filter(server, group, f"{name}-unseen")
    return walk.Deployed(group, campaign, unseen, walk.tracking_id(server, group, name)), version


def deploy_related(out: Output, server: Server, group: str, name: str) -> None:
    """A second campaign, for items that go together; after the lists, which nobody should have to wait for."""
    with bars(out) as step:
        solution = walk.solution(server, group, name, walk.RELATED)
        version = walk.trained(server, solution, step(f"Training {walk.RELATED}"))
        walk.campaign(server, name, version["arn"], walk.RELATED)


@contextmanager
def bars(out: Output) -> Iterator[Any]:
    """A function that begins a bar of that title and gives the watch that moves it."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[left]}"))
    with Progress(*columns, console=out.console) as progress:

        def step(title: str) -> Watch:
            bar = progress.add_task(title, left="")

            def watch(done: float, total: float, left_s: float | None) -> None:
                left = f"{left_s:.0f} s left" if left_s else ""
                progress.update(bar, completed=done, total=total, left=left)

            return watch

        yield step


def show_training(out: Output, version: dict[str, Any]) -> None:
    """The metrics beside what they mean, and what makes the training repeatable."""
    report = version["body"]["report"]
    out.table(("metric", ">value", "meaning"), metric_rows(version["body"]["metrics"]), "Measured on held-out users")
    out.say(
        f"{report['interactions']:,} interactions, {report['users']:,} users, {report['items']:,} items; seed "
        f"{report['seed']}, data {report['data_fingerprint']}, {report['took_s']:.1f} s."
    )


def recommended(server: Server, deployed: walk.Deployed, user: str) -> dict[str, Item]:
    """Films for a user, best first, without those watched already."""
    reply = server.runtime.get_recommendations(
        campaignArn=deployed.campaign,
        userId=user,
        numResults=LENGTH,
        filterArn=deployed.unseen,
        metadataColumns={"ITEMS": ["TITLE", "GENRES"]},
    )
    names = named_items(reply)
    return {each["itemId"]: names.get(each["itemId"], NAMELESS) for each in reply["itemList"]}


def show_films(out: Output, films: Items, before: Items, title: str, marked: str = "") -> None:
    """A list; what was not in the one before is marked, and so is the genre the story is about."""
    rows = []
    for place, (item, film) in enumerate(films.items(), 1):
        is_new = bool(before) and item not in before
        style = "bold green" if is_new else ""
        genres = Text(film.genres, "magenta" if marked and marked in film.genres else style)
        rows.append((place, Text(film.title, style), genres, Text("new" if is_new else "", style)))
    out.table(
        (">#", "title", "genres", *(("",) if before else ())), rows if before else [row[:3] for row in rows], title
    )


def watch_three(
    out: Output, server: Server, deployed: walk.Deployed, plot: Story, items: Items, before: Items
) -> dict[str, Item]:
    """One event after the other, each followed by the list as it is then; the last list."""
    now = dict(before)
    for item in plot.sent:
        send(server, deployed.tracking_id, plot.user, item, "watch")
        now = recommended(server, deployed, plot.user)
        share = f"{of_genre(now, plot.genre)} of {LENGTH} {plot.genre}, {of_genre(before, plot.genre)} before"
        out.say()
        out.say(f"Event: user {plot.user} watches {items[item].title}.", "bold")
        show_films(out, now, before, f"Recommended a moment later: {share}", plot.genre)
    return now


def of_genre(films: Items, genre: str) -> int:
    """How many films are of a genre."""
    return sum(genre in film.genres for film in films.values())
