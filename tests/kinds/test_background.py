"""What happens by itself: one thing that cannot be done stops no other."""

from pathlib import Path

from tastemaker.arn import Scope, service_arn
from tastemaker.kinds.background import tend
from tastemaker.storage import columns, jobs, rows
from tastemaker.storage.columns import Part
from tastemaker.storage.store import open_store

SCOPE = Scope("eu-west-1", "123456789012")
WEEK_S = 7 * 86_400.0


def test_a_recommender_whose_use_case_is_gone_stops_no_other(tmp_path: Path) -> None:
    store = open_store(tmp_path, now_s=lambda: 1.0 + WEEK_S)
    gone, there = SCOPE.arn("recommender/gone"), SCOPE.arn("recommender/there")
    with store.database.write() as connection:
        for arn, case in ((gone, "aws-vod-no-longer"), (there, "aws-vod-top-picks")):
            body = {"recipeArn": service_arn(f"recipe/{case}"), "trained_s": 1.0, "datasetGroupArn": "any"}
            rows.add(connection, arn, "Recommender", "r", SCOPE.region, "ACTIVE", 1.0, body, [])

    assert list(tend(store)) == [gone]
    with store.database.read() as connection:
        begun = jobs.latest_of(connection, there)
    assert begun is not None
    assert begun.verb == "retrain"


def test_an_incremental_update_is_due_for_new_items_where_the_solution_wants_it(tmp_path: Path) -> None:
    store = open_store(tmp_path, incremental_update_s=1800.0, now_s=lambda: 5000.0)
    group, items = SCOPE.arn("dataset-group/g"), SCOPE.arn("dataset/g/ITEMS")
    wanted, plain, quiet = (f"{SCOPE.arn('solution/')}{name}/0000abcd" for name in ("wanted", "plain", "quiet"))
    with store.database.write() as connection:
        body = {"datasetType": "ITEMS", "schemaArn": "any"}
        rows.add(connection, items, "Dataset", "i", SCOPE.region, "ACTIVE", 1.0, body, [group])
        columns.commit(connection, items, Part("p", 1, 4000.0), replace=True)
        for version, created_s in ((wanted, 1000.0), (plain, 1000.0), (quiet, 4500.0)):
            solution, _, _name = version.rpartition("/")
            body = {"performIncrementalUpdate": version != plain, "datasetGroupArn": group}
            body |= {"performAutoTraining": False}
            rows.add(connection, solution, "Solution", "s", SCOPE.region, "ACTIVE", 1.0, body, [group])
            body = {"recipeArn": service_arn("recipe/aws-semantic-similarity"), "trainingMode": "FULL"}
            body |= {"solutionArn": solution, "datasetGroupArn": group}
            rows.add(connection, version, "SolutionVersion", "v", SCOPE.region, "ACTIVE", created_s, body, [solution])

    assert tend(store) == {}
    with store.database.read() as connection:
        begun = {arn: jobs.latest_of(connection, arn) for arn in (wanted, plain, quiet)}
    assert begun[wanted] is not None
    assert begun[wanted].verb == "refresh"
    assert begun[plain] is begun[quiet] is None
