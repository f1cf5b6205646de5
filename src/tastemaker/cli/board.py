"""`tastemaker board`: every recipe on the same data, in one table; no server is needed."""

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from rich.progress import BarColumn, TaskID, TaskProgressColumn, TextColumn
from rich.progress import Progress as Bars

from tastemaker.cli.board_data import data_of, of_files, of_sample
from tastemaker.cli.board_table import HEADINGS, PROTOCOLS, RATED_HEADINGS, Found, markdown, rated_rows, rows
from tastemaker.cli.data import fetched
from tastemaker.cli.demo import HOME
from tastemaker.cli.output import Output
from tastemaker.cli.verb import Failed, verb
from tastemaker.data.splits import by_users, leave_one_out
from tastemaker.recipes.catalogue import recipes
from tastemaker.recipes.contract import Progress, Recipe
from tastemaker.samples import NAMES, SampleUnavailable
from tastemaker.training.board import BASELINE, LISTS, Contest, entry, rating_baselines
from tastemaker.training.corpus import Corpus

DEFAULT = "ml-100k"


@click.command()
@click.option("--data", "events", type=click.Path(path_type=Path), help="CSV of interactions, instead of a sample.")
@click.option("--items", type=click.Path(path_type=Path), help="CSV of items, to --data.")
@click.option("--users", type=click.Path(path_type=Path), help="CSV of users, to --data.")
@click.option("--sample", type=click.Choice(NAMES), help="Sample data.  [default: ml-100k]")
@click.option(
    "--samples",
    "source",
    type=click.Path(path_type=Path),
    envvar="TASTEMAKER_SAMPLES",
    help="Folder with the sample's zip, or the zip; without it, it is downloaded.  [env: TASTEMAKER_SAMPLES]",
)
@click.option("--recipe", "names", multiple=True, help="A recipe; may be repeated.  [default: all that make lists]")
@click.option("--protocol", type=click.Choice(list(PROTOCOLS)), default="users", show_default=True, help="The split.")
@click.option(
    "--repeats", is_flag=True, help="Let lists hold items of the history, as a campaign without a filter does."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the split and of the trainings.")
@click.option(
    "--out", "file", type=click.Path(dir_okay=False, path_type=Path), help="Also write the table as Markdown."
)
@verb
def board(
    out: Output,
    events: Path | None,
    items: Path | None,
    users: Path | None,
    sample: str | None,
    source: Path | None,
    names: Sequence[str],
    protocol: str,
    repeats: bool,
    seed: int,
    file: Path | None,
) -> None:
    """Train recipes on the same data, judge them on the same held-out users, and show them best first.

    Recipes have their default hyperparameters. Lists leave out what the user has chosen before, unless --repeats.
    CPU-seconds are of all threads, also while these wait for each other: OMP_NUM_THREADS=1 leaves the waiting out.
    """
    if events is None and (items or users):
        raise click.UsageError("--items and --users belong to --data: give it, too.")
    if events is not None and sample:
        raise click.UsageError("--data and --sample are two data sets: give one.")
    chosen = chosen_recipes(names)
    notes: list[str] = []
    name = str(events) if events else sample or DEFAULT
    corpus = of_files(events, items, users, notes.append) if events else sampled(out, name, source, notes.append)
    for note in notes:
        out.say(note, "yellow")
    contest = contest_of(corpus, protocol, repeats, seed)
    found = compared(out, chosen, contest)
    told = {
        "data": name,
        "notes": notes,
        "users": len(corpus.user_ids),
        "items": len(corpus.item_ids),
        "interactions": len(corpus.events),
        "protocol": protocol,
        "repeats": repeats,
        "seed": seed,
    }
    out.value({**told, **found.told})
    title = "{data}: {users:,} users, {items:,} items, {interactions:,} interactions".format(**told)
    out.say(title, "bold")
    out.say(f"Protocol {protocol}: {PROTOCOLS[protocol]}; lists of 10 {'' if repeats else 'unseen '}items.")
    out.table(HEADINGS, rows(found))
    if found.ratings:
        out.table(RATED_HEADINGS, rated_rows(found), "Predicted ratings of the held-out events")
    for recipe, why in found.failed.items():
        out.say(f"{recipe} is left out: {why}", "yellow")
    if file:
        write(file, markdown(f"{title}, protocol {protocol}, seed {seed}", found))
        out.say(f"Written to {file}.")
    out.next("tastemaker up", f"serves: train {found.best_first[0].recipe} there, it is the first of these")


def chosen_recipes(names: Sequence[str]) -> list[Recipe]:
    """The recipes asked for, or all that make lists of items; the baseline first. Raises UsageError."""
    known = recipes()
    able = [name for name, recipe in known.items() if recipe.recipe_type in LISTS]
    for name in names:
        if name not in able:
            why = "makes no lists of items" if name in known else "is not there"
            raise click.UsageError(f"--recipe {name} {why}. There are: {', '.join(able)}.")
    return [known[name] for name in dict.fromkeys([BASELINE, *(names or able)])]


def sampled(out: Output, name: str, source: Path | None, warn: Callable[[str], None]) -> Corpus:
    """A sample, downloaded to where the demo keeps it unless `source` has it. Raises Failed."""
    try:
        with TemporaryDirectory(prefix="tastemaker-board-") as folder:
            kept = Path(folder) if source or name == "synthetic" else HOME.expanduser() / "samples" / name
            sample = fetched(out, name, kept, source)
            if sample.note:
                warn(sample.note)
            return of_sample(sample, warn)
    except SampleUnavailable as problem:
        raise Failed(str(problem)) from None
    except OSError as problem:
        raise Failed(
            f"{problem.filename} cannot be written: {problem.strerror}. Name the zip with --samples."
        ) from None


def contest_of(corpus: Corpus, protocol: str, repeats: bool, seed: int) -> Contest:
    """The split that all recipes share. Raises Failed if nobody can be tested."""
    data = data_of(corpus, seed)
    split = by_users(data.interactions, seed=seed) if protocol == "users" else leave_one_out(data.interactions)
    contest = Contest(data, split.knowing(data), len(corpus.item_ids), seed, repeats)
    if not contest.asked[0]:
        few = "two users, one of them with two" if protocol == "users" else "a user with three"
        raise Failed(
            f"Nobody can be tested: it takes {few} interactions"
            + ("." if repeats else ", the last ones with items that are new to them; --repeats counts the others, too.")
        )
    return contest


def compared(out: Output, chosen: Sequence[Recipe], contest: Contest) -> Found:
    """Every recipe, one after the other, each with a bar. Raises Failed if none can be used."""
    found = Found(ratings=rating_baselines(contest))
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    baseline = None
    with Bars(*columns, console=out.console, transient=True) as bars:
        for place, recipe in enumerate(chosen, 1):
            bar = bars.add_task(f"{recipe.name} ({place} of {len(chosen)})", total=1.0)

            try:
                made = entry(recipe, contest, _moving(bars, bar), baseline)
            except Exception as problem:  # noqa: BLE001  a recipe may be anybody's; the others are compared all the same
                found.failed[recipe.name] = f"{type(problem).__name__}: {problem}"
            else:
                baseline = made.measures if recipe.name == BASELINE else baseline
                found.entries.append(made)
            bars.remove_task(bar)
    if not found.entries:
        raise Failed("No recipe could be used. " + " ".join(f"{name}: {why}." for name, why in found.failed.items()))
    return found


def _moving(bars: Bars, bar: TaskID) -> Progress:
    """What a recipe tells its progress to, to be seen in this bar."""

    def watch(done: float, total: float, /, **_: float) -> None:
        bars.update(bar, completed=done, total=total)

    return watch


def write(file: Path, text: str) -> None:
    """Raises Failed if it cannot."""
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise Failed(f"{file} cannot be written: {problem.strerror}. Name another file with --out.") from None
