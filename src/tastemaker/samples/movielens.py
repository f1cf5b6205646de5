"""MovieLens: real films and the ratings of real people, from GroupLens's archives.

Source: F. Maxwell Harper and Joseph A. Konstan, "The MovieLens Datasets: History and Context", ACM TiiS 5(4), 2015.
GroupLens's terms do not allow us to hand the archives on, so they are read where the user has them or fetched from
GroupLens itself.
"""

import hashlib
import http.client
import io
import re
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path

import polars as pl

from tastemaker.samples.tables import Tables

Progress = Callable[[float, float], object]

SITE = "https://files.grouplens.org/datasets/movielens"
# The checksums that GroupLens publishes; of ml-latest-small that of the edition of September 2018.
OFFICIAL = {
    "ml-100k": ("md5", "0e33842e24a9c977be4e0107933c0723"),
    "ml-1m": ("md5", "c4d9eecfca2ab87c1945afe126590906"),
    "ml-latest-small": ("sha256", "696d65a3dfceac7c45750ad32df2c259311949efec81f0f144fdfb91ebc9e436"),
}
WAIT_S = 8.0  # for the connection, and for each block: a demo should not hang where there is no network
BLOCK_BYTES = 1 << 16
ARCHIVE_BYTES_MAX = 1 << 26
MEMBER_BYTES_MAX = 1 << 28
YEAR = re.compile(r"\((\d{4})\)\s*$")
RATINGS = {"user": pl.String, "item": pl.String, "rating": pl.Float32, "time": pl.Int64}
# ml-1m's README, "Occupation is chosen from the following choices", in that order.
OCCUPATIONS = (
    "other",
    "academic/educator",
    "artist",
    "clerical/admin",
    "college/grad student",
    "customer service",
    "doctor/health care",
    "executive/managerial",
    "farmer",
    "homemaker",
    "K-12 student",
    "lawyer",
    "programmer",
    "retired",
    "sales/marketing",
    "scientist",
    "self-employed",
    "technician/engineer",
    "tradesman/craftsman",
    "unemployed",
    "writer",
)


class SampleUnavailable(Exception):
    """The sample cannot be had here and now; the message says what would help."""


def archive(
    name: str, into: Path, source: Path | None, progress: Progress, *, offline: bool, site: str
) -> tuple[Path, str]:
    """The zip of a data set, and a note if it is not the official one.

    Looked for in `source` (a folder, or the zip itself), then among earlier downloads in `into`, then fetched.
    Raises SampleUnavailable.
    """
    for place in (source, into):
        path = place / f"{name}.zip" if place is not None and place.is_dir() else place
        if path is not None and path.is_file():
            return path, "" if _is_official(name, path) else f"{path.name} is not the official archive of GroupLens."
    if source is not None and not source.exists():
        raise SampleUnavailable(f"{source} does not exist. Name a folder with {name}.zip, or the zip itself.")
    if offline:
        raise SampleUnavailable(
            f"{name}.zip is not in {source or into}, and downloads are switched off. "
            f"Fetch {site}/{name}.zip elsewhere and put it there, or take the sample 'synthetic'."
        )
    return _download(name, into, progress, site), ""


def read(name: str, path: Path) -> Tables:
    """The tables of an archive. Raises SampleUnavailable if it is damaged or has other files."""
    readers = {"ml-100k": _read_100k, "ml-1m": _read_1m, "ml-latest-small": _read_latest}
    try:
        with zipfile.ZipFile(path) as packed:
            for member in packed.infolist():
                if member.file_size > MEMBER_BYTES_MAX:
                    raise SampleUnavailable(f"{path} unpacks to more than {MEMBER_BYTES_MAX} bytes. Is it {name}?")
            return readers[name](packed)
    except (zipfile.BadZipFile, KeyError, ValueError, IndexError, pl.exceptions.PolarsError) as error:
        raise SampleUnavailable(
            f"{path} cannot be read as {name}: {error}. Delete it, and fetch {SITE}/{name}.zip again."
        ) from error


def _is_official(name: str, path: Path) -> bool:
    algorithm, wanted = OFFICIAL[name]
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest() == wanted


def _download(name: str, into: Path, progress: Progress, site: str) -> Path:
    """Fetches the archive and keeps it in `into`, if it is the official one."""
    into.mkdir(parents=True, exist_ok=True)
    aside, path, url = into / f"{name}.zip.part", into / f"{name}.zip", f"{site}/{name}.zip"
    try:
        with urllib.request.urlopen(url, timeout=WAIT_S) as answer, aside.open("wb") as file:
            n_bytes, bytes_all = 0, int(answer.headers.get("Content-Length") or 0)
            while block := answer.read(BLOCK_BYTES):
                file.write(block)
                n_bytes += len(block)
                progress(n_bytes, max(n_bytes, bytes_all))
                if n_bytes > ARCHIVE_BYTES_MAX:
                    raise SampleUnavailable(f"{url} has more than {ARCHIVE_BYTES_MAX} bytes. Is the address right?")
        if not _is_official(name, aside):
            raise SampleUnavailable(
                f"{url} was fetched, but its checksum is not the one published. Try again; if you trust the file, "
                "download it yourself and name it as the source."
            )
        return aside.replace(path)
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
        raise SampleUnavailable(
            f"{url} cannot be fetched: {error}. Connect to the network, or name a folder that has {name}.zip as the "
            "source, or take the sample 'synthetic'."
        ) from error
    finally:
        aside.unlink(missing_ok=True)


def _read_100k(packed: zipfile.ZipFile) -> Tables:
    genres = [line.split("|")[0] for line in _lines(packed, "ml-100k/u.genre")]
    items = []
    for line in _lines(packed, "ml-100k/u.item"):
        (
            item,
            title,
            *_,
        ) = fields = line.split("|")
        flags = fields[-len(genres) :]
        chosen = [genre for genre, flag in zip(genres, flags, strict=True) if flag == "1" and genre != "unknown"]
        items.append((item, title, "|".join(chosen)))
    users = []
    for line in _lines(packed, "ml-100k/u.user"):
        user, age, gender, occupation, zip_code = line.split("|")
        users.append((user, int(age), gender, occupation, zip_code))
    return Tables(_interactions(packed.read("ml-100k/u.data")), _items(items), users_table(users))


def _read_1m(packed: zipfile.ZipFile) -> Tables:
    items = []
    for line in _lines(packed, "ml-1m/movies.dat"):
        item, title, genres = line.split("::")
        items.append((item, title, genres))
    users = []
    for line in _lines(packed, "ml-1m/users.dat"):
        user, gender, age, occupation, zip_code = line.split("::")
        users.append((user, int(age), gender, OCCUPATIONS[int(occupation)], zip_code))
    return Tables(
        _interactions(packed.read("ml-1m/ratings.dat").replace(b"::", b"\t")), _items(items), users_table(users)
    )


def _read_latest(packed: zipfile.ZipFile) -> Tables:
    films = pl.read_csv(packed.read("ml-latest-small/movies.csv"), infer_schema=False)
    genres = pl.col("genres").replace("(no genres listed)", "")
    items = list(films.select("movieId", "title", genres).iter_rows())
    ratings = packed.read("ml-latest-small/ratings.csv").split(b"\n", 1)[1].replace(b",", b"\t")
    return Tables(_interactions(ratings), _items(items), None)


def _lines(packed: zipfile.ZipFile, member: str) -> list[str]:
    """The lines that are not empty; GroupLens wrote its older files in Latin-1."""
    return [line for line in packed.read(member).decode("latin-1").splitlines() if line]


def _interactions(tabbed: bytes) -> pl.DataFrame:
    """The events of lines with user, item, rating and time."""
    ratings = pl.read_csv(io.BytesIO(tabbed), separator="\t", has_header=False, schema=RATINGS)
    return ratings.select(
        pl.col("user").alias("USER_ID"),
        pl.col("item").alias("ITEM_ID"),
        pl.lit("watch").alias("EVENT_TYPE"),
        pl.col("rating").alias("EVENT_VALUE"),
        pl.col("time").alias("TIMESTAMP"),
    )


def _items(rows: list[tuple[str, str, str]]) -> pl.DataFrame:
    """Films from id, title and genres; the year is what stands in parentheses after the title."""
    found = [YEAR.search(title) for _, title, _ in rows]
    years = [int(match[1]) if match else None for match in found]
    return pl.DataFrame(rows, schema=["ITEM_ID", "TITLE", "GENRES"], orient="row").with_columns(
        pl.col("GENRES").replace("", None), pl.Series("YEAR", years, pl.Int32)
    )


def users_table(rows: list[tuple[str, int, str, str, str]]) -> pl.DataFrame:
    """Users from id, age, gender, occupation and zip code."""
    return pl.DataFrame(rows, schema=["USER_ID", "AGE", "GENDER", "OCCUPATION", "ZIP_CODE"], orient="row")
