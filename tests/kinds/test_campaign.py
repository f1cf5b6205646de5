"""What a campaign may be changed to, and when."""

from pathlib import Path

import pytest

from tastemaker.arn import Scope, service_arn
from tastemaker.errors import ResourceInUseException
from tastemaker.kinds.campaign import CAMPAIGN, update_campaign
from tastemaker.storage import jobs, rows
from tastemaker.storage.artifacts import MANIFEST
from tastemaker.storage.store import open_store
from tastemaker.worker.execute import execute

SCOPE = Scope("eu-west-1", "123456789012")
SOLUTION, VERSION, ARN = (SCOPE.arn(each) for each in ("solution/s", "solution/s/0000abcd", "campaign/c"))


def test_a_campaign_that_could_not_be_created_is_mended_by_an_update(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    (store.artifacts / "model").mkdir(parents=True)
    (store.artifacts / "model" / MANIFEST).touch()
    version = {"recipeArn": service_arn("recipe/aws-sims"), "solutionArn": SOLUTION, "datasetGroupArn": "any"}
    with store.database.write() as connection:
        body = {**version, "artifact": "model"}
        rows.add(connection, VERSION, "SolutionVersion", "s", SCOPE.region, "ACTIVE", 1.0, body, [])
        campaign = {"solutionVersionArn": VERSION, "minProvisionedTPS": 1}
        rows.add(connection, ARN, "Campaign", "c", SCOPE.region, "CREATE FAILED", 1.0, campaign, [VERSION])

    update_campaign(store, {"campaignArn": ARN, "minProvisionedTPS": 2}, SCOPE)
    job = jobs.lease(store.database, "me", 2.0, 9.0)
    assert job is not None
    execute(store, {"Campaign": CAMPAIGN}, job, lambda _, __: None, 0, 3)

    with store.database.read() as connection:
        found = rows.find(connection, ARN)
    assert found is not None
    assert (found.status, found.body["minProvisionedTPS"], found.failure_reason) == ("ACTIVE", 2, None)


def test_a_campaign_that_is_being_created_cannot_be_updated(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    version = {"recipeArn": service_arn("recipe/aws-sims"), "solutionArn": SOLUTION, "datasetGroupArn": "any"}
    with store.database.write() as connection:
        rows.add(connection, VERSION, "SolutionVersion", "s", SCOPE.region, "ACTIVE", 1.0, version, [])
        campaign = {"solutionVersionArn": VERSION, "minProvisionedTPS": 1}
        rows.add(connection, ARN, "Campaign", "c", SCOPE.region, "CREATE IN_PROGRESS", 1.0, campaign, [VERSION])

    with pytest.raises(ResourceInUseException, match="CREATE IN_PROGRESS"):
        update_campaign(store, {"campaignArn": ARN, "minProvisionedTPS": 2}, SCOPE)
