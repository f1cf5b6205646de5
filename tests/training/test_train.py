"""A solution version from rows and parts: what it learns from, what it stores, and what it answers at once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from tastemaker.arn import Scope
from tastemaker.data.interactions import Query
from tastemaker.data.ranking import softmax, top
from tastemaker.data.selection import Kept, Selection
from tastemaker.kinds.solution_version import SOLUTION_VERSION
from tastemaker.recipes.contract import silent
from tastemaker.resources.kind import Task, WorkFailed
from tastemaker.storage import columns, rows
from tastemaker.storage.columns import Part
from tastemaker.storage.events import EventLog, StreamedEvent
from tastemaker.storage.store import Store, open_store
from tastemaker.storage.trained import Trained, load
from tastemaker.training.corpus import read_corpus
from tastemaker.training.train import refresh_version, train
from tastemaker.training.train_recommender import train_recommender

SCOPE = Scope("us-east-1", "000000000000")
GROUP = SCOPE.arn("dataset-group/films")
VERSION = SCOPE.arn("solution/films/0000abcd")
INTERACTIONS = """{"type": "record", "name": "Interactions", "fields": [
    {"name": "USER_ID", "type": "string"}, {"name": "ITEM_ID", "type": "string"},
    {"name": "EVENT_TYPE", "type": "string"}, {"name": "EVENT_VALUE", "type": ["null", "float"]},
    {"name": "TIMESTAMP", "type": "long"}]}"""
ITEMS = """{"type": "record", "name": "Items", "fields": [
    {"name": "ITEM_ID", "type": "string"}, {"name": "GENRES", "type": ["null", "string"], "categorical": true}]}"""

Event = tuple[str, str, str, float | None, int]


def events(found: list[Event]) -> pl.DataFrame:
    """Rows as an import writes them."""
    names = {
        "USER_ID": pl.String,
        "ITEM_ID": pl.String,
        "EVENT_TYPE": pl.String,
        "EVENT_VALUE": pl.Float32,
        "TIMESTAMP": pl.Int64,
    }
    return pl.DataFrame(found, schema=names, orient="row")


EVERYTHING = Selection()


def two_tastes(n_users: int = 60, n_items: int = 20, each: int = 8) -> list[Event]:
    """Half of the users watch only even films, the other half only odd ones."""
    rng = np.random.default_rng(0)
    return [
        (f"u{user:03}", f"i{rng.integers(0, n_items // 2) * 2 + user % 2:02}", "Watch", None, 60 * step)
        for user in range(n_users)
        for step in range(each)
    ]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


@pytest.fixture
def group(store: Store) -> Callable[..., None]:
    """Writes a dataset group with these parts of its datasets."""

    def write(interactions: list[Event], items: pl.DataFrame | None = None) -> None:
        with store.database.write() as connection:
            rows.add(connection, GROUP, "DatasetGroup", "films", "us-east-1", "ACTIVE", 0.0, {}, [])
            for kind, text, frame in (
                ("INTERACTIONS", INTERACTIONS, events(interactions)),
                ("ITEMS", ITEMS, items),
            ):
                if frame is None:
                    continue
                schema, dataset = SCOPE.arn(f"schema/{kind}"), SCOPE.arn(f"dataset/films/{kind}")
                rows.add(connection, schema, "Schema", kind, "us-east-1", None, 0.0, {"schema": text}, [])
                body = {"datasetGroupArn": GROUP, "schemaArn": schema, "datasetType": kind}
                rows.add(connection, dataset, "Dataset", kind, "us-east-1", "ACTIVE", 0.0, body, [GROUP, schema])
                columns.save(store.datasets / kind, frame)
                columns.commit(connection, dataset, Part(kind, len(frame), 0.0), replace=True)

    return write


def stream(store: Store, *found: tuple[str | None, str, str]) -> None:
    """Events of (user, session, item), on disk."""
    with store.database.read() as connection:
        dataset = rows.find(connection, SCOPE.arn("dataset/films/INTERACTIONS"))
    assert dataset is not None
    log = EventLog(store.database)
    for user, session, item in found:
        log.append([StreamedEvent(dataset.seq, user, session, item, "Watch", None, 9_000, None, None)]).result()
    log.close()


def trained(store: Store, recipe: str = "aws-user-personalization", **body: Any) -> tuple[Trained, dict[str, Any]]:
    """The artifact of a solution version with this configuration, and what its row is given."""
    full = {
        "recipeArn": f"arn:aws:personalize:::recipe/{recipe}",
        "datasetGroupArn": GROUP,
        "solutionConfig": {},
        "performHPO": False,
        "performAutoML": False,
        "trainingMode": "FULL",
        **body,
    }
    with store.database.write() as connection:
        rows.remove(connection, [VERSION])
        rows.add(connection, VERSION, SOLUTION_VERSION.name, "v", "us-east-1", "CREATE IN_PROGRESS", 0.0, full, [GROUP])
        row = rows.find(connection, VERSION)
    assert row is not None
    outcome = train(Task(row, store, silent))
    with store.database.write() as connection:
        added = outcome(connection)
    return load(store.artifacts / added["artifact"]), added


def test_equal_events_count_once_and_the_rest_is_sorted_by_user_and_time(store: Store, group: Any) -> None:
    group([("b", "x", "Watch", None, 5), ("a", "y", "Watch", None, 9), ("a", "x", "Watch", None, 1)] * 2)
    corpus = read_corpus(store, GROUP, EVERYTHING)
    assert (corpus.user_ids, corpus.item_ids) == (["a", "b"], ["x", "y"])
    assert corpus.events.user_N.tolist() == [0, 0, 1]
    assert corpus.events.item_N.tolist() == [0, 1, 0]
    assert corpus.events.time_s_N.tolist() == [1, 9, 5]


def test_event_types_are_chosen_ignoring_case_and_values_by_their_threshold(store: Store, group: Any) -> None:
    group([("a", "x", "Watch", 3.0, 1), ("a", "y", "click", 5.0, 2), ("a", "z", "Watch", None, 3)])
    corpus = read_corpus(store, GROUP, EVERYTHING)
    assert corpus.used_N(Selection({"watch": Kept()})).tolist() == [True, False, True]
    assert corpus.used_N(Selection(others=Kept(4.0))).tolist() == [False, True, False]
    assert corpus.used_N(Selection({"watch": Kept(3.0)})).tolist() == [True, False, False]
    assert corpus.used_N(Selection({"click": Kept(weight=0.0), "watch": Kept()})).tolist() == [True, False, True]


def test_events_that_are_worth_more_have_weights_with_a_mean_of_one(store: Store, group: Any) -> None:
    group([("a", "x", "Watch", 3.0, 1), ("a", "y", "click", 5.0, 2)])
    corpus = read_corpus(store, GROUP, EVERYTHING)
    worth = Selection({"watch": Kept(weight=0.3), "click": Kept(weight=0.1)})
    assert corpus.data(worth).interactions.weight_N.tolist() == pytest.approx([1.5, 0.5])
    assert corpus.data(EVERYTHING).interactions.weight_N is None


def test_streamed_events_count_and_those_of_a_session_once_it_is_linked_to_a_user(store: Store, group: Any) -> None:
    group([("a", "x", "Watch", None, 1)])
    stream(store, (None, "s1", "early"), ("a", "s1", "late"), (None, "s2", "never linked"))
    corpus = read_corpus(store, GROUP, EVERYTHING)
    assert corpus.user_ids == ["a"]
    assert [corpus.item_ids[item] for item in corpus.events.history(0)] == ["x", "early", "late"]
    assert corpus.through_seq == 3


def test_items_without_interactions_belong_to_the_catalogue_with_their_categories(store: Store, group: Any) -> None:
    group(
        [("a", "x", "Watch", None, 1)],
        pl.DataFrame({"ITEM_ID": ["new", "x", "x"], "GENRES": ["Drama|Comedy", "Crime", None]}),
    )
    corpus = read_corpus(store, GROUP, EVERYTHING)
    genres = corpus.item_categories["GENRES"]
    assert corpus.item_ids == ["new", "x"]
    assert [genres.names[value] for value in genres.value_V] == ["Drama", "Comedy"]  # x's newest record has none
    assert genres.start_I.tolist() == [0, 2, 2]


def test_a_group_without_interactions_fails_with_what_to_do(store: Store, group: Any) -> None:
    group([])
    with pytest.raises(WorkFailed, match="import data into"):
        trained(store)
    stream(store, ("a", "s", "x"))
    with pytest.raises(WorkFailed, match="after filtering by event type: buy"):
        trained(store, eventType="buy")


def test_the_list_stored_for_a_user_is_the_list_that_a_request_would_compute(store: Store, group: Any) -> None:
    group(two_tastes())
    found, _ = trained(store)
    assert found.heads is not None
    histories = found.histories
    for user in (0, 1, 31):
        history_L = histories.item_N[histories.start_U[user] : histories.start_U[user + 1]]
        score_I = softmax(found.model.scores(Query(history_L)))
        best_K = top(score_I, None, 200)
        assert found.heads.item_UK[user].tolist() == best_K.tolist()
        assert found.heads.score_UK[user].tolist() == score_I[best_K].tolist()


def test_the_same_data_and_seed_give_the_same_arrays_metrics_and_fingerprint(store: Store, group: Any) -> None:
    group(two_tastes())
    (one, first), (two, second) = trained(store), trained(store)
    assert first["metrics"] == second["metrics"]
    assert first["report"]["data_fingerprint"] == second["report"]["data_fingerprint"]
    assert first["artifact"] != second["artifact"]
    assert one.heads is not None
    assert two.heads is not None
    assert np.array_equal(one.heads.score_UK, two.heads.score_UK)


@pytest.mark.parametrize("recipe", ["aws-user-personalization", "aws-user-personalization-v2", "aws-similar-items"])
def test_the_same_data_seed_and_versions_give_the_same_model_to_the_last_bit(
    store: Store, group: Any, recipe: str
) -> None:
    group(two_tastes())
    (_, first), (_, second) = trained(store, recipe), trained(store, recipe)
    assert first["report"]["model_fingerprint"] == second["report"]["model_fingerprint"]
    (_, other) = trained(store, "aws-popularity-count")
    assert other["report"]["model_fingerprint"] != first["report"]["model_fingerprint"]


def test_one_user_with_one_event_trains_and_has_no_metrics_rather_than_zeros(store: Store, group: Any) -> None:
    group([("a", "x", "Watch", None, 1)])
    found, added = trained(store)
    assert added["metrics"] == {}
    assert found.item_ids == ["x"]


def test_what_two_tastes_share_is_found_and_measured(store: Store, group: Any) -> None:
    group(two_tastes(n_users=200))
    _, personal = trained(store)
    _, popular = trained(store, "aws-popularity-count")
    key = "normalized_discounted_cumulative_gain_at_10"
    assert set(personal["metrics"]) == set(popular["metrics"])
    assert personal["metrics"][key] > 1.3 * popular["metrics"][key]


def test_hyperparameters_of_the_solution_reach_the_recipe_and_stand_in_the_report(store: Store, group: Any) -> None:
    group(two_tastes())
    found, added = trained(store, solutionConfig={"algorithmHyperParameters": {"l2": "50", "horizon": "0.1"}})
    assert added["report"]["params"]["l2"] == 50.0
    assert found.facts["params"]["horizon"] == 0.1


def test_a_refresh_does_not_replace_what_was_rewritten_meanwhile(store: Store, group: Any) -> None:
    group(two_tastes())
    _, made = trained(store)
    with store.database.write() as connection:
        row = rows.find(connection, VERSION)
        assert row is not None
        rows.change(connection, VERSION, 1.0, status="ACTIVE", body={**row.body, **made})
        row = rows.find(connection, VERSION)
    assert row is not None
    outcome = refresh_version(Task(row, store, silent))

    with store.database.write() as connection:
        assert outcome(connection)["artifact"] != made["artifact"]
        rows.change(connection, VERSION, 2.0, body={**row.body, "artifact": "without-the-users-who-were-forgotten"})
        assert outcome(connection) == {}


def test_a_recommender_trained_with_other_columns_meanwhile_keeps_that_training(store: Store, group: Any) -> None:
    group(two_tastes())
    recommender = SCOPE.arn("recommender/picks")
    body = {
        "recipeArn": "arn:aws:personalize:::recipe/aws-ecomm-recommended-for-you",
        "datasetGroupArn": GROUP,
        "recommenderConfig": {},
    }
    with store.database.write() as connection:
        rows.add(connection, recommender, "Recommender", "picks", "us-east-1", "ACTIVE", 0.0, body, [GROUP])
        row = rows.find(connection, recommender)
    assert row is not None
    outcome = train_recommender(Task(row, store, silent))

    other = {"trainingDataConfig": {"excludedDatasetColumns": {"INTERACTIONS": ["EVENT_VALUE"]}}}
    with store.database.write() as connection:
        assert "artifact" in outcome(connection)
        rows.change(connection, recommender, 2.0, body={**body, "recommenderConfig": other})
        assert outcome(connection) == {}


def test_a_threshold_that_no_event_reaches_is_what_the_reason_names(store: Store, group: Any) -> None:
    group([("a", "x", "Watch", 0.2, 1), ("a", "y", "Watch", None, 2)])
    with pytest.raises(WorkFailed, match=r"after filtering by event value: none reaches 0\.5"):
        trained(store, solutionConfig={"eventValueThreshold": "0.5"})


def test_a_recipe_that_predicts_ratings_tells_their_errors_and_keeps_ratings_for_everybody(
    store: Store, group: Any
) -> None:
    rng = np.random.default_rng(0)
    group(
        [
            (f"u{user:03}", f"i{item:02}", "Watch", 4.0 if (user + item) % 2 else 2.0, 60 * step)
            for user in range(80)
            for step, item in enumerate(rng.permutation(20)[:10].tolist())
        ]
    )
    found, added = trained(store, "tastemaker-item-knn")
    ratings = added["report"]["ratings"]
    assert (added["metrics"]["rmse"], added["metrics"]["mae"]) == (ratings["rmse"], ratings["mae"])
    assert ratings["rmse"] < ratings["baselines"]["bias"]["rmse"]
    assert ratings["ratings"] == 8  # one of each of 8 held-out users
    assert found.heads is not None
    assert 3 < found.heads.score_UK.max() < 5
    _, lists = trained(store)
    assert "ratings" not in lists["report"]
    assert "rmse" not in lists["metrics"]
