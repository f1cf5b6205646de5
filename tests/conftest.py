"""A real server on a temporary home, unmodified boto3 clients for it, and MovieLens deployed on it once."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from main_path.served import INTERACTIONS, ITEMS, Body, Deployed, Server, recipe
from tastemaker import samples
from tastemaker.settings import Settings
from tastemaker.supervisor import Supervisor, address

REPOSITORY = Path(__file__).parents[1]
EXPLORES = "aws-user-personalization"
RECIPES = ("aws-user-personalization", "aws-personalized-ranking", "aws-sims", "aws-popularity-count")
WAIT_S = 120.0  # for a status; only a hanging server takes so long, and then the test fails


@pytest.fixture(scope="session")
def samples_folder() -> Path:
    """The folder with ml-100k.zip and the like; they must not be redistributed, so not every machine has it."""
    folder = Path(os.environ.get("TASTEMAKER_SAMPLES") or REPOSITORY.parent / "shared" / "data")
    if not (folder / "ml-100k.zip").is_file():
        pytest.skip(f"no MovieLens archives in {folder}; set TASTEMAKER_SAMPLES to a folder that has them")
    return folder


@pytest.fixture(scope="session")
def start_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """Starts a server with these settings; all are stopped at the end."""
    with ExitStack() as at_the_end:

        def start(**settings: Any) -> Server:
            home = settings.pop("home", None) or tmp_path_factory.mktemp("home")
            log_file = at_the_end.enter_context((home / "server.log").open("ab"))
            supervisor = Supervisor(Settings(home=home, port=0, **settings), log_file)
            url = address(supervisor.start())
            at_the_end.callback(supervisor.stop)
            stopping = threading.Event()
            watching = threading.Thread(target=supervisor.watch, args=(stopping,))
            watching.start()
            at_the_end.callback(watching.join)
            at_the_end.callback(stopping.set)
            return Server(url, home, supervisor)

        yield start


@pytest.fixture(scope="session")
def server(start_server: Callable[..., Server]) -> Server:
    """The server that most tests share; names of resources must differ between tests."""
    return start_server()


@pytest.fixture(scope="session")
def personalize(server: Server) -> Any:
    """The control plane."""
    return server.client("personalize")


@pytest.fixture(scope="session")
def runtime(server: Server) -> Any:
    """Recommendations."""
    return server.client("personalize-runtime")


@pytest.fixture(scope="session")
def events(server: Server) -> Any:
    """Streamed events."""
    return server.client("personalize-events")


@pytest.fixture(scope="session")
def described(personalize: Any) -> Callable[..., Body]:
    """What Describe shows of an ARN; `client` is of the shared server if none is given."""

    def describe(arn: str, client: Any = None) -> Body:
        word, _, name = arn.split(":", 5)[5].partition("/")
        kind = "solution-version" if word == "solution" and "/" in name else word
        first, *rest = kind.split("-")
        member = first + "".join(part.title() for part in rest)
        answer = getattr(client or personalize, f"describe_{kind.replace('-', '_')}")(**{member + "Arn": arn})
        return dict(answer[member])

    return describe


@pytest.fixture(scope="session")
def until(described: Callable[..., Body]) -> Callable[..., Body]:
    """Polls Describe, as notebooks do, until one of these statuses; gives what it shows then."""

    def wait(arn: str, *statuses: str, client: Any = None) -> Body:
        deadline = time.monotonic() + WAIT_S
        while (found := described(arn, client))["status"] not in statuses:
            settled = found["status"] in ("ACTIVE", "CREATE FAILED", "CREATE STOPPED")
            if settled or time.monotonic() > deadline:
                pytest.fail(f"{arn} is {found['status']}, not {' or '.join(statuses)}: {found.get('failureReason')}")
            time.sleep(0.01)
        return found

    return wait


@pytest.fixture(scope="session")
def until_active(until: Callable[..., Body]) -> Callable[..., str]:
    """Waits until an ARN is ACTIVE, and gives the ARN."""

    def wait(arn: str, client: Any = None) -> str:
        until(arn, "ACTIVE", client=client)
        return arn

    return wait


@pytest.fixture(scope="session")
def group_of(personalize: Any, until_active: Callable[..., str]) -> Callable[..., tuple[str, dict[str, str]]]:
    """Makes a dataset group with empty datasets, by type: their schemas; gives the ARNs."""

    def make(name: str, client: Any = None, **schemas: str) -> tuple[str, dict[str, str]]:
        p = client or personalize
        group = until_active(p.create_dataset_group(name=name)["datasetGroupArn"], p)
        datasets = {}
        for kind, text in schemas.items():
            own = f"{name}-{kind}"
            schema_arn = p.create_schema(name=own, schema=text)["schemaArn"]
            created = p.create_dataset(name=own, schemaArn=schema_arn, datasetGroupArn=group, datasetType=kind)
            datasets[kind] = until_active(created["datasetArn"], p)
        return group, datasets

    return make


@pytest.fixture(scope="session")
def deploy(
    personalize: Any, until_active: Callable[..., str], group_of: Callable[..., tuple[str, dict[str, str]]]
) -> Callable[..., Deployed]:
    """Files become campaigns: schemas, group, datasets, imports, solutions, versions, campaigns, event tracker."""

    def run(
        name: str,
        files: dict[str, tuple[str, Path]],
        recipes: tuple[str, ...],
        titles: dict[str, str] | None = None,
        client: Any = None,
    ) -> Deployed:
        """files: schema text and CSV by type of dataset."""
        p = client or personalize
        group, datasets = group_of(name, p, **{kind: text for kind, (text, _) in files.items()})
        for kind, (_, path) in files.items():
            job = p.create_dataset_import_job(
                jobName=f"{name}-{kind}", datasetArn=datasets[kind], dataSource={"dataLocation": str(path)}
            )
            until_active(job["datasetImportJobArn"], p)
        solutions = []
        for each in recipes:
            created = p.create_solution(name=f"{name}-{each}", datasetGroupArn=group, recipeArn=recipe(each))
            solutions.append(until_active(created["solutionArn"], p))
        versions = [p.create_solution_version(solutionArn=each)["solutionVersionArn"] for each in solutions]
        campaigns = {}
        for each, version in zip(recipes, versions, strict=True):
            until_active(version, p)
            # Lists are the same each time; of what explores, tests/main_path/test_exploration.py tells.
            config = {"itemExplorationConfig": {"explorationWeight": "0"}} if each == EXPLORES else {}
            created = p.create_campaign(name=f"{name}-{each}", solutionVersionArn=version, campaignConfig=config)
            campaigns[each] = created["campaignArn"]
        for arn in campaigns.values():
            until_active(arn, p)
        tracker = p.create_event_tracker(name=name, datasetGroupArn=group)
        until_active(tracker["eventTrackerArn"], p)
        return Deployed(
            group,
            datasets["Interactions"],
            campaigns,
            dict(zip(recipes, versions, strict=True)),
            tracker["trackingId"],
            titles or {},
        )

    return run


@pytest.fixture(scope="session")
def movielens(
    samples_folder: Path, tmp_path_factory: pytest.TempPathFactory, deploy: Callable[..., Deployed]
) -> Deployed:
    """MovieLens 100K with its films and users, and one campaign for each of four recipes."""
    sample = samples.get("ml-100k", tmp_path_factory.mktemp("ml-100k"), samples_folder, lambda _, __: None)
    paths = {"Interactions": sample.interactions, "Items": sample.items, "Users": sample.users}
    files = {kind: (sample.schemas[kind], path) for kind, path in paths.items() if path}
    return deploy("movielens", files, RECIPES, dict(sample.titles))


@pytest.fixture(scope="session")
def two_tastes(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict[str, tuple[str, Path]]]:
    """Writes files: users with an even number choose even items alone, the others odd ones; even items are dramas."""

    def write(n_users: int = 200, n_items: int = 40, each: int = 8) -> dict[str, tuple[str, Path]]:
        folder = tmp_path_factory.mktemp("two-tastes")
        lines = ["USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP"]
        for user in range(n_users):
            for place in range(each):
                # Low numbers are the popular ones: every user begins somewhere near the first item of the own taste.
                item = (user * user % 7 + place * (1 + user % 3)) % (n_items // 2) * 2 + user % 2
                lines.append(f"u{user},i{item},watch,{1_700_000_000 + user * 1000 + place * 60}")
        (folder / "interactions.csv").write_text("\n".join(lines) + "\n")
        items = [f"i{item},{'Drama|Crime' if item % 2 == 0 else 'Comedy'}" for item in range(n_items)]
        (folder / "items.csv").write_text("\n".join(["ITEM_ID,GENRES", *items]) + "\n")
        return {
            "Interactions": (INTERACTIONS, folder / "interactions.csv"),
            "Items": (ITEMS, folder / "items.csv"),
        }

    return write


@pytest.fixture(scope="session")
def shop(two_tastes: Callable[..., dict[str, tuple[str, Path]]], deploy: Callable[..., Deployed]) -> Deployed:
    """A catalogue of 40 items, so small that one answer holds all of it, with two tastes planted."""
    return deploy("shop", two_tastes(), RECIPES)
