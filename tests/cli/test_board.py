"""`tastemaker board`: recipes side by side, from files, without a server."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from tastemaker.cli import board as verb
from tastemaker.cli.main import main
from tastemaker.recipes.catalogue import recipes

Board = Callable[..., Result]
POPULAR, ALS, KNN = "aws-popularity-count", "tastemaker-implicit-als", "tastemaker-item-knn"

RATED = ("tastemaker-factorization-machine", KNN, "tastemaker-user-knn")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Users of two tastes among 30 films: of ten they rate eight of their own taste 4 or 5, and two others 2."""
    rng = np.random.default_rng(0)
    lines = ["USER_ID,ITEM_ID,EVENT_VALUE,TIMESTAMP"]
    for user in range(60):
        own, others = rng.permutation(15)[:8] * 2 + user % 2, rng.permutation(15)[:2] * 2 + 1 - user % 2
        for film in rng.permutation([*own, *others]).tolist():
            rating = 4 + int(rng.integers(2)) if film % 2 == user % 2 else 2
            lines.append(f"u{user},f{film},{rating},{1_700_000_000 + len(lines)}")
    (tmp_path / "events.csv").write_text("\n".join(lines) + "\n")
    films = [f"f{film},{'Drama|Crime' if film % 2 == 0 else 'Comedy'},Title {film}" for film in range(30)]
    (tmp_path / "items.csv").write_text("\n".join(["ITEM_ID,GENRES,TITLE", *films]) + "\n")
    people = [f"u{user},{20 + user},{'5541' if user % 2 == 0 else '9021'}" for user in range(60)]
    (tmp_path / "users.csv").write_text("\n".join(["USER_ID,AGE,ZIP_CODE", *people]) + "\n")
    return tmp_path


@pytest.fixture
def board(files: Path) -> Board:
    """Runs the verb on the files, with these recipes."""

    def run(*names: str, more: tuple[str, ...] = (), events: str = "events.csv") -> Result:
        chosen = [word for name in names for word in ("--recipe", name)]
        return CliRunner().invoke(main, ["board", "--data", str(files / events), *chosen, *more])

    return run


def told(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout))


def test_the_best_comes_first_and_popularity_is_always_there(board: Board) -> None:
    found = told(board(ALS, KNN, more=("--protocol", "last", "--json")))
    assert set(found["recipes"]) == {POPULAR, ALS, KNN}
    gains = [each["ndcg"] for each in found["recipes"].values()]
    assert gains == sorted(gains, reverse=True)
    for each in found["recipes"].values():
        assert each["interval"][0] <= each["ndcg"] <= each["interval"][1]
        assert each["users"] > 40
    assert (found["users"], found["items"], found["interactions"]) == (60, 30, 600)


def test_predicted_ratings_stand_beside_the_mean_and_habits(board: Board) -> None:
    found = told(board(KNN, more=("--protocol", "last", "--json")))
    for figures in (found["recipes"][KNN], *found["rating_baselines"].values()):
        assert figures["ratings"] == 60
        assert 0 < figures["mae"] <= figures["rmse"] < 2
        assert figures["rmse_interval"][0] < figures["rmse"] < figures["rmse_interval"][1]
    assert "rmse" not in found["recipes"][POPULAR]
    table = board(KNN).stdout
    assert "mean + user + item" in table
    assert KNN in table


def test_items_and_users_are_learned_from_as_their_columns_look(board: Board, files: Path) -> None:
    given = ("--items", str(files / "items.csv"), "--users", str(files / "users.csv"), "--protocol", "last", "--json")
    found = told(board("tastemaker-content-based", "tastemaker-popular-in-segment", more=given))
    assert found["recipes"]["tastemaker-popular-in-segment"]["ndcg"] > found["recipes"][POPULAR]["ndcg"]
    assert found["failed"] == {}


def test_a_recipe_that_fails_says_why_and_the_others_are_compared(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken:
        name, recipe_type, description = "mine", "POPULAR_ITEMS", "Never works."
        Params = recipes()[POPULAR].Params

        def fit(self, *_: object) -> None:
            raise ValueError("there is too much rain")

    monkeypatch.setattr(verb, "recipes", lambda: {"mine": Broken(), **recipes()})
    found = told(board("mine", more=("--json",)))
    assert list(found["recipes"]) == [POPULAR]
    assert found["failed"] == {"mine": "ValueError: there is too much rain"}
    assert "mine is left out: ValueError: there is too much rain" in board("mine").stdout


def test_the_table_is_written_as_markdown(board: Board, files: Path) -> None:
    page = files / "board.md"
    assert board(ALS, more=("--out", str(page))).exit_code == 0
    lines = page.read_text().splitlines()
    assert "| recipe | NDCG@10 | 95 % interval | vs pop. | P@10 | cover | RMSE | CPU-s | ms/user |" in lines
    assert sum(line.startswith(f"| {ALS} |") for line in lines) == 1


def test_seen_items_are_in_lists_only_if_asked_for(board: Board) -> None:
    unseen, all_of_them = (told(board(ALS, more=("--json", *more)))["recipes"][ALS] for more in ((), ("--repeats",)))
    assert unseen["coverage"] != all_of_them["coverage"]


def test_records_that_cannot_be_used_are_told(board: Board, files: Path) -> None:
    with (files / "events.csv").open("a") as file:
        file.write("u1,f1,good,1700000000\n")
    assert "line 602: EVENT_VALUE is not a number" in told(board(POPULAR, more=("--json",)))["notes"][0]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("USER_ID,TIMESTAMP\nu,1\n", "missing the following columns:[ITEM_ID]"),
        ("", "bad.csv is empty"),
        ("USER_ID,ITEM_ID,TIMESTAMP\nu,i,soon\n", "TIMESTAMP is not a number"),
        ("USER_ID,ITEM_ID,TIMESTAMP\nu,i,1\nv,i,2\n", "Nobody can be tested"),
    ],
)
def test_files_that_are_no_events_are_refused_with_a_reason(
    board: Board, files: Path, content: str, complaint: str
) -> None:
    (files / "bad.csv").write_text(content)
    ended = board(POPULAR, events="bad.csv")
    assert ended.exit_code == 1
    assert complaint in ended.output
    assert "Traceback" not in ended.output


def test_a_file_that_is_not_there_is_named(board: Board) -> None:
    ended = board(POPULAR, events="nowhere.csv")
    assert (ended.exit_code, "nowhere.csv" in ended.output) == (1, True)


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        (("--recipe", "aws-item-affinity"), "makes no lists of items"),
        (("--recipe", "nonsense"), "is not there"),
        (("--items", "items.csv"), "belong to --data"),
        (("--data", "events.csv", "--sample", "synthetic"), "give one"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(asked: tuple[str, ...], complaint: str) -> None:
    ended = CliRunner().invoke(main, ["board", *asked])
    assert ended.exit_code == 2
    assert complaint in ended.output


def test_on_made_up_films_every_recipe_is_above_its_baseline() -> None:
    names = [word for name in (ALS, "tastemaker-content-based", *RATED) for word in ("--recipe", name)]
    found = told(CliRunner().invoke(main, ["board", "--sample", "synthetic", "--protocol", "last", *names, "--json"]))
    assert found["recipes"][ALS]["vs_popularity"] == "better"
    assert found["recipes"]["tastemaker-content-based"]["vs_popularity"] == "better"
    for name in RATED:
        assert found["recipes"][name]["rmse"] < found["rating_baselines"]["bias"]["rmse"]


def test_on_real_films_ratings_are_predicted_better_than_habits_do(samples_folder: Path) -> None:
    names = [word for name in RATED for word in ("--recipe", name)]
    given = ["--sample", "ml-100k", "--samples", str(samples_folder), "--protocol", "last"]
    found = told(CliRunner().invoke(main, ["board", *given, *names, "--json"]))
    for name in RATED:
        assert found["recipes"][name]["rmse"] < found["rating_baselines"]["bias"]["rmse"] - 0.01
        assert found["recipes"][name]["vs_bias"] == "better"
