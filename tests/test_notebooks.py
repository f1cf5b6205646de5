"""The notebooks run as they stand: unmodified boto3, a sandbox, and nothing but what `tastemaker env` prints."""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.running import OWN, Sandbox, sandbox_in

NOTEBOOKS = Path(__file__).parents[1] / "examples" / "notebooks"
END_S = 240.0
METRIC = r'"normalized_discounted_cumulative_gain_at_10": 0\.\d'

Run = Callable[[str], str]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One that all notebooks share: each leaves it as it was."""
    with sandbox_in(tmp_path_factory.mktemp("notebooks")) as running:
        yield running


@pytest.fixture
def run(sandbox: Sandbox, tmp_path: Path) -> Run:
    """Runs a notebook in a folder of the test's own; what it printed."""
    environment = {**OWN, **sandbox.environment, "NOTEBOOK_PAUSE_S": "0.1"}
    environment.pop("MOVIELENS", None)

    def notebook(name: str) -> str:
        command = [sys.executable, str(NOTEBOOKS / f"{name}.py")]
        ended = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=END_S, check=False
        )
        assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr
        return ended.stdout

    return notebook


@pytest.fixture(autouse=True)
def nothing_is_left(sandbox: Sandbox) -> Iterator[None]:
    """After each test: no resource, no bucket, no role."""
    yield
    personalize = sandbox.client("personalize")
    for operation in (
        "list_dataset_groups",
        "list_datasets",
        "list_schemas",
        "list_solutions",
        "list_campaigns",
        "list_recommenders",
        "list_event_trackers",
        "list_filters",
    ):
        reply = getattr(personalize, operation)()
        listed = next(value for member, value in reply.items() if isinstance(value, list))
        assert listed == [], operation
    assert sandbox.client("s3").list_buckets()["Buckets"] == []
    assert sandbox.client("iam").list_roles()["Roles"] == []
    assert sandbox.client("iam").list_policies(Scope="Local")["Policies"] == []


def test_a_first_campaign_its_events_and_its_end(run: Run) -> None:
    built, clicked, ended = (run(f"getting_started_{part}") for part in ("campaign", "events", "clean_up"))

    assert re.search(METRIC, built)
    assert "25 recommendations for user" in built
    changed = re.search(r"(\d+) of 25 were not recommended before", clicked)
    assert changed is not None
    assert int(changed[1]) > 0
    assert ended.endswith("Everything is deleted.\n")


def test_recommenders_for_videos(run: Run) -> None:
    told, ended = run("video_on_demand"), run("clean_up")

    assert "20 films because you watched" in told
    assert "20 top picks for user" in told
    assert "All recommenders have been deleted" in ended


def test_recommenders_for_a_shop_with_filters_and_promotions(run: Run) -> None:
    told, ended = run("ecommerce"), run("clean_up")

    assert "10 products that were viewed after" in told
    assert "Filtered: 20 of 20 are horror" in told
    promoted = re.search(r"Promoted: (\d+) of 20 are horror", told)
    assert promoted is not None
    assert 4 <= int(promoted[1]) < 20
    assert "Both: 4 of 20 are horror, 16 are romance" in told
    assert "Waiting for 1 filters to be deleted" in ended


def test_what_is_trending(run: Run) -> None:
    told = run("trending")

    assert "25 films are trending" in told
    assert "100 events are put" in told
    assert '"trend_discovery_frequency": "30 minutes"' in told


def test_new_items_are_explored_as_much_as_the_campaign_says(run: Run) -> None:
    told = run("exploring_new_items")

    much, little = (int(n) for n in re.findall(r"(\d+) of 25 are new at weight", told))
    assert much > little
    assert "25 recommendations after the update" in told
    assert "Current Campaign explorationWeight: 0.1" in told


def test_what_was_held_back_judges_a_campaign(run: Run) -> None:
    told = run("temporal_hold_out")

    assert "200 requests took" in told
    ranks = [float(rank) for rank in re.findall(r"mean_reciprocal_rank (0\.\d+)", told)]
    campaign, popular = ranks[1], ranks[3]  # each without what the user knew
    assert campaign > popular


def test_segments_of_users_are_read_back_and_better_than_the_most_active(run: Run) -> None:
    told = run("segments")

    assert re.search(r"\d+ segments of 20 users", told)
    affinity = re.search(r"recall of item affinity: (0\.\d+)", told)
    active = re.search(r"recall of the most active users: (0\.\d+)", told)
    assert affinity is not None
    assert active is not None
    assert float(affinity[1]) > float(active[1])
    assert len(re.findall(r"Film \d+ \(\d{4}\) for (?:\d+, ){9}\d+\n", told)) == 10


def test_lists_of_a_batch_are_read_back(run: Run) -> None:
    assert len(re.findall(r"User \d+ gets 25 films: Film", run("batch_recommendations"))) == 3


def test_related_items_and_rankings(run: Run) -> None:
    told = run("related_items_and_ranking")

    assert len(re.findall(r"10 films with .* by aws-(?:similar-items|sims)", told)) == 6
    assert re.search(r"[23] orders of 25 films, the same films in each: True", told)


@pytest.mark.slow
def test_new_data_and_a_new_column(run: Run) -> None:
    told = run("updating_datasets")

    assert "You have this schema already" in told
    assert "0 added films in 100 lists before" in told
    assert re.search(r"\d+ added films after UPDATE", told)
    assert re.search(r"[1-9]\d* added films after FULL", told)
    assert '10 users for ITEMS.decade = "1980s"' in told


@pytest.mark.slow
def test_the_workshop_with_seven_versions_and_five_campaigns(run: Run) -> None:
    told = run("workshop_movielens")

    assert len(re.findall(r"^aws-\S+ +NDCG@25 0\.\d{4}  coverage [01]\.\d{4}$", told, re.MULTILINE)) == 7
    assert told.count("Creating: arn:aws:personalize:") == 9
    assert "All of the 1970s: True" in told
    assert re.search(r"[1-9]\d* places changed by three events", told)
    assert "200 exported lists of 25 films" in told
    judged = dict(re.findall(r"^(\S+) +over 200 users: hit rate \d\.\d{4}, NDCG@25 (0\.\d{4})$", told, re.MULTILINE))
    assert float(judged["aws-user-personalization"]) > float(judged["aws-popularity-count"])
    assert "exported" in judged
    assert told.endswith("Everything is deleted.\n")


def test_a_status_is_final_by_the_second_look_of_a_loop_that_sleeps_a_minute(sandbox: Sandbox) -> None:
    """Nothing here waits on purpose: a loop of the samples, unedited, sleeps once for what takes seconds."""
    personalize = sandbox.client("personalize")
    group = personalize.create_dataset_group(name="a-minute")["datasetGroupArn"]
    deadline = time.monotonic() + 60
    while personalize.describe_dataset_group(datasetGroupArn=group)["datasetGroup"]["status"] != "ACTIVE":
        assert time.monotonic() < deadline
        time.sleep(0.01)

    personalize.delete_dataset_group(datasetGroupArn=group)
    while group in [each["datasetGroupArn"] for each in personalize.list_dataset_groups()["datasetGroups"]]:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_notebooks_know_nothing_of_tastemaker() -> None:
    for notebook in NOTEBOOKS.glob("*.py"):
        text = notebook.read_text(encoding="utf-8")
        assert "tastemaker" not in text, notebook
        assert "endpoint_url" not in text, notebook
