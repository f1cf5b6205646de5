"""What a campaign may be changed to, and when."""

from pathlib import Path

import pytest

from tastemaker.arn import Scope, service_arn
from tastemaker.errors import InvalidInputException
from tastemaker.kinds.campaign import update_campaign
from tastemaker.storage import rows
from tastemaker.storage.store import open_store

SCOPE = Scope("eu-west-1", "123456789012")
SOLUTION, VERSION, CAMPAIGN = (SCOPE.arn(each) for each in ("solution/s", "solution/s/0000abcd", "campaign/c"))


def test_a_campaign_that_could_not_be_created_cannot_be_updated(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    version = {"recipeArn": service_arn("recipe/aws-sims"), "solutionArn": SOLUTION, "datasetGroupArn": "any"}
    with store.database.write() as connection:
        rows.add(connection, VERSION, "SolutionVersion", "s", SCOPE.region, "ACTIVE", 1.0, version, [])
        campaign = {"solutionVersionArn": VERSION, "minProvisionedTPS": 1}
        rows.add(connection, CAMPAIGN, "Campaign", "c", SCOPE.region, "CREATE FAILED", 1.0, campaign, [VERSION])

    with pytest.raises(InvalidInputException, match="CREATE FAILED"):
        update_campaign(store, {"campaignArn": CAMPAIGN, "minProvisionedTPS": 2}, SCOPE)
