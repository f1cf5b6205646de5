"""`plan` and `apply`: a dataset group becomes what one file says, through the real command line and a real server."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from main_path.served import Server
from tastemaker import samples
from tastemaker.cli.main import main

REPOSITORY = Path(__file__).parents[2]
INTERACTIONS = "{USER_ID: string, ITEM_ID: string, EVENT_TYPE: string, TIMESTAMP: long}"
ITEMS = "{ITEM_ID: string, GENRES: string? categorical}"
EVENTS = f"""
datasets:
  interactions:
    schema: {INTERACTIONS}
    import: interactions.csv
"""
DATA = f"""{EVENTS}  items:
    schema: {ITEMS}
    import: items.csv
"""
MODEL = """
solutions:
  NAME:
    recipe: aws-popularity-count
    auto_training: false
campaigns:
  NAME: {solution: NAME, min_tps: 1}
"""
UNSEEN = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("watch")'

Run = Callable[..., Result]
Json = Any


@pytest.fixture
def run(server: Server) -> Run:
    """Runs a verb against the shared server."""

    def invoke(*arguments: object, **given: Any) -> Result:
        environment = {"TASTEMAKER_ENDPOINT": server.url, "TASTEMAKER_HOME": str(server.home), **given.pop("env", {})}
        return CliRunner(env=environment).invoke(main, [str(each) for each in arguments], **given)

    return invoke


@pytest.fixture
def api(server: Server) -> Any:
    """boto3 for what the verbs made; they ask in the default region."""
    return server.client("personalize", region_name="us-east-1")


@pytest.fixture
def write(two_tastes: Callable[..., dict[str, tuple[str, Path]]]) -> Callable[..., Path]:
    """Writes a file of a group beside a little data."""
    folder = two_tastes(n_users=60, n_items=20, each=6)["Items"][1].parent

    def written(group: str, *parts: str) -> Path:
        text = "\n".join([f"group: {group}", *(part.replace("NAME", group) for part in parts)])
        (folder / "group.yaml").write_text(text)
        return folder / "group.yaml"

    return written


def actions(run: Run, file: Path, exit_code: int) -> dict[str, str]:
    """What `plan` says of each kind and name: the action."""
    ended = run("plan", file, "--json")
    assert ended.exit_code == exit_code, ended.output
    return {f"{each['kind']} {each['name']}": each["action"] for each in json.loads(ended.stdout)["steps"]}


def applied(run: Run, file: Path, *options: str) -> list[str]:
    """What `apply` did, in its order."""
    ended = run("apply", file, "--yes", "--json", *options)
    assert ended.exit_code == 0, ended.output
    return [f"{each['did']} {each['kind']}" for each in json.loads(ended.stdout)["done"]]


def arn(kind: str, name: str) -> str:
    """The ARN of what a verb made."""
    return f"arn:aws:personalize:us-east-1:000000000000:{kind}/{name}"


def test_an_empty_account_becomes_what_the_file_says_and_stays_so(
    run: Run, write: Callable[..., Path], server: Server
) -> None:
    file = write(
        "whole", "tags: {team: films}", DATA, MODEL, f"filters: {{whole-unseen: '{UNSEEN}'}}\nevent_tracker: true"
    )

    assert set(actions(run, file, exit_code=2).values()) == {"create"}
    made = applied(run, file)
    shown = run("plan", file)
    again = run("apply", file, "--yes")

    assert made[:4] == ["created schema", "created schema", "created dataset_group", "created dataset"]
    assert made[-3:] == ["created solution", "created solution_version", "created campaign"]
    assert set(actions(run, file, exit_code=0).values()) == {"unchanged"}
    assert shown.exit_code == 0
    assert "12 unchanged." in shown.output
    assert "is as" in again.output
    assert applied(run, file) == []
    runtime = server.client("personalize-runtime", region_name="us-east-1")
    asked = {"campaignArn": arn("campaign", "whole"), "userId": "u1", "filterArn": arn("filter", "whole-unseen")}
    assert runtime.get_recommendations(**asked)["itemList"]


def test_a_campaign_is_changed_in_place_and_what_the_file_does_not_say_is_left(
    run: Run, write: Callable[..., Path], api: Any
) -> None:
    file = write("grown", DATA, MODEL.replace("min_tps: 1", "config: {enableMetadataWithRecommendations: true}"))
    applied(run, file)
    before = api.describe_campaign(campaignArn=arn("campaign", "grown"))["campaign"]

    file = write("grown", DATA, MODEL.replace("min_tps: 1", "min_tps: 3"))
    planned = actions(run, file, exit_code=2)
    asked = run("apply", file, input="n\n")
    done = applied(run, file)

    assert [name for name, action in planned.items() if action != "unchanged"] == ["campaign grown"]
    assert planned["campaign grown"] == "update"
    assert "minProvisionedTPS 1 → 3" in asked.output
    assert asked.exit_code == 1
    assert done == ["updated campaign"]
    after = api.describe_campaign(campaignArn=arn("campaign", "grown"))["campaign"]
    assert after["minProvisionedTPS"] == 3
    assert after["campaignConfig"] == before["campaignConfig"] == {"enableMetadataWithRecommendations": True}
    assert after["creationDateTime"] == before["creationDateTime"]


def test_another_version_is_trained_once_and_the_campaign_follows(
    run: Run, write: Callable[..., Path], api: Any
) -> None:
    applied(run, write("again", EVENTS, MODEL))
    first = api.describe_campaign(campaignArn=arn("campaign", "again"))["campaign"]["solutionVersionArn"]

    file = write("again", EVENTS, MODEL.replace("auto_training", "version: second\n    auto_training"))
    done = applied(run, file)

    assert done == ["created solution_version", "updated campaign"]
    second = api.describe_campaign(campaignArn=arn("campaign", "again"))["campaign"]["solutionVersionArn"]
    assert second != first
    assert api.describe_solution_version(solutionVersionArn=second)["solutionVersion"]["name"] == "second"
    assert applied(run, file) == []


def test_a_filter_is_replaced_only_where_that_is_allowed_and_refused_before_anything_is_done(
    run: Run, write: Callable[..., Path], api: Any
) -> None:
    applied(run, write("strict", EVENTS, f"filters:\n  strict-unseen: {UNSEEN}"))

    same = write("strict", EVENTS, f"filters:\n  strict-unseen: >-\n    {UNSEEN.replace(' WHERE', '  WHERE')}")
    assert applied(run, same) == []
    file = write("strict", EVENTS, f'filters:\n  strict-unseen: {UNSEEN[:-1]}, "buy")\nevent_tracker: true')
    refused = run("apply", file, "--yes")

    assert actions(run, file, exit_code=2)["filter strict-unseen"] == "replace"
    assert refused.exit_code == 1
    assert "Nothing was changed" in refused.stderr
    assert "filter strict-unseen: filterExpression" in refused.stderr
    assert "--replace" in refused.stderr
    assert api.list_event_trackers(datasetGroupArn=arn("dataset-group", "strict"))["eventTrackers"] == []
    assert applied(run, file, "--replace") == ["deleted filter", "created filter", "created event_tracker"]
    assert "buy" in api.describe_filter(filterArn=arn("filter", "strict-unseen"))["filter"]["filterExpression"]


def test_data_are_imported_once_and_again_when_they_or_their_version_changed(
    run: Run, write: Callable[..., Path], server: Server
) -> None:
    bucket = server.home / "buckets" / "versions"
    bucket.mkdir(parents=True)
    (bucket / "items.csv").write_text("ITEM_ID,GENRES\ni1,Drama\n")
    in_a_bucket = "{from: s3://versions/items.csv, version: 2026-01-05}"
    data = DATA.replace("import: items.csv", f"import: {in_a_bucket}")
    file = write("twice", data)
    applied(run, file)

    with (file.parent / "interactions.csv").open("a") as events:
        events.write("u1,i2,watch,1700000000\n")
    planned = run("plan", file).output
    changed = applied(run, file)
    renamed = applied(run, write("twice", data.replace("2026-01-05", "2026-01-06")))
    back = applied(run, write("twice", data))

    assert "the data changed" in " ".join(planned.split())
    assert changed == renamed == back == ["created dataset_import_job"]


def test_what_failed_is_told_and_the_next_run_goes_on_from_there(run: Run, write: Callable[..., Path]) -> None:
    file = write("broken", DATA, MODEL)
    items = file.parent / "items.csv"
    good = items.read_text()
    items.write_text(good.replace("ITEM_ID", "ITEM"))

    failed = run("apply", file, "--yes")
    items.write_text(good)
    done = applied(run, file)

    assert failed.exit_code == 1
    assert "Input CSV is missing the following columns:[ITEM_ID]" in failed.stderr
    assert "  created dataset items" in failed.stderr
    assert "it goes on from there" in failed.stderr
    kinds = ["dataset_import_job", "solution", "solution_version", "campaign"]
    assert done == [f"created {kind}" for kind in kinds]
    assert applied(run, file) == []


def test_items_get_columns_in_place_and_are_imported_again(run: Run, write: Callable[..., Path], api: Any) -> None:
    applied(run, write("wider", DATA))

    file = write("wider", DATA.replace("categorical}", "categorical, PRICE: float?}"))
    shown = run("plan", file)
    done = applied(run, file)

    assert "schema adds PRICE" in shown.output
    assert done == ["created schema", "updated dataset", "created dataset_import_job"]
    schema = api.describe_dataset(datasetArn=arn("dataset", "wider/ITEMS"))["dataset"]["schemaArn"]
    assert "PRICE" in api.describe_schema(schemaArn=schema)["schema"]["schema"]
    assert applied(run, file) == []
    gone = json.loads(run("down", "--group", "wider", "--yes", "--json").stdout)
    assert sum(":schema/" in each["arn"] for each in gone["deleted"]) == 3  # the old one of the items, too


def test_another_schema_of_interactions_replaces_all_that_stands_in_its_way(
    run: Run, write: Callable[..., Path], api: Any
) -> None:
    rest = MODEL + f"filters: {{NAME-unseen: '{UNSEEN}'}}\nevent_tracker: true"
    applied(run, write("other", DATA, rest))
    file = write("other", DATA.replace("TIMESTAMP: long", "TIMESTAMP: long, DEVICE: string?"), rest)
    api.create_filter(
        name="other-by-hand",
        datasetGroupArn=arn("dataset-group", "other"),
        filterExpression='INCLUDE ItemID WHERE Items.GENRES IN ("Drama")',
    )

    planned = actions(run, file, exit_code=2)
    refused = run("apply", file, "--yes", "--replace")
    api.delete_filter(filterArn=arn("filter", "other-by-hand"))
    done = applied(run, file, "--replace")

    assert planned["filter other-by-hand"] == "not in the file"
    assert planned["dataset interactions"] == "refuse"
    assert "filter other-by-hand, which is not in the file, is in the way" in refused.stderr
    assert refused.exit_code == 1
    assert [each for each in done if "deleted" in each] == [
        f"deleted {kind}" for kind in ("campaign", "event_tracker", "filter", "dataset")
    ]
    assert done[-3:] == ["created event_tracker", "created solution_version", "created campaign"]
    assert applied(run, file) == []


def test_a_domain_group_has_recommenders(run: Run, write: Callable[..., Path]) -> None:
    file = write("mart", "domain: ECOMMERCE", EVENTS, "recommenders: {mart-popular: RECOMMENDER}")
    events = file.parent / "interactions.csv"
    events.write_text(events.read_text().replace("watch", "View"))
    text = file.read_text()
    config = "config: {minRecommendationRequestsPerSecond: 2}"
    file.write_text(text.replace("RECOMMENDER", "{recipe: aws-ecomm-popular-items-by-views}"))
    made = applied(run, file)
    file.write_text(text.replace("RECOMMENDER", f"{{recipe: aws-ecomm-popular-items-by-views, {config}}}"))
    updated = applied(run, file)
    file.write_text(text.replace("RECOMMENDER", "{recipe: aws-ecomm-popular-items-by-purchases}"))

    assert made[-1] == "created recommender"
    assert updated == ["updated recommender"]
    assert actions(run, file, exit_code=2)["recommender mart-popular"] == "replace"
    file.write_text(text.replace("RECOMMENDER", "{recipe: x}").replace("ECOMMERCE", "VIDEO_ON_DEMAND"))
    assert "A dataset group cannot be changed" in run("apply", file, "--yes", "--replace").stderr
    gone = json.loads(run("down", "--group", "mart", "--yes", "--json").stdout)["deleted"]
    assert [each["arn"].split(":")[5].partition("/")[0] for each in gone] == [
        "recommender",
        "dataset",
        "dataset-group",
        "schema",
    ]


def test_aws_is_found_as_boto3_finds_it_and_asked_nothing_but_the_api(
    run: Run, write: Callable[..., Path], server: Server
) -> None:
    bucket = server.home / "buckets" / "cloud"
    bucket.mkdir(parents=True)
    local = write("cloud", DATA, MODEL)
    for each in ("interactions.csv", "items.csv"):
        (bucket / each).write_text((local.parent / each).read_text())
    found = {
        "AWS_ENDPOINT_URL_PERSONALIZE": server.url,
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_DEFAULT_REGION": "us-west-2",
        "TASTEMAKER_ENDPOINT": "http://127.0.0.1:9",  # nobody listens there
    }
    without_role = run("plan", write("cloud", DATA.replace("import: ", "import: s3://cloud/")), "--aws", env=found)
    refused = run("plan", local, "--aws", env=found)
    assert "AWS reads no files of this machine" in run("plan", write("cloud", DATA, MODEL), "--aws", env=found).stderr
    role = "role: arn:aws:iam::000000000000:role/reader"
    file = write("cloud", role, DATA.replace("import: ", "import: s3://cloud/"), MODEL)

    made = run("apply", file, "--yes", "--aws", env=found)
    again = run("plan", file, "--aws", env=found)
    gone = run("down", "--group", "cloud", "--yes", "--aws", env=found)

    assert refused.exit_code == without_role.exit_code == 1
    assert "Add `role: arn:aws:iam::...`" in without_role.stderr
    assert (made.exit_code, again.exit_code, gone.exit_code) == (0, 0, 0), made.output + again.output + gone.output
    assert "arn:aws:personalize:us-west-2:000000000000:campaign/cloud" in gone.output
    both = run("plan", file, "--aws", "--endpoint", server.url)
    assert (both.exit_code, "give one of them" in both.stderr) == (2, True)


def test_the_example_is_a_file_that_can_be_applied(run: Run, tmp_path: Path) -> None:
    (tmp_path / "examples").mkdir()
    example = (REPOSITORY / "examples" / "movielens.yaml").read_text()
    # Films as those of MovieLens, few enough to be trained on in a moment.
    sample = samples.get("synthetic", tmp_path / "data" / "ml-100k", None, lambda _, __: None)
    assert {path.name for path in sample.folder.glob("*.csv")} >= {"interactions.csv", "items.csv"}
    file = tmp_path / "examples" / "movielens.yaml"
    file.write_text(example)

    assert "created campaign" in applied(run, file)
    assert applied(run, file) == []


def test_a_metric_attribution_measures_what_the_file_says_and_nothing_else(
    run: Run, write: Callable[..., Path], api: Any
) -> None:
    role = "role: arn:aws:iam::000000000000:role/reporter"
    metrics = "metric_attribution:\n  metrics:\n    views: {event: watch, expression: SAMPLECOUNT()}"
    applied(run, write("measured", role, EVENTS, metrics))

    more = f"{metrics.replace('event: watch', 'event: click')}\n    buys: {{event: buy, expression: samplecount()}}"
    changed = applied(run, write("measured", role, EVENTS, more))
    again = applied(run, write("measured", role, EVENTS, more))
    fewer = applied(run, write("measured", role, EVENTS, metrics))

    assert changed == fewer == ["updated metric_attribution"]
    assert again == []
    found = api.list_metric_attribution_metrics(metricAttributionArn=arn("metric-attribution", "measured"))["metrics"]
    assert found == [{"eventType": "watch", "metricName": "views", "expression": "SAMPLECOUNT()"}]
    gone = run("down", "--group", "measured", "--yes").output
    assert "deleted arn:aws:personalize:us-east-1:000000000000:metric-attribution/measured" in gone
