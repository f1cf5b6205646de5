"""`tastemaker hold-out FILE`: everybody's newest events in a file of their own, to judge a deployed campaign by."""

from pathlib import Path

import click
import polars as pl

from tastemaker.cli.output import Output
from tastemaker.cli.verb import Failed, verb

ROUNDING = 1e-9  # a share of a count that misses a whole number by this much is that number


@click.command("hold-out")
@click.argument("interactions", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--share",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.1,
    show_default=True,
    help="Part of each user's events, rounded down, at least one.",
)
@click.option("--train", type=click.Path(dir_okay=False, path_type=Path), required=True, help="File for the others.")
@click.option("--truth", type=click.Path(dir_okay=False, path_type=Path), required=True, help="File for the newest.")
@verb
def hold_out(out: Output, interactions: Path, share: float, train: Path, truth: Path) -> None:
    """Split the CSV file INTERACTIONS: the newest events of each user are the truth, all others are to be imported.

    A user with a single event is not tested: the event is to be imported. Columns and order of the records stay.
    """
    if len({path.resolve() for path in (interactions, train, truth)}) < 3:
        raise click.UsageError("INTERACTIONS, --train and --truth are not three different files: give three names.")
    parts = parted(read_events(interactions), share)
    for path, frame in zip((train, truth), parts, strict=True):
        try:
            frame.write_csv(path)
        except OSError as problem:
            raise Failed(f"{path} cannot be written: {problem.strerror or problem}. Name another file.") from None
    counts = [(len(frame), frame["USER_ID"].n_unique()) for frame in parts]
    told = {
        name: {"file": str(path), "events": events, "users": users}
        for name, path, (events, users) in zip(("train", "truth"), (train, truth), counts, strict=True)
    }
    out.value({"share": share, **told})
    rows = [(f"{each['events']:,}", f"{each['users']:,}", each["file"]) for each in told.values()]
    out.say(f"The newest {share:.0%} of each user's events in {interactions} are held out.")
    out.table((">events", ">users", "file"), rows)
    out.next(
        f"tastemaker evaluate CAMPAIGN --truth {truth} --history {train}",
        f"once {train}, and not {interactions}, is imported, trained on and deployed",
    )


def parted(events: pl.DataFrame, share: float) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What stays and what is held out: of each user the newest share; among equal times the later records are newer."""
    count = pl.len().over("USER_ID")
    held = (count * share + ROUNDING).floor().cast(pl.Int64).clip(lower_bound=1)
    held = pl.when(count > 1).then(pl.min_horizontal(held, count.cast(pl.Int64) - 1)).otherwise(0)
    age = time_s().rank("ordinal").over("USER_ID").cast(pl.Int64)
    is_held = events.select((age > count.cast(pl.Int64) - held).alias("is_held"))["is_held"]
    return events.filter(~is_held), events.filter(is_held)


def time_s() -> pl.Expr:
    """TIMESTAMP as a number."""
    return pl.col("TIMESTAMP").cast(pl.Int64)


def read_events(path: Path, needed: tuple[str, ...] = ("USER_ID", "ITEM_ID", "TIMESTAMP")) -> pl.DataFrame:
    """The records of a CSV file as texts; USER_ID and ITEM_ID are there, TIMESTAMP is a whole number. Raises Failed."""
    try:
        frame = pl.read_csv(path, infer_schema=False)
    except OSError as problem:
        raise Failed(f"{path} cannot be read: {problem.strerror or problem}.") from None
    except pl.exceptions.NoDataError:
        raise Failed(f"{path} is empty: give a CSV file with the columns {', '.join(needed)}.") from None
    except pl.exceptions.PolarsError as problem:
        raise Failed(f"{path} cannot be read as CSV: {str(problem).splitlines()[0]}") from None
    missing = [name for name in needed if name not in frame.columns]
    if missing:
        raise Failed(f"{path} has no column {missing[0]}; it has {', '.join(frame.columns)}. Rename the column.")
    if not len(frame):
        raise Failed(f"{path} has a header and no records.")
    for name in needed:
        wrong = frame.with_row_index("__record__").filter(_cannot_be(name))
        if len(wrong):
            record, text = wrong["__record__"][0] + 1, wrong[name][0]
            wanted = "Unix seconds, a whole number" if name == "TIMESTAMP" else "an id"
            raise Failed(f"{path}, record {record}: {name} is {text!r}; give {wanted}.")
    return frame


def _cannot_be(name: str) -> pl.Expr:
    value = pl.col(name)
    return value.cast(pl.Int64, strict=False).is_null() if name == "TIMESTAMP" else value.fill_null("") == ""
