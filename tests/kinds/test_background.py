"""What happens by itself: one thing that cannot be done stops no other."""

from pathlib import Path

from tastemaker.arn import Scope, service_arn
from tastemaker.kinds.background import tend
from tastemaker.storage import jobs, rows
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
