"""The films of the notebooks: MovieLens where you have it, else films, people and ratings that do not exist.

    export MOVIELENS=~/ml-1m.zip

takes one of GroupLens's archives as it is: ml-100k.zip, ml-1m.zip or ml-latest-small.zip. The public notebooks fetch
one with `wget` and read it with pandas; here the standard library reads it, so that a notebook needs boto3 alone.
"""

import csv
import io
import os
import random
import re
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

GENRES = ("Action", "Comedy", "Crime", "Drama", "Horror", "Romance")
USERS, FILMS, RATINGS_EACH = 200, 150, 24  # so few that a training takes a second
UNTIL_S = 1_700_000_000
DAY_S = 86_400


class Rating(NamedTuple):
    """What somebody thought of a film, and when."""

    user: str
    item: str
    stars: float
    time_s: int


class Film(NamedTuple):
    """Genres are joined by bars, as Personalize wants its categories."""

    title: str
    genres: str


def ratings() -> list[Rating]:
    """Everybody's, in the order of their times."""
    found = _of_archive_ratings(Path(os.environ["MOVIELENS"])) if "MOVIELENS" in os.environ else _made_up_ratings()
    return sorted(found, key=lambda rating: rating.time_s)


def films() -> dict[str, Film]:
    """By id."""
    return _of_archive_films(Path(os.environ["MOVIELENS"])) if "MOVIELENS" in os.environ else _made_up_films()


def write_csv(path: str, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    """A file as `DataFrame.to_csv(path, index=False)` writes it."""
    with Path(path).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def _made_up_films() -> dict[str, Film]:
    """Each of a main genre and often of a second one."""
    chance = random.Random(1)
    made = {}
    for number in range(1, FILMS + 1):
        genres = {GENRES[number % len(GENRES)], chance.choice(GENRES)}
        made[str(number)] = Film(f"Film {number} ({chance.randint(1970, 2020)})", "|".join(sorted(genres)))
    return made


def _made_up_ratings() -> Iterator[Rating]:
    """Everybody likes two genres, and sees within them rather what many see."""
    chance = random.Random(2)
    of_genre: dict[str, list[str]] = {genre: [] for genre in GENRES}
    for item, film in _made_up_films().items():
        for genre in film.genres.split("|"):
            of_genre[genre].append(item)
    for user in range(1, USERS + 1):
        liked = chance.sample(GENRES, 2)
        seen: set[str] = set()
        while len(seen) < RATINGS_EACH:
            mine = chance.random() < 0.9
            choice = of_genre[chance.choice(liked if mine else GENRES)]
            item = choice[int(len(choice) * chance.random() ** 2)]
            if item not in seen:
                seen.add(item)
                age_s = int(400 * DAY_S * chance.random())
                yield Rating(
                    str(user), item, float(chance.randint(4, 5) if mine else chance.randint(1, 4)), UNTIL_S - age_s
                )


def _lines(archive: Path, member: str, encoding: str) -> Iterator[str]:
    """Those of one file of the archive, whatever its folder."""
    with zipfile.ZipFile(archive.expanduser()) as opened:
        name = next((each for each in opened.namelist() if each.endswith("/" + member)), None)
        if name is None:
            raise SystemExit(f"{archive} has no {member}: MOVIELENS is ml-100k.zip, ml-1m.zip or ml-latest-small.zip.")
        with opened.open(name) as file:
            yield from io.TextIOWrapper(file, encoding=encoding, newline="")


def _of_archive_ratings(archive: Path) -> Iterator[Rating]:
    if archive.stem == "ml-100k":
        rows = (line.rstrip().split("\t") for line in _lines(archive, "u.data", "ascii"))
    elif archive.stem == "ml-1m":
        rows = (line.rstrip().split("::") for line in _lines(archive, "ratings.dat", "ascii"))
    else:
        rows = (row for row in csv.reader(_lines(archive, "ratings.csv", "utf-8")) if row[0] != "userId")
    return (Rating(user, item, float(stars), int(time_s)) for user, item, stars, time_s in rows)


def _of_archive_films(archive: Path) -> dict[str, Film]:
    if archive.stem == "ml-100k":
        names = [line.split("|")[0] for line in _lines(archive, "u.genre", "ascii") if "|" in line]
        found = {}
        for line in _lines(archive, "u.item", "latin-1"):
            (
                item,
                title,
                *_,
            ) = line.rstrip().split("|")
            flags = line.rstrip().split("|")[-len(names) :]
            genres = [name for name, flag in zip(names, flags, strict=True) if flag == "1"]
            found[item] = Film(title, "|".join(genres))
        return found
    if archive.stem == "ml-1m":
        rows = (line.rstrip().split("::") for line in _lines(archive, "movies.dat", "latin-1"))
    else:
        rows = (row for row in csv.reader(_lines(archive, "movies.csv", "utf-8")) if row[0] != "movieId")
    return {item: Film(title, genres) for item, title, genres in rows}


def year(title: str) -> str:
    """The four digits at a title's end, or nothing."""
    found = re.search(r"\((\d{4})\)\s*$", title)
    return found[1] if found else ""
