"""What keeps a dataset from being deleted."""

from pathlib import Path

import pytest

from tastemaker.arn import Scope
from tastemaker.errors import ResourceInUseException
from tastemaker.kinds.dataset import nothing_needs_it
from tastemaker.storage import rows
from tastemaker.storage.store import open_store

SCOPE = Scope("eu-west-1", "123456789012")
GROUP, ITEMS, ATTRIBUTION = (SCOPE.arn(each) for each in ("dataset-group/g", "dataset/g/ITEMS", "metric-attribution/m"))


@pytest.mark.parametrize(("expression", "is_kept"), [("SUM(Items.PRICE)", True), ("SAMPLECOUNT()", False)])
def test_items_are_kept_while_a_metric_sums_a_column_of_theirs(tmp_path: Path, expression: str, is_kept: bool) -> None:
    store = open_store(tmp_path)
    metrics = [{"metricName": "worth", "eventType": "buy", "expression": expression}]
    with store.database.write() as connection:
        rows.add(connection, GROUP, "DatasetGroup", "g", SCOPE.region, "ACTIVE", 1.0, {}, [])
        body = {"datasetType": "ITEMS", "datasetGroupArn": GROUP}
        rows.add(connection, ITEMS, "Dataset", "g", SCOPE.region, "ACTIVE", 1.0, body, [GROUP])
        body = {"metrics": metrics, "datasetGroupArn": GROUP}
        rows.add(connection, ATTRIBUTION, "MetricAttribution", "m", SCOPE.region, "ACTIVE", 1.0, body, [GROUP])
        items = rows.find(connection, ITEMS)
        assert items is not None
        if not is_kept:
            nothing_needs_it(items, connection)
            return
        with pytest.raises(ResourceInUseException, match=ATTRIBUTION):
            nothing_needs_it(items, connection)
