"""Samples are files that import without a reject, from real archives and from none."""

import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from tastemaker.data.schemas import parse_schema
from tastemaker.samples import Sample, SampleUnavailable, get, synthetic
from tastemaker.transfer.csv_files import CsvFile, Imported, read_csv

NOWHERE = "http://127.0.0.1:9"  # the discard port; nobody listens


def unwatched(done: float, total: float) -> None:
    """Progress that nobody looks at."""


def imported(sample: Sample) -> dict[str, Imported]:
    """Every file of a sample through the importer, with the schema that comes with it."""
    files = {"Interactions": sample.interactions, "Items": sample.items, "Users": sample.users}
    return {
        dataset: read_csv([CsvFile(path.name, path)], parse_schema(sample.schemas[dataset]), unwatched)
        for dataset, path in files.items()
        if path is not None
    }


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on the test's output."""


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A web server, and the folder it serves."""
    folder = tmp_path_factory.mktemp("site")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", folder
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("name", "n_events", "n_items", "n_users"),
    [("ml-100k", 100_000, 1682, 943), ("ml-latest-small", 100_836, 9742, None), ("ml-1m", 1_000_209, 3883, 6040)],
)
def test_an_archive_becomes_files_that_import_without_a_reject(
    samples_folder: Path, tmp_path: Path, name: str, n_events: int, n_items: int, n_users: int | None
) -> None:
    sample = get(name, tmp_path, samples_folder, unwatched, offline=True)

    tables = imported(sample)
    counts = {dataset: len(table.frame) for dataset, table in tables.items()}
    assert counts == {"Interactions": n_events, "Items": n_items, **({"Users": n_users} if n_users else {})}
    assert all(table.rejects.is_empty() and not table.n_duplicates for table in tables.values())
    assert set(sample.schemas) == set(tables)
    assert len(sample.titles) == n_items
    assert sample.titles["1"] == "Toy Story (1995)"
    assert {path.name for path in tmp_path.iterdir()} == {f"{dataset.lower()}.csv" for dataset in tables}


def test_films_have_titles_in_their_own_script_genres_and_years(samples_folder: Path, tmp_path: Path) -> None:
    items = imported(get("ml-1m", tmp_path, samples_folder / "ml-1m.zip", unwatched))["Items"].frame

    assert items.row(0) == ("1", "Toy Story (1995)", "Animation|Children's|Comedy", 1995)
    assert "Misérables, Les (1995)" in items["TITLE"].to_list()


def test_what_is_unknown_is_null(samples_folder: Path, tmp_path: Path) -> None:
    items = imported(get("ml-100k", tmp_path, samples_folder, unwatched))["Items"].frame

    assert items.row(by_predicate=pl.col("ITEM_ID") == "267") == ("267", "unknown", None, None)


def test_users_have_attributes_with_words_instead_of_codes(samples_folder: Path, tmp_path: Path) -> None:
    users = imported(get("ml-1m", tmp_path, samples_folder, unwatched))["Users"].frame

    assert users.row(0) == ("1", 1, "F", "K-12 student", "48067")


def test_an_archive_that_is_not_the_official_one_is_used_with_a_note(samples_folder: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(samples_folder / "ml-latest-small.zip") as official:
        members = {name: official.read(name) for name in official.namelist()}
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as changed:
        for name, content in members.items():
            changed.writestr(name, content)

    assert "not the official" in get("ml-latest-small", tmp_path / "out", tmp_path / "mine.zip", unwatched).note
    assert get("ml-latest-small", tmp_path / "out", samples_folder, unwatched).note == ""


def test_a_download_is_checked_kept_and_not_repeated(
    samples_folder: Path, tmp_path: Path, site: tuple[str, Path]
) -> None:
    address, served = site
    official = (samples_folder / "ml-latest-small.zip").read_bytes()
    (served / "ml-latest-small.zip").write_bytes(official)
    seen: list[tuple[float, float]] = []

    get("ml-latest-small", tmp_path, None, lambda done, total: seen.append((done, total)), site=address)
    again = get("ml-latest-small", tmp_path, None, unwatched, site=NOWHERE)

    assert seen[-1] == (len(official), len(official))
    assert again.users is None


def test_a_download_with_another_checksum_is_refused_and_not_kept(tmp_path: Path, site: tuple[str, Path]) -> None:
    address, served = site
    (served / "ml-100k.zip").write_bytes(b"not a zip")

    with pytest.raises(SampleUnavailable, match="checksum"):
        get("ml-100k", tmp_path, None, unwatched, site=address)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_had_says_what_would_help(tmp_path: Path, site: tuple[str, Path]) -> None:
    (tmp_path / "ml-1m.zip").write_bytes(b"PK damaged")

    with pytest.raises(SampleUnavailable, match=r"cannot be fetched.*'synthetic'"):
        get("ml-100k", tmp_path, None, unwatched, site=NOWHERE)
    with pytest.raises(SampleUnavailable, match="404"):
        get("ml-100k", tmp_path, None, unwatched, site=site[0])
    with pytest.raises(SampleUnavailable, match="downloads are switched off"):
        get("ml-100k", tmp_path, None, unwatched, offline=True)
    with pytest.raises(SampleUnavailable, match="does not exist"):
        get("ml-100k", tmp_path, tmp_path / "nowhere", unwatched)
    with pytest.raises(SampleUnavailable, match=r"cannot be read as ml-1m.*Delete it"):
        get("ml-1m", tmp_path, tmp_path, unwatched)
    with pytest.raises(SampleUnavailable, match="Take one of ml-100k"):
        get("films", tmp_path, None, unwatched)


def test_the_synthetic_sample_imports_and_replaces_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text("old")

    sample = get("synthetic", tmp_path, None, unwatched, offline=True)

    tables = imported(sample)
    assert [len(table.frame) for table in tables.values()] == [30_000, 400, 600]
    assert all(table.rejects.is_empty() and not table.n_duplicates for table in tables.values())
    assert len(set(sample.titles.values())) == 400
    genres = set("|".join(tables["Items"].frame["GENRES"].to_list()).split("|"))
    assert {"Documentary", "Thriller", "Sci-Fi"} < genres


def test_the_same_seed_gives_the_same_films_and_another_seed_others() -> None:
    assert synthetic(3).interactions.equals(synthetic(3).interactions)
    assert not synthetic(3).interactions.equals(synthetic(4).interactions)


def test_in_the_synthetic_sample_the_last_film_tells_more_than_popularity() -> None:
    """Users' last events, foretold from all earlier ones: by popularity, and by what followed the film before."""
    events = synthetic().interactions.sort("USER_ID", "TIMESTAMP", maintain_order=True)
    item_N = events["ITEM_ID"].cast(pl.Int64).to_numpy() - 1
    user_N = events["USER_ID"].to_numpy()
    last_N = np.append(user_N[1:] != user_N[:-1], [True])
    popularity_I = np.bincount(item_N[~last_N], minlength=400)
    followed_II = np.zeros((400, 400))
    inner_N = (user_N[1:] == user_N[:-1]) & ~last_N[1:]
    np.add.at(followed_II, (item_N[:-1][inner_N], item_N[1:][inner_N]), 1)

    hits = {"popularity": 0, "sequence": 0}
    for start, end in zip(np.flatnonzero(np.append([True], last_N[:-1])), np.flatnonzero(last_N), strict=True):
        seen = item_N[start:end]
        for name, score_I in (("popularity", popularity_I), ("sequence", followed_II[item_N[end - 1]])):
            fresh_I = score_I.astype(float)
            fresh_I[seen] = -1
            hits[name] += int(item_N[end] in np.argsort(-fresh_I)[:10])

    assert hits["sequence"] > 2 * hits["popularity"]
