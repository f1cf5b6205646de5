"""`down` leaves nothing of a group, and keeps what others use."""

from pathlib import Path
from typing import Any

from cli.conftest import Films, Run
from tastemaker.cli import walk
from tastemaker.cli.client import server_at
from tastemaker.samples.tables import SCHEMAS


def test_all_of_a_group_goes_with_a_receipt_and_a_shared_schema_stays(run: Run, films: Films, value: Any) -> None:
    server = server_at(films.endpoint, films.home)
    group = walk.dataset_group(server, "short-lived")
    dataset = walk.dataset(server, group, "short-lived", "Interactions", SCHEMAS["Interactions"])
    other = walk.dataset_group(server, "long-lived")
    schema = server.personalize.describe_dataset(datasetArn=dataset)["dataset"]["schemaArn"]
    server.personalize.create_dataset(name="other", datasetGroupArn=other, datasetType="Interactions", schemaArn=schema)
    walk.tracking_id(server, group, "short-lived")
    walk.unseen_filter(server, group, "short-lived")
    (Path(films.home) / "few.csv").write_text("USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP\n1,2,watch,3\n2,1,watch,3\n")
    walk.imported(server, dataset, "short-lived", str(films.home / "few.csv"), lambda *_: None)
    solution = walk.solution(server, group, "short-lived", walk.FOR_USERS)
    server.personalize.create_solution_version(solutionArn=solution)  # it may well be in training when all goes

    refused = run("down", "--group", "short-lived", input="n\n")
    receipt = value("down", "--group", "short-lived", "--yes")

    assert refused.exit_code == 1
    assert f"dataset_group  {group}" in refused.output
    words = [each["arn"].split(":", 5)[5].partition("/")[0] for each in receipt["deleted"]]
    assert words == ["solution", "event-tracker", "filter", "dataset", "dataset-group"]
    assert receipt["kept"] == [schema]
    assert group not in str(server.personalize.list_dataset_groups())
    last = run("down", "--group", "long-lived", "--yes")
    assert f"deleted {schema}" in last.output
    assert "Next: tastemaker ps" in last.output
