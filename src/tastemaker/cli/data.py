"""`tastemaker data get NAME`: sample data as CSV files with their schemas."""

from pathlib import Path

import click
import polars as pl
from rich.progress import Progress

from tastemaker.cli.output import Output
from tastemaker.cli.verb import Failed, verb
from tastemaker.samples import NAMES, Sample, SampleUnavailable
from tastemaker.samples import get as fetch


@click.group()
def data() -> None:
    """Fetch sample data."""


@data.command()
@click.argument("name", type=click.Choice(NAMES))
@click.option("--into", type=click.Path(file_okay=False, path_type=Path), help="Folder to write.  [default: ./NAME]")
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path),
    envvar="TASTEMAKER_SAMPLES",
    help="Folder with NAME.zip, or the zip; without it, it is downloaded.  [env: TASTEMAKER_SAMPLES]",
)
@verb
def get(out: Output, name: str, into: Path | None, source: Path | None) -> None:
    """Write the sample NAME as CSV files, each with its schema beside it."""
    folder = (into or Path(name)).absolute()
    try:
        sample = fetched(out, name, folder, source)
    except SampleUnavailable as problem:
        raise Failed(str(problem)) from None
    except OSError as problem:
        raise Failed(f"{folder} cannot be written: {problem.strerror}. Name another folder with --into.") from None
    files = [
        {"dataset": dataset, "file": str(path), "rows": count(path), "schema": str(schema_beside(path, text))}
        for dataset, path, text in parts(sample)
    ]
    out.value({"name": name, "note": sample.note, "files": files})
    if sample.note:
        out.say(sample.note, "yellow")
    out.table((">rows", "file", "schema"), [(f"{each['rows']:,}", each["file"], each["schema"]) for each in files])
    out.next(f"python examples/movielens.py --data {folder}", "walks through the API with it; `tastemaker up` first")


def fetched(out: Output, name: str, folder: Path, source: Path | None) -> Sample:
    """The sample in a folder, with a bar while it is downloaded. Raises SampleUnavailable, OSError."""
    with Progress(console=out.console, transient=True) as bars:
        bar = bars.add_task(f"Getting {name}", total=None)
        return fetch(name, folder, source, lambda done, total: bars.update(bar, completed=done, total=total))


def parts(sample: Sample) -> list[tuple[str, Path, str]]:
    """Dataset type, CSV file and schema text of what a sample has."""
    paths = {"Interactions": sample.interactions, "Items": sample.items, "Users": sample.users}
    return [(dataset, path, sample.schemas[dataset]) for dataset, path in paths.items() if path is not None]


def count(path: Path) -> int:
    """Rows of a CSV file."""
    return int(pl.scan_csv(path, infer_schema=False).select(pl.len()).collect().item())


def schema_beside(path: Path, text: str) -> Path:
    """The schema in a file beside the CSV."""
    place = path.with_suffix(".schema.json")
    place.write_text(text + "\n", encoding="utf-8")
    return place
