"""Sample data: enough to see the product work within a minute of installing it."""

from pathlib import Path

from tastemaker.samples.movielens import OFFICIAL, SITE, Progress, SampleUnavailable, archive, read
from tastemaker.samples.synthetic import synthetic
from tastemaker.samples.tables import Sample, Tables, write

__all__ = ["NAMES", "Sample", "SampleUnavailable", "Tables", "get", "synthetic"]

NAMES = (*OFFICIAL, "synthetic")


def get(
    name: str, into: Path, source: Path | None, progress: Progress, *, offline: bool = False, site: str = SITE
) -> Sample:
    """The sample of that name as CSV files in `into`.

    source: a folder with the archive, or the archive itself; used as it is. Without it the archive is downloaded from
    `site` and must be the official one. progress: called with bytes done and bytes in all of a download.
    Raises SampleUnavailable, saying what would help; 'synthetic' is always available.
    """
    if name == "synthetic":
        return write(name, synthetic(), into, "The users, the films and what they watched are made up.")
    if name not in OFFICIAL:
        raise SampleUnavailable(f"There is no sample {name!r}. Take one of {', '.join(NAMES)}.")
    path, note = archive(name, into, source, progress, offline=offline, site=site)
    return write(name, read(name, path), into, note)
